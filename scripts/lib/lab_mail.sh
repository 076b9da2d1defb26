# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The lab's mail servers: one OpenSMTPD at the ISP's relay, one at the mail host on the internet,
# both on ports 25 and 587. Sourced by scripts/run. OpenSMTPD has fixed paths for its queue and its
# socket, so each instance lives in a mount namespace with its own /var/spool and /run.
# What mx accepts is delivered into $LAB_DIR/mail/box, where the attempts look for their message.

LAB_MAIL_DOMAIN=mx.example

lab_mail_listen() {
	local address=$1 name=$2

	printf 'listen on %s port 25 hostname %s\n' "$address" "$name"
	printf 'listen on %s port 587 hostname %s\n' "$address" "$name"
}

# The relay takes mail from subscribers only, and hands it to mx on port 25.
lab_mail_relay_config() {
	lab_mail_listen "${LAB_ADDRESS[relay]}" relay.isp.example
	lab_mail_listen "${LAB_ADDRESS[relay6]}" relay.isp.example
	cat <<-END
		action "onward" relay host smtp://${LAB_ADDRESS[mx]}
		match from src { 198.51.100.0/24, 2001:db8:1000::/40 } for any action "onward"
	END
}

lab_mail_mx_config() {
	lab_mail_listen "${LAB_ADDRESS[mx]}" $LAB_MAIL_DOMAIN
	lab_mail_listen "${LAB_ADDRESS[mx6]}" $LAB_MAIL_DOMAIN
	cat <<-END
		table everybody { "@" = "nobody" }
		action "keep" maildir "$LAB_DIR/mail/box" virtual <everybody>
		match from any for domain "$LAB_MAIL_DOMAIN" action "keep"
	END
}

# Names for the servers' greetings; the resolver of the machine is out of reach in the lab.
lab_mail_hosts() {
	local role

	echo "127.0.0.1 localhost"
	for role in "${!LAB_ADDRESS[@]}"; do
		echo "${LAB_ADDRESS[$role]} ${role%6}.example"
	done
}

lab_mail_start() {
	local role=$1 dir=$LAB_DIR/mta-$1

	mkdir -p "$dir"
	"lab_mail_${role}_config" >"$dir/smtpd.conf"
	lab_mail_hosts >"$dir/hosts"
	echo "nameserver 127.0.0.1" >"$dir/resolv.conf" # nobody there: "unknown" at once
	echo "$role.example" >"$dir/mailname"
	# shellcheck disable=SC2016 # expanded by the inner shell
	lab_spawn "$role" nsenter --net="/run/netns/$(lab_ns "$role")" \
		unshare --mount --propagation private sh -e -c '
			mount -t tmpfs -o mode=755 tmpfs /var/spool
			mkdir -m 711 /var/spool/smtpd
			mount -t tmpfs -o mode=755 tmpfs /run
			for name in hosts resolv.conf mailname; do
				if [ -e "/etc/$name" ]; then
					mount --bind "$1/$name" "/etc/$name"
				fi
			done
			exec smtpd -d -f "$1/smtpd.conf"' sh "$dir"
}

lab_mail_up() {
	install -d -m 755 -o nobody "$LAB_DIR/mail"
	lab_mail_start relay
	lab_mail_start mx
}

# Waits until both servers accept connections on every port.
lab_mail_wait() {
	local role

	for role in relay mx; do
		lab_until 10 "the mail server of $role" lab_mail_is_listening "$role"
	done
}

lab_mail_is_listening() {
	[[ $(lab_in "$1" ss -Hltn '( sport = 25 or sport = 587 )' | wc -l) -ge 4 ]]
}

# Whether the message with this token has arrived at mx.
lab_mail_arrived() {
	grep -rqs "^Subject: $1\$" "$LAB_DIR/mail/box/new"
}
