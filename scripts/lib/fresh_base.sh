# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What scripts/fresh does before it enters the new system: makes the minimal Debian of a suite once
# and keeps it, keeps downloaded packages, clones the tree. Sourced.
# The mirror is the one this machine already uses, so no host name stands here.

fresh_host_suite() {
	local VERSION_CODENAME=

	# shellcheck source=/dev/null
	. /etc/os-release
	case $VERSION_CODENAME in
	bookworm | trixie) echo "$VERSION_CODENAME" ;;
	*) echo bookworm ;;
	esac
}

# Prints the address of a Debian archive that apt is configured for: fresh_mirror main|security
fresh_mirror() {
	local site release origin component kind

	# shellcheck disable=SC2016 # apt's own placeholders
	apt-get indextargets --format '$(SITE)|$(RELEASE)|$(ORIGIN)|$(COMPONENT)' 2>/dev/null |
		while IFS='|' read -r site release origin component; do
			[[ $site == http*://* && $component == main ]] || continue
			[[ -z $origin || $origin == Debian ]] || continue
			case $release in
			*-security) kind=security ;;
			*-*) continue ;;
			*) kind=main ;;
			esac
			[[ $kind == "$1" ]] && echo "$site"
		done | head -n 1 || true
}

# Writes apt's configuration of the new system: fresh_configure_apt SUITE ROOT MIRROR SECURITY
fresh_configure_apt() {
	local suite=$1 root=$2 mirror=$3 security=$4

	if [[ -n $mirror ]]; then
		printf 'deb %s %s main\ndeb %s %s-updates main\n' \
			"$mirror" "$suite" "$mirror" "$suite" >"$root/etc/apt/sources.list"
	fi
	if [[ -n $security ]]; then
		printf 'deb %s %s-security main\n' \
			"$security" "$suite" >>"$root/etc/apt/sources.list"
	fi
	apt-config dump --format '%f "%v";%n' Acquire::http::Proxy Acquire::https::Proxy |
		grep -E '::Proxy "[^"]+";$' >"$root/etc/apt/apt.conf.d/90op25b-proxy" || true
	echo 'APT::Keep-Downloaded-Packages "true";' >"$root/etc/apt/apt.conf.d/90op25b-keep"
	# The copy lives as long as one command: no need to wait for the disk after each package.
	echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/op25b"
}

# Makes CACHE/base, unless it is there: fresh_base SUITE CACHE
fresh_base() {
	local suite=$1 cache=$2 log=$2/debootstrap.log mirror security include=()

	mkdir -p "$cache/archives"
	exec 8>"$cache/lock"
	flock 8
	if [[ ! -e $cache/base ]]; then
		mirror=$(fresh_mirror main)
		security=$(fresh_mirror security)
		[[ $mirror$security != *https://* ]] || include=(--include=ca-certificates)
		echo "Making a minimal $suite in $cache (once) ..." >&2
		rm -rf --one-file-system "$cache/base.new"
		debootstrap --variant=minbase "${include[@]}" --cache-dir="$cache/archives" \
			"$suite" "$cache/base.new" ${mirror:+"$mirror"} >"$log" 2>&1 || {
			tail -n 20 "$log" >&2
			echo "scripts/fresh: debootstrap failed, see $log" >&2
			return 1
		}
		fresh_configure_apt "$suite" "$cache/base.new" "$mirror" "$security"
		rm -f "$cache/base.new"/var/cache/apt/archives/*.deb
		mv "$cache/base.new" "$cache/base"
	fi
	exec 8>&-
}

# Removes the folders of calls that were killed: nobody holds their lock any more.
fresh_remove_stale() {
	local work

	for work in "$1"/call.*; do
		[[ -d $work ]] || continue
		if flock -n "$work/lock" true 2>/dev/null; then
			rm -rf --one-file-system "$work"
		fi
	done
}

# Every call has its own folder of downloaded packages, made of hard links: apt locks it.
fresh_copy_packages() {
	local work=$1 cache=$2

	mkdir -p "$work/archives/partial"
	find "$cache/archives" -maxdepth 1 -name '*.deb' -exec ln -t "$work/archives" {} +
}

fresh_keep_packages() {
	local work=$1 cache=$2

	[[ ! -d $work/archives ]] ||
		find "$work/archives" -maxdepth 1 -name '*.deb' \
			-exec mv -n -t "$cache/archives" {} +
}

# Clones what is committed: a file that only exists in the work tree must not make a test pass. The
# tree may belong to a user, which git refuses to root by default.
fresh_clone() {
	local tree=$1 work=$2
	local -x GIT_CONFIG_GLOBAL=$work/gitconfig

	printf '[safe]\n\tdirectory = *\n' >"$GIT_CONFIG_GLOBAL"
	if [[ -n $(git -C "$tree" status --porcelain) ]]; then
		echo "scripts/fresh: changes that are not committed are not in the clone" >&2
	fi
	git clone --quiet --no-hardlinks "$tree" "$work/clone"
}
