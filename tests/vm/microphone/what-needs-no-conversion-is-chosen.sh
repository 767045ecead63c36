#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_microphone
start_hearing
stop
err_has 'hears hw:0,1 .*: 16000 Hz, 1 channels, S16, mapped, 320 of 8000$'
start_hearing -r 44100 -c 8
stop
err_has ': 44100 Hz, 8 channels, S16, '
gives 1 tests/vm/microphone hear -r 7000
err_has '^microphone: hw:0,1: does not give 7000 Hz, only 8000 to '
# Where there is no such rate, ALSA makes it.
start_hearing -m plughw:Loopback,1 -r 7000
stop
err_has 'hears plughw:Loopback,1 \(Loopback\), again plughw:Loopback,1: 7000 Hz'
