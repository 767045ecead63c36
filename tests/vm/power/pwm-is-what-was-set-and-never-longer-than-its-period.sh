#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load fakeboard
chip=$(echo /sys/devices/platform/fakeboard/pwm/pwmchip*)

# step WORDS ANSWER
mkfifo "$work/steps"
"$BUILD/tests/vm/pwm" pwm fakeboard 3 <"$work/steps" >"$work/out" 2>"$work/err" &
exec 9>"$work/steps"
steps=1
step() {
	echo "$1" >&9
	steps=$((steps + 1))
	wait_until 10 lines_are_at_least $steps
	is "$(tail -n 1 "$work/out")" ok
}
kernel_has() {
	grep -A 9 fakeboard /sys/kernel/debug/pwm | grep -q "pwm-3 .*$1" ||
		fail "$(cat /sys/kernel/debug/pwm)"
}

wait_until 10 lines_are_at_least 1
[ -d "$chip/pwm3" ]
step 'set 1000000 900000'
kernel_has 'enabled period: 1000000 ns duty: 900000 ns polarity: normal'
step 'set 500000 400000'
kernel_has 'period: 500000 ns duty: 400000 ns'
step 'set 2000000 2000000'
step 'set 3000 0'
step 'servo 90'
kernel_has 'period: 20000000 ns duty: 1500000 ns'
step 'invert 1'
kernel_has 'enabled period: 20000000 ns duty: 1500000 ns polarity: inverse'
step 'off'
step 'set 1000 500'
kernel_has 'enabled period: 1000 ns duty: 500 ns polarity: inverse'
exec 9>&-
wait_until 10 test ! -d "$chip/pwm3"

# What somebody else exported stays theirs.
echo 2 >"$chip/export"
echo 'set 1000 10' | "$BUILD/tests/vm/pwm" pwm fakeboard 2 >"$work/out"
is "$(cat "$chip/pwm2/enable") $(cat "$chip/pwm2/duty_cycle")" '0 0'
echo 2 >"$chip/unexport"
fails "$BUILD/tests/vm/pwm" pwm fakeboard 4 2>"$work/err" </dev/null
err_has 'fakeboard has 4 channels, none is 4$'
