// SPDX-License-Identifier: BSD-3-Clause
//
// What the box would do with a packet: compiles the policy for the moment and asks the very code
// that judges frames. A frame goes through all of it; a question about a connection begins where a
// frame would have been read.
#include <arpa/inet.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "../../dataplane/core/slots_diff.h"
#include "../reader/reader.h"
#include "explain_internal.h"

#define EPHEMERAL_PORT 49152 // any port but 25 would do (RFC 6335 section 6)

_Static_assert(EXPLAIN_WINDOW_BYTES == WINDOW_BYTES, "policy.h tells callers the core's window");

struct explainer {
	const struct policy *policy;
	struct compile_request compiled; // previous is not kept
	void *image;                     // passed image_check(); NULL: none yet
	struct image_view view;
	uint64_t *slots; // of subscribers never seen before, to begin with
};

static void clear_slots(void *ctx, uint32_t base, uint32_t count)
{
	memset((uint64_t *)ctx + base, 0, count * sizeof(uint64_t));
}

bool explainer_next(struct explainer *e, const struct policy *p, struct diag *d)
{
	struct compile_request r = e->compiled;
	uint64_t kept = e->image ? e->view.hdr->slot_count : 0;
	struct image_view view;
	uint64_t *slots;
	size_t bytes;
	void *image;

	r.previous = e->image;
	if (!policy_compile(p, &r, &image, &bytes, d))
		return false;
	image_view_init(&view, image);
	slots = policy_alloc(view.hdr->slot_count, sizeof(*slots));
	if (kept > view.hdr->slot_count)
		kept = view.hdr->slot_count;
	if (kept)
		memcpy(slots, e->slots, kept * sizeof(*slots));
	// At first all are as new: none is touched, so that none takes memory.
	if (e->image)
		image_changed_slots(&e->view, &view, clear_slots, slots);
	free(e->slots);
	free(e->image);
	e->policy = p;
	e->image = image;
	e->view = view;
	e->slots = slots;
	return true;
}

struct explainer *explainer_open(const struct policy *p, const struct compile_request *r,
				 struct diag *d)
{
	struct explainer *e = policy_alloc(1, sizeof(*e));

	e->compiled = *r;
	e->compiled.previous = NULL;
	if (explainer_next(e, p, d))
		return e;
	free(e);
	return NULL;
}

void explainer_at(struct explainer *e, int64_t at_s)
{
	e->compiled.moment.at_s = at_s;
}

void explainer_close(struct explainer *e)
{
	if (!e)
		return;
	free(e->slots);
	free(e->image);
	free(e);
}

static void connection_flow(struct case_file *c, const struct prefix *from, const struct prefix *to)
{
	const struct explain_request *r = c->request;
	struct flow *f = &c->flow;

	f->kind = FLOW_TCP;
	f->family = from->family;
	f->proto = PROTO_TCP;
	f->sport = r->source_port ? r->source_port : EPHEMERAL_PORT;
	f->dport = (uint16_t)r->port;
	if (r->port < 0)
		f->dport = f->sport == SMTP_PORT ? EPHEMERAL_PORT : SMTP_PORT;
	f->tcp_flags = TCP_FLAG_SYN; // only a limit looks at it, and not at what comes back
	if (f->family == FAMILY_IP4) {
		f->src4 = (uint32_t)(from->hi >> 32);
		f->dst4 = (uint32_t)(to->hi >> 32);
	} else {
		prefix_bytes(from, (uint8_t *)f->src6_be);
		prefix_bytes(to, (uint8_t *)f->dst6_be);
	}
	c->has_addresses = true;
}

static void refuse_address(const char *text, const char *place, struct diag *d)
{
	char quote[READER_PLACE_BYTES];

	diag_error(d, place, "%s is not an IPv4 or IPv6 address", reader_quote_text(quote, text));
}

static bool read_connection(struct case_file *c, struct diag *d)
{
	const struct explain_request *r = c->request;
	size_t errors_before = d->error_count;
	struct prefix from, to;

	if (!prefix_read_address(r->from, &from))
		refuse_address(r->from, "from", d);
	if (!prefix_read_address(r->to, &to))
		refuse_address(r->to, "to", d);
	if (d->error_count == errors_before && from.family != to.family)
		diag_error(d, "to",
			   "%s and %s are not of one family: both must be IPv4 or both "
			   "IPv6",
			   r->from, r->to);
	if (d->error_count != errors_before)
		return false;
	connection_flow(c, &from, &to);
	return true;
}

static void read_frame(struct case_file *c, const struct explainer *e)
{
	const struct explain_request *r = c->request;
	struct parse_work work;

	parse((const struct window *)r->frame, &work, r->frame_bytes, e->view.softwires, r->side);
	c->flow = work.flow;
	// parse() notes where the header lies when it has read its addresses.
	c->has_addresses = work.flow.ip_off != 0;
}

static struct prefix flow_address(const struct flow *f, uint8_t family, bool is_source)
{
	struct prefix p = {.family = family, .depth = prefix_family_bits(family)};
	const uint32_t *addr6_be = is_source ? f->src6_be : f->dst6_be;
	uint64_t halves_be[2];

	if (family == FAMILY_IP4) {
		p.hi = (uint64_t)(is_source ? f->src4 : f->dst4) << 32;
		return p;
	}
	memcpy(halves_be, addr6_be, sizeof(halves_be));
	p.hi = be64toh(halves_be[0]);
	p.lo = be64toh(halves_be[1]);
	return p;
}

// The name is written to text too.
static const struct op25b_addr *find_addr(const struct image_view *view, const struct flow *f,
					  uint8_t family, bool is_source,
					  char text[INET6_ADDRSTRLEN])
{
	const uint32_t *addr6_be = is_source ? f->src6_be : f->dst6_be;
	uint32_t addr4 = is_source ? f->src4 : f->dst4, addr4_be = htonl(addr4);

	if (family == FAMILY_IP4) {
		inet_ntop(AF_INET, &addr4_be, text, INET6_ADDRSTRLEN);
		return &view->addrs[image_view_find4(view, addr4)];
	}
	inet_ntop(AF_INET6, addr6_be, text, INET6_ADDRSTRLEN);
	return &view->addrs[image_view_find6(view, (const uint8_t *)addr6_be)];
}

static bool take_pair(struct case_file *c, uint32_t class_pairs, struct diag *d)
{
	const struct explain_request *r = c->request;
	int number = class_pairs ? __builtin_ctz(class_pairs) : 0;

	c->pair = policy_pair_name(c->policy, c->compiled, (uint32_t)number);
	if (r->pair) {
		c->pair = r->pair;
		number = policy_pair_number(c->policy, c->compiled, r->pair);
	}
	if (number < 0) {
		policy_refuse_pair(c->compiled, r->pair, "pair", d);
		return false;
	}
	c->in = (struct ingress){.side = r->side,
				 .pair = (uint8_t)number,
				 .drop_l2_doubt = r->l2_doubt_drop >> number & 1};
	return true;
}

// Returns false with errors in d.
static bool judge(struct explainer *e, struct case_file *c, struct diag *d)
{
	const struct op25b_addr *sub = e->view.addrs, *far = e->view.addrs;
	const struct op25b_class *class;
	const struct flow *f = &c->flow;
	bool outbound = is_outbound(c);
	uint64_t copy, *state = NULL;
	uint32_t slot;

	if (c->has_addresses) {
		sub = find_addr(&e->view, f, f->family, outbound, outbound ? c->from : c->to);
		far = find_addr(&e->view, f, flow_far_family(f), !outbound,
				outbound ? c->to : c->from);
		// Of a softwire whose inner header could not be read, the box looks up 0.0.0.0.
		if (f->softwire && f->ip_off == f->l3_off)
			(outbound ? c->to : c->from)[0] = '\0';
		c->subscriber = flow_address(f, f->family, outbound);
		c->far = flow_address(f, flow_far_family(f), !outbound);
		explain_owner(c, &e->view, sub, far);
	}
	class = &e->view.classes[sub->class_id];
	if (!take_pair(c, class->pairs, d))
		return false;
	c->is_believed = !outbound || class->pairs >> c->in.pair & 1;
	c->judged = (struct judgement){.clause = JUDGEMENT_NO_CLAUSE};
	c->level = LEVEL_NONE;
	if (decide_early(f, &c->in, &c->judged.reason))
		return true;
	slot = flow_slot(f, c->in.side, sub);
	if (slot != OP25B_NO_SLOT) {
		state = c->is_trial ? &copy : &e->slots[slot];
		copy = e->slots[slot];
	}
	decide(f, &c->in, far, class, state, c->request->now_ns, &c->judged);
	explain_decider(c, class);
	return true;
}

static json_t *text_or_null(const char *text)
{
	return text && text[0] ? json_string(text) : json_null();
}

static json_t *port_or_null(const struct case_file *c, uint16_t port)
{
	return c->flow.kind == FLOW_TCP ? json_integer(port) : json_null();
}

static json_t *case_json(const struct case_file *c)
{
	const struct explain_request *r = c->request;
	char layers[EXPLAIN_TEXT_BYTES];
	json_t *out = json_pack("{s:s, s:s}", "verdict", explain_verdict(c->judged.reason),
				"reason", explain_reason(c->judged.reason));

	explain_parts(c, out);
	json_object_set_new(out, "at", json_string(c->at));
	json_object_set_new(out, "side",
			    json_string(c->in.side == SIDE_NETWORK ? "network" : "subscriber"));
	json_object_set_new(out, "pair", text_or_null(c->pair));
	if (r->frame) {
		explain_layers(&c->flow, layers, sizeof(layers));
		json_object_set_new(out, "layers", json_string(layers));
		json_object_set_new(out, "frame_bytes", json_integer(r->frame_bytes));
	}
	json_object_set_new(out, "from", text_or_null(c->from));
	json_object_set_new(out, "to", text_or_null(c->to));
	json_object_set_new(out, "port", port_or_null(c, c->flow.dport));
	json_object_set_new(out, "source_port", port_or_null(c, c->flow.sport));
	json_object_set_new(out, "sentence", explain_sentence(c));
	if (!out)
		abort();
	return out;
}

static json_t *ask(struct explainer *e, const struct explain_request *r, bool is_trial,
		   struct diag *d)
{
	struct case_file c = {
		.policy = e->policy, .compiled = &e->compiled, .request = r, .is_trial = is_trial};

	if (r->frame)
		read_frame(&c, e);
	else if (!read_connection(&c, d))
		return NULL;
	if (!judge(e, &c, d))
		return NULL;
	time_print(c.at, sizeof(c.at), e->compiled.moment.at_s, e->policy->tz);
	return case_json(&c);
}

json_t *explainer_ask(struct explainer *e, const struct explain_request *r, struct diag *d)
{
	return ask(e, r, false, d);
}

json_t *explainer_try(struct explainer *e, const struct explain_request *r, struct diag *d)
{
	return ask(e, r, true, d);
}
