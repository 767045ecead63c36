#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load v4l2loopback video_nr=10 exclusive_caps=1
loopback=/dev/video10
wait_until 5 test -c $loopback
v4l2-ctl -d $loopback -c keep_format=1
v4l2-ctl -d $loopback --set-fmt-video-out=width=64,height=48,pixelformat=RGB3
head -c $((64 * 48 * 3)) /dev/urandom >"$work/frame"
while :; do
	cat "$work/frame"
	sleep 0.1
done >$loopback &
wait_until 5 is_fed
v4l2-ctl -d $loopback --stream-mmap=2 --stream-count=1 --stream-to="$work/seen" \
	>/dev/null 2>&1
cmp "$work/frame" "$work/seen"
