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
is "$(wc -l <"$work/losses")" 2
while read -r overruns lost; do
	is "$overruns" 1
	[ "$lost" -ge 1400 ] || fail "$lost ms"
done <"$work/losses"
err_has '1 overruns in [0-9]+ s, [0-9]+ ms of sound lost, sound is whole again$'
stop
