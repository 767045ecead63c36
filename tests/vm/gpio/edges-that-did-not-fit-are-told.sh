#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The kernel keeps 16 edges of a line. By its old interface (libgpiod 1) it drops the
# next ones and tells nobody: of the 5 that are dropped here we know only by the first
# after them, which goes the same way as the last before. By its new one (libgpiod 2) it
# drops the oldest, and as edges are numbered none goes uncounted.
. tests/vm/guest.sh

load_gpio_sim 64 header
start tests/vm/gpio watch -s 3000 header 7
wait_until 5 grep -q ready "$work/out"
"$BUILD/tests/vm/gpio" drive -p 50000 -n 21 "$lines" 7
wait_until 10 lines_are_at_least 17
echo pull-down >"$lines/sim_gpio7/pull"
wait_until 5 lines_are_at_least 18
stop
sed -i /ready/d "$work/out"
is "$(wc -l <"$work/out")" 17
lost=$(cut -d ' ' -f 4 "$work/out" | tr '\n' ' ')
if grep -q 'libgpiod\.so\.2' "$BUILD/tests/vm/gpio"; then
	is "$lost" '0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 '
else
	is "$lost" '5 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 '
fi
