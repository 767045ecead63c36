#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/headerd.sh

# Linux 6.1 never lets go of a module whose chip left before its lines: count it among
# the guest's own.
load_header
echo gpio_sim >>/run/modules
rules 'on voice "go" -> pin 16 high' 'on pin 11 rising -> pin 13 toggle'
serve voice
start_headerd
wait_until 10 log_has 'voice is there'
say '{"event":"word","word":"go"}'
wait_until 5 pin 16 1

echo 0 >"$device/live"
wait_until 10 log_times 'trying again until it is there' 3
answers '{"get":"16"}' '"error":'
answers '{"status":true}' '"pins":3,"away":3'
# What it hears in the meantime it does when it can.
say '{"event":"word","word":"go"}'
sleep 2
is "$(grep -c 'trying again until' "$work/log")" 3

echo 1 >"$device/live"
find_lines
wait_until 10 log_times 'is back' 3
wait_until 5 pin 16 1
drive 11 up
wait_until 5 pin 13 1
answers '{"status":true}' '"pins":3,"away":0'
stop_headerd
