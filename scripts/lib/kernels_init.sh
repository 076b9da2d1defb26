#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The first process of the machine that scripts/kernels boots: runs the tests, one after the other,
# and switches off. /modules and /tests were made by kernels_boot.sh, which also reads what is
# written to the second serial port: lines that begin with "@@" are from here, all others from the
# test that began last. The kernel has the first serial port for itself.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t bpf bpf /sys/fs/bpf
exec </dev/null >/dev/ttyS1 2>&1

# Whether the kernel has warned (of itself) or stumbled so far, and its age.
look() {
	read -r tainted </proc/sys/kernel/tainted
	read -r uptime_s _ </proc/uptime
}

read -r release </proc/sys/kernel/osrelease
echo "@@ kernel $release"
while read -r module; do
	insmod "$module" || echo "@@ missing $module"
done </modules
ip link set lo up

for test in /tests/*; do
	name=${test##*/}
	echo "@@ begin $name"
	look
	before=$tainted
	echo "@@ at $uptime_s s"
	status=0
	sh "$test" || status=$?
	look
	# The test may have ended within a line.
	printf '\n@@ end %s %d\n@@ at %s s\n' "$name" "$status" "$uptime_s"
	[ "$tainted" = "$before" ] || echo "@@ complaint $name"
done
echo "@@ done"

echo o >/proc/sysrq-trigger
while :; do # the first process must not end before the power does
	sleep 1
done
