// SPDX-License-Identifier: BSD-3-Clause
//
// Reads lists of prefixes, with every way to write one wrongly; and "softwires", which is one.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse_internal.h"

static const char *family_name(uint8_t family)
{
	static const char *const names[] = {"an IPv4 or IPv6", "an IPv4", "an IPv6"};

	return names[family];
}

// Says what is wrong with text, which is quoted in quote.
static void refuse_prefix(enum prefix_fault fault, const struct prefix *p, uint8_t family,
			  const char *text, const char *quote, const char *place, struct diag *d)
{
	char want[PREFIX_TEXT_BYTES];
	uint8_t bits = prefix_family_bits(p->family);

	switch (fault) {
	case PREFIX_NO_LENGTH:
		diag_error(d, place, "%s has no length; for this one address write \"%s/%u\"",
			   quote, text, bits);
		break;
	case PREFIX_BAD_LENGTH:
		diag_error(d, place, "%s has a bad length; allowed for IPv%c are /1 to /%u", quote,
			   p->family == FAMILY_IP4 ? '4' : '6', bits);
		break;
	case PREFIX_EVERYTHING:
		diag_error(d, place, "%s is every address there is; allowed are lengths /1 to /%u",
			   quote, bits);
		break;
	case PREFIX_HOST_BITS:
		diag_error(d, place, "%s has bits set beyond its length; the prefix is \"%s\"",
			   quote, prefix_print(want, p));
		break;
	case PREFIX_MAPPED:
		diag_error(d, place,
			   "%s is an IPv4-mapped address, which is never on the wire; "
			   "write the IPv4 prefix",
			   quote);
		break;
	default:
		diag_error(d, place, "%s is not %s prefix such as \"%s\"", quote,
			   family_name(family),
			   family == FAMILY_IP6 ? "2001:db8::/32" : "198.51.100.0/24");
	}
}

bool parse_prefix(const json_t *value, const char *place, const struct prefix_want *want,
		  struct prefix *p, struct diag *d)
{
	uint8_t family = want->family;
	const char *text = json_string_value(value);
	enum prefix_fault fault = text ? prefix_read(text, p) : PREFIX_NOT_ONE;
	char quote[READER_PLACE_BYTES];

	if (fault == PREFIX_OK && (family == FAMILY_NONE || family == p->family))
		return true;
	reader_quote(quote, value);
	if (fault != PREFIX_NOT_ONE && fault != PREFIX_MAPPED && family != FAMILY_NONE &&
	    family != p->family)
		diag_error(d, place, "%s is %s prefix; %s", quote, family_name(p->family),
			   want->otherwise);
	else
		refuse_prefix(fault, p, family, text, quote, place, d);
	return false;
}

size_t parse_prefixes(const json_t *array, const char *place, const struct prefix_want *want,
		      struct prefix *items, size_t count, struct diag *d)
{
	char at[READER_PLACE_BYTES];
	struct prefix p;
	size_t i;

	for (i = 0; i < json_array_size(array); i++) {
		reader_place_index(at, place, i);
		if (!parse_prefix(json_array_get(array, i), at, want, &p, d))
			continue;
		p.index = (uint32_t)i;
		items[count++] = p;
	}
	return count;
}

size_t parse_v4_v6(const json_t *object, const char *place, const char *what,
		   struct prefix **prefixes, size_t *count4, struct diag *d)
{
	static const struct prefix_want want_v4 = {FAMILY_IP4, "it belongs in \"v6\""};
	static const struct prefix_want want_v6 = {FAMILY_IP6, "it belongs in \"v4\""};
	const json_t *v4 = reader_array(object, place, "v4", d);
	const json_t *v6 = reader_array(object, place, "v6", d);
	char at[READER_PLACE_BYTES];

	if (!json_array_size(v4) && !json_array_size(v6))
		diag_error(d, place, "is empty: %s needs at least one prefix in \"v4\" or \"v6\"",
			   what);
	*prefixes = policy_alloc(json_array_size(v4) + json_array_size(v6), sizeof(struct prefix));
	*count4 = parse_prefixes(v4, reader_place(at, place, "v4"), &want_v4, *prefixes, 0, d);
	return parse_prefixes(v6, reader_place(at, place, "v6"), &want_v6, *prefixes, *count4, d);
}

void parse_softwires(struct policy *p, struct diag *d)
{
	static const struct prefix_want want = {
		FAMILY_IP6, "allowed are IPv6 prefixes, in which the tunnels' ends (AFTR, BR) lie"};
	const json_t *list = reader_array(p->doc, "", "softwires", d);

	if (json_array_size(list) > OP25B_MAX_SOFTWIRES) {
		diag_error(d, "softwires", "has %zu members, at most %u are allowed",
			   json_array_size(list), OP25B_MAX_SOFTWIRES);
		return;
	}
	p->softwires = policy_alloc(json_array_size(list), sizeof(*p->softwires));
	p->softwire_count = parse_prefixes(list, "softwires", &want, p->softwires, 0, d);
}
