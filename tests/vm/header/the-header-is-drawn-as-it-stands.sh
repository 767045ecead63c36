#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_gpio_sim 81 atoll-header
echo pull-up >"$lines/sim_gpio51/pull" # pin 11
gpioset --mode=signal "$chip" 58=1 &   # pin 18
high() { [ "$(cat "$lines/sim_gpio58/value")" = 1 ]; }
wait_until 5 high

gives 0 atoll-header pinout
is_silent err
out_has '^ +gpio +IO11  in 1 \| \(11\) \(12\) \|  in 0 IO12  gpio$'
out_has '\(18\) \| out   IO18  <gpioset>$'
# Not those of a bus and of the console, which would become GPIOs.
out_has 'SDA1  in   \| \( 3\)'
out_has '\( 8\) \|! in   UTXD0 uart\.0\.tx$'
fails grep -q '.\{81\}' "$work/out"

echo pull-down >"$lines/sim_gpio51/pull"
gives 0 atoll-header pinout --json
levels='[.pins[] | select(.pin == 11 or .pin == 18) | [.direction, .level, .owner]]'
is "$(jq -c "$levels" "$work/out")" '[["in",0,null],["out",null,"gpioset"]]'

gives 0 atoll-header pinout --no-levels
out_has 'IO11  in   \| \(11\)'
