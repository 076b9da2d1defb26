// SPDX-License-Identifier: BSD-3-Clause
//
// What the support desk reads to a customer: sentences about exceptions, quarantines,
// infrastructure, stages that have not begun and connections that are spared; and the parts of the
// answer that name them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy_help.h"

#define DROP "\"port25\":[{\"to\":\"any\",\"do\":\"drop\"}]}"
#define GRANT(id, prefix, what)                                                                    \
	"{\"id\":\"" id "\",\"match\":{\"prefix\":\"" prefix "\"},\"do\":\"" what                  \
	"\",\"from\":\"2026-01-01\",\"until\":\"2027-01-01\",\"reason\":\"moves its server\","     \
	"\"by\":\"noc\""

#define POLICY(top)                                                                                \
	"{\"op25b\":1,\"name\":\"n\",\"tz\":\"Asia/Tokyo\"," top "\"sets\":{\"relay\":["           \
	"\"203.0.113.25/32\"],\"spare\":[\"203.0.113.26/32\"]},\"infra\":{\"mta\":{\"v4\":["       \
	"\"203.0.113.32/32\"]},\"probe\":{\"v4\":[\"198.51.100.9/32\"],\"side\":\"subscriber\"}}," \
	"\"pools\":{\"dyn\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.0/25\"]},"                  \
	"\"next\":{\"kind\":\"dynamic\",\"v4\":[\"198.51.100.128/25\"]}},"                         \
	"\"gates\":{\"up\":{\"check\":\"tcp\",\"addresses\":[\"203.0.113.25\"],\"port\":587}},"    \
	"\"stages\":[{\"id\":\"block\",\"notice_url\":\"https://www.example.net/25\","             \
	"\"pools\":[\"dyn\"],\"from\":\"2026-03-01\",\"drain_min\":10," DROP ","                   \
	"{\"id\":\"wave\",\"waves\":[{\"id\":\"held\",\"pools\":[\"next\"],\"from\":null,"         \
	"\"hold\":true,\"announced\":{\"not_before\":\"2026-04-11\",\"not_after\":\"2026-04-30\"}" \
	"}]," DROP ",{\"id\":\"gated\",\"pools\":[\"next\"],\"from\":\"2026-05-01\",\"gate\":"     \
	"\"up\"," DROP                                                                             \
	"],\"exceptions\":[" GRANT("X-1", "198.51.100.7/32",                                       \
				   "permit") ",\"ticket\":\"NOC-1\",\"to\":[\"spare\",\"192.0.2."  \
					     "25/32\"]}," GRANT("X-2", "198.51.100.8/32",          \
								"permit") "}],\"quarantines\":"    \
									  "[" GRANT("Q-1",         \
										    "198.51.100."  \
										    "10/32",       \
										    "rst") ",\"ke" \
											   "ep\":" \
											   "\"rel" \
											   "ay\"}" \
											   "]}"

static const char text[] =
	POLICY("\"contact\":{\"ja\":\"サポート\",\"en\":\"support@example.net\"},");

#define AT "At 2026-06-01T00:00:00+09:00 a connection from "
#define WAITS "so the program waits until it gives up: "
#define SUBMIT " Send mail on port 587 with authentication."
#define HELD                                                                                       \
	" Stage \"wave.held\", announced from 2026-04-11 on and by 2026-04-30, is held: it has "   \
	"no "                                                                                      \
	"date and does not begin."

static const struct {
	const char *from, *to;
	uint8_t side;
	const char *sentence;
} rows[] = {
	{"198.51.100.7", "192.0.2.25", SIDE_SUBSCRIBER,
	 AT "198.51.100.7 to port 25 of 192.0.2.25 is let through: the sender's address is in pool "
	    "\"dyn\", and exception \"X-1\" opens \"spare\", 192.0.2.25/32 to it until "
	    "2027-01-01T00:00:00+09:00."},
	{"198.51.100.8", "192.0.2.1", SIDE_SUBSCRIBER,
	 AT "198.51.100.8 to port 25 of 192.0.2.1 is let through: the sender's address is in pool "
	    "\"dyn\", and exception \"X-2\" opens any server to it until "
	    "2027-01-01T00:00:00+09:00."},
	{"198.51.100.7", "192.0.2.26", SIDE_SUBSCRIBER,
	 AT
	 "198.51.100.7 to port 25 of 192.0.2.26 is blocked without an answer, " WAITS
	 "the sender's address is in pool \"dyn\", on which stage \"block\" is active; exception "
	 "\"X-1\" is for other destinations." SUBMIT},
	{"198.51.100.10", "192.0.2.1", SIDE_SUBSCRIBER,
	 AT "198.51.100.10 to port 25 of 192.0.2.1 is refused at once with a reset: the sender's "
	    "address, in pool \"dyn\", is in quarantine \"Q-1\" until 2027-01-01T00:00:00+09:00. "
	    "This is for this customer alone. Contact: support@example.net."},
	{"198.51.100.10", "203.0.113.25", SIDE_SUBSCRIBER,
	 AT
	 "198.51.100.10 to port 25 of 203.0.113.25 is let through: the sender's address, in pool "
	 "\"dyn\", is in quarantine \"Q-1\" until 2027-01-01T00:00:00+09:00, which leaves this "
	 "one open."},
	{"198.51.100.9", "192.0.2.1", SIDE_SUBSCRIBER,
	 AT "198.51.100.9 to port 25 of 192.0.2.1 is let through: 198.51.100.9 is the provider's "
	    "infrastructure \"probe\", which is never restricted."},
	{"203.0.113.32", "192.0.2.1", SIDE_SUBSCRIBER,
	 AT "203.0.113.32 to port 25 of 192.0.2.1 is blocked without an answer, " WAITS
	    "203.0.113.32 is infrastructure \"mta\", which lives on the network's side; from a "
	    "subscriber port it is not believed."},
	{"203.0.113.32", "198.51.100.1", SIDE_NETWORK,
	 AT "203.0.113.32, on the network's side, to port 25 of 198.51.100.1 is let through: "
	    "203.0.113.32 is the provider's infrastructure \"mta\", which is never restricted."},
	{"192.0.2.1", "198.51.100.10", SIDE_NETWORK,
	 AT "192.0.2.1, on the network's side, to port 25 of 198.51.100.10 is let through: "
	    "connections from the network to port 25 here are not restricted."},
	{"198.51.100.200", "192.0.2.1", SIDE_SUBSCRIBER,
	 AT "198.51.100.200 to port 25 of 192.0.2.1 is blocked without an answer, " WAITS
	    "the sender's address is in pool \"next\", on which stage \"gated\" is active." SUBMIT
		    HELD},
};

static void a_sentence_for_each_part(void **state)
{
	struct policy *p = must_parse(text);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct explain_request q = {
			.from = rows[i].from, .to = rows[i].to, .port = 25, .side = rows[i].side};
		json_t *answer = explain_question(p, &q, "2026-06-01", NULL, 0);

		assert_non_null(answer);
		assert_string_equal(text_of(answer, "sentence"), rows[i].sentence);
		json_decref(answer);
	}
	policy_free(p);
}

// Without a contact in the policy it is who imposed it.
static void somebody_can_be_asked(void **state)
{
	struct explain_request q = {.from = "198.51.100.10", .to = "192.0.2.1", .port = 25};
	struct policy *p = must_parse(POLICY(""));
	json_t *answer = explain_question(p, &q, "2026-06-01", NULL, 0);

	(void)state;
	assert_non_null(strstr(text_of(answer, "sentence"), " alone. Contact: noc."));
	json_decref(answer);
	policy_free(p);
}

static void answers_name_the_parts(void **state)
{
	static const char chain[] =
		"[{\"level\": \"infra\", \"found\": null, \"decides\": false}, "
		"{\"level\": \"quarantine\", \"found\": null, \"decides\": false}, "
		"{\"level\": \"exception\", \"found\": \"X-1\", \"decides\": false}, "
		"{\"level\": \"stage\", \"found\": \"block\", \"decides\": false}, "
		"{\"level\": \"clause\", \"found\": \"stages.block.port25[0]\", \"decides\": "
		"true}, "
		"{\"level\": \"default\", \"found\": \"permit\", \"decides\": false}]";
	static const char exception[] =
		"{\"id\": \"X-1\", \"until\": \"2027-01-01T00:00:00+09:00\", "
		"\"reason\": \"moves its server\", \"ticket\": \"NOC-1\"}";
	struct explain_request q = {.from = "198.51.100.7", .to = "192.0.2.1", .port = 25};
	struct policy *p = must_parse(text);
	json_t *answer = explain_question(p, &q, "2026-06-01", NULL, 0);
	char *told = json_dumps(json_object_get(answer, "chain"), 0);

	(void)state;
	assert_string_equal(told, chain);
	free(told);
	told = json_dumps(json_object_get(answer, "exception"), 0);
	assert_string_equal(told, exception);
	free(told);
	assert_null(text_of(answer, "quarantine"));
	assert_null(text_of(answer, "infra"));
	assert_string_equal(text_of(answer, "notice_url"), "https://www.example.net/25");
	json_decref(answer);
	policy_free(p);
}

static json_t *ask_live(const struct policy *p, const struct explain_request *q, const char *at,
			const int64_t *opened_s)
{
	struct compile_request r = {.generation = 1, .slots_capacity = UINT64_MAX};
	struct explainer *e;
	json_t *answer;
	struct diag d;

	assert_true(time_read(at, policy_tz(p), &r.moment.at_s));
	r.moment.opened_s = opened_s;
	diag_init(&d, "ask");
	e = explainer_open(p, &r, &d);
	assert_non_null(e);
	answer = explainer_ask(e, q, &d);
	assert_non_null(answer);
	explainer_close(e);
	diag_free(&d);
	return answer;
}

static void a_stage_that_waits_for_its_gate_is_told(void **state)
{
	const int64_t opened_s[] = {POLICY_NEVER, POLICY_NEVER, POLICY_NEVER};
	struct explain_request q = {.from = "198.51.100.200", .to = "192.0.2.1", .port = 25};
	struct policy *p = must_parse(text);
	json_t *answer = ask_live(p, &q, "2026-06-01", opened_s);

	(void)state;
	assert_int_equal(policy_stage_count(p), COUNT(opened_s));
	assert_string_equal(text_of(answer, "reason"), "unrestricted");
	assert_non_null(strstr(text_of(answer, "sentence"),
			       HELD " Stage \"gated\" was due at 2026-05-01T00:00:00+09:00 and "
				    "waits for its gate."));
	json_decref(answer);
	// Before its date there is nothing to wait for.
	answer = ask_live(p, &q, "2026-04-30", opened_s);
	assert_null(strstr(text_of(answer, "sentence"), "gate"));
	json_decref(answer);
	policy_free(p);
}

// An ACK from 198.51.100.1 to port 25 of 192.0.2.1.
static const uint8_t ack_frame[] = {
	0x02, 0, 0, 0,  0, 1, 0x02, 0, 0,  0, 0, 2, 0x08, 0x00, // Ethernet
	0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 198,  51,   100,  1,    192, 0, 2, 1, // IPv4
	0xc0, 0, 0, 25, 0, 0, 0,    1, 0,  0, 0, 1, 0x50, 0x10, 0xff, 0xff, 0,   0, 0, 0, // TCP
};

static void what_stood_before_a_stage_is_spared(void **state)
{
	struct explain_request frame = {.frame = ack_frame, .frame_bytes = sizeof(ack_frame)};
	struct explain_request syn = {.from = "198.51.100.1", .to = "192.0.2.1", .port = 25};
	struct policy *p = must_parse(text);
	json_t *answer = ask_live(p, &frame, "2026-03-01T00:09:59", NULL), *level;

	(void)state;
	assert_string_equal(text_of(answer, "reason"), "draining");
	assert_null(text_of(answer, "clause"));
	level = json_array_get(json_object_get(answer, "chain"), 3);
	assert_string_equal(text_of(level, "found"), "block");
	assert_true(json_is_true(json_object_get(level, "decides")));
	assert_non_null(strstr(text_of(answer, "sentence"),
			       "is let through: stage \"block\" of pool \"dyn\" began at "
			       "2026-03-01T00:00:00+09:00 and spares until "
			       "2026-03-01T00:10:00+09:00 what stood before it."));
	json_decref(answer);
	answer = ask_live(p, &frame, "2026-03-01T00:10:00", NULL);
	assert_string_equal(text_of(answer, "reason"), "blocked");
	json_decref(answer);
	// A new connection is not spared.
	answer = ask_live(p, &syn, "2026-03-01T00:09:59", NULL);
	assert_string_equal(text_of(answer, "reason"), "blocked");
	json_decref(answer);
	policy_free(p);
}

// Cut where a character ends.
static void a_long_text_stays_text(void **state)
{
	struct explain_request q = {.from = "198.51.100.10", .to = "192.0.2.1", .port = 25};
	char long_text[8192] = "{\"op25b\":1,\"contact\":\"";
	struct policy *p;
	json_t *answer;
	int i;

	(void)state;
	for (i = 0; i < 600; i++)
		strcat(long_text, "メ");
	strcat(long_text, "\",");
	strcat(long_text, text + strlen("{\"op25b\":1,"));
	// The policy's own contact comes later in the text and would win.
	memcpy(strstr(long_text, "\"contact\":{"), "\"x-extra\":{", strlen("\"contact\":{"));
	p = must_parse(long_text);
	answer = explain_question(p, &q, "2026-06-01", NULL, 0);
	assert_non_null(answer);
	assert_non_null(strstr(text_of(answer, "sentence"), "Contact: メメメ"));
	json_decref(answer);
	policy_free(p);
}

// What comes back to infrastructure passes because of what it is.
static void infrastructure_decides_about_its_answers(void **state)
{
	struct explain_request q = {.from = "192.0.2.1",
				    .to = "198.51.100.9",
				    .port = -1,
				    .source_port = 25,
				    .side = SIDE_NETWORK};
	struct policy *p = must_parse(text);
	json_t *answer = explain_question(p, &q, "2026-06-01", NULL, 0);
	const json_t *infra = json_array_get(json_object_get(answer, "chain"), 0);

	(void)state;
	assert_string_equal(text_of(answer, "verdict"), "permit");
	assert_true(json_is_true(json_object_get(infra, "decides")));
	json_decref(answer);
	policy_free(p);
}

// On hold a stage may have a date, that of before; it is not said that there is none.
static void a_held_stage_may_have_a_date(void **state)
{
	static const char held[] =
		"{\"op25b\":1,\"name\":\"n\",\"pools\":{\"p\":{\"kind\":\"dynamic\",\"v4\":["
		"\"198.51.100.0/24\"]}},\"stages\":[{\"id\":\"s\",\"pools\":[\"p\"],\"from\":"
		"\"2026-01-01\",\"hold\":true," DROP "]}";
	struct explain_request q = {.from = "198.51.100.1", .to = "192.0.2.1", .port = 25};
	struct policy *p = must_parse(held);
	json_t *answer = explain_question(p, &q, "2026-06-01", NULL, 0);

	(void)state;
	assert_non_null(
		strstr(text_of(answer, "sentence"), " Stage \"s\" is held: it does not begin."));
	json_decref(answer);
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sentence_for_each_part),
		cmocka_unit_test(somebody_can_be_asked),
		cmocka_unit_test(infrastructure_decides_about_its_answers),
		cmocka_unit_test(a_held_stage_may_have_a_date),
		cmocka_unit_test(answers_name_the_parts),
		cmocka_unit_test(a_stage_that_waits_for_its_gate_is_told),
		cmocka_unit_test(what_stood_before_a_stage_is_spared),
		cmocka_unit_test(a_long_text_stays_text),
	};

	return cmocka_run_group_tests_name("policy for the desk", tests, NULL, NULL);
}
