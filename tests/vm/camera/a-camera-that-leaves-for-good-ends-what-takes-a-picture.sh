#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_vivid
start atoll-camera record -c "$camera" -s 320x180 -r 60 "$work/film.mjpeg"
wait_until 10 is_streaming
unplug
wait $running && status=0 || status=$?
is "$status" 1
err_has "^atoll-camera: $camera: the camera went away$"
# What was recorded until then is whole.
gives 0 atoll-classify --json $cards/cards.tflite "$work/film.mjpeg"
