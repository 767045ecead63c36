#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/listend.sh

load_microphone pcm_substreams=1
arecord -q -D hw:Loopback,1,0 -r 16000 -f S16_LE -c 1 /dev/null &
holder=$!
wait_until 10 grep -q RUNNING /proc/asound/Loopback/pcm1c/sub0/status
start_listend
err_has 'in use.*waiting for it$'
kill $holder
wait_until 10 hears '"event":"microphone","state":"back"'
is_heard
stop
