// SPDX-License-Identifier: BSD-3-Clause
//
// See image_build.h. Fixed room, generous for tests; image_check() has the last word.
#include "image_build.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/core/image_check.h"

#define MAX_NAME_SECTION_BYTES 65536u

struct image_build {
	struct op25b_class classes[OP25B_MAX_CLASSES];
	uint32_t class_count;
	struct op25b_addr *addrs;
	struct op25b_prefix4 *prefix4;
	struct op25b_prefix6 *prefix6;
	uint32_t addr_count, prefix4_count, prefix6_count;
	char names[MAX_NAME_SECTION_BYTES];
	uint32_t names_bytes;
	uint32_t slot_count;
	uint32_t set_count;
	struct op25b_softwires softwires;
};

static void stop_if(int wrong, const char *sentence, const char *what)
{
	if (!wrong)
		return;
	fprintf(stderr, "image_build: %s: %s\n", sentence, what);
	abort();
}

static void *grow(void *array, uint32_t count, size_t elem_bytes)
{
	// Doubles at each power of two.
	if (count & (count - 1))
		return array;
	array = realloc(array, (count ? 2 * (size_t)count : 1) * elem_bytes);
	stop_if(!array, "no memory", "realloc");
	return array;
}

static uint32_t addr_add(struct image_build *b, struct op25b_addr addr)
{
	b->addrs = grow(b->addrs, b->addr_count, sizeof(*b->addrs));
	b->addrs[b->addr_count] = addr;
	return b->addr_count++;
}

struct image_build *image_build_start(void)
{
	struct image_build *b = calloc(1, sizeof(*b));

	stop_if(!b, "no memory", "calloc");
	b->names_bytes = 1; // offset 0: the empty string
	b->class_count = 1;
	b->classes[0].pairs = OP25B_ANY_PAIR;
	addr_add(b, (struct op25b_addr){.slot_base = OP25B_NO_SLOT});
	return b;
}

void image_build_free(struct image_build *b)
{
	if (!b)
		return;
	free(b->addrs);
	free(b->prefix4);
	free(b->prefix6);
	free(b);
}

uint32_t image_build_name(struct image_build *b, const char *text)
{
	uint32_t at = 0, bytes = strlen(text) + 1;

	while (at < b->names_bytes) {
		if (strcmp(b->names + at, text) == 0)
			return at;
		at += strlen(b->names + at) + 1;
	}
	stop_if(at + bytes > sizeof(b->names), "too many names", text);
	memcpy(b->names + at, text, bytes);
	b->names_bytes = at + bytes;
	return at;
}

void image_build_pairs(struct image_build *b, uint32_t class_id, uint32_t pairs)
{
	b->classes[class_id].pairs = pairs;
}

void image_build_knobs(struct image_build *b, uint32_t class_id, uint8_t knobs)
{
	b->classes[class_id].knobs = knobs;
}

uint32_t image_build_class(struct image_build *b, const char *pool, const char *stage)
{
	struct op25b_class *c = &b->classes[b->class_count];

	stop_if(b->class_count == OP25B_MAX_CLASSES, "too many classes", pool);
	c->name = image_build_name(b, pool);
	c->stage = image_build_name(b, stage);
	c->pairs = pool[0] ? OP25B_ANY_PAIR : 0;
	return b->class_count++;
}

void image_build_clause(struct image_build *b, uint32_t class_id, struct op25b_clause clause)
{
	struct op25b_class *c = &b->classes[class_id];

	stop_if(class_id >= b->class_count || c->clause_count == OP25B_MAX_CLAUSES,
		"no such class, or too many clauses", b->names + c->name);
	c->clause[c->clause_count++] = clause;
}

uint64_t image_build_set(struct image_build *b)
{
	stop_if(b->set_count == OP25B_MAX_SETS, "too many sets", "image_build_set");
	return 1ull << b->set_count++;
}

// Mask of the lowest n bits, n up to 64.
static uint64_t low_bits(uint32_t n)
{
	return n >= 64 ? ~0ull : (1ull << n) - 1;
}

// Slots for a prefix of `depth`, of whose first address_bits bits key_bits name a subscriber.
static uint32_t slots_give(struct image_build *b, struct op25b_addr *a, uint32_t depth,
			   uint32_t key_bits, uint32_t address_bits)
{
	a->slot_base = OP25B_NO_SLOT;
	if (!key_bits)
		return OP25B_NO_SLOT;
	stop_if(key_bits > address_bits, "key_bits beyond the address", "key_bits");
	a->slot_base = b->slot_count;
	a->host_mask = depth >= address_bits ? 0 : low_bits(address_bits - depth);
	a->key_shift = address_bits - key_bits;
	b->slot_count += (a->host_mask >> a->key_shift) + 1;
	return a->slot_base;
}

static void prefix4_add(struct image_build *b, const uint8_t addr_be[4], uint32_t depth,
			uint32_t addr_id)
{
	uint32_t be;

	memcpy(&be, addr_be, sizeof(be));
	b->prefix4 = grow(b->prefix4, b->prefix4_count, sizeof(*b->prefix4));
	b->prefix4[b->prefix4_count++] =
		(struct op25b_prefix4){.addr = ntohl(be), .depth = depth, .addr_id = addr_id};
}

static void prefix6_add(struct image_build *b, const uint8_t addr_be[16], uint32_t depth,
			uint32_t addr_id)
{
	struct op25b_prefix6 p = {.depth = depth, .addr_id = addr_id};

	memcpy(p.addr_be, addr_be, sizeof(p.addr_be));
	b->prefix6 = grow(b->prefix6, b->prefix6_count, sizeof(*b->prefix6));
	b->prefix6[b->prefix6_count++] = p;
}

uint32_t image_build_prefix(struct image_build *b, const char *prefix, uint32_t class_id,
			    uint64_t sets, uint32_t key_bits)
{
	struct op25b_addr a = {.class_id = class_id, .sets = sets};
	char text[INET6_ADDRSTRLEN];
	uint8_t addr_be[16];
	unsigned int depth;
	uint32_t slot;

	stop_if(sscanf(prefix, "%45[0-9a-fA-F.:]/%u", text, &depth) != 2, "no prefix", prefix);
	if (inet_pton(AF_INET, text, addr_be) == 1) {
		slot = slots_give(b, &a, depth, key_bits, 32);
		prefix4_add(b, addr_be, depth, addr_add(b, a));
		return slot;
	}
	stop_if(inet_pton(AF_INET6, text, addr_be) != 1, "no prefix", prefix);
	slot = slots_give(b, &a, depth, key_bits, 64);
	prefix6_add(b, addr_be, depth, addr_add(b, a));
	return slot;
}

uint32_t image_build_port_sets(struct image_build *b, const char *prefix4, uint32_t class_id,
			       uint8_t psid_shift, uint8_t psid_bits)
{
	uint32_t before = b->slot_count;
	uint32_t slot = image_build_prefix(b, prefix4, class_id, 0, 32);
	struct op25b_addr *a = &b->addrs[b->addr_count - 1];

	a->psid_shift = psid_shift;
	a->psid_bits = psid_bits;
	b->slot_count = before + ((b->slot_count - before) << psid_bits);
	return slot;
}

void image_build_softwire(struct image_build *b, const char *prefix6)
{
	struct op25b_softwire *e = &b->softwires.item[b->softwires.count];
	char text[INET6_ADDRSTRLEN];
	unsigned int depth, i;

	stop_if(b->softwires.count == OP25B_MAX_SOFTWIRES, "too many softwires", prefix6);
	stop_if(sscanf(prefix6, "%45[0-9a-fA-F.:]/%u", text, &depth) != 2 || depth > 128 ||
			inet_pton(AF_INET6, text, e->addr_be) != 1,
		"no IPv6 prefix", prefix6);
	for (i = 0; i < depth; i++)
		((uint8_t *)e->mask_be)[i / 8] |= 0x80 >> i % 8;
	b->softwires.count++;
}

void image_build_skip_slots(struct image_build *b, uint32_t count)
{
	b->slot_count += count;
}

int image_compare_prefix4(const void *left, const void *right)
{
	const struct op25b_prefix4 *a = left, *b = right;

	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	return (int)a->depth - (int)b->depth;
}

int image_compare_prefix6(const void *left, const void *right)
{
	const struct op25b_prefix6 *a = left, *b = right;
	int order = memcmp(a->addr_be, b->addr_be, sizeof(a->addr_be));

	return order ? order : (int)a->depth - (int)b->depth;
}

static uint64_t section_set(struct op25b_image_hdr *hdr, enum op25b_section s, uint64_t offset,
			    uint32_t count, uint32_t elem_bytes)
{
	hdr->section[s] = (struct op25b_section_ref){offset, count, elem_bytes};
	return (offset + (uint64_t)count * elem_bytes + 7) & ~7ull;
}

static struct op25b_image_hdr header_make(const struct image_build *b, uint64_t generation)
{
	struct op25b_image_hdr hdr = {.magic = OP25B_IMAGE_MAGIC,
				      .abi_major = OP25B_IMAGE_ABI_MAJOR,
				      .generation = generation,
				      .slot_count = b->slot_count,
				      .set_count = b->set_count};
	uint64_t at = sizeof(hdr);

	at = section_set(&hdr, SECTION_CLASSES, at, b->class_count, sizeof(*b->classes));
	at = section_set(&hdr, SECTION_ADDRS, at, b->addr_count, sizeof(*b->addrs));
	at = section_set(&hdr, SECTION_PREFIX4, at, b->prefix4_count, sizeof(*b->prefix4));
	at = section_set(&hdr, SECTION_PREFIX6, at, b->prefix6_count, sizeof(*b->prefix6));
	at = section_set(&hdr, SECTION_NAMES, at, b->names_bytes, 1);
	hdr.total_bytes = section_set(&hdr, SECTION_SOFTWIRES, at, 1, sizeof(b->softwires));
	return hdr;
}

static void section_copy(char *image, enum op25b_section s, const void *elems)
{
	const struct op25b_section_ref *ref = &((struct op25b_image_hdr *)image)->section[s];

	if (ref->count)
		memcpy(image + ref->offset_bytes, elems, (size_t)ref->count * ref->elem_bytes);
}

static void detours_set(struct op25b_class *classes, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		classes[i].detour_clause = image_strictest(&classes[i]);
}

void *image_build_finish(const struct image_build *b, uint64_t generation, size_t *bytes)
{
	struct op25b_image_hdr hdr = header_make(b, generation);
	char *image = calloc(1, hdr.total_bytes);
	struct image_fault f;

	stop_if(!image, "no memory", "calloc");
	memcpy(image, &hdr, sizeof(hdr));
	section_copy(image, SECTION_CLASSES, b->classes);
	detours_set((void *)(image + hdr.section[SECTION_CLASSES].offset_bytes), b->class_count);
	section_copy(image, SECTION_ADDRS, b->addrs);
	section_copy(image, SECTION_PREFIX4, b->prefix4);
	section_copy(image, SECTION_PREFIX6, b->prefix6);
	section_copy(image, SECTION_NAMES, b->names);
	section_copy(image, SECTION_SOFTWIRES, &b->softwires);
	qsort(image + hdr.section[SECTION_PREFIX4].offset_bytes, b->prefix4_count,
	      sizeof(*b->prefix4), image_compare_prefix4);
	qsort(image + hdr.section[SECTION_PREFIX6].offset_bytes, b->prefix6_count,
	      sizeof(*b->prefix6), image_compare_prefix6);
	hdr.checksum = image_checksum(image, hdr.total_bytes);
	memcpy(image, &hdr, sizeof(hdr));
	f = image_check(image, hdr.total_bytes);
	stop_if(f.code != IMAGE_OK, "image_check() refuses the image", image_fault_text(f.code));
	*bytes = hdr.total_bytes;
	return image;
}
