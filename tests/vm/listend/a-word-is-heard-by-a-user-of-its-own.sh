#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/listend.sh

load_microphone
start_listend
is "$(stat -c %u "/proc/$running")" $listener_id
is "$(sed -n 's/^CapEff:\t//p' "/proc/$running/status")" 0000000000000000
is "$(stat -c '%a %u' $folder/listend.sock)" "660 $listener_id"
hears '"microphone":"hears","name":"Loopback, 16000 Hz, 1 channel"'
is_heard
is_heard
# Nothing but silence from now on, and nothing is heard.
sleep 3
is "$(grep -c '"event":"word"' "$work/events")" 2
stop
