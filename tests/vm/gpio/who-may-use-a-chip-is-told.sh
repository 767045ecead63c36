#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_gpio_sim 64 header
refused() {
	setpriv --reuid=65534 --clear-groups "$BUILD/tests/vm/gpio" get header 7 2>&1 &&
		fail 'got it'
	return 0
}
settle
chown 0:0 "/dev/$chip"
chmod 600 "/dev/$chip"
is "$(refused)" "gpio: header: /dev/$chip is for root alone"
# A group by its name, if it has one here.
group=$(sed -n 's/^\([^:]*\):[^:]*:29:.*/\1/p' /etc/group || true)
chown 0:29 "/dev/$chip"
chmod 660 "/dev/$chip"
is "$(refused)" "gpio: header: /dev/$chip is for group ${group:-29}, which this user is not in"
chmod 666 "/dev/$chip"
is "$(setpriv --reuid=65534 --clear-groups "$BUILD/tests/vm/gpio" get header 7)" 0
