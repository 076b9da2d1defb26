// SPDX-License-Identifier: BSD-3-Clause
//
// op25bctl: the command line. Finds the command in one table of them, runs it, ends with its exit
// code. The options are in options.c.
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define NO_LIMIT 1000000

struct command {
	const char *noun;
	const char *verb;     // NULL: the noun is the command
	char form;            // an option that makes it this form of the command; 0: the usual one
	const char *options;  // short forms of the options it knows, beside -j and --socket
	const char *required; // and of those it cannot do without
	int min_files, max_files;
	uint32_t max_moments; // of --at
	enum exit_code (*run)(const struct command_args *a);
	const char *synopsis;
	const char *help;
};

static const struct command commands[] = {
	{"policy", "check", 0, "a", "", 1, NO_LIMIT, 1, run_policy_check,
	 "policy check FILE... [--at TIME]",
	 "Says all that is wrong with policy files, and how many of their test vectors held; with "
	 "--at also what is in force then. Needs no daemon."},
	{"policy", "print", 0, "", "", 1, 1, 0, run_policy_print, "policy print FILE",
	 "Prints a policy file in its canonical form. Needs no daemon."},
	{"policy", "diff", 0, "a", "", 2, 2, 2, run_policy_diff,
	 "policy diff FILE FILE [--at TIME [--at TIME]]",
	 "Says how the second policy differs from the first, for whom and from when; with --at in "
	 "what is in force then, with two the first at the first time and the second at the other. "
	 "Needs no daemon."},
	{"policy", "plan", 0, "a", "", 1, 1, 1, run_policy_plan, "policy plan FILE [--at TIME]",
	 "Says what changes when, what is held and what ends, seen from now or TIME. Needs no "
	 "daemon."},
	{"policy", "notice", 0, "lHa", "", 1, 1, 1, run_policy_notice,
	 "policy notice FILE [--lang ja|en] [--html] [--at TIME]",
	 "Writes the notice to customers that follows from a policy: as text, or as a page of "
	 "HTML. "
	 "Needs no daemon."},
	{"policy", "new", 0, "nz", "", 0, 0, 0, run_policy_new,
	 "policy new [--name NAME] [--tz ZONE]",
	 "Prints a commented policy to begin with. Needs no daemon."},
	{"policy", "load", 0, "", "", 1, 1, 0, run_policy_load, "policy load FILE",
	 "Puts a policy into force, in op25b-dp and the guard, and saves it."},
	{"policy", "show", 0, "", "", 0, 0, 0, run_policy_show, "policy show",
	 "Prints the policy in force."},
	{"policy", "explain", 0, "ftpoSPa", "ft", 0, 1, 1, run_policy_explain,
	 "policy explain [FILE] --from ADDR --to ADDR [--port N] [--source-port N] [--side SIDE] "
	 "[--pair NAME] [--at TIME]",
	 "Says what becomes of a connection, and why: by the file (needs no daemon), or by the "
	 "policy in force."},
	{"policy", "explain", 'x', "xSPda", "", 0, 1, 1, run_policy_explain,
	 "policy explain [FILE] --frame HEX|- [--side SIDE] [--pair NAME] [--l2-doubt WORD] "
	 "[--at TIME]",
	 "Says the same of an Ethernet frame, given in hex digits."},
	{"policy", "explain", 'X', "XSPda", "", 1, 1, 1, run_policy_explain_frames,
	 "policy explain FILE --frames [--side SIDE] [--pair NAME] [--l2-doubt WORD] [--at TIME]",
	 "Judges frames from standard input, one a line, and prints a line for each."},
	{"stats", "show", 0, "", "", 0, 0, 0, run_stats_show, "stats show",
	 "Prints the counters of both hosts, and whether they add up."},
	{"stats", "watch", 0, "ic", "", 0, 0, 0, run_stats_watch,
	 "stats watch [--interval S] [--count N]", "The same again and again, until interrupted."},
	{"status", NULL, 0, "", "", 0, 0, 0, run_status, "status",
	 "Says what is in force where, since when, what comes next, and what to worry about."},
	{"clock", "accept", 0, "", "", 0, 0, 0, run_clock_accept, "clock accept",
	 "Lets the policy follow the machine's clock again, after it went backwards."},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_usage(FILE *out)
{
	size_t i;

	fprintf(out, "usage: op25bctl [-j] [--socket PATH] COMMAND\n\n");
	for (i = 0; i < COMMAND_COUNT; i++)
		fprintf(out, "  %s\n      %s\n", commands[i].synopsis, commands[i].help);
	fprintf(out, "\n");
	options_print_usage(out);
	fprintf(out, "\nexit code: 0 ok, 1 refused, 2 usage, 3 daemon unreachable\n");
}

static void print_command_help(const struct command *c)
{
	printf("usage: op25bctl [-j] [--socket PATH] %s\n\n%s\n", c->synopsis, c->help);
}

static bool is_other_form(const struct command *a, const struct command *b)
{
	return a != b && !strcmp(a->noun, b->noun) && a->verb && b->verb &&
	       !strcmp(a->verb, b->verb);
}

static enum exit_code usage(const char *message, const char *value)
{
	fprintf(stderr, "op25bctl: %s%s\n\"op25bctl --help\" tells the commands\n", message, value);
	return EXIT_USAGE;
}

static bool is_command(const struct command *c, int argc, char **argv)
{
	if (argc < 1 || strcmp(argv[0], c->noun))
		return false;
	return !c->verb || (argc > 1 && !strcmp(argv[1], c->verb));
}

// given: short forms of the options, which choose among the forms of a command. The usual form
// stands first, so that any other wins.
static const struct command *find_command(int argc, char **argv, const char *given)
{
	const struct command *found = NULL;
	size_t i;

	for (i = 0; i < COMMAND_COUNT; i++) {
		if (is_command(&commands[i], argc, argv) &&
		    (!commands[i].form || strchr(given, commands[i].form)))
			found = &commands[i];
	}
	return found;
}

static enum exit_code run(const struct command *c, struct parsed *p)
{
	const char *option;
	size_t i;

	if (p->wants_help) {
		print_command_help(c);
		for (i = 0; i < COMMAND_COUNT; i++) {
			if (is_other_form(&commands[i], c)) {
				printf("\n");
				print_command_help(&commands[i]);
			}
		}
		return EXIT_OK;
	}
	if (p->args.file_count < c->min_files || p->args.file_count > c->max_files)
		return usage("wrong number of arguments; expected: ", c->synopsis);
	for (option = p->given; *option; option++) {
		if (!strchr("js", *option) && !strchr(c->options, *option))
			return usage("an option does not belong to this command; expected: ",
				     c->synopsis);
	}
	for (option = c->required; *option; option++) {
		if (!strchr(p->given, *option))
			return usage("an option is missing; expected: ", c->synopsis);
	}
	if (p->args.at_count > c->max_moments)
		return usage("--at was given more than once; expected: ", c->synopsis);
	p->args.out = p->is_json ? &output_json : &output_text;
	return c->run(&p->args);
}

int main(int argc, char **argv)
{
	struct parsed p = {
		.args = {.socket_path = "/run/op25b/op25bd.sock", .port = -1, .interval_s = 1}};
	const struct command *c;
	enum exit_code code;
	char unknown[128];
	int first, words;

	if (!options_read(argc, argv, &p, &first))
		return EXIT_USAGE;
	argc -= first;
	argv += first;
	if (p.wants_version)
		return printf("op25bctl " OP25B_VERSION "\n") < 0;
	c = find_command(argc, argv, p.given);
	if (!c && p.wants_help && argc == 0) {
		print_usage(stdout);
		return EXIT_OK;
	}
	if (!c) {
		snprintf(unknown, sizeof(unknown), "%s%s%.60s", argc ? argv[0] : "none",
			 argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
		return usage("not a command: ", unknown);
	}
	words = c->verb ? 2 : 1;
	p.args.files = argv + words;
	p.args.file_count = argc - words;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	code = run(c, &p);
	curl_global_cleanup();
	// A full disk must not look like an answer.
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "op25bctl: the answer could not be written\n");
		return EXIT_REFUSED;
	}
	return (int)code;
}
