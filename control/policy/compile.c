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

// Texts of the names section. Sized beforehand: names of pools, infrastructures and stages, and the
// policy's.
struct names {
	char *text;
	uint32_t bytes;
};

struct image_parts {
	struct class_parts class_parts;
	struct op25b_class *classes;
	struct cover cover;
	struct names names;
	uint32_t policy_name; // offset in names
	struct op25b_softwires softwires;
};

static void names_init(struct names *names, const struct policy *p)
{
	size_t texts = 2 + p->pool_count + p->infra_count + p->stage_count;

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

static void clause_compile(const struct clause *clause, const struct pool *pool,
			   struct op25b_clause *out)
{
	const struct limit *l = clause->limit;

	out->sets = clause_sets(clause, pool);
	out->action = clause->action;
	out->as = clause->as;
	out->origin = ORIGIN_STAGE;
	if (!l)
		return;
	out->interval_ns = l->window_s * NS_PER_S / l->max;
	out->tolerance_ns = (l->burst - 1) * out->interval_ns;
	out->hold_ns = l->hold_s * NS_PER_S;
	out->over = l->over;
}

static uint32_t homes_pairs(const struct homes *homes, const uint8_t pair_numbers[POLICY_MAX_PAIRS])
{
	uint32_t pairs = 0;
	size_t i;

	for (i = 0; i < homes->pair_count; i++)
		pairs |= 1u << pair_numbers[homes->pairs[i]];
	return homes->pair_count ? pairs : OP25B_ANY_PAIR;
}

// Of a pool with the stage that is active on it.
static void pool_class(const struct in_force *f, size_t index, const uint8_t *pair_numbers,
		       struct op25b_class *c)
{
	const struct pool *pool = &f->policy->pools[index];
	const struct stage *s = f->stages[index];
	size_t i;

	c->pairs = homes_pairs(&pool->homes, pair_numbers);
	c->knobs = pool->knobs;
	for (i = 0; s && i < s->clause_count; i++)
		clause_compile(&s->clauses[i], pool, &c->clause[c->clause_count++]);
	if (c->clause_count && stage_is_draining(f->policy, s, f->moment))
		c->knobs |= KNOB_DRAIN;
}

// Of a part of a pool, from the class of the whole. A quarantine leaves nothing of the stage, and
// nothing of what the pool lets pass in doubt; the clause of exceptions stands in front of the
// stage's.
static void part_class(const struct class_part *part, const struct op25b_class *pool,
		       struct op25b_class *c)
{
	const struct op25b_clause permit = {.sets = part->sets, .action = ACTION_PERMIT};

	*c = *pool;
	if (part->action == ACTION_PERMIT) {
		memmove(&c->clause[1], &c->clause[0], c->clause_count * sizeof(c->clause[0]));
		c->clause[0] = permit;
		c->clause[0].origin = ORIGIN_EXCEPTION;
		c->clause_count++;
		return;
	}
	memset(c->clause, 0, sizeof(c->clause));
	c->stage = 0;
	c->knobs &= (uint8_t) ~(KNOB_DRAIN | KNOB_PASS_EH_LIMIT | KNOB_PASS_FRAG_CHAIN);
	c->clause_count = 0;
	if (part->sets)
		c->clause[c->clause_count++] = permit;
	c->clause[c->clause_count++] =
		(struct op25b_clause){.sets = OP25B_ANY_SET, .action = part->action};
	c->clause[0].origin = c->clause[c->clause_count - 1].origin = ORIGIN_QUARANTINE;
}

// In the order that model.h says.
static struct op25b_class *classes_compile(const struct in_force *f,
					   const struct class_parts *parts,
					   const uint8_t pair_numbers[POLICY_MAX_PAIRS],
					   struct names *names)
{
	const struct policy *p = f->policy;
	struct op25b_class *classes = policy_alloc(classes_count(parts), sizeof(*classes));
	uint32_t *stage_name = policy_alloc(p->stage_count, sizeof(*stage_name));
	struct op25b_class *part = &classes[policy_infra_class(p, (uint32_t)p->infra_count)];
	size_t i;

	classes[0].pairs = p->default_action == ACTION_PERMIT ? OP25B_ANY_PAIR : 0;
	for (i = 0; i < p->pool_count; i++) {
		const struct stage *s = f->stages[i];
		struct op25b_class *c = &classes[policy_pool_class((uint32_t)i)];

		c->name = names_add(names, p->pools[i].name);
		if (s && !stage_name[s - p->stages])
			stage_name[s - p->stages] = names_add(names, s->name);
		c->stage = s ? stage_name[s - p->stages] : 0;
		pool_class(f, i, pair_numbers, c);
	}
	for (i = 0; i < p->infra_count; i++) {
		const struct infra *infra = &p->infra[i];
		struct op25b_class *c = &classes[policy_infra_class(p, (uint32_t)i)];

		c->name = names_add(names, infra->name);
		c->pairs = infra->on_network_side ? 0 : homes_pairs(&infra->homes, pair_numbers);
		c->knobs = KNOB_INFRA;
	}
	for (i = 0; i < parts->count; i++)
		part_class(&parts->items[i], &classes[policy_pool_class(parts->items[i].pool)],
			   &part[i]);
	for (i = 0; i < classes_count(parts); i++)
		classes[i].detour_clause = image_strictest(&classes[i]);
	free(stage_name);
	return classes;
}

// The start of the period that the moment lies in: two compilations in it name the same content.
static int64_t period_start_s(const struct policy *p, const struct moment *m)
{
	int64_t start_s = policy_period_start(p, m);

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

static void *image_write(const struct in_force *f, const struct compile_request *r,
			 const struct image_parts *parts, uint64_t slot_count, size_t *bytes)
{
	const uint32_t counts[SECTION_COUNT] = {
		[SECTION_CLASSES] = (uint32_t)classes_count(&parts->class_parts),
		[SECTION_ADDRS] = (uint32_t)parts->cover.addr_count,
		[SECTION_PREFIX4] = (uint32_t)parts->cover.count4,
		[SECTION_PREFIX6] = (uint32_t)(parts->cover.count - parts->cover.count4),
		[SECTION_NAMES] = parts->names.bytes,
		[SECTION_SOFTWIRES] = 1,
	};
	struct op25b_image_hdr hdr = {.magic = OP25B_IMAGE_MAGIC,
				      .abi_major = OP25B_IMAGE_ABI_MAJOR,
				      .generation = r->generation,
				      .policy_time_s = period_start_s(f->policy, f->moment),
				      .slot_count = slot_count,
				      .policy_name = parts->policy_name,
				      .set_count = f->set_count};
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

// Both are seen to when a policy is loaded.
static bool check_counts(const struct in_force *f, const struct class_parts *parts, struct diag *d)
{
	size_t i;

	if (classes_count(parts) > OP25B_MAX_CLASSES) {
		classes_refuse(f->policy, classes_count(parts), f->moment->at_s, d);
		return false;
	}
	for (i = 0; i < parts->count; i++) {
		const struct class_part *part = &parts->items[i];
		const struct stage *s = f->stages[part->pool];

		if (part->action != ACTION_PERMIT || !s || s->clause_count < OP25B_MAX_CLAUSES)
			continue;
		diag_error(d, s->body_place,
			   "has %zu clauses; with exceptions in pool \"%s\" at most %u are allowed",
			   s->clause_count, f->policy->pools[part->pool].name,
			   OP25B_MAX_CLAUSES - 1);
		return false;
	}
	return true;
}

// Lays all parts out and writes them. Returns NULL with an error in d.
static void *image_make(const struct in_force *f, const struct compile_request *r,
			const struct slot_plan *plan, const uint8_t pair_numbers[POLICY_MAX_PAIRS],
			size_t *bytes, struct diag *d)
{
	const struct policy *p = f->policy;
	struct image_parts parts = {0};
	void *image = NULL;

	class_parts_init(&parts.class_parts, p);
	cover_make(f, plan, &parts.class_parts, &parts.cover);
	if (check_counts(f, &parts.class_parts, d)) {
		names_init(&parts.names, p);
		parts.policy_name = names_add(&parts.names, p->name);
		parts.classes = classes_compile(f, &parts.class_parts, pair_numbers, &parts.names);
		softwires_compile(p, &parts.softwires);
		image = image_write(f, r, &parts, plan->slot_count, bytes);
	}
	free(parts.classes);
	free(parts.names.text);
	cover_free(&parts.cover);
	class_parts_free(&parts.class_parts);
	return image;
}

bool policy_compile(const struct policy *p, const struct compile_request *r, void **image,
		    size_t *bytes, struct diag *d)
{
	uint8_t pair_numbers[POLICY_MAX_PAIRS];
	struct image_fault fault;
	struct slot_plan plan;
	struct in_force f;

	*image = NULL;
	*bytes = 0;
	if (!policy_pairs(p, r, pair_numbers, d) || !slots_plan(p, r, &plan, d))
		return false;
	if (in_force_make(&f, p, &r->moment, d)) {
		*image = image_make(&f, r, &plan, pair_numbers, bytes, d);
		in_force_free(&f);
	}
	slots_free(&plan);
	if (!*image)
		return false;
	fault = image_check(*image, *bytes);
	if (fault.code == IMAGE_OK)
		return true;
	diag_error(d, "", "internal: the compiled image is bad: %s (section %u, element %u)",
		   image_fault_text(fault.code), fault.section, fault.index);
	free(*image);
	*image = NULL;
	return false;
}
