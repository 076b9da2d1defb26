// SPDX-License-Identifier: BSD-3-Clause
//
// What bench_judge prints: a line of JSON each for what it runs on, for a case, for a measurement,
// and for the steps of the judge in a case. One thread.
#pragma once

#include <stdint.h>

#include "judge_scene.h"
#include "judge_time.h"

void print_machine(uint32_t core, uint64_t timer_cycles);
void print_scene(const struct scene *s);
void print_cost(const struct scene *s, uint32_t round, const struct judge *j,
		const struct judge_cost *cost);
// Measures them first, for about window_ms.
void print_steps(struct scene *s, uint32_t window_ms);
