#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load fakeboard
is_set=/sys/module/fakeboard/parameters

policy=/sys/devices/system/cpu/cpufreq/policy0
is "$(cat $policy/scaling_driver)" fakeboard
modprobe -q -a cpufreq_userspace || true
echo userspace >$policy/scaling_governor
echo 1000000 >$policy/scaling_setspeed
is "$(cat $is_set/cur)" 1000000

zone=$(dirname "$(grep -lx cpu-thermal /sys/class/thermal/thermal_zone*/type)")
echo 61500 >$is_set/temp
is "$(cat "$zone/temp")" 61500
fan=$(dirname "$(grep -lx fake-fan /sys/class/thermal/cooling_device*/type)")
echo 2 >"$fan/cur_state"
is "$(cat $is_set/fan)" 2

echo 200 >/sys/class/leds/fake:green:status/brightness
echo 1 >/sys/class/leds/fake:orange:power/brightness
is "$(cat $is_set/led)" 200,1

chip=$(echo /sys/devices/platform/fakeboard/pwm/pwmchip*)
echo 3 >"$chip/export"
echo 1000000 >"$chip/pwm3/period"
echo 250000 >"$chip/pwm3/duty_cycle"
echo 1 >"$chip/pwm3/enable"
grep -q 'period: 1000000 ns duty: 250000 ns' /sys/kernel/debug/pwm
echo 3 >"$chip/unexport"
