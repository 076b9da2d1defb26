// SPDX-License-Identifier: BSD-3-Clause
//
// See change_judge.h.
#include "change_judge.h"

static void note_wrong(struct judge *j, uint64_t number, uint64_t count)
{
	if (!j->wrong)
		j->first_wrong = number;
	j->wrong += count;
}

// The frame says that this policy judged it.
static void hear(struct judge *j, uint64_t number, uint8_t policy)
{
	if (policy != j->policy && j->policy) {
		j->changes++;
		// The first run began before anybody looked.
		if (j->run < JUDGE_SHORT_RUN && j->changes > 1)
			note_wrong(j, number, j->run);
		j->run = 0;
	}
	j->policy = policy;
	j->run++;
}

static void judge_one(struct judge *j, uint64_t number, bool has_come)
{
	uint8_t fate = j->fates[number % j->fate_count];

	switch (fate) {
	case FATE_BOTH:
		j->lost += !has_come;
		break;
	case FATE_NONE:
		if (has_come)
			note_wrong(j, number, 1);
		break;
	default:
		hear(j, number, has_come == (fate == FATE_FIRST) ? FATE_FIRST : FATE_OTHER);
		break;
	}
}

void judge_take(struct judge *j, uint64_t number)
{
	j->came++;
	if (number < j->next) {
		j->strays++;
		return;
	}
	while (j->next < number)
		judge_one(j, j->next++, false);
	judge_one(j, j->next++, true);
}

void judge_end(struct judge *j, uint64_t sent)
{
	if (j->next > sent)
		j->strays += j->next - sent;
	while (j->next < sent)
		judge_one(j, j->next++, false);
}
