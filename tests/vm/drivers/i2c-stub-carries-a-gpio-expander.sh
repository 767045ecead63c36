#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load i2c-stub chip_addr=0x20
load i2c-dev
load gpio-pca953x
bus=$(basename "$(dirname "$(grep -l 'SMBus stub' /sys/bus/i2c/devices/i2c-*/name)")")
echo pca9505 0x20 >"/sys/bus/i2c/devices/$bus/new_device"
at_the_end "echo 0x20 >/sys/bus/i2c/devices/$bus/delete_device"
there() { gpiodetect | grep -q '(40 lines)'; }
wait_until 5 there
chip=$(gpiodetect | sed -n 's/ .*(40 lines)//p')
# Line 12 is bit 4 of the chip's second input register.
number=${bus#i2c-}
i2cset -f -y "$number" 0x20 0x81 0x10
is "$(gpioget "$chip" 12)" 1
i2cset -f -y "$number" 0x20 0x81 0x00
is "$(gpioget "$chip" 12)" 0
