#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_gpio_sim 81 atoll-header
gpioset --mode=signal "$chip" 56=1 &
owner=$!
has() { gpioinfo "$chip" | grep -qE "line +$1: .*$2"; }
wait_until 5 has 56 gpioset

for command in 'get 16' 'set 16=low' 'set 16=toggle' 'watch 16' 'blink 16' 'get 11 16' \
	'set 16=low --for=1s --restore'; do
	# shellcheck disable=SC2086 # a command and its arguments
	gives 1 atoll-header $command
	is_silent out
	lines_are err 1
	err_has "^atoll-header: pin 16: gpio: .*: line 56: in use by \"gpioset\" .* process $owner\)$"
done
gives 1 atoll-header pwm 16 -f 50 -d 50
err_has "in use by \"gpioset\" .* process $owner\)$"

# Two of ours are told apart.
start atoll-header set 18=high --hold
wait_until 5 has 58 atoll-header
gives 1 atoll-header set 18=low
err_has '^atoll-header: pin 18: .*in use by "atoll-header"'
stop
