# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What is tried in the lab and what has to come of it, in each of three phases: op25b-dp forwards;
# it is dead and the guard judges; it is back. Sourced by scripts/run.
# A row: host | what | arguments of lab_attempt.sh | expected in phase 1 2 3, "-" for not tried.
# The guard sends no resets: what op25b-dp refuses is then dropped silently. The limit of 3
# connections and the hold that follows are kept in memory that both judges share.

lab_table_rows() {
	local dyn4=${LAB_ADDRESS[dyn4]} mirror=${LAB_ADDRESS[mirror]}
	local relay=${LAB_ADDRESS[relay]} relay6=${LAB_ADDRESS[relay6]}
	local mx=${LAB_ADDRESS[mx]} mx6=${LAB_ADDRESS[mx6]}

	cat <<-END
		dyn4|mail to mx, port 25|mail $mx 25|blocked blocked blocked
		dyn4|mail to the relay, port 25|mail $relay 25|delivered delivered delivered
		dyn4|mail to the relay, port 587|mail $relay 587|delivered delivered delivered
		dyn4|mail to mx, port 587|mail $mx 587|delivered delivered delivered
		dyn4|ping to mx|ping $mx|answered answered answered
		fixed|mail to mx, port 25|mail $mx 25|delivered delivered delivered
		dyn6|mail to mx, port 25|mail $mx6 25|blocked blocked blocked
		dyn6|mail to the relay, port 25|mail $relay6 25|delivered delivered delivered
		dyn6|mail to mx, port 587|mail $mx6 587|delivered delivered delivered
		refused|mail to mx, port 25|mail $mx 25|refused blocked refused
		refused|mail to the relay, port 587|mail $relay 587|delivered delivered delivered
		limited|mail to mx, 1st connection|mail $mx 25|delivered - -
		limited|mail to mx, 2nd connection|mail $mx 25|delivered - -
		limited|mail to mx, 3rd connection|mail $mx 25|delivered - -
		limited|mail to mx, over the limit|mail $mx 25|refused - -
		limited|mail to mx, on hold|mail $mx 25|refused blocked refused
		limited|mail to the relay, on hold|mail $relay 25|delivered delivered delivered
		mx|to dyn4, from port 25|tcp $dyn4 4025 $mirror 25|blocked blocked blocked
		mx|to dyn4, from port 2525|tcp $dyn4 4025 $mirror 2525|connected connected connected
	END
}

# Starts the attempts of a phase. The rows of "limited" are one after the other, as each changes
# what becomes of the next; all others are at the same time.
lab_table_start() {
	local phase=$1 host what attempt expected row=0
	local -a expectations words limited=()

	while IFS='|' read -r host what attempt expected; do
		row=$((row + 1))
		read -r -a expectations <<<"$expected"
		read -r -a words <<<"$attempt"
		[[ ${expectations[phase - 1]} != - ]] || continue
		if [[ $host == limited ]]; then
			limited+=("$row" "${words[*]}")
			continue
		fi
		lab_table_spawn "$host" "$phase.$row" "${words[@]}"
	done < <(lab_table_rows)
	lab_table_spawn_sequence limited "$phase" "${limited[@]}"
}

lab_table_spawn() {
	local host=$1 token=$2

	shift 2
	lab_spawn "attempt.$token" nsenter --net="/run/netns/$(lab_ns "$host")" \
		"$LAB_SCRIPTS/lib/lab_attempt.sh" "$LAB_DIR" "$token" "$@"
	lab_table_pids+=("$lab_pid")
}

# Attempts one after the other: lab_table_spawn_sequence HOST PHASE [ROW ATTEMPT]...
lab_table_spawn_sequence() {
	local host=$1 phase=$2

	shift 2
	# shellcheck disable=SC2016 # expanded by the inner shell
	lab_spawn "attempt.$phase.$host" nsenter --net="/run/netns/$(lab_ns "$host")" \
		bash -c 'script=$1 dir=$2 phase=$3
			shift 3
			while [[ $# -gt 0 ]]; do
				read -r -a words <<<"$2"
				"$script" "$dir" "$phase.$1" "${words[@]}"
				shift 2
			done' bash "$LAB_SCRIPTS/lib/lab_attempt.sh" "$LAB_DIR" "$phase" "$@"
	lab_table_pids+=("$lab_pid")
}

lab_table_wait() {
	local pid

	for pid in "${lab_table_pids[@]}"; do
		wait "$pid" || true
		unset "lab_groups[$pid]"
	done
	lab_table_pids=()
}

lab_table_head() {
	printf '%-8s %-28s %-10s %-10s %6s\n' WHO WHAT EXPECTED HAPPENED MS
}

# Prints what became of one attempt: lab_table_row HOST WHAT ATTEMPT EXPECTED TOKEN. Returns 1 when
# it is not what is expected. A message that was to be held back must not have found its way by
# another road either.
lab_table_row() {
	local host=$1 what=$2 attempt=$3 expected=$4 token=$5 result=nothing ms=- mark=ok

	if [[ -s $LAB_DIR/result/$token ]]; then
		read -r result ms <"$LAB_DIR/result/$token"
	fi
	if [[ $attempt == mail* && $result != delivered ]] && lab_mail_arrived "$token"; then
		result=arrived
	fi
	[[ $result == "$expected" ]] || mark=DIFFERS
	printf '%-8s %-28s %-10s %-10s %6s  %s\n' "$host" "$what" "$expected" "$result" "$ms" \
		"$mark"
	[[ $mark == ok ]] || lab_table_explain "$token"
	[[ $mark == ok ]]
}

# Prints the rows of a phase; returns 1 when one differs from what is expected.
lab_table_print() {
	local phase=$1 host what attempt expected row=0 status=0
	local -a expectations

	lab_table_head
	while IFS='|' read -r host what attempt expected; do
		row=$((row + 1))
		read -r -a expectations <<<"$expected"
		expected=${expectations[phase - 1]}
		[[ $expected != - ]] || continue
		lab_table_row "$host" "$what" "$attempt" "$expected" "$phase.$row" || status=1
	done < <(lab_table_rows)
	return $status
}

# What swaks complained about, below a row that differs.
lab_table_explain() {
	[[ ! -s $LAB_DIR/log/swaks.$1 ]] ||
		grep -hE '^(\*\*\*|<\*\*)' "$LAB_DIR/log/swaks.$1" | sed 's/^/         /' || true
}

# Tries everything and shows it: lab_table PHASE
lab_table() {
	lab_table_pids=()
	lab_table_start "$1"
	lab_table_wait
	lab_table_print "$1"
}
