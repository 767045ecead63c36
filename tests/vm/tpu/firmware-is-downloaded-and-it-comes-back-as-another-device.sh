#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

make_model
for speed in high super; do
	start_tpu --attach --dfu --speed=$speed --model="$work/model.tflite"
	wait_until 10 on_usb $boot_rom 1
	use 1
	wait $user
	ran '^ok$' 1
	on_usb $application 1
	on_usb $boot_rom 0
	tpu_says "$application, in use, 1 runs, [0-9]+ transfers, 0 complaints$"
	stop_tpu
	wait_until 10 on_usb $application 0
done
