#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

make_model
start_tpu --attach --model="$work/model.tflite"
wait_until 10 on_usb $application 1
for times in 1 2 3 4 5; do
	use 1000000
	wait_until 20 ran '^ok$' $((times * 7))
	kill -KILL $user
	wait $user || true
done
use 5
wait $user
is "$(uniq -c <"$work/runs" | tr -d ' \n')" 5ok
tpu_says "$application, in use, .* 0 complaints$"
