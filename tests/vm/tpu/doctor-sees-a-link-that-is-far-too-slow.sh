#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/doctor.sh

make_model
start_tpu --listen=127.0.0.1:3240 --model="$work/model.tflite"
"$BUILD/tests/vm/full_speed" 3240 1-1
wait_until 10 on_usb $application 1
is "$(cat /sys/bus/usb/devices/1-1/speed)" 12
doctor 16 "$work/model.tflite"
finds bad 'usb:1-1: link: 12 Mbit/s, far too slow: use another cable, port or hub'
finds ok 'usb:1-1: comes up, at clock max and 12 Mbit/s'
finds ok 'usb:1-1: an inference took '
