// SPDX-License-Identifier: BSD-3-Clause
//
// One case of bench_judge: a policy, a capture, and the judges that are measured on them. One
// thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "judge_box.h"
#include "judge_frames.h"
#include "judge_rivals.h"
#include "judge_time.h"

// Touch judges nothing: what it costs just to have the frames' first bytes.
enum contender { CONTENDER_OP25B, CONTENDER_ACL, CONTENDER_SCAN, CONTENDER_TOUCH, CONTENDER_COUNT };

struct scene {
	const char *name;
	const char *policy;
	const struct frames *frames;
	bool is_wanted[CONTENDER_COUNT];
	struct box box;
	struct rivals rivals;
	struct judge judge[CONTENDER_COUNT];
	struct judge_windows windows[CONTENDER_COUNT]; // of the round at hand
	uint64_t ruled[RULING_COUNT];                  // frames of the capture by op25b's ruling
};

const char *contender_name(enum contender which);

// Puts the policy, which is compiled, in force and readies the judges.
void scene_open(struct scene *s, uint32_t index, uint64_t timer_cycles);
void scene_close(struct scene *s);

// Has every judge rule on every frame of the capture. Stops the program if a rival says anything
// else than op25b: it would not be measured at the same task.
void scene_check(struct scene *s);

// Has op25b measure the steps of its own judge, as it does in a burst now and then, for window_ms.
// Gives cycles of a frame in the quickest window.
void scene_steps(struct scene *s, uint32_t window_ms, double cycles[BURST_STEP_COUNT]);
