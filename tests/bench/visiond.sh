#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What viewers of its page cost atoll-visiond, and how soon events arrive. Nothing
# here passes or fails.
#
#	BUILD=build tests/bench/visiond.sh
set -u
BUILD=${BUILD:-build}
cards=apps/models/cards
seconds=${SECONDS_EACH:-10}
work=$(mktemp -d)
pid=''
trap '[ -z "$pid" ] || kill "$pid"; rm -rf "$work"' EXIT

# start SOURCE OPTION...
start() {
	source=$1
	shift
	"$BUILD/atoll-visiond" --source="$source" --model="$cards/cards.tflite" \
		--listen=127.0.0.1:0 --events="$work/events" "$@" 2>"$work/log" &
	pid=$!
	until grep -q 'looking through' "$work/log"; do
		kill -0 "$pid" 2>/dev/null || { cat "$work/log"; pid=''; exit 1; }
		sleep 0.1
	done
	page=$(sed -n 's/.*page: //p' "$work/log")
}
stop() {
	kill "$pid"
	wait "$pid"
	pid=''
}

# Hundredths of a second of CPU that all threads have taken; proc(5).
cpu() {
	sed 's/.*) //' "/proc/$pid/stat" | awk '{ print $12 + $13 }'
}

# watch N SECONDS: N browsers' worth of reading.
watch() {
	viewers=$1
	while [ "$viewers" -gt 0 ]; do
		viewers=$((viewers - 1))
		curl -sN --max-time "$2" "${page}stream.mjpeg" | tr -cd '\n' >"$work/none" &
		curl -sN --max-time "$2" "${page}events" >"$work/none" &
	done
}

"$BUILD/tests/bench/visiond" clip "$cards/demo/cat.jpg" "$work/clip.y4m" || exit
start "$work/clip.y4m"
sleep 2
a=$(cpu)
sleep "$seconds"
b=$(cpu)
watch 3 $((seconds + 4))
sleep 2
before=$(curl -s "${page}state.json")
c=$(cpu)
sleep "$seconds"
d=$(cpu)
after=$(curl -s "${page}state.json")
stop
sent() { printf '%s' "$1" | sed 's/.*"pictures":\([0-9]*\).*/\1/'; }
awk -v a="$a" -v b="$b" -v c="$c" -v d="$d" -v s="$seconds" \
	-v n="$(($(sent "$after") - $(sent "$before")))" 'BEGIN {
	printf "640x480 4:2:0 at 30/s, page at %.1f/s: %.1f %% of a core without viewers, ",
		n / s, (b - a) / s
	printf "%.1f %% with 3: %.1f %% more (goal: at most 10)\n", (d - c) / s, (d - c - b + a) / s }'

start "$cards/demo/cards.mjpeg"
watch 3 $((seconds + 2))
sleep 1
printf 'events after the end of inference, 3 viewers: '
"$BUILD/tests/bench/visiond" lag "$work/events" "$seconds"
echo ' (goal: at most 5)'
stop
