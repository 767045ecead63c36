#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# atoll-tpu as a user sees it, as far as that goes without a device or with an
# emulated one.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
tool=atoll-tpu
try="try 'atoll-tpu --help'"
unset ATOLL_FIRMWARE

is_wrong() {
	sentence=$1
	shift
	gives 2 $tool "$@" && is_silent out && err_is "$tool: $sentence
$try"
}

a_command_is_asked_for() {
	gives 2 $tool && is_silent out && lines_are err 2 &&
	err_has "^$tool: no command: one of list, info, firmware, .*reset" &&
	gives 2 $tool look && is_silent out && lines_are err 2 &&
	err_has "^$tool: 'look' is not one of list, info, firmware, .*reset"
}

arguments_are_those_of_the_command() {
	is_wrong "list: 'x' is too much" list x &&
	is_wrong "info: 'usb' is too much" info usb usb &&
	is_wrong "reset: 'x' is too much" reset emu x &&
	is_wrong "firmware: 'load' is not one of show, find, import" firmware load &&
	is_wrong "firmware: 'x' is too much" firmware show x &&
	is_wrong "firmware: 'y' is too much" firmware import x y &&
	is_wrong 'firmware import: which file?' firmware import
}

a_wrong_value_is_named() {
	for device in tpu usb1 usb: usb:x usb:1-1. usb:1-1:1.0 usb:1234 :1-1 emu:1 ''; do
		sentence="'$device' is not a device such as usb, usb:1, usb:1-1.4 or emu"
		is_wrong "$sentence" list --device="$device" &&
		is_wrong "$sentence" info "$device" || return
	done
	is_wrong "--clock: 'fast' is not one of low, medium, high, max" info --clock=fast emu
}

what_there_is_is_listed() {
	gives 0 $tool list --json && lines_are out 1 && out_has '^\[.*\]$' && is_silent err &&
	gives 0 $tool list || return
	if [ -s "$work/out" ]; then
		out_has '^usb:[0-9]+-[0-9.]+ +(1a6e:089a|18d1:9302) +(ready|needs firmware) '
	else
		err_is "$tool: there is no Edge TPU on USB"
	fi
}

# Port 255 of bus 255 is nowhere.
a_device_that_is_not_there_is_missed() {
	for command in info reset; do
		gives 1 $tool $command usb:255-255 && is_silent out && lines_are err 1 &&
		err_has "^$tool: usb:255-255: there is no Edge TPU" &&
		gives 1 $tool $command -d :999 && is_silent out && lines_are err 1 &&
		err_has "^$tool: :999: there " || return
	done
}

an_emulated_device_is_listed() {
	gives 0 $tool list -d emu && is_silent err &&
	out_is 'emu           18d1:9302  ready           5 Gbit/s' &&
	gives 0 $tool list -d emu --json && is_silent err &&
	out_has '^\[\{"name":"emu","ids":"18d1:9302","state":"ready","speed":"5 Gbit/s",'
}

an_emulated_device_tells_how_it_is() {
	gives 0 $tool info emu && is_silent err && out_has '^emu$' &&
	out_has '^  chip +089a$' && out_has '^  clock +500 MHz \(max\)$' &&
	out_has '^  temperature +[0-9]+\.[0-9] C$' &&
	gives 0 $tool info --json --clock=low -d emu && is_silent err && lines_are out 1 &&
	out_has '"clock":"low","clock_mhz":62.5,"temperature_mc":[0-9]+,'
}

an_emulated_device_is_reset() {
	gives 0 $tool reset emu && is_silent out && err_is "$tool: emu: was reset, and answers"
}

# Neither is anything written, nor a folder made.
what_is_no_firmware_is_not_imported() {
	echo 'not firmware' >"$work/notes" &&
	gives 1 $tool firmware import --to="$work/to" "$work/notes" && is_silent out &&
	lines_are err 1 && err_has '/notes: there is no Edge TPU firmware inside' &&
	gives 1 $tool firmware import --to="$work/to" "$work" && is_silent out &&
	err_has ': Is a directory$' &&
	gives 1 $tool firmware import --to="$work/to" "$work/none" && is_silent out &&
	err_has '/none: No such file or directory$' && [ ! -e "$work/to" ]
}

the_firmware_that_is_named_is_used_or_none() {
	echo 'not firmware' >"$work/notes" &&
	export ATOLL_FIRMWARE="$work/notes" &&
	gives 1 $tool firmware && is_silent out && lines_are err 1 &&
	err_has '/notes: there is no Edge TPU firmware inside' &&
	ATOLL_FIRMWARE="$work/none" &&
	gives 1 $tool firmware show --json && is_silent out && err_has '/none: No such file'
	status=$?
	unset ATOLL_FIRMWARE
	return $status
}

firmware_is_found_or_there_is_a_way_to_get_it() {
	program $tool firmware find --json >"$work/out" 2>"$work/err"
	lines_are out 1 && out_has '^\[.*\]$' || return
	if program $tool firmware >"$work/out" 2>"$work/err"; then
		lines_are out 1 && is_silent err
	elif program $tool firmware find 2>&1 | grep -q 'there is none where'; then
		err_has 'run "atoll-tpu firmware import FILE" with libedgetpu.so.1'
	fi
}

run_tests $every_program \
	a_command_is_asked_for \
	arguments_are_those_of_the_command \
	a_wrong_value_is_named \
	what_there_is_is_listed \
	a_device_that_is_not_there_is_missed \
	an_emulated_device_is_listed \
	an_emulated_device_tells_how_it_is \
	an_emulated_device_is_reset \
	what_is_no_firmware_is_not_imported \
	the_firmware_that_is_named_is_used_or_none \
	firmware_is_found_or_there_is_a_way_to_get_it
