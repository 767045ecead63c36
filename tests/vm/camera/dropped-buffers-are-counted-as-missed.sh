#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_vivid
v4l2-ctl -d "$camera" -c percentage_of_dropped_buffers=50
gives 0 atoll-camera stream -c "$camera" -s 320x180 -r 60 -n 40 --json
is "$(value frames)" 40
[ "$(value missed)" -gt 10 ] || fail "$(value missed) missed"
is "$(value damaged)" 0
