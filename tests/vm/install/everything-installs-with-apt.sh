#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/board.sh

is "$(our_packages)" ''
install_everything
# Nothing else was missing, nothing was taken away.
grep '^Inst\|^Setting up' "$work/out" >"$work/set-up"
fails grep -vE '^Setting up (lib)?atoll' "$work/set-up"
is "$(our_packages | grep -vc 'ii $')" 0
is "$(our_packages | wc -l)" "$(find "$packages" -maxdepth 1 -name '*.deb' | wc -l)"
[ -z "$(dpkg --audit)" ]
apt check
wait_until 10 all_are_up
nothing_failed
for daemon in $daemons; do
	is "$(systemctl is-enabled "$daemon")" enabled
	is "$(of "$daemon" NRestarts)" 0
done
