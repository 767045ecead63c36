#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load vhci-hcd
status=/sys/devices/platform/vhci_hcd.0/status
wait_until 5 test -r $status
grep -q '^hs ' $status
grep -q '^ss ' $status
lsusb -d 1d6b:0002
lsusb -d 1d6b:0003
