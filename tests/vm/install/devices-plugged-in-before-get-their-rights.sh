#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/board.sh

BUILD=$tree start_tpu --attach
load_header
usb_node() {
	lsusb -d $application | sed -E 's|Bus ([0-9]+) Device ([0-9]+).*|/dev/bus/usb/\1/\2|'
}
wait_until 10 on_usb $application 1
udevadm settle
is "$(stat -c '%a %U:%G' "$(usb_node)")" '664 root:root'
is "$(stat -c '%a %U:%G' "/dev/$chip")" '600 root:root'
install_everything
udevadm settle
is "$(stat -c '%a %U:%G' "$(usb_node)")" '660 root:plugdev'
is "$(stat -c '%a %U:%G' "/dev/$chip")" '660 root:gpio'
wait_until 10 says atoll-tpud '^1 Edge TPU, '
configure atoll-headerd 'safe pin 16 high'
wait_until 10 pin 16 1
