#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/listend.sh

load_microphone
conf=$work/listend.conf
echo 'threshold = 0.6' >"$conf"
chmod a+r "$conf"
start_listend --config="$conf"
is_heard
echo 'threshold = often' >"$conf"
kill -HUP "$running"
wait_until 10 err_has "$conf:1: threshold.*; keeping the old configuration$"
is_heard
# The microphone is let go and taken again; the mixer is set because it is asked for.
value_of() { amixer -c 0 cget "iface=PCM,name='$1',device=1" | sed -n 's/^  : values=//p'; }
is "$(value_of 'PCM Notify')" off
printf 'threshold = 0.5\nmixer = PCM Notify=on\n' >"$conf"
kill -HUP "$running"
wait_until 10 err_has 'configuration read again$'
is "$(value_of 'PCM Notify')" on
wait_until 10 err_count 'listening to' 2
is_heard
# One that cannot be set is a pity.
printf 'mixer = No Such Thing=1\n' >"$conf"
kill -HUP "$running"
wait_until 10 err_has "mixer: .*there is no control 'No Such Thing'; going on$"
wait_until 10 err_count 'listening to' 3
is_heard
fails hears '"event":"microphone"'
stop
