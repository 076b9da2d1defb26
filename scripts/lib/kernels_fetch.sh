# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Gets the cloud kernel of a Debian suite, as a package that is unpacked and never installed. Sourced
# by scripts/kernels, after fresh_base.sh: mirror, proxy and cache are those of scripts/fresh.

KERNELS_PACKAGE=linux-image-cloud-amd64

# Where the packages of a suite are kept: those of scripts/fresh. Inside it, its archives outlive the
# call and /var/cache does not.
kernels_archives() {
	if [[ -e /etc/apt/apt.conf.d/90op25b-keep ]]; then
		echo /var/cache/apt/archives
	else
		echo "${OP25B_FRESH_DIR:-/var/cache/op25b-fresh}/$1/archives"
	fi
}

# Runs an apt program on the suite's own lists: kernels_apt ROOT PROGRAM ARGUMENT...
kernels_apt() {
	local root=$1 program=$2

	shift 2
	"$program" -q -q -o "Dir=$root" -o "Dir::State::status=$root/status" \
		-o APT::Sandbox::User=root "$@"
}

# Gives apt a root of its own in which the machine's mirror serves the suite.
kernels_configure_apt() {
	local suite=$1 root=$2 mirror

	mirror=$(fresh_mirror main)
	if [[ -z $mirror ]]; then
		echo "scripts/kernels: apt has no Debian archive here that could serve $suite" >&2
		return 1
	fi
	mkdir -p "$root"/etc/apt/{apt.conf.d,preferences.d,trusted.gpg.d} "$root/etc/dpkg/dpkg.cfg.d" \
		"$root/var/lib/apt/lists/partial" "$root/var/cache/apt/archives/partial"
	: >"$root/status"
	fresh_configure_apt "$suite" "$root" "$mirror" "$(fresh_mirror security)"
	cp -L /usr/share/keyrings/debian-archive-keyring.gpg "$root/etc/apt/trusted.gpg.d/"
}

# Name of the package that holds the suite's newest cloud kernel; the known one only depends on it.
kernels_newest() {
	kernels_apt "$1" apt-cache show --no-all-versions "$KERNELS_PACKAGE" |
		sed -nE 's/^Depends:.*(linux-image-[0-9][^ ,]*).*/\1/p'
}

# Downloads the kernel's package unless it is there, and unpacks it: kernels_fetch SUITE FOLDER
# Returns 1, with a sentence, when it cannot be had.
kernels_fetch() (
	suite=$1
	folder=$2
	bytes=0

	archives=$(kernels_archives "$suite")
	root=${OP25B_FRESH_DIR:-/var/cache/op25b-fresh}/$suite/kernels-apt
	mkdir -p "$archives" "$root" "$folder"
	exec 8>"$root/lock" # until this subshell ends: one call at a time
	flock 8
	kernels_configure_apt "$suite" "$root" || return 1
	kernels_apt "$root" apt-get update >/dev/null ||
		echo "scripts/kernels: $suite: the package lists may be old" >&2
	name=$(kernels_newest "$root")
	read -r uri file bytes hash < <(kernels_apt "$root" apt-get download --print-uris \
		"${name:-$KERNELS_PACKAGE}") || true
	if [[ -z $name || $hash != SHA256:* ]]; then
		echo "scripts/kernels: $suite: no kernel package is found" >&2
		return 1
	fi
	if ! kernels_is_whole "$archives/$file" "$hash"; then
		echo "Downloading $file ($((bytes >> 20)) MiB) ..." >&2
		(cd "$root" && kernels_apt "$root" apt-get download "$name" >&2) || return 1
		kernels_is_whole "$root/$file" "$hash" || {
			echo "scripts/kernels: ${uri//\'/}: not what the list says" >&2
			return 1
		}
		mv "$root/$file" "$archives/$file"
	fi
	dpkg-deb --extract "$archives/$file" "$folder"
)

kernels_is_whole() {
	[[ -f $1 ]] && sha256sum --check --status <<<"${2#SHA256:}  $1"
}
