#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_vivid
start atoll-classify -m $cards/cards.tflite -c "$camera" --size=320x180 --json
wait_until 20 lines_are_at_least 3
for time in 1 2; do
	unplug
	wait_until 10 err_count 'waiting for it$' $time
	plug
	wait_until 10 err_count 'back after [0-9.]+ s$' $time
	wait_until 20 lines_are_at_least $(($(wc -l <"$work/out") + 3))
done
stop
err_has 'gone 2 times$'
