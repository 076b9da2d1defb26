// SPDX-License-Identifier: BSD-3-Clause
//
// The guard's folder on bpffs: paths, opening and removing pins. Part of the guard's loader.
#pragma once

#include <stdbool.h>

#include "guard.h"

#define PIN_PATH_BYTES 160u // CONFIG_MAX_PATH_BYTES, a slash, the prefix and an interface name

// "dir/prefixname". Returns path.
const char *pin_path(char path[PIN_PATH_BYTES], const char *dir, const char *prefix,
		     const char *name);

// Makes dir if it is not there; *made says so. It must lie on a BPF file system. Returns false with
// a sentence in error.
bool pin_dir_prepare(const char *dir, bool *made, char error[GUARD_ERROR_BYTES]);

// Whether any interface still has its link pinned in dir.
bool pin_dir_has_links(const char *dir);

// A descriptor of the pinned object, or -errno.
int pin_open(const char *dir, const char *prefix, const char *name);

// Removes the pin. Returns 0 (also if there is none) or -errno.
int pin_remove(const char *dir, const char *prefix, const char *name);

// Writes the sentence and returns false.
bool guard_refuse(char error[GUARD_ERROR_BYTES], const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
