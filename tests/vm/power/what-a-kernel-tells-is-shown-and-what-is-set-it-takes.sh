#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load fakeboard temp=61500
modprobe -q -a cpufreq_powersave cpufreq_performance cpufreq_userspace || true
is_set=/sys/module/fakeboard/parameters
policy=/sys/devices/system/cpu/cpufreq/policy0

gives 0 atoll-power
out_has '^CPU 0 +1500 MHz of 500 to 1500, governor .* \(fakeboard\)$'
out_has '^cpu-thermal +61\.5 C, passive at 85, hot at 100$'
out_has '^up +0:'
echo 90000 >$is_set/temp
gives 0 atoll-power watch --count=1
out_has '^busy unknown  CPU 1500 MHz  cpu-thermal 90\.0 C'

# Both limits down and up again: whichever goes first, the kernel takes it.
gives 0 atoll-power set limits 500MHz 500MHz
is "$(cat $policy/scaling_max_freq)" 500000
gives 0 atoll-power set limits 1.5GHz 1.5GHz
is "$(cat $policy/scaling_min_freq)" 1500000
gives 0 atoll-power set limits least most
is "$(cat $policy/scaling_min_freq) $(cat $policy/scaling_max_freq)" '500000 1500000'

gives 1 atoll-power set governor none-such
err_has "power: no governor is called 'none-such', only "
gives 1 atoll-power set limits - 2GHz
err_has 'policy0: 2000000 kHz is not within 500000 to 1500000$'
