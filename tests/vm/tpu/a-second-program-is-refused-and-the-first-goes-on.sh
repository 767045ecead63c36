#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# An open begins with a reset, but not under the hands of somebody.
. tests/vm/guest.sh

make_model
start_tpu --attach --model="$work/model.tflite"
wait_until 10 on_usb $application 1
use 1000000 5
wait_until 20 ran '^ok$' 5
for times in 1 2 3; do
	good=$(grep -c '^ok$' "$work/runs")
	"$BUILD/tests/vm/tpu" run "$work/model.tflite" 1 >"$work/second" 2>&1 &&
		fail 'the second one got it'
	grep -q 'another program' "$work/second" || fail "$(cat "$work/second")"
	gives 1 atoll-tpu info
	err_has "is in use by tpu \\($user\\)$"
	gives 1 atoll-tpu reset
	wait_until 20 ran '^ok$' $((good + 10))
done
fails grep -v '^ok$' "$work/runs"
tpu_says "$application, in use, .* 0 complaints$"

# Nor when the first one sleeps between two runs.
kill -KILL $user
wait $user || true
use 2 1500
wait_until 20 ran '^ok$' 1
"$BUILD/tests/vm/tpu" run "$work/model.tflite" 1 >"$work/second" 2>&1 &&
	fail 'the second one got it'
wait $user
is "$(cat "$work/runs")" 'ok
ok'
