#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/listend.sh

load_microphone
start_listend
is_heard
for times in 1 2; do
	# The kernel waits until nobody has the card open any more.
	pull
	wait_until 10 hears_times '"event":"microphone","state":"lost"' $times
	# Who comes in between is told so.
	socat -u UNIX-CONNECT:$folder/listend.sock STDOUT >"$work/late" &
	late=$!
	wait_until 10 grep -q '"microphone":"waits"' "$work/late"
	kill $late
	put
	wait_until 10 hears_times '"event":"microphone","state":"back"' $times
	is_heard
done

rmmod_it() { pull; rmmod snd-aloop; }
rmmod_it
wait_until 10 hears_times '"event":"microphone","state":"lost"' 3
load_microphone
wait_until 10 hears_times '"event":"microphone","state":"back"' 3
is_heard
# Each is said once.
is "$(grep -c 'waiting for it$' "$work/err")" 3
stop
