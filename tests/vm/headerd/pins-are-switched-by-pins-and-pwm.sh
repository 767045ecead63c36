#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/headerd.sh

load_header
rules 'on pin 11 rising debounce 50ms -> pin 13 toggle' 'software_pwm = yes' \
	'at start -> pin 12 pwm 50Hz 25%'
start_headerd
for expected in 1 0; do
	for _ in 1 2 3; do
		drive 11 up
		drive 11 down
	done
	drive 11 up
	wait_until 5 pin 13 $expected
	sleep 0.3
	drive 11 down
	sleep 0.3
	pin 13 $expected
done
# The period is 20 ms, a quarter of it high.
log_has 'pin 12: PWM by program'
high=0
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
	high=$((high + $(level 12)))
	sleep 0.013
done
echo "# $high of 30 looks"
[ $high -gt 0 ] && [ $high -lt 20 ]
answers '{"get":12}' '"period_ns":20000000,"duty_ns":5000000'
stop_headerd
pin 12 0
