#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_vivid
start atoll-camera stream --camera="$camera" --size=320x180 --rate=30 --json
wait_until 10 is_streaming
for _ in 1 2 3; do
	press inject_v4l2_buf_flag_error
	sleep 0.2
done
stop
is "$(value damaged)" 3
[ "$(value frames)" -gt 0 ]
is "$(value lost)" 0
