// SPDX-License-Identifier: BSD-3-Clause
//
// Every policies/invalid/<case>.json must be refused with exactly the text of <case>.diag.
// "test_policy_invalid --write" writes the .diag files anew, for a human to review.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "corpus.h"

#define INVALID_DIR POLICIES_DIR "/invalid"
#define MIN_CASES 120

static bool check_case(const struct corpus_case *c)
{
	if (!c->refused)
		print_error("%s is NOT refused\n", c->name);
	return corpus_is(c, ".diag", c->diag) && c->refused;
}

static void every_invalid_policy_is_refused_with_its_text(void **state)
{
	size_t bad, count = corpus_each(INVALID_DIR, check_case, &bad);

	(void)state;
	assert_true(count >= MIN_CASES);
	print_message("%zu invalid policies\n", count);
	assert_int_equal(bad, 0);
}

static bool write_case(const struct corpus_case *c)
{
	if (!c->refused)
		fprintf(stderr, "%s is not refused\n", c->name);
	return corpus_write(c, ".diag", c->diag) && c->refused;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_invalid_policy_is_refused_with_its_text),
	};
	size_t bad;

	if (argc > 1 && !strcmp(argv[1], "--write"))
		return corpus_each(INVALID_DIR, write_case, &bad) && !bad ? 0 : 1;
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
