#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

feed YUYV 30 "$cards"/demo/nothing.jpg "$cards"/demo/bell.jpg "$cards"/demo/key.jpg
start_visiond --source=camera:outside
for card in bell key; do
	wait_until 20 hears "\"event\":\"appear\",\"model\":\"model\",.*\"label\":\"$card\""
	wait_until 20 hears "\"event\":\"disappear\",\"model\":\"model\",.*\"label\":\"$card\""
done
stop
