#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# atoll-classify as a user sees it.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
tool=atoll-classify

# The shipped model, or a classifier of the test data.
if [ -e $cards/cards.tflite ]; then
	model=$cards/cards.tflite
else
	model=$data/models/mobilenet_v1_0.25_128_quant.tflite
fi
needs_model() { skip_unless "$model"; }

# Two small pictures of our own, a red and a blue one.
printf 'P6 2 2 255 \377\0\0\377\0\0\377\0\0\377\0\0' >"$work/red.ppm"
printf 'P6 1 2 255 \0\0\377\0\0\377' >"$work/blue.ppm"
try="try 'atoll-classify --help'"

a_missing_argument_is_asked_for() {
	gives 2 $tool && is_silent out && err_is "$tool: which model?
$try" &&
	gives 2 $tool x.tflite && err_is "$tool: which pictures?
$try"
}

a_wrong_number_is_named() {
	gives 2 $tool --top=x m p && err_is "$tool: --top: 'x' is not a whole number
$try" &&
	gives 2 $tool -n 3x m p && err_is "$tool: --top: '3x' is not a whole number
$try" &&
	gives 2 $tool -n '' m p && err_is "$tool: --top: '' is not a whole number
$try" &&
	gives 2 $tool --top=0 m p && err_is "$tool: --top: 0 is not within 1 to 1000
$try" &&
	gives 2 $tool --top=99999999999999999999 m p &&
	err_is "$tool: --top: 99999999999999999999 is not within 1 to 1000
$try" &&
	gives 2 $tool --threads=65 m p && err_is "$tool: --threads: 65 is not within 0 to 64
$try" &&
	gives 2 $tool -t -1 m p && err_is "$tool: --threads: -1 is not within 0 to 64
$try" &&
	gives 2 $tool --threshold=high m p && err_is "$tool: --threshold: 'high' is not a number
$try" &&
	gives 2 $tool --threshold=nan m p && err_is "$tool: --threshold: 'nan' is not a number
$try" &&
	gives 2 $tool --pixels=0 m p && err_has "$tool: --pixels: 0 is not within 1 to "
}

a_missing_model_is_named() {
	gives 1 $tool nowhere.tflite "$work/red.ppm" && is_silent out &&
	err_is "$tool: nowhere.tflite: No such file or directory" &&
	gives 1 $tool "$work" "$work/red.ppm" && err_is "$tool: $work: is a directory" &&
	gives 1 $tool "$work/red.ppm" "$work/red.ppm" && is_silent out && lines_are err 1 &&
	err_has "^$tool: $work/red.ppm: "
}

each_picture_gives_its_best_classes() {
	needs_model || return 77
	gives 0 $tool "$model" "$work/red.ppm" "$work/blue.ppm" && is_silent err &&
	lines_are out 6 || return
	for line in 1 2 3; do
		sed -n ${line}p "$work/out" | grep -qE "^$work/red.ppm	[01]\.[0-9]{4}	." &&
		sed -n $((line + 3))p "$work/out" |
			grep -qE "^$work/blue.ppm	[01]\.[0-9]{4}	." || return
	done
	sort -s -t '	' -k1,1r -k2,2gr "$work/out" | cmp -s - "$work/out"
}

a_picture_that_cannot_be_read_does_not_stop_the_others() {
	needs_model || return 77
	printf 'P6 2 2 255 x' >"$work/short.ppm"
	echo 'hello' >"$work/words.txt"
	gives 1 $tool -n1 "$model" nowhere.jpg "$work/red.ppm" "$work/short.ppm" \
		"$work/words.txt" "$work/blue.ppm" &&
	lines_are out 2 && out_has "^$work/red.ppm	" && out_has "^$work/blue.ppm	" &&
	lines_are err 3 &&
	err_has "^$tool: nowhere.jpg: No such file or directory$" &&
	err_has "^$tool: picture: $work/short.ppm: PPM: the file ends early" &&
	err_has "^$tool: $work/words.txt: neither a picture "
}

a_folder_stands_for_its_pictures() {
	needs_model || return 77
	rm -rf "$work/folder" && mkdir "$work/folder" "$work/folder/inner" &&
	cp "$work/red.ppm" "$work/folder/2.ppm" &&
	cp "$work/blue.ppm" "$work/folder/1.ppm" &&
	echo 'no picture' >"$work/folder/notes.txt" &&
	gives 0 $tool -n1 "$model" "$work/folder" && is_silent err && lines_are out 2 &&
	sed -n 1p "$work/out" | grep -q "^$work/folder/1.ppm	" &&
	sed -n 2p "$work/out" | grep -q "^$work/folder/2.ppm	" &&
	printf 'P6 2 2 255 x' >"$work/folder/3.ppm" &&
	gives 1 $tool -n1 "$model" "$work/folder" && lines_are out 2 && lines_are err 1 &&
	mkdir "$work/nothing" && gives 1 $tool "$model" "$work/nothing" &&
	err_is "$tool: $work/nothing: an empty folder"
}

a_dash_is_standard_input() {
	needs_model || return 77
	gives 0 $tool "$model" "$work/red.ppm" || return
	sed "s|^$work/red.ppm|-|" "$work/out" >"$work/expected"
	gives 0 $tool "$model" - <"$work/red.ppm" && cmp "$work/expected" "$work/out"
}

pictures_above_the_limit_are_refused() {
	needs_model || return 77
	gives 0 $tool --pixels=4 "$model" "$work/red.ppm" &&
	gives 1 $tool --pixels=3 "$model" "$work/red.ppm" && is_silent out && lines_are err 1 &&
	err_has "^$tool: picture: $work/red.ppm: PPM: 2 x 2 pixels"
}

top_says_how_many() {
	needs_model || return 77
	gives 0 $tool --top=1 "$model" "$work/red.ppm" && lines_are out 1 &&
	gives 0 $tool -n 5 "$model" "$work/red.ppm" && lines_are out 5
}

a_threshold_leaves_out_what_is_below() {
	needs_model || return 77
	gives 0 $tool --threshold=1.5 "$model" "$work/red.ppm" && is_silent out && is_silent err &&
	gives 0 $tool -n1 "$model" "$work/red.ppm" || return
	score=$(cut -f2 "$work/out")
	gives 0 $tool -n1000 --threshold="$score" "$model" "$work/red.ppm" || return
	# Four decimals may have been rounded up past the score itself.
	awk -F '\t' -v low="$score" '$2 < low { exit 1 }' "$work/out"
}

# The first class of a model without a name is told by its number.
names_come_from_the_file_that_is_asked_for() {
	needs_model || return 77
	cp "$model" "$work/model.tflite"
	gives 0 $tool -n1 "$work/model.tflite" "$work/red.ppm" &&
	out_has '	class [0-9]+$' || return
	best=$(sed 's/.*class //' "$work/out")
	printf '%s: the best\n' "$best" >"$work/names.txt"
	gives 0 $tool -n1 -l "$work/names.txt" "$work/model.tflite" "$work/red.ppm" &&
	out_has '	the best$' && lines_are err 1 &&
	err_has "^$tool: labels: $work/names.txt: $((best + 1)) names for [0-9]+ classes$"
}

names_beside_the_model_are_found() {
	needs_model || return 77
	cp "$model" "$work/beside.tflite"
	echo 'one name' >"$work/one.txt"
	gives 0 $tool -n1 -l "$work/one.txt" "$model" "$work/red.ppm" || return
	classes=$(sed -n 's/.* names for \([0-9]*\) classes$/\1/p' "$work/err")
	awk -v n="$classes" 'BEGIN { for (i = 0; i < n; i++) print "name of " i }' \
		>"$work/beside_labels.txt"
	gives 0 $tool -n1 "$work/beside.tflite" "$work/red.ppm" && is_silent err &&
	out_has '	name of [0-9]+$' &&
	gives 0 $tool -n1 -l "$work/beside_labels.txt" "$work/model.tflite" "$work/red.ppm" &&
	is_silent err
}

labels_that_cannot_be_used_are_named() {
	needs_model || return 77
	: >"$work/empty.txt"
	gives 1 $tool -l "$work/empty.txt" "$model" "$work/red.ppm" && is_silent out &&
	err_is "$tool: labels: $work/empty.txt: the file is empty" &&
	gives 1 $tool -l nowhere.txt "$model" "$work/red.ppm" &&
	err_is "$tool: labels: nowhere.txt: No such file or directory"
}

json_is_one_object_a_picture() {
	needs_model || return 77
	real='-?[0-9]+(\.[0-9]+)?(e[-+][0-9]+)?'
	name=$(basename "$model" .tflite)
	class="\\{\"index\":[0-9]+(,\"label\":\"[^\"]+\")?,\"score\":$real\\}"
	head="\"model\":\"$name\""
	times="\"capture_ms\":$real,\"convert_ms\":$real,\"time_ms\":$real"
	gives 0 $tool --json -n2 "$model" "$work/red.ppm" "$work/blue.ppm" && is_silent err &&
	lines_are out 2 &&
	out_has "^\\{\"picture\":\"$work/red.ppm\",$head,$times,\"classes\":\\[$class,$class\\]\\}\$" &&
	out_has "^\\{\"picture\":\"$work/blue.ppm\",$head,$times,\"classes\":\\[$class,$class\\]\\}\$" &&
	gives 0 $tool --json --threshold=2 "$model" "$work/red.ppm" &&
	out_has '"classes":\[\]\}$'
}

results_do_not_depend_on_the_number_of_threads() {
	needs_model || return 77
	gives 0 $tool -n20 -t1 "$model" "$work/red.ppm" "$work/blue.ppm" || return
	mv "$work/out" "$work/expected"
	for threads in 0 2 3 4; do
		gives 0 $tool -n20 -t$threads "$model" "$work/red.ppm" "$work/blue.ppm" &&
		cmp "$work/expected" "$work/out" || return
	done
}

results_do_not_depend_on_the_instructions() {
	needs_model || return 77
	gives 0 $tool -n20 "$model" "$work/red.ppm" "$work/blue.ppm" || return
	mv "$work/out" "$work/expected"
	ATOLL_CPU=plain gives 0 $tool -n20 "$model" "$work/red.ppm" "$work/blue.ppm" &&
	cmp "$work/expected" "$work/out"
}

instructions_that_are_not_there_give_a_sentence() {
	needs_model || return 77
	ATOLL_CPU=wrong gives 1 $tool "$model" "$work/red.ppm" && is_silent out &&
	err_is "$tool: ATOLL_CPU=wrong: not one of plain, neon, avx2, vnni" || return
	# No machine has both of these.
	if ATOLL_CPU=neon program $tool "$model" "$work/red.ppm" >"$work/out" 2>"$work/err"; then
		other=avx2
	else
		other=neon
	fi
	ATOLL_CPU=$other gives 1 $tool "$model" "$work/red.ppm" &&
	err_is "$tool: ATOLL_CPU=$other: this machine does not have it"
}

an_unknown_device_gives_a_sentence() {
	needs_model || return 77
	gives 0 $tool --device=cpu "$model" "$work/red.ppm" &&
	gives 1 $tool --device=abacus "$model" "$work/red.ppm" && is_silent out &&
	err_is "$tool: device abacus: unknown; cpu, tpu, usb, usb:N, usb:BUS-PORT, serve and emu are known"
}

a_cache_changes_nothing_but_time() {
	needs_model || return 77
	gives 0 $tool -n20 "$model" "$work/red.ppm" || return
	mv "$work/out" "$work/expected"
	for round in first second; do
		gives 0 $tool -n20 --cache="$work/cache" "$model" "$work/red.ppm" &&
		cmp "$work/expected" "$work/out" && is_silent err || {
			echo "# $round round"
			return 1
		}
	done
	[ "$(stat -c %a "$work/cache")" = 700 ]
}

a_profile_comes_after_the_results_on_stderr() {
	needs_model || return 77
	gives 0 $tool --profile -n1 "$model" "$work/red.ppm" && lines_are out 1 &&
	err_has '^ step operator ' && err_has '^    0 [A-Z_0-9]+ +cpu ' && err_has '  all '
}

show_draws_bars_and_on_terminals_pictures() {
	needs_model || return 77
	gives 0 $tool --show -n2 "$model" "$work/red.ppm" && is_silent err &&
	out_has "^$work/red.ppm  2x2, [0-9.]+ ms$" &&
	out_has '^  +[0-9]+\.[0-9] %  .*#*$' || return
	[ "$(grep -c '%' "$work/out")" -eq 2 ] || return
	command -v script >/dev/null || { why='script is not installed'; return 77; }
	LC_ALL=C.UTF-8 script -qec "$RUN $BUILD/$tool --show $model $work/red.ppm" /dev/null \
		</dev/null >"$work/out" 2>&1 &&
	out_has "$(printf '\033\\[38;2;255;0;0m\033\\[48;2;255;0;0m\342\226\200')"
}

a_full_disk_loses_no_result_silently() {
	needs_model || return 77
	[ -e /dev/full ] || { why='/dev/full is not there'; return 77; }
	for option in --top=3 --top=1000 --json --show; do
		program $tool $option "$model" "$work/red.ppm" >/dev/full 2>"$work/err"
		[ $? -eq 1 ] || return
		err_is "$tool: cannot write: No space left on device" || return
	done
}

a_model_that_is_no_classifier_is_said_to_be_none() {
	several=$data/models/split_concat.tflite
	speech=$data/models/micro_speech_quantized.tflite
	map=$data/models/deeplab_mobilenet_edgetpu_slim_cityscapes_quant.tflite
	people=$data/models/posenet_mobilenet_v1_075_353_481_16_quant_decoder.tflite
	skip_unless "$several" "$speech" "$map" "$people" || return 77
	gives 1 $tool "$several" "$work/red.ppm" &&
	err_is "$tool: $several: 3 inputs, a vision model has one" &&
	gives 1 $tool "$speech" "$work/red.ppm" && lines_are err 1 &&
	err_has "^$tool: $speech: input .*: shape 1x1960 is not that of a picture, " &&
	gives 1 $tool "$map" "$work/red.ppm" && is_silent out &&
	err_is "$tool: $map: tells classes for each pixel; atoll-detect is for that" &&
	gives 1 $tool "$people" "$work/red.ppm" && is_silent out &&
	err_is "$tool: $people: finds poses; atoll-detect is for that"
}

# Sessions of all programs are told of in the same way; a model of ours has it.
a_model_for_emulated_devices_runs_on_the_cpu_and_says_so() {
	writer=tests/test_runtime_carried
	skip_unless "$BUILD/$writer" && program $writer --models "$work" || return 77
	gives 0 $tool -d emu "$work/carried.tflite" "$work/red.ppm" && is_silent err &&
	mv "$work/out" "$work/emulated" &&
	gives 0 $tool -d cpu "$work/carried.tflite" "$work/red.ppm" && is_silent err &&
	cmp "$work/out" "$work/emulated" &&
	gives 0 $tool -d usb "$work/carried.tflite" "$work/red.ppm" "$work/blue.ppm" &&
	lines_are err 1 &&
	err_has "^$tool: .*carried.tflite: compiled for emulated devices: the CPU runs it\$"
}

what_we_compiled_knows_the_same_pictures_on_an_emulated_tpu() {
	skip_unless $cards/cards.tflite "$BUILD/atoll-compile" || return 77
	gives 0 atoll-compile -o "$work" $cards/cards.tflite &&
	gives 0 $tool -n3 $cards/cards.tflite $cards/demo/*.jpg && mv "$work/out" "$work/cpu" &&
	gives 0 $tool -n3 -d emu -l $cards/cards_labels.txt "$work/cards_edgetpu.tflite" \
		$cards/demo/*.jpg && is_silent err && cmp "$work/out" "$work/cpu"
}

a_model_that_cannot_run_gives_one_line() {
	broken=$data/models/model_invoking_error.tflite
	compiled=$data/models/mobilenet_v1_0.25_128_quant_edgetpu.tflite
	skip_unless "$broken" "$compiled" || return 77
	gives 1 $tool "$broken" "$work/red.ppm" && is_silent out &&
	err_is "$tool: $broken: operator 0: custom operator fake-op-double is unknown; atoll-model ops lists the supported ones" &&
	gives 1 $tool -d cpu "$compiled" "$work/red.ppm" && is_silent out && lines_are err 1 &&
	err_has "^$tool: $compiled: operator 0: compiled for the Edge TPU, which device cpu is not"
}

# Pictures are named after what is on them.
the_shipped_model_knows_the_shipped_pictures() {
	skip_unless $cards/cards.tflite || return 77
	for picture in $cards/demo/*.jpg; do
		card=$(basename "$picture" .jpg | tr - ' ')
		gives 0 $tool -n1 --threshold=0.5 $cards/cards.tflite "$picture" &&
		is_silent err || return
		lines_are out 1 && out_has "	$card\$" || return
	done
}

# "index score" of the five best, as the reference kernels had them.
golden_top() {
	awk -v image="\"img-$2\"" '
		index($0, image) { is_image = 1 }
		is_image && /"reference"/ { is_reference = 1 }
		is_reference && /"index"/ { gsub(/[^0-9]/, ""); class = $0 }
		is_reference && /"score"/ { sub(/.*: */, ""); printf "%d %.5f\n", class, $0 }
		is_reference && /\]/ { exit }' "$data/golden/$1/classification.json"
}
our_scores() {
	sed 's/{"index":/\n/g' "$work/out" |
		sed -nE 's/^([0-9]+),.*"score":([0-9.e-]+).*/\1 \2/p'
}
# A byte of the input may be 1 away from the reference's, which mixes in double
# precision: about one in fifty is, and moves a score by up to 0.03. The test of
# golden tensors, with the reference's own input, allows nothing.
five_pictures_get_the_classes_of_the_reference() {
	for net in mobilenet_v1_0.25_128_quant mobilenet_v2_1.0_224_quant; do
		skip_unless "$data/models/$net.tflite" "$data/golden/$net" "$data/images" ||
			return 77
		for picture in "$data"/images/*; do
			image=$(basename "$picture")
			gives 0 $tool --json -n1000 -l "$data/models/imagenet_labels.txt" \
				"$data/models/$net.tflite" "$picture" && is_silent err || return
			golden_top $net "${image%.*}" >"$work/expected"
			our_scores >"$work/ours"
			[ "$(wc -l <"$work/expected")" -eq 5 ] || return
			awk -v what="$net $image" '
				NR == FNR { ours[$1] = $2; if (FNR == 1) best = $1; next }
				FNR == 1 && $1 != best { print "# " what ": " best " is best"; wrong = 1 }
				{ away = $2 - ours[$1]; if (away < 0) away = -away }
				!($1 in ours) || away > 0.03 {
					print "# " what ": class " $1 ": " ours[$1] ", not " $2
					wrong = 1
				}
				END { exit wrong }' "$work/ours" "$work/expected" || return
		done
	done
}

# Videos. A clip in which each of the shipped pictures is shown once.
needs_clip() {
	skip_unless $cards/cards.tflite || return
	[ -e "$work/clip.mjpeg" ] || cat $cards/demo/*.jpg >"$work/clip.mjpeg"
}
watch() {
	status=$1
	shift
	gives "$status" $tool "$@" $cards/cards.tflite "$work/clip.mjpeg"
}
names_of_pictures() {
	for picture in $cards/demo/*.jpg; do
		basename "$picture" .jpg | tr - ' '
	done
}

a_video_has_a_line_for_each_change() {
	needs_clip || return 77
	# Shown twice in a row, it is no change.
	for picture in $cards/demo/*.jpg; do
		cat "$picture" "$picture"
	done >"$work/twice.mjpeg"
	gives 0 $tool --rate=10 $cards/cards.tflite "$work/twice.mjpeg" || return
	names_of_pictures | awk '{ printf "%6.1f s  %-20s\n", (NR - 1) / 5, $0 }' >"$work/expected"
	sed -E 's/ +[0-9.]+ %$//' "$work/out" | sed 's/ *$//' >"$work/names"
	sed 's/ *$//' "$work/expected" | diff - "$work/names" | sed 's/^/# /'
	[ "$(wc -l <"$work/names")" -eq 8 ] &&
	sed 's/ *$//' "$work/expected" | cmp -s - "$work/names" &&
	! grep -vE ' [ 0-9]{2}[0-9]\.[0-9] %$' "$work/out" &&
	lines_are err 1 &&
	err_has "^$tool: 16 frames in [0-9.]+ s, [0-9.]+ a second; 0 damaged, 0 missed, 0 skipped$"
}

names() {
	sed -E 's/.*"label":"([^"]*)".*/\1/' "$work/out"
}
frames_of_a_video_are_named_as_its_pictures() {
	needs_clip || return 77
	gives 0 $tool --json -n1 $cards/cards.tflite $cards/demo/*.jpg || return
	names >"$work/expected"
	watch 0 --json -n1 && lines_are out 8 || return
	names >"$work/names"
	diff "$work/expected" "$work/names" | sed 's/^/# /'
	cmp -s "$work/expected" "$work/names"
}

a_video_comes_through_standard_input_too() {
	needs_clip || return 77
	watch 0 || return
	mv "$work/out" "$work/expected"
	gives 0 $tool $cards/cards.tflite - <"$work/clip.mjpeg" &&
	cmp "$work/out" "$work/expected" || return
	cat "$work/clip.mjpeg" | gives 0 $tool $cards/cards.tflite - &&
	cmp "$work/out" "$work/expected"
}

json_of_a_video_tells_when() {
	needs_clip || return 77
	watch 0 --json --rate=10 -n1 && lines_are out 8 || return
	sed -E 's/.*"picture":"([^"]*)".*"sequence":([0-9]*),"at_s":([0-9.]*),.*/\2 \3/' \
		"$work/out" >"$work/times"
	printf '%s\n' '1 0' '2 0.1' '3 0.2' '4 0.3' '5 0.4' '6 0.5' '7 0.6' '8 0.7' |
		diff - "$work/times"
}

every_leaves_out_what_comes_too_soon() {
	needs_clip || return 77
	watch 0 --json --rate=10 --every=250ms && lines_are out 3 || return
	sed -E 's/.*"at_s":([0-9.]*),.*/\1/' "$work/out" >"$work/times"
	printf '%s\n' 0 0.3 0.5 | diff - "$work/times"
}

for_ends_a_video_early() {
	needs_clip || return 77
	watch 0 --json --rate=10 --for=350ms && lines_are out 4
}

a_wrong_duration_is_named() {
	gives 2 $tool --every=soon m p &&
	err_is "$tool: --every: 'soon' is not a duration like 250ms, 1.5s or 10min
$try" &&
	gives 2 $tool --for=0s m p && err_has "^$tool: --for: 0s is not within 1ms to 8760h$"
}

until_ends_with_what_was_awaited() {
	needs_clip || return 77
	watch 0 --until='key>0.5' && tail -n 1 "$work/out" | grep -q 's  key ' &&
	lines_are out 4 &&
	watch 0 --json --until=key && lines_are out 4 &&
	watch 1 --until='key>1' && lines_are out 8 &&
	watch 1 --until='Key>0.1' && is_silent out &&
	err_is "$tool: --until: no model has the label 'Key'" &&
	watch 1 --rate=10 --for=200ms --until='key>0.5' && lines_are out 2 &&
	gives 2 $tool --until='>0.5' m p && err_has "^$tool: --until: which label" &&
	gives 2 $tool --until='key>much' m p &&
	err_has "^$tool: --until: 'much' is not a number$"
}

is_png() {
	[ "$(head -c 8 "$1" | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ]
}
a_snapshot_is_saved_when_a_label_appears() {
	needs_clip || return 77
	mkdir -p "$work/snaps"
	watch 0 --snapshot-on='light bulb>0.5' --snapshot-dir="$work/snaps" &&
	err_has "^$tool: saved $work/snaps/[0-9]{8}-[0-9]{6}\.[0-9]{3}-light-bulb\.png$" || return
	set -- "$work"/snaps/*
	[ $# -eq 1 ] && is_png "$1" &&
	gives 0 $tool -n1 $cards/cards.tflite "$1" &&
	watch 1 --snapshot-on=key --snapshot-dir="$work/nowhere" && lines_are out 8 &&
	err_has "^$tool: .*$work/nowhere"
}

# Key, bell, key at once again: the key was not away for a second.
a_label_that_flickers_is_saved_once() {
	needs_clip || return 77
	key=$cards/demo/key.jpg bell=$cards/demo/bell.jpg
	cat $key $bell $key $key $bell $bell $bell $key >"$work/flicker.mjpeg"
	for rate in 10:1 3:2; do
		rm -rf "$work/kept" && mkdir "$work/kept"
		gives 0 $tool --rate=${rate%:*} --snapshot-on=key --snapshot-dir="$work/kept" \
			$cards/cards.tflite "$work/flicker.mjpeg" || return
		grep -c '^atoll-classify: saved ' "$work/err" >"$work/count"
		[ "$(cat "$work/count")" -eq "${rate#*:}" ] || {
			echo "# $(cat "$work/count") pictures at ${rate%:*} a second"
			return 1
		}
	done
}

marked_pictures_are_written_where_asked() {
	needs_clip || return 77
	gives 0 $tool -o "$work/marked.png" $cards/cards.tflite $cards/demo/key.jpg &&
	is_silent err && is_png "$work/marked.png" &&
	gives 0 $tool -o "$work/marked.jpg" $cards/cards.tflite $cards/demo/key.jpg &&
	rm -rf "$work/marks" && mkdir "$work/marks" &&
	gives 0 $tool -o "$work/marks" $cards/cards.tflite $cards/demo/key.jpg $cards/demo/cat.jpg &&
	is_png "$work/marks/key.png" && is_png "$work/marks/cat.png" &&
	gives 2 $tool -o "$work/one.png" $cards/cards.tflite $cards/demo/key.jpg $cards/demo/cat.jpg &&
	err_has "^$tool: --output: $work/one.png is not a folder, as several pictures need$" &&
	watch 1 -o "$work/one.png" && [ ! -e "$work/one.png" ] &&
	gives 2 $tool --camera auto -o x.png && err_has "^$tool: --output is for pictures; "
}

several_models_look_at_the_same_frames() {
	needs_clip || return 77
	cp $cards/cards.tflite "$work/other.tflite"
	key=$cards/demo/key.jpg
	gives 0 $tool -n1 -m $cards/cards.tflite -m "$work/other.tflite" $key && lines_are out 2 &&
	out_has "^$key	cards	[01]\.[0-9]*	key$" &&
	out_has "^$key	other	[01]\.[0-9]*	class [0-9]*$" &&
	gives 0 $tool -n1 -m $cards/cards.tflite -m "$work/other.tflite" \
		-l $cards/cards_labels.txt -l $cards/cards_labels.txt "$work/clip.mjpeg" &&
	lines_are out 16 && out_has '^   0.0 s  other             bell ' &&
	gives 0 $tool --json -m $cards/cards.tflite -m "$work/other.tflite" $key &&
	lines_are out 2 && out_has '"model":"other"' &&
	gives 2 $tool -l a -l b $cards/cards.tflite $key &&
	err_has "^$tool: --labels: b: more labels than models$"
}

damaged_frames_are_counted_and_passed_over() {
	needs_clip || return 77
	# The scan of the second picture is cut off.
	{
		cat $cards/demo/key.jpg
		head -c 4000 $cards/demo/cat.jpg
		cat $cards/demo/bell.jpg
	} >"$work/damaged.mjpeg"
	gives 0 $tool -n1 $cards/cards.tflite "$work/damaged.mjpeg" && lines_are out 2 &&
	out_has 's  key ' && out_has 's  bell ' && err_has '; 1 damaged, '
}

y4m_videos_are_looked_at() {
	needs_clip || return 77
	{
		echo 'YUV4MPEG2 W64 H48 F5:1 Cmono'
		for frame in 1 2 3; do
			echo 'FRAME'
			head -c 3072 /dev/zero | tr '\0' '\200'
		done
	} >"$work/grey.y4m"
	gives 0 $tool --json -n1 $cards/cards.tflite "$work/grey.y4m" && lines_are out 3 &&
	out_has '"at_s":0.4,' && out_has '"label":"nothing"'
}

# A pipe that stays open, and the signal in the middle.
a_signal_ends_it_with_a_summary() {
	needs_clip || return 77
	for signal in INT TERM; do
		rm -f "$work/pipe" && mkfifo "$work/pipe" || return
		# shellcheck disable=SC2086 # RUN may be several words
		$RUN "$BUILD/$tool" $cards/cards.tflite - <"$work/pipe" >"$work/out" 2>"$work/err" &
		pid=$!
		exec 9>"$work/pipe"
		cat "$work/clip.mjpeg" >&9
		tries=0
		while [ ! -s "$work/out" ] && [ $tries -lt 100 ]; do
			sleep 0.1
			tries=$((tries + 1))
		done
		sleep 0.5 # until it waits for more
		kill -s $signal $pid
		wait $pid
		status=$?
		exec 9>&-
		[ $status -eq 0 ] || { echo "# SIG$signal: exit status $status"; return 1; }
		out_has 's  bell ' && lines_are err 1 &&
		err_has ' frames in .* a second; 0 damaged' || return
	done
}

a_camera_that_is_not_there_gives_a_sentence() {
	needs_clip || return 77
	gives 1 $tool --camera="$work/nowhere" $cards/cards.tflite && is_silent out &&
	lines_are err 1 && err_has "^$tool: .*$work/nowhere" &&
	gives 2 $tool --camera auto --size=640 $cards/cards.tflite &&
	err_has "^$tool: --size: '640' is not a size like 640x480$"
}

# What a terminal of 12 lines and 60 columns gets to see.
on_terminal() {
	LC_ALL=$locale script -qec "stty rows 12 cols 60; $RUN $BUILD/$tool $*" /dev/null \
		</dev/null >"$work/out" 2>&1
}
the_display_is_steady_and_gives_the_cursor_back() {
	needs_clip || return 77
	command -v script >/dev/null || { why='script is not installed'; return 77; }
	locale=C
	on_terminal --rate=20 $cards/cards.tflite "$work/clip.mjpeg" || return
	escape=$(printf '\033')
	tr -d '\r' <"$work/out" | awk -v escape="$escape" '
		# The line the cursor is in, from where it began.
		function up(text) { line -= text + 0; if (line < 0) bad = "above its block" }
		{
			rest = $0
			while ((at = index(rest, escape "[")) > 0) {
				rest = substr(rest, at + 2)
				match(rest, /^[?0-9;]*[A-Za-z]/)
				code = substr(rest, 1, RLENGTH)
				rest = substr(rest, RLENGTH + 1)
				if (code ~ /A$/) { up(code); draws++ }
				if (code == "?25l") hidden++
				if (code == "?25h") hidden--
			}
			plain = $0
			gsub(escape "\\[[?0-9;]*[A-Za-z]", "", plain)
			if (length(plain) > 60 && plain !~ /a second; /) bad = "too wide"
			line++
			if (line > most) most = line
		}
		END {
			if (draws < 2) bad = "not drawn again"
			if (most > 12) bad = "scrolling"
			if (hidden != 0) bad = "without a cursor"
			if (bad) print "# the display is " bad
			exit bad != ""
		}' &&
	out_has '(bell|cat|key|rocket|umbrella) ' &&
	out_has 'capture [0-9.]+ ms   convert [0-9.]+ ms   run [0-9.]+ ms' &&
	out_has 'frames [0-9]+   damaged 0   missed 0   skipped [0-9]+' &&
	locale=C.UTF-8 &&
	on_terminal --show --rate=20 $cards/cards.tflite "$work/clip.mjpeg" &&
	out_has "$(printf '\033\\[38;2;[0-9;]*m\033\\[48;2;[0-9;]*m\342\226\200')" &&
	on_terminal --json $cards/cards.tflite "$work/clip.mjpeg" &&
	[ "$(grep -c '^{"picture"' "$work/out")" -eq 8 ] && ! grep -q "$escape" "$work/out"
}

# By itself timeout would interrupt twice, and the second time ends a program at once.
an_interrupted_display_gives_the_cursor_back() {
	needs_clip || return 77
	command -v script >/dev/null || { why='script is not installed'; return 77; }
	command -v timeout >/dev/null || { why='timeout is not installed'; return 77; }
	LC_ALL=C script -qec "timeout --foreground -s INT 1 $RUN $BUILD/$tool --rate=1 \
		$cards/cards.tflite $work/clip.mjpeg" /dev/null </dev/null >"$work/out" 2>&1
	tr -d '\r\033' <"$work/out" >"$work/plain"
	grep -q '\[?25l' "$work/plain" && grep -q '\[?25h' "$work/plain" &&
	grep -q ' frames in ' "$work/plain"
}

run_tests $every_program \
	a_missing_argument_is_asked_for \
	a_wrong_number_is_named \
	a_missing_model_is_named \
	each_picture_gives_its_best_classes \
	a_picture_that_cannot_be_read_does_not_stop_the_others \
	a_folder_stands_for_its_pictures \
	a_dash_is_standard_input \
	pictures_above_the_limit_are_refused \
	top_says_how_many \
	a_threshold_leaves_out_what_is_below \
	names_come_from_the_file_that_is_asked_for \
	names_beside_the_model_are_found \
	labels_that_cannot_be_used_are_named \
	json_is_one_object_a_picture \
	results_do_not_depend_on_the_number_of_threads \
	results_do_not_depend_on_the_instructions \
	instructions_that_are_not_there_give_a_sentence \
	an_unknown_device_gives_a_sentence \
	a_cache_changes_nothing_but_time \
	a_profile_comes_after_the_results_on_stderr \
	show_draws_bars_and_on_terminals_pictures \
	a_full_disk_loses_no_result_silently \
	a_model_that_is_no_classifier_is_said_to_be_none \
	a_model_for_emulated_devices_runs_on_the_cpu_and_says_so \
	what_we_compiled_knows_the_same_pictures_on_an_emulated_tpu \
	a_model_that_cannot_run_gives_one_line \
	the_shipped_model_knows_the_shipped_pictures \
	five_pictures_get_the_classes_of_the_reference \
	a_video_has_a_line_for_each_change \
	frames_of_a_video_are_named_as_its_pictures \
	a_video_comes_through_standard_input_too \
	json_of_a_video_tells_when \
	every_leaves_out_what_comes_too_soon \
	for_ends_a_video_early \
	a_wrong_duration_is_named \
	until_ends_with_what_was_awaited \
	a_snapshot_is_saved_when_a_label_appears \
	a_label_that_flickers_is_saved_once \
	marked_pictures_are_written_where_asked \
	several_models_look_at_the_same_frames \
	damaged_frames_are_counted_and_passed_over \
	y4m_videos_are_looked_at \
	a_signal_ends_it_with_a_summary \
	a_camera_that_is_not_there_gives_a_sentence \
	the_display_is_steady_and_gives_the_cursor_back \
	an_interrupted_display_gives_the_cursor_back
