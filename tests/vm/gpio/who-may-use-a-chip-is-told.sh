#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_gpio_sim 64 header
refused() {
	setpriv --reuid=65534 --clear-groups "$BUILD/tests/vm/gpio" get header 7 2>&1 &&
		fail 'got it'
	return 0
}
chown root:root "/dev/$chip"
chmod 600 "/dev/$chip"
is "$(refused)" "gpio: header: /dev/$chip is for root alone"
chown root:audio "/dev/$chip"
chmod 660 "/dev/$chip"
is "$(refused)" "gpio: header: /dev/$chip is for group audio, which this user is not in"
chmod 666 "/dev/$chip"
is "$(setpriv --reuid=65534 --clear-groups "$BUILD/tests/vm/gpio" get header 7)" 0
