// SPDX-License-Identifier: BSD-3-Clause
//
// The queues of a kernel interface, as the kernel has them now. Worker i serves receive queue i and
// sends by transmit queue i. Main thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct channels {
	uint32_t rx;
	uint32_t tx;
	bool is_combined; // queues come in pairs: ethtool -L calls them "combined"
};

// Returns false if the kernel does not say.
bool channels_read(const char *iface, struct channels *c);

// Whether that many workers can serve an interface with these queues. Logs what is wrong, and what
// goes by them if it has more queues than they serve.
bool channels_suit(const char *iface, const struct channels *c, uint32_t workers);
