// SPDX-License-Identifier: BSD-3-Clause
//
// Policy -> image of what is in force at one moment: lays out the sections of abi/image_abi.h. The
// same policy in the same period gives the same bytes but for the generation.
#include <stdlib.h>
#include <string.h>

#include "../../dataplane/core/image_check.h"
#include "cover.h"
#include "model.h"

#define NS_PER_S 1000000000ull
#define SECTION_ALIGN 8u

// Texts of the names section. Sized beforehand: each pool name, each stage id, the policy's name.
struct names {
	char *text;
	uint32_t bytes;
};

struct image_parts {
	struct op25b_class *classes;
	struct cover cover;
	struct names names;
	uint32_t policy_name; // offset in names
	struct op25b_softwires softwires;
};

static void names_init(struct names *names, const struct policy *p)
{
	size_t texts = 2 + p->pool_count + p->stage_count;

	names->text = policy_alloc(texts, OP25B_MAX_NAME_BYTES);
	names->bytes = 1; // offset 0: the empty string
}

static uint32_t names_add(struct names *names, const char *name)
{
	uint32_t offset = names->bytes;
	size_t bytes = strlen(name) + 1;

	memcpy(names->text + offset, name, bytes);
	names->bytes += (uint32_t)bytes;
	return offset;
}

static void clause_compile(const struct clause *clause, struct op25b_clause *out)
{
	const struct limit *l = clause->limit;

	out->sets = clause->sets;
	out->action = clause->action;
	out->as = clause->as;
	if (!l)
		return;
	out->interval_ns = l->window_s * NS_PER_S / l->max;
	out->tolerance_ns = (l->burst - 1) * out->interval_ns;
	out->hold_ns = l->hold_s * NS_PER_S;
	out->over = l->over;
}

static uint32_t pool_pairs(const struct pool *pool, const uint8_t pair_numbers[POLICY_MAX_PAIRS])
{
	uint32_t pairs = 0;
	size_t i;

	for (i = 0; i < pool->pair_count; i++)
		pairs |= 1u << pair_numbers[pool->pairs[i]];
	return pool->pair_count ? pairs : OP25B_ANY_PAIR;
}

// Class 0, then one class a pool in the order of the file, then that of exempt addresses.
static struct op25b_class *classes_compile(const struct policy *p, int64_t at_s,
					   const uint8_t pair_numbers[POLICY_MAX_PAIRS],
					   struct names *names)
{
	struct op25b_class *classes = policy_alloc(p->pool_count + 2, sizeof(*classes));
	uint32_t *stage_name = policy_alloc(p->stage_count, sizeof(*stage_name));
	size_t i, j;

	classes[0].pairs = p->default_action == ACTION_PERMIT ? OP25B_ANY_PAIR : 0;
	classes[0].detour_clause = OP25B_NO_CLAUSE;
	classes[p->pool_count + 1].detour_clause = OP25B_NO_CLAUSE; // exempt addresses
	for (i = 0; i < p->pool_count; i++) {
		const struct stage *s = policy_stage_at(p, (uint32_t)i, at_s);
		struct op25b_class *c = &classes[i + 1];

		c->name = names_add(names, p->pools[i].name);
		c->pairs = pool_pairs(&p->pools[i], pair_numbers);
		c->knobs = p->pools[i].knobs;
		c->detour_clause = OP25B_NO_CLAUSE;
		if (!s)
			continue;
		if (!stage_name[s - p->stages])
			stage_name[s - p->stages] = names_add(names, s->id);
		c->stage = stage_name[s - p->stages];
		c->clause_count = (uint8_t)s->clause_count;
		for (j = 0; j < s->clause_count; j++)
			clause_compile(&s->clauses[j], &c->clause[j]);
		c->detour_clause = image_strictest(c);
	}
	free(stage_name);
	return classes;
}

// The start of the period that at_s lies in: two compilations in it name the same content.
static int64_t period_start_s(const struct policy *p, int64_t at_s)
{
	int64_t start_s = POLICY_ALWAYS;
	size_t i;

	for (i = 0; i < p->stage_count; i++) {
		if (p->stages[i].from_s <= at_s && p->stages[i].from_s > start_s)
			start_s = p->stages[i].from_s;
	}
	return start_s == POLICY_ALWAYS ? 0 : start_s;
}

// Sections one after the other. Returns the size of the image.
static uint64_t header_layout(struct op25b_image_hdr *hdr, const uint32_t counts[SECTION_COUNT])
{
	uint64_t offset = sizeof(*hdr);
	size_t i;

	for (i = 0; i < SECTION_COUNT; i++) {
		offset = (offset + SECTION_ALIGN - 1) & ~(uint64_t)(SECTION_ALIGN - 1);
		hdr->section[i] =
			(struct op25b_section_ref){offset, counts[i], image_elem_bytes[i]};
		offset += (uint64_t)counts[i] * image_elem_bytes[i];
	}
	return offset;
}

static void write_prefixes(const struct cover *cover, char *image,
			   const struct op25b_image_hdr *hdr)
{
	struct op25b_prefix4 *prefix4 =
		(void *)(image + hdr->section[SECTION_PREFIX4].offset_bytes);
	struct op25b_prefix6 *prefix6 =
		(void *)(image + hdr->section[SECTION_PREFIX6].offset_bytes);
	size_t i;

	for (i = 0; i < cover->count; i++) {
		const struct prefix *p = &cover->prefixes[i].prefix;

		if (p->family == FAMILY_IP4) {
			prefix4->addr = (uint32_t)(p->hi >> 32);
			prefix4->depth = p->depth;
			prefix4++->addr_id = cover->prefixes[i].addr_id;
		} else {
			prefix_bytes(p, prefix6->addr_be);
			prefix6->depth = p->depth;
			prefix6++->addr_id = cover->prefixes[i].addr_id;
		}
	}
}

static void softwires_compile(const struct policy *p, struct op25b_softwires *out)
{
	uint32_t bit;
	size_t i;

	*out = (struct op25b_softwires){.count = (uint32_t)p->softwire_count};
	for (i = 0; i < p->softwire_count; i++) {
		prefix_bytes(&p->softwires[i], (uint8_t *)out->item[i].addr_be);
		for (bit = 0; bit < p->softwires[i].depth; bit++)
			((uint8_t *)out->item[i].mask_be)[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	}
}

static void section_write(char *image, enum op25b_section section, const void *from)
{
	const struct op25b_section_ref *ref = &((struct op25b_image_hdr *)image)->section[section];

	memcpy(image + ref->offset_bytes, from, (size_t)ref->count * ref->elem_bytes);
}

static void *image_write(const struct policy *p, const struct compile_request *r,
			 const struct image_parts *parts, uint64_t slot_count, size_t *bytes)
{
	const uint32_t counts[SECTION_COUNT] = {
		[SECTION_CLASSES] = (uint32_t)p->pool_count + 2,
		[SECTION_ADDRS] = (uint32_t)parts->cover.addr_count,
		[SECTION_PREFIX4] = (uint32_t)parts->cover.count4,
		[SECTION_PREFIX6] = (uint32_t)(parts->cover.count - parts->cover.count4),
		[SECTION_NAMES] = parts->names.bytes,
		[SECTION_SOFTWIRES] = 1,
	};
	struct op25b_image_hdr hdr = {.magic = OP25B_IMAGE_MAGIC,
				      .abi_major = OP25B_IMAGE_ABI_MAJOR,
				      .generation = r->generation,
				      .policy_time_s = period_start_s(p, r->at_s),
				      .slot_count = slot_count,
				      .policy_name = parts->policy_name,
				      .set_count = (uint32_t)p->set_count};
	char *image;

	hdr.total_bytes = header_layout(&hdr, counts);
	image = policy_alloc(hdr.total_bytes, 1);
	memcpy(image, &hdr, sizeof(hdr));
	section_write(image, SECTION_CLASSES, parts->classes);
	section_write(image, SECTION_ADDRS, parts->cover.addrs);
	section_write(image, SECTION_NAMES, parts->names.text);
	section_write(image, SECTION_SOFTWIRES, &parts->softwires);
	write_prefixes(&parts->cover, image, &hdr);
	((struct op25b_image_hdr *)image)->checksum = image_checksum(image, hdr.total_bytes);
	*bytes = hdr.total_bytes;
	return image;
}

bool policy_compile(const struct policy *p, const struct compile_request *r, void **image,
		    size_t *bytes, struct diag *d)
{
	struct image_parts parts = {0};
	struct image_fault fault;
	uint8_t pair_numbers[POLICY_MAX_PAIRS];
	struct slot_plan plan;

	*image = NULL;
	*bytes = 0;
	if (!policy_pairs(p, r, pair_numbers, d) || !slots_plan(p, r, &plan, d))
		return false;
	names_init(&parts.names, p);
	parts.policy_name = names_add(&parts.names, p->name);
	parts.classes = classes_compile(p, r->at_s, pair_numbers, &parts.names);
	softwires_compile(p, &parts.softwires);
	cover_make(p, r->at_s, &plan, &parts.cover);
	*image = image_write(p, r, &parts, plan.slot_count, bytes);
	free(parts.classes);
	free(parts.names.text);
	cover_free(&parts.cover);
	slots_free(&plan);
	fault = image_check(*image, *bytes);
	if (fault.code == IMAGE_OK)
		return true;
	diag_error(d, "", "internal: the compiled image is bad: %s (section %u, element %u)",
		   image_fault_text(fault.code), fault.section, fault.index);
	free(*image);
	*image = NULL;
	return false;
}
