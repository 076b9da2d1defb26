// SPDX-License-Identifier: BSD-3-Clause
//
// Fuzz target: any bytes through image_check(), and what the code relies on for those it accepts:
// look-ups, decide() for each class, subscriber slots, softwires, what changes from one policy to
// the next. image_mutate.c repairs checksums, which no fuzzer would guess.
#include <stdlib.h>
#include <string.h>

#include "dataplane/core/decide.h"
#include "dataplane/core/image_check.h"
#include "dataplane/core/image_view.h"
#include "dataplane/core/slots_diff.h"
#include "fuzz.h"
#include "tests/packets/table_image.h"

#define NOW_NS 1000000000000ull
#define MOST_LOOK_UPS 64u // the look-up is linear
#define OUTER_BYTES (ETH_HEADER_BYTES + IP6_HEADER_BYTES)

static void *table_image; // the policy in force before

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	size_t bytes;

	(void)argc;
	(void)argv;
	table_image = table_image_read(TABLE_POLICY, 1, &bytes);
	return 0;
}

static bool is_name(const struct image_view *v, uint32_t offset)
{
	uint32_t bytes = image_view_count(v, SECTION_NAMES);

	return offset < bytes && strnlen(v->names + offset, bytes - offset) < OP25B_MAX_NAME_BYTES;
}

static void check_slots(const struct image_view *v, const struct op25b_addr *a)
{
	static const uint64_t bits[] = {0, 1, 0xffffffff, 0x8000000000000000, UINT64_MAX};
	static const uint16_t ports[] = {0, SMTP_PORT, 0x8000, UINT16_MAX};
	size_t i;

	for (i = 0; i < 4 * sizeof(bits) / sizeof(bits[0]); i++) {
		uint32_t slot = addr_slot(a, bits[i / 4], ports[i % 4]);

		fuzz_must(slot == OP25B_NO_SLOT || slot < v->hdr->slot_count,
			  "every address of an entry has its slot inside the image's");
	}
}

static const struct op25b_addr *entry(const struct image_view *v, uint32_t id)
{
	fuzz_must(id < image_view_count(v, SECTION_ADDRS), "a look-up gives an entry");
	fuzz_must(v->addrs[id].class_id < image_view_count(v, SECTION_CLASSES),
		  "an entry has a class");
	return &v->addrs[id];
}

static void check_look_ups(const struct image_view *v)
{
	uint32_t count4 = image_view_count(v, SECTION_PREFIX4), step4 = count4 / MOST_LOOK_UPS + 1;
	uint32_t count6 = image_view_count(v, SECTION_PREFIX6), step6 = count6 / MOST_LOOK_UPS + 1;
	uint8_t all_ones[16];
	uint32_t i;

	for (i = 0; i < count4; i += step4)
		fuzz_must(image_view_find4(v, v->prefix4[i].addr) > 0 &&
				  entry(v, image_view_find4(v, v->prefix4[i].addr)),
			  "an address of a prefix is found");
	for (i = 0; i < count6; i += step6)
		fuzz_must(image_view_find6(v, v->prefix6[i].addr_be) > 0 &&
				  entry(v, image_view_find6(v, v->prefix6[i].addr_be)),
			  "an address of a prefix is found");
	memset(all_ones, 0xff, sizeof(all_ones));
	entry(v, image_view_find4(v, 0));
	entry(v, image_view_find4(v, UINT32_MAX));
	entry(v, image_view_find6(v, all_ones));
	for (i = 0; i < image_view_count(v, SECTION_ADDRS); i++)
		check_slots(v, entry(v, i));
}

// A look at each kind of flow that decide() is asked about.
static const struct flow flows[] = {
	{.kind = FLOW_TCP, .family = FAMILY_IP4, .dport = SMTP_PORT, .tcp_flags = TCP_FLAG_SYN},
	{.kind = FLOW_TCP, .family = FAMILY_IP6, .dport = SMTP_PORT, .tcp_flags = TCP_FLAG_ACK},
	{.kind = FLOW_TCP, .family = FAMILY_IP6, .dport = SMTP_PORT, .softwire = 1},
	{.kind = FLOW_TCP, .family = FAMILY_IP4, .sport = SMTP_PORT, .tcp_flags = TCP_FLAG_ACK},
	{.kind = FLOW_TCP,
	 .family = FAMILY_IP4,
	 .dport = SMTP_PORT,
	 .tcp_flags = TCP_FLAG_ACK,
	 .detour = REASON_DROP_SOURCE_ROUTE},
	{.kind = FLOW_UNKNOWN, .family = FAMILY_IP4, .reason = REASON_PASS_UNKNOWN_PROTO},
	{.kind = FLOW_DOUBT, .family = FAMILY_IP4, .reason = REASON_DROP_TINY_FRAG},
	{.kind = FLOW_DOUBT, .family = FAMILY_IP6, .reason = REASON_DROP_EH_LIMIT},
	{.kind = FLOW_DOUBT, .family = FAMILY_IP6, .reason = REASON_DROP_FRAG_CHAIN},
};

static void check_judgement(const struct flow *f, const struct ingress *in,
			    const struct op25b_class *c, const struct judgement *j)
{
	uint32_t verdict;

	fuzz_must(j->reason < REASON_COUNT && j->action < ACTION_COUNT,
		  "a judgement is of words that there are");
	fuzz_must(j->clause < c->clause_count || j->clause == JUDGEMENT_NO_CLAUSE,
		  "a clause is one of the class");
	verdict = reason_verdict(j->reason);
	if (in->side == SIDE_NETWORK || f->detour || f->kind != FLOW_TCP)
		fuzz_must(verdict != VERDICT_ANSWER, "only what can be read there is answered");
	if (c->knobs & KNOB_INFRA)
		fuzz_must(j->clause == JUDGEMENT_NO_CLAUSE, "infrastructure meets no clause");
	if (!c->name && in->side == SIDE_NETWORK)
		fuzz_must(verdict == VERDICT_PASS, "who is in no pool is not restricted");
	if (f->detour && in->side == SIDE_SUBSCRIBER && c->detour_clause != OP25B_NO_CLAUSE &&
	    is_refusal(c->clause[c->detour_clause].action))
		fuzz_must(verdict == VERDICT_DROP, "no detour leads round a refusal");
}

static void check_class(const struct image_view *v, const struct op25b_class *c)
{
	uint32_t addrs = image_view_count(v, SECTION_ADDRS), far, i, which;
	struct ingress in = {0};
	struct judgement j;

	fuzz_must(is_name(v, c->name) && is_name(v, c->stage), "a class has names");
	for (i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
		for (which = 0; which < 8; which++) {
			uint64_t slot = which & 4 ? LIMIT_HELD_BIT | (NOW_NS + 1) : 0;

			in.side = which & 1;
			in.pair = which & 2 ? 31 : 0;
			far = i * which % addrs;
			decide(&flows[i], &in, &v->addrs[far], c, which & 4 ? &slot : NULL, NOW_NS,
			       &j);
			check_judgement(&flows[i], &in, c, &j);
		}
	}
}

// An IPv4-in-IPv6 packet to each of the tunnels' ends is opened, and one to elsewhere is not.
static void check_softwires(const struct image_view *v)
{
	uint8_t frame[OUTER_BYTES] = {[12] = 0x86, [13] = 0xdd, [14] = 0x60, [20] = PROTO_IP4};
	struct parse_work k;
	uint32_t i;

	for (i = 0; i < v->softwires->count; i++) {
		memcpy(frame + ETH_HEADER_BYTES + 24, v->softwires->item[i].addr_be, 16);
		parse((const struct window *)frame, &k, sizeof(frame), v->softwires,
		      SIDE_SUBSCRIBER);
		fuzz_must(k.flow.softwire, "a configured softwire is opened");
	}
	if (v->softwires->count)
		return;
	parse((const struct window *)frame, &k, sizeof(frame), v->softwires, SIDE_SUBSCRIBER);
	fuzz_must(!k.flow.softwire, "without softwires none is opened");
}

static void see_changed(void *ctx, uint32_t base, uint32_t count)
{
	const struct image_view *v = ctx;

	fuzz_must(count > 0 && base < v->hdr->slot_count && count <= v->hdr->slot_count - base,
		  "slots that change hands are slots of the new policy");
}

static void see_none(void *ctx, uint32_t base, uint32_t count)
{
	(void)ctx;
	(void)base;
	(void)count;
	fuzz_must(false, "from a policy to itself no slot changes hands");
}

static void use_image(const void *image)
{
	struct image_view v, table;
	uint32_t i;

	image_view_init(&v, image);
	image_view_init(&table, table_image);
	fuzz_must(is_name(&v, v.hdr->policy_name), "a policy has a name");
	check_look_ups(&v);
	for (i = 0; i < image_view_count(&v, SECTION_CLASSES); i++)
		check_class(&v, &v.classes[i]);
	check_softwires(&v);
	image_changed_slots(NULL, &v, see_changed, &v);
	image_changed_slots(&table, &v, see_changed, &v);
	image_changed_slots(&v, &table, see_changed, &table);
	image_changed_slots(&v, &v, see_none, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct image_fault f = image_check(data, bytes);

	fuzz_must(f.code < IMAGE_FAULT_COUNT && f.section <= SECTION_COUNT,
		  "a fault is one of the list, in a section or the header");
	if (f.code == IMAGE_OK)
		use_image(data);
	return 0;
}
