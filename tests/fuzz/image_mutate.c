// SPDX-License-Identifier: BSD-3-Clause
//
// Mutations of a policy image for libFuzzer: some of the bytes, a field of one element, or an
// element more or less; then, mostly, what hangs together is made to fit again, so that
// image_check() has to look further than the checksum.
#include "dataplane/core/image_check.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "tests/unit/image_build.h"

#define CLASS_HEAD_BYTES offsetof(struct op25b_class, clause)
#define MOST_BLOCK_BYTES 256u
_Static_assert(sizeof(struct op25b_image_hdr) <= MOST_BLOCK_BYTES, "the header is one block");

// Where the elements of a section lie, or NULL if they do not lie inside the image.
static uint8_t *section_at(uint8_t *image, size_t bytes, uint32_t section, uint32_t *count)
{
	const struct op25b_section_ref *s = &((struct op25b_image_hdr *)image)->section[section];

	*count = s->count;
	if (s->offset_bytes < sizeof(struct op25b_image_hdr) || s->offset_bytes > bytes ||
	    s->offset_bytes % 8 ||
	    (uint64_t)s->count * image_elem_bytes[section] > bytes - s->offset_bytes)
		return NULL;
	return image + s->offset_bytes;
}

// Mutates the bytes and keeps their number.
static void mutate_in_place(uint8_t *at, size_t bytes)
{
	uint8_t block[MOST_BLOCK_BYTES];
	size_t kept;

	memcpy(block, at, bytes);
	kept = LLVMFuzzerMutate(block, bytes, bytes);
	memset(block + kept, 0, bytes - kept);
	memcpy(at, block, bytes);
}

static void mutate_element(uint8_t *image, size_t bytes, uint32_t *random)
{
	uint32_t section = fuzz_random(random) % SECTION_COUNT, count, elem, part;
	uint8_t *at = section_at(image, bytes, section, &count);

	if (!at || !count)
		return;
	elem = image_elem_bytes[section];
	at += fuzz_random(random) % count * elem;
	part = fuzz_random(random);
	if (section == SECTION_CLASSES && part % 2)
		mutate_in_place(at, CLASS_HEAD_BYTES);
	else if (section == SECTION_CLASSES)
		mutate_in_place(at + CLASS_HEAD_BYTES + part / 2 % 4 * sizeof(struct op25b_clause),
				sizeof(struct op25b_clause));
	else if (section == SECTION_SOFTWIRES)
		mutate_in_place(at, 8 + part % 4 * sizeof(struct op25b_softwire));
	else
		mutate_in_place(at, elem);
}

// Doubles or takes out an element; what lies behind moves by so many bytes, rounded to 8.
static size_t resize_section(uint8_t *image, size_t bytes, size_t most_bytes, uint32_t *random)
{
	struct op25b_image_hdr *hdr = (struct op25b_image_hdr *)image;
	uint32_t section = fuzz_random(random) % SECTION_SOFTWIRES, count, i;
	uint8_t *at = section_at(image, bytes, section, &count);
	uint32_t elem = image_elem_bytes[section], room = (elem + 7) & ~7u;
	bool grows = fuzz_random(random) % 2;
	uint8_t *end;

	if (!at || !count || (grows && bytes + room > most_bytes))
		return bytes;
	end = at + (size_t)count * elem;
	if (grows) {
		memmove(end + room, end, (size_t)(image + bytes - end));
		memcpy(end, at + fuzz_random(random) % count * elem, elem);
		hdr->section[section].count++;
	} else {
		if (room > elem)
			return bytes;
		memmove(end - room, end, (size_t)(image + bytes - end));
		hdr->section[section].count--;
	}
	for (i = section + 1; i < SECTION_COUNT; i++)
		hdr->section[i].offset_bytes += grows ? room : -(uint64_t)room;
	return grows ? bytes + room : bytes - room;
}

static void repair_clauses(struct op25b_class *c)
{
	uint32_t i;

	for (i = 0; i < c->clause_count; i++) {
		c->clause[i].stats_cell = 0;
		c->clause[i].origin %= ORIGIN_COUNT;
		if (i > 0 && c->clause[i].origin > c->clause[i - 1].origin)
			c->clause[i].origin = c->clause[i - 1].origin;
	}
}

static void repair_classes(uint8_t *at, uint32_t count)
{
	struct op25b_class *c = (struct op25b_class *)at;

	for (; at && count > 0; count--, c++) {
		c->clause_count %= OP25B_MAX_CLAUSES + 1;
		c->stats_slot = 0;
		memset(c->pad, 0, sizeof(c->pad));
		repair_clauses(c);
		c->detour_clause = image_strictest(c);
	}
}

static void repair_prefixes(uint8_t *at4, uint32_t count4, uint8_t *at6, uint32_t count6)
{
	struct op25b_prefix4 *p4 = (struct op25b_prefix4 *)at4;
	struct op25b_prefix6 *p6 = (struct op25b_prefix6 *)at6;
	uint32_t i, bit;

	for (i = 0; p4 && i < count4; i++) {
		if (p4[i].depth < 1 || p4[i].depth > 32)
			p4[i].depth = p4[i].depth % 32 + 1;
		p4[i].addr &= ~0u << (32 - p4[i].depth);
		memset(p4[i].pad, 0, sizeof(p4[i].pad));
	}
	for (i = 0; p6 && i < count6; i++) {
		if (p6[i].depth < 1 || p6[i].depth > 128)
			p6[i].depth = p6[i].depth % 128 + 1;
		for (bit = p6[i].depth; bit < 128; bit++)
			p6[i].addr_be[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
		memset(p6[i].pad, 0, sizeof(p6[i].pad));
	}
	if (p4)
		qsort(p4, count4, sizeof(*p4), image_compare_prefix4);
	if (p6)
		qsort(p6, count6, sizeof(*p6), image_compare_prefix6);
}

static void repair_content(uint8_t *image, size_t bytes)
{
	uint32_t classes, count4, count6;
	uint8_t *at = section_at(image, bytes, SECTION_CLASSES, &classes);
	uint8_t *at4 = section_at(image, bytes, SECTION_PREFIX4, &count4);
	uint8_t *at6 = section_at(image, bytes, SECTION_PREFIX6, &count6);

	repair_classes(at, classes);
	repair_prefixes(at4, count4, at6, count6);
}

static void repair_header(uint8_t *image, size_t bytes)
{
	struct op25b_image_hdr *hdr = (struct op25b_image_hdr *)image;
	uint32_t i;

	hdr->magic = OP25B_IMAGE_MAGIC;
	hdr->abi_major = OP25B_IMAGE_ABI_MAJOR;
	hdr->zero = 0;
	hdr->total_bytes = bytes;
	hdr->generation |= 1;
	for (i = 0; i < SECTION_COUNT; i++)
		hdr->section[i].elem_bytes = image_elem_bytes[i];
	hdr->checksum = image_checksum(image, bytes);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most_bytes, unsigned int seed)
{
	uint32_t random = seed, what = fuzz_random(&random) % 16;

	if (bytes < sizeof(struct op25b_image_hdr) || what == 0)
		return LLVMFuzzerMutate(data, bytes, most_bytes);
	if (what == 1)
		bytes = LLVMFuzzerMutate(data, bytes, most_bytes);
	else if (what == 2)
		mutate_in_place(data, sizeof(struct op25b_image_hdr));
	else if (what < 6)
		bytes = resize_section(data, bytes, most_bytes, &random);
	else
		mutate_element(data, bytes, &random);
	if (bytes < sizeof(struct op25b_image_hdr))
		return bytes;
	if (fuzz_random(&random) % 2)
		repair_content(data, bytes);
	repair_header(data, bytes);
	return bytes;
}
