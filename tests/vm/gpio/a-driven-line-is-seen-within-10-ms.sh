#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# By get at once. In guest uml an edge of gpio-sim happens at the kernel's next tick, up to
# 10 ms away; what is ours begins with its stamp. Half of all are asked to keep the limit:
# guests are held up by whatever else the machine does.
. tests/vm/guest.sh

load_gpio_sim 64 header
"$BUILD/tests/vm/gpio" answer -n 101 header 7 "$lines" >"$work/out"
is "$(wc -l <"$work/out")" 101
middle() { cut -d ' ' -f "$1" "$work/out" | sort -n | sed -n 51p; }
echo "# seen by get after $(middle 1) us, by an edge after $(middle 2) us," \
	"$(middle 3) us after its stamp (middle of 101)"
[ "$(middle 1)" -lt $((10000 * ATOLL_VM_SLOW)) ]
[ "$(middle 2)" -lt $((10000 + 10000 * ATOLL_VM_SLOW)) ]
[ "$(middle 3)" -lt $((10000 * ATOLL_VM_SLOW)) ]
