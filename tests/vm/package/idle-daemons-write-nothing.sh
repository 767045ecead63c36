#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/board.sh

# sum NAME of /proc/PID/io, over the daemons.
sum() {
	for daemon in $daemons; do
		sed -n "s/^$1: //p" "/proc/$(process "$daemon")/io"
	done | awk '{ sum += $1 } END { print sum }'
}
# Sectors that reached the disk.
sectors() { awk '{ print $7 }' /sys/block/vda/stat; }
ticks() { for daemon in $daemons; do
	awk '{ print $14 + $15 }' "/proc/$(process "$daemon")/stat"; done |
	awk '{ sum += $1 } END { print sum }'; }

wait_until 10 all_are_up
load_microphone
load_header
wait_until 10 says atoll-listend '0 words so far'
sleep 10 # everything is settled, and written
sync
written=$(sum write_bytes) on_disk=$(sectors) used=$(ticks)
sleep 30
sync
is "$(sum write_bytes)" "$written"
is "$(sectors)" "$on_disk"
echo "# in 30 s: nothing written; $((($(ticks) - used) * 1000 / $(getconf CLK_TCK))) ms of the emulated processor"
