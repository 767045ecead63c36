#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_gpio_sim 81 atoll-header
for command in 'get 8' 'set 8=high' 'blink 10' 'watch 10'; do
	# shellcheck disable=SC2086 # a command and its arguments
	gives 1 atoll-header $command
	err_has "^atoll-header: pin (8|10): the kernel's console is there; --force uses it"
done
# Nothing was asked of the lines.
is "$(gpioinfo "$chip" | grep -cE 'line +(48|50): .*input')" 2

high() { [ "$(cat "$lines/sim_gpio48/value")" = 1 ]; }
start atoll-header set 8=high --hold --force
wait_until 5 high
stop
gives 0 atoll-header get 10 --force
out_is 0
gives 1 atoll-header set 2=high --force
err_is 'atoll-header: pin 2: is power, 5V'
