// SPDX-License-Identifier: BSD-3-Clause
//
// dataplane.json: the engineer's configuration, read once at start by op25b-dp (ports, cores,
// memory) and by op25bd (where op25b-dp listens, which interfaces want a guard). The NOC's policy
// is another file. docs: op25b-dp(8).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../../control/reader/diag.h"
#include "../abi/image_abi.h"

#define CONFIG_MAX_PAIRS 16u
#define CONFIG_MAX_DEVARGS_BYTES 1024u
#define CONFIG_MAX_IFACE_BYTES 16u // IFNAMSIZ
#define CONFIG_MAX_PATH_BYTES 96u  // leaves room for a file name in sockaddr_un
#define CONFIG_MAX_CORES 64u

enum config_hugepages {
	HUGEPAGES_AUTO, // if the kernel has enough free ones, otherwise ordinary memory, said in
			// the log
	HUGEPAGES_YES,  // or do not start
	HUGEPAGES_NO,
};

struct config_port {
	char devargs[CONFIG_MAX_DEVARGS_BYTES]; // DPDK device string, "net_af_xdp0,iface=sub0" or
						// "0000:03:00.0"
	char iface[CONFIG_MAX_IFACE_BYTES]; // kernel interface of a net_af_xdp port, "" for every
					    // other kind
};

struct config_pair {
	char name[OP25B_MAX_NAME_BYTES]; // what policies call it; default "pair0", "pair1", ...
	bool drop_l2_doubt; // subscriber frames that cannot be read as far as an address: drop
	struct config_port subscriber;
	struct config_port network;
};

struct dataplane_config {
	struct config_pair pairs[CONFIG_MAX_PAIRS];
	uint32_t pair_count;              // at least 1
	uint32_t cores[CONFIG_MAX_CORES]; // CPU of worker i, which serves receive queue i of every
					  // port
	uint32_t core_count;              // at least 1
	enum config_hugepages hugepages;
	uint32_t memory_mib; // for tables and buffers
	uint32_t slots;      // subscriber slots for limits
	uint32_t buffers;    // packet buffers
	uint32_t on_loss;    // enum op25b_on_loss (abi/guard_abi.h)
	bool start_pass;     // before the first policy: true: pass frames, false: hold them
	uint32_t heartbeat_max_age_ms;       // the guard takes op25b-dp for lost after this silence
	uint32_t answers_per_s;              // answers a worker sends at most
	uint32_t idle_us;                    // longest sleep of an idle worker; 0: never sleeps
	char run_dir[CONFIG_MAX_PATH_BYTES]; // sockets: dp.sock, op25bd.sock
	char bpffs_dir[CONFIG_MAX_PATH_BYTES]; // pins of the guard (abi/guard_abi.h)
	char state_dir[CONFIG_MAX_PATH_BYTES]; // op25bd: last good policy
};

// Reads the file at path into c. Returns false with errors in d.
bool config_read(const char *path, struct dataplane_config *c, struct diag *d);

// Whether the port is a kernel interface, which can have a guard.
static inline bool config_port_has_guard(const struct config_port *port)
{
	return port->iface[0] != '\0';
}
