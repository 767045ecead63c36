#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_microphone pcm_substreams=1
start_hearing
"$BUILD/tests/vm/microphone" hear 2>"$work/other" && fail 'took a busy microphone'
is "$(cat "$work/other")" \
	"microphone: hw:0,1 (Loopback): open: in use (microphone, process $running)"
"$BUILD/tests/vm/microphone" list >"$work/list"
grep -q "^hw:0,1 .*: in use (microphone, process $running)$" "$work/list" ||
	fail "$(cat "$work/list")"
stop
start_hearing
stop
