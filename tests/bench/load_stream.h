// SPDX-License-Identifier: BSD-3-Clause
//
// The frames that loadgen sends into one side of the box: those of a capture, read once and kept in
// packet buffers that are sent again and again, and what becomes of each. The one core of loadgen.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

// What the box does with a frame of the capture: learnt by sending each once (load_learn.c).
enum fate {
	FATE_PASS,   // leaves on the other side, and so does every frame before anything is learnt
	FATE_ANSWER, // is answered on its own side
	FATE_DROP,
};

struct stream {
	struct rte_mbuf **frames;
	uint8_t *fate; // enum fate, of each frame
	uint32_t count;
	uint32_t next; // to be sent
};

// A copy of the frame in a buffer of the pool, without a mark. NULL: no buffer is free, or it is
// too short.
struct rte_mbuf *stream_buffer(struct rte_mempool *pool, const void *frame, uint32_t bytes);

// Reads an Ethernet capture (pcap, of either byte order). Returns NULL, or what is wrong with it:
// then nothing is loaded.
const char *stream_load(struct stream *s, const char *path, struct rte_mempool *pool);
void stream_unload(struct stream *s);

// Marks all frames as those of a trial.
void stream_mark(struct stream *s, uint8_t epoch);

// For sending a frame once more: the driver frees what it has sent, and this one is to stay.
static inline struct rte_mbuf *stream_keep(struct rte_mbuf *frame)
{
	rte_mbuf_refcnt_update(frame, 1);
	return frame;
}
