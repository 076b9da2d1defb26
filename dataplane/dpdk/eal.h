// SPDX-License-Identifier: BSD-3-Clause
//
// Starts DPDK's environment from dataplane.json: memory, cores, and which devices it may touch.
// Main thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../config/config.h"

// Worker i runs on this lcore. Lcore 0 is the main thread, which floats.
static inline uint32_t eal_worker_lcore(uint32_t worker)
{
	return worker + 1;
}

// Whether a device string names a PCI device. Its address in DPDK's spelling goes to name.
bool eal_is_pci(const char *devargs, char *name, uint32_t bytes);

// Logs what is wrong and returns false if DPDK cannot start. Pair with rte_eal_cleanup().
bool eal_start(const struct dataplane_config *c, bool no_huge);
