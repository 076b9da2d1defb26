// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// The guard: an XDP program on each kernel interface that op25b-dp serves. While the dataplane's
// worker of a receive queue lives, it hands that queue's frames over; otherwise it judges them here
// by the same core as op25b-dp. Runs in the kernel's receive path, one instance per interface.
// Includes only abi, core and BPF headers; never libc, never vmlinux.h.
//
// The names xsk_def_prog, xsks_map and xsk_prog_version are a contract with libxdp: a program that
// carries them is adopted by the stock net_af_xdp driver, which then puts its sockets into our map
// instead of loading a program of its own.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "../abi/guard_abi.h"
#include "../core/quick.h"
#include "guard_tables.h"

// Scratch of one frame. In a map value, because the verifier tracks the stack too precisely there.
struct scratch {
	struct window window;
	struct parse_work parse;
	struct guard_key6 key6[2];
	struct judgement judgement;
	// All that is known of an address in no prefix: entry 0 of every image. No static constant:
	// the kernel refuses BTF with one (clang gives it no offset), and without BTF libxdp does
	// not see xsk_prog_version.
	struct op25b_addr unlisted;
};

// Which interface this instance is on: set by the loader before the program is loaded.
const volatile uint32_t guard_side;          // enum op25b_side
const volatile uint32_t guard_pair;          // index of the pair of ports
const volatile uint32_t guard_drop_l2_doubt; // the pair's setting, see core/decide.h
const volatile uint32_t guard_port;          // index in the map ports

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, OP25B_MAX_WORKERS);
	__uint(key_size, sizeof(uint32_t));
	__uint(value_size, sizeof(uint32_t));
} xsks_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(uint32_t));
	__uint(value_size, sizeof(struct scratch));
} scratch SEC(".maps");

// From here on: shared by all instances through pins.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(uint32_t));
	__uint(value_size, sizeof(struct op25b_guard_control));
} control SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, OP25B_MAX_WORKERS);
	__uint(key_size, sizeof(uint32_t));
	__uint(value_size, sizeof(struct op25b_guard_beat));
} heartbeat SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); // the loader sets the capacity of dataplane.json
	__uint(key_size, sizeof(uint32_t));
	__uint(value_size, sizeof(uint64_t));
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OP25B_CELL_COUNT);
	__uint(key_size, sizeof(uint32_t));
	__uint(value_size, sizeof(struct op25b_cell));
} cells SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OP25B_CLAUSE_CELLS);
	__uint(key_size, sizeof(uint32_t));
	__uint(value_size, sizeof(struct op25b_cell));
} clauses SEC(".maps");

// Not read here: the loader keeps beside the counters what they are for, pools and lists of
// clauses.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, OP25B_POOL_SLOTS);
	__uint(key_size, sizeof(uint32_t));
	__uint(value_size, OP25B_MAX_NAME_BYTES);
} pools SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, OP25B_STAGE_SLOTS);
	__uint(key_size, sizeof(uint32_t));
	__uint(value_size, sizeof(struct op25b_stats_stage));
} stages SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OP25B_MAX_PORTS);
	__uint(key_size, sizeof(uint32_t));
	__uint(value_size, sizeof(struct op25b_guard_port));
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GUARD_CLASS_ENTRIES);
	__uint(key_size, sizeof(uint32_t));
	__uint(value_size, sizeof(struct op25b_class));
} classes SEC(".maps");

// Two sets of tries: the loader fills the idle one, then flips control.active. The inner maps are
// the loader's; what stands here is their shape.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, GUARD_TABLE_SETS);
	__uint(key_size, sizeof(uint32_t));
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_LPM_TRIE);
			__uint(map_flags, BPF_F_NO_PREALLOC);
			__uint(max_entries, 1);
			__uint(key_size, sizeof(struct guard_key4));
			__uint(value_size, sizeof(struct op25b_addr));
		});
} lpm4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, GUARD_TABLE_SETS);
	__uint(key_size, sizeof(uint32_t));
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_LPM_TRIE);
			__uint(map_flags, BPF_F_NO_PREALLOC);
			__uint(max_entries, 1);
			__uint(key_size, sizeof(struct guard_key6));
			__uint(value_size, sizeof(struct op25b_addr));
		});
} lpm6 SEC(".maps");

// Of each table set: the tunnels that are opened.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GUARD_TABLE_SETS);
	__uint(key_size, sizeof(uint32_t));
	__uint(value_size, sizeof(struct op25b_softwires));
} softwires SEC(".maps");

// What a frame is counted under.
struct outcome {
	uint32_t pool_slot;
	uint32_t reason;
	uint32_t family;
};

// The worker of this queue has turned its loop lately. Its clock may be a little ahead of ours.
static __always_inline bool worker_is_alive(const struct op25b_guard_control *ctl, uint32_t queue)
{
	volatile struct op25b_guard_beat *beat = bpf_map_lookup_elem(&heartbeat, &queue);
	uint64_t last, now, age;

	if (!beat)
		return false;
	last = beat->turn_ns;
	if (!last)
		return false;
	now = bpf_ktime_get_ns();
	age = now > last ? now - last : last - now;
	return age <= ctl->heartbeat_max_age_ns;
}

// Copies the first WINDOW_BYTES of the frame, or all of a shorter one. Returns false if it cannot.
// The clamp is in 64 bits, and masked once more behind a barrier: Linux 6.1 believes nothing less.
static __always_inline bool window_fill(struct xdp_md *ctx, struct window *w, uint64_t frame_bytes)
{
	uint64_t n = frame_bytes;

	if (n == 0)
		return false;
	if (n > WINDOW_BYTES)
		n = WINDOW_BYTES;
	__asm__ volatile("" : "+r"(n));
	n = ((n - 1) & (WINDOW_BYTES - 1)) + 1;
	return bpf_xdp_load_bytes(ctx, 0, w->b, n) == 0;
}

static __always_inline const struct op25b_addr *find4(struct scratch *s, uint32_t set,
						      uint32_t addr)
{
	struct guard_key4 key = {.depth = 32};
	uint32_t be = __builtin_bswap32(addr);
	const struct op25b_addr *found;
	void *table = bpf_map_lookup_elem(&lpm4, &set);

	if (!table)
		return &s->unlisted;
	__builtin_memcpy(key.addr_be, &be, sizeof(be));
	found = bpf_map_lookup_elem(table, &key);
	return found ? found : &s->unlisted;
}

static __always_inline const struct op25b_addr *
find6(struct scratch *s, uint32_t set, struct guard_key6 *key, const uint32_t addr_be[4])
{
	const struct op25b_addr *found;
	void *table = bpf_map_lookup_elem(&lpm6, &set);

	if (!table)
		return &s->unlisted;
	key->depth = 128;
	__builtin_memcpy(key->addr_be, addr_be, sizeof(key->addr_be));
	found = bpf_map_lookup_elem(table, key);
	return found ? found : &s->unlisted;
}

static __always_inline uint64_t *find_slot(const struct op25b_addr *sub, const struct flow *f)
{
	uint32_t index = flow_slot(f, guard_side, sub);

	return index == OP25B_NO_SLOT ? NULL : bpf_map_lookup_elem(&slots, &index);
}

static __always_inline const struct op25b_addr *find_subscriber(struct scratch *s, uint32_t set)
{
	const struct flow *f = &s->parse.flow;
	bool is_out = guard_side == SIDE_SUBSCRIBER;

	if (f->family == FAMILY_IP4)
		return find4(s, set, is_out ? f->src4 : f->dst4);
	return find6(s, set, &s->key6[0], is_out ? f->src6_be : f->dst6_be);
}

static __always_inline const struct op25b_addr *find_far(struct scratch *s, uint32_t set)
{
	const struct flow *f = &s->parse.flow;
	bool is_out = guard_side == SIDE_SUBSCRIBER;

	if (flow_far_family(f) == FAMILY_IP4)
		return find4(s, set, is_out ? f->dst4 : f->src4);
	return find6(s, set, &s->key6[1], is_out ? f->dst6_be : f->src6_be);
}

static __always_inline void count_cell(struct op25b_cell *cell, uint64_t frame_bytes)
{
	cell->packets++;
	cell->bytes += frame_bytes;
}

// Counts the frame under the clause that it met.
static __always_inline void count_clause(const struct op25b_class *class, const struct judgement *j,
					 uint64_t frame_bytes)
{
	struct op25b_cell *cell;
	uint32_t i = j->clause;

	if (i >= OP25B_MAX_CLAUSES)
		return;
	i = class->clause[i].stats_cell;
	cell = bpf_map_lookup_elem(&clauses, &i);
	if (cell)
		count_cell(cell, frame_bytes);
}

// The two look-ups and the decision.
static __always_inline void judge_flow(struct scratch *s, uint32_t set, const struct ingress *in,
				       uint64_t frame_bytes, struct outcome *out)
{
	const struct flow *f = &s->parse.flow;
	const struct op25b_addr *sub, *far;
	const struct op25b_class *class;
	struct judgement *j = &s->judgement;
	uint32_t class_key;

	s->unlisted = (struct op25b_addr){.slot_base = OP25B_NO_SLOT};
	sub = find_subscriber(s, set);
	far = find_far(s, set);
	class_key = set * OP25B_MAX_CLASSES + sub->class_id;
	class = bpf_map_lookup_elem(&classes, &class_key);
	if (!class) {
		out->reason = REASON_DROP_NO_POLICY;
		return;
	}
	decide(f, in, far, class, find_slot(sub, f), bpf_ktime_get_ns(), j);
	count_clause(class, j, frame_bytes);
	out->pool_slot = class->stats_slot;
	out->reason = j->reason;
}

// The common frame is settled where it lies, before its headers are copied. Returns false if the
// quick test does not know it. Only IPv4 right behind Ethernet: all offsets are then constants.
static __always_inline bool judge_quickly(struct xdp_md *ctx, uint64_t frame_bytes,
					  struct outcome *out)
{
	const void *data = (const void *)(unsigned long)ctx->data;
	const void *data_end = (const void *)(unsigned long)ctx->data_end;
	enum quick_kind kind;

	if (data + QUICK_MIN_BYTES > data_end || win_ld16(data, ETH_TYPE_OFF) != ETH_TYPE_IP4)
		return false;
	kind = quick_ip4(data, ETH_HEADER_BYTES, QUICK_MIN_BYTES, (uint32_t)frame_bytes);
	if (kind == QUICK_NONE)
		return false;
	out->reason = quick_reason(kind);
	out->family = FAMILY_IP4;
	return true;
}

static __always_inline void judge_frame(struct xdp_md *ctx, uint32_t set, struct outcome *out)
{
	uint64_t frame_bytes = bpf_xdp_get_buff_len(ctx);
	const struct ingress in = {
		.side = guard_side, .pair = guard_pair, .drop_l2_doubt = guard_drop_l2_doubt};
	uint32_t zero = 0;
	struct scratch *s = bpf_map_lookup_elem(&scratch, &zero);
	struct op25b_softwires *opened = bpf_map_lookup_elem(&softwires, &set);
	uint8_t reason = REASON_PASS_NOT_IP;

	if (judge_quickly(ctx, frame_bytes, out))
		return;
	// None of this can happen to a frame that a driver hands over; unread, it must not pass.
	if (!s || !opened || !window_fill(ctx, &s->window, frame_bytes)) {
		out->reason = REASON_DROP_MALFORMED;
		return;
	}
	parse(&s->window, &s->parse, frame_bytes, opened, guard_side);
	out->family = s->parse.flow.family;
	if (decide_early(&s->parse.flow, &in, &reason)) {
		out->reason = reason;
		return;
	}
	judge_flow(s, set, &in, frame_bytes, out);
	// The kernel's receive path has no way to send an answer of its own making.
	if (reason_verdict(out->reason) == VERDICT_ANSWER)
		out->reason = REASON_DROP_UNANSWERED;
}

// The dataplane does not serve this frame: say what becomes of it. The word `active` is read once,
// so that a frame is judged by one policy from beginning to end.
static __always_inline void judge(struct xdp_md *ctx, const struct op25b_guard_control *ctl,
				  struct outcome *out)
{
	uint64_t active = *(const volatile uint64_t *)&ctl->active;

	if (!active)
		out->reason = ctl->start_pass ? REASON_PASS_NO_POLICY : REASON_DROP_NO_POLICY;
	else if (ctl->on_loss == ON_LOSS_OPEN)
		out->reason = REASON_PASS_OPEN;
	else if (ctl->on_loss == ON_LOSS_CLOSED)
		out->reason = REASON_DROP_CLOSED;
	else
		judge_frame(ctx, active & 1, out);
}

static __always_inline void count(struct xdp_md *ctx, const struct outcome *out)
{
	uint32_t index = OP25B_CELL_INDEX(out->pool_slot, out->reason, out->family);
	struct op25b_cell *cell = bpf_map_lookup_elem(&cells, &index);

	if (cell)
		count_cell(cell, bpf_xdp_get_buff_len(ctx));
}

SEC("xdp")
int xsk_def_prog(struct xdp_md *ctx)
{
	struct outcome out = {.family = FAMILY_NONE};
	struct op25b_guard_control *ctl;
	struct op25b_guard_port *port;
	uint32_t zero = 0, index = guard_port;

	ctl = bpf_map_lookup_elem(&control, &zero);
	port = bpf_map_lookup_elem(&ports, &index);
	if (!ctl || !port)
		return XDP_DROP;
	port->rx_packets++;
	// The helper says itself whether a socket is there: without one it gives back its flags, 0,
	// and the frame is judged here. Asking the map first would leave a gap between the two.
	if (worker_is_alive(ctl, ctx->rx_queue_index) &&
	    bpf_redirect_map(&xsks_map, ctx->rx_queue_index, 0) == XDP_REDIRECT) {
		port->to_dataplane_packets++;
		return XDP_REDIRECT;
	}
	judge(ctx, ctl, &out);
	count(ctx, &out);
	return reason_verdict(out.reason) == VERDICT_PASS ? XDP_PASS : XDP_DROP;
}

__uint(xsk_prog_version, 1) SEC("xdp_metadata");

char guard_license[] SEC("license") = "Dual BSD/GPL";
