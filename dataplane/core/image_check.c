// SPDX-License-Identifier: BSD-3-Clause
//
// See image_check.h. One function per property; each may rely on the ones before it. Any thread, no
// state, no libc: the image is hostile until the last line.
#include "image_check.h"

#include "../abi/verdict_abi.h"
#include "image_view.h"
#include "refusal.h"

#define FNV1A_64_BASIS 0xcbf29ce484222325ull
#define FNV1A_64_PRIME 0x100000001b3ull
#define MAX_GENERATION (1ull << 62)

const uint32_t image_elem_bytes[SECTION_COUNT] = {
	[SECTION_CLASSES] = sizeof(struct op25b_class),
	[SECTION_ADDRS] = sizeof(struct op25b_addr),
	[SECTION_PREFIX4] = sizeof(struct op25b_prefix4),
	[SECTION_PREFIX6] = sizeof(struct op25b_prefix6),
	[SECTION_NAMES] = 1,
	[SECTION_SOFTWIRES] = sizeof(struct op25b_softwires),
};
static const uint32_t min_count[SECTION_COUNT] = {
	[SECTION_CLASSES] = 1, [SECTION_ADDRS] = 1, [SECTION_PREFIX4] = 0,
	[SECTION_PREFIX6] = 0, [SECTION_NAMES] = 1, [SECTION_SOFTWIRES] = 1,
};
static const uint32_t max_count[SECTION_COUNT] = {
	[SECTION_CLASSES] = OP25B_MAX_CLASSES,   [SECTION_ADDRS] = 2 * OP25B_MAX_PREFIXES + 1,
	[SECTION_PREFIX4] = OP25B_MAX_PREFIXES,  [SECTION_PREFIX6] = OP25B_MAX_PREFIXES,
	[SECTION_NAMES] = OP25B_MAX_IMAGE_BYTES, [SECTION_SOFTWIRES] = 1,
};

static struct image_fault fault(enum image_fault_code code, uint32_t section, uint32_t index)
{
	return (struct image_fault){code, section, index};
}

static struct image_fault header_fault(enum image_fault_code code)
{
	return fault(code, SECTION_COUNT, 0);
}

static int is_zero(const uint8_t *bytes, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		if (bytes[i])
			return 0;
	}
	return 1;
}

static uint64_t fnv1a(uint64_t hash, const uint8_t *bytes, uint64_t count)
{
	uint64_t i;

	for (i = 0; i < count; i++)
		hash = (hash ^ bytes[i]) * FNV1A_64_PRIME;
	return hash;
}

uint64_t image_checksum(const void *image, uint64_t bytes)
{
	struct op25b_image_hdr hdr = *(const struct op25b_image_hdr *)image;
	uint64_t hash;

	hdr.checksum = 0;
	hdr.generation = 0;
	hash = fnv1a(FNV1A_64_BASIS, (const uint8_t *)&hdr, sizeof(hdr));
	return fnv1a(hash, (const uint8_t *)image + sizeof(hdr), bytes - sizeof(hdr));
}

static struct image_fault check_header(const struct op25b_image_hdr *hdr, uint64_t bytes)
{
	if (bytes < sizeof(*hdr))
		return header_fault(IMAGE_TOO_SHORT);
	if (hdr->magic != OP25B_IMAGE_MAGIC)
		return header_fault(IMAGE_MAGIC);
	if (hdr->abi_major != OP25B_IMAGE_ABI_MAJOR)
		return header_fault(IMAGE_ABI);
	if (hdr->total_bytes != bytes || bytes > OP25B_MAX_IMAGE_BYTES)
		return header_fault(IMAGE_SIZE);
	if (hdr->checksum != image_checksum(hdr, bytes))
		return header_fault(IMAGE_CHECKSUM);
	if (hdr->generation == 0 || hdr->generation > MAX_GENERATION)
		return header_fault(IMAGE_GENERATION);
	if (hdr->zero || hdr->set_count > OP25B_MAX_SETS || hdr->slot_count > OP25B_MAX_SLOTS)
		return header_fault(IMAGE_HEADER_FIELD);
	return header_fault(IMAGE_OK);
}

static struct image_fault check_sections(const struct op25b_image_hdr *hdr)
{
	uint64_t free_from = sizeof(*hdr);
	uint32_t i;

	for (i = 0; i < SECTION_COUNT; i++) {
		const struct op25b_section_ref *s = &hdr->section[i];

		if (s->elem_bytes != image_elem_bytes[i] || s->offset_bytes % 8)
			return fault(IMAGE_SECTION, i, 0);
		if (s->count < min_count[i] || s->count > max_count[i])
			return fault(IMAGE_COUNT, i, s->count);
		if (s->offset_bytes < free_from || s->offset_bytes > hdr->total_bytes)
			return fault(IMAGE_SECTION, i, 0);
		if ((uint64_t)s->count * s->elem_bytes > hdr->total_bytes - s->offset_bytes)
			return fault(IMAGE_SECTION, i, 0);
		free_from = s->offset_bytes + (uint64_t)s->count * s->elem_bytes;
	}
	return header_fault(IMAGE_OK);
}

static int is_name(const struct image_view *view, uint32_t offset)
{
	uint32_t count = image_view_count(view, SECTION_NAMES);
	uint32_t i;

	for (i = 0; i < OP25B_MAX_NAME_BYTES && offset < count && i < count - offset; i++) {
		if (!view->names[offset + i])
			return 1;
	}
	return 0;
}

static int is_limit(const struct op25b_clause *cl)
{
	// The sums that core/limit.h makes of these stay below its held bit for centuries of
	// uptime.
	const uint64_t most_ns = 1ull << 60;

	return cl->interval_ns > 0 && cl->interval_ns < most_ns && cl->tolerance_ns < most_ns &&
	       cl->hold_ns < most_ns && is_refusal(cl->over);
}

// The bits of the destination sets that there are.
static uint64_t known_sets(const struct image_view *view)
{
	return (1ull << view->hdr->set_count) - 1;
}

static int is_clause(const struct op25b_clause *cl, uint64_t known)
{
	if (cl->sets != OP25B_ANY_SET && (cl->sets & ~known))
		return 0;
	if (cl->action >= ACTION_COUNT || cl->origin >= ORIGIN_COUNT || cl->stats_cell)
		return 0;
	if (cl->action == ACTION_MONITOR ? !is_refusal(cl->as) : cl->as)
		return 0;
	if (cl->action == ACTION_LIMIT)
		return is_limit(cl);
	return !cl->interval_ns && !cl->tolerance_ns && !cl->hold_ns && !cl->over;
}

static uint32_t strictness(uint8_t action)
{
	if (is_refusal(action))
		return 3;
	if (action == ACTION_LIMIT)
		return 2;
	return action == ACTION_MONITOR;
}

uint8_t image_strictest(const struct op25b_class *c)
{
	uint8_t i, best = OP25B_NO_CLAUSE;

	for (i = 0; i < c->clause_count; i++) {
		if (!c->clause[i].sets)
			continue;
		if (best == OP25B_NO_CLAUSE ||
		    strictness(c->clause[i].action) > strictness(c->clause[best].action))
			best = i;
		if (c->clause[i].sets == OP25B_ANY_SET)
			break;
	}
	return best;
}

// The statistics tell pools from what is nobody's pool by the name; where a class without one lives
// says which of the two it is.
static int is_nameless_class(const struct op25b_class *c, uint32_t index)
{
	if (c->clause_count || c->knobs)
		return 0;
	return index == 0 ? !c->pairs || c->pairs == OP25B_ANY_PAIR : !c->pairs;
}

static int is_class_head(const struct op25b_class *c, uint32_t index)
{
	if (c->stats_slot || c->knobs & ~KNOB_ALL || !is_zero(c->pad, sizeof(c->pad)) ||
	    c->clause_count > OP25B_MAX_CLAUSES)
		return 0;
	if (!c->name)
		return is_nameless_class(c, index);
	if (index == 0)
		return 0;
	if (c->knobs & KNOB_INFRA)
		return c->knobs == KNOB_INFRA && !c->clause_count;
	return c->pairs && (c->clause_count || !(c->knobs & KNOB_DRAIN));
}

// Precedence: quarantine, exception, stage.
static int is_origin_in_order(const struct op25b_class *c, uint32_t clause)
{
	return clause == 0 || c->clause[clause].origin <= c->clause[clause - 1].origin;
}

static struct image_fault check_class(const struct image_view *view, uint32_t index)
{
	const struct op25b_class *c = &view->classes[index];
	uint32_t i;

	if (!is_name(view, c->name) || !is_name(view, c->stage))
		return fault(IMAGE_NAME, SECTION_CLASSES, index);
	// The empty name is offset 0 and no other, so that it can be asked for without the names.
	if (!view->names[c->name] != !c->name)
		return fault(IMAGE_NAME, SECTION_CLASSES, index);
	if (!is_class_head(c, index))
		return fault(IMAGE_CLASS_FIELD, SECTION_CLASSES, index);
	for (i = 0; i < c->clause_count; i++) {
		if (!is_clause(&c->clause[i], known_sets(view)) || !is_origin_in_order(c, i))
			return fault(IMAGE_CLAUSE_FIELD, SECTION_CLASSES, index);
	}
	for (; i < OP25B_MAX_CLAUSES; i++) {
		if (!is_zero((const uint8_t *)&c->clause[i], sizeof(c->clause[i])))
			return fault(IMAGE_CLAUSE_FIELD, SECTION_CLASSES, index);
	}
	if (c->detour_clause != image_strictest(c))
		return fault(IMAGE_CLASS_FIELD, SECTION_CLASSES, index);
	return header_fault(IMAGE_OK);
}

static struct image_fault check_classes(const struct image_view *view)
{
	uint32_t i;

	if (!is_name(view, view->hdr->policy_name))
		return header_fault(IMAGE_NAME);
	for (i = 0; i < image_view_count(view, SECTION_CLASSES); i++) {
		struct image_fault f = check_class(view, i);

		if (f.code != IMAGE_OK)
			return f;
	}
	return header_fault(IMAGE_OK);
}

static int is_addr(const struct op25b_addr *a, const struct image_view *view)
{
	if (a->class_id >= image_view_count(view, SECTION_CLASSES) || a->key_shift > 63)
		return 0;
	if (a->psid_shift > 15 || a->psid_bits > 16 || a->psid_shift + a->psid_bits > 16)
		return 0;
	if ((a->host_mask & (a->host_mask + 1)) || !is_zero(a->pad, sizeof(a->pad)))
		return 0;
	return !(a->sets & ~(known_sets(view) | OP25B_INFRA_SET));
}

// The highest slot that addr_slot() can give is below slot_count.
static int has_slots(const struct op25b_addr *a, uint64_t slot_count)
{
	return a->slot_base < slot_count &&
	       a->host_mask >> a->key_shift < (slot_count - a->slot_base) >> a->psid_bits;
}

static struct image_fault check_addrs(const struct image_view *view)
{
	uint32_t i;

	for (i = 0; i < image_view_count(view, SECTION_ADDRS); i++) {
		const struct op25b_addr *a = &view->addrs[i];

		if (!is_addr(a, view))
			return fault(IMAGE_ADDR_FIELD, SECTION_ADDRS, i);
		if (i == 0 && (a->class_id || a->sets || a->slot_base != OP25B_NO_SLOT))
			return fault(IMAGE_ADDR_FIELD, SECTION_ADDRS, i);
		if (a->slot_base != OP25B_NO_SLOT && !has_slots(a, view->hdr->slot_count))
			return fault(IMAGE_SLOT, SECTION_ADDRS, i);
	}
	return header_fault(IMAGE_OK);
}

static struct image_fault check_prefix4(const struct image_view *view)
{
	uint32_t i;

	for (i = 0; i < image_view_count(view, SECTION_PREFIX4); i++) {
		const struct op25b_prefix4 *p = &view->prefix4[i];

		if (p->depth < 1 || p->depth > 32 || !is_zero(p->pad, sizeof(p->pad)))
			return fault(IMAGE_PREFIX, SECTION_PREFIX4, i);
		if (p->depth < 32 && (p->addr << p->depth))
			return fault(IMAGE_PREFIX, SECTION_PREFIX4, i);
		if (p->addr_id < 1 || p->addr_id >= image_view_count(view, SECTION_ADDRS))
			return fault(IMAGE_PREFIX, SECTION_PREFIX4, i);
		if (i > 0 &&
		    (p[-1].addr > p->addr || (p[-1].addr == p->addr && p[-1].depth >= p->depth)))
			return fault(IMAGE_ORDER, SECTION_PREFIX4, i);
	}
	return header_fault(IMAGE_OK);
}

// The lowest `count` of 64 bits.
static uint64_t low_bits(uint32_t count)
{
	return count < 64 ? (1ull << count) - 1 : UINT64_MAX;
}

static int has_host_bits(const struct op25b_prefix6 *p)
{
	uint32_t host = 128 - p->depth;
	uint64_t half_be[2];

	memcpy(half_be, p->addr_be, sizeof(half_be));
	if (host > 64 && __builtin_bswap64(half_be[0]) & low_bits(host - 64))
		return 1;
	return (__builtin_bswap64(half_be[1]) & low_bits(host)) != 0;
}

static struct image_fault check_prefix6(const struct image_view *view)
{
	uint32_t i;

	for (i = 0; i < image_view_count(view, SECTION_PREFIX6); i++) {
		const struct op25b_prefix6 *p = &view->prefix6[i];
		int order;

		if (p->depth < 1 || p->depth > 128 || !is_zero(p->pad, sizeof(p->pad)) ||
		    has_host_bits(p))
			return fault(IMAGE_PREFIX, SECTION_PREFIX6, i);
		if (p->addr_id < 1 || p->addr_id >= image_view_count(view, SECTION_ADDRS))
			return fault(IMAGE_PREFIX, SECTION_PREFIX6, i);
		if (view->addrs[p->addr_id].psid_bits)
			return fault(IMAGE_PREFIX, SECTION_PREFIX6, i);
		order = i > 0 ? memcmp(p[-1].addr_be, p->addr_be, sizeof(p->addr_be)) : -1;
		if (order > 0 || (order == 0 && p[-1].depth >= p->depth))
			return fault(IMAGE_ORDER, SECTION_PREFIX6, i);
	}
	return header_fault(IMAGE_OK);
}

static int is_softwire_prefix(const struct op25b_softwire *e)
{
	uint32_t i, ones = 1;

	if (!e->mask_be[0])
		return 0;
	for (i = 0; i < 4; i++) {
		uint32_t mask = __builtin_bswap32(e->mask_be[i]);

		if ((e->addr_be[i] & ~e->mask_be[i]) || (~mask & (~mask + 1)))
			return 0; // host bits, or ones behind a zero
		if (mask && !ones)
			return 0;
		ones = mask == 0xffffffff;
	}
	return 1;
}

static struct image_fault check_softwires(const struct image_view *view)
{
	const struct op25b_softwires *s = view->softwires;
	uint32_t i;

	if (s->pad || s->count > OP25B_MAX_SOFTWIRES)
		return fault(IMAGE_SOFTWIRE, SECTION_SOFTWIRES, 0);
	for (i = 0; i < OP25B_MAX_SOFTWIRES; i++) {
		const struct op25b_softwire *e = &s->item[i];

		if (i < s->count ? !is_softwire_prefix(e)
				 : !is_zero((const uint8_t *)e, sizeof(*e)))
			return fault(IMAGE_SOFTWIRE, SECTION_SOFTWIRES, i);
	}
	return header_fault(IMAGE_OK);
}

struct image_fault image_check(const void *image, uint64_t bytes)
{
	static struct image_fault (*const checks[])(const struct image_view *) = {
		check_classes, check_addrs, check_prefix4, check_prefix6, check_softwires,
	};
	struct image_fault f = check_header(image, bytes);
	struct image_view view;
	uint32_t i;

	if (f.code == IMAGE_OK)
		f = check_sections(image);
	if (f.code != IMAGE_OK)
		return f;
	image_view_init(&view, image);
	for (i = 0; i < sizeof(checks) / sizeof(checks[0]) && f.code == IMAGE_OK; i++)
		f = checks[i](&view);
	return f;
}

const char *image_fault_text(uint32_t code)
{
	static const char *const texts[] = {
#define IMAGE_FAULT_TEXT(id, text) text,
		IMAGE_FAULTS(IMAGE_FAULT_TEXT)
#undef IMAGE_FAULT_TEXT
	};

	return code < IMAGE_FAULT_COUNT ? texts[code] : "unknown fault";
}
