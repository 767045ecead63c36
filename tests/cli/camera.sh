#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# atoll-camera as a user sees it, as far as that goes without a camera; with the
# kernel's pretended ones see tests/vm.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
tool=atoll-camera
try="try 'atoll-camera --help'"

# A part of a name no camera has.
nowhere='no camera is called this'

is_wrong() {
	sentence=$1
	shift
	gives 2 $tool "$@" && is_silent out && err_is "$tool: $sentence
$try"
}

a_command_is_asked_for() {
	is_wrong 'no command: one of list, formats, controls, snap, record, stream' &&
	is_wrong "'look' is not one of list, formats, controls, snap, record, stream" look
}

arguments_are_those_of_the_command() {
	is_wrong "list: 'x' is too much" list x &&
	is_wrong "formats: '/dev/video0' is too much" formats /dev/video0 &&
	is_wrong "stream: 'x' is too much" stream x &&
	is_wrong 'snap: into which file?' snap &&
	is_wrong "snap: 'b.jpg' is too much" snap a.jpg b.jpg &&
	is_wrong 'record: into which file?' record &&
	is_wrong "controls: 'brightness' is not NAME=VALUE" controls gain=1 brightness
}

a_wrong_value_is_named() {
	is_wrong "--size: 'large' is not a size like 640x480" stream --size=large &&
	is_wrong "--size: '640' is not a size like 640x480" stream --size=640 &&
	is_wrong "--size: '640x480x1' is not a size like 640x480" stream --size=640x480x1 &&
	is_wrong "--size: '640x-480' is not a size like 640x480" stream -s 640x-480 &&
	is_wrong "--size: '0x480' is not a size like 640x480" stream -s 0x480 &&
	is_wrong "--size: '16385x1' is not a size like 640x480" stream -s 16385x1 &&
	is_wrong "--size: '640x99999999999999999999' is not a size like 640x480" \
		stream -s 640x99999999999999999999 &&
	is_wrong "--rate: 'fast' is not a number" stream --rate=fast &&
	is_wrong '--rate: 0 is not within 0.01 to 1000' stream --rate=0 &&
	is_wrong "--pixels: 'YUV9' is not a known format" stream --pixels=YUV9 &&
	is_wrong "--frames: 0 is not within 1 to 9223372036854775807" record -n 0 x.y4m &&
	is_wrong "--for: 'ever' is not a duration like 250ms, 1.5s or 10min" \
		stream --for=ever &&
	is_wrong '--skip: -1 is not within 0 to 10000' snap --skip=-1 x.png
}

a_file_is_known_by_its_ending() {
	is_wrong "snap: 'cat.gif' does not end in .jpg or .png" snap cat.gif &&
	is_wrong "snap: 'jpg' does not end in .jpg or .png" snap jpg &&
	is_wrong "record: 'cat.avi' does not end in .y4m or .mjpeg" record cat.avi
}

# Every command that needs a camera says the same of one that is not there, and
# leaves no file.
a_camera_that_is_not_there_is_missed() {
	for command in formats controls 'controls gain=1' "snap $work/x.png" \
		"record $work/x.y4m" stream; do
		# shellcheck disable=SC2086 # a command and its arguments
		gives 1 $tool -c "$nowhere" $command && is_silent out && lines_are err 1 &&
		err_has "^$tool: camera: .*$nowhere" || return
	done
	[ ! -e "$work/x.png" ] && [ ! -e "$work/x.y4m" ] &&
	gives 1 $tool -c /dev/video999 stream && is_silent out &&
	err_is "$tool: camera: /dev/video999: there is no such node" &&
	gives 1 $tool -c /dev/null stream && is_silent out &&
	err_is "$tool: camera: /dev/null: is not a video device"
}

what_there_is_is_listed() {
	gives 0 $tool list --json && lines_are out 1 && out_has '^\[.*\]$' && is_silent err &&
	gives 0 $tool list || return
	if [ -e /dev/video0 ]; then
		out_has '^/dev/video0 '
	else
		is_silent out && err_is "$tool: there are no video devices"
	fi
}

run_tests $every_program \
	a_command_is_asked_for \
	arguments_are_those_of_the_command \
	a_wrong_value_is_named \
	a_file_is_known_by_its_ending \
	a_camera_that_is_not_there_is_missed \
	what_there_is_is_listed
