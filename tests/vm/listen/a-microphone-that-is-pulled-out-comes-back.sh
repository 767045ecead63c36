#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/listen.sh

start_listen
is_heard 1
# The kernel waits until nobody has the card open any more.
pull
wait_until 10 out_count '"state":"away"' 1
sleep 1
put
wait_until 10 out_count '"state":"hears"' 2
is_heard 2
stop
# Each is said once.
is "$(sed -E 's/^atoll-listen: //; s/[0-9]+\.[0-9]+/N/g; s/^[^;]*; waiting/GONE; waiting/' \
	"$work/err")" 'GONE; waiting for it
Loopback, 16000 Hz, 1 channel: back after N s
2 words in N s; 0 overruns, N s lost, came back 1 times'
tail -n 1 "$work/out" | grep -q '"state":"ended".*"words":2,"overruns":0,.*"returns":1,' ||
	fail "$(tail -n 1 "$work/out")"
