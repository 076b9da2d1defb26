// SPDX-License-Identifier: BSD-3-Clause
//
// Asking servers whether they answer: a connection to each address of a gate at once, and if a
// greeting is expected its first line. Event loop thread only; nothing blocks.
#pragma once

#include <event2/event.h>
#include <stdbool.h>

#include "../policy/policy.h"

#define GATE_TCP_TIMEOUT_S 5 // for all addresses together
#define GATE_TEXT_BYTES 192u

struct gate_tcp;

// text: what was found, for the operator. Called once, never from inside gate_tcp_start().
typedef void (*gate_tcp_done)(void *arg, bool open, const char *text);

// The gate must outlive the question. NULL: out of memory.
struct gate_tcp *gate_tcp_start(struct event_base *base, const struct policy_gate *gate,
				gate_tcp_done done, void *arg);
// Ends it, before or after done. NULL is fine.
void gate_tcp_close(struct gate_tcp *t);
