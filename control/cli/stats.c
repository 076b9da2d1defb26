// SPDX-License-Identifier: BSD-3-Clause
//
// op25bctl stats show and watch.
#include <unistd.h>

#include "client.h"
#include "command.h"

static enum exit_code show(const struct command_args *a, bool again)
{
	struct client_answer answer;
	enum exit_code code = client_ask(a, "/v1/stats", NULL, &answer);

	if (code == EXIT_OK)
		a->out->stats(answer.json, again);
	client_answer_free(&answer);
	return code;
}

enum exit_code run_stats_show(const struct command_args *a)
{
	return show(a, false);
}

enum exit_code run_stats_watch(const struct command_args *a)
{
	enum exit_code code = show(a, false);
	uint32_t shown;

	// A daemon that goes away ends the watch: silence would look like no traffic.
	for (shown = 1; code == EXIT_OK && (!a->count || shown < a->count); shown++) {
		sleep(a->interval_s);
		code = show(a, true);
	}
	return code;
}
