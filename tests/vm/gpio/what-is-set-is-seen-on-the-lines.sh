#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_gpio_sim 64 header
header=$lines
load_gpio_sim 8 expander
start tests/vm/gpio hold header 40=1 7=0 + expander 3=1
wait_until 5 grep -q ready "$work/out"
is "$(cat "$header/sim_gpio40/value" "$header/sim_gpio7/value" "$lines/sim_gpio3/value" |
	tr -d '\n')" 101
is "$("$BUILD/tests/vm/gpio" look header 40)" 'used output "holder" "" bias 0'
stop

# The next has them, and the simulated chip lets go: its lines are inputs again.
echo pull-up >"$header/sim_gpio7/pull"
echo pull-down >"$header/sim_gpio40/pull"
is "$("$BUILD/tests/vm/gpio" get header 7 40)" '1 0'
is "$("$BUILD/tests/vm/gpio" look header 7)" 'free input "" "" bias 0'
