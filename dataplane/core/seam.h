// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// The seam between the judge and its hosts: how a header byte is loaded, and what the BPF verifier
// needs to be told. Everything else in core/ is the same text for gcc and for clang -target bpf.
// See docs/judge.md.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Every host looks at the same first bytes of a frame, so that every host comes to the same
// verdict.
#define WINDOW_BYTES 256u

#ifdef __bpf__
#include "seam_bpf.h"
#else
#include "seam_host.h"
#endif
