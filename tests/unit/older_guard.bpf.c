// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// The guard as an earlier build might have been: the same maps, and a mistake that has been put
// right since. It takes IPv4 frames of one subscriber for frames that are not IP, and lets them
// pass. For test_guard_upgrade.c.
#include "dataplane/core/decide.h"

#define MISREAD_SOURCE 0xc6336442u // 198.51.100.66

static __attribute__((always_inline)) inline bool misread(const struct flow *f, uint8_t *reason)
{
	if (f->family != FAMILY_IP4 || f->src4 != MISREAD_SOURCE)
		return false;
	*reason = REASON_PASS_NOT_IP;
	return true;
}

#define decide_early(f, side, reason) (misread(f, reason) || decide_early(f, side, reason))
// This one file is included whole: what differs is the mistake.
#include "dataplane/guard/guard.bpf.c"
