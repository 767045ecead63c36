#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/doctor.sh

add_user alice
start_patient
chmod 666 /dev/bus/usb/*/*
doctor 0
finds ok 'atoll-tpud: does not run'

# It has the device and lends it to everybody.
socket=/run/atoll/tpu.sock
at_the_end "rm -f $socket"
"$BUILD/atoll-tpud" >"$work/events" 2>&1 &
daemon=$!
wait_until 20 grep 'usb:.*: ready' "$work/events"
chmod 666 $socket
doctor 0 "$work/model.tflite"
finds ok "usb:[0-9]+-1: atoll-tpud \\(process $daemon\\) has it: use it with --device=serve"
finds ok "atoll-tpud: listens on $socket"
finds ok 'atoll-tpud: an inference took '
as alice doctor 0 "$work/model.tflite"
finds ok 'usb:[0-9]+-1: another process has it, which atoll-tpud seems to be'
finds ok 'atoll-tpud: an inference took '

# Its socket is not for her.
chgrp plugdev $socket
chmod 660 $socket
as alice doctor 14
finds bad "atoll-tpud: $socket is for the group plugdev: run \"adduser alice plugdev\" as root"
chmod 600 $socket
as alice doctor 14
finds bad "atoll-tpud: $socket is not for alice: set \"group\" and"

# It died and left its socket.
kill -KILL "$daemon"
wait "$daemon" || true
chmod 666 $socket
doctor 21 "$work/model.tflite"
finds ok 'usb:[0-9]+-1: an inference took '
finds bad "atoll-tpud: nobody listens on $socket: run \"systemctl restart atoll-tpud\" .*or remove"
rm $socket
echo >$socket
doctor 21
finds bad "atoll-tpud: $socket is no socket: remove it"
rm $socket
healthy
