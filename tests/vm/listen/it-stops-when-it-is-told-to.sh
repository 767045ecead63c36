#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/listen.sh

start atoll-listen --until=$word --for=1min
wait_until 10 is_open
say
wait "$running"
lines_are out 1
out_has "^[0-9]+\.[0-9]{2}	$word	[01]\.[0-9]{4}$"

gives 1 atoll-listen --until=$word --for=500ms
is_silent out
gives 0 atoll-listen --for=500ms
is_silent out
err_has '^atoll-listen: 0 words in 0\.[0-9] s; 0 overruns, 0\.0 s lost$'

# The same while there is none.
start_listen --for=3s
pull
wait_until 10 out_count '"state":"away"' 1
wait "$running"
put
wait_until 5 test -c /dev/snd/pcmC0D1c

for signal in INT TERM; do
	start_listen
	kill -s $signal "$running"
	wait "$running"
	err_has ' words in .* overruns, '
done
