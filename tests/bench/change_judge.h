// SPDX-License-Identifier: BSD-3-Clause
//
// Whether each frame that went into the box was judged by one of two policies, and by which. Frames
// of one direction are numbered; what comes out keeps their order, so that a number that is left
// out was dropped. Frames tell by that which policy judged them: most pass by one of the two and
// are dropped by the other. From one change of policy to the next all must tell the same. Any one
// thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// What the policies do with a frame.
#define FATE_BOTH 'x'  // both let it pass: if it does not come out, it is lost
#define FATE_NONE 'n'  // both drop it
#define FATE_FIRST 'a' // the first lets it pass, the second drops it
#define FATE_OTHER 'b' // the other way round

struct judge {
	const uint8_t *fates; // of frame n: fates[n % fate_count]
	uint32_t fate_count;
	uint64_t next;  // the first number that is not judged yet
	uint8_t policy; // FATE_FIRST or FATE_OTHER: which of the two judges now; 0: not known yet
	uint64_t run;   // telling frames in a row that it has judged
	uint64_t came;
	uint64_t changes; // of policy
	uint64_t lost;    // FATE_BOTH that did not come out
	// By neither policy: FATE_NONE that came out, or telling frames so few in a row that no
	// policy was in force so shortly. A telling frame that was lost looks like the latter.
	uint64_t wrong;
	uint64_t strays;      // came twice, or out of order, or was never sent
	uint64_t first_wrong; // number of a frame at which something was wrong
};

// A policy is in force for longer than this many telling frames.
#define JUDGE_SHORT_RUN 64u

// The frame with that number has come out.
void judge_take(struct judge *j, uint64_t number);
// All that is to come out of the frames below `sent` has come.
void judge_end(struct judge *j, uint64_t sent);
