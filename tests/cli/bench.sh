#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# atoll-bench as a user sees it. No time is expected to be any particular one.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
tool=atoll-bench
try="try 'atoll-bench --help'"

# The shipped model, or a small one of the test data.
if [ -e $cards/cards.tflite ]; then
	model=$cards/cards.tflite
else
	model=$data/models/dense_256.tflite
fi
needs_model() { skip_unless "$model"; }

a_missing_argument_is_asked_for() {
	gives 2 $tool && is_silent out && err_is "$tool: which model?
$try"
}

a_wrong_number_is_named() {
	gives 2 $tool --runs=0 x && err_is "$tool: --runs: 0 is not within 1 to 1000000
$try" &&
	gives 2 $tool -r ten x && err_is "$tool: --runs: 'ten' is not a whole number
$try" &&
	gives 2 $tool --seconds=-1 x && err_is "$tool: --seconds: -1 is not within 0 to 3600
$try" &&
	gives 2 $tool -s 1s x && err_is "$tool: --seconds: '1s' is not a number
$try" &&
	gives 2 $tool --threads=65 x && err_is "$tool: --threads: 65 is not within 0 to 64
$try"
}

each_model_gets_a_line_of_figures() {
	needs_model || return 77
	real='[0-9]+\.[0-9]+'
	gives 0 $tool --runs=3 "$model" "$model" && is_silent err && lines_are out 3 &&
	out_has '^model +load ms +first +median +p90 +min +MiB +ratio$' || return
	[ "$(grep -cE "^$(basename "$model") +$real +$real +$real +$real +$real +-?$real +-?$real\$" \
		"$work/out")" -eq 2 ]
}

least_median_and_p90_are_in_order() {
	needs_model || return 77
	gives 0 $tool --runs=20 "$model" || return
	awk 'NR > 1 { exit !($6 <= $4 && $4 <= $5 && $6 > 0) }' "$work/out"
}

json_is_one_object_a_model() {
	needs_model || return 77
	real='-?[0-9]+(\.[0-9]+)?(e[-+][0-9]+)?'
	gives 0 $tool --json -r 2 --threads=2 "$model" "$model" && is_silent err &&
	lines_are out 2 &&
	out_has "^\\{\"model\":\"$model\",\"device\":\"cpu\",\"instructions\":\"(plain|neon|avx2|vnni)\",\"threads\":2,\"runs\":2,\"load_ms\":$real,\"first_ms\":$real,\"median_ms\":$real,\"p90_ms\":$real,\"min_ms\":$real,\"model_bytes\":$(stat -c %s "$model"),\"arena_bytes\":[1-9][0-9]*,\"peak_bytes\":-?[0-9]+\\}\$"
}

time_can_be_given_instead_of_runs() {
	needs_model || return 77
	gives 0 $tool --json --seconds=0 "$model" && out_has '"runs":10,'
}

a_model_that_cannot_run_does_not_stop_the_others() {
	needs_model || return 77
	gives 1 $tool -r 1 nowhere.tflite "$model" && lines_are out 2 &&
	err_is "$tool: nowhere.tflite: No such file or directory"
}

a_bar_shows_progress_on_terminals_only() {
	needs_model || return 77
	gives 0 $tool -s 0.3 "$model" "$model" "$model" && is_silent err || return
	command -v script >/dev/null || { why='script is not installed'; return 77; }
	script -qec "$RUN $BUILD/$tool -s 0.3 $model $model $model" /dev/null \
		</dev/null >"$work/out" 2>&1 &&
	out_has '[23] of 3 models ##*'
}

a_profile_names_the_operators() {
	needs_model || return 77
	gives 0 $tool -r 1 --profile "$model" && lines_are out 2 &&
	err_has '^ step operator ' && err_has '^    0 [A-Z_0-9]+ +cpu ' && err_has '  all '
}

a_model_for_emulated_devices_is_said_to_run_on_the_cpu() {
	writer=tests/test_runtime_carried
	skip_unless "$BUILD/$writer" && program $writer --models "$work" || return 77
	said="$tool: .*carried.tflite: compiled for emulated devices: the CPU runs it"
	gives 0 $tool -r 2 -d emu "$work/carried.tflite" && is_silent err &&
	ATOLL_TPU_SOCKET=/nowhere gives 0 $tool -r 2 -d tpu,cpu "$work/carried.tflite" && lines_are err 1 &&
	err_has "^$said\$" &&
	ATOLL_TPU_SOCKET=/nowhere gives 0 $tool --pipeline -r 2 -d tpu "$work/carried.tflite" && lines_are err 1 &&
	err_has "^$said\$"
}

a_model_alone_is_a_pipeline_of_one() {
	needs_model || return 77
	real='[0-9]+\.[0-9]+'
	gives 0 $tool --pipeline --runs=3 -d cpu "$model" && is_silent err && lines_are out 3 &&
	out_has '^segment +device +load ms +run$' &&
	out_has "^$(basename "$model") +cpu +$real +$real\$" &&
	out_has "^latency $real ms, 90 % within $real ms, least $real ms; $real per second\$"
}

a_pipeline_in_json_is_one_object() {
	needs_model || return 77
	real='[0-9]+(\.[0-9]+)?(e[-+][0-9]+)?'
	gives 0 $tool --pipeline --json -r 2 --device=cpu --threads=2 "$model" &&
	is_silent err && lines_are out 1 &&
	out_has "^\\{\"segments\":\\[\\{\"model\":\"$model\",\"device\":\"cpu\",\"threads\":2,\"load_ms\":$real,\"run_ms\":$real,\"model_bytes\":$(stat -c %s "$model")\\}\\],\"runs\":2,\"median_ms\":$real,\"p90_ms\":$real,\"min_ms\":$real,\"full_runs\":2,\"per_second\":$real\\}\$"
}

each_segment_has_a_device_of_its_own() {
	ssd=$data/models/ssd_mobilenet_v2_coco_quant_postprocess_segment
	skip_unless "${ssd}_0_of_2_edgetpu.tflite" || return 77
	gives 0 $tool --pipeline -r 2 -d emu:0 -d emu:1 "${ssd}_0_of_2_edgetpu.tflite" \
		"${ssd}_1_of_2_edgetpu.tflite" && is_silent err && lines_are out 4 &&
	out_has '_0_of_2_edgetpu.tflite +emu:0 ' && out_has '_1_of_2_edgetpu.tflite +emu:1 ' &&
	gives 0 $tool --pipeline -r 2 --device=emu:2 "${ssd}_0_of_2_edgetpu.tflite" \
		"${ssd}_1_of_2_edgetpu.tflite" &&
	out_has '_0_of_2_edgetpu.tflite +emu:2 ' && out_has '_1_of_2_edgetpu.tflite +emu:2 '
}

segments_that_do_not_fit_are_refused() {
	needs_model || return 77
	gives 1 $tool --pipeline "$model" "$model" && is_silent out &&
	err_has "^$tool: segment 0: no later segment uses its output tensor " &&
	gives 1 $tool --pipeline nowhere.tflite "$model" && is_silent out &&
	err_is "$tool: nowhere.tflite: No such file or directory"
}

a_full_disk_loses_nothing_silently() {
	needs_model || return 77
	[ -e /dev/full ] || { why='/dev/full is not there'; return 77; }
	for option in --runs=1 '--runs=1 --json' '--runs=1 --pipeline'; do
		# shellcheck disable=SC2086 # two options
		program $tool $option "$model" >/dev/full 2>"$work/err"
		[ $? -eq 1 ] || return
		err_is "$tool: cannot write: No space left on device" || return
	done
}

run_tests $every_program \
	a_missing_argument_is_asked_for \
	a_wrong_number_is_named \
	each_model_gets_a_line_of_figures \
	least_median_and_p90_are_in_order \
	json_is_one_object_a_model \
	time_can_be_given_instead_of_runs \
	a_model_that_cannot_run_does_not_stop_the_others \
	a_bar_shows_progress_on_terminals_only \
	a_profile_names_the_operators \
	a_model_for_emulated_devices_is_said_to_run_on_the_cpu \
	a_model_alone_is_a_pipeline_of_one \
	a_pipeline_in_json_is_one_object \
	each_segment_has_a_device_of_its_own \
	segments_that_do_not_fit_are_refused \
	a_full_disk_loses_nothing_silently
