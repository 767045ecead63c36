#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_vivid
gives 0 atoll-camera record -c "$camera" -p YUYV -s 320x180 -r 25 -n 20 "$work/film.y4m"
err_has '20 frames, [0-9]+ missed, 0 damaged$'
head -n 1 "$work/film.y4m" | grep -q '^YUV4MPEG2 W320 H180 F25000:1000 .*C422'
is "$(tail -n +2 -q "$work/film.y4m" | wc -c)" $((20 * (6 + 320 * 180 * 2)))

gives 0 atoll-camera record -c "$camera" -s 320x180 -r 25 -n 20 "$work/film.mjpeg"
gives 0 atoll-classify --json $cards/cards.tflite "$work/film.mjpeg"
lines_are out 20
