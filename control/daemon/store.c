// SPDX-License-Identifier: BSD-3-Clause
//
// See store.h. The policy text is written last: the generation may run ahead of the text, but a new
// text never stands beside an old generation.
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../dataplane/core/image_check.h"
#include "../reader/reader.h"

#define STORE_PATH_BYTES 512u
#define GENERATION_MOST (1ll << 61) // far below what image_check() refuses: there are more to come

static bool is_there(const char *dir, const char *name, char path[STORE_PATH_BYTES])
{
	snprintf(path, STORE_PATH_BYTES, "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

// The file's bytes, or NULL: missing is nothing to talk about, unreadable is.
static char *read_part(const char *dir, const char *name, size_t *bytes, struct diag *d)
{
	char path[STORE_PATH_BYTES];
	struct diag own;
	char *text;

	if (!is_there(dir, name, path))
		return NULL;
	diag_init(&own, path);
	text = reader_file(path, bytes, &own);
	if (!text)
		diag_warning(d, name, "%s", own.count ? own.rows[0].text : "cannot be read");
	diag_free(&own);
	return text;
}

static void read_state(const char *dir, struct stored *s, struct diag *d)
{
	size_t bytes = 0;
	char *text = read_part(dir, "state.json", &bytes, d);
	json_t *root = text ? json_loadb(text, bytes, JSON_REJECT_DUPLICATES, NULL) : NULL;
	json_int_t generation = 0, loaded_at = 0, at = 0;
	const char *source = "";

	if (root &&
	    !json_unpack(root, "{s:I, s:I, s:I, s:s}", "generation", &generation, "loaded_at",
			 &loaded_at, "at", &at, "source", &source) &&
	    generation >= 0 && generation <= GENERATION_MOST && memory_is_moment(at)) {
		s->generation = (uint64_t)generation;
		s->loaded_at_s = loaded_at;
		s->at_s = at;
		memory_read(&s->memory, root);
	} else if (text) {
		diag_warning(d, "state.json", "is damaged and not used");
		source = "";
	}
	s->source = strdup(source);
	json_decref(root);
	free(text);
}

void store_read(const char *dir, struct stored *s, struct diag *d)
{
	*s = (struct stored){0};
	s->text = read_part(dir, "policy.json", &s->text_bytes, d);
	read_state(dir, s, d);
	s->image = read_part(dir, "image", &s->image_bytes, d);
	if (s->image && image_check(s->image, s->image_bytes).code != IMAGE_OK) {
		diag_warning(d, "image", "is damaged and not used");
		free(s->image);
		s->image = NULL;
	}
}

void stored_free(struct stored *s)
{
	free(s->text);
	free(s->source);
	free(s->image);
	memory_free(&s->memory);
	*s = (struct stored){0};
}

static bool write_all(int fd, const char *data, size_t bytes)
{
	while (bytes > 0) {
		ssize_t n = write(fd, data, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		bytes -= (size_t)n;
	}
	return true;
}

// A file of the folder, and what is to be in it. data NULL: it stays as it is.
struct part {
	const char *name;
	const void *data;
	size_t bytes;
};

#define PART_TEMP_BYTES 64u

static void part_temp(const struct part *part, char temp[PART_TEMP_BYTES])
{
	snprintf(temp, PART_TEMP_BYTES, ".%s.new", part->name);
}

static bool part_write(int dir, const struct part *part)
{
	char temp[PART_TEMP_BYTES];
	int fd, saved_errno;
	bool good;

	part_temp(part, temp);
	fd = openat(dir, temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return false;
	good = write_all(fd, part->data, part->bytes) && !fsync(fd);
	saved_errno = errno;
	close(fd);
	errno = saved_errno;
	return good;
}

static bool part_put(int dir, const struct part *part)
{
	char temp[PART_TEMP_BYTES];

	part_temp(part, temp);
	return !renameat(dir, temp, dir, part->name) && !fsync(dir);
}

// Writes all parts before the first takes its place: a disk that has no room for the last leaves
// the others with what they belong to. Returns the name of a part that failed, with errno, or NULL.
static const char *replace(int dir, const struct part *parts, size_t count)
{
	const char *failed = NULL;
	char temp[PART_TEMP_BYTES];
	int saved_errno;
	size_t i;

	for (i = 0; i < count && !failed; i++) {
		if (parts[i].data && !part_write(dir, &parts[i]))
			failed = parts[i].name;
	}
	for (i = 0; i < count && !failed; i++) {
		if (parts[i].data && !part_put(dir, &parts[i]))
			failed = parts[i].name;
	}
	saved_errno = errno;
	for (i = 0; i < count && failed; i++) {
		part_temp(&parts[i], temp);
		unlinkat(dir, temp, 0);
	}
	errno = saved_errno;
	return failed;
}

static char *state_text(const struct stored *s)
{
	json_t *state = json_pack("{s:I, s:I, s:I, s:s}", "generation", (json_int_t)s->generation,
				  "loaded_at", (json_int_t)s->loaded_at_s, "at",
				  (json_int_t)s->at_s, "source", s->source ? s->source : "");
	char *text;

	if (!state)
		return NULL;
	memory_write(&s->memory, state);
	text = json_dumps(state, JSON_INDENT(1));
	json_decref(state);
	return text;
}

bool store_write(const char *dir, const struct stored *s, char error[STORE_ERROR_BYTES])
{
	char *text = state_text(s);
	const struct part parts[] = {
		{"image", s->image, s->image_bytes},
		{"state.json", text, text ? strlen(text) : 0},
		{"policy.json", s->text, s->text_bytes},
	};
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *failed = NULL;

	if (!text)
		failed = "state.json";
	else if (fd < 0)
		failed = "";
	else
		failed = replace(fd, parts, sizeof(parts) / sizeof(parts[0]));
	if (failed)
		snprintf(error, STORE_ERROR_BYTES, "%s/%s: %s", dir, failed,
			 text ? strerror(errno) : "out of memory");
	if (fd >= 0)
		close(fd);
	free(text);
	return !failed;
}
