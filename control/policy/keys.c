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
#define REFUSED(key, why)                                                                          \
	{                                                                                          \
		key, false, why                                                                    \
	}
#define NO_TENANTS(key) REFUSED(key, "tenants are not supported by this version")
#define NO_SESSION                                                                                 \
	REFUSED("session", "a session is known only to a RADIUS feed, which this version does "    \
			   "not have: name a \"prefix\" or a \"subscriber\"")
// The clauses of a stage are "port25" and nothing else: a provider must not block submission.
#define OTHER_PORTS                                                                                \
	REFUSED("port*", "only port 25 can be restricted (\"port25\" of a stage); submission on "  \
			 "465 and 587 never (RFC 5068)")
#define END                                                                                        \
	{                                                                                          \
		NULL, false, NULL                                                                  \
	}

const struct reader_key keys_top[] = {
	NEEDED("op25b"),
	NEEDED("name"),
	ALLOWED("revision"),
	ALLOWED("tz"),
	ALLOWED("provider"),
	ALLOWED("contact"),
	ALLOWED("notice"),
	ALLOWED("legal_basis"),
	ALLOWED("notice_url"),
	ALLOWED("note"),
	ALLOWED("access_names"),
	ALLOWED("sets"),
	ALLOWED("softwires"),
	ALLOWED("infra"),
	NEEDED("pools"),
	ALLOWED("subscribers"),
	ALLOWED("limits"),
	ALLOWED("gates"),
	ALLOWED("default"),
	NEEDED("stages"),
	ALLOWED("exceptions"),
	ALLOWED("quarantines"),
	ALLOWED("expect"),
	NO_TENANTS("tenant_of"),
	NO_TENANTS("tenants"),
	OTHER_PORTS,
	END,
};

const struct reader_key keys_infra[] = {
	ALLOWED("v4"), ALLOWED("v6"), ALLOWED("side"), ALLOWED("pairs"), ALLOWED("note"),
	OTHER_PORTS,   END,
};

const struct reader_key keys_pool[] = {
	NEEDED("kind"),      ALLOWED("access"),     ALLOWED("notice"),
	ALLOWED("note"),     ALLOWED("v4"),         ALLOWED("v4_key"),
	ALLOWED("v6"),       ALLOWED("v6_key"),     ALLOWED("psid"),
	ALLOWED("within"),   ALLOWED("relay"),      ALLOWED("pairs"),
	ALLOWED("eh_limit"), ALLOWED("frag_chain"), ALLOWED("unknown_proto"),
	ALLOWED("inbound"),  OTHER_PORTS,           END,
};

const struct reader_key keys_psid[] = {ALLOWED("offset"), NEEDED("length"), END};

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

static const struct reader_key keys_gate_tcp[] = {
	NEEDED("check"),     NEEDED("addresses"), NEEDED("port"),
	ALLOWED("greeting"), ALLOWED("note"),     END,
};

static const struct reader_key keys_gate_ran[] = {
	NEEDED("check"), NEEDED("stage"), NEEDED("days"), ALLOWED("note"), END,
};

static const struct reader_key keys_gate_below[] = {
	NEEDED("check"), NEEDED("stage"), NEEDED("percent"), ALLOWED("note"), END,
};

const struct reader_key *const keys_gate[3] = {keys_gate_tcp, keys_gate_ran, keys_gate_below};

const struct reader_key keys_stage[] = {
	NEEDED("id"),           ALLOWED("note"),      ALLOWED("notice"),    ALLOWED("legal_basis"),
	ALLOWED("notice_url"),  ALLOWED("pools"),     ALLOWED("from"),      ALLOWED("until"),
	ALLOWED("hold"),        ALLOWED("announced"), ALLOWED("precision"), ALLOWED("weekday"),
	ALLOWED("rolling"),     ALLOWED("waves"),     ALLOWED("gate"),      ALLOWED("drain_min"),
	ALLOWED("acknowledge"), NEEDED("port25"),     OTHER_PORTS,          END,
};

const struct reader_key keys_wave[] = {
	NEEDED("id"),         ALLOWED("note"),    ALLOWED("notice"), NEEDED("pools"),
	NEEDED("from"),       ALLOWED("until"),   ALLOWED("hold"),   ALLOWED("announced"),
	ALLOWED("precision"), ALLOWED("weekday"), OTHER_PORTS,       END,
};

const struct reader_key keys_announced[] = {
	ALLOWED("not_before"),
	ALLOWED("not_after"),
	ALLOWED("text"),
	END,
};

const struct reader_key keys_acknowledge[] = {ALLOWED("precision"), ALLOWED("fixed"), END};

const struct reader_key keys_clause[] = {
	NEEDED("to"),    NEEDED("do"), ALLOWED("as"), ALLOWED("limit"),
	ALLOWED("note"), OTHER_PORTS,  END,
};

const struct reader_key keys_exception[] = {
	NEEDED("id"),   NEEDED("match"), NEEDED("do"),     ALLOWED("to"),
	NEEDED("from"), NEEDED("until"), NEEDED("reason"), ALLOWED("ticket"),
	NEEDED("by"),   ALLOWED("note"), OTHER_PORTS,      END,
};

const struct reader_key keys_quarantine[] = {
	NEEDED("id"),   NEEDED("match"), NEEDED("do"),     ALLOWED("keep"),
	NEEDED("from"), NEEDED("until"), NEEDED("reason"), ALLOWED("ticket"),
	NEEDED("by"),   ALLOWED("note"), OTHER_PORTS,      END,
};

const struct reader_key keys_match[] = {
	ALLOWED("prefix"), ALLOWED("subscriber"), NO_SESSION, OTHER_PORTS, END,
};

const struct reader_key keys_expect[] = {
	NEEDED("at"),           NEEDED("from"),   NEEDED("to"),    ALLOWED("port"),
	ALLOWED("source_port"), ALLOWED("side"),  ALLOWED("pair"), NEEDED("verdict"),
	ALLOWED("reason"),      ALLOWED("stage"), ALLOWED("note"), END,
};

const char *const words_kind[] = {
	"dynamic", "fixed",  "simple_fixed", "semi_fixed", "dialup",
	"mobile",  "shared", "hosting",      NULL,
};

const char *const words_limit_key[] = {"address", "prefix", "psid", NULL};

const char *const words_check[] = {"tcp", "monitor_ran", "would_drop_below", NULL};

const char *const words_action[] = {"permit",  "drop",       "rst", "limit",
				    "monitor", "icmp_admin", NULL};

const char *const words_refusal[] = {"drop", "rst", "icmp_admin", NULL};
const uint8_t refusal_action[] = {ACTION_DROP, ACTION_RST, ACTION_ICMP_ADMIN};

const char *const words_precision[] = {"instant", "day", "month", "year", "start_not_stated", NULL};

const char *const words_weekday[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", NULL};

const char *const words_side[] = {"subscriber", "network", NULL};
