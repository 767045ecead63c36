#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/headerd.sh

load_header
rules 'at start -> pin 22 high' 'on voice "go" -> pin 16 high' 'on voice "stop" -> pin 16 low'
serve voice
start_headerd
wait_until 10 log_has 'voice is there'
follow 16 22
say '{"event":"word","word":"go"}'
wait_until 5 pin 16 1

rules 'on voice "go" -> pin 16 high' 'on voice "stop" -> pin 6 low' 'at start -> pin 22 low'
reload
log_has "$work/rules:4: pin 6 is GND"
log_has 'keeping the old configuration$'
pin 16 1
pin 22 1
say '{"event":"word","word":"stop"}'
wait_until 5 pin 16 0
say '{"event":"word","word":"go"}'
wait_until 5 pin 16 1

# Right, they are taken: what is used as before stays as it is, what is new begins.
rules 'on voice "off" -> pin 16 low' 'at start -> pin 22 low, pin 18 high'
reload
log_has 'configuration read again'
pin 16 1
pin 22 1
wait_until 5 pin 18 1
say '{"event":"word","word":"stop"}' '{"event":"word","word":"off"}'
wait_until 5 pin 16 0
# Neither client nor source was left on the way, and nobody saw a pin twitch.
is "$(grep -c '"event":"edge"' "$work/edges")" 4
is "$(grep -c 'voice is there' "$work/log")" 1

# A pulse whose rule is gone ends there.
rules 'on voice "ring" -> pin 18 pulse 100s' 'on voice "off" -> pin 16 low'
reload
pin 18 1
say '{"event":"word","word":"ring"}'
sleep 0.5
rules 'on voice "off" -> pin 16 low, pin 18 low'
reload
pin 18 0
stop_headerd
