#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

folder=$data/models
models='mobilenet_v1_0.25_128_quant split_concat dense_256'
[ -e "$folder" ] || skip "$folder is not there"
teach=
for model in $models; do
	teach="$teach --model=$folder/${model}_edgetpu.tflite,$folder/$model.tflite"
done
# shellcheck disable=SC2086 # one word each
start_tpu --attach --speed=super $teach
wait_until 10 on_usb $application 1
for model in $models; do
	gives 0 atoll-model run --fill=pattern --device=cpu "$folder/$model.tflite"
	mv "$work/out" "$work/expected"
	gives 0 atoll-model run --fill=pattern --device=usb "$folder/${model}_edgetpu.tflite"
	diff "$work/expected" "$work/out"
done
tpu_says "$application, in use, 3 runs, .* 0 complaints$"
