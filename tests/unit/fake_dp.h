// SPDX-License-Identifier: BSD-3-Clause
//
// A peer for op25bd that speaks op25b-dp's side of abi/link_abi.h and owns statistics memory, but
// has no packets: it can refuse, be silent, hang up and die when a test wants it to. A thread of
// the test program; all functions below may be called from the test's thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/abi/link_abi.h"
#include "dataplane/abi/stats_abi.h"

#define FAKE_DP_WORKERS 2u
#define FAKE_DP_TSC_HZ 2400000000u

struct fake_dp;

// Listens on dir/dp.sock, with nothing in force. Ends the test program if it cannot.
struct fake_dp *fake_dp_start(const char *dir, uint64_t boot_id);
// Dies: connection and socket are gone, as after kill -9.
void fake_dp_stop(struct fake_dp *f);

void fake_dp_answer(struct fake_dp *f, enum op25b_outcome outcome); // what it says to offers
void fake_dp_silence(struct fake_dp *f, bool silent);               // offers get no answer
void fake_dp_hang_up(struct fake_dp *f);                            // closes the connection
void fake_dp_forget(struct fake_dp *f); // nothing is in force any more; hangs up

unsigned fake_dp_offers(struct fake_dp *f); // offers that were sealed, checked and newer
unsigned fake_dp_hellos(struct fake_dp *f);
uint64_t fake_dp_generation(struct fake_dp *f); // in force
uint64_t fake_dp_checksum(struct fake_dp *f);
bool fake_dp_has_policy(struct fake_dp *f, const char *name); // by the image in force
// The pairs that a pool lives behind, one bit each; 0: there is no such pool.
uint32_t fake_dp_pairs(struct fake_dp *f, const char *pool);

// What it has been started with: ports[] are its device names, subscriber and network port of each
// pair in turn. At first net_null0 and net_null1, which is what daemon_run.h gives to op25bd.
void fake_dp_ports(struct fake_dp *f, const char *const *ports, uint32_t count);

// The statistics memory; tests write into it as workers would.
struct op25b_stats_hdr *fake_dp_stats(struct fake_dp *f);
struct op25b_stats_block *fake_dp_block(struct fake_dp *f, uint32_t worker);
