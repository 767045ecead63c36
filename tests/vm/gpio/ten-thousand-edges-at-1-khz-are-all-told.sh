#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In guest uml gpio-sim makes at most one edge of a line in a tick, 10 ms, so 32 lines take
# turns, each every 32 ms. If a guest is held up for longer than that, two edges of a line
# may still be one, which counts as one that was lost. This proves that between the
# kernel's queues and the caller nothing goes missing unsaid, and that order and stamps are
# right; what does not fit a queue is another test's.
. tests/vm/guest.sh

load_gpio_sim 64 header
numbers=$(seq 0 31)
# shellcheck disable=SC2086 # words
start tests/vm/gpio watch header $numbers
wait_until 5 grep -q ready "$work/out"
# shellcheck disable=SC2086 # words
drove=$("$BUILD/tests/vm/gpio" drive -p 1000 -n 10000 "$lines" $numbers)
sum() { awk '{ all += 1 + $4 } END { print all - 1 }' "$work/out"; }
are_all_told() { [ "$(sum)" = 10000 ]; }
wait_until 5 are_all_told
stop
sed -i /ready/d "$work/out"
echo "# $drove: $(wc -l <"$work/out") told, the others counted as lost"
cut -d ' ' -f 3 "$work/out" | sort -n -c || fail 'stamps go back'
# 10000 = 16 x 313 + 16 x 312
is "$(awk '{ sum[$1] += 1 + $4 } END { for (line in sum) print sum[line] }' "$work/out" |
	sort | uniq -c | tr -s ' \n' ' ')" ' 16 312 16 313 '
