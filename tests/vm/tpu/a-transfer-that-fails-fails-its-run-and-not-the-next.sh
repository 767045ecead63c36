#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

make_model
start_tpu --attach --model="$work/model.tflite"
wait_until 10 on_usb $application 1
use 1000000 5
wait_until 20 ran '^ok$' 3
for fault in stall@5 timeout@5 short@4 no-event@5 fatal@5 stall@2 timeout@3 hot@4 \
	slow@5+300 unplug@5+200 reset@5; do
	good=$(grep -c '^ok$' "$work/runs")
	order faults 1-1 $fault
	wait_until 40 ran '^ok$' $((good + 40))
	order faults 1-1
done
ran '^failed: ' 4
fails grep -v -e '^ok$' -e '^failed: ' "$work/runs"
echo "# $(grep -c '^ok$' "$work/runs") runs went well, $(grep -c failed "$work/runs") failed"
sed -n 's/^failed: /# /p' "$work/runs"
