// SPDX-License-Identifier: BSD-3-Clause
//
// The examples of policies/ and the policies of tests/golden/policy: what is warned of, the
// canonical text, and that this text means the same. "test_policy_valid --write" writes the .diag
// and .print files of the latter anew, for a human to review.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "corpus.h"
#include "policy_help.h"

#define MIN_EXAMPLES 6
#define MIN_GOLDEN 3

// Parses what was printed: the same text comes out again, and the same hash.
static bool is_stable(const struct corpus_case *c)
{
	char hash[POLICY_HASH_BYTES], again_hash[POLICY_HASH_BYTES], path[CORPUS_PATH_BYTES];
	struct policy *p, *again;
	char *print;
	bool good;

	if (c->refused) {
		print_error("%s is refused:\n%s\n", c->name, c->diag);
		return false;
	}
	snprintf(path, sizeof(path), "%s/%s", c->dir, c->name);
	p = must_read(path);
	again = must_parse(c->print);
	print = policy_print(again);
	policy_hash(p, hash);
	policy_hash(again, again_hash);
	good = !strcmp(print, c->print) && !strcmp(hash, again_hash) && strlen(hash) == 64;
	if (!good)
		print_error("%s: printed again it differs:\n%s\n", c->name, print);
	free(print);
	policy_free(again);
	policy_free(p);
	return good;
}

static void every_example_prints_the_same_twice(void **state)
{
	size_t bad, count = corpus_each(POLICIES_DIR, is_stable, &bad);

	(void)state;
	assert_true(count >= MIN_EXAMPLES);
	assert_int_equal(bad, 0);
}

static bool is_golden(const struct corpus_case *c)
{
	return is_stable(c) && corpus_is(c, ".diag", c->diag) && corpus_is(c, ".print", c->print);
}

static void every_golden_policy_is_told_and_printed_as_it_was(void **state)
{
	size_t bad, count = corpus_each(GOLDEN_DIR, is_golden, &bad);

	(void)state;
	assert_true(count >= MIN_GOLDEN);
	assert_int_equal(bad, 0);
}

static bool write_golden(const struct corpus_case *c)
{
	if (c->refused)
		fprintf(stderr, "%s is refused:\n%s", c->name, c->diag);
	return !c->refused && corpus_write(c, ".diag", c->diag) &&
	       corpus_write(c, ".print", c->print);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_example_prints_the_same_twice),
		cmocka_unit_test(every_golden_policy_is_told_and_printed_as_it_was),
	};
	size_t bad;

	if (argc > 1 && !strcmp(argv[1], "--write"))
		return corpus_each(GOLDEN_DIR, write_golden, &bad) && !bad ? 0 : 1;
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
