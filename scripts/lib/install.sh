# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The Debian packages that op25b needs, in one place, and the function that installs them. Sourced.
#   install_packages SET...    sets: build run replay test fresh kernels capacity
# Returns within a fraction of a second when everything is there. Never removes a package of the
# machine (another mail server would have to go for OpenSMTPD: that is then said, not done) and
# starts no service: the lab starts its mail servers itself, in its own namespaces.

install_set_build() {
	echo gcc libc6-dev meson ninja-build pkg-config python3 scdoc
	echo libdpdk-dev libbpf-dev libjansson-dev libmd-dev libevent-dev libcurl4-openssl-dev
	echo clang bpftool # the guard: BPF code and its skeleton
}

install_set_run() {
	echo iproute2 ethtool procps util-linux mount python3-minimal
	echo iputils-ping jq tzdata
	echo opensmtpd ca-certificates netbase swaks libio-socket-inet6-perl
}

install_set_replay() {
	echo tcpdump jq
}

install_set_test() {
	echo libcmocka-dev python3-scapy python3-jsonschema prometheus
	echo tshark tcpdump # other opinions on the packet table; debconf is not asked, see install_apt
	echo clang-format clang-tidy shellcheck codespell
	echo gcovr
	echo libclang-rt-dev # libFuzzer and the sanitizers of the suite's clang
}

install_set_fresh() {
	echo debootstrap git mount util-linux
}

install_set_kernels() {
	echo qemu-system-x86 cpio kmod xz-utils # boots a kernel of another suite
	echo iproute2 procps mount util-linux   # what runs in there
	echo debian-archive-keyring
}

install_set_capacity() {
	echo dpdk-dev # dpdk-testpmd, the peer and the generator
	echo iproute2 ethtool procps mount util-linux nftables
	echo python3-scapy # the packet table, which is mixed into the load
}

# Of the named packages, those that are not installed, one per line.
install_missing() {
	local installed package

	[[ $# -gt 0 ]] || return 0
	installed=$(dpkg-query -W -f='${db:Status-Abbrev}:${Package}:\n' "$@" 2>/dev/null) || true
	for package in "$@"; do
		[[ $installed == *"ii :$package:"* ]] || echo "$package"
	done | sort -u
}

# Runs a command while a policy keeps the packages' own services from being started.
install_without_services() (
	local policy=/usr/sbin/policy-rc.d

	if [[ ! -e $policy ]]; then
		trap 'rm -f "$policy"' EXIT
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	"$@"
)

install_apt() {
	DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
		-o Dpkg::Use-Pty=0 "$@"
}

# A service that came with a package installed here must not start at the next boot either.
install_disable_services() {
	local package

	command -v systemctl >/dev/null || return 0
	for package in "$@"; do
		case $package in
		opensmtpd | prometheus) systemctl disable --quiet "$package" || true ;;
		esac
	done
}

install_packages() {
	local set missing log
	local -a wanted=() names=()

	for set in "$@"; do
		read -r -d '' -a names < <("install_set_$set") || true
		wanted+=("${names[@]}")
	done
	mapfile -t missing < <(install_missing "${wanted[@]}")
	[[ ${#missing[@]} -gt 0 ]] || return 0
	if [[ $EUID -ne 0 ]]; then
		echo "These packages are needed; run as root to install them: ${missing[*]}" >&2
		return 1
	fi
	echo "Installing ${#missing[@]} Debian packages and what they depend on: ${missing[*]}"
	install_apt update >/dev/null
	log=$(mktemp /tmp/op25b-install.XXXXXX)
	install_without_services install_apt install --no-install-recommends --no-remove \
		"${missing[@]}" >"$log" 2>&1 || {
		tail -n 30 "$log" >&2
		echo "The packages could not be installed; the log is $log." >&2
		echo "Where they would replace another mail server, use scripts/fresh." >&2
		return 1
	}
	rm -f "$log"
	install_disable_services "${missing[@]}"
}
