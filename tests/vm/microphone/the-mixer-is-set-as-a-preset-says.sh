#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_microphone pcm_substreams=1
value_of() { amixer -c 0 cget "iface=PCM,name='$1',device=1" | sed -n 's/^  : values=//p'; }
mix() { gives "$1" tests/vm/microphone mix hw:0 "$2"; }

mix 0 'PCM Rate Shift 100000 = 99000; PCM Notify=on'
is "$(value_of 'PCM Rate Shift 100000')" 99000
is "$(value_of 'PCM Notify')" on
mix 0 'PCM Rate Shift 100000=50%;'
is "$(value_of 'PCM Rate Shift 100000')" 100000

mix 1 'PCM Notify=off; PCM Rate Shift 100000=1'
err_has "^mixer: hw:0: PCM Rate Shift 100000: '1' is not within 80000 to 120000, "
mix 1 'PCM Notify=off; PGA Capture Volume=4'
err_has "^mixer: hw:0: there is no control 'PGA Capture Volume'$"
mix 1 'PCM Notify=off; PCM Slave Active=on'
err_has '^mixer: hw:0: PCM Slave Active: can only be read$'
is "$(value_of 'PCM Notify')" on
gives 1 tests/vm/microphone mix hw:7 'PCM Notify=off'
err_has '^mixer: hw:7: there is no such card$'
