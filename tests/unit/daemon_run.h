// SPDX-License-Identifier: BSD-3-Clause
//
// Runs op25bd for a test, in a folder of its own, and asks its API. With DAEMON_TEST() also beside
// an op25b-dp (fake_dp.h) that the test can make fail.
#pragma once

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct daemon_run {
	const char *program;
	char dir[64];         // run_dir; state_dir is dir/state
	char socket[96];      // the API's
	char file[96];        // --policy, if it exists when op25bd starts
	const char *extra[4]; // more arguments; NULL: none
	pid_t pid;            // 0: not running
};

// Makes the folder and dataplane.json. Pair with daemon_clean().
void daemon_prepare(struct daemon_run *r, const char *program);
// Starts op25bd and waits until its socket answers. Returns false if it ended instead.
bool daemon_start(struct daemon_run *r);
// SIGTERM. Returns its exit code, which the sanitizers would make another than 0.
int daemon_stop(struct daemon_run *r);
void daemon_kill(struct daemon_run *r); // SIGKILL
void daemon_clean(struct daemon_run *r);

struct reply {
	long status; // HTTP; 0: no answer
	json_t *json;
	char *text;
	size_t bytes;
};

// body NULL: GET
struct reply daemon_ask(const struct daemon_run *r, const char *path, const char *body);
struct reply daemon_ask_method(const struct daemon_run *r, const char *method, const char *path,
			       const char *body);
void reply_free(struct reply *reply);

// Value at a path such as "dataplane.up" in GET /v1/status (borrowed by *root, which the caller
// frees).
json_t *daemon_status(const struct daemon_run *r, const char *path, json_t **root);

// Waits up to 5 s until the value at path in /v1/status, as JSON text, is text.
bool daemon_wait_status(const struct daemon_run *r, const char *path, const char *text);

void file_write(const char *path, const char *text);
char *file_read(const char *path);

// Two policies that differ, named "a" and "b".
extern const char daemon_policy_a[], daemon_policy_b[];

// A policy "dated" with a stage that begins in two seconds, and one that is there already.
void daemon_print_dated(char text[1024]);

// op25bd, which a test starts, and op25b-dp, which runs.
struct daemon_fixture {
	struct daemon_run run;
	struct fake_dp *dp; // NULL: the test has stopped it
};

// A test of cmocka.h whose *state is a struct daemon_fixture of program.
#define DAEMON_TEST(name, program)                                                                 \
	cmocka_unit_test_prestate_setup_teardown(name, daemon_set_up, daemon_tear_down, program)
int daemon_set_up(void **state);
// Fails if op25bd did not end well: a sanitizer may have found something.
int daemon_tear_down(void **state);

// These end the test if it is not so: what a load is answered, the policy in force by its name,
// and the text that is saved as the last good one.
void daemon_assert_load(const struct daemon_run *r, const char *text, long status);
void daemon_assert_policy(const struct daemon_run *r, const char *name);
void daemon_assert_saved(const struct daemon_run *r, const char *text);

// How often the fake guard took a policy, and the generation of the last; 0 and 0: never.
unsigned daemon_guard_publications(const struct daemon_run *r, uint64_t *generation);

// A load by a thread of its own.
struct daemon_loading {
	const struct daemon_run *run;
	const char *text;
	long status;
	pthread_t thread;
};

void daemon_load_begin(struct daemon_loading *l, const struct daemon_run *r, const char *text);
long daemon_load_end(struct daemon_loading *l); // waits; HTTP status, 0: no answer
