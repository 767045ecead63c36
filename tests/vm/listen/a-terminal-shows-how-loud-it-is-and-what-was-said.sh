#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/listen.sh

command -v script >/dev/null || skip 'script is not installed'
LC_ALL=C script -qec "stty rows 16 cols 72; $BUILD/atoll-listen --for=$((6 * ATOLL_VM_SLOW))s" \
	/dev/null </dev/null >"$work/typed" 2>&1 &
running=$!
wait_until 10 is_open
say
wait "$running"
escape=$(printf '\033')
tr -d '\r' <"$work/typed" | sed "s/$escape\\[[?0-9;]*[A-Za-z]//g" >"$work/out"
out_has '^Loopback, 16000 Hz, 1 channel +0:0[0-9]$'
out_has '^  level  #+ +-[0-9]+ dB   peak +-[0-9]+ dB$'
out_has '^  quiet$'
out_has "^ +[0-9]+\.[0-9] %  $word +#+ *$"
out_has "^heard  0:0[0-9] $word *$"
out_has '^words 1   runs [0-9]+   saved [0-9]+   overruns 0   lost 0\.0 s$'
out_has ' 1 words in [0-9.]+ s; 0 overruns, 0\.0 s lost$'
grep -q '?25l' "$work/typed" && grep -q '?25h' "$work/typed"
