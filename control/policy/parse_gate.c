// SPDX-License-Identifier: BSD-3-Clause
//
// Reads "gates". Whether their stages can be watched is check_gate.c's.
#include <string.h>

#include "keys.h"
#include "parse_internal.h"

#define MAX_DAYS 3660
#define MAX_ADDRESSES 64u
#define MAX_GREETING_BYTES 128u

static void parse_addresses(struct policy_gate *g, const json_t *object, const char *place,
			    struct diag *d)
{
	size_t i, count = parse_length(object, place, "addresses", MAX_ADDRESSES, d);
	const json_t *list = json_object_get(object, "addresses");
	char at[READER_PLACE_BYTES], item[READER_PLACE_BYTES], quote[READER_PLACE_BYTES];
	struct prefix address;

	g->addresses = policy_alloc(count, sizeof(*g->addresses));
	reader_place(at, place, "addresses");
	if (json_is_array(list) && !count)
		diag_error(d, at, "is empty: name the addresses that must answer");
	for (i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (text && prefix_read_address(text, &address))
			g->addresses[g->address_count++] = text;
		else
			diag_error(
				d, reader_place_index(item, at, i),
				"%s is not an address such as \"192.0.2.25\" or \"2001:db8::25\"",
				reader_quote(quote, json_array_get(list, i)));
	}
}

static void parse_greeting(struct policy_gate *g, const json_t *object, const char *place,
			   struct diag *d)
{
	const char *text = reader_string(object, place, "greeting", NULL, d), *c;
	char at[READER_PLACE_BYTES], quote[READER_PLACE_BYTES];
	bool good;

	g->greeting = text;
	if (!text)
		return;
	good = *text && strlen(text) <= MAX_GREETING_BYTES;
	for (c = text; good && *c; c++)
		good = *c >= 0x20 && *c < 0x7f;
	if (!good)
		diag_error(d, reader_place(at, place, "greeting"),
			   "%s is not what a line can begin with: 1 to %u characters of ASCII are "
			   "allowed",
			   reader_quote_text(quote, text), MAX_GREETING_BYTES);
}

static void parse_tcp(struct policy_gate *g, const json_t *object, const char *place,
		      struct diag *d)
{
	parse_addresses(g, object, place, d);
	g->port = (uint16_t)reader_int(object, place, "port", 1, UINT16_MAX, 1, d);
	parse_greeting(g, object, place, d);
}

static double parse_percent(const json_t *object, const char *place, struct diag *d)
{
	const json_t *value = json_object_get(object, "percent");
	double percent = json_number_value(value);
	char at[READER_PLACE_BYTES], quote[READER_PLACE_BYTES];

	if (!value || (json_is_number(value) && percent > 0 && percent <= 100))
		return percent;
	diag_error(d, reader_place(at, place, "percent"),
		   "%s is not a number above 0 and up to 100", reader_quote(quote, value));
	return 100;
}

static void parse_watch(struct policy_gate *g, const json_t *object, const char *place,
			struct diag *d)
{
	bool is_ran = g->check == GATE_MONITOR_RAN;

	g->stage = reader_string(object, place, "stage", NULL, d);
	if (is_ran)
		g->days = (uint32_t)reader_int(object, place, "days", 1, MAX_DAYS, 1, d);
	else
		g->percent = parse_percent(object, place, d);
}

static void parse_gate(struct policy *p, size_t index, const char *name, const json_t *object,
		       const char *place, struct diag *d)
{
	static const struct reader_key check_only[] = {
		{"check", true, NULL}, {"*", false, NULL}, {NULL, false, NULL}};
	struct policy_gate *g = &p->gates[index];
	int check;

	g->name = name;
	reader_name(name, place, d);
	check = json_is_object(object) ? reader_word(object, place, "check", words_check, -1, d)
				       : -1;
	// What else is allowed depends on it.
	if (check < 0) {
		if (!json_object_get(object, "check"))
			reader_keys(object, place, check_only, d);
		return;
	}
	g->check = (enum gate_check)check;
	reader_keys(object, place, keys_gate[check], d);
	if (g->check == GATE_TCP)
		parse_tcp(g, object, place, d);
	else
		parse_watch(g, object, place, d);
	reader_string(object, place, "note", NULL, d);
}

void parse_gates(struct policy *p, struct diag *d)
{
	p->gate_count = parse_count(p->doc, "gates", POLICY_MAX_GATES, d);
	p->gates = policy_alloc(p->gate_count, sizeof(*p->gates));
	parse_each(p, "gates", p->gate_count, parse_gate, d);
}
