#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/doctor.sh

add_user alice
start_patient
use 1000000 5
wait_until 20 ran '^ok$' 5

doctor 14 "$work/model.tflite"
finds bad "usb:[0-9]+-1: tpu \\(process $user\\) has it: stop that program, or let atoll-tpud"

# Who may use it and cannot see by whom it is used.
chmod 666 /dev/bus/usb/*/*
as alice doctor 14 "$work/model.tflite"
finds note 'usb:[0-9]+-1: [0-9]+ processes of others could not be looked into'
finds bad 'usb:[0-9]+-1: another process has it: run "atoll-tpu list" as root'
gives 0 atoll-tpu list
out_has "in use by tpu \\($user\\)$"

# None of this has disturbed that program.
good=$(grep -c '^ok$' "$work/runs")
wait_until 20 ran '^ok$' $((good + 20))
fails grep -v '^ok$' "$work/runs"
kill -KILL $user
wait $user || true
healthy
