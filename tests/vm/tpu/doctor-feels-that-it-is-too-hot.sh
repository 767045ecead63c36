#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/doctor.sh

start_patient --temperature=95
doctor 18 "$work/model.tflite"
finds bad 'usb:[0-9]+-1: 9[45]\.[0-9] degrees, too hot: let it cool down'
order temperature 50
wait_until 5 tpu_says "$application"
healthy
