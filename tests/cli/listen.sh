#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# atoll-listen as a user sees it, who has files but no microphone.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/cli/clip.sh
. "$(dirname "$0")/clip.sh"
tool=atoll-listen
try="try '$tool --help'"
HOME=$work/home
unset XDG_DATA_HOME
export HOME

# wav RATE CHANNELS BITS [FORMAT] <SAMPLES: with a header before them.
wav() {
	cat >"$work/samples"
	size=$(wc -c <"$work/samples")
	printf RIFF; le 4 $((size + 36)); printf 'WAVEfmt '; le 4 16
	le 2 "${4:-1}"; le 2 "$2"; le 4 "$1"; le 4 $(($1 * $2 * $3 / 8))
	le 2 $(($2 * $3 / 8)); le 2 "$3"; printf data; le 4 "$size"
	cat "$work/samples"
}
# Two seconds of nothing, and of noise in 8 bits.
head -c 64000 /dev/zero | wav 16000 1 16 >"$work/silence.wav"
awk 'BEGIN { srand(1); for (i = 0; i < 32000; i++) printf "%c", 110 + int(36 * rand()) }' |
	wav 16000 1 8 >"$work/noise.wav"

# The first word of the shipped recording.
words=$keywords/demo/words.wav clip=$work/yes.wav word=yes
needs_model() { skip_unless "$model"; }
needs_word() {
	skip_unless "$model" "$words" || return
	[ -e "$clip" ] || tail -c +45 "$words" | head -c 64000 | wav 16000 1 16 >"$clip"
}
# What is told of the clip, whose samples begin after 44 bytes.
heard="[0-9]\.[0-9]{2}	$word	[01]\.[0-9]{4}"
listen() {
	expected_status=$1
	shift
	gives "$expected_status" $tool "$@"
}

a_wrong_number_is_named() {
	gives 2 $tool --threshold=high a && err_is "$tool: --threshold: 'high' is not a number
$try" &&
	gives 2 $tool --threshold=1.5 a && err_is "$tool: --threshold: 1.5 is not within 0.01 to 1
$try" &&
	gives 2 $tool --hop=5ms a && err_is "$tool: --hop: 5ms is not within 10ms to 1000ms
$try" &&
	gives 2 $tool --hop=often a &&
	err_is "$tool: --hop: 'often' is not a duration like 250ms, 1.5s or 10min
$try" &&
	gives 2 $tool --channel=0 a && err_is "$tool: --channel: 0 is not within 1 to 8
$try" &&
	gives 2 $tool --rate=1 - && err_is "$tool: --rate: 1 is not within 1000 to 384000
$try" &&
	gives 2 $tool --samples=S8 --rate=8000 - &&
	err_is "$tool: --samples: 'S8' is not one of S16, S24, S24_3, S32, U8, F32
$try" &&
	gives 2 $tool --teach=x --examples=2 && err_is "$tool: --examples: 2 is not within 3 to 5
$try" &&
	gives 2 $tool --for=0s a && err_has "^$tool: --for: 0s is not within 1ms to 8760h$" &&
	gives 2 $tool -t x a && err_has "^$tool: --threads: 'x' is not a whole number$"
}

options_that_do_not_go_together_are_refused() {
	gives 2 $tool --microphone=auto a.wav && err_is "$tool: --microphone or files, not both
$try" &&
	gives 2 $tool --mixer=board a.wav && err_is "$tool: --mixer is for microphones
$try" &&
	gives 2 $tool --rate=8000 a.wav && lines_are err 2 &&
	err_has "^$tool: --rate is for microphones and raw samples on standard input" &&
	gives 2 $tool --channels=2 - &&
	err_has "^$tool: --channels: raw samples on standard input \(-\) want a --rate$" &&
	gives 2 $tool --samples=U8 - && err_has "^$tool: --samples: raw samples " &&
	gives 2 $tool --samples=U8 && err_has "^$tool: --samples is for raw samples " &&
	gives 2 $tool --examples=3 a.wav && err_has "^$tool: --examples: of which word\?" &&
	gives 2 $tool --teach=x --until=y && err_has "^$tool: --teach or --until, not both$" &&
	gives 2 $tool --teach=x --json && err_has "^$tool: --teach or --json, not both$" &&
	gives 2 $tool --until= a && err_has "^$tool: --until: which word\?$" &&
	gives 2 $tool --list a.wav && err_has "^$tool: --list: 'a.wav' is too much$"
}

a_model_that_cannot_be_used_is_named() {
	gives 1 $tool -m nowhere.tflite "$work/noise.wav" && is_silent out &&
	err_is "$tool: nowhere.tflite: No such file or directory" &&
	gives 1 $tool -m "$work/noise.wav" "$work/noise.wav" && is_silent out &&
	lines_are err 1 && err_has "^$tool: $work/noise.wav: " || return
	skip_unless $cards/cards.tflite || return 77
	gives 1 $tool -m $cards/cards.tflite "$work/noise.wav" && is_silent out &&
	lines_are err 1 && err_has "^$tool: $cards/cards.tflite: "
}

a_word_is_a_line_and_nothing_else() {
	needs_word || return 77
	listen 0 "$clip" && is_silent err && lines_are out 1 && out_has "^$heard$"
}

the_words_of_the_shipped_recording_are_heard() {
	needs_word || return 77
	listen 0 "$words" && is_silent err &&
	cut -f 2 "$work/out" | tr '\n' ' ' >"$work/said" &&
	[ "$(cat "$work/said")" = 'yes seven left stop three go ' ] || {
		echo "# heard: $(cat "$work/said")"
		return 1
	}
	# One after the other, each at its own time.
	cut -f 1 "$work/out" | sort -c -g -u
}

published_models_hear_too() {
	mlperf=$data/models/mlperf_kws_ref_int8.tflite
	skip_unless "$mlperf" "$data/audio" || return 77
	listen 0 -m "$mlperf" "$data/audio/yes_1000ms.wav" && is_silent err && lines_are out 1 &&
	out_has '	Yes	' &&
	listen 0 -m "$mlperf" "$data/audio/silence_1000ms.wav" && is_silent err && is_silent out
}

# Its answers are a pattern, of which only the way to them counts.
a_compiled_model_runs_on_an_emulated_tpu() {
	compiled=$data/models/voice_commands_v0.8_edgetpu.tflite
	skip_unless "$compiled" "$data/audio" || return 77
	set -- -m "$compiled" -l "$data/models/voice_commands_labels.txt" --no-gate \
		"$data/audio/yes_1000ms.wav"
	listen 0 --device=emu "$@" && is_silent err && lines_are out 1 || return
	cp "$work/out" "$work/expected"
	listen 0 --device=emu "$@" && cmp "$work/expected" "$work/out" &&
	listen 1 --device=cpu "$@" && is_silent out && lines_are err 1 &&
	err_has "^$tool: $compiled: operator 0: compiled for the Edge TPU, which device cpu is not"
}

a_stranger_is_understood() {
	needs_model || return 77
	skip_unless "$data/audio" || return 77
	listen 0 "$data/audio/yes_1000ms.wav" && is_silent err && lines_are out 1 &&
	out_has '	yes	' || return
	for what in silence noise; do
		listen 0 "$data/audio/${what}_1000ms.wav" && is_silent err && is_silent out ||
			return
	done
}

# What atoll-compile made of the shipped model.
what_we_compiled_hears_the_same_on_an_emulated_tpu() {
	needs_word && skip_unless "$BUILD/atoll-compile" || return 77
	cp "$model" "$work/own.tflite" &&
	gives 0 atoll-compile -o "$work" "$work/own.tflite" &&
	set -- -l "$keywords/keywords_labels.txt" "$work/own_edgetpu.tflite" &&
	listen 0 -d cpu -l "$2" -m "$3" "$words" && is_silent err &&
	[ "$(wc -l <"$work/out")" -ge 5 ] && mv "$work/out" "$work/cpu" &&
	listen 0 -d emu -l "$2" -m "$3" "$words" && is_silent err && cmp "$work/out" "$work/cpu" &&
	listen 0 -d usb -l "$2" -m "$3" "$words" && cmp "$work/out" "$work/cpu" && lines_are err 1 &&
	err_has "^$tool: .*own_edgetpu.tflite: compiled for emulated devices: the CPU runs it\$"
}

silence_and_noise_give_nothing() {
	needs_model || return 77
	listen 0 "$work/silence.wav" && is_silent out && is_silent err &&
	listen 0 --no-gate "$work/silence.wav" && is_silent out && is_silent err &&
	listen 0 "$work/noise.wav" && is_silent out && is_silent err &&
	listen 0 --no-gate "$work/noise.wav" && is_silent out && is_silent err
}

of_several_files_each_is_named() {
	needs_word || return 77
	listen 0 "$clip" "$work/silence.wav" "$clip" && is_silent err && lines_are out 2 &&
	out_has "^$clip	$heard$" &&
	[ "$(sort -u "$work/out" | wc -l)" -eq 1 ]
}

what_cannot_be_read_does_not_stop_the_others() {
	needs_word || return 77
	echo 'hello, I am no sound' >"$work/words.txt"
	: >"$work/empty.wav"
	head -c 20 "$work/noise.wav" >"$work/short.wav"
	head -c 4096 /dev/zero | wav 16000 1 4 17 >"$work/adpcm.wav"
	listen 1 nowhere.wav "$work/words.txt" "$work" "$work/empty.wav" "$work/short.wav" \
		"$work/adpcm.wav" "$clip" &&
	lines_are out 1 && out_has "^$clip	$heard$" && lines_are err 6 &&
	err_has "^$tool: .*nowhere.wav: No such file or directory$" &&
	for name in words.txt empty.wav short.wav adpcm.wav; do
		err_has "^$tool: .*$work/$name: " || return
	done
}

a_file_that_ends_early_is_heard_to_its_end() {
	needs_word || return 77
	listen 0 "$clip" || return
	mv "$work/out" "$work/expected"
	# Its header says a gigabyte.
	{ head -c 40 "$clip" && le 4 1073741824 && tail -c +45 "$clip"; } >"$work/long.wav"
	listen 0 "$work/long.wav" && cmp "$work/expected" "$work/out" &&
	err_is "$tool: $work/long.wav: ends 33552.4 s before its header says"
}

standard_input_is_a_file_or_samples() {
	needs_word || return 77
	listen 0 "$clip" || return
	mv "$work/out" "$work/expected"
	listen 0 - <"$clip" && cmp "$work/expected" "$work/out" &&
	cat "$clip" | listen 0 - && cmp "$work/expected" "$work/out" &&
	tail -c +45 "$clip" | listen 0 --rate=16000 - && is_silent err &&
	cmp "$work/expected" "$work/out" &&
	tail -c +45 "$clip" | listen 0 --rate=16000 --channels=1 --samples=s16 - &&
	cmp "$work/expected" "$work/out" &&
	listen 1 - </dev/null && is_silent out && lines_are err 1
}

# Left the word, right nothing.
stereo() {
	tail -c +45 "$clip" | od -An -v -tu1 -w2 |
		awk '{ printf "%c%c%c%c", $1, $2, 0, 0 }' | wav 16000 2 16
}
a_channel_can_be_chosen() {
	needs_word || return 77
	awk 'BEGIN { printf "%c", 0 }' | od -An -tu1 | grep -q 0 ||
		{ why='this awk writes no zeros'; return 77; }
	listen 0 "$clip" || return
	mv "$work/out" "$work/expected"
	stereo >"$work/stereo.wav"
	listen 0 --channel=1 "$work/stereo.wav" && cmp "$work/expected" "$work/out" &&
	listen 0 --channel=2 "$work/stereo.wav" && is_silent out &&
	listen 1 --channel=3 "$work/stereo.wav" && is_silent out && lines_are err 1
}

json_is_one_object_a_word() {
	needs_word || return 77
	real='[0-9]+(\.[0-9]+)?(e[-+][0-9]+)?'
	listen 0 --json "$clip" && is_silent err && lines_are out 1 &&
	out_has "^\\{\"event\":\"word\",\"source\":\"$clip\",\"word\":\"$word\",\"index\":[0-9]+,\"score\":$real,\"start_s\":$real,\"end_s\":$real,\"is_taught\":false\\}$"
}

until_ends_with_the_word() {
	needs_word || return 77
	listen 0 --until="$word" "$clip" nowhere.wav && lines_are out 1 && is_silent err &&
	listen 1 --until="$word" "$work/silence.wav" && is_silent out && is_silent err &&
	listen 1 --until=platypus "$clip" && is_silent out &&
	err_is "$tool: --until: the model does not know the word 'platypus'"
}

for_ends_a_file_early() {
	needs_word || return 77
	listen 0 --for=100ms "$clip" && is_silent out && is_silent err &&
	listen 0 --for=1h "$clip" && lines_are out 1
}

a_threshold_of_one_leaves_out_what_is_not_quite_sure() {
	needs_word || return 77
	listen 0 --threshold=1 "$work/noise.wav" && is_silent out &&
	listen 0 --threshold=0.3 "$clip" && out_has "	$word	"
}

results_do_not_depend_on_threads_instructions_or_cache() {
	needs_word || return 77
	listen 0 "$clip" || return
	mv "$work/out" "$work/expected"
	for option in --threads=1 --threads=3 --cache="$work/cache" --cache="$work/cache" \
		--device=cpu; do
		listen 0 "$option" "$clip" && is_silent err && cmp "$work/expected" "$work/out" ||
			return
	done
	ATOLL_CPU=plain listen 0 "$clip" && cmp "$work/expected" "$work/out"
}

a_profile_comes_after_the_words_on_stderr() {
	needs_word || return 77
	listen 0 --profile "$clip" && lines_are out 1 && err_has '^ step operator ' &&
	err_has "^$tool: [0-9.]+ s of sound: features [0-9.]+ ms, [0-9]+ runs of the model [0-9.]+ ms, together 0\.[0-9]+ of real time$"
}

labels_come_from_the_file_that_is_asked_for() {
	needs_word || return 77
	listen 1 -l nowhere.txt "$clip" && is_silent out && lines_are err 1 &&
	err_has "^$tool: .*nowhere.txt: No such file or directory$"
}

a_full_disk_loses_no_word_silently() {
	needs_word || return 77
	[ -e /dev/full ] || { why='/dev/full is not there'; return 77; }
	for option in --hop=100ms --json --list; do
		[ $option = --list ] && option='--list --json' || option="$option $clip"
		# shellcheck disable=SC2086 # several words
		program $tool $option >/dev/full 2>"$work/err"
		[ $? -eq 1 ] || return
		err_is "$tool: cannot write: No space left on device" || return
	done
}

# A pipe that stays open, and the signal in the middle.
a_signal_ends_it_in_good_order() {
	needs_word || return 77
	for signal in INT TERM; do
		rm -f "$work/pipe" && mkfifo "$work/pipe" || return
		# shellcheck disable=SC2086 # RUN may be several words
		$RUN "$BUILD/$tool" --rate=16000 - <"$work/pipe" >"$work/out" \
			2>"$work/err" &
		pid=$!
		exec 9>"$work/pipe"
		{ tail -c +45 "$clip" && head -c 32000 /dev/zero; } >&9
		tries=0
		while [ ! -s "$work/out" ] && [ $tries -lt 100 ]; do
			sleep 0.1
			tries=$((tries + 1))
		done
		kill -s $signal $pid
		wait $pid
		status=$?
		exec 9>&-
		[ $status -eq 0 ] || { echo "# SIG$signal: exit status $status"; return 1; }
		lines_are out 1 && out_has "^$heard$" && is_silent err || return
	done
}

a_lesson_needs_three_examples() {
	needs_word || return 77
	listen 1 --teach=lamp --words="$work/lamp.words" "$work/silence.wav" && is_silent out &&
	[ ! -e "$work/lamp.words" ] && lines_are err 2 &&
	listen 1 --teach=yes --words="$work/lamp.words" "$clip" && is_silent out &&
	[ ! -e "$work/lamp.words" ] && lines_are err 1 && err_has "^$tool: .*yes"
}

# A word played backwards is speech that the model does not know.
backwards() {
	tail -c 32000 "$1" | od -An -v -tu1 -w2 | tac | awk '{ printf "%c%c", $1, $2 }'
}
a_word_is_taught_and_then_heard() {
	needs_word || return 77
	skip_unless $keywords/golden/seven.wav || return 77
	backwards $keywords/golden/seven.wav >"$work/neves"
	head -c 32000 /dev/zero >"$work/second"
	cat "$work/second" "$work/neves" "$work/second" | wav 16000 1 16 >"$work/neves.wav"
	cat "$work/neves.wav" "$work/neves" "$work/second" >"$work/twice.wav"
	listen 0 "$work/neves.wav" && is_silent out &&
	tail -c +45 "$work/twice.wav" | listen 0 --rate=16000 --teach=neves --examples=3 		"$work/neves.wav" - && is_silent out && lines_are err 1 &&
	err_has "^$tool: 'neves' learnt from 3 examples, kept in $HOME/.local/share/atoll/keywords.words$" &&
	listen 0 "$work/neves.wav" && is_silent err && lines_are out 1 && out_has '	neves	' &&
	listen 0 --json --until=neves "$work/neves.wav" && out_has '"is_taught":true\}$' &&
	# The others are heard as before.
	listen 0 "$words" && is_silent err && lines_are out 6 && ! grep -q neves "$work/out" &&
	echo 'hello' >"$work/other.words" &&
	listen 1 --words="$work/other.words" "$clip" && is_silent out && lines_are err 1 &&
	err_has "^$tool: .*$work/other.words"
}

a_list_is_given_also_where_there_are_none() {
	gives 0 $tool --list --json && out_has '^\[.*\]$' && lines_are out 1 &&
	gives 0 $tool --list || return
	[ -s "$work/out" ] || err_is "$tool: there are no sound devices to record from"
}

a_microphone_that_is_not_there_gives_a_sentence() {
	needs_model || return 77
	listen 1 --microphone=hw:31,7 && is_silent out && lines_are err 1 &&
	err_has "^$tool: .*hw:31,7" &&
	listen 1 --microphone='no such thing' && is_silent out && lines_are err 1 &&
	err_has "^$tool: .*no such thing"
}

run_tests $every_program \
	a_wrong_number_is_named \
	options_that_do_not_go_together_are_refused \
	a_model_that_cannot_be_used_is_named \
	a_word_is_a_line_and_nothing_else \
	the_words_of_the_shipped_recording_are_heard \
	a_stranger_is_understood \
	published_models_hear_too \
	a_compiled_model_runs_on_an_emulated_tpu \
	what_we_compiled_hears_the_same_on_an_emulated_tpu \
	silence_and_noise_give_nothing \
	of_several_files_each_is_named \
	what_cannot_be_read_does_not_stop_the_others \
	a_file_that_ends_early_is_heard_to_its_end \
	standard_input_is_a_file_or_samples \
	a_channel_can_be_chosen \
	json_is_one_object_a_word \
	until_ends_with_the_word \
	for_ends_a_file_early \
	a_threshold_of_one_leaves_out_what_is_not_quite_sure \
	results_do_not_depend_on_threads_instructions_or_cache \
	a_profile_comes_after_the_words_on_stderr \
	labels_come_from_the_file_that_is_asked_for \
	a_full_disk_loses_no_word_silently \
	a_signal_ends_it_in_good_order \
	a_lesson_needs_three_examples \
	a_word_is_taught_and_then_heard \
	a_list_is_given_also_where_there_are_none \
	a_microphone_that_is_not_there_gives_a_sentence
