#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/headerd.sh

load_header
rules 'safe pin 16 high' 'on voice "stop" -> pin 16 low' 'on voice "go" -> pin 16 high' \
	'on vision "cat" for 500ms -> pin 18 pulse 1s' 'lost voice -> pin 16 safe, pin 22 high'
start_headerd
wait_until 5 pin 16 1
pin 18 0
# It comes later, and is found.
serve voice
wait_until 10 log_has 'voice is there'
say '{"event":"word","model":"keywords","word":"stop","score":0.9}'
wait_until 5 pin 16 0
say '{"event":"word","model":"keywords","word":"go","score":0.9}'
wait_until 5 pin 16 1
say '{"event":"word","model":"keywords","word":"no","score":0.9}'
say '{"event":"word","model":"keywords","word":"stop","score":0.9}'
wait_until 5 pin 16 0

# Gone, its pin is as safe as the rule says; back, it is heard again.
leave
wait_until 5 pin 16 1
wait_until 5 pin 22 1
serve voice
say '{"event":"word","word":"stop"}'
wait_until 10 pin 16 0
log_times 'voice is there' 2
stop_headerd
