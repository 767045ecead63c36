#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/headerd.sh

load_header
rules 'on vision "cat" for 1s -> pin 18 high' 'on vision "cat" gone -> pin 18 low'
serve vision
start_headerd
wait_until 10 log_has 'vision is there'
# Not for long enough.
say '{"event":"appear","model":"cards","id":1,"label":"cat","score":0.9}' \
	'{"event":"disappear","model":"cards","id":1,"label":"cat"}'
sleep 1.5
pin 18 0
say '{"event":"appear","model":"cards","id":2,"label":"cat","score":0.9}' \
	'{"event":"appear","model":"cards","id":3,"label":"cat","score":0.9}'
wait_until 5 pin 18 1
say '{"event":"disappear","model":"cards","id":2,"label":"cat"}'
sleep 0.5
pin 18 1
say '{"event":"disappear","model":"cards","id":3,"label":"cat"}'
wait_until 5 pin 18 0
# What is seen already when it begins counts from there.
leave
serve vision
say '{"event":"state","things":[{"model":"cards","id":4,"label":"cat","score":0.9}]}'
wait_until 10 pin 18 1
stop_headerd
pin 18 0
