#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/doctor.sh

start_patient
order faults 'no-event@*'
doctor 20 "$work/model.tflite"
finds ok 'usb:[0-9]+-1: comes up'
finds bad 'usb:[0-9]+-1: an inference failed: .*: edge TPU at .*: timed out: try again; if it fails again'
sed -n 's/^bad/# bad/p' "$work/out"
order faults
healthy

# Models that are none, or were not compiled.
doctor 19 "$work/none.tflite"
finds bad 'model: .*/none.tflite: No such file or directory: name another file'
doctor 19 $cards/cards.tflite
finds bad 'model: .*/cards.tflite: not compiled for the Edge TPU: name one that is'
