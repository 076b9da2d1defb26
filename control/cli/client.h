// SPDX-License-Identifier: BSD-3-Clause
//
// The client of op25bd's API: HTTP over its Unix socket, by libcurl.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "command.h"

struct client_answer {
	long status;  // HTTP
	json_t *json; // body, if it is JSON; or NULL
	char *text;   // body, NUL-terminated
};

struct client_body {
	const char *text;
	size_t bytes;
};

// Asks for path (escaped). body NULL: GET, otherwise POST. Returns EXIT_OK with the answer of a
// daemon that took the request (status 200); otherwise says what is wrong through a->out and
// returns the exit code. Pair with client_answer_free() in every case.
enum exit_code client_ask(const struct command_args *a, const char *path,
			  const struct client_body *body, struct client_answer *answer);
void client_answer_free(struct client_answer *answer);

// text as a part of a URL's query; free with curl_free().
char *client_escape(const char *text);
