#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_vivid
start atoll-camera stream -c "$camera"
wait_until 10 is_streaming
holder=$running
start_visiond --source=camera:vivid
wait_until 10 err_has "in use \(atoll-camera, .*waiting for it$"
kill "$holder"
wait_until 10 hears '"event":"camera","state":"back"'
goes_on
stop
