#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

# A board whose PWM the test driver has; pin 16 has none.
load fakeboard
load_gpio_sim 81 atoll-header
sed 's/^device = virtual\.pwm$/device = fakeboard/' board/boards/virtual.conf \
	>"$work/virtual.conf"
export ATOLL_BOARD="$work/virtual.conf"
pulses() { grep -qE "period: $1 ns duty: $2 ns" /sys/kernel/debug/pwm; }
runs() { grep -qE "requested enabled.*period: $1 ns duty: $2 ns" /sys/kernel/debug/pwm; }

start atoll-header pwm 32 --frequency=1000 --duty=25
wait_until 5 runs 1000000 250000
is_silent err
stop
fails runs 1000000 250000

start atoll-header servo 33 90
wait_until 5 runs 20000000 1500000
stop
start atoll-header servo pwm.b 45 --first=500 --last=2500 --range=270
wait_until 5 runs 20000000 833333
stop
gives 0 atoll-header servo 33 0 --for=100ms

value() { [ "$(cat "$lines/sim_gpio56/value")" = "$1" ]; }
start atoll-header pwm 16 -f 2 -d 50
for level in 1 0 1; do
	wait_until 5 value $level
done
err_has '^atoll-header: pin 16: has no PWM; switched by software, '
stop
value 0
gives 1 atoll-header pwm 16 -f 10000 -d 50
err_has '^atoll-header: pwm: '
