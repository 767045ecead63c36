#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_vivid
start atoll-camera stream -c "$camera"
wait_until 10 is_streaming
for program in 'atoll-camera stream -c' "atoll-classify -m $cards/cards.tflite -c"; do
	# shellcheck disable=SC2086 # a program and its options
	"$BUILD"/$program "$camera" >"$work/other" 2>&1 && fail "$program took a busy camera"
	grep -q "$camera: .*: in use (atoll-camera, .*$running)" "$work/other" ||
		fail "$(cat "$work/other")"
done
stop
