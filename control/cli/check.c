// SPDX-License-Identifier: BSD-3-Clause
//
// op25bctl policy check: all that is wrong with files, without a daemon.
#include <stdlib.h>
#include <string.h>

#include "../policy/views.h"
#include "../reader/reader.h"
#include "command.h"

#define SCHEMA_SUFFIX ".schema.json"

// What does not fit into an image would be refused by the daemon too.
static bool fits(const struct policy *p, const struct moment *m, struct diag *d)
{
	struct compile_request r = {.moment = *m, .generation = 1, .slots_capacity = UINT64_MAX};
	void *image;
	size_t bytes;
	bool good = policy_compile(p, &r, &image, &bytes, d);

	free(image);
	return good;
}

// Whether the file is the schema of policies, which lies beside them: "*.json" means it too.
static bool is_schema(const char *path)
{
	size_t bytes, chars = strlen(path), suffix = strlen(SCHEMA_SUFFIX);
	json_t *root = NULL;
	struct diag d;
	char *text;
	bool found;

	if (chars < suffix || strcmp(path + chars - suffix, SCHEMA_SUFFIX) != 0)
		return false;
	diag_init(&d, path);
	text = reader_file(path, &bytes, &d);
	if (text)
		root = reader_parse(text, bytes, &d);
	found = json_object_get(root, "$schema") && !json_object_get(root, "op25b");
	json_decref(root);
	free(text);
	diag_free(&d);
	return found;
}

static void check_file(const struct command_args *a, const char *path, struct checked_file *c)
{
	struct moment m;
	struct policy *p;
	struct diag d;

	*c = (struct checked_file){.file = path};
	if (is_schema(path)) {
		c->skipped = true;
		c->errors = json_array();
		return;
	}
	diag_init(&d, path);
	p = policy_read(path, &d);
	c->good = p && command_moment(a, 0, policy_tz(p), &m, &d) && fits(p, &m, &d);
	if (c->good) {
		c->size = policy_size(p);
		c->vector_count = policy_vector_count(p);
		c->vectors = policy_vectors(p);
		c->revision = policy_revision(p);
		policy_hash(p, c->hash);
		c->table = a->at_count ? policy_table(p, &m) : NULL;
	}
	c->errors = diag_json(&d);
	policy_free(p);
	diag_free(&d);
}

enum exit_code run_policy_check(const struct command_args *a)
{
	struct checked_file *files = calloc((size_t)a->file_count, sizeof(*files));
	enum exit_code code = EXIT_OK;
	int i;

	if (!files) {
		a->out->failed("out of memory");
		return EXIT_REFUSED;
	}
	for (i = 0; i < a->file_count; i++) {
		check_file(a, a->files[i], &files[i]);
		if (!files[i].good && !files[i].skipped)
			code = EXIT_REFUSED;
	}
	a->out->checked(files, (size_t)a->file_count);
	for (i = 0; i < a->file_count; i++) {
		json_decref(files[i].errors);
		json_decref(files[i].vectors);
		json_decref(files[i].table);
	}
	free(files);
	return code;
}
