// SPDX-License-Identifier: BSD-3-Clause
//
// mkpcap: makes captures for scripts/capacity and for two real boxes. Traffic of a named mix,
// always the same bytes for the same arguments, on any machine. Here are the arguments and the
// file; what a mix is stands in mkpcap_mix.c, how a frame is built in mkpcap_frame.c. Single
// thread.
#include "mkpcap_mix.h"

#include <endian.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FRAMES_MAX = 1 << 26,
	PCAP_MAGIC_US = 0xa1b2c3d4,
	PCAP_MAJOR = 2,
	PCAP_MINOR = 4,
	PCAP_SNAP_BYTES = 65535,
	PCAP_ETHERNET = 1,
	FILE_BUFFER_BYTES = 1 << 20,
	US_PER_S = 1000000,
};

// The file format of pcap (pcap-savefile(5)), written in little-endian.
struct pcap_head {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, snap_bytes, link_type;
};

struct pcap_frame {
	uint32_t time_s, time_us, captured_bytes, bytes;
};

struct options {
	const char *mix, *prefixes, *out;
	uint64_t frames, wire_bytes, port25_permille, subscribers, seed;
	bool from_subscriber, port25_given;
};

static void usage(FILE *to)
{
	fprintf(to,
		"usage: mkpcap --mix NAME [option ...] OUT.pcap\n"
		"Writes traffic of a mix, the same bytes for the same arguments on any machine.\n\n"
		"  --mix NAME           see below\n"
		"  --frames N           how many; 1000 if not given\n"
		"  --size BYTES|imix    of each frame on the wire, with the 4 bytes of FCS that "
		"no\n"
		"                       capture has: 64 (the default) to 1518 give 60 to 1514 in "
		"the\n"
		"                       file. imix: in each 12 frames, 7 of 64, 4 of 594, 1 of "
		"1518\n"
		"  --port25 PERMILLE    share of TCP to port 25 (from the network: from port 25), "
		"kept\n"
		"                       to the frame; 10 if not given, that is 1 %%\n"
		"  --subscribers N      how many are drawn from, 1 to 16777216; 1048576 if not "
		"given\n"
		"  --prefixes FILE      their prefixes, one a line; 10.0.0.0/8 and 3fff::/32 if "
		"not\n"
		"                       given. Subscriber n of c prefixes: key n / c of prefix n "
		"%% c,\n"
		"                       where a key is an address of IPv4 or a /56 of IPv6\n"
		"  --side SIDE          where the frames come from: subscriber (default) or "
		"network\n"
		"  --seed S             of the random numbers; 1 if not given\n\n"
		"Mixes:\n");
	for (const struct mix *mix = mixes; mix->name; mix++)
		fprintf(to, "  %-11s %s\n", mix->name, mix->about);
	fprintf(to,
		"Frames of port 25 go to the own relay, 192.0.2.25 and 2001:db8:25::25, one in "
		"ten\n"
		"(not in flood), and else to random hosts; one in eight is a SYN. Payload is a\n"
		"pattern, and no protocol's. MAC addresses are 02:00:00:00:00:01 (subscribers' "
		"side)\n"
		"and 02:00:00:00:00:02. Two tags and PPPoE make a frame 16 bytes longer than "
		"--size,\n"
		"and carry at most 1492 bytes of IP; what the headers of IPv6 need beyond --size "
		"is\n"
		"added, too. TCP of the shortest frames carries nothing and is padded.\n");
}

// A number from least to most, or false after it has said what is allowed.
static bool number_of(const char *option, const char *text, uint64_t least, uint64_t most,
		      uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && !*end && !errno && *value >= least &&
	    *value <= most)
		return true;
	fprintf(stderr, "mkpcap: --%s: \"%s\" is not a number from %llu to %llu.\n", option, text,
		(unsigned long long)least, (unsigned long long)most);
	return false;
}

static bool side_of(const char *text, bool *from_subscriber)
{
	*from_subscriber = !strcmp(text, "subscriber");
	if (*from_subscriber || !strcmp(text, "network"))
		return true;
	fprintf(stderr, "mkpcap: --side: \"%s\" is neither subscriber nor network.\n", text);
	return false;
}

static bool size_of(const char *text, uint64_t *wire_bytes)
{
	if (strcmp(text, "imix"))
		return number_of("size", text, FRAME_MIN_BYTES + FRAME_FCS_BYTES,
				 FRAME_MAX_BYTES + FRAME_FCS_BYTES, wire_bytes);
	*wire_bytes = SIZE_IMIX;
	return true;
}

static bool option_take(struct options *o, char letter)
{
	switch (letter) {
	case 'm':
		o->mix = optarg;
		return true;
	case 'f':
		return number_of("frames", optarg, 1, FRAMES_MAX, &o->frames);
	case 's':
		return size_of(optarg, &o->wire_bytes);
	case 'p':
		o->port25_given = true;
		return number_of("port25", optarg, 0, PORT25_ALL_PERMILLE, &o->port25_permille);
	case 'n':
		return number_of("subscribers", optarg, 1, WHO_SUBSCRIBERS_MAX, &o->subscribers);
	case 'x':
		o->prefixes = optarg;
		return true;
	case 'i':
		return side_of(optarg, &o->from_subscriber);
	case 'r':
		return number_of("seed", optarg, 0, UINT64_MAX, &o->seed);
	default: // getopt has said what is wrong
		return false;
	}
}

static bool options_read(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{"mix", required_argument, NULL, 'm'},
		{"frames", required_argument, NULL, 'f'},
		{"size", required_argument, NULL, 's'},
		{"port25", required_argument, NULL, 'p'},
		{"subscribers", required_argument, NULL, 'n'},
		{"prefixes", required_argument, NULL, 'x'},
		{"side", required_argument, NULL, 'i'},
		{"seed", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};

	for (int letter; (letter = getopt_long(argc, argv, "", names, NULL)) != -1;) {
		if (letter == 'h') {
			usage(stdout);
			exit(0);
		}
		if (!option_take(o, letter))
			return false;
	}
	if (o->mix && optind == argc - 1) {
		o->out = argv[optind];
		return true;
	}
	fprintf(stderr, "mkpcap: it needs --mix and one file to write; see mkpcap --help.\n");
	return false;
}

// Everything that is to be said of the options together. Returns NULL after it has been said.
static const struct mix *mix_of(const struct options *o, const struct who *who)
{
	const struct mix *mix = mix_find(o->mix);

	if (!mix) {
		fprintf(stderr, "mkpcap: there is no mix \"%s\"; mkpcap --help lists them.\n",
			o->mix);
		return NULL;
	}
	if (mix->port25_only && o->port25_given && o->port25_permille != PORT25_ALL_PERMILLE) {
		fprintf(stderr, "mkpcap: the mix %s is all port 25: --port25 can only be %d.\n",
			mix->name, PORT25_ALL_PERMILLE);
		return NULL;
	}
	for (uint32_t i = 0; i < mix->part_count; i++)
		if (!who_has(who, mix->parts[i].family)) {
			fprintf(stderr,
				"mkpcap: the mix %s needs IPv%d, and %s has no prefix of it.\n",
				mix->name, mix->parts[i].family, o->prefixes);
			return NULL;
		}
	return mix;
}

// Time goes on by a microsecond a frame: nobody should replay by these, but they are in order.
static bool write_frame(FILE *file, uint64_t number, const uint8_t *frame, uint32_t bytes)
{
	struct pcap_frame head = {.time_s = htole32(number / US_PER_S),
				  .time_us = htole32(number % US_PER_S),
				  .captured_bytes = htole32(bytes),
				  .bytes = htole32(bytes)};

	return fwrite(&head, sizeof(head), 1, file) == 1 && fwrite(frame, bytes, 1, file) == 1;
}

static bool write_frames(FILE *file, const struct options *o, const struct mix *mix,
			 const struct who *who)
{
	static uint8_t frame[FRAME_BUFFER_BYTES];
	const struct pcap_head head = {.magic = htole32(PCAP_MAGIC_US),
				       .major = htole16(PCAP_MAJOR),
				       .minor = htole16(PCAP_MINOR),
				       .snap_bytes = htole32(PCAP_SNAP_BYTES),
				       .link_type = htole32(PCAP_ETHERNET)};
	uint64_t permille = mix->port25_only ? PORT25_ALL_PERMILLE : o->port25_permille;
	struct draw d = {.mix = mix,
			 .who = who,
			 .random = {o->seed},
			 .wire_bytes = o->wire_bytes,
			 .subscribers = o->subscribers,
			 .from_subscriber = o->from_subscriber,
			 .frames_left = o->frames,
			 .port25_left = (o->frames * permille + PORT25_ALL_PERMILLE / 2) /
					PORT25_ALL_PERMILLE};

	if (fwrite(&head, sizeof(head), 1, file) != 1)
		return false;
	for (uint64_t i = 0; i < o->frames; i++) {
		struct frame_spec spec = draw_frame(&d);

		if (!write_frame(file, i, frame, frame_build(&spec, frame)))
			return false;
	}
	return true;
}

// A file that is not whole is not left behind.
static int write_file(const struct options *o, const struct mix *mix, const struct who *who)
{
	FILE *file = fopen(o->out, "w");
	struct stat now;
	bool good;

	if (!file) {
		fprintf(stderr, "mkpcap: %s cannot be made: %s.\n", o->out, strerror(errno));
		return 1;
	}
	setvbuf(file, NULL, _IOFBF, FILE_BUFFER_BYTES);
	good = write_frames(file, o, mix, who);
	if (fclose(file) == 0 && good)
		return 0;
	fprintf(stderr, "mkpcap: %s cannot be written: %s.\n", o->out, strerror(errno));
	if (lstat(o->out, &now) == 0 && S_ISREG(now.st_mode))
		unlink(o->out);
	return 1;
}

int main(int argc, char **argv)
{
	struct options o = {.frames = 1000,
			    .wire_bytes = FRAME_MIN_BYTES + FRAME_FCS_BYTES,
			    .port25_permille = 10,
			    .subscribers = 1 << 20,
			    .from_subscriber = true,
			    .seed = 1};
	const struct mix *mix;
	struct who who;
	int status = 2;

	if (!options_read(&o, argc, argv))
		return 2;
	if (who_read(&who, o.prefixes)) {
		mix = mix_of(&o, &who);
		if (mix)
			status = write_file(&o, mix, &who);
	}
	who_free(&who);
	return status;
}
