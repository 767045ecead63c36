#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/listend.sh

# Ready, for it can do no more; how it is, its status says.
listen_as_systemd
start_listend
wait_until 10 told 'STATUS=waiting: .*there is no sound card'
wait_until 10 told 'READY=1'
hears '"microphone":"waits"'
load_microphone
wait_until 10 hears '"event":"microphone","state":"back","name":"Loopback, 16000 Hz, 1 channel"'
wait_until 10 told 'STATUS=Loopback, 16000 Hz, 1 channel, 0 words so far'
is_heard
stop
told 'STOPPING=1'
