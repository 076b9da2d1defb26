// SPDX-License-Identifier: BSD-3-Clause
//
// See channels.h.
#include "channels.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

#define ADVICE_BYTES 96u

// By ethtool, not by /sys, which may show the interfaces of another network namespace.
bool channels_read(const char *iface, struct channels *c)
{
	struct ethtool_channels now = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq request = {.ifr_data = (void *)&now};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error;

	if (fd < 0)
		return false;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", iface);
	error = ioctl(fd, SIOCETHTOOL, &request) ? errno : 0;
	close(fd);
	// A driver that has no such thing has one queue.
	*c = (struct channels){.rx = 1, .tx = 1, .is_combined = true};
	if (error)
		return error == EOPNOTSUPP;
	c->rx = now.combined_count + now.rx_count;
	c->tx = now.combined_count + now.tx_count;
	c->is_combined = now.max_combined > 0;
	return true;
}

// The command that gives the interface a queue per worker.
static void advise(const char *iface, const struct channels *c, uint32_t workers,
		   char text[ADVICE_BYTES])
{
	if (c->is_combined)
		snprintf(text, ADVICE_BYTES, "ethtool -L %s combined %u", iface, workers);
	else
		snprintf(text, ADVICE_BYTES, "ethtool -L %s rx %u tx %u", iface, workers, workers);
}

bool channels_suit(const char *iface, const struct channels *c, uint32_t workers)
{
	char advice[ADVICE_BYTES];

	advise(iface, c, workers, advice);
	if (c->rx < workers || c->tx < workers) {
		log_line("%s has %u receive and %u transmit queues, but there are %u workers: name "
			 "fewer cores, or give it more queues: %s",
			 iface, c->rx, c->tx, workers, advice);
		return false;
	}
	if (c->rx > workers)
		log_line("%s has %u receive queues, but %u worker%s: frames in queues %u and up "
			 "are left to the guard. Name more cores, or: %s",
			 iface, c->rx, workers, workers == 1 ? "" : "s", workers, advice);
	return true;
}
