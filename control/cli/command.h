// SPDX-License-Identifier: BSD-3-Clause
//
// What the commands of op25bctl share: their arguments and exit codes. One file per noun.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../policy/policy.h"
#include "../reader/diag.h"
#include "output.h"

enum exit_code {
	EXIT_OK = 0,
	EXIT_REFUSED = 1,     // the input, or the daemon's answer
	EXIT_USAGE = 2,       // the command line
	EXIT_UNREACHABLE = 3, // no daemon behind the socket
};

#define COMMAND_MAX_MOMENTS 2u

struct command_args {
	const struct output *out;
	const char *socket_path;
	const char *from, *to;               // NULL: not given
	const char *at[COMMAND_MAX_MOMENTS]; // of --at, as often as it was given
	uint32_t at_count;                   // 0: now
	const char *name, *tz;               // of a new policy; NULL: not given
	const char *lang;                    // "ja" or "en"; NULL: not given
	bool is_html;
	const char *pair;     // NULL: not given
	const char *side;     // "subscriber" or "network"; NULL: not given
	const char *l2_doubt; // "pass" or "drop"; NULL: not given
	const char *frame;    // hex digits, or "-"; NULL: not given
	int port;             // -1: not given
	uint16_t source_port; // 0: not given
	uint32_t interval_s;
	uint32_t count; // 0: until interrupted
	char **files;
	int file_count;
};

// Says the errors and warnings in d. Returns EXIT_REFUSED.
enum exit_code command_refused(const struct command_args *a, const struct diag *d);
// The moment of the option --at that was given index-th, in the zone of a policy; now if it was
// not. Returns false with an error in d.
bool command_moment(const struct command_args *a, uint32_t index, const char *tz, struct moment *m,
		    struct diag *d);

enum exit_code run_policy_check(const struct command_args *a);
enum exit_code run_policy_print(const struct command_args *a);
enum exit_code run_policy_diff(const struct command_args *a);
enum exit_code run_policy_plan(const struct command_args *a);
enum exit_code run_policy_notice(const struct command_args *a);
enum exit_code run_policy_new(const struct command_args *a);
enum exit_code run_policy_load(const struct command_args *a);
enum exit_code run_policy_show(const struct command_args *a);
enum exit_code run_policy_explain(const struct command_args *a);
enum exit_code run_policy_explain_frames(const struct command_args *a);
enum exit_code run_stats_show(const struct command_args *a);
enum exit_code run_stats_watch(const struct command_args *a);
enum exit_code run_status(const struct command_args *a);
enum exit_code run_clock_accept(const struct command_args *a);
