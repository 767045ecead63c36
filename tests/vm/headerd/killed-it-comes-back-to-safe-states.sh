#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/headerd.sh

load_header
rules 'safe pin 16 low' 'safe pin 18 high' 'on voice "go" -> pin 16 high, pin 18 low'
# Where nobody holds them they are not safe.
drive 16 up
drive 18 down
serve voice
start_headerd
pin 16 0
pin 18 1
say '{"event":"word","word":"go"}'
wait_until 5 pin 16 1
wait_until 5 pin 18 0

kill -KILL $headerd
wait $headerd || true
echo "# killed while it held pin 16 high against nothing, pin 18 low: they are" \
	"$(level 16) and $(level 18), as the simulator pulls them"
leave
is "$(grep -c 'sim_gpio' /sys/kernel/debug/gpio 2>/dev/null || true)" 0
test -S "$control"
start_headerd
pin 16 0
pin 18 1
answers '{"get":[16,18]}' '"pin":16,.*"level":"low","direction":"out","owner":"rules"'
out_has '"pin":18,.*"level":"high","direction":"out","owner":"rules"'

# And so it is when it is asked to end.
ask '{"status":true}'
stop_headerd
fails test -S "$control"
echo "# ended in order: pins 16 and 18 are $(level 16) and $(level 18) once it let them go"
