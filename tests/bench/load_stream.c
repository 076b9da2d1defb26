// SPDX-License-Identifier: BSD-3-Clause
//
// See load_stream.h.
#include "load_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load_mark.h"

#define PCAP_MAGIC_US 0xa1b2c3d4u
#define PCAP_MAGIC_NS 0xa1b23c4du
#define PCAP_ETHERNET 1u
#define MAX_FRAME_BYTES 16384u

struct pcap_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, snap_bytes, link;
};

struct pcap_record {
	uint32_t seconds, fraction, bytes, wire_bytes;
};

struct rte_mbuf *stream_buffer(struct rte_mempool *pool, const void *frame, uint32_t bytes)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	void *at = m && bytes <= rte_pktmbuf_tailroom(m) ? rte_pktmbuf_append(m, (uint16_t)bytes)
							 : NULL;

	if (!at) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	memcpy(at, frame, bytes);
	return m;
}

static const char *add_frame(struct stream *s, struct rte_mempool *pool, uint8_t *frame,
			     uint32_t bytes)
{
	if (bytes < MARK_MIN_FRAME_BYTES)
		return "it has a frame without two MAC addresses";
	if (s->count == MARK_NUMBERS)
		return "it has more than 16777216 frames";
	// Grown by doubling, at each power of two.
	if (!(s->count & (s->count - 1))) {
		s->frames = realloc(s->frames, (2 * s->count + 1) * sizeof(s->frames[0]));
		if (!s->frames)
			abort();
	}
	s->frames[s->count] = stream_buffer(pool, frame, bytes);
	if (!s->frames[s->count])
		return "it has more or longer frames than there are buffers for (--frames)";
	s->count++;
	return NULL;
}

static const char *read_frames(struct stream *s, FILE *in, struct rte_mempool *pool, bool swap)
{
	static uint8_t frame[MAX_FRAME_BYTES];
	struct pcap_record record;
	const char *fault = NULL;

	while (!fault && fread(&record, sizeof(record), 1, in) == 1) {
		uint32_t bytes = swap ? __builtin_bswap32(record.bytes) : record.bytes;

		if (bytes != (swap ? __builtin_bswap32(record.wire_bytes) : record.wire_bytes))
			return "it has frames that are not whole";
		if (bytes > sizeof(frame) || fread(frame, 1, bytes, in) != bytes)
			return "it ends within a frame, or has one of more than 16384 bytes";
		fault = add_frame(s, pool, frame, bytes);
	}
	return fault || s->count > 0 ? fault : "it has no frames";
}

static const char *read_capture(struct stream *s, FILE *in, struct rte_mempool *pool)
{
	struct pcap_header header;
	bool swap;

	if (fread(&header, sizeof(header), 1, in) != 1)
		return "it is no capture";
	swap = header.magic == __builtin_bswap32(PCAP_MAGIC_US) ||
	       header.magic == __builtin_bswap32(PCAP_MAGIC_NS);
	if (!swap && header.magic != PCAP_MAGIC_US && header.magic != PCAP_MAGIC_NS)
		return "it is no capture";
	if ((swap ? __builtin_bswap32(header.link) : header.link) != PCAP_ETHERNET)
		return "it is no Ethernet capture";
	return read_frames(s, in, pool, swap);
}

const char *stream_load(struct stream *s, const char *path, struct rte_mempool *pool)
{
	FILE *in = fopen(path, "re");
	const char *fault = "it cannot be opened";

	stream_unload(s);
	if (in) {
		fault = read_capture(s, in, pool);
		fclose(in);
	}
	if (!fault) {
		s->fate = calloc(s->count, sizeof(s->fate[0]));
		if (!s->fate)
			abort();
		return NULL;
	}
	stream_unload(s);
	return fault;
}

void stream_mark(struct stream *s, uint8_t epoch)
{
	uint32_t i;

	for (i = 0; i < s->count; i++)
		mark_write(rte_pktmbuf_mtod(s->frames[i], uint8_t *),
			   (struct mark){MARK_PLAIN, epoch, 0});
}

void stream_unload(struct stream *s)
{
	uint32_t i;

	for (i = 0; i < s->count; i++)
		rte_pktmbuf_free(s->frames[i]);
	free(s->frames);
	free(s->fate);
	*s = (struct stream){.count = 0};
}
