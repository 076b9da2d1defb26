// SPDX-License-Identifier: BSD-3-Clause
//
// The policy that "op25bctl policy new" prints: complete, harmless (it only counts), with a line on
// every key. Addresses are those of documentation.
#include <stdio.h>
#include <stdlib.h>

#include "views.h"

// The name and the time zone, as JSON, go where %s is.
static const char template[] =
	"{\n"
	"  \"_1\": \"Keys that begin with _ are notes. The language: op25b-policy(5). All "
	"addresses "
	"here are placeholders from documentation ranges.\",\n"
	"  \"_2\": \"Next: put in your addresses; op25bctl policy check FILE; op25bctl policy load "
	"FILE; op25bctl status.\",\n"
	"\n"
	"  \"_op25b\": \"the version of the language\",\n"
	"  \"op25b\": 1,\n"
	"  \"_name\": \"stays the same through all revisions: in counters, logs and status\",\n"
	"  \"name\": %s,\n"
	"  \"_revision\": \"count it up with each change: op25bd refuses to go back by mistake\",\n"
	"  \"revision\": 1,\n"
	"  \"_tz\": \"the zone of times without an offset\",\n"
	"  \"tz\": %s,\n"
	"  \"_provider\": \"who you are, in each language that your customers are told in\",\n"
	"  \"provider\": { \"en\": \"Example Internet\", \"ja\": \"例示インターネット\" },\n"
	"  \"_contact\": \"whom customers ask; op25bctl policy notice FILE prints the notice\",\n"
	"  \"contact\": { \"en\": \"support@example.net\", \"ja\": \"support@example.net\" },\n"
	"\n"
	"  \"_sets\": \"destinations that rules name; your relays first\",\n"
	"  \"sets\": {\n"
	"    \"relay\": [\"203.0.113.25/32\", \"2001:db8:25::25/128\"]\n"
	"  },\n"
	"\n"
	"  \"_infra\": \"your own mail servers and monitors as senders: never filtered, and "
	"believed "
	"only on the network's side\",\n"
	"  \"infra\": {\n"
	"    \"mta\": { \"v4\": [\"203.0.113.25/32\"], \"v6\": [\"2001:db8:25::25/128\"] }\n"
	"  },\n"
	"\n"
	"  \"_pools\": \"whose addresses are whose; an address in no pool is not restricted\",\n"
	"  \"pools\": {\n"
	"    \"dynamic\": {\n"
	"      \"_kind\": \"what the law and the customers make of it: a block is for dynamic "
	"addresses\",\n"
	"      \"kind\": \"dynamic\",\n"
	"      \"v4\": [\"198.51.100.0/25\"],\n"
	"      \"_v6\": \"without it the same customers are free on IPv6\",\n"
	"      \"v6\": [\"2001:db8:1000::/36\"],\n"
	"      \"_v6_key\": \"the length of the prefix that one customer gets\",\n"
	"      \"v6_key\": 56,\n"
	"      \"_relay\": \"what own_relay means for this pool; [] if not even your relay is "
	"open\","
	"\n"
	"      \"relay\": \"relay\"\n"
	"    },\n"
	"    \"fixed\": {\n"
	"      \"_kind\": \"customers with their own mail servers: no stage names this pool\",\n"
	"      \"kind\": \"fixed\",\n"
	"      \"v4\": [\"198.51.100.128/25\"],\n"
	"      \"v6\": [\"2001:db8:2000::/36\"],\n"
	"      \"v6_key\": 56\n"
	"    }\n"
	"  },\n"
	"\n"
	"  \"_gates\": \"what must be so before a stage may begin; op25bd looks each minute\",\n"
	"  \"gates\": {\n"
	"    \"submission\": {\n"
	"      \"_check\": \"customers need somewhere to go: the relay answers on 587\",\n"
	"      \"check\": \"tcp\", \"addresses\": [\"203.0.113.25\"], \"port\": 587, \"greeting\": "
	"\"220\"\n"
	"    },\n"
	"    \"watched\": {\n"
	"      \"_check\": \"the monitor stage has shown for a month who would be hit\",\n"
	"      \"check\": \"monitor_ran\", \"stage\": \"monitor\", \"days\": 30\n"
	"    }\n"
	"  },\n"
	"\n"
	"  \"_stages\": \"of those that have begun, the latest of a pool counts\",\n"
	"  \"stages\": [\n"
	"    {\n"
	"      \"id\": \"monitor\",\n"
	"      \"_from\": \"it refuses nothing, so it needs no date\",\n"
	"      \"pools\": [\"dynamic\"],\n"
	"      \"from\": \"always\",\n"
	"      \"_port25\": \"the first clause that fits counts\",\n"
	"      \"port25\": [\n"
	"        { \"to\": \"own_relay\", \"do\": \"permit\" },\n"
	"        { \"_do\": \"forwarded, and counted as if it were dropped\", \"to\": \"any\", "
	"\"do\": "
	"\"monitor\", \"as\": \"drop\" }\n"
	"      ]\n"
	"    },\n"
	"    {\n"
	"      \"id\": \"block\",\n"
	"      \"_notice\": \"what customers are told of it\",\n"
	"      \"notice\": { \"en\": \"Mail can be sent on port 587 with authentication.\", "
	"\"ja\": "
	"\"メールの送信には認証付きの587番ポートをご利用ください。\" },\n"
	"      \"_hold\": \"no date yet: it never begins by itself. Later: a date in from, and "
	"without "
	"hold\",\n"
	"      \"pools\": [\"dynamic\"],\n"
	"      \"from\": null,\n"
	"      \"hold\": true,\n"
	"      \"gate\": [\"submission\", \"watched\"],\n"
	"      \"_drain_min\": \"for so many minutes standing connections are left alone\",\n"
	"      \"drain_min\": 10,\n"
	"      \"port25\": [\n"
	"        { \"to\": \"own_relay\", \"do\": \"permit\" },\n"
	"        { \"_do\": \"a reset: the customer's program fails at once and can say so\", "
	"\"to\": "
	"\"any\", \"do\": \"rst\" }\n"
	"      ]\n"
	"    }\n"
	"  ],\n"
	"\n"
	"  \"_exceptions\": \"one who may still send, with an end and a reason: {\\\"id\\\": "
	"\\\"X-1\\\", \\\"match\\\": {\\\"prefix\\\": \\\"198.51.100.7/32\\\"}, \\\"do\\\": "
	"\\\"permit\\\", \\\"from\\\": ..., \\\"until\\\": ..., \\\"reason\\\": ..., \\\"by\\\": "
	"...}\",\n"
	"  \"_quarantines\": \"the same for one who may not, with do: drop, rst or icmp_admin\",\n"
	"\n"
	"  \"_expect\": \"what must come out, run at each load: write down what you mean\",\n"
	"  \"expect\": [\n"
	"    { \"at\": \"2026-01-01\", \"from\": \"dynamic\", \"to\": \"relay\", \"verdict\": "
	"\"permit\" },\n"
	"    { \"at\": \"2026-01-01\", \"from\": \"dynamic\", \"to\": \"other\", \"verdict\": "
	"\"monitor\" },\n"
	"    { \"at\": \"2026-01-01\", \"from\": \"dynamic\", \"to\": \"other\", \"port\": 587, "
	"\"verdict\": \"permit\" },\n"
	"    { \"at\": \"2026-01-01\", \"from\": \"fixed\", \"to\": \"other\", \"verdict\": "
	"\"permit\" "
	"}\n"
	"  ]\n"
	"}\n";

static char *as_json(const char *text)
{
	json_t *value = json_string(text);
	char *quoted = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;

	json_decref(value);
	return quoted;
}

char *policy_starter(const char *name, const char *tz)
{
	char *quoted_name = as_json(name), *quoted_tz = as_json(tz), *text = NULL;

	// What is no UTF-8 can be no name either, and is judged as what it is not.
	if (asprintf(&text, template, quoted_name ? quoted_name : "\"\"",
		     quoted_tz ? quoted_tz : "\"\"") < 0)
		abort();
	free(quoted_name);
	free(quoted_tz);
	return text;
}
