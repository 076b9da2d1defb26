// SPDX-License-Identifier: BSD-3-Clause
//
// op25bctl policy notice: what customers are to be told, of a file, without a daemon.
#include <jansson.h>
#include <stdlib.h>

#include "../policy/policy.h"
#include "command.h"

#define AT_BYTES 64

static json_t *write_notice(const struct policy *p, const struct notice_request *r)
{
	char at[AT_BYTES], *text = policy_notice(p, r);
	json_t *answer;

	time_print(at, sizeof(at), r->at_s, policy_tz(p));
	answer = json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", policy_name(p), "lang",
			   policy_notice_language(p, r->lang), "format",
			   r->is_html ? "html" : "text", "at", at, "notice", text);
	free(text);
	return answer;
}

enum exit_code run_policy_notice(const struct command_args *a)
{
	struct notice_request r = {.lang = a->lang, .is_html = a->is_html};
	enum exit_code code = EXIT_REFUSED;
	struct policy *p;
	json_t *answer;
	struct moment m;
	struct diag d;

	diag_init(&d, a->files[0]);
	p = policy_read(a->files[0], &d);
	if (p && command_moment(a, 0, policy_tz(p), &m, &d)) {
		r.at_s = m.at_s;
		answer = write_notice(p, &r);
		a->out->noticed(answer);
		json_decref(answer);
		code = EXIT_OK;
	} else {
		command_refused(a, &d);
	}
	policy_free(p);
	diag_free(&d);
	return code;
}
