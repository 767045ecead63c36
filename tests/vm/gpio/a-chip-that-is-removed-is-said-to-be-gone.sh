#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

# Linux 6.1 never lets go of a module whose chip left before its lines: count it among
# the guest's own.
load_gpio_sim 64 header
echo gpio_sim >>/run/modules
gone='gpio: header: line 7: the chip is gone'

start tests/vm/gpio hold header 7=1
wait_until 5 grep -q ready "$work/out"
echo 0 >"$device/live"
wait "$running" && fail 'setting goes on'
is "$(cat "$work/err")" "$gone"
"$BUILD/tests/vm/gpio" get header 7 2>"$work/err" && fail 'it is there'
is "$(sed 's/of [0-9]* /of the /' "$work/err")" \
	'gpio: header: of the GPIO chips none is label "header"'

# Whoever waits is woken.
echo 1 >"$device/live"
: >"$work/out"
start tests/vm/gpio watch header 7
wait_until 5 grep -q ready "$work/out"
echo 0 >"$device/live"
wait "$running" && fail 'watching goes on'
is "$(cat "$work/err")" "$gone"
echo 1 >"$device/live"
