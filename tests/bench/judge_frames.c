// SPDX-License-Identifier: BSD-3-Clause
//
// See judge_frames.h. Reads the classic format of libpcap, which mkpcap writes, in this machine's
// byte order.
#include "judge_frames.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "judge_stop.h"

#define PCAP_MAGIC_US 0xa1b2c3d4u // draft-ietf-opsawg-pcap, section 4
#define PCAP_MAGIC_NS 0xa1b23c4du
#define PCAP_HEADER_BYTES 24u
#define PCAP_RECORD_BYTES 16u
#define LINE_BYTES 64u
#define BUFFER_OVERHEAD_BYTES (sizeof(struct rte_mbuf) + 2 * LINE_BYTES)
#define SHUFFLE_SEED 25u
#define LONGEST_BYTES 9216u // jumbo frames are judged too

struct record {
	uint32_t time[2];
	uint32_t bytes; // of the frame in the file
	uint32_t whole_bytes;
};

_Static_assert(sizeof(struct record) == PCAP_RECORD_BYTES, "as it lies in the file");

// The frame at offset *at, which then is the next one's, or NULL at the end of the file.
static const uint8_t *next_frame(const struct frames *f, size_t *at, uint32_t *bytes)
{
	const uint8_t *frame;
	struct record r;

	if (*at == f->file_bytes)
		return NULL;
	if (f->file_bytes - *at < sizeof(r))
		stop("%s ends inside the header of a frame", f->path);
	memcpy(&r, f->file + *at, sizeof(r));
	*at += sizeof(r);
	if (r.bytes != r.whole_bytes || r.bytes > LONGEST_BYTES || f->file_bytes - *at < r.bytes)
		stop("%s: the frame at byte %zu is not there as a whole", f->path, *at);
	frame = f->file + *at;
	*at += r.bytes;
	*bytes = r.bytes;
	return frame;
}

void frames_scan(struct frames *f, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t at = PCAP_HEADER_BYTES;
	uint32_t bytes, magic;
	struct stat st;

	*f = (struct frames){.path = path};
	if (fd < 0 || fstat(fd, &st))
		stop("cannot read the capture %s: %m", path);
	f->file_bytes = (size_t)st.st_size;
	if (f->file_bytes < PCAP_HEADER_BYTES)
		stop("%s is no capture: it is shorter than a capture's header", path);
	f->file = mmap(NULL, f->file_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (f->file == MAP_FAILED)
		stop("cannot map the capture %s: %m", path);
	memcpy(&magic, f->file, sizeof(magic));
	if (magic != PCAP_MAGIC_US && magic != PCAP_MAGIC_NS)
		stop("%s is no capture of this machine's byte order in libpcap's format", path);
	while (next_frame(f, &at, &bytes)) {
		f->count++;
		if (bytes > f->longest_bytes)
			f->longest_bytes = bytes;
	}
	if (!f->count)
		stop("%s holds no frame", path);
}

static uint32_t room_bytes(const struct frames *f)
{
	return RTE_ALIGN_CEIL(f->longest_bytes, LINE_BYTES) + RTE_PKTMBUF_HEADROOM;
}

uint64_t frames_memory_bytes(const struct frames *f)
{
	return (uint64_t)f->count * (room_bytes(f) + BUFFER_OVERHEAD_BYTES) +
	       2ull * rte_align32pow2(f->count + 1) * sizeof(void *);
}

// The same order each time: a generator of Marsaglia's (xorshift64).
static void shuffle(struct rte_mbuf **frame, uint32_t count)
{
	uint64_t state = SHUFFLE_SEED;
	uint32_t i;

	for (i = count - 1; i > 0; i--) {
		struct rte_mbuf *kept = frame[i];
		uint32_t other;

		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		other = (uint32_t)(state % (i + 1));
		frame[i] = frame[other];
		frame[other] = kept;
	}
}

void frames_load(struct frames *f, uint32_t index)
{
	size_t at = PCAP_HEADER_BYTES;
	const uint8_t *from;
	uint32_t bytes, i;
	char name[32];

	snprintf(name, sizeof(name), "frames%u", index);
	f->pool = rte_pktmbuf_pool_create(name, f->count, 0, 0, (uint16_t)room_bytes(f),
					  SOCKET_ID_ANY);
	f->frame = calloc(f->count, sizeof(struct rte_mbuf *));
	if (!f->pool || !f->frame)
		stop("no memory for the %u frames of %s", f->count, f->path);
	for (i = 0; i < f->count; i++)
		f->frame[i] = rte_pktmbuf_alloc(f->pool);
	shuffle(f->frame, f->count);
	for (i = 0; (from = next_frame(f, &at, &bytes)); i++)
		memcpy(rte_pktmbuf_append(f->frame[i], (uint16_t)bytes), from, bytes);
	munmap((void *)f->file, f->file_bytes);
	f->file = NULL;
}

void frames_free(struct frames *f)
{
	rte_mempool_free(f->pool);
	free(f->frame);
}
