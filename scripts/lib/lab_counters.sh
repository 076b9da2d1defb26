# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The books of a phase: every frame the kernel saw on sub0 and net0 has to be found again in the
# counters of the guard and of op25b-dp, to the frame. Sourced by scripts/run.
# A snapshot is one JSON object {"kernel": frames, "stats": what op25bctl says}, taken at rest.

counters_kernel() {
	ip -n "$(lab_ns box)" -s -j link show |
		jq 'map(select(.ifname == "sub0" or .ifname == "net0").stats64.rx.packets) | add'
}

# Everything op25bctl counts but what also moves at rest: how often the workers have turned.
counters_op25b() {
	box_stats | jq -c 'del(.dataplane.up, .dataplane.workers)'
}

# Now and then a host asks for a neighbour: a snapshot is good when two readings of the kernel's and
# of op25b's counters are the same.
counters_snapshot() {
	local kernel stats again i

	for ((i = 0; i < 50; i++)); do
		kernel=$(counters_kernel)
		stats=$(counters_op25b)
		sleep 0.2
		again=$(counters_op25b)
		if [[ $stats == "$again" && $kernel == "$(counters_kernel)" ]]; then
			jq -nc --argjson kernel "$kernel" --argjson stats "$stats" '$ARGS.named'
			return
		fi
	done
	echo "The box does not come to rest: its counters never stand still." >&2
	return 1
}

# Prints one line per equation: LEFT NAME | RIGHT NAME | left | right, over two snapshots.
counters_equations() {
	jq -rn --argjson a "$1" --argjson b "$2" '
		def all: to_entries | map(.value) | add // 0;
		def figures: {
			kernel: .kernel,
			guard: .stats.guard.received,
			handed: .stats.guard.to_dataplane,
			judged: (.stats.guard.forwarded + (.stats.guard.dropped | all)),
			received: .stats.dataplane.received,
			forwarded: .stats.dataplane.forwarded,
			dropped: (.stats.dataplane.dropped | all),
			answered: .stats.dataplane.answered,
			full: .stats.dataplane.tx_full
		};
		($a | figures) as $x | ($b | figures)
			| with_entries(.value -= $x[.key])
			| "frames the kernel saw on sub0 and net0|seen by the guard|\(
				.kernel)|\(.guard)",
			  "seen by the guard|handed to op25b-dp \(.handed) + judged \(.judged)|\(
				.guard)|\(.handed + .judged)",
			  "handed to op25b-dp|received by it|\(.handed)|\(.received)",
			  "received by op25b-dp|forwarded \(.forwarded) + dropped \(
				.dropped) + answered \(.answered) + transmit full \(.full)|\(
				.received)|\(.forwarded + .dropped + .answered + .full)"'
}

# Prints the equations of a phase; returns 1 when one does not hold.
counters_check() {
	local left right left_value right_value mark status=0

	while IFS='|' read -r left right left_value right_value; do
		mark=ok
		if [[ $left_value != "$right_value" ]]; then
			mark=DIFFERS
			status=1
		fi
		printf '  %s %s = %s %s  %s\n' "$left_value" "$left" "$right_value" "$right" "$mark"
	done < <(counters_equations "$1" "$2")
	return $status
}
