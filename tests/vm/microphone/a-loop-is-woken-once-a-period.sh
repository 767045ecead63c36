#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_microphone
# ALSA's own plugins wait in ways of their own. The default shares the card with the
# group audio, which a guest may not have.
for match in hw:0,1 plughw:0,1 default; do
	[ $match != default ] || grep -q ^audio: /etc/group || continue
	start_hearing -w -m $match -r 16000 -c 1
	sleep 2
	stop
	periods=$(($(stat -c %s "$work/out") / 640))
	wakes=$(sed -n 's/^woke \([0-9]*\) times$/\1/p' "$work/err")
	echo "# $match: $wakes wakes for $periods periods of 20 ms"
	[ "$periods" -ge 50 ] || fail "$periods periods"
	[ "$wakes" -le $((periods + periods / 10 + 5)) ] || fail "$wakes wakes"
done
