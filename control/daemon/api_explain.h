// SPDX-License-Identifier: BSD-3-Clause
//
// GET /v1/policy/explain: what becomes of a connection or a frame by the policy in force.
#pragma once

#include <event2/keyvalq_struct.h>
#include <jansson.h>

#include "publish.h"

// The answer to a query: explainer_ask()'s. There must be a policy in force. NULL with errors in d.
// Event loop thread only.
json_t *api_explain(struct publish *p, const struct evkeyvalq *query, struct diag *d);
