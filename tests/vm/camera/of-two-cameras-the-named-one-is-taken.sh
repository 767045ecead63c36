#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_vivid n_devs=2
for number in 0 1; do
	gives 0 atoll-camera stream --camera=VIVID-00$number -n 1 --json
	out_has "\"path\":\"$(node vivid-00$number-vid-cap)\",.*\"bus\":\"platform:vivid-00$number\""
done
gives 1 atoll-camera stream --camera=vivid -n 1
err_has "'vivid'.*$(node vivid-000-vid-cap).*$(node vivid-001-vid-cap)"
gives 1 atoll-camera stream --camera=webcam -n 1
err_has "'webcam' fits none of $(node vivid-000-vid-cap) "
gives 0 atoll-camera stream --camera=auto -n 1
