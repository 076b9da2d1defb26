// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// What vethgen.c and vethgen.bpf.c share: the frames of the capture, and a trial. Included by both.
#ifndef OP25B_BENCH_VETHGEN_FRAME_H
#define OP25B_BENCH_VETHGEN_FRAME_H

#define VETHGEN_FRAME_BYTES 124 // of the longest frame; a map value is then 128 bytes

struct vethgen_frame {
	__u32 bytes;
	__u8 data[VETHGEN_FRAME_BYTES];
};

#define VETHGEN_BATCH 64 // frames handed to the veth before its receiver has its turn

struct vethgen_trial {
	__u32 ifindex;   // out of here
	__u32 next;      // frame of the capture that comes next; goes on from trial to trial
	__u64 batch_ns;  // from one batch to the next; 0: as fast as it goes
	__u64 sent;      // frames handed to the veth
	__u64 failed;    // of these, could not be made, which never happens
	__u64 first_ns;  // when the first batch began (CLOCK_MONOTONIC)
	__u64 last_ns;   // when the last one did
	__u64 waited_ns; // time spent waiting for a batch to be due
};

#endif
