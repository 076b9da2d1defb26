// SPDX-License-Identifier: BSD-3-Clause
//
// Writes the seeds of the fuzz targets, one file each, and the dictionary of the policy language:
// what the fuzzer starts from, so that it need not guess. The policy target's other seeds are the
// files in policies/. Usage: make_seeds TABLE-POLICY FOLDER DONE-FILE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dataplane/core/image_check.h"
#include "fuzz.h"
#include "link_step.h"
#include "policy_words.h"
#include "tests/packets/row.h"
#include "tests/packets/table_image.h"
#include "tests/unit/image_build.h"

#define PATH_BYTES 4096
#define MOST_SEED_BYTES 70000u

static const char *folder;

static FILE *seed_open(const char *target, const char *name)
{
	char path[PATH_BYTES];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, target);
	fuzz_must(!mkdir(path, 0777) || errno == EEXIST, path);
	snprintf(path, sizeof(path), "%s/%s/%s", folder, target, name);
	out = fopen(path, "wbe");
	fuzz_must(out, path);
	return out;
}

static void seed_write(const char *target, const char *name, const void *bytes, size_t count)
{
	FILE *out = seed_open(target, name);

	fuzz_must(fwrite(bytes, 1, count, out) == count && !fclose(out), name);
}

// The rows of the packet table, as fuzz_frame.c reads them.
static void write_frames(void)
{
	static uint8_t seed[MOST_SEED_BYTES];
	char name[32];
	size_t i;

	for (i = 0; i < packet_row_count; i++) {
		const struct packet_row *row = &packet_rows[i];

		fuzz_must(row->frame_bytes + 3 <= sizeof(seed), row->name);
		seed[0] = (uint8_t)(row->in.side | row->in.pair << 1);
		memcpy(seed + 3, row->frame, row->frame_bytes);
		snprintf(name, sizeof(name), "row%04zu", i);
		seed_write("frame", name, seed, row->frame_bytes + 3);
	}
}

static void write_images(const char *policy_path)
{
	struct image_build *b = image_build_start();
	uint32_t pool;
	size_t bytes;
	void *image = table_image_read(policy_path, 1, &bytes);

	seed_write("image", "table", image, bytes);
	free(image);
	image = image_build_finish(b, 1, &bytes);
	seed_write("image", "empty", image, bytes);
	free(image);
	pool = image_build_class(b, "flets", "block");
	image_build_clause(b, pool,
			   (struct op25b_clause){.sets = OP25B_ANY_SET, .action = ACTION_RST});
	image_build_prefix(b, "198.51.100.0/24", pool, image_build_set(b), 32);
	image_build_prefix(b, "2001:db8::/48", pool, 0, 56);
	image_build_softwire(b, "2001:db8:aff::1/128");
	image = image_build_finish(b, 1, &bytes);
	seed_write("image", "one_pool", image, bytes);
	free(image);
	image_build_free(b);
}

static void put_step(FILE *out, const struct link_step *s)
{
	const uint8_t head[LINK_STEP_BYTES] = {
		s->what,
		s->fd_count,
		s->fd_kind,
		s->seals_left,
		s->fix,
		s->generation,
		(uint8_t)(s->patch_at >> 8),
		(uint8_t)s->patch_at,
		s->patch,
		s->message_bytes,
	};

	fwrite(head, 1, sizeof(head), out);
	if (s->message_bytes)
		fwrite(s->message, 1, s->message_bytes, out);
}

static void write_steps(const char *target, const char *name, const struct link_step *steps,
			size_t count)
{
	FILE *out = seed_open(target, name);
	size_t i;

	for (i = 0; i < count; i++)
		put_step(out, &steps[i]);
	fuzz_must(!fclose(out), name);
}

#define REQUEST (LINK_FIX_HEAD | LINK_FIX_BYTES | LINK_FIX_SEALS)
#define ANSWER (REQUEST | LINK_FIX_SEQ)
#define WRITE_STEPS(target, name, steps)                                                           \
	write_steps(target, name, steps, sizeof(steps) / sizeof(steps[0]))

static void write_requests(void)
{
	static const uint8_t too_long[sizeof(struct op25b_link_msg) + 1];
	const struct link_step hello = {.fix = REQUEST | LINK_FIX_HELLO};
	const struct link_step longer = {
		.fix = LINK_FIX_HEAD | LINK_FIX_HELLO,
		.message = too_long,
		.message_bytes = sizeof(too_long),
	};
	const struct link_step offer = {
		.fix = REQUEST | LINK_FIX_OFFER, .fd_count = 1, .generation = 1};
	struct link_step table = offer, later = offer, loose = offer, cut = offer, junk = offer;

	table.fd_kind = LINK_FD_TABLE_IMAGE;
	later.generation = 2;
	loose.fix &= ~LINK_FIX_SEALS;
	loose.seals_left = 1;
	cut.fd_kind = LINK_FD_CUT_IMAGE;
	cut.patch_at = 9;
	junk.fix = 0;
	junk.message = (const uint8_t *)"junk";
	junk.message_bytes = 4;
	WRITE_STEPS("dp_link", "hello", ((const struct link_step[]){hello}));
	WRITE_STEPS("dp_link", "offer", ((const struct link_step[]){offer, hello}));
	WRITE_STEPS("dp_link", "table", ((const struct link_step[]){table, hello}));
	WRITE_STEPS("dp_link", "two", ((const struct link_step[]){offer, later, offer, hello}));
	WRITE_STEPS("dp_link", "long", ((const struct link_step[]){longer, hello}));
	WRITE_STEPS("dp_link", "bad", ((const struct link_step[]){loose, cut, junk, offer, hello}));
}

static void write_answers(void)
{
	const struct op25b_link_msg told = {.generation = 5, .slots_capacity = 4096};
	const struct link_step hello = {.fix = ANSWER | LINK_FIX_HELLO, .fd_count = 1};
	const struct link_step offer = {.what = 11}, taken = {.fix = ANSWER | LINK_FIX_OFFER};
	struct link_step in_force = hello, refused = taken;

	in_force.message = (const uint8_t *)&told;
	in_force.message_bytes = sizeof(told);
	in_force.fd_count = 2;
	in_force.fd_kind = LINK_FD_COUNT - 1; // the small image comes behind it
	in_force.generation = 5;
	refused.message = (const uint8_t *)"................\3";
	refused.message_bytes = 17; // to the outcome
	WRITE_STEPS("daemon_link", "hello", ((const struct link_step[]){hello}));
	WRITE_STEPS("daemon_link", "in_force", ((const struct link_step[]){in_force}));
	WRITE_STEPS("daemon_link", "taken", ((const struct link_step[]){hello, offer, taken}));
	WRITE_STEPS("daemon_link", "refused",
		    ((const struct link_step[]){in_force, offer, refused, offer}));
}

static void put_keys(FILE *out, const struct reader_key *keys)
{
	for (; keys->name; keys++)
		fprintf(out, "\"\\\"%s\\\"\"\n", keys->name);
}

static void put_words(FILE *out, const char *const *words)
{
	for (; *words; words++)
		fprintf(out, "\"\\\"%s\\\"\"\n", *words);
}

// Keys and words of the policy language, and what values look like.
static void write_dictionary(void)
{
	FILE *out = seed_open("dictionary", "policy.dict");
	size_t i;

	for (i = 0; policy_keys[i]; i++)
		put_keys(out, policy_keys[i]);
	for (i = 0; i < sizeof(keys_gate) / sizeof(keys_gate[0]); i++)
		put_keys(out, keys_gate[i]);
	for (i = 0; policy_words[i]; i++)
		put_words(out, policy_words[i]);
	fuzz_must(!fclose(out), "the dictionary is written");
}

int main(int argc, char **argv)
{
	FILE *done;

	fuzz_must(argc == 4, "usage: make_seeds TABLE-POLICY FOLDER DONE-FILE");
	folder = argv[2];
	fuzz_must(!mkdir(folder, 0777) || errno == EEXIST, folder);
	write_frames();
	write_images(argv[1]);
	write_requests();
	write_answers();
	write_dictionary();
	done = fopen(argv[3], "we");
	fuzz_must(done && !fclose(done), argv[3]);
	return 0;
}
