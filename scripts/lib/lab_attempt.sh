#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# One attempt of one host in the lab; run in that host's network namespace by scripts/run. Writes
# what happened and in how many milliseconds to LAB_DIR/result/TOKEN.
#   lab_attempt.sh LAB_DIR TOKEN mail ADDRESS PORT       delivered, blocked, refused, lost, failed
#   lab_attempt.sh LAB_DIR TOKEN tcp ADDRESS PORT FROM FROM_PORT    connected, blocked, refused
#   lab_attempt.sh LAB_DIR TOKEN ping ADDRESS            answered, blocked
# "delivered": the message with TOKEN lies in the mailbox of mx; an SMTP 250 is not enough.
set -euo pipefail

LAB_DIR=$1
token=$2
kind=$3
address=$4
port=${5:-}
timeout_s=3
# shellcheck source=lab_mail.sh
. "$(dirname "$0")/lab_mail.sh"

attempt_mail() {
	local log=$LAB_DIR/log/swaks.$token i

	if ! swaks --server "$address" --port "$port" --timeout $timeout_s --helo sender.example \
		--from sender@isp.example --to "reader@$LAB_MAIL_DOMAIN" \
		--header "Subject: $token" >"$log" 2>&1; then
		if grep -qi refused "$log"; then
			outcome=refused
		elif grep -qiE 'timed? ?out' "$log"; then
			outcome=blocked
		else
			outcome=failed
		fi
		return
	fi
	outcome=lost
	for ((i = 0; i < 200; i++)); do
		if lab_mail_arrived "$token"; then
			outcome=delivered
			return
		fi
		sleep 0.05
	done
}

attempt_tcp() {
	outcome=$(python3 "$(dirname "$0")/lab_tcp.py" connect "$address" "$port" "$6" "$7" \
		$timeout_s)
}

attempt_ping() {
	outcome=blocked
	if ping -n -q -c 1 -W $timeout_s "$address" >/dev/null; then
		outcome=answered
	fi
}

start_us=${EPOCHREALTIME/./}
"attempt_$kind" "$@"
echo "$outcome $(((${EPOCHREALTIME/./} - start_us) / 1000))" >"$LAB_DIR/result/$token"
