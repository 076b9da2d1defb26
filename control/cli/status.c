// SPDX-License-Identifier: BSD-3-Clause
//
// op25bctl status, and clock accept.
#include "client.h"
#include "command.h"

enum exit_code run_status(const struct command_args *a)
{
	struct client_answer answer;
	enum exit_code code = client_ask(a, "/v1/status", NULL, &answer);

	if (code == EXIT_OK)
		a->out->status(answer.json);
	client_answer_free(&answer);
	return code;
}

enum exit_code run_clock_accept(const struct command_args *a)
{
	const struct client_body nothing = {"", 0};
	struct client_answer answer;
	enum exit_code code = client_ask(a, "/v1/clock/accept", &nothing, &answer);

	if (code == EXIT_OK)
		a->out->accepted(answer.json);
	client_answer_free(&answer);
	return code;
}
