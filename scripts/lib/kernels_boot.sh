# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Boots an unpacked kernel under qemu with nothing but the guard's tests in memory. Sourced by
# scripts/kernels.

KERNELS_MODULES=(veth) # what the tests need and a cloud kernel has not built in
# What the tests and kernels_init.sh call.
KERNELS_PROGRAMS=(sh ip sysctl mount insmod sleep)
KERNELS_DATA=/usr/share/zoneinfo # policies name time zones

# Prints "NAME<tab>COMMAND" of each test of a build folder that is a program of this project and
# has "guard" in its name. Commands are quoted for sh, with absolute paths.
kernels_tests() {
	meson introspect --tests "$1" | python3 -c '
import json, os, shlex, sys

build = os.path.realpath(sys.argv[1])
for test in json.load(sys.stdin):
    words = [os.path.realpath(w) if os.path.isabs(w) else w for w in test["cmd"]]
    if "guard" in test["name"] and words[0].startswith(build + os.sep):
        env = [f"{key}={shlex.quote(value)}" for key, value in test["env"].items()]
        print(test["name"], " ".join(env + [shlex.join(words)]), sep="\t")
' "$1"
}

# Copies files into a root, each to its own place, with the libraries that programs among them load.
kernels_add() {
	local root=$1 library

	shift
	cp -rL --parents "$@" "$root" || return 1
	# ldd fails where a file is no program.
	{ ldd "$@" 2>/dev/null || true; } |
		sed -nE 's/^.*[[:space:]](\/[^ ]+) \(0x[0-9a-f]+\)$/\1/p' | sort -u |
		while read -r library; do
			[[ -e $root$library ]] || cp -L --parents "$library" "$root" || return 1
		done
}

# Copies the modules and what they need: kernels_add_modules ROOT UNPACKED RELEASE
kernels_add_modules() {
	local root=$1 unpacked=$2 release=$3 modules list path name

	# Debian 12 has them below /lib, Debian 13 below /usr/lib; kmod looks in one of the two.
	modules=$(find "$unpacked" -type d -path "*lib/modules/$release")
	mkdir -p "$unpacked/lib/modules" "$unpacked/usr/lib/modules" "$root/kernel"
	for path in "$unpacked"/{lib,usr/lib}/modules/"$release"; do
		[[ -e $path ]] || ln -s "$modules" "$path"
	done
	depmod --basedir "$unpacked" "$release" || return 1
	list=$(modprobe --dirname "$unpacked" --set-version "$release" --show-depends \
		--all "${KERNELS_MODULES[@]}") || return 1
	while read -r _ path _; do
		name=/kernel/$(basename "${path%.xz}")
		case $path in
		*.xz) xz --decompress --stdout "$path" >"$root$name" ;;
		*) cp "$path" "$root$name" ;;
		esac
		echo "$name"
	done <<<"$list" >"$root/modules"
}

# Makes the initramfs: kernels_initramfs UNPACKED RELEASE TESTS FILE     TESTS: of kernels_tests
kernels_initramfs() {
	local unpacked=$1 release=$2 tests=$3 file=$4 root=$1/initramfs path name command word

	mkdir -p "$root"/usr/{bin,sbin,lib,lib64} "$root"/{proc,sys,dev,tests}
	mkdir -m 1777 "$root/tmp"
	for path in bin sbin lib lib64; do
		ln -s "usr/$path" "$root/$path"
	done
	mknod "$root/dev/console" c 5 1
	install -m 755 "$(dirname "${BASH_SOURCE[0]}")/kernels_init.sh" "$root/init"
	kernels_add "$root" /etc/ld.so.cache "$KERNELS_DATA" || return 1
	for word in "${KERNELS_PROGRAMS[@]}"; do
		path=$(PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v "$word") || return 1
		kernels_add "$root" "$path" || return 1
	done
	while IFS=$'\t' read -r name command; do
		echo "$command" >"$root/tests/$name"
		eval "set -- $command"
		for word in "$@"; do
			[[ $word != /* || ! -e $word ]] || kernels_add "$root" "$word" || return 1
		done
	done <"$tests"
	kernels_add_modules "$root" "$unpacked" "$release" || return 1
	(cd "$root" && find . -print0 | cpio --quiet --null --create --format=newc) >"$file"
}

# Runs qemu: kernels_qemu ACCEL LIMIT_S LOG KERNEL ARGUMENT...     the kernel writes to LOG.console
# Ends when the machine has switched itself off, or is ended after the limit or with this shell.
kernels_qemu() {
	local accel=$1 limit_s=$2 log=$3 kernel=$4

	shift 4
	# With a thread per CPU, qemu may run an instruction that the kernel has replaced meanwhile, as
	# it does when XDP programs change under traffic: the kernel then dies of its own breakpoint.
	[[ $accel != tcg ]] || accel=tcg,thread=single
	setpriv --pdeathsig TERM timeout --kill-after=5 "$limit_s" \
		qemu-system-x86_64 -accel "$accel" -cpu max -smp 2 -m 1024 \
		-nodefaults -no-user-config -no-reboot -display none -serial "file:$log.console" \
		-kernel "$kernel" -append "console=ttyS0 panic=-1" "$@" </dev/null &
	wait $! # unlike a command in the foreground, a signal to this shell ends it at once
}

# Prints kvm or tcg. A /dev/kvm proves little: within a virtual machine it may open and then run
# nothing. A kernel that is given no file system has to get as far as to complain and end.
kernels_accel() {
	local kernel=$1 log=$2

	if [[ -w /dev/kvm ]] && kernels_qemu kvm 10 "$log" "$kernel" 2>/dev/null &&
		grep -q 'Kernel panic' "$log.console"; then
		echo kvm
	else
		echo tcg
	fi
}

# Boots: kernels_boot ACCEL KERNEL INITRAMFS LOG     the tests write to LOG.tests
kernels_boot() {
	kernels_qemu "$1" "$KERNELS_LIMIT_S" "$4" "$2" -initrd "$3" -serial "file:$4.tests"
}
