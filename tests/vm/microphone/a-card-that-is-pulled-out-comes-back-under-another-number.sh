#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load snd-aloop enable=1,1 id=Mine,Other
wait_until 5 test -c /dev/snd/pcmC1D1c
driver=/sys/bus/platform/drivers/snd_aloop
# The kernel waits until nobody has the card open any more.
pull() { echo "snd_aloop.$1" >$driver/unbind; }
put() { echo "snd_aloop.$1" >$driver/bind; }
hears_more() {
	size=$(stat -c %s "$work/out")
	wait_until 10 has_more
}
has_more() { [ "$(stat -c %s "$work/out")" -gt "$size" ]; }

start_hearing -m hw:Mine,1
pull 0
wait_until 10 err_has '^gone$'
put 0
wait_until 10 err_count 'hears hw:Mine,1 ' 2
hears_more

pull 0
pull 1
wait_until 10 err_count '^gone$' 2
# The numbers are given in the order of coming.
put 1
put 0
wait_until 10 err_count 'hears hw:Mine,1 ' 3
grep -q '^ 1 \[Mine ' /proc/asound/cards || fail "$(cat /proc/asound/cards)"
hears_more
stop
