#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_gpio_sim 64 header
is "$(gpiodetect | grep -c "$chip \[header\] (64 lines)")" 1

echo pull-up >"$lines/sim_gpio7/pull"
is "$(gpioget "$chip" 7)" 1
echo pull-down >"$lines/sim_gpio7/pull"
is "$(gpioget "$chip" 7)" 0

gpioset --mode=signal "$chip" 40=1 &
high() { [ "$(cat "$lines/sim_gpio40/value")" = 1 ]; }
wait_until 5 high

gpiomon --line-buffered --num-events=2 --format=%e "$chip" 7 >"$work/edges" &
monitor=$!
is_watched() { gpioinfo "$chip" | grep -q 'line *7:.*gpiomon'; }
wait_until 5 is_watched
echo pull-up >"$lines/sim_gpio7/pull"
# Two edges before anyone looks would be one.
wait_until 5 test -s "$work/edges"
echo pull-down >"$lines/sim_gpio7/pull"
wait $monitor
is "$(tr '\n' ' ' <"$work/edges")" '1 0 '
