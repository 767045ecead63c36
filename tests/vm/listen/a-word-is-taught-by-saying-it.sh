#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/listen.sh

# Backwards, it is speech that the model does not know.
tail -c +45 "$clip" | od -An -v -tu1 -w2 | tac | awk '{ printf "%c%c", $1, $2 }' >"$work/tail"
{ head -c 44 "$clip"; cat "$work/tail"; } >"$work/backwards.wav"

start atoll-listen --teach=neves --examples=3 --words="$work/words"
for times in 1 2 3; do
	wait_until 10 err_has "^atoll-listen: say 'neves' \($times of 3\)$"
	say "$work/backwards.wav"
done
wait "$running"
err_has "^atoll-listen: 'neves' learnt from 3 examples, kept in $work/words$"

start_listen --words="$work/words"
say "$work/backwards.wav"
wait_until 5 out_count '"word":"neves".*"is_taught":true' 1
say
wait_until 5 out_count "\"word\":\"$word\".*\"is_taught\":false" 1
stop

# Half a lesson is none.
start atoll-listen --teach=half --words="$work/words"
wait_until 10 err_has "say 'half' \(1 of 5\)$"
kill -INT "$running"
wait "$running" && status=0 || status=$?
is $status 1
fails grep -q half "$work/words"
