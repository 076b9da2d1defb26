// SPDX-License-Identifier: BSD-3-Clause
//
// See config.h. The one place in dataplane/ that knows JSON.
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../control/reader/reader.h"
#include "../abi/image_abi.h"

#define CONFIG_VERSION 1

static const struct reader_key top_keys[] = {
	{"op25b-dp", true, NULL},
	{"pairs", true, NULL},
	{"cores", true, NULL},
	{"memory", false, NULL},
	{"on_dataplane_loss", false, NULL},
	{"start", false, NULL},
	{"heartbeat_max_age_ms", false, NULL},
	{"answers_per_s", false, NULL},
	{"idle_us", false, NULL},
	{"run_dir", false, NULL},
	{"bpffs_dir", false, NULL},
	{"state_dir", false, NULL},
	{NULL, false, NULL},
};
static const struct reader_key pair_keys[] = {
	{"subscriber", true, NULL}, {"network", true, NULL}, {"name", false, NULL},
	{"l2_doubt", false, NULL},  {NULL, false, NULL},
};
static const struct reader_key memory_keys[] = {
	{"mib", false, NULL},     {"hugepages", false, NULL}, {"slots", false, NULL},
	{"buffers", false, NULL}, {NULL, false, NULL},
};

// Takes iface= out of a net_af_xdp device string. The driver's own argument parser comes much
// later, and the guard must be on the interface before.
static void read_iface(const char *devargs, const char *place, const char *key, char *iface,
		       struct diag *d)
{
	const char *from = strstr(devargs, ",iface=");
	char at[READER_PLACE_BYTES];
	size_t n;

	iface[0] = '\0';
	if (strncmp(devargs, "net_af_xdp", strlen("net_af_xdp")))
		return;
	from = from ? from + strlen(",iface=") : "";
	n = strcspn(from, ",");
	if (n == 0 || n >= CONFIG_MAX_IFACE_BYTES) {
		diag_error(d, reader_place(at, place, key),
			   "\"%s\" names no interface; \"net_af_xdp0,iface=eth0\" is expected",
			   devargs);
		return;
	}
	memcpy(iface, from, n);
	iface[n] = '\0';
}

// Which queues of an interface are served follows from cores: the guard hands frames of queue i to
// worker i.
static void refuse_queues(const char *devargs, const char *place, const char *key, struct diag *d)
{
	static const char *const names[] = {"start_queue", "queue_count"};
	char at[READER_PLACE_BYTES], word[32];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(word, sizeof(word), ",%s=", names[i]);
		if (strstr(devargs, word))
			diag_error(d, reader_place(at, place, key),
				   "%s cannot be set: worker i serves receive queue i, one for "
				   "each element of cores",
				   names[i]);
	}
}

static void read_text(const json_t *object, const char *place, const char *key,
		      const char *fallback, char *out, size_t bytes, struct diag *d)
{
	const char *text = reader_string(object, place, key, fallback, d);
	char at[READER_PLACE_BYTES];

	if (strlen(text) >= bytes || !text[0])
		diag_error(d, reader_place(at, place, key), "has %zu bytes; 1 to %zu are allowed",
			   strlen(text), bytes - 1);
	else
		snprintf(out, bytes, "%s", text);
}

static void read_port(const json_t *pair, const char *place, const char *key,
		      struct config_port *port, struct diag *d)
{
	if (!json_object_get(pair, key))
		return; // reader_keys() has said so
	read_text(pair, place, key, "", port->devargs, sizeof(port->devargs), d);
	read_iface(port->devargs, place, key, port->iface, d);
	if (config_port_has_guard(port))
		refuse_queues(port->devargs, place, key, d);
}

// Names are how a policy says which subscriber ports a pool lives behind.
static void read_pair_name(const json_t *pair, const char *place, struct dataplane_config *c,
			   struct diag *d)
{
	struct config_pair *read = &c->pairs[c->pair_count];
	char fallback[OP25B_MAX_NAME_BYTES], at[READER_PLACE_BYTES];
	const char *name;
	uint32_t i;

	snprintf(fallback, sizeof(fallback), "pair%u", c->pair_count);
	name = reader_string(pair, place, "name", fallback, d);
	reader_place(at, place, "name");
	if (!reader_name(name, at, d))
		return;
	snprintf(read->name, sizeof(read->name), "%s", name);
	for (i = 0; i < c->pair_count; i++) {
		if (!strcmp(c->pairs[i].name, read->name))
			diag_error(d, at, "\"%s\" is the name of pairs[%u] already", read->name, i);
	}
}

static void read_pair(const json_t *pair, const char *place, struct dataplane_config *c,
		      struct diag *d)
{
	static const char *const l2_doubt[] = {"pass", "drop", NULL};
	struct config_pair *read = &c->pairs[c->pair_count];

	if (!reader_keys(pair, place, pair_keys, d))
		return;
	read_pair_name(pair, place, c, d);
	read_port(pair, place, "subscriber", &read->subscriber, d);
	read_port(pair, place, "network", &read->network, d);
	read->drop_l2_doubt = reader_word(pair, place, "l2_doubt", l2_doubt, 0, d) == 1;
}

static void read_pairs(const json_t *root, struct dataplane_config *c, struct diag *d)
{
	const json_t *list = reader_array(root, "", "pairs", d);
	char at[READER_PLACE_BYTES];
	const json_t *pair;
	size_t i;

	if (list && (json_array_size(list) < 1 || json_array_size(list) > CONFIG_MAX_PAIRS)) {
		diag_error(d, "pairs", "has %zu elements; 1 to %u are allowed",
			   json_array_size(list), CONFIG_MAX_PAIRS);
		return;
	}
	json_array_foreach((json_t *)list, i, pair)
	{
		reader_place_index(at, "pairs", i);
		read_pair(pair, at, c, d);
		c->pair_count++;
	}
}

static void read_cores(const json_t *root, struct dataplane_config *c, struct diag *d)
{
	const json_t *list = reader_array(root, "", "cores", d);
	char at[READER_PLACE_BYTES], quote[READER_PLACE_BYTES];
	const json_t *core;
	size_t i, j;

	if (list && (json_array_size(list) < 1 || json_array_size(list) > CONFIG_MAX_CORES)) {
		diag_error(d, "cores", "has %zu elements; 1 to %u are allowed",
			   json_array_size(list), CONFIG_MAX_CORES);
		return;
	}
	json_array_foreach((json_t *)list, i, core)
	{
		reader_place_index(at, "cores", i);
		if (!json_is_integer(core) || json_integer_value(core) < 0 ||
		    json_integer_value(core) > 1023) {
			diag_error(d, at, "%s is not a CPU number", reader_quote(quote, core));
			continue;
		}
		c->cores[c->core_count] = (uint32_t)json_integer_value(core);
		for (j = 0; j < c->core_count; j++) {
			if (c->cores[j] == c->cores[c->core_count])
				diag_error(d, at, "CPU %u stands twice; a core runs one worker",
					   c->cores[j]);
		}
		c->core_count++;
	}
}

static void read_memory(const json_t *root, struct dataplane_config *c, struct diag *d)
{
	static const char *const words[] = {"auto", "yes", "no", NULL};
	const json_t *memory = reader_object(root, "", "memory", d);
	json_t *empty = json_object();

	if (!memory)
		memory = empty;
	reader_keys(memory, "memory", memory_keys, d);
	c->memory_mib = (uint32_t)reader_int(memory, "memory", "mib", 64, 1 << 20, 384, d);
	c->hugepages = reader_word(memory, "memory", "hugepages", words, HUGEPAGES_AUTO, d);
	c->slots = (uint32_t)reader_int(memory, "memory", "slots", 0, OP25B_MAX_SLOTS, 1 << 20, d);
	c->buffers = (uint32_t)reader_int(memory, "memory", "buffers", 1024, 1 << 22, 16384, d);
	json_decref(empty);
}

static void read_behaviour(const json_t *root, struct dataplane_config *c, struct diag *d)
{
	static const char *const on_loss[] = {"enforce", "open", "closed", NULL};
	static const char *const start[] = {"hold", "pass", NULL};

	c->on_loss = (uint32_t)reader_word(root, "", "on_dataplane_loss", on_loss, 0, d);
	c->start_pass = reader_word(root, "", "start", start, 0, d) == 1;
	c->heartbeat_max_age_ms =
		(uint32_t)reader_int(root, "", "heartbeat_max_age_ms", 5, 10000, 100, d);
	c->answers_per_s = (uint32_t)reader_int(root, "", "answers_per_s", 0, 1000000, 1000, d);
	c->idle_us = (uint32_t)reader_int(root, "", "idle_us", 0, 1000, 200, d);
}

bool config_read(const char *path, struct dataplane_config *c, struct diag *d)
{
	size_t bytes;
	char *text = reader_file(path, &bytes, d);
	json_t *root = text ? reader_parse(text, bytes, d) : NULL;

	*c = (struct dataplane_config){0};
	free(text);
	if (!root)
		return false;
	reader_keys(root, "", top_keys, d);
	reader_int(root, "", "op25b-dp", CONFIG_VERSION, CONFIG_VERSION, CONFIG_VERSION, d);
	read_pairs(root, c, d);
	read_cores(root, c, d);
	read_memory(root, c, d);
	read_behaviour(root, c, d);
	read_text(root, "", "run_dir", "/run/op25b", c->run_dir, sizeof(c->run_dir), d);
	read_text(root, "", "bpffs_dir", "/sys/fs/bpf/op25b", c->bpffs_dir, sizeof(c->bpffs_dir),
		  d);
	read_text(root, "", "state_dir", "/var/lib/op25b", c->state_dir, sizeof(c->state_dir), d);
	json_decref(root);
	return !diag_is_refused(d);
}
