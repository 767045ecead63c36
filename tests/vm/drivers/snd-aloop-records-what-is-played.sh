#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load snd-aloop
wait_until 5 test -c /dev/snd/pcmC0D1c
# Half a second of silence at the end, since closing cuts off what is under way.
head -c 32000 /dev/urandom >"$work/sound"
{ cat "$work/sound"; head -c 16000 /dev/zero; } >"$work/played"
arecord -q -D hw:Loopback,1,0 -t raw -f S16_LE -r 16000 -c 1 "$work/recorded" &
recorder=$!
wait_until 5 test -s "$work/recorded"
aplay -q -D hw:Loopback,0,0 -t raw -f S16_LE -r 16000 -c 1 "$work/played"
kill -INT $recorder
wait $recorder || true
# The sound is in there somewhere, all of it in one piece.
od -An -v -tx1 -w1 "$work/sound" | tr -d ' \n' >"$work/sound.hex"
od -An -v -tx1 -w1 "$work/recorded" | tr -d ' \n' >"$work/recorded.hex"
awk 'NR == FNR { sound = $0; next } { exit !index($0, sound) }' \
	"$work/sound.hex" "$work/recorded.hex" || fail 'what was recorded is not what was played'
