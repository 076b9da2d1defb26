// SPDX-License-Identifier: BSD-3-Clause
//
// See journal.h.
#include "journal.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../reader/reader.h"

#define JOURNAL_PATH_BYTES 512u
#define JOURNAL_PENDING_BYTES (1u << 18)
#define JOURNAL_LATE_S 1 // later than this is said
#define TIME_TEXT_BYTES 64u

static const char *const event_text[EVENT_KIND_COUNT] = {
	[EVENT_STAGE_BEGINS] = "stage \"%s\" begins",
	[EVENT_DRAIN_ENDS] = "stage \"%s\" applies to standing connections, too",
	[EVENT_STAGE_ENDS] = "stage \"%s\" ends",
	[EVENT_EXCEPTION_BEGINS] = "exception \"%s\" begins",
	[EVENT_EXCEPTION_ENDS] = "exception \"%s\" ends",
	[EVENT_QUARANTINE_BEGINS] = "quarantine \"%s\" begins",
	[EVENT_QUARANTINE_ENDS] = "quarantine \"%s\" ends",
};

static void journal_path(const struct journal *j, const char *name, char path[JOURNAL_PATH_BYTES])
{
	snprintf(path, JOURNAL_PATH_BYTES, "%s/%s", j->dir, name);
}

// Of the file's last lines, those that tell of events after through_s: state.json was not written
// any more. What was loaded or accepted begins a new account.
static void find_known(struct journal *j, const char *text, int64_t through_s)
{
	const char *end;
	json_int_t at;

	for (; (end = strchr(text, '\n')); text = end + 1) {
		json_t *row = json_loadb(text, (size_t)(end - text), 0, NULL);

		if (!row || json_unpack(row, "{s:I}", "at_s", &at)) {
			j->known = 0;
			j->known_s = 0;
		} else if (at > through_s && memory_is_moment(at)) {
			j->known++;
			j->known_s = at > j->known_s ? at : j->known_s;
		}
		json_decref(row);
	}
}

void journal_open(struct journal *j, const char *dir, const struct memory *m)
{
	char path[JOURNAL_PATH_BYTES];
	const char *end;
	size_t bytes, whole;
	struct diag d;
	char *text;

	*j = (struct journal){.dir = dir};
	journal_path(j, JOURNAL_FILE, path);
	if (access(path, F_OK))
		return;
	diag_init(&d, path);
	text = reader_file(path, &bytes, &d);
	diag_print(&d, stderr);
	diag_free(&d);
	if (!text)
		return;
	// Half a line, or zeros in its place: a power cut came between.
	end = strrchr(text, '\n');
	whole = end ? (size_t)(end + 1 - text) : 0;
	if (whole < bytes && truncate(path, (off_t)whole))
		warn("%s", path);
	find_known(j, text, m->through_s);
	free(text);
}

void journal_close(struct journal *j)
{
	free(j->pending);
	*j = (struct journal){0};
}

static void make_room(const struct journal *j, off_t bytes)
{
	char path[JOURNAL_PATH_BYTES], old[JOURNAL_PATH_BYTES];
	struct stat st;

	journal_path(j, JOURNAL_FILE, path);
	journal_path(j, JOURNAL_OLD_FILE, old);
	if (!stat(path, &st) && st.st_size + bytes > (off_t)JOURNAL_MAX_BYTES && rename(path, old))
		warn("%s", old);
}

static bool append(int fd, const char *text, size_t bytes)
{
	off_t before = lseek(fd, 0, SEEK_END);
	ssize_t done = write(fd, text, bytes);
	int error = done < 0 ? errno : ENOSPC;

	if (done == (ssize_t)bytes && !fsync(fd))
		return true;
	if (done == (ssize_t)bytes)
		error = errno;
	// Half a batch would be counted as a whole one. If this fails, the next start counts lines.
	if (before < 0 || ftruncate(fd, before))
		warn("events");
	errno = error;
	return false;
}

void journal_retry(struct journal *j)
{
	char path[JOURNAL_PATH_BYTES];
	int fd;

	if (!j->pending)
		return;
	make_room(j, (off_t)j->pending_bytes);
	journal_path(j, JOURNAL_FILE, path);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd >= 0 && append(fd, j->pending, j->pending_bytes)) {
		j->error[0] = '\0';
		free(j->pending);
		j->pending = NULL;
		j->pending_bytes = 0;
	} else {
		bool said = j->error[0];

		snprintf(j->error, sizeof(j->error), JOURNAL_FILE ": %s", strerror(errno));
		if (!said)
			warnx("%s", j->error);
	}
	if (fd >= 0)
		close(fd);
}

// Takes row.
static void add(struct journal *j, json_t *row)
{
	char *line = row ? json_dumps(row, JSON_COMPACT) : NULL;
	size_t bytes = line ? strlen(line) + 1 : 0;
	char *grown = NULL;

	// What happens at one moment can be more than is kept back.
	if (j->pending_bytes + bytes > JOURNAL_PENDING_BYTES)
		journal_retry(j);
	if (line && j->pending_bytes + bytes <= JOURNAL_PENDING_BYTES)
		grown = realloc(j->pending, j->pending_bytes + bytes + 1);
	if (grown) {
		snprintf(grown + j->pending_bytes, bytes + 1, "%s\n", line);
		j->pending = grown;
		j->pending_bytes += bytes;
	} else {
		warnx("an event is in the log only: %s", line ? line : "out of memory");
	}
	free(line);
	json_decref(row);
}

static json_t *row_of(const struct candidate *now, const char *event, int64_t at_s)
{
	uint64_t revision = policy_revision(now->policy);
	char at[TIME_TEXT_BYTES];
	json_t *row;

	time_print(at, sizeof(at), at_s, policy_tz(now->policy));
	row = json_pack("{s:s, s:s, s:s, s:s}", "at", at, "event", event, "policy",
			policy_name(now->policy), "hash", now->hash);
	if (row && revision)
		json_object_set_new(row, "revision", json_integer((json_int_t)revision));
	return row;
}

static void add_event(struct journal *j, const struct candidate *now, const struct policy_event *e,
		      int64_t moment_s)
{
	json_t *row = row_of(now, policy_event_word(e->kind), e->at_s);
	int64_t late_s = moment_s - e->at_s;
	char text[256], at[TIME_TEXT_BYTES];

	snprintf(text, sizeof(text), event_text[e->kind], e->name);
	time_print(at, sizeof(at), e->at_s, policy_tz(now->policy));
	if (late_s > JOURNAL_LATE_S)
		warnx("%s: %s (caught up, %" PRId64 " s late)", at, text, late_s);
	else
		warnx("%s: %s", at, text);
	if (!row)
		return;
	json_object_set_new(row, "at_s", json_integer(e->at_s));
	json_object_set_new(row, "name", json_string(e->name));
	if (late_s > JOURNAL_LATE_S) {
		json_object_set_new(row, "caught_up", json_true());
		json_object_set_new(row, "late_s", json_integer(late_s));
	}
	add(j, row);
}

void journal_pass(struct journal *j, struct memory *m, const struct candidate *now, int64_t at_s)
{
	size_t i;

	if (at_s <= m->through_s)
		return;
	for (i = candidate_next_event(now, m->through_s); i < now->event_count; i++) {
		if (now->events[i].at_s > at_s)
			break;
		if (j->known > 0)
			j->known--;
		else
			add_event(j, now, &now->events[i], at_s);
	}
	j->known = 0;
	m->through_s = at_s;
	journal_retry(j);
}

static bool has_event(const struct candidate *c, const struct policy_event *e)
{
	size_t i;

	for (i = candidate_next_event(c, e->at_s - 1); i < c->event_count; i++) {
		const struct policy_event *own = &c->events[i];

		if (own->at_s != e->at_s)
			break;
		if (own->kind == e->kind && !strcmp(own->name, e->name))
			return true;
	}
	return false;
}

void journal_loaded(struct journal *j, struct memory *m, const struct candidate *before,
		    const struct candidate *now, int64_t at_s)
{
	bool goes_on = before->policy && !strcmp(m->policy, policy_name(now->policy));
	size_t i = goes_on ? candidate_next_event(now, m->through_s) : now->event_count;

	// First, so that after a power cut the events count as known.
	add(j, row_of(now, "policy_loaded", at_s));
	for (; i < now->event_count && now->events[i].at_s <= at_s; i++) {
		if (has_event(before, &now->events[i]))
			add_event(j, now, &now->events[i], at_s);
	}
	j->known = 0;
	m->through_s = at_s;
	journal_retry(j);
}

void journal_accepted(struct journal *j, const struct candidate *now, int64_t from_s, int64_t to_s)
{
	json_t *row = row_of(now, "clock_accepted", to_s);
	char from[TIME_TEXT_BYTES], to[TIME_TEXT_BYTES];

	time_print(from, sizeof(from), from_s, policy_tz(now->policy));
	time_print(to, sizeof(to), to_s, policy_tz(now->policy));
	warnx("the operator accepted the wall clock: the policy clock is %s, not %s", to, from);
	if (row)
		json_object_set_new(row, "before", json_string(from));
	add(j, row);
	journal_retry(j);
}
