// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// Verdicts, reasons and clause actions: the words in which every host of the judge (op25b-dp, the
// guard, op25bctl) says what becomes of a frame and why. Types and constants only; shared with BPF.
#pragma once

#include <stdint.h>

// What becomes of a frame. Every received frame gets exactly one.
enum op25b_verdict {
	VERDICT_PASS = 0,   // handed on to the paired port, byte for byte
	VERDICT_DROP = 1,   // freed silently
	VERDICT_ANSWER = 2, // freed, and a TCP reset or ICMP error is sent back to the subscriber
	VERDICT_COUNT = 3,
};

// What a clause asks for. The numbers are part of the policy image.
enum op25b_action {
	ACTION_PERMIT = 0,
	ACTION_DROP = 1,
	ACTION_RST = 2,     // refuse with a TCP reset (RFC 9293 section 3.5.2)
	ACTION_LIMIT = 3,   // new connections per subscriber, see struct op25b_clause
	ACTION_MONITOR = 4, // count as if `as` were in force, and forward
	// Refuse with ICMP "communication administratively prohibited": type 3 code 13 (RFC 1812
	// section 5.2.7.1), ICMPv6 type 1 code 1 (RFC 4443 section 3.1).
	ACTION_ICMP_ADMIN = 5,
	ACTION_COUNT = 6,
};

// Why a frame got its verdict: name, verdict, name in metrics and JSON, meaning.
// A reason belongs to one verdict, so the reason alone says both. The order is ABI: append only.
#define OP25B_REASONS(X)                                                                           \
	X(PASS_NOT_IP, PASS, "not_ip",                                                             \
	  "not IPv4 or IPv6: ARP, LLDP, PPPoE discovery, PPP control, ...")                        \
	X(PASS_NOT_TCP, PASS, "not_tcp", "IP, and provably neither TCP nor a tunnel")              \
	X(PASS_NOT_PORT25, PASS, "not_port25", "TCP, but not to port 25 (from it, coming back)")   \
	X(PASS_LATER_FRAG, PASS, "later_frag", "a later fragment: it carries no ports")            \
	X(PASS_NO_POOL, PASS, "no_pool", "port 25 of an address in no pool, default permit")       \
	X(PASS_UNRESTRICTED, PASS, "unrestricted",                                                 \
	  "the pool has no active stage, or no clause matched")                                    \
	X(PASS_PERMIT, PASS, "permit", "a permit clause matched")                                  \
	X(PASS_WITHIN_LIMIT, PASS, "within_limit",                                                 \
	  "a limit clause matched and the subscriber is within")                                   \
	X(PASS_MONITOR_DROP, PASS, "would_drop",                                                   \
	  "a monitor clause matched: drop would have been done")                                   \
	X(PASS_MONITOR_RST, PASS, "would_rst",                                                     \
	  "a monitor clause matched: a reset would have been sent")                                \
	X(PASS_UNREADABLE, PASS, "unreadable", "cannot be read, and not from a blocked pool")      \
	X(PASS_NO_POLICY, PASS, "no_policy", "no policy in force yet, start is pass")              \
	X(PASS_OPEN, PASS, "loss_open", "guard: the dataplane is lost, on_dataplane_loss is open") \
	X(DROP_BLOCKED, DROP, "blocked", "a drop clause matched")                                  \
	X(DROP_LIMIT_OVER, DROP, "limit_over", "a new connection over the subscriber's limit")     \
	X(DROP_LIMIT_HELD, DROP, "limit_held",                                                     \
	  "the subscriber is on hold after going over the limit")                                  \
	X(DROP_LIMIT_BUSY, DROP, "limit_busy",                                                     \
	  "the limit's slot was contended too often: taken as over")                               \
	X(DROP_MIRROR, DROP, "mirror", "from port 25 to a pool that is blocked or held")           \
	X(DROP_SRC_SPOOFED, DROP, "src_spoofed",                                                   \
	  "port 25 from a source that does not live behind this subscriber port")                  \
	X(DROP_UNANSWERED, DROP, "unanswered",                                                     \
	  "an answer was due, but none is sent: see op25b-policy(5), ANSWERS")                     \
	X(DROP_NO_POLICY, DROP, "no_policy_drop", "no policy in force yet, start is hold")         \
	X(DROP_CLOSED, DROP, "loss_closed",                                                        \
	  "guard: the dataplane is lost, on_dataplane_loss is closed")                             \
	X(DROP_TINY_FRAG, DROP, "tiny_frag",                                                       \
	  "first fragment too short for a TCP header (RFC 1858)")                                  \
	X(DROP_FRAG_FO1, DROP, "frag_fo1", "TCP fragment at offset 1 (RFC 3128)")                  \
	X(DROP_FRAG_CHAIN, DROP, "frag_chain",                                                     \
	  "IPv6 header chain split over fragments (RFC 7112)")                                     \
	X(DROP_EH_LIMIT, DROP, "eh_limit", "more IPv6 extension headers than are read")            \
	X(DROP_MALFORMED, DROP, "malformed", "a length or version contradicts another field")      \
	X(DROP_WINDOW, DROP, "window", "headers reach beyond the first 256 bytes of the frame")    \
	X(ANSWER_RST, ANSWER, "rst", "an rst clause matched: a reset was sent to the subscriber")  \
	X(ANSWER_LIMIT, ANSWER, "limit_rst", "over the limit or on hold: a reset was sent")        \
	X(PASS_INBOUND, PASS, "inbound",                                                           \
	  "from the network to port 25 of an address here, which is not restricted")               \
	X(PASS_MONITOR_ICMP, PASS, "would_icmp",                                                   \
	  "a monitor clause matched: an ICMP error would have been sent")                          \
	X(PASS_UNKNOWN_PROTO, PASS, "unknown_proto",                                               \
	  "an IP protocol number that IANA has not assigned")                                      \
	X(PASS_TUNNEL_IP4, PASS, "tunnel_ip4", "IPv4 in IP, and no configured softwire")           \
	X(PASS_TUNNEL_IP6, PASS, "tunnel_ip6", "IPv6 in IP (6in4, 6rd, ...)")                      \
	X(PASS_TUNNEL_GRE, PASS, "tunnel_gre", "GRE")                                              \
	X(PASS_TUNNEL_ESP, PASS, "tunnel_esp", "IPsec ESP")                                        \
	X(PASS_TUNNEL_L2TP, PASS, "tunnel_l2tp", "L2TP: UDP port 1701, or IP protocol 115")        \
	X(PASS_TUNNEL_OTHER, PASS, "tunnel_other",                                                 \
	  "another protocol that carries packets: EtherIP, IPComp, MPLS in IP, ...")               \
	X(PASS_L2_UNPARSED, PASS, "l2_unparsed",                                                   \
	  "below IP, and not opened: PPP multilink or compression, pseudowires, MACsec, ...")      \
	X(DROP_SOURCE_ROUTE, DROP, "source_route",                                                 \
	  "IPv4 source route option: the destination is not what it seems (RFC 7126)")             \
	X(DROP_ROUTING_TYPE0, DROP, "routing_type0", "IPv6 routing header type 0 (RFC 5095)")      \
	X(DROP_SEGMENTS_LEFT, DROP, "segments_left",                                               \
	  "IPv6 routing header with segments left: the destination is not what it seems")          \
	X(DROP_INBOUND, DROP, "inbound_drop",                                                      \
	  "from the network to port 25 of a pool whose inbound port 25 is closed")                 \
	X(DROP_UNKNOWN_PROTO, DROP, "unknown_proto_drop",                                          \
	  "an unassigned IP protocol number, of a pool that closes these")                         \
	X(DROP_RUNT, DROP, "runt", "shorter than an Ethernet header")                              \
	X(DROP_L2_DEPTH, DROP, "l2_depth", "more VLAN tags or MPLS labels than are read")          \
	X(DROP_L2_MALFORMED, DROP, "l2_malformed",                                                 \
	  "a length below IP contradicts the frame, or the frame ends inside a header")            \
	X(ANSWER_ICMP, ANSWER, "icmp_admin",                                                       \
	  "an icmp_admin clause matched: an ICMP error was sent to the subscriber")                \
	X(ANSWER_LIMIT_ICMP, ANSWER, "limit_icmp",                                                 \
	  "over the limit or on hold: an ICMP error was sent")                                     \
	X(PASS_INFRA, PASS, "infra", "from the provider's own infrastructure, where it lives")     \
	X(PASS_DRAINING, PASS, "draining",                                                         \
	  "a connection that stood when the stage began, while that spares these")

enum op25b_reason {
#define OP25B_REASON_ENUM(id, verdict, name, help) REASON_##id,
	OP25B_REASONS(OP25B_REASON_ENUM)
#undef OP25B_REASON_ENUM
		REASON_COUNT
};

#define OP25B_REASON_SLOTS                                                                         \
	64 // room for reasons in counter arrays, so that new ones do not move cells

// Address family of a frame in counters.
enum op25b_family {
	FAMILY_NONE = 0, // no IP header was read
	FAMILY_IP4 = 1,
	FAMILY_IP6 = 2,
	FAMILY_COUNT = 3,
};

// The side of the box a frame came in on.
enum op25b_side {
	SIDE_SUBSCRIBER = 0,
	SIDE_NETWORK = 1,
};

_Static_assert(REASON_COUNT <= OP25B_REASON_SLOTS,
	       "the counter arrays have no room for this reason");
