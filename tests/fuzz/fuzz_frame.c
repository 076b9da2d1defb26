// SPDX-License-Identifier: BSD-3-Clause
//
// Fuzz target: a frame through parse() and decide(), on the packet table's policy. The window lies
// in a heap block of exactly its size. Input: one byte for where the frame comes in and what its
// subscriber's slot holds, two bytes for how much longer than given the frame is (if what is given
// fills the window), then the frame.
#include <stdlib.h>
#include <string.h>

#include "dataplane/dpdk/answer.h"
#include "fuzz.h"
#include "tests/packets/answer_check.h"
#include "tests/packets/core_judge.h"
#include "tests/packets/table_image.h"

#define NOW_NS 1000000000000ull
#define FAR_NS 9000000000000ull
#define MAC_BYTES 6u
#define PLAIN4_BYTES 54u // Ethernet, IPv4 without options, TCP
#define PLAIN6_BYTES 74u

struct frame {
	struct ingress in;
	uint64_t slot_state; // of every subscriber
	uint32_t frame_bytes;
	uint32_t window_bytes;
	uint8_t *window; // exactly window_bytes
};

struct opinion {
	struct parse_work work;
	struct judgement judgement;
};

static struct core_judge judge;

static struct {
	bool are_known;
	uint64_t state;
} slots;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	size_t bytes;

	(void)argc;
	(void)argv;
	core_judge_start(&judge, table_image_read(TABLE_POLICY, 1, &bytes));
	return 0;
}

// Never seen, within, over, on hold.
static uint64_t slot_state(uint32_t which)
{
	static const uint64_t states[] = {0, NOW_NS, FAR_NS, LIMIT_HELD_BIT | FAR_NS};

	return states[which % 4];
}

static struct frame frame_read(struct fuzz_input *in)
{
	uint8_t head = fuzz_byte(in);
	uint32_t more_bytes = fuzz_two_bytes(in);
	struct frame f = {
		.in = {.side = head & 1, .pair = head >> 1 & 1, .drop_l2_doubt = head >> 1 & 1},
		.slot_state = slot_state(head >> 2),
		.frame_bytes = (uint32_t)in->bytes,
		.window_bytes = (uint32_t)in->bytes,
	};

	if (f.frame_bytes >= WINDOW_BYTES) {
		f.frame_bytes += more_bytes;
		f.window_bytes = WINDOW_BYTES;
	}
	f.window = malloc(f.window_bytes);
	fuzz_must(f.window, "there is memory");
	if (f.window_bytes)
		memcpy(f.window, in->at, f.window_bytes);
	return f;
}

// All of them, unless they are so already: this takes longer than the rest.
static void slots_set(uint64_t state)
{
	uint64_t i;

	if (slots.are_known && slots.state == state)
		return;
	for (i = 0; i < judge.view.hdr->slot_count; i++)
		judge.slots[i] = state;
	slots.state = state;
}

static struct opinion ask(const struct frame *f)
{
	struct opinion o;

	slots_set(f->slot_state);
	o.judgement = core_judge_frame(&judge, f->window, f->frame_bytes, f->in, NOW_NS, &o.work);
	slots.are_known = o.judgement.action != ACTION_LIMIT;
	return o;
}

static uint32_t verdict_of(uint32_t reason)
{
	static const uint8_t verdicts[] = {
#define VERDICT_OF(id, verdict, name, help) VERDICT_##verdict,
		OP25B_REASONS(VERDICT_OF)
#undef VERDICT_OF
	};

	fuzz_must(reason < REASON_COUNT, "a reason is one of the list");
	return verdicts[reason];
}

static void check_kind(const struct flow *f)
{
	uint32_t verdict = verdict_of(f->reason);

	switch (f->kind) {
	case FLOW_SETTLED:
		fuzz_must(verdict == VERDICT_PASS, "what is settled by the parser passes");
		break;
	case FLOW_UNREADABLE:
		fuzz_must(verdict == VERDICT_DROP, "doubt has a reason to drop by");
		break;
	case FLOW_UNKNOWN:
	case FLOW_TCP:
		fuzz_must(verdict == VERDICT_PASS && f->family, "an address was read");
		break;
	case FLOW_DOUBT:
		fuzz_must(verdict == VERDICT_DROP && f->family, "doubt has a reason to drop by");
		break;
	default:
		fuzz_must(false, "a flow is of one of five kinds");
	}
}

static void check_flow(const struct frame *fr, const struct flow *f)
{
	uint32_t fixed = f->family == FAMILY_IP4 || f->softwire ? IP4_MIN_BYTES : IP6_HEADER_BYTES;

	check_kind(f);
	fuzz_must(f->family < FAMILY_COUNT, "there are two families");
	fuzz_must(f->tag_count <= VLAN_MAX_TAGS && f->label_count <= MPLS_MAX_LABELS,
		  "no more is counted than read");
	fuzz_must(!f->detour || verdict_of(f->detour) == VERDICT_DROP,
		  "a detour is a reason to drop by");
	fuzz_must(!f->softwire || f->family == FAMILY_IP6, "a softwire is IPv6 outside");
	fuzz_must(f->l3_off <= fr->frame_bytes && f->ip_off <= fr->frame_bytes,
		  "headers begin inside the frame");
	if (f->kind != FLOW_TCP)
		return;
	fuzz_must(f->l3_off >= ETH_HEADER_BYTES && f->ip_off >= f->l3_off, "IP is behind Ethernet");
	fuzz_must(f->softwire || f->ip_off == f->l3_off, "only a softwire has two IP headers");
	fuzz_must(f->l4_off >= f->ip_off + fixed, "TCP is behind IP");
	fuzz_must(f->l4_off + TCP_MIN_BYTES <= fr->window_bytes, "TCP is inside the window");
	fuzz_must(f->tcp_bytes >= TCP_MIN_BYTES && f->tcp_bytes <= 60, "TCP has a true length");
	fuzz_must((uint32_t)f->l4_off + f->tcp_bytes <= f->ip_end, "TCP is inside the packet");
	fuzz_must(f->ip_end <= fr->frame_bytes, "the packet is inside the frame");
}

static uint32_t load16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

// TCP at this place, in a packet with room for upper_bytes of it.
static void check_plain_tcp(const struct frame *fr, const struct flow *f, uint32_t off,
			    uint32_t upper_bytes)
{
	const uint8_t *tcp = fr->window + off;
	uint32_t header = (tcp[12] >> 4) * 4u;

	if (header < TCP_MIN_BYTES || header > upper_bytes)
		return;
	fuzz_must(f->kind == FLOW_TCP && f->l4_off == off && !f->detour && !f->first_frag,
		  "plain TCP is seen");
	fuzz_must(f->sport == load16(tcp) && f->dport == load16(tcp + 2) && f->tcp_flags == tcp[13],
		  "plain TCP is read at its place");
}

// The plainest of filters: no tags, options, fragments. What it can read, parse() must read alike.
static void check_plain(const struct frame *fr, const struct flow *f)
{
	const uint8_t *w = fr->window;
	uint32_t type = fr->window_bytes >= PLAIN4_BYTES ? load16(w + 12) : 0, bytes;

	if (type == ETH_TYPE_IP4 && w[14] == 0x45 && w[23] == PROTO_TCP &&
	    !(load16(w + 20) & 0x3fff)) {
		bytes = load16(w + 16);
		if (bytes >= 40 && bytes + ETH_HEADER_BYTES <= fr->frame_bytes)
			check_plain_tcp(fr, f, 34, bytes - 20);
	}
	if (type == ETH_TYPE_IP6 && fr->window_bytes >= PLAIN6_BYTES && w[14] >> 4 == 6 &&
	    w[20] == PROTO_TCP) {
		bytes = load16(w + 18);
		if (bytes >= 20 && bytes + ETH_HEADER_BYTES + 40 <= fr->frame_bytes)
			check_plain_tcp(fr, f, 54, bytes);
	}
}

static void check_judgement(const struct frame *fr, const struct opinion *o)
{
	const struct flow *f = &o->work.flow;
	const struct judgement *j = &o->judgement;
	uint32_t verdict = verdict_of(j->reason);
	bool is_to25 = f->dport == SMTP_PORT, is_from25 = f->sport == SMTP_PORT;

	fuzz_must(verdict == reason_verdict(j->reason), "both tables of verdicts say the same");
	fuzz_must(j->action < ACTION_COUNT, "an action is one of the list");
	fuzz_must(j->clause < OP25B_MAX_CLAUSES || j->clause == JUDGEMENT_NO_CLAUSE,
		  "a clause is one of the class");
	if (f->kind == FLOW_SETTLED)
		fuzz_must(j->reason == f->reason, "what is settled stays so");
	if (f->kind == FLOW_TCP && !is_to25 && (fr->in.side == SIDE_SUBSCRIBER || !is_from25))
		fuzz_must(j->reason == REASON_PASS_NOT_PORT25, "nothing else is touched");
	if (fr->in.side == SIDE_NETWORK && f->kind != FLOW_TCP && f->kind != FLOW_UNREADABLE)
		fuzz_must(verdict == VERDICT_PASS, "doubt from the network passes");
}

static void check_answer(const struct frame *fr, const struct opinion *o)
{
	const struct flow *f = &o->work.flow;
	uint8_t *answer = malloc(ANSWER_MAX_BYTES);
	const char *fault;
	uint32_t bytes;

	fuzz_must(fr->in.side == SIDE_SUBSCRIBER, "only subscribers are answered");
	fuzz_must(f->kind == FLOW_TCP && !(f->tcp_flags & TCP_FLAG_RST), "a reset is not answered");
	fuzz_must(!f->no_answer && !f->detour && !((fr->window[0] | fr->window[MAC_BYTES]) & 1),
		  "what has no way back is not answered");
	fuzz_must(answer, "there is memory");
	bytes = answer_build(fr->window, f, o->judgement.reason, answer);
	fuzz_must(bytes <= ANSWER_MAX_BYTES, "an answer has room");
	fault = answer_fault(fr->window, fr->frame_bytes, judge.view.softwires, o->judgement.reason,
			     answer, bytes);
	fuzz_must(!fault, fault);
	free(answer);
}

// Bytes from `from` on are no header's.
static void check_poisoned(const struct frame *fr, const struct opinion *o, uint32_t from)
{
	static const uint8_t poisons[] = {0x00, 0x19, 0xff};
	struct frame poisoned = *fr;
	struct opinion again;
	uint32_t i;

	if (from >= fr->window_bytes)
		return;
	poisoned.window = malloc(fr->window_bytes);
	fuzz_must(poisoned.window, "there is memory");
	memcpy(poisoned.window, fr->window, from);
	for (i = 0; i < sizeof(poisons); i++) {
		memset(poisoned.window + from, poisons[i], fr->window_bytes - from);
		again = ask(&poisoned);
		fuzz_must(!memcmp(&again.work.flow, &o->work.flow, sizeof(struct flow)) &&
				  !memcmp(&again.judgement, &o->judgement, sizeof(again.judgement)),
			  "bytes behind the headers do not matter");
	}
	free(poisoned.window);
}

// What the frame has beyond the packet can be cut off, unless a length below IP tells of it.
static void check_cut(const struct frame *fr, const struct opinion *o)
{
	const struct flow *f = &o->work.flow;
	struct frame cut = *fr;
	struct opinion again;

	if (f->kind != FLOW_TCP || f->pppoe || f->snap || f->softwire ||
	    f->ip_end >= fr->window_bytes)
		return;
	cut.frame_bytes = cut.window_bytes = f->ip_end;
	cut.window = malloc(cut.window_bytes);
	fuzz_must(cut.window, "there is memory");
	memcpy(cut.window, fr->window, cut.window_bytes);
	again = ask(&cut);
	fuzz_must(!memcmp(&again.work.flow, f, sizeof(*f)) &&
			  again.judgement.reason == o->judgement.reason,
		  "padding does not matter");
	free(cut.window);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	struct frame f = frame_read(&in);
	struct opinion o = ask(&f), again = ask(&f);

	fuzz_must(!memcmp(&o, &again, sizeof(o)), "the same frame is judged the same twice");
	check_flow(&f, &o.work.flow);
	check_plain(&f, &o.work.flow);
	check_judgement(&f, &o);
	if (verdict_of(o.judgement.reason) == VERDICT_ANSWER)
		check_answer(&f, &o);
	if (o.work.flow.kind == FLOW_TCP)
		check_poisoned(&f, &o, o.work.flow.l4_off + TCP_MIN_BYTES);
	if (o.work.flow.reason == REASON_PASS_LATER_FRAG)
		check_poisoned(&f, &o, o.work.off);
	check_cut(&f, &o);
	free(f.window);
	return 0;
}
