// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// The guard's look-up tables, as guard.bpf.c reads and guard_publish.c writes them: between these
// two files only. Types and constants, shared with BPF.
#pragma once

#include <stdint.h>

#include "../abi/image_abi.h"

#define GUARD_TABLE_SETS 2u // one in force, one to be filled
#define GUARD_CLASS_ENTRIES (GUARD_TABLE_SETS * OP25B_MAX_CLASSES)

// Keys of the tries, as the kernel wants them; the values are struct op25b_addr.
struct guard_key4 {
	uint32_t depth;
	uint8_t addr_be[4]; // network order
};

struct guard_key6 {
	uint32_t depth;
	uint8_t addr_be[16]; // network order
};

_Static_assert(sizeof(struct guard_key4) == 8, "the kernel reads prefix length, then the address");
_Static_assert(sizeof(struct guard_key6) == 20, "the kernel reads prefix length, then the address");
