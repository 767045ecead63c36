#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_vivid
start atoll-camera stream -c "$camera" -s 320x180 -r 60 --json
# Of no effect before the stream has really begun.
is_restarted() {
	press inject_fatal_streaming_error
	sleep 0.2
	err_has "^atoll-camera: $camera: the stream ended in an error and was started again$"
}
wait_until 10 is_streaming
wait_until 10 is_restarted
wait_until 10 is_streaming
sleep 1
stop
[ "$(value lost)" -ge 1 ]
[ "$(value frames)" -gt 40 ]
