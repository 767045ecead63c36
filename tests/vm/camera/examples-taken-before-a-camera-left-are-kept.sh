#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_vivid
gives 0 atoll-teach new -p "$work/teach"
start atoll-teach add -p "$work/teach" -c "$camera" --size=320x180 -n 10000 --every=100ms bars
sleep 3
unplug
wait $running && status=0 || status=$?
is "$status" 1
err_has '^atoll-teach: vivid: the camera went away$'
err_has ": [0-9]+ examples of 10000$"
[ "$(sed -n 's/^bars	//p' "$work/out")" -gt 3 ]
gives 0 atoll-teach train -p "$work/teach"

# So they are when somebody has seen enough.
plug
start atoll-teach add -p "$work/teach" -c "$camera" --size=320x180 -n 10000 --every=100ms bars
sleep 3
stop
[ "$(sed -n 's/^bars	//p' "$work/out")" -gt 6 ]
