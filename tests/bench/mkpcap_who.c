// SPDX-License-Identifier: BSD-3-Clause
//
// Reads the prefixes of subscribers and draws addresses. Subscriber n of c prefixes is number n / c
// of prefix n % c (in a prefix that has fewer, it begins again), so that few subscribers meet many
// prefixes already; in 10.0.0.0/8 alone he is 10.0.0.0 + n. Single thread.
#include "mkpcap_who.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BITS = 56, LINE_BYTES = 128 };

static bool list_add(struct who_list *list, struct who_prefix prefix)
{
	struct who_prefix *grown;

	if (list->count == list->room) {
		list->room = list->room ? 2 * list->room : 1024;
		grown = reallocarray(list->prefixes, list->room, sizeof(prefix));
		if (!grown) {
			fprintf(stderr, "mkpcap: there is no memory for %zu prefixes.\n",
				list->room);
			return false;
		}
		list->prefixes = grown;
	}
	list->prefixes[list->count++] = prefix;
	return true;
}

static uint64_t get64(const uint8_t *at)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | at[i];
	return value;
}

static bool add_ip4(struct who *who, const char *address, uint32_t depth)
{
	struct in_addr in;
	uint64_t keys;

	if (inet_pton(AF_INET, address, &in) != 1 || depth < 1 || depth > 32)
		return false;
	keys = 1ull << (32 - depth);
	if (ntohl(in.s_addr) & (keys - 1))
		return false;
	return list_add(&who->ip4, (struct who_prefix){.base = ntohl(in.s_addr), .keys = keys});
}

static bool add_ip6(struct who *who, const char *address, uint32_t depth)
{
	static const uint8_t none[8];
	struct who_prefix prefix;
	struct in6_addr in;

	if (inet_pton(AF_INET6, address, &in) != 1 || depth < 16 || depth > 64)
		return false;
	prefix.base = get64(in.s6_addr);
	prefix.keys = depth < KEY_BITS ? 1ull << (KEY_BITS - depth) : 1;
	prefix.free_bits = 64 - (depth < KEY_BITS ? KEY_BITS : depth);
	if (memcmp(in.s6_addr + 8, none, 8) || (depth < 64 && prefix.base << depth))
		return false;
	return list_add(&who->ip6, prefix);
}

static bool add_line(struct who *who, char *line)
{
	char *slash = strchr(line, '/'), *end;
	unsigned long depth;

	if (!slash || slash[1] < '0' || slash[1] > '9')
		return false;
	*slash = 0;
	depth = strtoul(slash + 1, &end, 10);
	if (*end || depth > 128)
		return false;
	return (strchr(line, ':') ? add_ip6 : add_ip4)(who, line, depth);
}

static bool read_lines(struct who *who, FILE *file, const char *path)
{
	char line[LINE_BYTES], text[LINE_BYTES];

	for (unsigned int number = 1; fgets(line, sizeof(line), file); number++) {
		line[strcspn(line, "\n")] = 0;
		strcpy(text, line);
		if (!add_line(who, line)) {
			fprintf(stderr,
				"mkpcap: %s:%u: \"%s\" is not a prefix of IPv4 (/1 to /32) or IPv6 "
				"(/16 to /64) without bits beyond its length.\n",
				path, number, text);
			return false;
		}
	}
	if (ferror(file)) {
		fprintf(stderr, "mkpcap: %s cannot be read: %s.\n", path, strerror(errno));
		return false;
	}
	if (!who->ip4.count && !who->ip6.count) {
		fprintf(stderr, "mkpcap: %s has no prefix in it.\n", path);
		return false;
	}
	return true;
}

bool who_read(struct who *who, const char *path)
{
	FILE *file;
	bool good;

	*who = (struct who){0};
	if (!path)
		return add_ip4(who, "10.0.0.0", 8) && add_ip6(who, "3fff::", 32);
	file = fopen(path, "r");
	if (!file) {
		fprintf(stderr, "mkpcap: %s cannot be opened: %s.\n", path, strerror(errno));
		return false;
	}
	good = read_lines(who, file, path);
	fclose(file);
	return good;
}

void who_free(struct who *who)
{
	free(who->ip4.prefixes);
	free(who->ip6.prefixes);
}

bool who_has(const struct who *who, uint8_t family)
{
	return (family == 4 ? &who->ip4 : &who->ip6)->count;
}

static void put64(uint8_t *at, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		at[i] = value >> (56 - 8 * i);
}

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = value >> (24 - 8 * i);
}

void who_subscriber(const struct who *who, uint8_t family, uint32_t subscriber, struct random *r,
		    uint8_t *address)
{
	const struct who_list *list = family == 4 ? &who->ip4 : &who->ip6;
	const struct who_prefix *prefix = list->prefixes + subscriber % list->count;
	uint64_t key = subscriber / list->count % prefix->keys, chosen;

	if (family == 4) {
		put32(address, prefix->base + key);
		return;
	}
	// A subscriber has many subnets and interfaces.
	chosen = random_u64(r) & ((1ull << prefix->free_bits) - 1);
	put64(address, prefix->base | key << (64 - KEY_BITS) | chosen);
	put64(address + 8, random_u64(r));
}

// Documentation (192.0.2.0/24 holds the relay) and benchmarking, whose addresses policies name.
static bool is_spoken_for(uint32_t address)
{
	uint32_t top = address >> 24;

	return top == 10 || top == 127 || address >> 8 == 0xc00002 || address >> 17 == 0xc612 >> 1;
}

void who_far(uint8_t family, struct random *r, uint8_t *address)
{
	uint32_t chosen;

	if (family == 4) {
		do { // 1.0.0.0 to 223.255.255.255
			chosen = (1u << 24) + random_below(r, 223u << 24);
		} while (is_spoken_for(chosen));
		put32(address, chosen);
		return;
	}
	// Somewhere in 2400::/6.
	put64(address, 0x24ull << 56 | random_u64(r) >> 6);
	put64(address + 8, random_u64(r));
}

void who_relay(uint8_t family, uint8_t *address)
{
	inet_pton(family == 4 ? AF_INET : AF_INET6, family == 4 ? "192.0.2.25" : "2001:db8:25::25",
		  address);
}
