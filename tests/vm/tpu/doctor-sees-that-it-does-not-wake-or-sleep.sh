#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/doctor.sh

start_patient
order faults no-wake!
doctor 17 "$work/model.tflite"
finds bad 'usb:[0-9]+-1: cannot be brought up: edge TPU at .*: chip: .*: take its power away'
order faults

# One that does not go to sleep shows it when it is opened the next time.
order faults no-sleep!
doctor 20 "$work/model.tflite"
finds ok 'usb:[0-9]+-1: comes up'
finds bad 'usb:[0-9]+-1: the model cannot be loaded: .*: edge TPU at .*: chip: .*: take the power'
order faults
healthy
