// SPDX-License-Identifier: BSD-3-Clause
//
// Ports: probing, configuring, starting and stopping DPDK devices, and the buffers they share. Main
// thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../abi/stats_abi.h"
#include "../config/config.h"
#include <rte_mempool.h>

// DPDK's device.
struct port_device {
	uint16_t eth; // its number
	bool is_started;
};

// One device with a queue for each worker, or a device of one queue for each worker.
struct port {
	char name[OP25B_MAX_NAME_BYTES]; // of the first device
	struct port_device device[CONFIG_MAX_CORES];
	uint32_t device_count;
	uint32_t held_buffers; // as many as its queues can hold
};

struct ports {
	struct port port[OP25B_MAX_PORTS]; // pair 0 subscriber, pair 0 network, pair 1 ...
	uint32_t count;
};

// Packet buffers for all ports. NULL if memory does not suffice, which is logged.
struct rte_mempool *port_pool_create(uint32_t buffers);

// Adds a device with so many pairs of queues to the port and starts it: promiscuous, nothing
// offloaded, VLAN tags left in the frame. Returns false with the reason logged.
bool port_start(struct port *p, uint16_t eth, uint32_t queues, struct rte_mempool *pool);
void port_stop(struct port *p);

// Where a worker finds its pair of queues.
static inline uint16_t port_eth(const struct port *p, uint32_t worker)
{
	return p->device[p->device_count > 1 ? worker : 0].eth;
}
static inline uint16_t port_queue(const struct port *p, uint32_t worker)
{
	return (uint16_t)(p->device_count > 1 ? 0 : worker);
}

// Copies what the driver says it has lost since port_start(), all devices of the port together. A
// driver that does not say leaves `to` as it was.
void port_read_losses(const struct port *p, struct op25b_stats_port *to);

// Probes and starts every port of c. On false the reason is logged; ports_stop() undoes the rest.
bool ports_start(struct ports *ports, const struct dataplane_config *c, struct rte_mempool *pool);
void ports_stop(struct ports *ports);
