#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/headerd.sh

load_header
rules
start_headerd
"$BUILD/tests/vm/control" "$control" 16 "$lines/sim_gpio56/value" \
	18 "$lines/sim_gpio58/pull" 50 >"$work/out"
sed 's/^/# /' "$work/out"
# User Mode Linux has simulated edges wait for the next of its ticks, 10 ms apart.
for what in set get tell; do
	us=$(sed -nE "s/^$what: half within ([0-9]+) us.*/\1/p" "$work/out")
	[ "$us" -lt $((10000 * ATOLL_VM_SLOW)) ]
done
stop_headerd
