#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/listend.sh

load_microphone
start_listend
is_heard
for times in 1 2; do
	kill -STOP "$running"
	sleep 1.5
	kill -CONT "$running"
	wait_until 10 hears_times '"event":"overrun","state":"begin"' $times
	wait_until 10 hears_times '"event":"overrun","state":"end"' $times
	is_heard
done
grep '"state":"end"' "$work/events" |
	sed -nE 's/.*"overruns":([0-9]+),"lost_ms":([0-9]+),.*/\1 \2/p' >"$work/losses"
while read -r overruns lost; do # a busy machine makes more of them, and short ones
	[ "$overruns" -ge 1 ] && [ "$lost" -ge 1 ] || fail "$overruns overruns, $lost ms"
done <"$work/losses"
[ "$(awk '$2 >= 1400' "$work/losses" | wc -l)" -eq 2 ] || fail "$(cat "$work/losses")"
err_has '[0-9]+ overruns in [0-9]+ s, [0-9]+ ms of sound lost, sound is whole again$'
stop
