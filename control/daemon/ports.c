// SPDX-License-Identifier: BSD-3-Clause
//
// See ports.h.
#include "ports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OTHER_PORTS "op25b-dp runs with other ports than the dataplane.json that op25bd has read: "
#define REMEDY "; restart the one that runs with the old file"
#define PORT_TEXT_BYTES (OP25B_MAX_NAME_BYTES + 48u)

static bool hex_field(const char **text, char end, unsigned long max, unsigned int *value)
{
	char *rest;
	unsigned long n = strtoul(*text, &rest, 16);

	if (rest == *text || *rest != end || n > max)
		return false;
	*text = end ? rest + 1 : rest;
	*value = (unsigned int)n;
	return true;
}

// bus:device.function
static bool read_bdf(const char *text, unsigned int bdf[3])
{
	return hex_field(&text, ':', UINT8_MAX, &bdf[0]) &&
	       hex_field(&text, '.', UINT8_MAX, &bdf[1]) &&
	       hex_field(&text, '\0', UINT8_MAX, &bdf[2]);
}

// The name that op25b-dp gives to the device. The DPDK knows PCI devices by their whole address,
// in lower case, however the file spells it; all others by the device string up to its first comma.
static void device_name(char name[OP25B_MAX_NAME_BYTES], const char *devargs)
{
	unsigned int domain = 0, bdf[3];
	const char *rest = name;

	snprintf(name, OP25B_MAX_NAME_BYTES, "%.*s", (int)strcspn(devargs, ","), devargs);
	if (read_bdf(name, bdf) ||
	    (hex_field(&rest, ':', UINT32_MAX, &domain) && read_bdf(rest, bdf)))
		snprintf(name, OP25B_MAX_NAME_BYTES, "%.4x:%.2x:%.2x.%x", domain, bdf[0], bdf[1],
			 bdf[2]);
}

static void expect_port(struct op25b_stats_port *port, const struct dataplane_config *c,
			uint32_t index)
{
	const struct config_pair *pair = &c->pairs[index / 2];

	*port = (struct op25b_stats_port){.pair = index / 2};
	port->side = index % 2 ? SIDE_NETWORK : SIDE_SUBSCRIBER;
	device_name(port->name, index % 2 ? pair->network.devargs : pair->subscriber.devargs);
}

// What stands in another process's memory may be anything; status is JSON, the log is lines.
static const char *port_text(char text[PORT_TEXT_BYTES], const struct op25b_stats_port *port)
{
	char *c;

	snprintf(text, PORT_TEXT_BYTES, "%.*s (%s of pair %u)", (int)OP25B_MAX_NAME_BYTES - 1,
		 port->name,
		 port->side == SIDE_SUBSCRIBER ? "subscriber"
		 : port->side == SIDE_NETWORK  ? "network"
					       : "no side",
		 port->pair);
	for (c = text; *c; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
	return text;
}

bool ports_are_those_of(const struct dataplane_config *c, const struct op25b_stats_hdr *m,
			char *why, size_t why_bytes)
{
	char there[PORT_TEXT_BYTES], here[PORT_TEXT_BYTES];
	struct op25b_stats_port want;
	uint32_t i;

	if (m->port_count != 2 * c->pair_count) {
		snprintf(why, why_bytes, OTHER_PORTS "%u there, %u here" REMEDY, m->port_count,
			 2 * c->pair_count);
		return false;
	}
	for (i = 0; i < 2 * c->pair_count; i++) {
		const struct op25b_stats_port *have = &m->port[i];

		expect_port(&want, c, i);
		if (!strncmp(have->name, want.name, OP25B_MAX_NAME_BYTES) &&
		    have->side == want.side && have->pair == want.pair)
			continue;
		snprintf(why, why_bytes, OTHER_PORTS "port %u is %s there, %s here" REMEDY, i,
			 port_text(there, have), port_text(here, &want));
		return false;
	}
	return true;
}
