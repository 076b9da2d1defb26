# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The lab's life: its folder, its processes, and how all of it goes away again. Sourced by
# scripts/run. Everything the lab keeps is below $LAB_DIR; every process it starts is the leader of
# a process group and listed in lab_groups, so that only those are ended.

LAB_DIR=
LAB_HUGEPAGES=/proc/sys/vm/nr_hugepages
declare -A lab_groups=() # process group → name
lab_pid=                 # the last one

# Starts a program in the background as a group of its own: lab_spawn NAME COMMAND...
# Its output goes to $LAB_DIR/log/NAME, its process id to lab_pid. It dies with this shell.
lab_spawn() {
	local name=$1

	shift
	setsid setpriv --pdeathsig KILL "$@" </dev/null >>"$LAB_DIR/log/$name" 2>&1 &
	lab_pid=$!
	lab_groups[$lab_pid]=$name
}

# Waits until a command succeeds: lab_until SECONDS WHAT COMMAND...
lab_until() {
	local what=$2 end_us=$((${EPOCHREALTIME/./} + $1 * 1000000))

	shift 2
	until "$@"; do
		if ((${EPOCHREALTIME/./} > end_us)); then
			echo "Waited in vain for $what." >&2
			return 1
		fi
		sleep 0.02
	done
}

# A lab whose script was killed outright has left folders and namespaces, but no processes. Only
# what carries a lab's name and the number of a process that is gone is touched.
lab_remove_stale() {
	local dir role ns

	for dir in /tmp/op25b-lab.*; do
		if [[ -f $dir/pid && ! -d /proc/$(<"$dir/pid") ]]; then
			umount "$dir/bpffs" 2>/dev/null || true
			lab_give_hugepages "$dir"
			rm -rf --one-file-system "$dir"
		fi
	done
	for role in "${LAB_ROLES[@]}"; do
		for ns in "/run/netns/op25b-$role"-*; do
			if [[ $ns =~ -([0-9]+)$ && ! -d /proc/${BASH_REMATCH[1]} ]]; then
				ip netns del "${ns##*/}" || true
			fi
		done
	done
}

lab_make_dir() {
	LAB_DIR=$(mktemp -d /tmp/op25b-lab.XXXXXX)
	echo $$ >"$LAB_DIR/pid"
	chmod 755 "$LAB_DIR" # the mail servers deliver as nobody
	mkdir "$LAB_DIR"/{log,run,state,bpffs,result}
	mount -t bpf bpf "$LAB_DIR/bpffs"
}

# Asks the kernel for 512 MiB of hugepages, and notes by how many pages that raised its setting.
lab_take_hugepages() {
	local wanted=256 before free

	free=$(awk '/^HugePages_Free:/ { print $2 }' /proc/meminfo)
	if ((${free:-0} < wanted)) && [[ -w $LAB_HUGEPAGES ]]; then
		before=$(<$LAB_HUGEPAGES)
		echo $((before + wanted - free)) >$LAB_HUGEPAGES || true
		echo $(($(<$LAB_HUGEPAGES) - before)) >"$LAB_DIR/hugepages"
		free=$(awk '/^HugePages_Free:/ { print $2 }' /proc/meminfo)
	fi
	if ((${free:-0} < wanted)); then
		echo "Hugepages: the kernel gives ${free:-0} of $wanted; ordinary memory is used."
	fi
}

# Lowers the setting by what the lab in this folder raised it; another lab may still need the rest.
lab_give_hugepages() {
	if [[ -f $1/hugepages ]]; then
		echo $(($(<$LAB_HUGEPAGES) - $(<"$1/hugepages"))) >$LAB_HUGEPAGES || true
	fi
}

# Ends process groups, politely first: lab_end PID...
lab_end() {
	local pid i

	for pid in "$@"; do
		kill -TERM -- "-$pid" 2>/dev/null || true
	done
	for ((i = 0; i < 100; i++)); do
		lab_any_alive "$@" || break
		sleep 0.02
	done
	for pid in "$@"; do
		kill -KILL -- "-$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		unset "lab_groups[$pid]"
	done
}

lab_any_alive() {
	local pid

	for pid in "$@"; do
		if kill -0 -- "-$pid" 2>/dev/null; then
			return 0
		fi
	done
	return 1
}

# What the programs said, for whoever has to find out why the lab failed.
lab_print_logs() {
	local log

	for log in "$LAB_DIR"/log/{op25bd,op25b-dp,relay,mx}; do
		if [[ -s $log ]]; then
			echo "--- the end of ${log##*/}'s log ---"
			tail -n 15 "$log"
		fi
	done >&2
}

# Takes everything away again. Called once, at exit, in whatever state the lab then is.
lab_down() {
	trap '' INT TERM HUP
	lab_end "${!lab_groups[@]}"
	if [[ -n $LAB_DIR ]]; then
		umount "$LAB_DIR/bpffs" 2>/dev/null || true # takes the guard off with its pins
	fi
	lab_net_down
	if [[ -n $LAB_DIR ]]; then
		lab_give_hugepages "$LAB_DIR"
		rm -rf --one-file-system "$LAB_DIR"
	fi
}
