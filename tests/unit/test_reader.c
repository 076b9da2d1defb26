// SPDX-License-Identifier: BSD-3-Clause
//
// Reading files that change under the reader, at the worst moment: between its looks at them.
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/reader/reader.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT "{\"a\": 1}\n"

// What happens to the file during the next read().
enum change {
	CHANGE_NOTHING,
	CHANGE_GROWS,
	CHANGE_SHRINKS,
	CHANGE_REWRITTEN, // with other text of the same length
	CHANGE_REPLACED,  // by rename(): what is read stays what it was
};

static enum change change;
static char path[] = "/tmp/op25b-reader.XXXXXX";

ssize_t __real_read(int fd, void *buf, size_t bytes);
ssize_t __wrap_read(int fd, void *buf, size_t bytes);

static void write_file(const char *name, const char *text, const char *mode)
{
	FILE *out = fopen(name, mode);

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static void happen(void)
{
	char other[sizeof(path) + 4];

	switch (change) {
	case CHANGE_GROWS:
		write_file(path, " ", "ae");
		break;
	case CHANGE_SHRINKS:
		assert_int_equal(truncate(path, 3), 0);
		break;
	case CHANGE_REWRITTEN:
		write_file(path, "{\"a\": 2}\n", "re+");
		break;
	case CHANGE_REPLACED:
		snprintf(other, sizeof(other), "%s.new", path);
		write_file(other, "{}\n", "we");
		assert_int_equal(rename(other, path), 0);
		break;
	default:
		break;
	}
	change = CHANGE_NOTHING;
}

ssize_t __wrap_read(int fd, void *buf, size_t bytes)
{
	happen();
	return __real_read(fd, buf, bytes);
}

static void a_file_that_changes_is_refused(void **state)
{
	static const struct {
		enum change change;
		bool refused;
	} rows[] = {
		{CHANGE_NOTHING, false},  {CHANGE_GROWS, true},     {CHANGE_SHRINKS, true},
		{CHANGE_REWRITTEN, true}, {CHANGE_REPLACED, false},
	};
	struct timespec long_ago[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	size_t i, bytes;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct diag d;
		char *text;

		write_file(path, TEXT, "we");
		assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
		diag_init(&d, "f");
		change = rows[i].change;
		text = reader_file(path, &bytes, &d);
		assert_int_equal(!text, rows[i].refused);
		assert_int_equal(d.error_count, rows[i].refused);
		if (text)
			assert_string_equal(text, TEXT);
		else
			assert_string_equal(d.rows[0].text, "was changed while it was read: try "
							    "again when it is complete");
		free(text);
		diag_free(&d);
	}
}

// A value of any size is quoted by its beginning.
static void quotes_are_cut(void **state)
{
	char quote[READER_PLACE_BYTES], long_text[1000];
	json_t *list = json_array();
	size_t i;

	(void)state;
	for (i = 0; i < 100000; i++)
		json_array_append_new(list, json_integer(7));
	reader_quote(quote, list);
	assert_int_equal(strlen(quote), 83);
	assert_string_equal(quote + 77, "7,7...");
	json_decref(list);
	memset(long_text, 'a', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	reader_quote_text(quote, long_text);
	assert_int_equal(strlen(quote), 83);
	assert_string_equal(reader_quote_text(quote, "a\nb"), "\"a\\nb\"");
	assert_string_equal(reader_quote_text(quote, "\xff"), "the text");
	assert_string_equal(reader_quote(quote, NULL), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_that_changes_is_refused),
		cmocka_unit_test(quotes_are_cut),
	};
	int failed, fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed ? 1 : 0;
}
