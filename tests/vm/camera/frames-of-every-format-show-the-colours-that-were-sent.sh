#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_vivid
for pixels in YUYV UYVY YVYU NV12 NV21 YU12 YV12 RGB24 BGR24 XRGB BGRX; do
	gives 0 atoll-camera snap --camera="$camera" --pixels=$pixels --size=320x180 \
		--rate=60 --skip=2 "$work/$pixels.png"
	echo "$pixels:"
	is "$("$BUILD/tests/vm/pixels" bars "$work/$pixels.png")" \
		'white yellow cyan green magenta red blue black'
done
# Without colour each bar is darker than the one before. Full range, as the driver
# paints it.
gives 0 atoll-camera snap --camera="$camera" --pixels=GREY --skip=2 "$work/grey.png"
greys=$("$BUILD/tests/vm/pixels" greys "$work/grey.png")
is "$greys" "$(echo "$greys" | tr ' ' '\n' | sort -rnu | xargs)"
[ "${greys%% *}" -ge 250 ]
[ "${greys##* }" -le 5 ]
