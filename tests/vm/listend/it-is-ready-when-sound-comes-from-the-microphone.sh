#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/listend.sh

load_microphone
listen_as_systemd
export WATCHDOG_USEC=1000000
is_told_twice() { [ "$(times_told READY=1)" -eq 2 ]; }
start_listend
wait_until 10 told 'READY=1'
is "$(times_told READY=1)" 1
wait_until 10 told 'STATUS=Loopback, 16000 Hz, 1 channel, 0 words so far'
# Pings come while it hears, and when it has lost it.
say
[ "$(times_told WATCHDOG=1)" -ge 2 ]
pull
wait_until 10 told 'STATUS=waiting: .*went away'
put
wait_until 10 hears '"event":"microphone","state":"back"'
is "$(times_told READY=1)" 1
# A new configuration is another start.
kill -HUP "$running"
wait_until 10 told 'RELOADING=1'
wait_until 10 is_told_twice
stop
