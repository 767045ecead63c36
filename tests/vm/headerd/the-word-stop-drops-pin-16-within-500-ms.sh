#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/headerd.sh
clip=apps/models/keywords/demo/words.wav

# When the words of the clip end, in milliseconds from its beginning: pieces of at least
# 150 ms that are 5 dB above the quietest tenth, with 300 ms of rest behind them.
ends_of_words() {
	tail -c +45 $clip | od -An -v -t d2 -w320 | awk '
		{ sum = 0; for (i = 1; i <= NF; i++) sum += $i * $i; power[NR] = sum / NF + 1 }
		function quiet(  copy, i, n) {
			for (i = 1; i <= NR; i++) print power[i] | "sort -g >'"$work"'/powers"
			close("sort -g >'"$work"'/powers")
			for (i = 0; i < NR / 10; i++) getline n <"'"$work"'/powers"
			return n
		}
		END {
			floor = quiet() * 3.2
			for (i = 1; i <= NR + 30; i++) {
				if (i <= NR && power[i] > floor) { if (!first) first = i; last = i }
				else if (first && i > last + 30) {
					if (last - first > 15) print last * 10
					first = 0
				}
			}
		}'
}
# The fourth is stop.
end_ms=$(ends_of_words | sed -n 4p)

load_header
load_microphone
"$BUILD/atoll-listend" --events="$folder/voice.sock" --verbose 2>"$work/err" >"$work/none" &
wait_until 10 err_has 'listening to'
rules 'safe pin 16 high' 'on voice "stop" -> pin 16 low'
start_headerd
wait_until 10 log_has 'voice is there'
follow 16
pin 16 1
aplay -q -D plughw:Loopback,0,0 $clip &
wait_until 5 grep -q RUNNING /proc/asound/Loopback/pcm0p/sub0/status
began=$(sed -n 's/^trigger_time: //p' /proc/asound/Loopback/pcm0p/sub0/status)
wait_until 15 pin 16 0
ns=$(sed -nE 's/.*"event":"edge".*"level":"low".*"monotonic_ns":([0-9]+).*/\1/p' "$work/edges")
late_ms=$(echo "$ns $began $end_ms" | awk '{ printf "%d", $1 / 1e6 - $2 * 1e3 - $3 }')
echo "# pin 16 is low $late_ms ms after the end of the word, $end_ms ms into the clip"
grep 'voice: ' "$work/log" | sed 's/^/# /'
[ "$late_ms" -gt -1000 ]
[ "$late_ms" -lt $((500 * ATOLL_VM_SLOW)) ]
stop_headerd
