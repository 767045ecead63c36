#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/headerd.sh

load_header
rules 'on pin 11 rising -> pin 13 high' 'on pin 11 falling -> pin 13 low' \
	'on voice "stop" -> pin 16 high' 'source flood = '"$folder/flood.sock" \
	'on flood "x" -> pin 18 toggle'
serve voice
start_headerd
wait_until 10 log_has 'voice is there'

# answers_in_time: pins and clients have their turn.
answers_in_time() {
	for way in up down; do
		drive 11 $way
		wait_until 2 pin 13 "$([ $way = up ] && echo 1 || echo 0)"
		answers '{"get":"16"}' '"pin":16'
	done
}

head -c 300000 /dev/urandom >&8
head -c 200000 /dev/zero | tr '\0' x >&8
answers_in_time
say '' '{"event":"word","word":"stop"}'
wait_until 5 pin 16 1
printf '{"event":"word","wo' >&8
answers_in_time
log_has 'voice: .*passed over'
kill -0 $headerd

# Words without end, as fast as they can be told; then bytes of no sense.
yes '{"event":"word","word":"x"}' | socat -u - UNIX-LISTEN:"$folder/flood.sock" &
wait_until 10 log_has 'flood is there'
answers_in_time
ask '{"status":true}'
told=$(sed -nE 's/.*"name":"flood"[^}]*"events":([0-9]+).*/\1/p' "$work/out")
echo "# $told words so far"
[ "$told" -gt 1000 ]
: >"$work/log" # it is verbose
fds=$(find /proc/$headerd/fd | wc -l)
kill %2 2>/dev/null || true
kb=$(awk '/VmRSS/ { print $2 }' /proc/$headerd/status)
echo "# $kb KiB, $fds files"
[ "$kb" -lt 16384 ]
stop_headerd
