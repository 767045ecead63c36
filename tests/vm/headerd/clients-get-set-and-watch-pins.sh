#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/headerd.sh

load_header
rules 'on voice "go" -> pin 16 high' 'on pin 11 rising -> pin 13 toggle'
start_headerd
is "$(stat -c %a "$control")" 660

drive 22 up
answers '{"get":"22"}' '^\{"pin":22,"name":"IO22","level":"high","direction":"in"\}$'
answers '{"get":"D25"}' '"pin":22'
answers '{"get":6}' '^\{"error":"pin 6: is GND, no GPIO"\}$'
answers '{"get":8}' '^\{"error":"pin 8: is UTXD0, the console"\}$'
answers '{"get":3}' '^\{"error":"pin 3: is SDA1, i2c.1.sda"\}$'
answers '{"get":"nothing"}' '^\{"error":'
answers '{"set":36,"level":"high"}' '^\{"error":"pin 36: is IO36, only an input"\}$'
answers '{"set":16,"level":"high"}' '^\{"error":"pin 16: is an output of the rules"\}$'
pin 16 0

# It stays when the client is gone, and others see it.
follow 18 22
answers '{"set":["18","22"],"level":"high"}' '"pin":18,.*"direction":"out","owner":"clients"'
pin 18 1
answers '{"set":"18","level":"low"}' '"level":"low"'
pin 18 0
wait_until 5 edges_are 2
answers '{"release":18}' '"pin":18,.*"direction":"in"'
answers '{"release":18}' '"error":"pin 18: no client has set it"'
drive 18 up
wait_until 5 edges_are 3
is "$(grep -c . "$work/edges")" 5
kill $following
# Whoever has it now is told.
gpioset --mode=signal "$chip" 72=1 &
wait_until 5 pin 32 1
answers '{"get":"32"}' '"error":".*gpioset'
kill $!

# With their word rules share their outputs, never their inputs.
rules 'takeover = yes' 'on voice "go" -> pin 16 high' 'on pin 11 rising -> pin 13 toggle'
reload
wait_until 5 test -S "$control"
answers '{"set":16,"level":"high"}' '"pin":16,.*"level":"high","direction":"out","owner":"rules"'
pin 16 1
answers '{"set":11,"level":"high"}' '"error":"pin 11: is an input of the rules"'
stop_headerd
pin 16 0
