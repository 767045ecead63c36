#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

make_model
for speed in high super; do
	start_tpu --attach --speed=$speed --model="$work/model.tflite"
	wait_until 10 on_usb $application 1
	use 50
	wait $user
	ran '^ok$' 50
	tpu_says "$application, in use, 50 runs, .* 0 complaints$"
	stop_tpu
done
