# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The lab's wires: hosts, two switches and the box as network namespaces. Sourced by scripts/run.
#
#   dyn4 fixed limited refused dyn6 ── access ══ sub0 [box] net0 ══ core ── relay mx
#
# The box has no address: what op25b-dp does not take goes through its bridge br0. Everybody is on
# one link, so no frame is changed on its way and the box may be put in or out unseen.

LAB_ROLES=(access core box dyn4 fixed limited refused dyn6 relay mx)
declare -A LAB_ADDRESS=(
	[dyn4]=198.51.100.10 [limited]=198.51.100.70 [fixed]=198.51.100.130 [refused]=198.51.100.200
	[dyn6]=2001:db8:1000::10 [relay]=203.0.113.25 [relay6]=2001:db8:25::25
	[mx]=192.0.2.25 [mx6]=2001:db8:9::25 [mirror]=192.0.2.26
)
LAB_PREFIXES=(198.51.100.0/24 203.0.113.0/24 192.0.2.0/24 2001:db8::/32)

# Name of a role's namespace. The process id keeps two labs on one machine apart.
lab_ns() {
	echo "op25b-$1-$$"
}

# Runs a command with a role's network; unlike "ip netns exec" it leaves the mounts alone.
lab_in() {
	local role=$1

	shift
	nsenter --net="/run/netns/$(lab_ns "$role")" "$@"
}

lab_net_switch() {
	local role=$1 ns

	ns=$(lab_ns "$role")
	ip netns add "$ns"
	lab_in "$role" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 \
		net.ipv6.conf.default.disable_ipv6=1
	ip -n "$ns" link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
	ip -n "$ns" link set br0 up
}

# A checksum left to the "hardware" of a veth would reach op25b-dp unfinished.
lab_net_plain() {
	lab_in "$1" ethtool -K "$2" tx off tso off gso off gro off rxvlan off txvlan off >/dev/null
}

# Connects interface NAME of ROLE to the bridge of SWITCH: lab_net_plug SWITCH ROLE NAME
lab_net_plug() {
	local switch role=$2 name=$3 port=$2

	switch=$(lab_ns "$1")
	ip -n "$switch" link add "$port" numtxqueues 1 numrxqueues 1 type veth \
		peer name "$name" numtxqueues 1 numrxqueues 1 netns "$(lab_ns "$role")"
	ip -n "$switch" link set "$port" master br0 up
	lab_net_plain "$1" "$port"
	lab_net_plain "$role" "$name"
	ip -n "$(lab_ns "$role")" link set "$name" up
}

# A host with its addresses: lab_net_host SWITCH ROLE ADDRESS...
lab_net_host() {
	local switch=$1 role=$2 ns address prefix

	shift 2
	ns=$(lab_ns "$role")
	ip netns add "$ns"
	lab_in "$role" sysctl -qw net.ipv6.conf.default.accept_dad=0 \
		net.ipv6.conf.default.accept_ra=0 net.ipv6.conf.default.router_solicitations=0
	ip -n "$ns" link set lo up
	lab_net_plug "$switch" "$role" eth0
	for address in "$@"; do
		if [[ $address == *:* ]]; then
			ip -n "$ns" address add "$address/128" dev eth0 nodad
		else
			ip -n "$ns" address add "$address/32" dev eth0
		fi
	done
	for prefix in "${LAB_PREFIXES[@]}"; do
		# A host without an address of the family has no use for the route.
		ip -n "$ns" route add "$prefix" dev eth0 2>/dev/null || true
	done
}

lab_net_up() {
	local role

	lab_net_switch access
	lab_net_switch core
	lab_net_switch box
	lab_net_plug access box sub0
	lab_net_plug core box net0
	ip -n "$(lab_ns box)" link set sub0 master br0
	ip -n "$(lab_ns box)" link set net0 master br0
	for role in dyn4 fixed limited refused dyn6; do
		lab_net_host access "$role" "${LAB_ADDRESS[$role]}"
	done
	lab_net_host core relay "${LAB_ADDRESS[relay]}" "${LAB_ADDRESS[relay6]}"
	lab_net_host core mx "${LAB_ADDRESS[mx]}" "${LAB_ADDRESS[mx6]}" "${LAB_ADDRESS[mirror]}"
}

# Lets every subscriber and server learn where the others are, so that no attempt waits for that.
lab_net_warm_up() {
	local role target pids=()

	for role in dyn4 fixed limited refused; do
		for target in relay mx mirror; do
			lab_in "$role" ping -n -q -c 1 -W 2 "${LAB_ADDRESS[$target]}" >/dev/null &
			pids+=($!)
		done
	done
	for target in relay6 mx6; do
		lab_in dyn6 ping -n -q -c 1 -W 2 "${LAB_ADDRESS[$target]}" >/dev/null &
		pids+=($!)
	done
	lab_in relay ping -n -q -c 1 -W 2 "${LAB_ADDRESS[mx]}" >/dev/null &
	wait "${pids[@]}" $! || true
}

lab_net_down() {
	local role

	for role in "${LAB_ROLES[@]}"; do
		if [[ -e /run/netns/$(lab_ns "$role") ]]; then
			ip netns del "$(lab_ns "$role")" || true
		fi
	done
}
