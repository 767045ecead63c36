#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_vivid
start atoll-classify -m $cards/cards.tflite -c "$camera" --size=320x180 --json
goes_on_classifying() { wait_until 20 lines_are_at_least $(($(wc -l <"$work/out") + 3)); }
goes_on_classifying

press inject_v4l2_buf_flag_error
v4l2-ctl -d "$camera" -c percentage_of_dropped_buffers=40
goes_on_classifying
v4l2-ctl -d "$camera" -c percentage_of_dropped_buffers=0

press inject_fatal_streaming_error
wait_until 10 err_count 'back after [0-9.]+ s$' 1
goes_on_classifying

for times in 2 3; do
	unplug
	wait_until 10 err_count 'waiting for it$' $times
	plug
	wait_until 10 err_count 'back after [0-9.]+ s$' $times
	goes_on_classifying
done
stop
err_has ' 1 damaged, [0-9]+ missed, .*gone 3 times$'
