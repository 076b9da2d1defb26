// SPDX-License-Identifier: BSD-3-Clause
//
// op25bctl status.
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
