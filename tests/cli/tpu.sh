#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# atoll-tpu as a user sees it, as far as that goes without a device or with an
# emulated one.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
tool=atoll-tpu
try="try 'atoll-tpu --help'"
unset ATOLL_FIRMWARE ATOLL_TPU_CLOCK ATOLL_TPU_SOCKET

is_wrong() {
	sentence=$1
	shift
	gives 2 $tool "$@" && is_silent out && err_is "$tool: $sentence
$try"
}

a_command_is_asked_for() {
	gives 2 $tool && is_silent out && lines_are err 2 &&
	err_has "^$tool: no command: one of list, info, firmware, reset, bench, doctor$" &&
	gives 2 $tool look && is_silent out && lines_are err 2 &&
	err_has "^$tool: 'look' is not one of list, info, firmware, reset, bench, doctor$"
}

arguments_are_those_of_the_command() {
	is_wrong "list: 'x' is too much" list x &&
	is_wrong "info: 'usb' is too much" info usb usb &&
	is_wrong "reset: 'x' is too much" reset emu x &&
	is_wrong "firmware: 'load' is not one of show, find, import" firmware load &&
	is_wrong "firmware: 'x' is too much" firmware show x &&
	is_wrong "firmware: 'y' is too much" firmware import x y &&
	is_wrong 'firmware import: which file?' firmware import &&
	is_wrong 'bench: which model?' bench &&
	is_wrong "bench: 'y' is too much" bench x y &&
	is_wrong "doctor: 'y' is too much" doctor x y
}

a_wrong_value_is_named() {
	for device in tpu usb1 usb: usb:x usb:1-1. usb:1-1:1.0 usb:1234 :1-1 emu:1 ''; do
		sentence="'$device' is not a device such as usb, usb:1, usb:1-1.4 or emu"
		is_wrong "$sentence" list --device="$device" &&
		is_wrong "$sentence" info "$device" || return
	done
	is_wrong "--clock: 'fast' is not one of low, medium, high, max" info --clock=fast emu &&
	is_wrong "--runs: 0 is not within 1 to 1000000" bench --runs=0 x
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

# A model that is not compiled, and one that is, if there is one.
plain=$cards/cards.tflite
compiled=$data/models/mobilenet_v1_0.25_128_quant_edgetpu.tflite

# json FILTER: what is on $work/out, one line of it, makes this true.
json() {
	command -v jq >/dev/null || { why='jq is not installed'; return 77; }
	lines_are out 1 || return
	jq -e "$1" "$work/out" >"$work/json" && return
	echo "# not so: $1"
	sed 's/^/#   /' "$work/out"
	return 1
}

the_time_of_a_model_is_taken_apart() {
	skip_unless "$compiled" || return 77
	gives 0 $tool bench -d emu --runs=5 --clock=low "$compiled" && is_silent err &&
	out_has "^$compiled: [0-9.]+ ms \(first [0-9.]+\), median of 5 at clock low, 5 Gbit/s$" &&
	out_has '^  send +[0-9.]+ ms +219200 bytes$' && out_has '^  compute +[0-9.]+ ms$' &&
	out_has '^  receive +[0-9.]+ ms +1008 bytes$' &&
	out_has '^  the link alone takes 0\.456 ms at least$' &&
	out_has '^  emulated: ' || return
	gives 0 $tool bench -d emu --runs=5 --json "$compiled" && is_silent err &&
	json '.runs == 5 and .bytes_out == 219200 and .bytes_in == 1008 and .is_emulated and
		.floor_ms > 0.4 and .first_ms > 0 and .total_ms > 0 and .send_ms >= 0 and
		.compute_ms >= 0 and .receive_ms >= 0 and .clock == "max"'
}

no_real_device_is_touched_for_a_model_with_a_graph() {
	writer=tests/test_runtime_carried
	skip_unless "$BUILD/$writer" && program $writer --models "$work" || return 77
	gives 0 $tool bench -d emu --runs=2 "$work/carried.tflite" && is_silent err &&
	gives 1 $tool bench -d usb:255-255 "$work/carried.tflite" && is_silent out &&
	err_is "$tool: device usb:255-255: the model was compiled for emulated devices, with a graph in place of instructions" &&
	gives 0 $tool doctor -d emu "$work/carried.tflite" && is_silent err
}

# Before a device is touched.
only_compiled_models_are_measured() {
	gives 1 $tool bench -d usb:255-255 "$work/none" && is_silent out &&
	err_is "$tool: $work/none: No such file or directory" || return
	gives 1 $tool bench -d usb:255-255 $tool && is_silent out || return
	skip_unless "$plain" || return 77
	gives 1 $tool bench -d usb:255-255 "$plain" && is_silent out &&
	err_is "$tool: $plain: not compiled for the Edge TPU"
}

# What there is of USB here does not matter.
an_emulated_device_is_well() {
	gives 0 $tool doctor -d emu && is_silent err && lines_are out 5 &&
	out_has '^ok    emu: an Edge TPU that runs firmware \(18d1:9302\)$' &&
	out_has '^ok    emu: link: 5 Gbit/s$' &&
	out_has '^ok    emu: comes up, at clock max and 5 Gbit/s$' &&
	out_has '^ok    emu: [0-9]+\.[0-9] degrees$' &&
	out_has '^note  emu: no inference was tried: name a compiled model to have one$'
}

an_emulated_device_infers() {
	skip_unless "$compiled" || return 77
	gives 0 $tool doctor -d emu "$compiled" && is_silent err && lines_are out 6 &&
	out_has "^ok    model: $compiled is compiled for the Edge TPU$" &&
	out_has '^ok    emu: an inference took [0-9]+\.[0-9]+ ms, with the parameters$'
}

findings_are_json_if_asked_for() {
	gives 0 $tool doctor -d emu --json && is_silent err &&
	json 'length == 5 and all(.about == "emu" and (has("status") | not)) and
		[.[].verdict] == ["ok", "ok", "ok", "ok", "note"]' || return
	gives 19 $tool doctor -d emu --json "$work/\"none" && is_silent err &&
	json '.[0] | .verdict == "bad" and .about == "model" and .status == 19 and
		(.text | endswith("\"none: No such file or directory: name another file"))'
}

# What can be looked at without the model is.
a_model_that_cannot_be_used_is_told_with_the_rest() {
	gives 19 $tool doctor -d emu "$work/none" && is_silent err && lines_are out 5 &&
	out_has "^bad   model: $work/none: No such file or directory: name another file$" &&
	out_has '^ok    emu: comes up, ' || return
	skip_unless "$plain" || return 77
	gives 19 $tool doctor -d emu "$plain" &&
	out_has "^bad   model: $plain: not compiled for the Edge TPU: name one that is "
}

# Port 255 of bus 255 is nowhere: no USB at all, no Edge TPU, or not that one.
what_is_missing_has_a_status_of_its_own() {
	program $tool doctor -d usb:255-255 >"$work/out" 2>"$work/err" && status=0 || status=$?
	is_silent err && out_has '^ok    libusb: works$' && out_has '^(ok  |note)  udev rule: ' &&
	case $status in
	11) out_has '^bad   usb: the kernel knows of no USB port: ' ;;
	12) out_has '^bad   usb: .*no Edge TPU' ;;
	*)  echo "# exit status $status"; false ;;
	esac
}

a_clock_that_is_none_is_a_wrong_configuration() {
	export ATOLL_TPU_CLOCK=fast
	gives 22 $tool doctor -d emu && is_silent err &&
	out_has '^bad   configuration: ATOLL_TPU_CLOCK: clock fast: .*: correct it; ' &&
	out_has '^ok    emu: comes up, '
	status=$?
	unset ATOLL_TPU_CLOCK
	return $status
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
	firmware_is_found_or_there_is_a_way_to_get_it \
	the_time_of_a_model_is_taken_apart \
	no_real_device_is_touched_for_a_model_with_a_graph \
	only_compiled_models_are_measured \
	an_emulated_device_is_well \
	an_emulated_device_infers \
	findings_are_json_if_asked_for \
	a_model_that_cannot_be_used_is_told_with_the_rest \
	what_is_missing_has_a_status_of_its_own \
	a_clock_that_is_none_is_a_wrong_configuration
