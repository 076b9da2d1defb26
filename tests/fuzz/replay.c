// SPDX-License-Identifier: BSD-3-Clause
//
// A fuzz target without libFuzzer: runs each file of the named folders through it, in the order of
// their names, each in a heap block of exactly its size. So what once found something, and the
// seeds, are tests of every build. Folders that are not there are passed over; without any input it
// fails. Usage: fuzz_TARGET FILE-OR-FOLDER...
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

#define PATH_BYTES 4096

static size_t run_count;

static void run_file(const char *path, size_t bytes)
{
	FILE *in = fopen(path, "rbe");
	uint8_t *data = malloc(bytes);

	fuzz_must(in && data && fread(data, 1, bytes, in) == bytes, path);
	fclose(in);
	// If the program ends here, this is the file.
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(data, bytes);
	free(data);
	run_count++;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void run_path(const char *path)
{
	struct dirent **entries;
	char inside[PATH_BYTES];
	struct stat st;
	int i, count;

	if (stat(path, &st)) {
		fuzz_must(errno == ENOENT, path);
		return;
	}
	if (!S_ISDIR(st.st_mode)) {
		run_file(path, (size_t)st.st_size);
		return;
	}
	count = scandir(path, &entries, is_visible, alphasort);
	fuzz_must(count >= 0, path);
	for (i = 0; i < count; i++) {
		snprintf(inside, sizeof(inside), "%s/%s", path, entries[i]->d_name);
		run_path(inside);
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	int i;

	LLVMFuzzerInitialize(&argc, &argv);
	for (i = 1; i < argc; i++)
		run_path(argv[i]);
	printf("# %zu inputs\n", run_count);
	return run_count ? 0 : 1;
}
