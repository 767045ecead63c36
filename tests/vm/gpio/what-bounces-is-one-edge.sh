#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_gpio_sim 64 header
start tests/vm/gpio watch -d 500 header 7
wait_until 5 grep -q ready "$work/out"
"$BUILD/tests/vm/gpio" drive -p 20000 -n 9 "$lines" 7
wait_until 5 lines_are_at_least 2
"$BUILD/tests/vm/gpio" drive -p 20000 -n 8 "$lines" 7
wait_until 5 lines_are_at_least 3
stop
is "$(cut -d ' ' -f 1,2 "$work/out" | tr '\n' ' ')" 'ready 7 rising 7 falling '
