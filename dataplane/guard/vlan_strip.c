// SPDX-License-Identifier: BSD-3-Clause
//
// Receive VLAN offload of an interface. A NIC that takes the outer tag out of the frame hides it
// from XDP and AF_XDP, and the frame would leave the other port without it. Part of the guard's
// loader.
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guard_state.h"

static bool ethtool_flags(int fd, const char *iface, struct ethtool_value *value)
{
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", iface);
	request.ifr_data = (void *)value;
	return ioctl(fd, SIOCETHTOOL, &request) == 0;
}

static const char *strip_off_with(int fd, const char *iface)
{
	struct ethtool_value get = {.cmd = ETHTOOL_GFLAGS}, set = {.cmd = ETHTOOL_SFLAGS};

	if (!ethtool_flags(fd, iface, &get))
		return "receive VLAN offload unknown: see that the NIC leaves VLAN tags in";
	if (!(get.data & ETH_FLAG_RXVLAN))
		return "receive VLAN offload off";
	set.data = get.data & ~(uint32_t)ETH_FLAG_RXVLAN;
	// The driver may keep the flag and yet report success: ask again.
	if (ethtool_flags(fd, iface, &set) && ethtool_flags(fd, iface, &get) &&
	    !(get.data & ETH_FLAG_RXVLAN))
		return "receive VLAN offload switched off";
	return "receive VLAN offload CANNOT be switched off: outer VLAN tags get lost";
}

const char *vlan_strip_off(const char *iface)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const char *words;

	if (fd < 0)
		return "receive VLAN offload unknown: no socket to ask by";
	words = strip_off_with(fd, iface);
	close(fd);
	return words;
}
