#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

make_model
start_tpu --attach --speed=high --link=20000 --model="$work/model.tflite"
wait_until 10 on_usb $application 1
gives 0 atoll-tpu bench --runs=5 "$work/model.tflite"
out_has '^  the link alone takes [0-9.]+ ms at least$'
out_has '^  transfer-bound: a USB 3 port or a smaller input would help'
gives 0 atoll-tpu bench --runs=5 --json "$work/model.tflite"
out_has '"is_transfer_bound":true,"is_emulated":false'
