#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

# Formats without loss: the same name and the same score. Others: the same name.
for picture in "$cards"/demo/*.jpg; do
	gives 0 atoll-classify --json --top=1 $cards/cards.tflite "$picture"
	sed -E 's/.*"classes":/"classes":/' "$work/out" >"$work/expected"
	label=$(sed -E 's/.*"label":"([^"]*)".*/\1/' "$work/expected")
	for pixels in RGB24 NV12; do
		feed $pixels 15 "$picture"
		gives 0 atoll-classify --json --top=1 --camera="$loopback" --for=10min \
			--until="$label>0.5" $cards/cards.tflite
		stop_feeding
		echo "$picture as $pixels:"
		case $pixels in
		RGB24) tail -n 1 "$work/out" | sed -E 's/.*"classes":/"classes":/' |
			diff "$work/expected" - ;;
		*) tail -n 1 "$work/out" | grep -q "\"label\":\"$label\"" ;;
		esac
	done
done
