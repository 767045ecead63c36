#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/board.sh

for daemon in $daemons; do
	figure=$(systemd-analyze security --no-pager "$daemon.service" |
		sed -nE 's/.*exposure level for .*: ([0-9.]+) .*/\1/p')
	echo "# $daemon: $figure"
	[ "$(echo "$figure" | tr -d .)" -le 25 ]
done
