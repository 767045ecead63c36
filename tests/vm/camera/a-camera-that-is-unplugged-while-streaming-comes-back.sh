#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_vivid
start atoll-camera stream -c "$camera" -s 320x180 -r 60 --json
wait_until 10 is_streaming
for _ in 1 2 3; do
	unplug
	wait_until 10 err_has "vivid on platform:vivid-000 is away; waiting"
	plug
	wait_until 10 is_streaming
	sleep 0.5
done
stop
is "$(grep -c 'the camera is back$' "$work/err")" 3
is "$(value lost)" 3
[ "$(value frames)" -gt 60 ]
