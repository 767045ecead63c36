#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/headerd.sh

load_header
feed YUYV 30 "$cards"/demo/nothing.jpg "$cards"/demo/bell.jpg
start_visiond --source=camera:outside
rules 'source vision = '"$work/socket" 'safe pin 18 high' 'on vision "bell" -> pin 18 low' \
	'on vision "bell" gone -> pin 18 safe'
start_headerd
wait_until 10 log_has 'vision is there'
follow 18
wait_until 20 edges_are 2
# From the line that tells it, the last one before, to the pin.
stamps() { sed -nE 's/.*"monotonic_ns":([0-9]+).*/\1/p'; }
low=$(grep '"level":"low"' "$work/edges" | stamps | sed -n 1p)
late_ms=$(grep '"event":"appear".*"label":"bell"' "$work/events" | stamps |
	awk -v low="$low" '$1 <= low { late = (low - $1) / 1e6; seen = 1 }
		END { if (seen) printf "%.1f", late; exit !seen }')
echo "# pin 18 is low $late_ms ms after the card was seen"
[ "${late_ms%.*}" -lt $((500 * ATOLL_VM_SLOW)) ]
stop_headerd
kill -TERM "$running"
wait "$running"
