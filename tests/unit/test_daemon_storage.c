// SPDX-License-Identifier: BSD-3-Clause
//
// What op25bd keeps on disk: the last good policy goes before the file, damage is not believed, and
// a full disk keeps no policy out of force. Needs root, for a small tmpfs. argv: op25bd.
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "daemon_run.h"
#include "fake_dp.h"

static void saved_policy_goes_before_the_file(void **state)
{
	struct daemon_fixture *f = *state;

	file_write(f->run.file, daemon_policy_a);
	assert_true(daemon_start(&f->run));
	assert_true(daemon_wait_status(&f->run, "policy.name", "\"a\""));
	assert_true(fake_dp_has_policy(f->dp, "a"));
	daemon_assert_load(&f->run, daemon_policy_b, 200);
	assert_int_equal(daemon_stop(&f->run), 0);
	assert_true(daemon_start(&f->run));
	assert_true(daemon_wait_status(&f->run, "policy.name", "\"b\""));
}

static void damaged_state_falls_back_to_the_file(void **state)
{
	struct daemon_fixture *f = *state;
	char path[128];

	file_write(f->run.file, daemon_policy_a);
	assert_true(daemon_start(&f->run));
	daemon_assert_load(&f->run, daemon_policy_b, 200);
	assert_int_equal(daemon_stop(&f->run), 0);
	snprintf(path, sizeof(path), "%s/state/policy.json", f->run.dir);
	file_write(path, "{ not json");
	snprintf(path, sizeof(path), "%s/state/state.json", f->run.dir);
	file_write(path, "null");
	snprintf(path, sizeof(path), "%s/state/image", f->run.dir);
	file_write(path, "x");
	assert_true(daemon_start(&f->run));
	assert_true(daemon_wait_status(&f->run, "policy.name", "\"a\""));
	assert_true(fake_dp_has_policy(f->dp, "a"));
}

// Writes a file until there is no room for more.
static void fill_up(const char *path)
{
	FILE *filler = fopen(path, "w");

	assert_non_null(filler);
	while (fputc('x', filler) != EOF && fflush(filler) == 0)
		;
	fclose(filler);
}

static void full_disk_is_said_and_the_policy_is_live(void **state)
{
	struct daemon_fixture *f = *state;
	char dir[96], path[128];
	struct reply reply;

	if (geteuid() != 0)
		fail_msg("this test mounts a small tmpfs and needs root");
	assert_true(daemon_start(&f->run)); // makes the folder
	assert_int_equal(daemon_stop(&f->run), 0);
	snprintf(dir, sizeof(dir), "%s/state", f->run.dir);
	assert_int_equal(mount("tmpfs", dir, "tmpfs", 0, "size=64k"), 0);
	assert_true(daemon_start(&f->run));
	daemon_assert_load(&f->run, daemon_policy_a, 200);
	snprintf(path, sizeof(path), "%s/filler", dir);
	fill_up(path);
	reply = daemon_ask(&f->run, "/v1/policy", daemon_policy_b);
	assert_int_equal(reply.status, 200);
	assert_true(json_is_false(json_object_get(reply.json, "saved")));
	assert_non_null(strstr(reply.text, strerror(ENOSPC)));
	reply_free(&reply);
	daemon_assert_policy(&f->run, "b");
	daemon_assert_saved(&f->run, daemon_policy_a);
	assert_int_equal(daemon_stop(&f->run), 0);
	assert_int_equal(umount(dir), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		DAEMON_TEST(saved_policy_goes_before_the_file, argv[1]),
		DAEMON_TEST(damaged_state_falls_back_to_the_file, argv[1]),
		DAEMON_TEST(full_disk_is_said_and_the_policy_is_live, argv[1]),
	};

	if (argc != 2)
		return 2;
	setvbuf(stdout, NULL, _IONBF, 0);
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
