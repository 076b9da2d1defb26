// SPDX-License-Identifier: BSD-3-Clause
//
// op25bctl policy diff and plan: views of files, without a daemon.
#include "../policy/views.h"

#include <stdio.h>
#include <stdlib.h>

#include "command.h"

static void add_file(json_t *object, const char *file)
{
	char *text = diag_text(file);

	json_object_set_new(object, "file", json_string(text));
	free(text);
}

// Reads the policy and its moment. NULL: both have been said to be wrong, or one of them.
static struct policy *read_file(const struct command_args *a, int index, uint32_t moment,
				struct moment *m)
{
	struct policy *p;
	struct diag d;

	diag_init(&d, a->files[index]);
	p = policy_read(a->files[index], &d);
	if (!p || !command_moment(a, moment, policy_tz(p), m, &d)) {
		command_refused(a, &d);
		policy_free(p);
		p = NULL;
	}
	diag_free(&d);
	return p;
}

enum exit_code run_policy_diff(const struct command_args *a)
{
	struct moment m[2];
	struct policy *p[2] = {read_file(a, 0, 0, &m[0]),
			       read_file(a, 1, a->at_count > 1 ? 1 : 0, &m[1])};
	enum exit_code code = EXIT_REFUSED;
	json_t *answer;

	if (p[0] && p[1]) {
		answer = policy_diff(p[0], a->at_count ? &m[0] : NULL, p[1],
				     a->at_count ? &m[1] : NULL);
		add_file(json_object_get(answer, "a"), a->files[0]);
		add_file(json_object_get(answer, "b"), a->files[1]);
		a->out->differed(answer);
		json_decref(answer);
		code = EXIT_OK;
	}
	policy_free(p[0]);
	policy_free(p[1]);
	return code;
}

enum exit_code run_policy_plan(const struct command_args *a)
{
	char hash[POLICY_HASH_BYTES];
	struct moment m;
	struct policy *p = read_file(a, 0, 0, &m);
	json_t *answer;

	if (!p)
		return EXIT_REFUSED;
	policy_hash(p, hash);
	answer = json_pack("{s:s, s:I, s:s}", "name", policy_name(p), "revision",
			   (json_int_t)policy_revision(p), "hash", hash);
	add_file(answer, a->files[0]);
	json_object_update_new(answer, policy_plan(p, &m));
	a->out->planned(answer);
	json_decref(answer);
	policy_free(p);
	return EXIT_OK;
}
