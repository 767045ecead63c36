#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

start_tpu --attach --count=2 --speed=super --temperature=51.5
wait_until 10 on_usb $application 2
gives 0 atoll-tpu list
lines_are out 2
out_has '^usb:[0-9]+-1 +18d1:9302 +ready '
gives 0 atoll-tpu info
out_has '51\.[0-9]'
gives 0 atoll-tpu info usb:1
gives 0 atoll-tpu reset
gives 0 atoll-tpu list --json
out_has '5000|5 Gbit'
order unplug 1-2
wait_until 10 on_usb $application 1
gives 0 atoll-tpu list
lines_are out 1
order replug 1-2
wait_until 10 on_usb $boot_rom 1
gives 0 atoll-tpu list
out_has 'needs firmware'
tpu_says '.* 0 complaints$'
