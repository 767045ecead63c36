#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/board.sh

load_header
load_microphone
configure atoll-headerd 'safe pin 16 high' 'on voice "stop" -> pin 16 low'
wait_until 10 says atoll-headerd '^1 pin; voice is there'
wait_until 10 says atoll-listend '0 words so far'
pin 16 1
follow 16
socat -u UNIX-CONNECT:/run/atoll/listend.sock STDOUT >"$work/events" &
wait_until 10 test -s "$work/events"
aplay -q -D plughw:Loopback,0,0 $models/keywords/demo/words.wav 2>"$work/err" &
wait_until 10 pin 16 0
is "$(grep -c '"word":"stop"' "$work/events")" 1
stamp() { sed -nE 's/.*"monotonic_ns":([0-9]+).*/\1/p'; }
heard=$(grep '"word":"stop"' "$work/events" | stamp)
low=$(grep '"level":"low"' "$work/edges" | stamp)
echo "# pin 16 is low $(((low - heard) / 1000)) us after the word is told"
