// SPDX-License-Identifier: BSD-3-Clause
//
// op25bctl policy explain --frames: judges a frame a line, for scripts and tests. A line is
//   [policy=FILE] [side=subscriber|network] [pair=NAME] [l2_doubt=pass|drop] [now_ns=N] HEX
// What a line does not say is as the options say. Limits count from line to line; now_ns is the
// frame's time on their clock, in nanoseconds, 0 if the line does not say. A policy takes the place
// of the one before for this line and those that follow.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/frame_hex.h"
#include "explain.h"

static uint8_t frame[FRAME_MAX_BYTES];

// What the lines share.
struct session {
	const struct command_args *args;
	struct policy *policy;
	struct explainer *explainer;
	char *text;    // the present line
	uint32_t line; // its number
};

static void line_error(const struct session *s, const char *at, struct diag *d, const char *text,
		       const char *what)
{
	char place[32];

	snprintf(place, sizeof(place), "%u:%u", s->line, (unsigned int)(at - s->text) + 1);
	diag_error(d, place, "\"%s\" %s", text, what);
}

static bool take_word(const char *text, const char *one, const char *other, bool *is_other)
{
	*is_other = !strcmp(text, other);
	return *is_other || !strcmp(text, one);
}

static bool take_time(const char *text, uint64_t *now_ns)
{
	char *end;

	*now_ns = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end;
}

// Returns false with an error in d.
static bool take_policy(struct session *s, const char *path, struct diag *d)
{
	struct policy *policy;
	struct diag faults;
	bool good;

	diag_init(&faults, path);
	policy = policy_read(path, &faults);
	good = policy && explainer_next(s->explainer, policy, &faults);
	if (good) {
		policy_free(s->policy);
		s->policy = policy;
	} else {
		policy_free(policy);
		line_error(s, path, d, path, "is no policy that can be used: see policy check");
	}
	diag_free(&faults);
	return good;
}

// One "key=value". Returns false if it is none, or with an error in d.
static bool take_setting(struct session *s, const char *key, const char *value,
			 struct explain_request *q, struct diag *d)
{
	bool is_other;

	if (!strcmp(key, "side") && take_word(value, "subscriber", "network", &is_other)) {
		q->side = is_other ? SIDE_NETWORK : SIDE_SUBSCRIBER;
		return true;
	}
	if (!strcmp(key, "l2_doubt") && take_word(value, "pass", "drop", &is_other)) {
		q->l2_doubt_drop = is_other ? UINT32_MAX : 0;
		return true;
	}
	if (!strcmp(key, "pair")) {
		q->pair = value;
		return true;
	}
	if (!strcmp(key, "policy"))
		return take_policy(s, value, d);
	return !strcmp(key, "now_ns") && take_time(value, &q->now_ns);
}

// Takes the settings in front of the digits out of the line. Returns the digits, or NULL with an
// error in d.
static const char *take_settings(struct session *s, struct explain_request *q, struct diag *d)
{
	char *word = s->text, *mark, *end;

	for (;; word = end) {
		word += strspn(word, " \t");
		end = word + strcspn(word, " \t\r\n");
		mark = memchr(word, '=', (size_t)(end - word));
		if (!mark)
			return word;
		if (*end)
			*end++ = '\0';
		*mark = '\0';
		if (take_setting(s, word, mark + 1, q, d))
			continue;
		*mark = '=';
		if (!diag_is_refused(d))
			line_error(s, word, d, word,
				   "is no setting; allowed are policy=FILE, "
				   "side=subscriber|network, pair=NAME, l2_doubt=pass|drop and "
				   "now_ns=N");
		return NULL;
	}
}

// Reads the present line into q. Returns false with errors in d.
static bool read_line(struct session *s, struct explain_request *q, struct diag *d)
{
	const char *digits = take_settings(s, q, d);

	q->frame = frame;
	return digits && frame_read_hex(digits, s->line, (uint32_t)(digits - s->text) + 1, frame,
					&q->frame_bytes, d);
}

// The answer to the present line, with its number.
static json_t *answer_line(struct session *s)
{
	struct explain_request q = explain_question(s->args);
	json_t *answer = NULL;
	struct diag d;

	diag_init(&d, "standard input");
	if (read_line(s, &q, &d))
		answer = explainer_ask(s->explainer, &q, &d);
	if (!answer)
		answer = json_pack("{s:o}", "errors", diag_json(&d));
	json_object_set_new(answer, "line", json_integer(s->line));
	diag_free(&d);
	return answer;
}

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

// Answers all of standard input. Returns false if a line could not be answered.
static bool answer_all(struct session *s)
{
	bool good = true;
	size_t room = 0;
	json_t *answer;

	for (s->line = 1; getline(&s->text, &room, stdin) >= 0; s->line++) {
		if (is_blank(s->text))
			continue;
		answer = answer_line(s);
		good = good && !json_object_get(answer, "errors");
		s->args->out->judged(answer);
		json_decref(answer);
	}
	free(s->text);
	return good;
}

enum exit_code run_policy_explain_frames(const struct command_args *a)
{
	enum exit_code code = EXIT_REFUSED;
	struct session s = {.args = a};
	struct compile_request r;
	struct diag d;

	diag_init(&d, a->files[0]);
	if (!explain_open(a, &s.policy, &r, &s.explainer, &d))
		command_refused(a, &d);
	else if (answer_all(&s))
		code = EXIT_OK;
	explainer_close(s.explainer);
	policy_free(s.policy);
	diag_free(&d);
	return code;
}
