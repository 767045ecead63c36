#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# atoll-listend as a user, its clients and an intruder see it.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/cli/clip.sh
. "$(dirname "$0")/clip.sh"
tool=atoll-listend up='listening to|waiting for it'
# shellcheck source=tests/cli/daemon.sh
. "$(dirname "$0")/daemon.sh"
try="try '$tool --help'"
make_clip

# start OPTION...: the daemon with the model of the word; on the clip.
start() { launch --model="$model" --events="$work/events" "$@"; }
start_on_clip() { start --file="$clip" "$@"; }

a_wrong_command_line_is_named() {
	gives 2 $tool extra && err_is "$tool: 'extra' is one too many
$try" &&
	gives 2 $tool --file=a --microphone=b && err_is "$tool: --file: there is a microphone already
$try"
}

check_says_what_is_wrong_and_where() {
	printf '# fine\nclients = 2\n[model.keywords]\nthreshold = 0.8\n' >"$work/good.conf"
	printf 'clients = 2\nhop = often\n' >"$work/bad.conf"
	printf 'colour = blue\n' >"$work/odd.conf"
	gives 0 $tool --check --config="$work/good.conf" && is_silent out && is_silent err &&
	gives 78 $tool --check --config="$work/bad.conf" && lines_are err 1 &&
	err_has "^$tool: $work/bad.conf:2: hop: " &&
	gives 0 $tool --check -c "$work/odd.conf" &&
	err_is "$tool: $work/odd.conf:1: colour: unknown, passed over" &&
	gives 78 $tool --check -c "$work/nowhere.conf" &&
	err_is "$tool: $work/nowhere.conf: No such file or directory"
}

what_cannot_be_opened_is_named() {
	gives 1 $tool --model=nowhere.tflite --events=off && is_silent out &&
	err_is "$tool: model model: nowhere.tflite: No such file or directory" &&
	gives 1 $tool --file=nowhere.wav --model="$model" --events=off &&
	lines_are err 1 && err_has "^$tool: .*nowhere.wav.*: No such file or directory$" &&
	gives 1 $tool --file="$model" --model="$model" --events=off && lines_are err 1 &&
	gives 1 $tool --file="$clip" --model="$model" \
		--events="$work/no/such/folder" && lines_are err 1 &&
	err_has "$work/no/such/folder: No such file or directory$"
}

who_listens_hears_the_words() {
	needs socat || return 77
	start_on_clip && listen_for '"event":"word"' &&
	sed -n 1p "$work/lines" | grep -qE \
		'^\{"event":"state","microphone":"(hears|opens)",.*"models":\[\{"name":"model","words":\[.*"yes"' &&
	matches lines "^\{\"event\":\"word\",\"model\":\"model\",\"index\":[0-9]+,\"word\":\"$word\",\"score\":[01](\.[0-9]+)?,\"start_ns\":[0-9]+,\"time\":\"20[0-9T:.-]+Z\",\"monotonic_ns\":[0-9]+,\"latency_ms\":[0-9.]+\}$" &&
	! grep -q '"words":\[[^]]*"silence"' "$work/lines" && stop
}

# The model of its own, and its demo: yes, seven, left, stop, three, go.
without_any_configuration_it_hears_the_shipped_words() {
	needs socat || return 77
	launch --file=$keywords/demo/words.wav --events="$work/events" &&
	listen_for '"word":"go"' || return
	stop
	sed -nE 's/.*"model":"keywords".*"word":"([a-z]+)".*/\1/p' "$work/lines" |
		tr '\n' ' ' >"$work/heard"
	grep -q 'seven left stop three go $' "$work/heard" || { sed 's/^/# /' "$work/heard"; return 1; }
}

a_published_model_hears_a_person() {
	needs socat || return 77
	skip_unless "$data/models/mlperf_kws_ref_int8.tflite" "$data/audio/yes_1000ms.wav" ||
		return 77
	make_clip "$data/audio/yes_1000ms.wav"
	start_on_clip --model="$data/models/mlperf_kws_ref_int8.tflite" &&
	listen_for '"model":"model","index":9,"word":"Yes"' && stop
	result=$?
	make_clip
	return $result
}

# The clip begins again every three seconds.
a_word_that_is_said_once_is_told_once() {
	needs socat || return 77
	start_on_clip && listen twice || return
	sleep 7
	kill $listener
	times=$(grep -c "\"word\":\"$word\"" "$work/twice")
	echo "# $times times in 7 s"
	[ "$times" -ge 2 ] && [ "$times" -le 3 ] && stop
}

ready_is_told_to_systemd_and_the_end_too() {
	needs socat || return 77
	tells_systemd '[1-9] words so far' --model="$model" --events="$work/events" --file="$clip"
}

it_stops_in_order() {
	stops_in_order "$work/events" --model="$model" --events="$work/events" --file="$clip"
}

several_models_hear_the_same() {
	needs socat || return 77
	printf '[model.one]\nfile = %s\n[model.two]\nfile = %s\nhop = 50ms\ngate = no\n' \
		"$model" "$model" >"$work/two.conf"
	launch --config="$work/two.conf" --file="$clip" --events="$work/events" &&
	listen_for '"model":"two","index"' &&
	listen_for "\"model\":\"one\",\"index\":[0-9]+,\"word\":\"$word\"" && stop
}

a_threshold_of_one_word_counts_for_it() {
	needs socat || return 77
	printf 'status = 1s\n[model.one]\nfile = %s\nthresholds = %s 1, no 0.5\n' "$model" $word \
		>"$work/high.conf"
	launch --config="$work/high.conf" --file="$clip" --events="$work/events" &&
	listen high || return
	sleep 4
	kill $listener
	! grep -q "\"word\":\"$word\"" "$work/high" && matches high '"event":"status"' && stop &&
	printf '[model.one]\nfile = %s\nthresholds = Yeah 0.5\n' "$model" >"$work/none.conf" &&
	gives 1 $tool --config="$work/none.conf" --file="$clip" --events=off &&
	err_has "Yeah"
}

how_it_goes_is_told_once_in_a_while() {
	needs socat || return 77
	printf 'status = 1s\nclients = 2\n' >"$work/status.conf"
	start_on_clip --config="$work/status.conf" &&
	listen_for '"event":"status","microphone":"hears".*"heard_ms":[1-9].*"words":[1-9]' &&
	matches lines '"overruns":0,"lost_ms":0,"returns":0,"models":\[\{"name":"model","device":"cpu",' &&
	matches lines '"rested":[0-9]+,"late":[0-9]+,"failures":0' && stop
}

# Each hears everything; one too many is turned away, and what is said to it is
# nothing to the daemon.
clients_come_and_go_and_say_what_they_like() {
	needs socat || return 77
	printf 'clients = 3\n' >"$work/clients.conf"
	start_on_clip --config="$work/clients.conf" || return
	listen first
	one=$listener
	listen second
	two=$listener
	(head -c 300000 /dev/urandom; sleep 5) |
		socat - UNIX-CONNECT:"$work/events" >"$work/third" 2>"$work/err" &
	three=$!
	until_true [ -s "$work/first" ] && until_true [ -s "$work/second" ] &&
	until_true [ -s "$work/third" ] || return
	socat -u UNIX-CONNECT:"$work/events" STDOUT >"$work/fourth" 2>"$work/none"
	for name in first second third; do
		until_true grep -q "\"word\":\"$word\"" "$work/$name" || return
	done
	[ ! -s "$work/fourth" ] || { echo '# four were served'; return 1; }
	kill $one
	wait $one 2>"$work/none"
	listen_for '"event":"state"' || return
	kill $two $three 2>"$work/none"
	kill -0 "$pid" && stop
}

a_wrong_configuration_is_not_taken() {
	needs socat || return 77
	printf 'status = 1s\n' >"$work/listend.conf"
	start_on_clip --config="$work/listend.conf" && listen through || return
	printf '\nclients = none\n' >"$work/listend.conf"
	kill -HUP "$pid"
	until_true said "$work/listend.conf:2: clients.*; keeping the old configuration$" &&
	until_true grep -q '"event":"status"' "$work/through" || return
	printf 'threshold = 0.5\nstatus = 0\n' >"$work/listend.conf"
	reload || return
	# Who listened before still does, and was not told that the sound was away.
	lines=$(wc -l <"$work/through")
	more() { [ "$(wc -l <"$work/through")" -gt "$lines" ]; }
	until_true more && tail -n +2 "$work/through" | tail -n 1 | grep -q '"event":"word"' &&
	! grep -q '"event":"microphone"' "$work/through" || return
	kill $listener
	printf 'clients = 1\nevents = %s\n' "$work/events" >"$work/listend.conf"
	reload && listen_for '"event":"word"' && stop
}

without_a_microphone_it_waits() {
	needs socat || return 77
	start --microphone='no such thing' && said 'no such thing.*waiting for it$' &&
	listen_for '"event":"state","microphone":"waits",.*"why":".*no such thing' && sleep 2 &&
	[ "$(grep -c 'no such thing' "$work/log")" -eq 1 ] && stop
}

# shellcheck disable=SC2086 # a list of names
run_tests $every_program a_wrong_command_line_is_named check_says_what_is_wrong_and_where \
	what_cannot_be_opened_is_named who_listens_hears_the_words \
	without_any_configuration_it_hears_the_shipped_words a_published_model_hears_a_person \
	a_word_that_is_said_once_is_told_once ready_is_told_to_systemd_and_the_end_too \
	it_stops_in_order several_models_hear_the_same a_threshold_of_one_word_counts_for_it \
	how_it_goes_is_told_once_in_a_while clients_come_and_go_and_say_what_they_like \
	a_wrong_configuration_is_not_taken without_a_microphone_it_waits
