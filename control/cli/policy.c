// SPDX-License-Identifier: BSD-3-Clause
//
// op25bctl policy check, print, load, show. All but load and show work on files alone and need no
// daemon.
#include "../policy/policy.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../reader/reader.h"
#include "client.h"
#include "command.h"

// Counts from the canonical text, which is the model's public face.
static void count_parts(const struct policy *p, struct checked_file *c)
{
	char *text = policy_print(p);
	json_t *root = text ? json_loads(text, 0, NULL) : NULL;
	json_t *pool;
	const char *name;

	c->pools = json_object_size(json_object_get(root, "pools"));
	c->stages = json_array_size(json_object_get(root, "stages"));
	json_object_foreach(json_object_get(root, "pools"), name, pool)
	{
		c->prefixes += json_array_size(json_object_get(pool, "v4")) +
			       json_array_size(json_object_get(pool, "v6"));
	}
	json_decref(root);
	free(text);
}

static void check_file(const char *path, struct checked_file *c)
{
	struct compile_request r = {
		.at_s = time(NULL), .generation = 1, .slots_capacity = UINT64_MAX};
	struct policy *p;
	void *image = NULL;
	size_t bytes;
	struct diag d;

	*c = (struct checked_file){.file = path};
	diag_init(&d, path);
	p = policy_read(path, &d);
	// What does not fit into an image would be refused by the daemon too.
	c->good = p && policy_compile(p, &r, &image, &bytes, &d);
	if (c->good)
		count_parts(p, c);
	c->errors = diag_json(&d);
	free(image);
	policy_free(p);
	diag_free(&d);
}

enum exit_code run_policy_check(const struct command_args *a)
{
	struct checked_file *files = calloc((size_t)a->file_count, sizeof(*files));
	enum exit_code code = EXIT_OK;
	int i;

	if (!files) {
		a->out->failed("out of memory");
		return EXIT_REFUSED;
	}
	for (i = 0; i < a->file_count; i++) {
		check_file(a->files[i], &files[i]);
		if (!files[i].good)
			code = EXIT_REFUSED;
	}
	a->out->checked(files, (size_t)a->file_count);
	for (i = 0; i < a->file_count; i++)
		json_decref(files[i].errors);
	free(files);
	return code;
}

enum exit_code command_refused(const struct command_args *a, const struct diag *d)
{
	json_t *errors = diag_json(d);

	a->out->refused(errors);
	json_decref(errors);
	return EXIT_REFUSED;
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
