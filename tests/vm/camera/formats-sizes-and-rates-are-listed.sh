#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_vivid
gives 0 atoll-camera formats --camera="$camera"
is_silent err
for pixels in YUYV UYVY YVYU NV12 NV21 YU12 YV12 GREY RGB24 BGR24 XRGB BGRX; do
	out_has "(^|here )$pixels"
done
out_has '^ +640x480 +.* 25 fps$'
out_has '^ +3840x2160 '
out_has '^[A-Z0-9]{4} \(.*\), not known here$'
