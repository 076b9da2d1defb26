// SPDX-License-Identifier: BSD-3-Clause
//
// See pin.h. Any thread, no state.
#include "pin.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

bool guard_refuse(char error[GUARD_ERROR_BYTES], const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(error, GUARD_ERROR_BYTES, fmt, args);
	va_end(args);
	return false;
}

const char *pin_path(char path[PIN_PATH_BYTES], const char *dir, const char *prefix,
		     const char *name)
{
	snprintf(path, PIN_PATH_BYTES, "%s/%s%s", dir, prefix, name);
	return path;
}

static bool is_on_bpffs(const char *dir)
{
	struct statfs fs;

	return statfs(dir, &fs) == 0 && fs.f_type == BPF_FS_MAGIC;
}

bool pin_dir_prepare(const char *dir, bool *made, char error[GUARD_ERROR_BYTES])
{
	*made = mkdir(dir, 0700) == 0;
	if (!*made && errno != EEXIST)
		return guard_refuse(error,
				    "%s: the guard's folder cannot be made: %s; its parent must be "
				    "a BPF file system: mount -t bpf bpf /sys/fs/bpf",
				    dir, strerror(errno));
	if (is_on_bpffs(dir))
		return true;
	if (*made)
		rmdir(dir);
	return guard_refuse(error,
			    "%s: the guard's folder is not on a BPF file system: mount one there "
			    "or above it: mount -t bpf bpf /sys/fs/bpf",
			    dir);
}

bool pin_dir_has_links(const char *dir)
{
	size_t prefix_bytes = strlen(OP25B_PIN_LINK_PREFIX);
	DIR *d = opendir(dir);
	struct dirent *entry;
	bool found = false;

	if (!d)
		return false;
	while (!found && (entry = readdir(d)))
		found = strncmp(entry->d_name, OP25B_PIN_LINK_PREFIX, prefix_bytes) == 0;
	closedir(d);
	return found;
}

int pin_open(const char *dir, const char *prefix, const char *name)
{
	char path[PIN_PATH_BYTES];
	int fd = bpf_obj_get(pin_path(path, dir, prefix, name));

	return fd < 0 ? -errno : fd;
}

int pin_remove(const char *dir, const char *prefix, const char *name)
{
	char path[PIN_PATH_BYTES];

	if (unlink(pin_path(path, dir, prefix, name)) == 0 || errno == ENOENT)
		return 0;
	return -errno;
}
