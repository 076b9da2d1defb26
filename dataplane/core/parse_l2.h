// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
//
// parse(), below IP: Ethernet II or LLC/SNAP, VLAN tags, PPPoE, MPLS. Ends with the cursor on the
// IP header and k->next ETH_TYPE_IP4 or ETH_TYPE_IP6. See parse_work.h.
#pragma once

#include "parse_work.h"

#define ETH_HEADER_BYTES 14u
#define ETH_TYPE_OFF 12u
#define ETH_GROUP_BIT 1u     // of the first octet of a MAC address
#define ETH_MIN_TYPE 0x0600u // below: IEEE 802.3 length
#define ETH_TYPE_IP4 0x0800u
#define ETH_TYPE_TRILL 0x22f3u
#define ETH_TYPE_BRIDGED 0x6558u // transparent Ethernet bridging
#define ETH_TYPE_VLAN 0x8100u    // IEEE 802.1Q C-tag
#define ETH_TYPE_IP6 0x86ddu
#define ETH_TYPE_MPLS 0x8847u
#define ETH_TYPE_MPLS_MULTI 0x8848u // upstream-assigned labels, RFC 5332
#define ETH_TYPE_PPPOE 0x8864u      // RFC 2516 session stage
#define ETH_TYPE_SVLAN 0x88a8u      // IEEE 802.1ad S-tag
#define ETH_TYPE_MACSEC 0x88e5u
#define ETH_TYPE_PBB 0x88e7u
#define ETH_TYPE_PRP 0x88fbu // IEC 62439-3
#define ETH_TYPE_VNTAG 0x8926u
#define ETH_TYPE_HSR 0x892fu  // IEC 62439-3
#define ETH_TYPE_ETAG 0x893fu // IEEE 802.1BR
#define ETH_TYPE_NSH 0x894fu
#define ETH_TYPE_OLD_QINQ 0x9100u
#define ETH_TYPE_OLD_QINQ_2 0x9200u
#define ETH_TYPE_OLD_QINQ_3 0x9300u
#define ETH_TYPE_RTAG 0xf1c1u   // IEEE 802.1CB
#define SNAP_BYTES 8u           // LLC, OUI, type: RFC 1042
#define SNAP_LLC 0xaa0003u      // DSAP, SSAP, control: what receivers look at of them
#define SNAP_LLC_MASK 0xfe00efu // not the group bit, not the SSAP, not the poll bit
#define LLC_DSAP_MASK 0xfeu
#define LLC_DSAP_IP 0x06u // IEEE's own number for IPv4
#define SNAP_OUI_RFC1042 0x000000u
#define SNAP_OUI_BRIDGE 0x0000f8u // IEEE 802.1H
#define VLAN_TAG_BYTES 4u
#define VLAN_MAX_TAGS 4u
#define PPPOE_HEADER_BYTES 6u
#define PPP_ADDRESS_CONTROL 0xff03u // RFC 1662 section 3.1, normally left out in PPPoE
#define PPP_IP4 0x0021u
#define PPP_IP6 0x0057u
#define PPP_NETWORK_MAX 0x3fffu // RFC 1661 section 2: above are control protocols
#define MPLS_LABEL_BYTES 4u
#define MPLS_MAX_LABELS 4u
#define MPLS_BOTTOM 0x100u // bit of the label stack entry, RFC 3032
#define MPLS_LABEL_SHIFT 12u
#define MPLS_IP4_EXPLICIT_NULL 0u
#define MPLS_IP6_EXPLICIT_NULL 2u

STAGE bool is_vlan_type(uint32_t type)
{
	return type == ETH_TYPE_VLAN || type == ETH_TYPE_SVLAN || type == ETH_TYPE_OLD_QINQ;
}

STAGE enum parse_step parse_tags(const struct window *w, struct parse_work *k)
{
	uint32_t off = ETH_HEADER_BYTES;
	uint32_t i;

	for (i = 0; i < VLAN_MAX_TAGS; i++) {
		FORGET();
		if (!is_vlan_type(k->next))
			break;
		if (!is_readable(k, off, VLAN_TAG_BYTES))
			return parse_unreadable(k, REASON_DROP_L2_MALFORMED);
		k->next = win_ld16(w, off + 2);
		k->flow.tag_count++;
		off = opaque(&k->opaque_off, off + VLAN_TAG_BYTES);
	}
	k->off = off;
	return PARSE_ON;
}

// IEEE 802.3 with LLC, and RFC 1042 SNAP in it. k->next is the length field.
STAGE enum parse_step parse_snap(const struct window *w, struct parse_work *k)
{
	uint32_t off = k->off, llc, oui;

	if (off + k->next > k->end)
		return parse_unreadable(k, REASON_DROP_L2_MALFORMED);
	if (k->next < SNAP_BYTES)
		return parse_settle(k, REASON_PASS_NOT_IP);
	k->end = off + k->next;
	llc = (uint32_t)(win_ld16(w, off) << 8) + win_ld8(w, off + 2);
	oui = (win_ld8(w, off + 3) << 16) + win_ld16(w, off + 4);
	if ((llc >> 16 & LLC_DSAP_MASK) == LLC_DSAP_IP)
		return parse_settle(k, REASON_PASS_L2_UNPARSED);
	if ((llc & SNAP_LLC_MASK) != SNAP_LLC)
		return parse_settle(k, REASON_PASS_NOT_IP);
	if (oui != SNAP_OUI_RFC1042 && oui != SNAP_OUI_BRIDGE)
		return parse_settle(k, REASON_PASS_NOT_IP);
	k->flow.snap = 1;
	k->next = win_ld16(w, off + 6);
	k->off = opaque(&k->opaque_off, off + SNAP_BYTES);
	return PARSE_ON;
}

// RFC 2516 section 4, with RFC 1661 protocol field compression and RFC 1662 address and control
// fields. Version, type and code are not looked at: there are receivers that do not either, Linux
// among them, and the session's data would get through to these.
STAGE enum parse_step parse_pppoe(const struct window *w, struct parse_work *k)
{
	uint32_t off = k->off;
	uint32_t end;

	if (!is_readable(k, off, PPPOE_HEADER_BYTES + 2))
		return parse_unreadable(k, REASON_DROP_L2_MALFORMED);
	end = off + PPPOE_HEADER_BYTES + win_ld16(w, off + 4);
	off = opaque(&k->opaque_off, off + PPPOE_HEADER_BYTES);
	if (end > k->end || off + 2 > end)
		return parse_unreadable(k, REASON_DROP_L2_MALFORMED);
	k->end = end;
	if (win_ld16(w, off) == PPP_ADDRESS_CONTROL)
		off = opaque(&k->opaque_off, off + 2);
	if (!is_readable(k, off, 2))
		return parse_unreadable(k, REASON_DROP_L2_MALFORMED);
	k->next = win_ld8(w, off);
	if (k->next & 1) {
		off = opaque(&k->opaque_off, off + 1);
	} else {
		k->next = win_ld16(w, off);
		off = opaque(&k->opaque_off, off + 2);
	}
	k->off = off;
	k->flow.pppoe = 1;
	if (k->next == PPP_IP4)
		k->next = ETH_TYPE_IP4;
	else if (k->next == PPP_IP6)
		k->next = ETH_TYPE_IP6;
	else if (k->next <= PPP_NETWORK_MAX)
		return parse_settle(k, REASON_PASS_L2_UNPARSED);
	else
		return parse_settle(k, REASON_PASS_NOT_IP);
	return PARSE_ON;
}

// RFC 3032. A label is the next router's, and an LSP goes one way: what is behind another label
// than an explicit null can be read, but not answered.
STAGE enum parse_step parse_labels(const struct window *w, struct parse_work *k)
{
	uint32_t off = k->off, entry = 0;
	uint32_t i;

	for (i = 0; i < MPLS_MAX_LABELS; i++) {
		FORGET();
		if (!is_readable(k, off, MPLS_LABEL_BYTES))
			return parse_unreadable(k, REASON_DROP_L2_MALFORMED);
		entry = __builtin_bswap32(win_ld32_be(w, off));
		k->flow.label_count++;
		if (entry >> MPLS_LABEL_SHIFT != MPLS_IP4_EXPLICIT_NULL &&
		    entry >> MPLS_LABEL_SHIFT != MPLS_IP6_EXPLICIT_NULL)
			k->flow.no_answer = 1;
		off = opaque(&k->opaque_off, off + MPLS_LABEL_BYTES);
		if (entry & MPLS_BOTTOM)
			break;
	}
	k->off = off;
	if (!(entry & MPLS_BOTTOM))
		return parse_unreadable(k, REASON_DROP_L2_DEPTH);
	if (!is_readable(k, off, 1))
		return parse_unreadable(k, REASON_DROP_L2_MALFORMED);
	// The stack does not say what it carries: the first nibble does, RFC 4928.
	if (win_ld8(w, off) >> 4 == 4)
		k->next = ETH_TYPE_IP4;
	else if (win_ld8(w, off) >> 4 == 6)
		k->next = ETH_TYPE_IP6;
	else
		return parse_settle(k, REASON_PASS_L2_UNPARSED);
	return PARSE_ON;
}

// What is no IP: known to carry frames that are not opened, or none of ours.
STAGE enum parse_step parse_not_ip(struct parse_work *k)
{
	switch (k->next) {
	case ETH_TYPE_BRIDGED:
	case ETH_TYPE_MACSEC:
	case ETH_TYPE_PBB:
	case ETH_TYPE_PRP:
	case ETH_TYPE_VNTAG:
	case ETH_TYPE_HSR:
	case ETH_TYPE_ETAG:
	case ETH_TYPE_NSH:
	case ETH_TYPE_OLD_QINQ_2:
	case ETH_TYPE_OLD_QINQ_3:
	case ETH_TYPE_RTAG:
	case ETH_TYPE_TRILL:
		return parse_settle(k, REASON_PASS_L2_UNPARSED);
	default:
		return parse_settle(k, REASON_PASS_NOT_IP);
	}
}

STAGE enum parse_step parse_l2(const struct window *w, struct parse_work *k)
{
	if (k->cap < ETH_HEADER_BYTES)
		return parse_unreadable(k, REASON_DROP_RUNT);
	// Neither a group of stations nor one that claims to be a group is answered.
	k->flow.no_answer = (win_ld8(w, 0) | win_ld8(w, 6)) & ETH_GROUP_BIT;
	k->next = win_ld16(w, ETH_TYPE_OFF);
	if (parse_tags(w, k) == PARSE_DONE)
		return PARSE_DONE;
	FORGET();
	if (k->next < ETH_MIN_TYPE && parse_snap(w, k) == PARSE_DONE)
		return PARSE_DONE;
	FORGET();
	if (is_vlan_type(k->next))
		return parse_unreadable(k, REASON_DROP_L2_DEPTH);
	if (k->next == ETH_TYPE_PPPOE) {
		if (parse_pppoe(w, k) == PARSE_DONE)
			return PARSE_DONE;
	} else if (k->next == ETH_TYPE_MPLS || k->next == ETH_TYPE_MPLS_MULTI) {
		if (parse_labels(w, k) == PARSE_DONE)
			return PARSE_DONE;
	}
	FORGET();
	if (k->next != ETH_TYPE_IP4 && k->next != ETH_TYPE_IP6)
		return parse_not_ip(k);
	return PARSE_ON;
}
