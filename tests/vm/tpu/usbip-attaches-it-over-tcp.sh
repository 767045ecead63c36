#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

[ -x /usr/sbin/usbip ] || skip 'usbip is not installed'
make_model
start_tpu --listen=127.0.0.1:3240 --count=2 --model="$work/model.tflite"
mkdir -p /var/run # where usbip writes down what it did
usbip list -r 127.0.0.1 >"$work/out"
out_has '1-1: .*18d1:9302'
out_has '1-2: .*18d1:9302'
usbip attach -r 127.0.0.1 -b 1-1
wait_until 10 on_usb $application 1
use 20
wait $user
ran '^ok$' 20
fails usbip attach -r 127.0.0.1 -b 1-1
usbip detach -p 0
wait_until 10 on_usb $application 0
usbip attach -r 127.0.0.1 -b 1-1
wait_until 10 on_usb $application 1
tpu_says "$application, in use, .* 0 complaints$"
