// SPDX-License-Identifier: BSD-3-Clause
//
// The judge as a test calls it: parse, look up by the linear match of image_view.h, decide, with
// slots of its own. No DPDK, no BPF. One thread at a time.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dataplane/core/decide.h"
#include "dataplane/core/image_view.h"

struct core_judge {
	struct image_view view;
	uint64_t *slots; // slot_count of them
	uint64_t slot_count;
	uint32_t class_id; // of the subscriber of the frame judged last; 0: there was no look-up
};

// Starts with fresh slots on an image that image_check() has accepted and that outlives the judge.
void core_judge_start(struct core_judge *c, const void *image);
void core_judge_stop(struct core_judge *c);

// Judges by another image from now on. Subscribers who are in both keep their slots.
void core_judge_publish(struct core_judge *c, const void *image);

// Judges a frame of frame_bytes, of which the first min(frame_bytes, WINDOW_BYTES) are at window.
// What parse() left behind is in *work, if work is not NULL. Where the quick test says of the frame
// what parse() does not say, the reason is REASON_COUNT, which no test expects.
struct judgement core_judge_frame(struct core_judge *c, const uint8_t *window, uint32_t frame_bytes,
				  struct ingress in, uint64_t now_ns, struct parse_work *work);

// The same with the window in a heap block of exactly its size, so that AddressSanitizer sees each
// read beyond it.
struct judgement core_judge_exact(struct core_judge *c, const uint8_t *frame, uint32_t frame_bytes,
				  struct ingress in, uint64_t now_ns, struct parse_work *work);

// The verdict of a reason, as the judge says it.
enum op25b_verdict core_judge_verdict(uint8_t reason);

// The name of the pool that the flow's subscriber belongs to; "" for none, and for a flow that is
// settled without a look-up.
const char *core_judge_pool(const struct core_judge *c, const struct flow *f, struct ingress in);
