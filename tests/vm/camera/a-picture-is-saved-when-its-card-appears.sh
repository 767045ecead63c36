#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

feed YUYV 15 $cards/demo/nothing.jpg $cards/demo/bell.jpg
mkdir "$work/seen"
start atoll-classify -m $cards/cards.tflite -c "$loopback" --snapshot-on='bell>0.5' \
	--snapshot-dir="$work/seen"
saved() { [ "$(find "$work/seen" -name '*.jpg' -o -name '*.png' | wc -l)" -ge 1 ]; }
wait_until 30 saved
stop
for picture in "$work/seen"/*; do
	gives 0 atoll-classify --top=1 $cards/cards.tflite "$picture"
	out_has '	bell$'
done
