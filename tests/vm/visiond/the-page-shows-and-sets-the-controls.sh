#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_vivid
start_visiond --source=camera:vivid
goes_on
curl -s "${page}controls" >"$work/out"
out_has '"name":"brightness",.*"value":128'
curl -s -f -d 'name=brightness&value=77' "${page}controls"
is "$(v4l2-ctl -d "$camera" -C brightness)" 'brightness: 77'
curl -s "${page}snapshot.jpg" >"$work/now.jpg"
is "$("$BUILD/tests/vm/pixels" greys "$work/now.jpg" | wc -w)" 8
stop
