#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/listend.sh

# What plays in one form gives the other side no choice.
load_microphone
play /dev/zero S16_LE 48000 2
start_listend
hears '"name":"Loopback, 48000 Hz, 2 channels"'
kill $player
wait $player || true
is_heard
stop
