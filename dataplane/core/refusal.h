// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// Which actions keep a connection from being made: the one list that the judge, image_check and the
// policy compiler go by. Pure C: any thread.
#pragma once

#include "../abi/verdict_abi.h"
#include "seam.h"

STAGE bool is_refusal(uint8_t action)
{
	return action == ACTION_DROP || action == ACTION_RST || action == ACTION_ICMP_ADMIN;
}
