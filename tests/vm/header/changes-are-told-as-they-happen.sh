#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_gpio_sim 81 atoll-header
drive() { echo "$2" >"$lines/sim_gpio$1/pull"; }
told() { [ "$(grep -c "$1" "$work/out")" -ge "$2" ]; }

start atoll-header watch 11 13 --json
wait_until 5 told '"event":"level"' 2
for n in 1 2 3 4 5; do
	drive 51 pull-up
	wait_until 5 told '"pin":11.*"level":1' $n
	drive 51 pull-down
	wait_until 5 told '"event":"edge","pin":11.*"level":0' $n
done
drive 53 pull-up
wait_until 5 told '"event":"edge","pin":13' 1
stop
is "$(jq -r 'select(.event == "edge") | "\(.pin)=\(.level)"' "$work/out" | tr '\n' ' ')" \
	'11=1 11=0 11=1 11=0 11=1 11=0 11=1 11=0 11=1 11=0 13=1 '
# Time does not go back, and at its best the telling takes less than 10 ms.
jq -se 'map(.monotonic_ns) | . == sort' "$work/out" >"$work/sorted"
jq -se "map(select(.event == \"edge\").latency_ms) | min >= 0 and min < 10 * $ATOLL_VM_SLOW" \
	"$work/out" >"$work/fast"

# Only those that are asked for, and no more.
start atoll-header watch 11 --edges=falling --count=2
wait_until 5 told '	low$' 1
for n in 1 2; do
	drive 51 pull-up
	sleep 0.1
	drive 51 pull-down
	wait_until 5 told '	falling$' $n
done
wait "$running"
lines_are out 3
out_has '^0\.000000	11	low$'
out_has '^[0-9]+\.[0-9]{6}	11	falling$'

# A level counts once it has stayed.
start atoll-header watch 11 --debounce=500ms
wait_until 5 told '	low$' 1
for _ in 1 2 3 4; do
	drive 51 pull-up
	drive 51 pull-down
done
drive 51 pull-up
wait_until 5 told '	rising$' 1
stop
lines_are out 2

# Time can be over before there were enough.
gives 1 atoll-header watch 11 --count=1 --for=200ms
lines_are out 1
gives 0 atoll-header watch 11 --for=200ms
