// SPDX-License-Identifier: BSD-3-Clause
//
// The table of mixes, and how a frame is drawn from one. The shares of TCP, UDP and ICMP, of ports
// and of SYNs are a plausible access network's, rounded; only the share of port 25 is exact. Adding
// a mix is adding a row. Single thread.
#include "mkpcap_mix.h"

#include <string.h>

// Today's access networks: mostly TCP, much QUIC. Echo requests stand for all of ICMP.
#define IP4_PLAIN .family = 4, .link = LINK_PLAIN, .tcp_percent = 65, .udp_percent = 33
#define IP6_PLAIN .family = 6, .link = LINK_PLAIN, .tcp_percent = 60, .udp_percent = 38
#define IP4_QINQ_PPPOE .family = 4, .link = LINK_QINQ_PPPOE, .tcp_percent = 65, .udp_percent = 33

// A mail connection of about eight packets, of which one opens it; a tenth is for the own relay.
#define MAIL .syn_percent = 12, .relay_percent = 10

const struct mix mixes[] = {
	{
		.name = "plain4",
		.about = "IPv4 in Ethernet II: TCP, UDP and a little ICMP",
		.parts = {{.share = 1, IP4_PLAIN}},
		.part_count = 1,
		MAIL,
	},
	{
		.name = "plain6",
		.about = "the same over IPv6",
		.parts = {{.share = 1, IP6_PLAIN}},
		.part_count = 1,
		MAIL,
	},
	{
		.name = "v6ext",
		.about = "IPv6 with hop-by-hop options, destination options or both in front of "
			 "TCP and UDP",
		.parts = {{.share = 1,
			   .family = 6,
			   .link = LINK_PLAIN,
			   .extended = true,
			   .tcp_percent = 62,
			   .udp_percent = 38}},
		.part_count = 1,
		MAIL,
	},
	{
		.name = "qinq_pppoe",
		.about = "IPv4 in a PPPoE session below two tags, 0x88a8 and 0x8100, by subscriber",
		.parts = {{.share = 1, IP4_QINQ_PPPOE}},
		.part_count = 1,
		MAIL,
	},
	{
		.name = "dual",
		.about = "four parts of plain4, three of plain6 and three of qinq_pppoe",
		.parts = {{.share = 4, IP4_PLAIN},
			  {.share = 3, IP6_PLAIN},
			  {.share = 3, IP4_QINQ_PPPOE}},
		.part_count = 3,
		MAIL,
	},
	{
		.name = "flood",
		.about = "TCP SYNs over IPv4 to port 25 of hosts all over, and nothing else",
		.parts = {{.share = 1, .family = 4, .link = LINK_PLAIN, .tcp_percent = 100}},
		.part_count = 1,
		.port25_only = true,
		.syn_percent = 100,
	},
	{.name = NULL},
};

// Ports out there. None is 25: that share is drawn apart.
static const uint16_t tcp_ports[] = {443, 443, 443, 443, 443, 443, 443, 443,
				     443, 443, 80,  80,  993, 587, 22,  8080};
static const uint16_t udp_ports[] = {443, 443, 443, 443, 443, 53, 3478, 51820};

enum {
	SMTP_PORT = 25,
	EPHEMERAL_FIRST = 32768,
	EPHEMERAL_COUNT = 28232,
	OTHER_SYN_PERCENT = 2,
	PERCENT = 100
};

// The usual simple IMIX: seven short frames, four middling, one long, by size on the wire.
static const uint32_t imix_wire_bytes[IMIX_FRAMES] = {64, 64,  64,  64,  64,  64,
						      64, 594, 594, 594, 594, 1518};

const struct mix *mix_find(const char *name)
{
	for (const struct mix *mix = mixes; mix->name; mix++)
		if (!strcmp(mix->name, name))
			return mix;
	return NULL;
}

// Of IMIX, sizes are dealt like cards, so that each twelve frames have the right shares.
static uint32_t draw_wire_bytes(struct draw *d)
{
	uint32_t card, bytes;

	if (d->wire_bytes != SIZE_IMIX)
		return d->wire_bytes;
	if (!d->deck_left) {
		memcpy(d->deck, imix_wire_bytes, sizeof(d->deck));
		d->deck_left = IMIX_FRAMES;
	}
	card = random_below(&d->random, d->deck_left);
	bytes = d->deck[card];
	d->deck[card] = d->deck[--d->deck_left];
	return bytes;
}

// Each frame with the chance that leaves exactly the wanted number in all: no pattern that a branch
// predictor could learn, and no share that is only about right.
static bool draw_port25(struct draw *d)
{
	bool chosen = random_below(&d->random, d->frames_left) < d->port25_left;

	d->frames_left--;
	d->port25_left -= chosen;
	return chosen;
}

static const struct mix_part *draw_part(struct draw *d)
{
	const struct mix_part *part = d->mix->parts;
	uint32_t all = 0, card;

	for (uint32_t i = 0; i < d->mix->part_count; i++)
		all += part[i].share;
	for (card = random_below(&d->random, all); card >= part->share; part++)
		card -= part->share;
	return part;
}

static enum frame_transport draw_transport(struct draw *d, const struct mix_part *part)
{
	uint32_t card = random_below(&d->random, PERCENT);

	if (card < part->tcp_percent)
		return TRANSPORT_TCP;
	return card < part->tcp_percent + part->udp_percent ? TRANSPORT_UDP : TRANSPORT_ICMP;
}

static uint8_t draw_tcp_flags(struct draw *d, bool port25)
{
	uint32_t syn_percent = port25 ? d->mix->syn_percent : OTHER_SYN_PERCENT;
	uint32_t card = random_below(&d->random, PERCENT);

	if (card < syn_percent)
		return d->from_subscriber ? TCP_SYN : TCP_SYN | TCP_ACK;
	return card % 2 ? TCP_ACK : TCP_PSH | TCP_ACK;
}

static uint16_t draw_far_port(struct draw *d, enum frame_transport transport, bool port25)
{
	uint32_t card = random_below(&d->random, 1 << 16);

	if (port25)
		return SMTP_PORT;
	if (transport == TRANSPORT_TCP)
		return tcp_ports[card % (sizeof(tcp_ports) / sizeof(tcp_ports[0]))];
	if (transport == TRANSPORT_UDP)
		return udp_ports[card % (sizeof(udp_ports) / sizeof(udp_ports[0]))];
	return card;
}

static void draw_far(struct draw *d, uint8_t family, bool port25, uint8_t *address)
{
	uint32_t card = random_below(&d->random, PERCENT);

	if (port25 && card < d->mix->relay_percent)
		who_relay(family, address);
	else
		who_far(family, &d->random, address);
}

struct frame_spec draw_frame(struct draw *d)
{
	bool port25 = draw_port25(d);
	const struct mix_part *part = draw_part(d);
	struct frame_spec spec = {
		.family = part->family, .link = part->link, .from_subscriber = d->from_subscriber};
	struct frame_end *near = d->from_subscriber ? &spec.source : &spec.destination;
	struct frame_end *far = d->from_subscriber ? &spec.destination : &spec.source;

	spec.transport = draw_transport(d, part);
	if (port25)
		spec.transport = TRANSPORT_TCP;
	spec.tcp_flags = draw_tcp_flags(d, port25);
	spec.ip_id = random_u64(&d->random);
	if (part->extended)
		spec.extensions = 1 + random_below(&d->random, 3);
	spec.subscriber = random_below(&d->random, d->subscribers);
	who_subscriber(d->who, part->family, spec.subscriber, &d->random, near->address);
	near->port = EPHEMERAL_FIRST + random_below(&d->random, EPHEMERAL_COUNT);
	draw_far(d, part->family, port25, far->address);
	far->port = draw_far_port(d, spec.transport, port25);
	spec.bytes = draw_wire_bytes(d) - FRAME_FCS_BYTES;
	return spec;
}
