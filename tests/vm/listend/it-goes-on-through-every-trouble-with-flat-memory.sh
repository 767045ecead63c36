#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/listend.sh

# For $ATOLL_VM_SOAK_S seconds: words, overruns, and a card that leaves and comes
# back, with clients that come and go.
load_microphone
echo 'status = 1s' >"$work/listend.conf"
chmod a+r "$work/listend.conf"
start_listend --config="$work/listend.conf"
daemon=$running losses=0
trouble() {
	is_heard
	losses=$((losses + 1))
	kill -STOP "$daemon"
	sleep 1
	kill -CONT "$daemon"
	wait_until 10 hears_times '"event":"overrun","state":"end"' $losses
	pull
	wait_until 10 hears_times '"event":"microphone","state":"lost"' $losses
	put
	wait_until 10 hears_times '"event":"microphone","state":"back"' $losses
	socat -u UNIX-CONNECT:$folder/listend.sock STDOUT </dev/null >"$work/late" &
	late=$!
	wait_until 10 test -s "$work/late"
	kill -KILL $late
	wait $late || true
}
resident_kb() { sed -nE 's/^VmRSS:[ \t]*([0-9]+) kB/\1/p' "/proc/$daemon/status"; }
files_are() { [ "$(files)" -eq "$1" ]; }
has_one_client() { tail -n 1 "$work/events" | grep -q '"clients":1,'; }
files() { find "/proc/$daemon/fd" | wc -l; }

end=$(($(date +%s) + ATOLL_VM_SOAK_S))
trouble
trouble
wait_until 5 has_one_client
warm_kb=$(resident_kb) files=$(files)
rounds=0
while [ "$rounds" -eq 0 ] || [ "$(date +%s)" -lt $end ]; do
	trouble
	rounds=$((rounds + 1))
done
left_kb=$(resident_kb)
echo "# $rounds times every trouble, $warm_kb kB before, $left_kb kB after"
[ "$left_kb" -le $((warm_kb + 256)) ] || fail "from $warm_kb to $left_kb kB in $rounds rounds"
wait_until 5 files_are "$files"
wait_until 5 has_one_client
hears '"failures":0'
fails hears '"failures":[1-9]'
stop
