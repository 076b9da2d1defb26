# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# A stage of the lab that begins and ends by itself while mail and connections go on: the policy is
# loaded before, and from then on nobody does anything. Sourced by scripts/run.

# shellcheck disable=SC2154 # lab_pid is set by lab_spawn in lab.sh

LAB_STAGE_AHEAD_S=2    # from the load to the second in which the stage begins
LAB_STAGE_LENGTH_S=3   # that it lasts
LAB_STAGE_SETTLE_S=1.2 # from a change to the mail that must see it

lab_stage_when() {
	date -u -d "@$1" +%FT%T+00:00
}

# The lab's policy and one more stage: lab_stage_load BEGIN END
lab_stage_load() {
	jq --arg from "$(lab_stage_when "$1")" --arg until "$(lab_stage_when "$2")" '.stages += [{
		id: "trial", pools: ["fixed"], from: $from, until: $until,
		acknowledge: {fixed: "the lab shows how a stage begins and ends"},
		port25: [{to: "relay", do: "permit"}, {to: "any", do: "rst"}]}]' \
		"$LAB_POLICY" >"$LAB_DIR/trial.json"
	mv "$LAB_DIR/trial.json" "$LAB_POLICY"
	box_ctl policy load "$LAB_POLICY"
}

lab_stage_sleep_until() {
	local left

	left=$(awk -v now="$EPOCHREALTIME" -v "then=$1" -v "more=$2" \
		'BEGIN { left = then + more - now; print (left > 0 ? left : 0) }')
	sleep "$left"
}

# What becomes of the connections in between: "SECONDS PORT OUTCOME" a line. Port 25 has to be open,
# then refused, then open again, each once; 587 always open. Prints it; returns 1 if it is not so.
lab_stage_connections() {
	awk -v begin="$1" -v end="$2" '
		$2 == 587 { total++; open += $3 == "connected" }
		$2 == 25 {
			if ($3 != word[runs])
				word[++runs] = $3
			if (!count[runs]++)
				first[runs] = $1
		}
		END {
			printf "  connections of fixed to mx, port 25:"
			for (i = 1; i <= runs; i++)
				printf("%s %d %s", i == 1 ? "" : ", then", count[i], word[i])
			printf "\n  and to port 587: %d of %d connected\n", open, total
			if (runs != 3 || word[1] != "connected" || word[2] != "refused" ||
			    word[3] != "connected" || open != total)
				exit 1
			printf "  refused from %.2f s after the stage was to begin, " \
				"until %.2f s after it was to end\n",
				first[2] - begin, first[3] - end
			exit first[2] < begin || first[3] < end
		}' "$LAB_DIR/log/steady"
}

# Runs and shows it. Returns 1 when something is not as expected.
lab_stage() {
	local begin end steady status=0

	begin=$((${EPOCHREALTIME%.*} + 1 + LAB_STAGE_AHEAD_S))
	end=$((begin + LAB_STAGE_LENGTH_S))
	lab_stage_load $begin $end
	lab_spawn steady nsenter --net="/run/netns/$(lab_ns fixed)" \
		python3 "$LAB_SCRIPTS/lib/lab_tcp.py" steady "${LAB_ADDRESS[mx]}" \
		"${LAB_ADDRESS[fixed]}" $((end + 2)) 25 587
	steady=$lab_pid
	lab_table_pids=()
	lab_table_spawn fixed stage.1 mail "${LAB_ADDRESS[mx]}" 25
	lab_stage_sleep_until $begin $LAB_STAGE_SETTLE_S
	lab_table_spawn fixed stage.2 mail "${LAB_ADDRESS[mx]}" 25
	lab_table_spawn fixed stage.3 mail "${LAB_ADDRESS[relay]}" 25
	lab_stage_sleep_until $end $LAB_STAGE_SETTLE_S
	lab_table_spawn fixed stage.4 mail "${LAB_ADDRESS[mx]}" 25
	lab_table_pids+=("$steady")
	lab_table_wait
	lab_table_head
	lab_table_row fixed "mail to mx, before the stage" mail delivered stage.1 || status=1
	lab_table_row fixed "mail to mx, while it lasts" mail refused stage.2 || status=1
	lab_table_row fixed "mail to the relay, meanwhile" mail delivered stage.3 || status=1
	lab_table_row fixed "mail to mx, after its end" mail delivered stage.4 || status=1
	lab_stage_connections $begin $end || status=1
	return $status
}
