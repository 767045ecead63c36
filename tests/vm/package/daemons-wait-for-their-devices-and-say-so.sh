#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/board.sh

wait_until 10 all_are_up
wait_until 10 says atoll-tpud '^0 Edge TPUs, 0 clients$'
wait_until 10 says atoll-visiond 'there is no camera'
wait_until 10 says atoll-listend '^waiting: .*there is no sound card'
wait_until 10 says atoll-headerd '^0 pins'
nothing_failed

# Of a pin that a rule has, whose chip is not there, too.
configure atoll-headerd 'safe pin 16 high'
wait_until 10 says atoll-headerd '^1 pin, 1 of them away'
for daemon in $daemons; do
	is "$(of "$daemon" NRestarts)" 0
	echo "# $daemon: $(of "$daemon" StatusText)"
done
