#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_gpio_sim 81 atoll-header
value() { cat "$lines/sim_gpio$1/value"; }
levels() { [ "$(value 56) $(value 58)" = "$1" ]; }

# What drives a pin is read.
echo pull-up >"$lines/sim_gpio51/pull"
gives 0 atoll-header get 11
out_is 1
echo pull-down >"$lines/sim_gpio51/pull"
gives 0 atoll-header get D17 13
out_is '0
0'
gives 0 atoll-header get 11 --active-low --json
is "$(jq -c . "$work/out")" '[{"pin":11,"name":"IO11","level":1}]'

# What is set is seen, for as long as it is held.
start atoll-header set 16=high IO18=low --hold
wait_until 5 levels '1 0'
gpioinfo "$chip" >"$work/lines"
grep -qE 'line +56: .*"atoll-header" +output' "$work/lines"
stop
start atoll-header set 16=low 18=toggle --hold --active-low
wait_until 5 levels '1 1'
stop
start atoll-header set 16=1 --for=1min
wait_until 5 levels '1 0'
stop

# Pulls are the simulated chip's, too.
gives 0 atoll-header get 11 --bias=up
out_is 1
