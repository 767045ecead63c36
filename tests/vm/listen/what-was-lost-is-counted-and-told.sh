#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/listen.sh

start_listen
is_heard 1
for times in 1 2; do
	kill -STOP "$running"
	sleep 1.5
	kill -CONT "$running"
	wait_until 10 out_count "\"state\":\"hears\".*\"overruns\":$times," 1
	is_heard $((1 + times))
done
stop
tail -n 1 "$work/out" | grep -qE '"state":"ended".*"overruns":2,"lost_s":[23]\.' ||
	fail "$(tail -n 1 "$work/out")"
err_has '^atoll-listen: 3 words in [0-9.]+ s; 2 overruns, [23]\.[0-9] s lost$'
