#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

# For $ATOLL_VM_SOAK_S seconds: damaged, dropped and fatal buffers, errors at the
# start, and a camera that leaves and comes back, with a viewer on the page.
load_vivid
start_visiond --source=camera:vivid
daemon=$running
goes_on
curl -s -N "${page}stream.mjpeg" >/dev/null &

losses=0
trouble() {
	press inject_v4l2_buf_flag_error
	v4l2-ctl -d "$camera" -c percentage_of_dropped_buffers=40
	goes_on
	v4l2-ctl -d "$camera" -c percentage_of_dropped_buffers=0

	press inject_fatal_streaming_error
	losses=$((losses + 1))
	wait_until 10 hears_times '"event":"camera","state":"back"' $losses
	goes_on

	unplug
	losses=$((losses + 1))
	wait_until 10 hears_times '"event":"camera","state":"lost"' $losses
	plug
	wait_until 10 hears_times '"event":"camera","state":"back"' $losses
	calm
	goes_on
}
resident_kb() { sed -nE 's/^VmRSS:[ \t]*([0-9]+) kB/\1/p' "/proc/$daemon/status"; }

end=$(($(date +%s) + ATOLL_VM_SOAK_S))
trouble
trouble
warm_kb=$(resident_kb) rounds=0
while [ "$rounds" -eq 0 ] || [ "$(date +%s)" -lt $end ]; do
	trouble
	rounds=$((rounds + 1))
done
left_kb=$(resident_kb)
echo "# $rounds times every trouble, $warm_kb kB before, $left_kb kB after"
[ "$left_kb" -le $((warm_kb + 512)) ] || fail "from $warm_kb to $left_kb kB in $rounds rounds"
[ "$(state damaged)" -gt "$rounds" ]
is "$(state failures)" 0
stop
