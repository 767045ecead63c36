#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_vivid
gives 0 atoll-camera controls -c "$camera"
out_has '^brightness = 128 \(0 to 255; at first 128\)$'
out_has '^test_pattern = 100% Colorbar \(75% Colorbar, 100% Colorbar, '

gives 0 atoll-camera controls -c "$camera" brightness=100 horizontal_flip=on \
	'test_pattern=Gray Ramp'
is "$(v4l2-ctl -d "$camera" -C brightness,horizontal_flip,test_pattern | tr '\n' ' ')" \
	'brightness: 100 horizontal_flip: 1 test_pattern: 20 (Gray Ramp) '

gives 1 atoll-camera controls -c "$camera" brightness=256
err_has 'brightness: .*256.* 0 to 255'
gives 1 atoll-camera controls -c "$camera" read_only_integer_32_bits=1
err_has 'read_only_integer_32_bits'
gives 1 atoll-camera controls -c "$camera" gain=1
err_has 'gain'
gives 1 atoll-camera controls -c "$camera" colour=1
err_has 'colour'
is "$(v4l2-ctl -d "$camera" -C brightness)" 'brightness: 100'
