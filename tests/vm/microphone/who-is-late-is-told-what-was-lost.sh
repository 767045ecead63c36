#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_microphone
for option in '' -n; do
	# shellcheck disable=SC2086 # an option, or none
	start_hearing -b 200 $option
	for times in 1 2; do
		kill -STOP $running
		sleep 1.5
		kill -CONT $running
		wait_until 10 err_count "lost [0-9]+ ms, $times overruns$" 1
	done
	stop
	# Not much less than it slept, and not much more than that took.
	sed -nE 's/lost ([0-9]+) ms.*/\1/p' "$work/err" >"$work/lost"
	while read -r lost; do
		[ "$lost" -ge 1400 ] || fail "$lost ms"
		[ "$lost" -le $((1500 + 1500 * ATOLL_VM_SLOW)) ] || fail "$lost ms"
	done <"$work/lost"
done
