#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/board.sh

have_user alice
have_user bob atoll,gpio
chmod 755 "$work"
# as_user STATUS USER PROGRAM ARGUMENT...: `gives`, for somebody.
as_user() {
	expected=$1 RUN="runuser -u $2 --"
	shift 2
	gives "$expected" "$@"
	RUN=
}
load_header
for name in tpu visiond listend headerd; do
	wait_until 10 test -S /run/atoll/$name.sock
done

# What the daemon for TPUs says, events, pins by the daemon and from the chip.
as_user 1 alice ../sbin/atoll-tpud status
err_has 'tpu.sock: not allowed'
as_user 0 bob ../sbin/atoll-tpud status
for name in visiond listend; do
	fails as alice socat -u UNIX-CONNECT:/run/atoll/$name.sock STDOUT 2>"$work/err"
	err_has 'Permission denied'
	as bob timeout 5 socat -u UNIX-CONNECT:/run/atoll/$name.sock STDOUT >"$work/out" || true
	out_has '"event":'
done
fails as alice socat - UNIX-CONNECT:$control 2>"$work/err" </dev/null
err_has 'Permission denied'
echo '{"set":"16","level":"high"}' | as bob socat -t 10 - UNIX-CONNECT:$control >"$work/out"
out_has '"level":"high"'
wait_until 5 pin 16 1
as_user 1 alice atoll-header get 18
err_has 'gpio'
as_user 0 bob atoll-header get 18

# A TPU at this machine's USB, which atoll-tpud takes.
start_tpu --attach
wait_until 10 says atoll-tpud '^1 Edge TPU, '
node=$(lsusb -d $application | sed -E 's|Bus ([0-9]+) Device ([0-9]+).*|/dev/bus/usb/\1/\2|')
is "$(stat -c '%a %U:%G' "$node")" '660 root:plugdev'
