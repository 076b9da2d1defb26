# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What became of the tests on a kernel, read from what they and kernels_init.sh wrote. Sourced by
# scripts/kernels.

# The compiler that the guard's object names as its own.
kernels_compiler() {
	grep --text --only-matching --max-count=1 -E 'clang version [0-9.]+' \
		"$1/dataplane/guard/guard.bpf.o" | head -n 1 || true
}

# The lines that a test wrote: kernels_section LOG TEST
kernels_section() {
	sed -n "/^@@ begin $2\$/,/^@@ end $2 /p" "$1.tests" | grep -v '^@@ ' || true
}

# Prints "RUN PASSED" of the packet table. Between its beginning and its sum, run_guard writes one
# line per row that did not get its reason. Nothing is printed if there is no sum.
kernels_rows() {
	kernels_section "$1" packets_guard | awk '
		/^\[ RUN/ { wrong = 0; next }
		/^[0-9]+ of [0-9]+ rows/ { print $1, $1 - wrong; exit }
		NF { wrong++ }'
}

# Says why a test did not pass, with the end of its output: kernels_explain LOG TEST WHY
kernels_explain() {
	echo "  $2: $3" >&2
	kernels_section "$1" "$2" | tail -n 25 | sed 's/^/    /' >&2
}

# Prints how many of the tests passed; returns 1 unless all did: kernels_passed LOG TESTS
kernels_passed() {
	local log=$1 tests=$2 name status passed=0 count=0

	while IFS=$'\t' read -r name _; do
		count=$((count + 1))
		status=$(sed -n "s/^@@ end $name //p" "$log.tests")
		if [[ $status != 0 ]]; then
			kernels_explain "$log" "$name" "${status:+exit status }${status:-did not end}"
		elif grep -q "^@@ complaint $name\$" "$log.tests"; then
			kernels_explain "$log" "$name" "the kernel complained, see $log.console"
		else
			passed=$((passed + 1))
		fi
	done <"$tests"
	echo "$passed of $count"
	[[ $passed -eq $count ]]
}

# Prints the line of a kernel, and on stderr what is wrong; returns 1 if something is:
# kernels_report RELEASE TESTS LOG COMPILER ACCEL QEMU_STATUS SECONDS
kernels_report() {
	local release=$1 tests=$2 log=$3 compiler=$4 accel=$5 status=$6 seconds=$7
	local passed processed run=0 right=0 ok=1

	touch "$log".{console,tests} # qemu may not have come so far
	sed -i 's/\r$//' "$log".{console,tests}
	passed=$(kernels_passed "$log" "$tests") || ok=0
	read -r run right < <(kernels_rows "$log") || true
	processed=$(sed -nE 's/.* processed ([0-9]+) instructions.*/\1/p' "$log.tests" | tail -n 1)
	[[ ${run:-0} -gt 0 && $run -eq $right && -n $processed ]] || ok=0
	! grep '^@@ missing' "$log.tests" >&2 || ok=0 # a module
	if [[ $status -ne 0 ]] || ! grep -qxF "@@ kernel $release" "$log.tests" ||
		! grep -qx '@@ done' "$log.tests"; then
		ok=0
		echo "  qemu: exit status $status (124: took too long); the kernel's last words:" >&2
		tail -n 10 <"$log.console" | sed 's/^/    /' >&2
	fi
	printf '%s: %s rows run, %s passed; %s tests; %s instructions processed (%s); %s s (%s): %s\n' \
		"$release" "${run:-0}" "${right:-0}" "$passed" "${processed:-no}" \
		"${compiler:-compiler unknown}" "$seconds" "$accel" \
		"$([[ $ok -eq 1 ]] && echo ok || echo FAILED)"
	[[ $ok -eq 1 ]]
}
