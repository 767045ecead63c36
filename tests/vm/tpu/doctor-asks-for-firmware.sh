#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/doctor.sh

fails "$BUILD/atoll-tpu" firmware || skip 'this guest has firmware'
start_patient --dfu
doctor 15
finds ok "usb:[0-9]+-1: an Edge TPU that waits for firmware \\($boot_rom\\)"
finds bad 'usb:[0-9]+-1: no firmware for the Edge TPU: run "atoll-tpu firmware import FILE"'
on_usb $boot_rom 1

# What is there is no firmware.
put 'not firmware' /etc/atoll/firmware/apex_latest_single_ep.bin
doctor 15
finds bad 'usb:.*there is no Edge TPU firmware inside .*: run "atoll-tpu firmware find"'

# What is configured counts as for every program.
put 'firmware = /nowhere/image' /etc/atoll/tpu.conf
doctor 15
finds bad 'usb:.*/nowhere/image: No such file or directory'
put 'clock = fast' /etc/atoll/tpu.conf
doctor 22
finds bad 'configuration: /etc/atoll/tpu.conf:1: clock fast: .*: correct it'
