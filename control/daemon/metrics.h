// SPDX-License-Identifier: BSD-3-Clause
//
// A snapshot as Prometheus text (exposition format 0.0.4). No address is ever a label: pools,
// reasons, families, hosts, ports, workers are, and all of them are bounded.
#pragma once

#include <event2/buffer.h>

#include "snapshot.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

void metrics_write(struct evbuffer *out, const struct snapshot *s);
