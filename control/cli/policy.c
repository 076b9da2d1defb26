// SPDX-License-Identifier: BSD-3-Clause
//
// op25bctl policy print and new, of files alone; load and show, of the daemon; and what the
// commands on files share.
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../policy/views.h"

#include "../reader/reader.h"
#include "client.h"
#include "command.h"

enum exit_code command_refused(const struct command_args *a, const struct diag *d)
{
	json_t *errors = diag_json(d);

	a->out->refused(errors);
	json_decref(errors);
	return EXIT_REFUSED;
}

bool command_moment(const struct command_args *a, uint32_t index, const char *tz, struct moment *m,
		    struct diag *d)
{
	*m = (struct moment){.at_s = time(NULL)};
	return index >= a->at_count || policy_time_read(a->at[index], tz, "--at", &m->at_s, d);
}

enum exit_code run_policy_print(const struct command_args *a)
{
	enum exit_code code = EXIT_OK;
	struct policy *p;
	struct diag d;
	char *text;

	diag_init(&d, a->files[0]);
	p = policy_read(a->files[0], &d);
	text = p ? policy_print(p) : NULL;
	if (text)
		a->out->policy(text);
	else
		code = command_refused(a, &d);
	free(text);
	policy_free(p);
	diag_free(&d);
	return code;
}

enum exit_code run_policy_new(const struct command_args *a)
{
	char *text = policy_starter(a->name ? a->name : "example", a->tz ? a->tz : "Asia/Tokyo");
	enum exit_code code = EXIT_OK;
	struct policy *p;
	struct diag d;

	diag_init(&d, "policy new");
	p = policy_parse(text, strlen(text), &d);
	if (p)
		a->out->policy(text);
	else
		code = command_refused(a, &d);
	policy_free(p);
	diag_free(&d);
	free(text);
	return code;
}

enum exit_code run_policy_load(const struct command_args *a)
{
	char *source = client_escape(a->files[0]);
	struct client_answer answer = {0};
	struct client_body body;
	enum exit_code code;
	char *path, *text;
	struct diag d;

	if (asprintf(&path, "/v1/policy?source=%s", source ? source : "") < 0)
		abort();
	diag_init(&d, a->files[0]);
	text = reader_file(a->files[0], &body.bytes, &d);
	if (text) {
		body.text = text;
		code = client_ask(a, path, &body, &answer);
		if (code == EXIT_OK)
			a->out->loaded(answer.json);
	} else {
		code = command_refused(a, &d);
	}
	client_answer_free(&answer);
	curl_free(source);
	free(path);
	free(text);
	diag_free(&d);
	return code;
}

enum exit_code run_policy_show(const struct command_args *a)
{
	struct client_answer answer;
	enum exit_code code = client_ask(a, "/v1/policy", NULL, &answer);

	if (code == EXIT_OK)
		a->out->policy(answer.text);
	client_answer_free(&answer);
	return code;
}
