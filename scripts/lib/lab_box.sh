# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The box of the lab: op25bd, op25b-dp and what is asked of them through op25bctl. Sourced by
# scripts/run, which sets LAB_BUILD (build folder) and LAB_POLICY (policy file).

# shellcheck disable=SC2154 # lab_pid is set by lab_spawn in lab.sh

box_dp_pid=
box_d_pid=

box_last_cpu() {
	local list

	list=$(awk '/^Cpus_allowed_list:/ { print $2 }' /proc/self/status)
	echo "${list##*[,-]}"
}

# on_dataplane_loss and start keep their defaults: enforce and hold.
box_write_config() {
	cat >"$LAB_DIR/dataplane.json" <<-END
		{
		  "op25b-dp": 1,
		  "pairs": [{"subscriber": "net_af_xdp0,iface=sub0,busy_budget=0",
		             "network": "net_af_xdp1,iface=net0,busy_budget=0"}],
		  "cores": [$(box_last_cpu)],
		  "memory": {"mib": 384, "hugepages": "auto"},
		  "run_dir": "$LAB_DIR/run",
		  "bpffs_dir": "$LAB_DIR/bpffs",
		  "state_dir": "$LAB_DIR/state"
		}
	END
}

box_start_op25bd() {
	lab_spawn op25bd nsenter --net="/run/netns/$(lab_ns box)" \
		"$LAB_BUILD/control/daemon/op25bd" --config "$LAB_DIR/dataplane.json" \
		--policy "$LAB_POLICY" --metrics none --trust-clock
	box_d_pid=$lab_pid
}

box_start_op25b_dp() {
	lab_spawn op25b-dp nsenter --net="/run/netns/$(lab_ns box)" \
		"$LAB_BUILD/dataplane/dpdk/op25b-dp" --config "$LAB_DIR/dataplane.json"
	box_dp_pid=$lab_pid
}

# The hard way: it gets no chance to hand over.
box_kill_op25b_dp() {
	kill -KILL "$box_dp_pid"
	wait "$box_dp_pid" 2>/dev/null || true
	unset "lab_groups[$box_dp_pid]"
	box_dp_pid=
}

box_ctl() {
	"$LAB_BUILD/control/cli/op25bctl" --socket "$LAB_DIR/run/op25bd.sock" "$@"
}

box_stats() {
	box_ctl -j stats show 2>/dev/null
}

# Whether op25b-dp and the guard have a policy in force.
box_is_in_force() {
	box_is_alive && box_stats | jq -e '
		.dataplane.up and .dataplane.generation > 0 and .guard.generation > 0' >/dev/null
}

# Whether the guard judges, because op25b-dp is gone.
box_is_on_guard() {
	box_stats | jq -e '(.dataplane.up | not) and .guard.attached and .guard.generation > 0' \
		>/dev/null
}

# A program that has ended will not come up any more: says so, rather than wait.
box_is_alive() {
	kill -0 "$box_d_pid" 2>/dev/null && kill -0 "$box_dp_pid" 2>/dev/null
}

box_wait_in_force() {
	local end_us=$((${EPOCHREALTIME/./} + 15000000))

	until box_is_in_force; do
		if ! box_is_alive; then
			echo "op25bd or op25b-dp has ended." >&2
			return 1
		fi
		if ((${EPOCHREALTIME/./} > end_us)); then
			echo "No policy is in force after 15 s." >&2
			return 1
		fi
		sleep 0.02
	done
}

# Resident memory of both programs in MiB, hugepages not included.
box_resident_mib() {
	awk '/^VmRSS:/ { kib += $2 } END { printf "%d", kib / 1024 }' \
		"/proc/$box_d_pid/status" "/proc/$box_dp_pid/status"
}

box_hugepages_mib() {
	awk '/^HugetlbPages:/ { kib += $2 } END { printf "%d", kib / 1024 }' \
		"/proc/$box_dp_pid/status"
}

# Clock ticks both programs have used.
box_ticks() {
	cat "/proc/$box_d_pid/stat" "/proc/$box_dp_pid/stat" |
		sed 's/.*) //' | awk '{ ticks += $12 + $13 } END { print ticks }'
}

# Share of one core that both use while nothing happens, in percent.
box_idle_percent() {
	local before after

	before=$(box_ticks)
	sleep 2
	after=$(box_ticks)
	echo $(((after - before) * 100 / (2 * $(getconf CLK_TCK))))
}
