#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

gives 0 atoll-classify --json --top=1 $cards/cards.tflite $cards/demo/key.jpg
sed -E 's/.*"classes":/"classes":/' "$work/out" >"$work/expected"
for pixels in RGB24 BGR24 XRGB BGRX YUYV UYVY YVYU NV12 YU12 YV12 JPEG; do
	feed $pixels 15 $cards/demo/key.jpg
	gives 0 atoll-classify --json --top=1 -c "$loopback" --for=10min --until='key>0.5' \
		$cards/cards.tflite
	stop_feeding
	echo "$pixels:"
	case $pixels in
	RGB24|BGR24|XRGB|BGRX)
		tail -n 1 "$work/out" | sed -E 's/.*"classes":/"classes":/' |
			diff "$work/expected" - ;;
	esac
done
