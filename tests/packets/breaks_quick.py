# SPDX-License-Identifier: BSD-3-Clause
"""Breaks of the quick test: each makes it say too much, or another thing than parse() says.

Not here, because no row can see it: the tests of what may be read, without which it would read behind the
frame and then find that it is too short (AddressSanitizer sees that, in the rows of rows_quick.py), and that it
leaves first fragments to parse(), which would say the same of them."""

from breaking import QUICK, breaks

# TCP and UDP.
breaks(
    QUICK,
    ("& ~a & 0x80008000u", "& ~a & 0x00008000u", "the quick test does not look at the destination port"),
    ("& ~a & 0x80008000u", "& ~a & 0x80000000u", "the quick test does not look at the source port"),
    ("is_marked = is_half_zero(win_ld32_be(w, off) ^ marked)", "is_marked = (win_ld32_be(w, off) ^ marked) == 0",
     "the quick test wants both ports to be 25"),
    (" & !is_marked;", ";", "the quick test does not look at ports"),
    ("is_tcp ? PORTS_BE(SMTP_PORT)", "is_tcp ? PORTS_BE(L2TP_PORT)", "the quick test looks for another port in TCP"),
    (": PORTS_BE(L2TP_PORT)", ": PORTS_BE(SMTP_PORT)", "the quick test does not know L2TP"),
    ("#define PORT_BE(port) (((port) << 8 & 0xff00u) | (port) >> 8)", "#define PORT_BE(port) (port)",
     "the quick test takes the octets of a port the other way round"),
    ("is_tcp = proto == PROTO_TCP;", "is_tcp = proto != PROTO_UDP;", "the quick test takes all but UDP for TCP"),
    ("(proto == PROTO_UDP) | is_icmp;", "proto != PROTO_TCP;", "the quick test takes all but TCP for UDP"),
    ("is_icmp = proto == (", "is_icmp = proto >= (", "the quick test takes any higher protocol for ICMP"),
    ("tcp == QUICK_IP4_TCP ? PROTO_ICMP : PROTO_ICMP6", "tcp == QUICK_IP4_TCP ? PROTO_ICMP : PROTO_IP6",
     "the quick test takes a tunnel for ICMPv6"),
    ("tcp == QUICK_IP4_TCP ? PROTO_ICMP : PROTO_ICMP6", "tcp == QUICK_IP4_TCP ? PROTO_IP4 : PROTO_ICMP6",
     "the quick test takes a tunnel for ICMP"),
    ("off + 12 : off) >> 2 & 0x3c", "off + 12 : off) >> 2 & 0x1c", "in the quick test, the data offset has three bits"),
    ("is_short = header < (int32_t)TCP_MIN_BYTES", "is_short = false", "the quick test believes a data offset below 5"),
    ("is_tcp & has_header & ", "is_tcp & ", "the quick test reads a TCP header that is not there"),
    ("is_cut = header > left;", "is_cut = false;", "the quick test believes a data offset beyond the packet"),
    ("is_cut = header > left;", "is_cut = header - 1 > left;", "the quick test allows the TCP header an octet too many"),
    ("tcp + is_other :", "tcp :", "the quick test takes UDP for TCP"),
    ("kind == QUICK_IP4_TCP || kind == QUICK_IP6_TCP ?", "kind == QUICK_IP4_TCP ?",
     "the quick test's TCP over IPv6 has another reason"),
    ("kind <= QUICK_IP4_OTHER ?", "kind <= QUICK_IP6_TCP ?", "the quick test takes TCP over IPv6 for IPv4"),
)

# IPv4.
breaks(
    QUICK,
    ("#define IP4_WHOLE_MASK 0xff3f0000000000ffull", "#define IP4_WHOLE_MASK 0xff200000000000ffull",
     "the quick test does not see fragments at offset 256 and above"),
    ("#define IP4_WHOLE_MASK 0xff3f0000000000ffull", "#define IP4_WHOLE_MASK 0x003f0000000000ffull",
     "the quick test does not see fragments at offsets below 256"),
    ("(head & IP4_WHOLE_MASK) != IP4_WHOLE || off +", "((head & IP4_WHOLE_MASK) | 0xf0) != (IP4_WHOLE | 0xf0) || off +",
     "the quick test does not look at IPv4's version"),
    ("(head & IP4_WHOLE_MASK) != IP4_WHOLE || off +", "((head & IP4_WHOLE_MASK) | 15) != (IP4_WHOLE | 15) || off +",
     "the quick test does not look at IPv4's header length"),
    (" || off + total > end)", ")", "the quick test believes an IPv4 length beyond the frame"),
    ("off + total > end", "off + total > end + 1", "the quick test allows IPv4 an octet too many"),
    ("(int32_t)(total - IP4_MIN_BYTES)", "(int32_t)total", "the quick test reads TCP behind the end of an IPv4 packet"),
    ("(int32_t)(total - IP4_MIN_BYTES)", "(int32_t)(end - off - IP4_MIN_BYTES)", "the quick test reads TCP in the padding"),
)

# IPv6.
breaks(
    QUICK,
    (" || win_ld8(w, off) >> 4 != 6)", ")", "the quick test does not look at IPv6's version"),
    ("if (off + win_ld16(w, off - 36) > end)", "if (false)", "the quick test believes an IPv6 length beyond the frame"),
    ("if (off + win_ld16(w, off - 36) > end)", "if (off + win_ld16(w, off - 36) > end + 1)",
     "the quick test allows IPv6 an octet too many"),
    ("end = off + win_ld16(w, off - 36);", ";", "the quick test reads TCP behind the end of an IPv6 packet"),
    ("next == PROTO_HOPOPTS ||", "next == PROTO_HOPOPTS || next == PROTO_FRAGMENT ||",
     "the quick test walks over the fragment header"),
    ("next == PROTO_HOPOPTS ||", "next == PROTO_HOPOPTS || next == PROTO_AH ||",
     "the quick test takes AH for an option header"),
    ("off += (win_ld8(w, off + 1) + 1u) * 8;", "off += 8;", "in the quick test, an option header has eight octets"),
    ("off += (win_ld8(w, off + 1) + 1u) * 8;", "off += win_ld8(w, off + 1) * 8 + 8 & 0x78;",
     "in the quick test, an option header's length has four bits"),
    ("has_header = off + TCP_MIN_BYTES <= readable;", "has_header = true;",
     "the quick test reads a TCP header that ends behind the window"),
    ("readable || off > end)", "readable)", "the quick test walks over options behind the end of an IPv6 packet"),
    ("#define QUICK_MAX_HEADERS 4u", "#define QUICK_MAX_HEADERS 17u", "the quick test walks over seventeen headers"),
)

# Below IP.
breaks(
    QUICK,
    ("i < VLAN_MAX_TAGS && is_vlan_type(type)", "i <= VLAN_MAX_TAGS && is_vlan_type(type)", "the quick test reads five tags"),
    ("i < VLAN_MAX_TAGS && is_vlan_type(type)", "i < VLAN_MAX_TAGS && (is_vlan_type(type) || type == ETH_TYPE_OLD_QINQ_2)",
     "the quick test opens tags that parse() does not"),
    ("end = off + PPPOE_HEADER_BYTES + win_ld16(w, off + 4);", ";", "in the quick test, the PPPoE length is no bound"),
    ("if (end > frame_bytes", "if (false", "the quick test believes a PPPoE length beyond the frame"),
    ("if (end > frame_bytes", "if (end > frame_bytes + 1", "the quick test allows PPPoE an octet too many"),
    (" || end < off + IP4_MIN_BYTES)", ")", "the quick test reads IPv4 behind the end of a PPPoE session's frame"),
    ("if (type == PPP_IP4)", "if (type != PPP_IP6)", "the quick test takes all that is in PPPoE for IPv4"),
    ("type == PPP_IP6 ? quick_ip6(w, off, readable, end) : QUICK_NONE", "quick_ip6(w, off, readable, end)",
     "the quick test takes all that is in PPPoE for IPv6"),
    ("\tif (type == ETH_TYPE_IP4)\n\t\treturn quick_ip4(w, off, readable, end);",
     "\tif (type != ETH_TYPE_IP6)\n\t\treturn quick_ip4(w, off, readable, end);",
     "the quick test takes all that is below tags for IPv4"),
    ("type == ETH_TYPE_IP6 ? quick_ip6(w, off, readable, end) : QUICK_NONE", "quick_ip6(w, off, readable, end)",
     "the quick test takes all that is below tags for IPv6"),
    ("\tif (type == ETH_TYPE_IP4)\n\t\treturn quick_ip4(w, ETH_HEADER_BYTES,",
     "\tif (type == ETH_TYPE_IP4 || type == ETH_TYPE_ETAG)\n\t\treturn quick_ip4(w, ETH_HEADER_BYTES,",
     "the quick test takes another EtherType for IPv4"),
    ("\tif (type == ETH_TYPE_IP6)\n", "\tif (type == ETH_TYPE_IP6 || type == ETH_TYPE_ETAG)\n",
     "the quick test takes another EtherType for IPv6"),
)

# The flow of TCP in plain IPv4.
breaks(
    QUICK,
    ("!= IP4_WHOLE || win_ld8(w, ip_off + 9) != PROTO_TCP ||", "!= IP4_WHOLE ||", "all IPv4 is read as TCP"),
    ("ip_off + total > frame_bytes || header < TCP_MIN_BYTES", "header < TCP_MIN_BYTES",
     "the flow of plain IPv4 may be longer than the frame"),
    ("> frame_bytes || header < TCP_MIN_BYTES ||", "> frame_bytes ||",
     "the flow of plain IPv4 believes a data offset below 5"),
    ("header + IP4_MIN_BYTES > total)", "false)", "the flow of plain IPv4 believes a data offset beyond the packet"),
    ("if ((head & IP4_WHOLE_MASK) != IP4_WHOLE || win_ld8(w, ip_off + 9)", "if (win_ld8(w, ip_off + 9)",
     "fragments and options are read as plain IPv4"),
    (".tcp_flags = win_ld8(w, tcp_off + 13)", ".tcp_flags = win_ld8(w, tcp_off + 12)", "the quick flow takes the data offset for flags"),
    (".no_answer = (win_ld8(w, 0) | win_ld8(w, 6)) & ETH_GROUP_BIT,", ".no_answer = 0,", "the quick flow answers groups"),
    (".ip_end = ip_off + total", ".ip_end = frame_bytes", "the quick flow counts padding as payload"),
    (".src4 = __builtin_bswap32(win_ld32_be(w, ip_off + 12))", ".src4 = __builtin_bswap32(win_ld32_be(w, ip_off + 16))",
     "the quick flow takes the destination for the source"),
    (".dport = win_ld16(w, tcp_off + 2)", ".dport = win_ld16(w, tcp_off)", "the quick flow takes the source port for the destination's"),
    (".tcp_bytes = (uint16_t)header", ".tcp_bytes = 20", "the quick flow knows no TCP options"),
)
