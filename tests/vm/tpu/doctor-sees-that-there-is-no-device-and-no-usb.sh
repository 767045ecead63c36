#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/doctor.sh

[ -z "$(ls /sys/bus/usb/devices)" ] || skip 'this guest has USB of its own'
doctor 11
finds bad 'usb: the kernel knows of no USB port: see what dmesg says'
load vhci-hcd
doctor 12
finds ok 'libusb: works'
finds bad 'usb: no Edge TPU is plugged in: try another port, '
doctor 12 --device=usb:9-9
start_patient
doctor 12 --device=usb:9-9
finds bad 'usb: usb:9-9: there is no Edge TPU here; .*: name one of those that "atoll-tpu list"'
