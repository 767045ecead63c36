#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/listen.sh

gives 0 atoll-listen --list
out_has '^auto  hw:0,1    Loopback, Loopback PCM  8000 to [0-9]+ Hz  1 to 32 channels  S16'
out_has '^      hw:0,0    Loopback, .*\(no microphone\)$'
gives 0 atoll-listen --list --json
out_has '^\[\{"device":"hw:0,0",.*"is_auto":false,.*\{"device":"hw:0,1",.*"is_auto":true,'

# What plays in one form gives the other side no choice; one channel may be enough.
play /dev/zero S16_LE 48000 2
start_listen --channel=2
out_has '"source":"Loopback, 48000 Hz, 2 channels"'
kill $player
wait $player || true
is_heard 1
stop
start_listen --rate=44100 --channels=2
out_has '"source":"Loopback, 44100 Hz, 2 channels"'
is_heard 1
stop

value_of() { amixer -c 0 cget "iface=PCM,name='$1',device=1" | sed -n 's/^  : values=//p'; }
is "$(value_of 'PCM Notify')" off
start_listen --mixer='PCM Notify=on'
stop
is "$(value_of 'PCM Notify')" on
gives 1 atoll-listen --mixer='PGA Capture Volume=4' --for=1s
is_silent out
err_has "^atoll-listen: mixer: .*: there is no control 'PGA Capture Volume'$"
gives 1 atoll-listen --microphone=webcam
err_has "^atoll-listen: microphone: 'webcam' fits none of "
rmmod snd-aloop
gives 1 atoll-listen
lines_are err 1
err_has '^atoll-listen: .*no sound card'
