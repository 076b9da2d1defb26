// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// The generator's half in the kernel: writes the next frame of the capture over the frame that the
// kernel made for it and sends it out of a veth as a NIC's driver would hand it over, without a
// socket buffer. vethgen_drop and vethgen_pass stand at the other end of a veth: nothing but the
// driver's receive path, and nothing but an XDP program in front of the stack.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "vethgen_frame.h"

#define LONG_STEP_NS 5000

// Set by vethgen.c: before the program is loaded, and between two trials.
const volatile __u32 vethgen_count;
struct vethgen_trial vethgen_trial;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); // the loader sets the number of frames
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct vethgen_frame));
} frames SEC(".maps");

struct wait {
	__u64 due_ns;
	__u64 now_ns;
	__u64 waited_ns;
};

// For bpf_loop(): looks at the clock, and ends the loop when the time has come. A look that took
// long was interrupted: others had the CPU, and that is not this thread's time.
static long wait_step(__u32 index, struct wait *w)
{
	__u64 now = bpf_ktime_get_ns(), step = now - w->now_ns;

	(void)index;
	w->now_ns = now;
	if (step < LONG_STEP_NS)
		w->waited_ns += step;
	return now >= w->due_ns;
}

// Before each batch: waits until it is due. The wait is measured, so that it can be told from work;
// nobody can sleep here, and leaving the kernel between batches costs a grace period of RCU.
static __always_inline void pace(struct vethgen_trial *t)
{
	struct wait w = {.now_ns = bpf_ktime_get_ns()};

	if (!t->sent)
		t->first_ns = w.now_ns;
	w.due_ns = t->first_ns + t->sent / VETHGEN_BATCH * t->batch_ns;
	if (w.now_ns < w.due_ns)
		bpf_loop(1 << 22, wait_step, &w, 0);
	t->last_ns = w.now_ns;
	t->waited_ns += w.waited_ns;
}

SEC("xdp")
int vethgen_send(struct xdp_md *ctx)
{
	struct vethgen_trial *t = &vethgen_trial;
	__u32 index = t->next, have, bytes;
	struct vethgen_frame *frame = bpf_map_lookup_elem(&frames, &index);

	if (t->sent % VETHGEN_BATCH == 0)
		pace(t);
	t->sent++;
	t->next = index + 1 < vethgen_count ? index + 1 : 0;
	if (!frame)
		goto failed;
	bytes = frame->bytes;
	if (bytes < 1 || bytes > VETHGEN_FRAME_BYTES)
		goto failed;
	have = bpf_xdp_get_buff_len(ctx);
	if (have != bytes && bpf_xdp_adjust_tail(ctx, (int)bytes - (int)have))
		goto failed;
	// A clamp by mask, behind a barrier: the verifier of Linux 6.1 believes nothing less.
	__asm__ volatile("" : "+r"(bytes));
	bytes = ((bytes - 1) & 127) + 1;
	if (bytes > VETHGEN_FRAME_BYTES || bpf_xdp_store_bytes(ctx, 0, frame->data, bytes))
		goto failed;
	return bpf_redirect(t->ifindex, 0);
failed:
	t->failed++;
	return XDP_DROP;
}

SEC("xdp")
int vethgen_drop(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_DROP;
}

SEC("xdp")
int vethgen_pass(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

char vethgen_license[] SEC("license") = "Dual BSD/GPL";
