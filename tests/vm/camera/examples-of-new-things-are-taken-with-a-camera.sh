#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

gives 0 atoll-teach new -p "$work/teach"
for card in key cat; do
	feed YUYV 15 $cards/demo/$card.jpg
	gives 0 atoll-teach add -p "$work/teach" -c "$loopback" -n 3 --every=200ms $card
	out_has "^$card	3$"
	stop_feeding
done
gives 0 atoll-teach train -p "$work/teach"

# What was learnt from the camera's frames is true of the files they came from, too.
for card in key cat; do
	gives 0 atoll-teach test -p "$work/teach" $card $cards/demo/$card.jpg
	out_has "	$card	right$"
done

# On a terminal the counts are shown.
feed YUYV 15 $cards/demo/bell.jpg
script -qec "$BUILD/atoll-teach add -p $work/teach -c $loopback -n 2 --every=300ms bell" \
	"$work/seen" >"$work/out"
stop_feeding
grep -q 'bell: 1 of 2, the next in' "$work/seen"
grep -qE 'key .*#.* 3' "$work/seen"
