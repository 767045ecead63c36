#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/board.sh

# runs_as DAEMON GROUP OTHER...: a user of its own without a shell or a home, in these
# groups and no other, without any privilege, behind a filter of system calls.
runs_as() {
	daemon=$1
	shift
	wait_until 10 is_up "$daemon"
	status=/proc/$(process "$daemon")/status
	user=$(getent passwd "$(sed -nE 's/^Uid:\t([0-9]+).*/\1/p' "$status")")
	is "${user%%:*}" "$daemon"
	is "${user##*:}" /usr/sbin/nologin
	is "$(echo "$user" | cut -d : -f 6)" /
	group=$(sed -nE 's/^Gid:\t([0-9]+).*/\1/p' "$status")
	for id in $group $(sed -nE 's/^Groups:\t//p' "$status"); do
		getent group "$id" | cut -d : -f 1
	done | grep -vx "$daemon" | sort -u >"$work/groups"
	is "$(tr '\n' ' ' <"$work/groups")" "$(printf '%s\n' "$@" | sort -u | tr '\n' ' ')"
	is "$(getent group "$group" | cut -d : -f 1)" "$1"
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		is "$(sed -n "s/^$set:\t//p" "$status")" 0000000000000000
	done
	is "$(sed -n 's/^NoNewPrivs:\t//p' "$status")" 1
	is "$(sed -n 's/^Seccomp:\t//p' "$status")" 2
}
runs_as atoll-tpud atoll atoll-daemons plugdev
runs_as atoll-visiond atoll atoll-daemons plugdev video
runs_as atoll-listend atoll atoll-daemons audio plugdev
runs_as atoll-headerd gpio atoll atoll-daemons

is "$(stat -c '%a %U %G' /run/atoll)" '1775 root atoll-daemons'
for socket in tpu:atoll-tpud:atoll visiond:atoll-visiond:atoll listend:atoll-listend:atoll \
	headerd:atoll-headerd:gpio; do
	file=/run/atoll/${socket%%:*}.sock
	wait_until 10 test -S "$file"
	is "${socket%%:*}: $(stat -c '%a %U:%G' "$file")" "${socket%%:*}: 660 ${socket#*:}"
done
