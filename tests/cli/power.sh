#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# atoll-power on machines whose /sys, /proc and /etc are folders.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
tool=atoll-power up='watching '
# shellcheck source=tests/cli/daemon.sh
. "$(dirname "$0")/daemon.sh"
try="try '$tool --help'"
unset ATOLL_BOARD ATOLL_TPU_CLOCK ATOLL_TPU_SOCKET

# A machine is a folder: $machine.
# put FILE VALUE
put() {
	mkdir -p "$machine/$(dirname "$1")" &&
	printf '%s\n' "$2" >"$machine/$1"
}
is_set() {
	[ "$(cat "$machine/$1")" = "$2" ] && return
	echo "# $1 is $(cat "$machine/$1"), expected $2"
	return 1
}
cpu=sys/devices/system/cpu
policy=$cpu/cpufreq/policy0
zone=sys/class/thermal/thermal_zone0

empty() {
	machine=$work/empty
	rm -rf "$machine"
	mkdir "$machine"
}

# policy FOLDER CPUS LEAST MOST: in kHz
policy() {
	put "$1/affected_cpus" "$2" && put "$1/scaling_cur_freq" "$4" &&
	put "$1/scaling_min_freq" "$3" && put "$1/scaling_max_freq" "$4" &&
	put "$1/cpuinfo_min_freq" "$3" && put "$1/cpuinfo_max_freq" "$4" &&
	put "$1/scaling_governor" schedutil &&
	put "$1/scaling_available_governors" 'conservative powersave performance schedutil ' &&
	put "$1/scaling_driver" cpufreq-dt
}

# A Coral Dev Board Mini, with everything that may be there.
mini() {
	empty
	machine=$work/mini
	rm -rf "$machine"
	mkdir -p "$machine/proc/device-tree"
	printf 'Google Coral MT8167\0' >"$machine/proc/device-tree/model"
	policy $policy '0 1 2 3' 598000 1300000 && put $policy/scaling_cur_freq 1040000 &&
	put $cpu/present 0-3 && put $cpu/online 0-3 &&
	put $zone/type cpu-thermal && put $zone/temp 61500 &&
	put $zone/trip_point_0_type passive && put $zone/trip_point_0_temp 95000 &&
	put $zone/trip_point_1_type critical && put $zone/trip_point_1_temp 117000 &&
	put sys/class/thermal/cooling_device0/type thermal-cpufreq-0 &&
	put sys/class/thermal/cooling_device0/cur_state 0 &&
	put proc/stat 'cpu  10 0 20 60 10 0 0 0 0 0' && put proc/uptime '11560.25 1.00' &&
	put proc/cmdline 'console=ttyS0 bootreason=watchdog'
}

at() {
	status=$1
	shift
	gives "$status" $tool --root="$machine" "$@"
}

is_wrong() {
	sentence=$1
	shift
	gives 2 $tool "$@" && is_silent out && err_is "$tool: $sentence
$try"
}

a_wrong_command_line_is_named() {
	is_wrong "'look' is not one of show, set, profile, boot, watch, govern" look &&
	is_wrong "show: 'x' is too much" show x &&
	is_wrong "boot: 'quiet' is too much" boot quiet &&
	is_wrong 'set: what? governor, limits or tpu-clock' set &&
	is_wrong "set: 'speed' is not one of governor, limits, tpu-clock" set speed 3 &&
	is_wrong 'set governor: 1 value, not 0' set governor &&
	is_wrong 'set limits: 2 values, not 1' set limits 1GHz &&
	is_wrong "set limits: '1300' is not a speed like 598MHz or 1.3GHz" set limits - 1300 &&
	is_wrong "set limits: '1.3.0GHz' is not a speed like 598MHz or 1.3GHz" \
		set limits 1.3.0GHz - &&
	is_wrong "set limits: 'most' is not a speed like 598MHz or 1.3GHz, as the other one is" \
		set limits 598MHz most &&
	is_wrong 'set limits: 60% is above 40%' set limits 60% 40% &&
	is_wrong 'set limits: 1.3GHz is above 598MHz' set limits 1.3GHz 598MHz &&
	is_wrong "set tpu-clock: 'fast' is not one of low, medium, high, max, default" \
		set tpu-clock fast &&
	gives 2 $tool watch --count=0 && gives 2 $tool watch --interval=soon
}

all_that_is_known_of_a_mini_is_shown() {
	mini && at 0 && is_silent err && out_is 'board            Coral Dev Board Mini
CPU 0 to 3       1040 MHz of 598 to 1300, governor schedutil (cpufreq-dt)
cores            4 of 4 on
idle             70.0 % of the time
cpu-thermal      61.5 C, passive at 95, critical at 117
slowed down      no
TPU clock        max, since nobody says otherwise
  of atoll-tpud  max, since nobody says otherwise
TPU              temperature unknown; cpu-thermal is next to it
up               3:12:40
last reset       watchdog'
}

limits_and_throttling_are_shown() {
	mini && put $policy/scaling_max_freq 747500 &&
	put sys/class/thermal/cooling_device0/cur_state 2 &&
	put sys/class/thermal/cooling_device1/type pwm-fan &&
	put sys/class/thermal/cooling_device1/cur_state 3 &&
	put etc/atoll/tpud.conf 'clock = low' && put proc/uptime 266461.00 && at 0 show &&
	out_has '^                 limited to 598 to 747.5 MHz$' &&
	out_has '^slowed down      yes, by 1 of 1$' &&
	out_has '^  of atoll-tpud  low, by .*/etc/atoll/tpud.conf:1$' &&
	out_has '^up               3 days, 2:01 hours$'
}

# As on most machines that are no board: nothing at all is not an error.
what_is_not_there_is_unknown() {
	empty && at 0 && is_silent err && out_is 'board            a machine without description
CPU              speed unknown: this kernel does not change it
cores            unknown
idle             unknown
temperature      unknown
slowed down      unknown
TPU clock        max, since nobody says otherwise
  of atoll-tpud  max, since nobody says otherwise
TPU              temperature unknown
up               unknown
last reset       unknown' &&
	mini && rm -r "${machine:?}/sys/class/thermal" && at 0 && is_silent err &&
	out_has '^temperature      unknown$' && out_has '^CPU 0 to 3       1040 MHz' &&
	mini && rm -r "${machine:?}/$cpu/cpufreq" && at 0 && is_silent err &&
	out_has '^CPU              speed unknown' && out_has '^cpu-thermal      61.5 C'
}

processors_that_are_alike_are_one_line() {
	empty
	for i in 0 1 2 3 4 5 6 7 8 9 10 11; do
		policy $cpu/cpufreq/policy$i $i 400000 4000000 || return
	done
	policy $cpu/cpufreq/policy12 '12 13' 400000 2000000 &&
	put $cpu/cpufreq/policy3/scaling_cur_freq 800000 && at 0 &&
	out_has '^CPU 0 to 11      800 to 4000 MHz of 400 to 4000, governor schedutil' &&
	out_has '^CPU 12 to 13     2000 MHz of 400 to 2000, governor schedutil'
}

json_has_all_of_it_and_null_for_what_is_not_known() {
	needs jq || return 77
	mini && at 0 --json && lines_are out 1 && is_silent err &&
	jq -e '.board == "coral-dev-board-mini" and .cpu.policies[0].khz == 1040000 and
		.cpu.policies[0].governor == "schedutil" and .cpu.idle_share == 0.7 and
		.zones[0].trips[1] == {kind: "critical", temperature_mc: 117000} and
		.zones[0].is_tpu_proxy and .slowed_down == 0 and .slowed_down_max == 1 and
		.tpu.programs == {clock: "max", place: null} and .tpu.devices == [] and
		.uptime_s == 11560.25 and .reset_reason == "watchdog" and .strange == 0' \
		"$work/out" >"$work/none" || return
	empty && at 0 show --json &&
	jq -e '.cpu == {total: null, online: null, idle_share: null, policies: []} and
		.zones == [] and .slowed_down == null and .uptime_s == null and
		.reset_reason == null' "$work/out" >"$work/none"
}

# What is wrong counts as unknown, is counted, and neither waited for nor believed.
files_that_make_no_sense_do_no_harm() {
	mini && head -c 1048576 /dev/zero | tr '\0' 7 >"$machine/$policy/scaling_cur_freq" &&
	printf 'sched\033[31mutil' >"$machine/$policy/scaling_governor" &&
	rm "$machine/$zone/temp" "$machine/proc/stat" "$machine/proc/uptime" &&
	mkdir "$machine/$zone/temp" && mkfifo "$machine/proc/stat" &&
	ln -s nowhere "$machine/proc/uptime" &&
	rm "$machine/$zone/trip_point_0_temp" && printf 95000 >"$machine/$zone/trip_point_0_temp" &&
	at 0 && err_is "$tool: 4 files of the kernel made no sense and counted as unknown" &&
	out_has '^CPU 0 to 3       speed unknown of 598 to 1300, governor unknown' &&
	out_has '^cpu-thermal      unknown, passive at 95, critical at 117$' &&
	out_has '^idle             unknown$' && out_has '^up               unknown$' &&
	at 0 watch --count=1 && out_has '^busy unknown  CPU unknown  cpu-thermal unknown'
}

a_folder_in_the_place_of_each_file_is_survived() {
	mini
	(cd "$machine" && find sys proc -type f) >"$work/files"
	while read -r file; do
		mini && rm "$machine/$file" && mkdir "$machine/$file" &&
		at 0 && lines_are out 11 || { echo "# $file"; return 1; }
	done <"$work/files"
}

governor_and_limits_are_set() {
	mini && at 0 set governor powersave && is_silent out && is_silent err &&
	is_set $policy/scaling_governor powersave &&
	at 0 set limits 747.5MHz 1.196GHz && is_set $policy/scaling_min_freq 747500 &&
	is_set $policy/scaling_max_freq 1196000 &&
	at 0 set limits - 1040000kHz && is_set $policy/scaling_min_freq 747500 &&
	is_set $policy/scaling_max_freq 1040000 &&
	at 0 set limits least most && is_set $policy/scaling_min_freq 598000 &&
	is_set $policy/scaling_max_freq 1300000 &&
	at 0 set limits 0% 50% && is_set $policy/scaling_max_freq 949000
}

what_cannot_be_set_is_named() {
	mini && at 1 set limits - 2GHz &&
	err_is "$tool: power: policy0: 2000000 kHz is not within 598000 to 1300000" &&
	rm "$machine/$policy/scaling_governor" && at 1 set governor powersave && lines_are err 1 &&
	err_has "^$tool: power: .*/policy0/scaling_governor: No such file or directory$" &&
	empty && at 1 set governor powersave &&
	err_is "$tool: power: this kernel does not change the speed of the CPU" &&
	at 1 set limits 40% 50% && at 1 set limits 598MHz -
}

# As somebody who is in no group: as COMMAND...
as_anybody() {
	RUN="setpriv --reuid=65534 --regid=65534 --clear-groups $RUN"
	"$@" && result=0 || result=1
	RUN=${RUN#setpriv --reuid=65534 --regid=65534 --clear-groups }
	return $result
}
is_root() { [ "$(id -u)" -eq 0 ] || { why='only root may give files away'; return 1; }; }

who_may_not_is_told() {
	is_root && needs setpriv || return 77
	mini && chgrp plugdev "$machine/$policy/scaling_governor" &&
	chmod 664 "$machine/$policy/scaling_governor" && chmod 755 "$work" &&
	as_anybody at 1 set governor powersave &&
	err_has 'scaling_governor: Permission denied; it is for root and the group plugdev$' &&
	as_anybody at 1 set tpu-clock low && err_has '90-power.conf: '
}

# As some files of real kernels are, for all but root.
what_may_not_be_read_is_unknown() {
	is_root && needs setpriv || return 77
	mini && chmod 755 "$work" && chmod 0 "$machine/$zone/temp" "$machine/proc/uptime" \
		"$machine/$policy/scaling_governor" "$machine/sys/class/thermal/cooling_device0" &&
	as_anybody at 0 && is_silent err && out_has '^cpu-thermal      unknown, passive at 95' &&
	out_has ', governor unknown ' && out_has '^up               unknown$' &&
	out_has '^slowed down      unknown$' && out_has '^idle             70.0 %'
}

clock=90-power.conf

the_tpu_clock_is_a_drop_in_of_its_own() {
	mini && at 0 set tpu-clock low && is_silent out && is_silent err &&
	grep -qx 'clock = low' "$machine/etc/atoll/tpu.conf.d/$clock" &&
	grep -qx 'clock = low' "$machine/etc/atoll/tpud.conf.d/$clock" &&
	at 0 && out_has "^TPU clock        low, by .*/tpu.conf.d/$clock:2$" &&
	at 0 set tpu-clock default && [ ! -e "$machine/etc/atoll/tpu.conf.d/$clock" ] &&
	at 0 && out_has '^  of atoll-tpud  max, since nobody says otherwise$' &&
	at 0 set tpu-clock default && is_silent err
}

# A file that is written becomes another one.
what_is_said_already_is_not_written_again() {
	mini && at 0 set tpu-clock low && ls -i "$machine"/etc/atoll/*.d >"$work/before" &&
	at 0 set tpu-clock low && ls -i "$machine"/etc/atoll/*.d >"$work/after" &&
	cmp "$work/before" "$work/after" && at 0 set tpu-clock medium &&
	ls -i "$machine"/etc/atoll/*.d >"$work/after" && ! cmp -s "$work/before" "$work/after"
}

# read_only STATUS ARGUMENT...: as at, on a disk that nobody can write to.
read_only() {
	expected=$1
	shift
	unshare -rm sh -c 'disk=$1
		shift
		mount --bind "$disk" "$disk" && mount -o remount,bind,ro "$disk" && exec "$@"' \
		sh "$machine/etc" $RUN "$BUILD/$tool" --root="$machine" "$@" >"$work/out" 2>"$work/err"
	status=$?
	[ $status -eq "$expected" ] && return
	echo "# $*: exit status $status, expected $expected"
	sed 's/^/#   /' "$work/err"
	return 1
}

a_read_only_disk_will_do_unless_something_has_to_change() {
	unshare -rm true 2>"$work/none" || { why='no user namespaces'; return 77; }
	mini && mkdir -p "$machine/etc/atoll" && read_only 0 set tpu-clock default &&
	at 0 set tpu-clock low && read_only 0 set tpu-clock low &&
	read_only 1 set tpu-clock default && err_has "/$clock: Read-only file system$" &&
	read_only 1 set tpu-clock high && err_has "/$clock: Read-only file system$"
}

who_has_the_last_word_on_the_clock_is_named() {
	mini && put etc/atoll/tpu.conf.d/99-mine.conf 'clock = high' &&
	at 0 set tpu-clock low && lines_are err 1 &&
	err_has "^$tool: the TPU clock is high all the same, by .*/99-mine.conf:1$" &&
	put etc/atoll/tpud.conf 'clock = fast' && at 0 set tpu-clock medium &&
	at 1 set tpu-clock default &&
	err_has 'tpud.conf:1: clock: not low, medium, high or max$' &&
	at 0 && out_has '^  of atoll-tpud  unknown: .*tpud.conf:1: clock: not low'
}

a_daemon_that_runs_is_told_of_the_clock() {
	mini && put etc/atoll/tpud.conf '' && mkdir -p "$machine/run/atoll" || return
	tool=atoll-tpud up='listening at'
	launch --emulators=1 --config="$machine/etc/atoll/tpud.conf" \
		--socket="$machine/run/atoll/tpu.sock"
	result=$?
	tool=atoll-power up='watching '
	[ $result -eq 0 ] && at 0 set tpu-clock low && is_silent err &&
	until_true said 'configuration read again$' && until_true is_seen_low && stop
}
is_seen_low() {
	at 0 && grep -q '^  of atoll-tpud  low, by ' "$work/out" &&
	grep -q '^emu:.*, clock ' "$work/out"
}

profiles_are_listed() {
	mini && at 0 profile && is_silent err &&
	out_is 'quiet        CPU 0 to 50 %, TPU clock medium
             governor conservative schedutil ondemand conservative powersave
balanced     CPU 0 to 100 %, TPU clock high
             governor schedutil ondemand conservative powersave
max          CPU 0 to 100 %, TPU clock max
             governor performance' &&
	printf 'profile = night\n[profile.night]\ntpu_clock = low\n' >"$work/power.conf" &&
	at 0 profile -c "$work/power.conf" &&
	out_has '^night        CPU as it is, TPU clock low; at boot$' &&
	out_has '^             governor as it is$'
}

profiles_set_all_three() {
	mini && at 0 profile quiet && is_silent out && is_silent err &&
	is_set $policy/scaling_governor conservative && is_set $policy/scaling_max_freq 949000 &&
	grep -qx 'clock = medium' "$machine/etc/atoll/tpud.conf.d/$clock" &&
	at 0 profile max && is_set $policy/scaling_governor performance &&
	is_set $policy/scaling_max_freq 1300000 &&
	grep -qx 'clock = max' "$machine/etc/atoll/tpu.conf.d/$clock" &&
	at 0 profile balanced && is_set $policy/scaling_governor schedutil &&
	put $policy/scaling_available_governors 'powersave performance' && at 0 profile balanced &&
	is_set $policy/scaling_governor powersave &&
	put $policy/scaling_available_governors userspace && at 0 profile max &&
	err_is "$tool: no governor of 'performance' is there; it stays as it is" &&
	is_set $policy/scaling_governor powersave
}

a_profile_does_what_the_machine_can() {
	empty && at 0 profile quiet && lines_are err 1 &&
	err_has 'this kernel does not change the speed of the CPU; left out$' &&
	grep -qx 'clock = medium' "$machine/etc/atoll/tpu.conf.d/$clock" &&
	at 1 profile loud && lines_are err 1 && err_has "^$tool: profile: there is no 'loud'"
}

the_configuration_adds_and_changes_profiles() {
	mini && put etc/atoll/power.conf 'profile = night
[profile.night]
governor = ondemand powersave
cpu_least = 0
cpu_most = 0
[profile.quiet]
tpu_clock = low' && at 0 boot && is_silent err && is_set $policy/scaling_governor powersave &&
	is_set $policy/scaling_max_freq 598000 &&
	[ ! -e "$machine/etc/atoll/tpu.conf.d/$clock" ] &&
	at 0 profile quiet && is_set $policy/scaling_governor conservative &&
	grep -qx 'clock = low' "$machine/etc/atoll/tpu.conf.d/$clock"
}

without_a_word_nothing_is_done_at_boot() {
	mini && at 0 boot && is_silent out && err_is "$tool: no profile is configured" &&
	is_set $policy/scaling_governor schedutil
}

# says TEXT WHY: a configuration and what is wrong with it.
says() {
	printf '%b' "$1" >"$work/wrong.conf"
	gives 78 $tool --check -c "$work/wrong.conf" && is_silent out &&
	err_is "$tool: $2" || { echo "# $1"; return 1; }
}

what_is_wrong_in_the_configuration_is_named() {
	file=$work/wrong.conf
	says 'profile = loud\n' "$file:1: profile: there is no such profile" &&
	says '[profile.a]\ntpu_clock = fast\n' \
		"$file:2: profile.a.tpu_clock: not low, medium, high or max" &&
	says '[profile.a]\ncpu_most = 50\n' \
		'profile a: cpu_least and cpu_most go together' &&
	says '[profile.a]\ncpu_most = 40\ncpu_least = 50\n' \
		'profile a: cpu_least is above cpu_most' &&
	says '[govern]\nhot = 70\n' \
		'the built-in value: govern.cool: not below govern.hot' &&
	says '[govern]\nhot = 70\ncool = 70\n' "$file:3: govern.cool: not below govern.hot" &&
	says '[govern]\nlowest = none\n' "$file:2: govern.lowest: not low, medium, high or max" &&
	printf '[profile.a]\ncpu_most = 101\n' >"$file" &&
	gives 78 $tool boot -c "$file" && err_has "$file:2: profile.a.cpu_most" &&
	printf '[govern]\nhold = 2h\n' >"$file" &&
	gives 78 $tool govern -c "$file" && err_has "$file:2: govern.hold" &&
	printf 'color = blue\n' >"$file" && gives 0 $tool --check -c "$file" &&
	err_is "$tool: $file:1: color: unknown, passed over" &&
	gives 78 $tool profile -c "$work/nowhere.conf" && err_has 'nowhere.conf: No such file'
}

a_pipe_gets_a_line_each_time() {
	mini && at 0 watch --count=3 --interval=10ms && is_silent err && lines_are out 3 &&
	[ "$(grep -cx 'busy unknown  CPU 1040 MHz  cpu-thermal 61.5 C  slowed down by 0 of 1' \
		"$work/out")" -eq 3 ] &&
	empty && at 0 watch -n 1 && out_is 'busy unknown  CPU unknown'
}

# One share of the time since the line before, from what the kernel counted.
busy_is_of_the_time_in_between() {
	mini
	# shellcheck disable=SC2086 # RUN may be several words
	$RUN "$BUILD/$tool" --root="$machine" watch --interval=1s >"$work/log" 2>&1 &
	pid=$!
	until_true said 'busy unknown' && put proc/stat 'cpu  35 0 20 65 30 0 0 0 0 0' &&
	until_true said '^busy 50.0 %' && stop
}

objects_are_written_when_asked_for() {
	needs jq || return 77
	mini && at 0 watch --json --count=2 --interval=10ms && lines_are out 2 &&
	jq -e '.busy_share == null and .mhz == 1040 and .zones[0].temperature_mc == 61500 and
		.slowed_down == 0 and (.time | length) > 0' "$work/out" >"$work/none"
}

drop=etc/atoll/tpu.conf.d/95-power-govern.conf
dropd=etc/atoll/tpud.conf.d/95-power-govern.conf
lowered_to() {
	grep -qsx "clock = $1" "$machine/$drop" && grep -qsx "clock = $1" "$machine/$dropd"
}
is_lifted() { [ ! -e "$machine/$drop" ] && [ ! -e "$machine/$dropd" ]; }

# start_govern SETTING...: with these, and as little patience as may be.
start_govern() {
	put etc/atoll/power.conf "[govern]
hold = 1s" &&
	for setting in "$@"; do echo "$setting" >>"$machine/etc/atoll/power.conf"; done &&
	launch --root="$machine" govern
}

heat_lowers_the_clock_and_cold_brings_it_back() {
	mini && start_govern 'lowest = medium' &&
	said 'watching cpu-thermal: hot at 85 C, cool at 75$' && is_lifted && put $zone/temp 85000 && until_true lowered_to high &&
	said 'cpu-thermal: 85.0 C is too hot: TPU clock 1 down$' &&
	until_true lowered_to medium && put $zone/temp 80000 && sleep 1.5 && lowered_to medium &&
	put $zone/temp 75000 && until_true lowered_to high && until_true is_lifted && stop &&
	is_lifted
}

what_was_configured_is_what_comes_back() {
	mini && put etc/atoll/tpud.conf 'clock = low' && at 0 set tpu-clock high &&
	rm "$machine/etc/atoll/tpud.conf.d/$clock" && start_govern && put $zone/temp 99000 &&
	until_true grep -qsx 'clock = medium' "$machine/$drop" && [ ! -e "$machine/$dropd" ] &&
	at 0 && out_has '^TPU clock        medium, by .*95-power-govern.conf:2$' &&
	stop && is_lifted && at 0 && out_has '^TPU clock        high, by .*90-power.conf:2$'
}

what_a_killed_one_left_behind_goes() {
	mini && start_govern && put $zone/temp 99000 && until_true lowered_to high || return
	{ end KILL; } 2>"$work/none"
	lowered_to high && put $zone/temp 50000 && start_govern && is_lifted && stop
}

a_temperature_that_goes_leaves_all_as_it_is() {
	mini && start_govern && put $zone/temp 99000 && until_true lowered_to high &&
	put $zone/temp what && until_true said 'the temperature is not known; the clock stays' &&
	put $zone/temp 50000 && until_true said 'the temperature is known again$' &&
	until_true is_lifted && stop
}

# The folder for drop-ins is a link to nowhere, for a while; that is said once.
what_cannot_be_lowered_is_told_and_tried_again() {
	mini && mkdir -p "$machine/etc/atoll" && ln -s nowhere "$machine/etc/atoll/tpud.conf.d" &&
	start_govern && put $zone/temp 99000 && missing='power-govern.conf: No such file' &&
	until_true said "$missing" && sleep 1.5 && is_lifted && mkdir "$machine/etc/atoll/nowhere" &&
	until_true lowered_to high && [ "$(grep -c "$missing" "$work/log")" -eq 1 ] && stop &&
	is_lifted
}

without_a_temperature_there_is_nothing_to_govern() {
	empty && at 1 govern &&
	err_is "$tool: thermal zones: this machine has no such temperature" &&
	mini && put etc/atoll/power.conf '[govern]
zone = tpu-thermal' && at 1 govern &&
	err_is "$tool: tpu-thermal: this machine has no such temperature"
}

a_new_configuration_is_taken_unless_it_is_wrong() {
	mini && start_govern && put $zone/temp 70000 &&
	echo 'cool = 86' >>"$machine/etc/atoll/power.conf" &&
	kill -HUP "$pid" && until_true said 'govern.cool: not below govern.hot; keeping the old' &&
	put etc/atoll/power.conf '[govern]
hot = 65
cool = 60
hold = 1s' && reload && until_true lowered_to high && stop
}

systemd_is_told() {
	needs socat || return 77
	mini && put $zone/temp 50000 &&
	tells_systemd 'STATUS=cpu-thermal 50.0 C, TPU clock as configured' --root="$machine" govern
}

# shellcheck disable=SC2086 # a list of names
run_tests $every_program a_wrong_command_line_is_named all_that_is_known_of_a_mini_is_shown \
	limits_and_throttling_are_shown what_is_not_there_is_unknown \
	processors_that_are_alike_are_one_line json_has_all_of_it_and_null_for_what_is_not_known \
	files_that_make_no_sense_do_no_harm a_folder_in_the_place_of_each_file_is_survived \
	governor_and_limits_are_set what_cannot_be_set_is_named who_may_not_is_told \
	what_may_not_be_read_is_unknown \
	the_tpu_clock_is_a_drop_in_of_its_own what_is_said_already_is_not_written_again \
	a_read_only_disk_will_do_unless_something_has_to_change \
	who_has_the_last_word_on_the_clock_is_named \
	a_daemon_that_runs_is_told_of_the_clock profiles_are_listed profiles_set_all_three \
	a_profile_does_what_the_machine_can the_configuration_adds_and_changes_profiles \
	without_a_word_nothing_is_done_at_boot what_is_wrong_in_the_configuration_is_named \
	a_pipe_gets_a_line_each_time busy_is_of_the_time_in_between \
	objects_are_written_when_asked_for heat_lowers_the_clock_and_cold_brings_it_back \
	what_was_configured_is_what_comes_back what_a_killed_one_left_behind_goes \
	a_temperature_that_goes_leaves_all_as_it_is \
	what_cannot_be_lowered_is_told_and_tried_again \
	without_a_temperature_there_is_nothing_to_govern \
	a_new_configuration_is_taken_unless_it_is_wrong systemd_is_told
