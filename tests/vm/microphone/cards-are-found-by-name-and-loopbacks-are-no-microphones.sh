#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

hears() {
	start_hearing -m "$1"
	stop
	err_has "^hears $2 "
}

load_microphone
ATOLL_BOARD=
gives 1 tests/vm/microphone hear
is "$(cat "$work/err")" 'microphone: auto: no microphone among hw:0,0 (Loopback),'\
' hw:0,1 (Loopback); one of them has to be named'
gives 1 tests/vm/microphone hear -m webcam
err_has "^microphone: 'webcam' fits none of hw:0,0 \(Loopback\), "
hears 0 hw:0,0
hears LOOP hw:0,0
hears hw:Loopback,1 hw:Loopback,1

modprobe -n snd-dummy 2>/dev/null || skip 'no second kind of card'
load snd-dummy
wait_until 5 test -c /dev/snd/pcmC1D0c
gives 0 tests/vm/microphone list
out_has '^hw:0,1 \[Loopback\] Loopback, Loopback PCM: other, 8000 to [0-9]+ Hz, 1 to 32 '
out_has '^hw:1,0 \[Dummy\] Dummy, Dummy PCM: microphone, '
hears auto hw:1,0
ATOLL_BOARD=board/boards/virtual.conf
hears auto hw:0,1
