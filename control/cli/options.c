// SPDX-License-Identifier: BSD-3-Clause
//
// See options.h.
#include "options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const struct option options[] = {
	{"json", no_argument, NULL, 'j'},
	{"socket", required_argument, NULL, 's'},
	{"from", required_argument, NULL, 'f'},
	{"to", required_argument, NULL, 't'},
	{"port", required_argument, NULL, 'p'},
	{"source-port", required_argument, NULL, 'o'},
	{"side", required_argument, NULL, 'S'},
	{"pair", required_argument, NULL, 'P'},
	{"frame", required_argument, NULL, 'x'},
	{"frames", no_argument, NULL, 'X'},
	{"l2-doubt", required_argument, NULL, 'd'},
	{"at", required_argument, NULL, 'a'},
	{"name", required_argument, NULL, 'n'},
	{"tz", required_argument, NULL, 'z'},
	{"lang", required_argument, NULL, 'l'},
	{"html", no_argument, NULL, 'H'},
	{"interval", required_argument, NULL, 'i'},
	{"count", required_argument, NULL, 'c'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

_Static_assert(sizeof(options) / sizeof(options[0]) <= OPTIONS_MAX, "each is given once");

void options_print_usage(FILE *out)
{
	fprintf(out, "  -j, --json       print JSON\n"
		     "  --socket PATH    the daemon's socket (default /run/op25b/op25bd.sock)\n"
		     "  --help           this, or the help of the command\n"
		     "  --version\n");
}

// The whole number in text, from min to max; -1: it is none.
static long read_number(const char *text, long min, long max)
{
	char *end;
	long number = strtol(text, &end, 10);

	return *text && !*end && number >= min && number <= max ? number : -1;
}

static bool take_number(const char *name, long min, long max, uint32_t *out)
{
	long number = read_number(optarg, min, max);

	if (number < 0)
		fprintf(stderr, "op25bctl: %s \"%s\" is not a whole number from %ld to %ld\n", name,
			optarg, min, max);
	*out = (uint32_t)number;
	return number >= 0;
}

static bool take_word(const char *name, const char *one, const char *other, const char **out)
{
	*out = optarg;
	if (!strcmp(optarg, one) || !strcmp(optarg, other))
		return true;
	fprintf(stderr, "op25bctl: %s \"%s\" is not %s or %s\n", name, optarg, one, other);
	return false;
}

static bool take_moment(struct command_args *a)
{
	if (a->at_count == COMMAND_MAX_MOMENTS) {
		fprintf(stderr, "op25bctl: --at was given more than twice\n");
		return false;
	}
	a->at[a->at_count++] = optarg;
	return true;
}

// The options that say what is to be explained.
static bool take_question(struct command_args *a, int option)
{
	uint32_t number;

	switch (option) {
	case 'f':
		a->from = optarg;
		return true;
	case 't':
		a->to = optarg;
		return true;
	case 'P':
		a->pair = optarg;
		return true;
	case 'x':
		a->frame = optarg;
		return true;
	case 'X':
		return true;
	case 'S':
		return take_word("--side", "subscriber", "network", &a->side);
	case 'd':
		return take_word("--l2-doubt", "pass", "drop", &a->l2_doubt);
	case 'p':
		if (!take_number("--port", 0, UINT16_MAX, &number))
			return false;
		a->port = (int)number;
		return true;
	case 'o':
		if (!take_number("--source-port", 1, UINT16_MAX, &number))
			return false;
		a->source_port = (uint16_t)number;
		return true;
	default:
		return false;
	}
}

static bool take_option(struct parsed *p, int option)
{
	if (!strchr(p->given, option))
		p->given[strlen(p->given)] = (char)option;
	switch (option) {
	case 'j':
		p->is_json = true;
		return true;
	case 's':
		p->args.socket_path = optarg;
		return true;
	case 'a':
		return take_moment(&p->args);
	case 'n':
		p->args.name = optarg;
		return true;
	case 'z':
		p->args.tz = optarg;
		return true;
	case 'l':
		return take_word("--lang", "ja", "en", &p->args.lang);
	case 'H':
		p->args.is_html = true;
		return true;
	case 'i':
		return take_number("--interval", 1, 86400, &p->args.interval_s);
	case 'c':
		return take_number("--count", 1, 1000000000, &p->args.count);
	case 'h':
		p->wants_help = true;
		return true;
	case 'V':
		p->wants_version = true;
		return true;
	default:
		return take_question(&p->args, option);
	}
}

bool options_read(int argc, char **argv, struct parsed *p, int *first)
{
	int option;

	while ((option = getopt_long(argc, argv, "jhV", options, NULL)) != -1) {
		if (!take_option(p, option))
			return false;
	}
	*first = optind;
	return true;
}
