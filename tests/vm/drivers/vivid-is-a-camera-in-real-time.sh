#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_vivid
v4l2-ctl -d "$camera" --set-fmt-video=width=640,height=480,pixelformat=YUYV \
	--set-parm=30 --stream-mmap=4 --stream-count=30 --stream-to="$work/frames" \
	>/dev/null 2>&1
is "$(stat -c %s "$work/frames")" $((30 * 640 * 480 * 2))
