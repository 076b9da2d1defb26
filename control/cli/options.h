// SPDX-License-Identifier: BSD-3-Clause
//
// The options of op25bctl: read and judged one by one; which command knows which is main.c's.
#pragma once

#include <stdio.h>

#include "command.h"

#define OPTIONS_MAX 32u

struct parsed {
	struct command_args args;
	char given[OPTIONS_MAX]; // short forms, in order of appearance
	bool is_json, wants_help, wants_version;
};

// Takes the options out of argv, which then has the words of the command from *first on. Returns
// false if one is wrong; that has been said.
bool options_read(int argc, char **argv, struct parsed *p, int *first);

// Those that every command knows, for the usage.
void options_print_usage(FILE *out);
