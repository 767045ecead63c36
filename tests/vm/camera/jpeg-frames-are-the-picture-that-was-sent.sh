#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

feed JPEG 15 $cards/demo/key.jpg
gives 0 atoll-camera snap --camera='fed from' --skip=1 "$work/key.png"
[ "$("$BUILD/tests/vm/pixels" same $cards/demo/key.jpg "$work/key.png")" -le 1 ]
