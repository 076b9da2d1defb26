// SPDX-License-Identifier: BSD-3-Clause
//
// See judge_rivals.h.
#include "judge_rivals.h"

#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <string.h>

#include "judge_stop.h"
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_prefetch.h>
#include <rte_vect.h>

#define PLAIN_VERSION_IHL 0x45u // IPv4 without options, RFC 791 section 3.1
#define PROTO_OFFSET (RTE_ETHER_HDR_LEN + offsetof(struct rte_ipv4_hdr, next_proto_id))
#define CATEGORIES 1u
#define CHOICE_TRIES 4u

// Where the fields lie, counted from the protocol octet, with which rte_acl wants to begin.
#define SRC_OFFSET (offsetof(struct rte_ipv4_hdr, src_addr) - 9u)
#define DST_OFFSET (offsetof(struct rte_ipv4_hdr, dst_addr) - 9u)
#define SPORT_OFFSET (sizeof(struct rte_ipv4_hdr) - 9u)
#define DPORT_OFFSET (SPORT_OFFSET + 2u)

_Static_assert(offsetof(struct rte_ipv4_hdr, next_proto_id) == 9, "the offsets above");

enum field { FIELD_PROTO, FIELD_SRC, FIELD_DST, FIELD_SPORT, FIELD_DPORT, FIELD_COUNT };
// rte_acl reads a frame's bytes four at a time: both ports are one input.
enum input { INPUT_PROTO, INPUT_SRC, INPUT_DST, INPUT_PORTS };

RTE_ACL_RULE_DEF(acl_rule, FIELD_COUNT);

#define FIELD(index, kind, bytes, in, at)                                                          \
	{                                                                                          \
		.type = (kind), .size = (bytes), .field_index = (index), .input_index = (in),      \
		.offset = (at)                                                                     \
	}

static const struct rte_acl_field_def fields[FIELD_COUNT] = {
	FIELD(FIELD_PROTO, RTE_ACL_FIELD_TYPE_BITMASK, 1, INPUT_PROTO, 0),
	FIELD(FIELD_SRC, RTE_ACL_FIELD_TYPE_MASK, 4, INPUT_SRC, SRC_OFFSET),
	FIELD(FIELD_DST, RTE_ACL_FIELD_TYPE_MASK, 4, INPUT_DST, DST_OFFSET),
	FIELD(FIELD_SPORT, RTE_ACL_FIELD_TYPE_RANGE, 2, INPUT_PORTS, SPORT_OFFSET),
	FIELD(FIELD_DPORT, RTE_ACL_FIELD_TYPE_RANGE, 2, INPUT_PORTS, DPORT_OFFSET),
};

static const struct {
	enum rte_acl_classify_alg id;
	const char *name;
} algorithms[RIVALS_ACL_COUNT] = {
	{RTE_ACL_CLASSIFY_SCALAR, "scalar"},       {RTE_ACL_CLASSIFY_SSE, "sse"},
	{RTE_ACL_CLASSIFY_AVX2, "avx2"},           {RTE_ACL_CLASSIFY_AVX512X16, "avx512x16"},
	{RTE_ACL_CLASSIFY_AVX512X32, "avx512x32"},
};

void rivals_open(struct rivals *r, const struct image_view *v)
{
	memset(r, 0, sizeof(*r));
	rules_make(&r->rules, v);
}

void rivals_close(struct rivals *r)
{
	rules_free(&r->rules);
	rte_acl_free(r->acl);
}

const char *rivals_acl_name(uint32_t algorithm)
{
	return algorithms[algorithm].name;
}

static void add_rules(struct rivals *r)
{
	uint32_t i;

	for (i = 0; i < r->rules.count; i++) {
		const struct rule *from = &r->rules.rule[i];
		struct acl_rule rule = {
			.data = {.category_mask = 1,
				 .priority = (int32_t)from->precedence,
				 .userdata = from->ruling + 1u},
		};

		rule.field[FIELD_PROTO].value.u8 = from->proto;
		rule.field[FIELD_PROTO].mask_range.u8 = 0xff;
		rule.field[FIELD_SRC].value.u32 = from->src;
		rule.field[FIELD_SRC].mask_range.u32 = (uint32_t)__builtin_popcount(from->src_mask);
		rule.field[FIELD_DST].value.u32 = from->dst;
		rule.field[FIELD_DST].mask_range.u32 = (uint32_t)__builtin_popcount(from->dst_mask);
		rule.field[FIELD_SPORT].mask_range.u16 = UINT16_MAX;
		rule.field[FIELD_DPORT].value.u16 = from->dport;
		rule.field[FIELD_DPORT].mask_range.u16 = from->dport;
		if (rte_acl_add_rules(r->acl, (const struct rte_acl_rule *)&rule, 1))
			stop("rte_acl does not take rule %u of %u", i, r->rules.count);
	}
}

// Tries what the processor has, in turn and again, so that none is unlucky in its moment. Leaves
// the quickest in force.
static void choose_algorithm(struct rivals *r, double (*cost)(void *ctx), void *ctx)
{
	uint16_t bits = rte_vect_get_max_simd_bitwidth();
	uint32_t i;

	// DPDK keeps to 256 bits unless told otherwise.
	rte_vect_set_max_simd_bitwidth(RTE_VECT_SIMD_512);
	for (i = 0; i < CHOICE_TRIES * RIVALS_ACL_COUNT; i++) {
		double *least = &r->acl_cycles[i % RIVALS_ACL_COUNT], one;

		if (rte_acl_set_ctx_classify(r->acl, algorithms[i % RIVALS_ACL_COUNT].id))
			continue;
		one = cost(ctx);
		if (*least == 0 || one < *least)
			*least = one;
	}
	for (i = 1; i < RIVALS_ACL_COUNT; i++) {
		if (r->acl_cycles[i] != 0 && r->acl_cycles[i] < r->acl_cycles[r->acl_algorithm])
			r->acl_algorithm = i;
	}
	// The first is plain C, which every processor has.
	rte_acl_set_ctx_classify(r->acl, algorithms[r->acl_algorithm].id);
	rte_vect_set_max_simd_bitwidth(bits);
}

void rivals_build_acl(struct rivals *r, uint32_t index, double (*cost)(void *ctx), void *ctx)
{
	struct rte_acl_config config = {.num_categories = CATEGORIES, .num_fields = FIELD_COUNT};
	struct rte_acl_param param = {
		.socket_id = SOCKET_ID_ANY,
		.rule_size = RTE_ACL_RULE_SZ(FIELD_COUNT),
		.max_rule_num = r->rules.count,
	};
	char name[RTE_ACL_NAMESIZE];

	snprintf(name, sizeof(name), "acl%u", index);
	param.name = name;
	r->acl = rte_acl_create(&param);
	if (!r->acl)
		stop("no memory for %u rules of rte_acl", r->rules.count);
	add_rules(r);
	memcpy(config.defs, fields, sizeof(fields));
	if (rte_acl_build(r->acl, &config))
		stop("rte_acl cannot build its tables of %u rules", r->rules.count);
	choose_algorithm(r, cost, ctx);
}

// All headers at once: that is not slower than a few frames ahead, which is what l3fwd does.
static inline void fetch_ahead(const struct rivals *r, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		rte_prefetch0(rte_pktmbuf_mtod(r->rx[i], const void *));
}

// Notes where the addresses and ports of plain IPv4 lie.
static inline void gather(struct rivals *r, uint32_t count)
{
	uint32_t i;

	fetch_ahead(r, count);
	r->count = 0;
	for (i = 0; i < count; i++) {
		const uint8_t *frame = rte_pktmbuf_mtod(r->rx[i], const uint8_t *);
		const struct rte_ether_hdr *ether = (const struct rte_ether_hdr *)frame;

		if (ether->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
		    frame[RTE_ETHER_HDR_LEN] != PLAIN_VERSION_IHL)
			continue;
		r->data[r->count] = frame + PROTO_OFFSET;
		r->place[r->count++] = (uint8_t)i;
	}
}

void rivals_acl(struct rivals *r, uint32_t count)
{
	gather(r, count);
	rte_acl_classify(r->acl, r->data, r->found, r->count, CATEGORIES);
}

static uint32_t scan_one(const struct rules *rules, const uint8_t *data)
{
	uint32_t src_be, dst_be, src, dst, i;
	uint16_t dport_be, dport;

	memcpy(&src_be, data + SRC_OFFSET, sizeof(src_be));
	memcpy(&dst_be, data + DST_OFFSET, sizeof(dst_be));
	memcpy(&dport_be, data + DPORT_OFFSET, sizeof(dport_be));
	src = rte_be_to_cpu_32(src_be);
	dst = rte_be_to_cpu_32(dst_be);
	dport = rte_be_to_cpu_16(dport_be);
	for (i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->rule[i];

		if ((src & rule->src_mask) == rule->src && (dst & rule->dst_mask) == rule->dst &&
		    dport == rule->dport && data[0] == rule->proto)
			return rule->ruling + 1u;
	}
	return 0;
}

void rivals_scan(struct rivals *r, uint32_t count)
{
	uint32_t i;

	gather(r, count);
	for (i = 0; i < r->count; i++)
		r->found[i] = scan_one(&r->rules, r->data[i]);
}

void rivals_rulings(const struct rivals *r, uint32_t count, uint8_t ruling[WORKER_BURST])
{
	uint32_t i;

	memset(ruling, RULING_PASS, count);
	for (i = 0; i < r->count; i++)
		ruling[r->place[i]] = r->found[i] ? (uint8_t)(r->found[i] - 1) : RULING_PASS;
}

void rivals_touch(struct rivals *r, uint32_t count)
{
	uint32_t i;

	fetch_ahead(r, count);
	for (i = 0; i < count; i++)
		r->touched += *rte_pktmbuf_mtod(r->rx[i], const uint32_t *);
}
