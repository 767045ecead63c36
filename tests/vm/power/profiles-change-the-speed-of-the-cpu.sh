#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load fakeboard
modprobe -q -a cpufreq_powersave cpufreq_performance || true
is_set=/sys/module/fakeboard/parameters
policy=/sys/devices/system/cpu/cpufreq/policy0
has() { grep -qw "$1" $policy/scaling_available_governors; }
at_the_end "rm -rf /etc/atoll"

has powersave && has performance || skip 'this kernel has neither powersave nor performance'
echo powersave >$policy/scaling_governor
is "$(cat $is_set/cur)" 500000
gives 0 atoll-power profile max
is "$(cat $policy/scaling_governor) $(cat $is_set/cur)" 'performance 1500000'
grep -qx 'clock = max' /etc/atoll/tpud.conf.d/90-power.conf

gives 0 atoll-power profile quiet
is "$(cat $policy/scaling_max_freq)" 1000000
[ "$(cat $is_set/cur)" -le 1000000 ]
