#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/board.sh

wait_until 10 all_are_up
load_vivid
wait_until 10 says atoll-visiond '^vivid, [0-9]+x[0-9]+ at [0-9]+ frames'
load_microphone
wait_until 10 says atoll-listend 'Loopback.*, 0 words so far$'
load_header
configure atoll-headerd 'safe pin 16 high'
wait_until 10 pin 16 1
wait_until 10 says atoll-headerd '^1 pin(;|$)'
start_tpu --attach
wait_until 10 says atoll-tpud '^1 Edge TPU, '
for daemon in $daemons; do
	echo "# $daemon: $(of "$daemon" StatusText)"
	is "$(of "$daemon" NRestarts)" 0
done
nothing_failed

# And away again.
stop_tpu
wait_until 10 says atoll-tpud '^0 Edge TPUs, '
unplug
wait_until 10 says atoll-visiond '^camera: '
wait_until 10 all_are_up
