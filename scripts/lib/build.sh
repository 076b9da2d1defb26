# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Configures a build folder once and builds what is out of date in it. Sourced.
#   build_programs FOLDER [MESON OPTION...]     the options count when the folder is made
# The variable build_target says what is to be built, if not everything.
# Says nothing while all goes well, and everything when it does not.

build_programs() (
	local folder=$1 tree lock

	shift
	# One at a time in a folder: two calls of scripts/replay may be the first to need it.
	mkdir -p "$folder"
	exec {lock}<"$folder"
	flock "$lock"
	tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
	# A configuration that failed leaves a folder without build.ninja, which meson takes again.
	if [[ ! -f $folder/build.ninja ]]; then
		echo "Building in $folder ..." >&2
		build_quietly meson setup "$folder" "$tree" "$@" || return 1
	fi
	build_quietly ninja -C "$folder" "${build_target:-all}"
)

build_quietly() {
	local log status=0

	log=$(mktemp /tmp/op25b-build.XXXXXX)
	"$@" >"$log" 2>&1 || status=$?
	[[ $status -eq 0 ]] || cat "$log" >&2
	rm -f "$log"
	return $status
}
