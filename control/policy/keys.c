// SPDX-License-Identifier: BSD-3-Clause
//
// See keys.h. Constant tables.
#include "keys.h"

#include <stddef.h>

#define NEEDED(key)                                                                                \
	{                                                                                          \
		key, true, NULL                                                                    \
	}
#define ALLOWED(key)                                                                               \
	{                                                                                          \
		key, false, NULL                                                                   \
	}
#define LATER(key)                                                                                 \
	{                                                                                          \
		key, false, "\"" key "\" is not supported by this version"                         \
	}
// The clauses of a stage are "port25" and nothing else: a provider must not block submission.
#define OTHER_PORTS                                                                                \
	{                                                                                          \
		"port*", false,                                                                    \
			"only port 25 can be restricted (\"port25\" of a stage); submission on "   \
			"465 and 587 never (RFC 5068)"                                             \
	}
#define END                                                                                        \
	{                                                                                          \
		NULL, false, NULL                                                                  \
	}

const struct reader_key keys_top[] = {
	NEEDED("op25b"),      NEEDED("name"),    ALLOWED("tz"),
	ALLOWED("note"),      ALLOWED("sets"),   ALLOWED("softwires"),
	NEEDED("pools"),      ALLOWED("limits"), ALLOWED("default"),
	NEEDED("stages"),     LATER("infra"),    LATER("exceptions"),
	LATER("quarantines"), LATER("expect"),   LATER("tenant_of"),
	LATER("tenants"),     LATER("notice"),   LATER("legal_basis"),
	LATER("notice_url"),  OTHER_PORTS,       END,
};

const struct reader_key keys_pool[] = {
	NEEDED("kind"),
	ALLOWED("access"),
	ALLOWED("note"),
	ALLOWED("v4"),
	ALLOWED("v4_key"),
	ALLOWED("v6"),
	ALLOWED("v6_key"),
	ALLOWED("pairs"),
	ALLOWED("eh_limit"),
	ALLOWED("frag_chain"),
	ALLOWED("unknown_proto"),
	ALLOWED("inbound"),
	OTHER_PORTS,
	END,
};

const struct reader_key keys_limit[] = {
	NEEDED("key"),
	NEEDED("count"),
	NEEDED("max"),
	NEEDED("window_s"),
	ALLOWED("burst"),
	ALLOWED("hold_s"),
	ALLOWED("over"),
	ALLOWED("confidential"),
	ALLOWED("note"),
	OTHER_PORTS,
	END,
};

const struct reader_key keys_stage[] = {
	NEEDED("id"),
	ALLOWED("note"),
	NEEDED("pools"),
	NEEDED("from"),
	ALLOWED("precision"),
	ALLOWED("weekday"),
	NEEDED("port25"),
	LATER("until"),
	LATER("hold"),
	LATER("announced"),
	LATER("rolling"),
	LATER("gate"),
	LATER("drain"),
	LATER("cut"),
	LATER("notice"),
	LATER("legal_basis"),
	LATER("notice_url"),
	OTHER_PORTS,
	END,
};

const struct reader_key keys_clause[] = {
	NEEDED("to"),    NEEDED("do"), ALLOWED("as"), ALLOWED("limit"),
	ALLOWED("note"), OTHER_PORTS,  END,
};

const char *const words_kind[] = {
	"dynamic", "fixed",  "simple_fixed", "semi_fixed", "dialup",
	"mobile",  "shared", "hosting",      NULL,
};

const char *const words_action[] = {"permit",  "drop",       "rst", "limit",
				    "monitor", "icmp_admin", NULL};

const char *const words_refusal[] = {"drop", "rst", "icmp_admin", NULL};
const uint8_t refusal_action[] = {ACTION_DROP, ACTION_RST, ACTION_ICMP_ADMIN};

const char *const words_precision[] = {"instant", "day", "month", "year", "start_not_stated", NULL};

const char *const words_weekday[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", NULL};
