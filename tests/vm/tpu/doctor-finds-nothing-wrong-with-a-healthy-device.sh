#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/doctor.sh

for speed in high super; do
	start_patient --speed=$speed
	healthy
	finds ok "usb:[0-9]+-1: an Edge TPU that runs firmware \\($application\\)"
	finds ok 'usb:[0-9]+-1: /dev/bus/usb/[0-9]+/[0-9]+ may be used'
	finds ok 'usb:[0-9]+-1: no other process has it'
	finds ok 'usb:[0-9]+-1: (39|40)\.[0-9] degrees'
	case $speed in
	high)  finds note 'usb:[0-9]+-1: link: 480 Mbit/s, .*use a USB 3 port' ;;
	super) finds ok 'usb:[0-9]+-1: link: 5 Gbit/s' ;;
	esac
	gives 0 atoll-tpu bench --runs=5 "$work/model.tflite"
	out_has 'the link alone takes'
	tpu_says "$application, .* 0 complaints$"
	stop_tpu
	wait_until 10 on_usb $application 0
done
