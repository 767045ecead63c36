#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_gpio_sim 81 atoll-header
stands() { gpioinfo "$chip" | grep -qE "line +56: .* $1 "; }
blinks() { [ "$(cat "$lines/sim_gpio56/value")" = "$1" ]; }
stands input

for signal in INT TERM; do
	for command in 'blink 16 --period=400ms' 'set 16=high --hold' \
		'pwm 16 --frequency=2 --duty=50'; do
		# shellcheck disable=SC2086 # a command and its arguments
		start atoll-header $command --restore
		wait_until 5 stands output
		wait_until 5 blinks 1
		kill -s $signal "$running"
		wait "$running"
		stands input
	done
done

# A blink is high and low, and without --restore the pin stays an output.
start atoll-header blink 16 --period=400ms
for level in 1 0 1 0; do
	wait_until 5 blinks $level
done
stop
stands output
gives 0 atoll-header blink 16 18 --period=20ms --count=3
gives 0 atoll-header blink 16 --period=20ms --for=100ms --restore
stands output
