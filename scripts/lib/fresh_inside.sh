#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The first process in the namespaces of scripts/fresh: puts the new system together, runs the
# command in it and hands on its exit status. Called by scripts/fresh only:
#   fresh_inside.sh BASE WORK COMMAND [ARGUMENT...]
# When it ends, the kernel ends every process in its PID namespace and undoes every mount.
set -euo pipefail

base=$1
work=$2
shift 2
root=$work/root

# An overlay costs nothing; where the file system under the cache cannot carry one, a full copy.
make_copy() {
	mkdir -p "$root" "$work/upper" "$work/overlay"
	mount -t overlay overlay "$root" 2>/dev/null \
		-o "lowerdir=$base,upperdir=$work/upper,workdir=$work/overlay" && return
	cp -a --reflink=auto "$base/." "$root/"
	mount --bind "$root" "$root"
}

mount_system() {
	mount -t proc proc "$root/proc"
	mount -t sysfs sysfs "$root/sys"
	mount -t bpf bpf "$root/sys/fs/bpf"
	mount --rbind /dev "$root/dev"
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
	mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
	mount -t tmpfs -o mode=755 tmpfs "$root/run"
	mkdir -p "$root/run/lock"
	mount --bind "$work/archives" "$root/var/cache/apt/archives"
}

add_files() {
	rm -f "$root/etc/resolv.conf"
	cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
	echo op25b-fresh >"$root/etc/hostname"
	cp -a "$work/clone" "$root/root/op25b"
}

make_copy
mount_system
add_files

trap 'kill -TERM "$command" 2>/dev/null || true' TERM INT
proxies=()
for name in http_proxy https_proxy no_proxy; do
	[[ -z ${!name:-} ]] || proxies+=("$name=${!name}")
done
# shellcheck disable=SC2016 # expanded inside
env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
	TERM="${TERM:-dumb}" "${proxies[@]}" \
	chroot "$root" /bin/sh -c 'cd /root/op25b && exec "$@"' sh "$@" <&0 &
command=$!
status=0
wait "$command" || status=$?
while kill -0 "$command" 2>/dev/null; do # a signal ends wait early
	status=0
	wait "$command" || status=$?
done
exit "$status"
