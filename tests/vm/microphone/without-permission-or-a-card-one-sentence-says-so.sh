#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

for match in auto default webcam; do
	gives 1 tests/vm/microphone hear -m $match
	is "$(cat "$work/err")" "microphone: $match: there is no sound card that records"
done
gives 1 tests/vm/microphone hear -m hw:0,0
is "$(cat "$work/err")" 'microphone: hw:0,0: open: there is no such device'

load_microphone
settle
chmod 0600 /dev/snd/*
why='no permission; is the user in the group audio[?]'
for match in auto 0; do
	# shellcheck disable=SC2024 # the file is ours
	setpriv --reuid=65534 --regid=65534 --clear-groups "$BUILD/tests/vm/microphone" \
		hear -m $match 2>"$work/err" && fail 'could listen'
	err_has "^microphone: .*hw:0.*: $why$"
done
