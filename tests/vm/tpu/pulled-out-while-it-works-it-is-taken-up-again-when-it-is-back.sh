#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

make_model
start_tpu --attach --model="$work/model.tflite"
wait_until 10 on_usb $application 1
use 1000000 5
wait_until 20 ran '^ok$' 20
for times in 1 2 3; do
	bad=$(grep -c '^failed: ' "$work/runs" || true)
	order unplug
	wait_until 20 ran '^failed: ' $((bad + 1))
	wait_until 10 on_usb $application 0
	good=$(grep -c '^ok$' "$work/runs")
	order replug
	wait_until 30 ran '^ok$' $((good + 20))
done
fails grep -v -e '^ok$' -e '^failed: ' "$work/runs"
kill -0 $user
on_usb $application 1
tpu_says '.* 0 complaints$'
echo "# $(grep -c '^ok$' "$work/runs") runs went well, $(grep -c failed "$work/runs") failed"
grep '^failed' "$work/runs" | sort | uniq -c | sort -rn | head -3 | sed 's/^/# /'
