#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/doctor.sh

start_patient
order faults 'stall@*'
doctor 17
finds bad 'usb:[0-9]+-1: cannot be brought up: edge TPU at .* after a reset: no Edge TPU is there'

# By now the kernel has given up, too.
doctor 12
finds bad 'usb: no Edge TPU is plugged in: .* see if dmesg says anything'
dmesg | grep 'unable to enumerate USB device'
