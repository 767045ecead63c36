#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_vivid
for encoding in 'ITU-R 601' 'Rec. 709'; do
	for range in 'Full Range' 'Limited Range'; do
		for pixels in YUYV NV12; do
			gives 0 atoll-camera controls -c "$camera" \
				"y_cbcr_encoding=$encoding" "quantization=$range"
			gives 0 atoll-camera snap -c "$camera" -p $pixels -s 320x180 -r 60 \
				--skip=2 "$work/bars.png"
			echo "$pixels, $encoding, $range:"
			is "$("$BUILD/tests/vm/pixels" bars "$work/bars.png")" \
				'white yellow cyan green magenta red blue black'
		done
	done
done
