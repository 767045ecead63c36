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
	gives 1 $tool -n1 "$model" nowhere.jpg "$work/red.ppm" "$work/short.ppm" "$work" \
		"$work/words.txt" "$work/blue.ppm" &&
	lines_are out 2 && out_has "^$work/red.ppm	" && out_has "^$work/blue.ppm	" &&
	lines_are err 4 &&
	err_has "^$tool: picture: nowhere.jpg: No such file or directory$" &&
	err_has "^$tool: picture: $work/short.ppm: PPM: the file ends early" &&
	err_has "^$tool: picture: $work: read: Is a directory$" &&
	err_has "^$tool: picture: $work/words.txt: neither JPEG, PNG, BMP nor PPM$"
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
	class="\\{\"index\":[0-9]+(,\"label\":\"[^\"]+\")?,\"score\":$real\\}"
	gives 0 $tool --json -n2 "$model" "$work/red.ppm" "$work/blue.ppm" && is_silent err &&
	lines_are out 2 &&
	out_has "^\\{\"picture\":\"$work/red.ppm\",\"time_ms\":$real,\"classes\":\\[$class,$class\\]\\}\$" &&
	out_has "^\\{\"picture\":\"$work/blue.ppm\",\"time_ms\":$real,\"classes\":\\[$class,$class\\]\\}\$" &&
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
	err_is "$tool: device abacus: unknown; cpu is supported"
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
	skip_unless "$several" "$speech" "$map" || return 77
	gives 1 $tool "$several" "$work/red.ppm" &&
	err_is "$tool: $several: 3 inputs and 5 outputs, a classifier has one each" &&
	gives 1 $tool "$speech" "$work/red.ppm" && lines_are err 1 &&
	err_has "^$tool: $speech: input .*: shape 1x1960 is not that of a picture, " &&
	gives 1 $tool "$map" "$work/red.ppm" && lines_are err 1 &&
	err_has "^$tool: $map: output .* is not a row of uint8, int8 or float32 scores$"
}

a_model_that_cannot_run_gives_one_line() {
	broken=$data/models/model_invoking_error.tflite
	compiled=$data/models/mobilenet_v1_0.25_128_quant_edgetpu.tflite
	skip_unless "$broken" "$compiled" || return 77
	gives 1 $tool "$broken" "$work/red.ppm" && is_silent out &&
	err_is "$tool: $broken: operator 0: custom operator fake-op-double is unknown; atoll-model ops lists the supported ones" &&
	gives 1 $tool "$compiled" "$work/red.ppm" && is_silent out && lines_are err 1 &&
	err_has "^$tool: $compiled: operator 0: custom operator edgetpu-custom-op: compiled for the Edge TPU"
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
our_top() {
	sed 's/{"index":/\n/g' "$work/out" |
		sed -nE 's/^([0-9]+),.*"score":([0-9.e-]+).*/\1 \2/p' |
		awk '{ printf "%d %.5f\n", $1, $2 }'
}
five_pictures_get_the_classes_of_the_reference() {
	for net in mobilenet_v1_0.25_128_quant mobilenet_v2_1.0_224_quant; do
		skip_unless "$data/models/$net.tflite" "$data/golden/$net" "$data/images" ||
			return 77
		for picture in "$data"/images/*; do
			image=$(basename "$picture")
			gives 0 $tool --json -n5 -l "$data/models/imagenet_labels.txt" \
				"$data/models/$net.tflite" "$picture" && is_silent err || return
			golden_top $net "${image%.*}" >"$work/expected"
			our_top >"$work/ours"
			[ "$(wc -l <"$work/expected")" -eq 5 ] || return
			diff "$work/expected" "$work/ours" | sed "s|^|# $net $image: |"
			cmp -s "$work/expected" "$work/ours" || return
		done
	done
}

run_tests $every_program \
	a_missing_argument_is_asked_for \
	a_wrong_number_is_named \
	a_missing_model_is_named \
	each_picture_gives_its_best_classes \
	a_picture_that_cannot_be_read_does_not_stop_the_others \
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
	a_model_that_cannot_run_gives_one_line \
	the_shipped_model_knows_the_shipped_pictures \
	five_pictures_get_the_classes_of_the_reference
