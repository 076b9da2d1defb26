// SPDX-License-Identifier: BSD-3-Clause
//
// op25bctl policy explain, of a connection or a frame: by a file, which needs no daemon, or by the
// policy in force.
#include "explain.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/frame_hex.h"
#include "client.h"

static uint8_t frame_bytes_read[FRAME_MAX_BYTES];

struct explain_request explain_question(const struct command_args *a)
{
	bool drop = a->l2_doubt && !strcmp(a->l2_doubt, "drop");
	bool network = a->side && !strcmp(a->side, "network");

	return (struct explain_request){.from = a->from,
					.to = a->to,
					.port = a->port,
					.source_port = a->source_port,
					.side = network ? SIDE_NETWORK : SIDE_SUBSCRIBER,
					.pair = a->pair,
					.l2_doubt_drop = drop ? UINT32_MAX : 0};
}

// The whole of standard input. free() it.
static char *read_input(void)
{
	char *text = NULL;
	size_t room = 0;

	if (getdelim(&text, &room, '\0', stdin) >= 0)
		return text;
	free(text);
	text = strdup("");
	if (!text)
		abort();
	return text;
}

// The frame of --frame. Says what is wrong with it.
static bool read_frame(const struct command_args *a, struct explain_request *q)
{
	bool is_input = !strcmp(a->frame, "-");
	char *text = is_input ? read_input() : NULL;
	struct diag d;
	bool good;

	diag_init(&d, is_input ? "standard input" : "--frame");
	q->frame = frame_bytes_read;
	good = frame_read_hex(text ? text : a->frame, 1, 1, frame_bytes_read, &q->frame_bytes, &d);
	if (good && !q->frame_bytes) {
		diag_error(&d, "", "there is no frame: hex digits are expected");
		good = false;
	}
	if (!good)
		command_refused(a, &d);
	diag_free(&d);
	free(text);
	return good;
}

static void add_text(FILE *path, const char *key, const char *text)
{
	char *escaped = text ? client_escape(text) : NULL;

	if (escaped)
		fprintf(path, "&%s=%s", key, escaped);
	curl_free(escaped);
}

// Of the frame only what is looked at.
static void add_frame(FILE *path, const struct explain_request *q)
{
	uint32_t i;

	fprintf(path, "&frame=");
	for (i = 0; i < q->frame_bytes && i < EXPLAIN_WINDOW_BYTES; i++)
		fprintf(path, "%02x", q->frame[i]);
	fprintf(path, "&frame_bytes=%u", q->frame_bytes);
}

// Asks for what was given, and leaves the rest to the daemon.
static char *daemon_path(const struct command_args *a, const struct explain_request *q)
{
	char *text, *mark;
	size_t bytes;
	FILE *path = open_memstream(&text, &bytes);

	if (!path)
		abort();
	fprintf(path, "/v1/policy/explain");
	add_text(path, "from", a->from);
	add_text(path, "to", a->to);
	if (a->port >= 0)
		fprintf(path, "&port=%d", a->port);
	if (a->source_port)
		fprintf(path, "&source_port=%u", a->source_port);
	if (q->frame)
		add_frame(path, q);
	add_text(path, "side", a->side);
	add_text(path, "pair", a->pair);
	add_text(path, "l2_doubt", a->l2_doubt);
	add_text(path, "at", a->at_count ? a->at[0] : NULL);
	if (fclose(path))
		abort();
	mark = strchr(text, '&');
	if (mark)
		*mark = '?';
	return text;
}

static enum exit_code explain_daemon(const struct command_args *a, const struct explain_request *q)
{
	char *path = daemon_path(a, q);
	struct client_answer answer;
	enum exit_code code = client_ask(a, path, NULL, &answer);

	if (code == EXIT_OK)
		a->out->explained(answer.json);
	client_answer_free(&answer);
	free(path);
	return code;
}

bool explain_open(const struct command_args *a, struct policy **policy, struct compile_request *r,
		  struct explainer **explainer, struct diag *d)
{
	*r = (struct compile_request){.generation = 1, .slots_capacity = UINT64_MAX};
	*explainer = NULL;
	*policy = policy_read(a->files[0], d);
	if (!*policy)
		return false;
	if (!command_moment(a, 0, policy_tz(*policy), &r->moment, d))
		return false;
	*explainer = explainer_open(*policy, r, d);
	return *explainer != NULL;
}

static enum exit_code explain_file(const struct command_args *a, const struct explain_request *q)
{
	struct explainer *explainer;
	enum exit_code code = EXIT_OK;
	struct compile_request r;
	struct policy *policy;
	json_t *answer = NULL;
	struct diag d;

	diag_init(&d, a->files[0]);
	if (explain_open(a, &policy, &r, &explainer, &d))
		answer = explainer_ask(explainer, q, &d);
	if (answer)
		a->out->explained(answer);
	else
		code = command_refused(a, &d);
	json_decref(answer);
	explainer_close(explainer);
	policy_free(policy);
	diag_free(&d);
	return code;
}

enum exit_code run_policy_explain(const struct command_args *a)
{
	struct explain_request q = explain_question(a);

	if (a->frame && !read_frame(a, &q))
		return EXIT_REFUSED;
	return a->file_count ? explain_file(a, &q) : explain_daemon(a, &q);
}
