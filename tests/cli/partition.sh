#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# atoll-partition as a user sees it. No time is expected to be any particular one.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
tool=atoll-partition
try="try 'atoll-partition --help'"
model=$cards/cards.tflite
skip_unless "$model" || { echo "# skipped: $why"; exit 77; }
operators_of() {
	program atoll-model info "$1" | sed -nE '1s/.* ([0-9]+) operators?,.*/\1/p'
}
operators=$(operators_of "$model")

# The tool under the vendor's names.
vendors() {
	name=$1
	shift
	mkdir -p "$work/bin"
	ln -sf "$(realpath "$BUILD/$tool")" "$work/bin/$name"
	# shellcheck disable=SC2086 # RUN may be several words
	LD_LIBRARY_PATH=$(realpath "$BUILD") $RUN "$work/bin/$name" "$@" \
		>"$work/out" 2>"$work/err"
}

# A compiler that takes models as they are, and cuts them in the middle; without the
# first line it refuses. What it was asked for is in $work/asked.
fake_compiler() { # LINE
	cat >"$work/compiler" <<end
#!/bin/sh
${1:-}
segments=0
while [ \$# -gt 1 ]; do
	case \$1 in
	-o) out=\$2; shift ;;
	-k) step=\$2; shift ;;
	-n) segments=\$2; shift ;;
	esac
	shift
done
stem=\${1##*/} stem=\${stem%.tflite}
echo "\$segments \$step" >>"$work/asked"
echo 'Off-chip memory used for streaming uncached model parameters: 0.00B'
[ \$segments -ne 0 ] || exec cp "\$1" "\$out/\${stem}_edgetpu.tflite"
$RUN "$(realpath "$BUILD/$tool")" --model-path="\$1" --num-ops=1,$((operators - 1)) \\
	--output-dir="\$out" --segment-prefix="\$stem" || exit
for i in 0 1; do
	cp "\$out/\${stem}_segment_\${i}_of_2.tflite" "\$out/\${stem}_segment_\${i}_of_2_edgetpu.tflite"
done
end
	chmod 755 "$work/compiler"
	: >"$work/asked"
}

what_is_missing_is_asked_for() {
	gives 2 $tool && is_silent out && err_is "$tool: which model? As in --model-path=FILE
$try" &&
	gives 2 $tool --model-path=x &&
	err_is "$tool: how many segments? As in --num-segments=2
$try" &&
	gives 2 $tool --model-path=x --segment-prefix=y &&
	err_is "$tool: how many operators has each segment? As in --num-ops=20,11
$try" &&
	gives 2 $tool --model-path=x --num-segments=2 x &&
	err_is "$tool: 'x' is one argument too many
$try"
}

a_wrong_value_is_named() {
	gives 2 $tool --num-segments=1 && err_is "$tool: --num-segments: 1 is not within 2 to 64
$try" &&
	gives 2 $tool --num_ops=3,0 &&
	err_is "$tool: --num-ops: 0 is not within 1 to 1000000
$try" &&
	gives 2 $tool --num-ops=3, && err_is "$tool: --num-ops: '' is not a whole number
$try" &&
	gives 2 $tool --diff-threshold-ns=0 && err_has "^$tool: --diff-threshold-ns: 0 is not " &&
	gives 2 $tool --device-type=fast &&
	err_is "$tool: --device-type: 'fast' is not one of pcionly, usbonly, any
$try" &&
	gives 1 $tool --device_type pcionly && lines_are err 1 && err_has ' on PCIe '
}

options_of_one_way_to_cut_are_not_for_the_other() {
	gives 2 $tool --model-path=x --num-ops=1,2 --device=emu &&
	err_is "$tool: --device is an option of partition_with_profiling
$try" &&
	! vendors partition_with_profiling --num_ops=1,2 &&
	err_is "$tool: --num-ops is an option of partition_with_num_ops
$try"
}

a_model_is_cut_as_told() {
	gives 0 $tool --model-path="$model" --num-ops=2,$((operators - 3)),1 \
		--output-dir="$work/cut" && is_silent err &&
	out_is "$work/cut/tmp_segment_0_of_3.tflite
$work/cut/tmp_segment_1_of_3.tflite
$work/cut/tmp_segment_2_of_3.tflite" || return
	for segment in 0,2 1,$((operators - 3)) 2,1; do
		[ "$(operators_of "$work/cut/tmp_segment_${segment%,*}_of_3.tflite")" -eq \
			"${segment#*,}" ] || return
	done
}

its_segments_are_a_pipeline() {
	gives 0 $tool --model-path="$model" --num-ops=2,$((operators - 2)) \
		--output-dir="$work/two" --segment-prefix=cards &&
	gives 0 atoll-bench --pipeline -d cpu -r 2 "$work"/two/cards_segment_?_of_2.tflite &&
	lines_are out 4
}

the_vendors_name_cuts_as_told() {
	vendors partition_with_num_ops --model_path "$model" --output_dir "$work/theirs" \
		--num_ops 1,$((operators - 1)) && is_silent err &&
	out_has '/theirs/tmp_segment_1_of_2.tflite$' && lines_are out 2
}

numbers_that_are_not_the_models_are_refused() {
	gives 1 $tool --model-path="$model" --num-ops=1,$operators --output-dir="$work/none" &&
	is_silent out &&
	err_is "$tool: --num-ops: $((operators + 1)) operators in all, but $model has $operators" &&
	[ ! -e "$work/none" ]
}

what_cannot_be_read_or_written_is_named() {
	gives 1 $tool --model-path=nowhere.tflite --num-ops=1,2 &&
	err_is "$tool: nowhere.tflite: No such file or directory" &&
	gives 1 $tool --model-path="$model" --num-ops=$operators --output-dir="$work/no/such" &&
	err_is "$tool: $work/no/such: No such file or directory" &&
	gives 1 $tool --model-path="$model" --num-segments=2 --device=cpu \
		--edgetpu-compiler-binary=/nowhere/compiler --output-dir="$work/none" &&
	err_is "$tool: /nowhere/compiler: No such file or directory"
}

# One operator in front, all others behind: that can be done better.
measuring_finds_where_to_cut() {
	fake_compiler
	gives 0 $tool --model-path="$model" --num-segments=2 --device=cpu \
		--edgetpu-compiler-binary="$work/compiler" --diff-threshold-ns=1 \
		--initial-lower-bound-ns=0 --initial-upper-bound-ns=10000000000 \
		--delegate-search-step=5 --output-dir="$work/found" && is_silent err &&
	lines_are out 3 && out_has '^segment operators  run ms  off chip file$' &&
	out_has "^      0 +[0-9]+ +[0-9.]+     0.00B $work/found/cards_segment_0_of_2_edgetpu.tflite\$" &&
	out_has "^      1 +[0-9]+ +[0-9.]+     0.00B $work/found/cards_segment_1_of_2_edgetpu.tflite\$" &&
	awk -v all="$operators" 'NR > 1 { sum += $2 } END { exit sum != all }' "$work/out" &&
	[ "$(sort -u "$work/asked")" = '0 5' ] || return
	for segment in 0 1; do
		cmp "$work/found/cards_segment_${segment}_of_2.tflite" \
			"$work/found/cards_segment_${segment}_of_2_edgetpu.tflite" || return
	done
}

the_limits_are_those_of_the_compilers_own_segments() {
	fake_compiler
	gives 0 $tool --model-path="$model" --num-segments=2 --device=cpu --device=cpu \
		--edgetpu-compiler-binary="$work/compiler" --diff-threshold-ns=100000000000 \
		--output-dir="$work/near" &&
	out_is 'The segments are near enough to each other already; nothing was written.' &&
	[ "$(cat "$work/asked")" = '2 1' ] && [ -z "$(ls "$work/near")" ]
}

a_refusal_of_the_compiler_is_told() {
	fake_compiler 'echo "Invalid model: x"; exit 1'
	gives 1 $tool --model-path="$model" --num-segments=2 --device=cpu \
		--edgetpu-compiler-binary="$work/compiler" --output-dir="$work/none" &&
	is_silent out &&
	err_is "$tool: $work/compiler cannot cut the model into 2 segments: Invalid model: x" &&
	gives 1 $tool --model-path="$model" --num-segments=2 --device=cpu \
		--initial-lower-bound-ns=0 --initial-upper-bound-ns=10000000 \
		--edgetpu-compiler-binary="$work/compiler" --output-dir="$work/none" &&
	is_silent out &&
	err_is "$tool: no other cut is faster than the limits or the compiler's own"
}

nothing_is_left_behind() {
	fake_compiler
	mkdir "$work/tmp" &&
	TMPDIR=$work/tmp gives 0 $tool --model-path="$model" --num-segments=2 --device=cpu \
		--edgetpu-compiler-binary="$work/compiler" --initial-lower-bound-ns=0 \
		--initial-upper-bound-ns=10000000000 --output-dir="$work/left" &&
	[ -z "$(ls "$work/tmp")" ] && [ "$(ls "$work/left" | wc -l)" -eq 4 ]
}

our_compiler_and_emulated_devices_will_do() {
	[ -x "$BUILD/atoll-compile" ] || { why='atoll-compile is not there'; return 77; }
	[ -z "$RUN" ] || { why='what it starts is not for this machine'; return 77; }
	gives 0 $tool --model-path="$model" --num-segments=3 --device=emu \
		--edgetpu-compiler-binary="$(realpath "$BUILD/atoll-compile")" \
		--initial-lower-bound-ns=0 --initial-upper-bound-ns=10000000000 \
		--partition-search-step=3 --diff-threshold-ns=100000000 \
		--output-dir="$work/ours" && is_silent err && lines_are out 4 &&
	gives 0 atoll-bench --pipeline -d emu:0 -d emu:1 -d emu:2 -r 2 \
		"$work"/ours/cards_segment_?_of_3_edgetpu.tflite && lines_are out 5
}

run_tests $every_program \
	what_is_missing_is_asked_for \
	a_wrong_value_is_named \
	options_of_one_way_to_cut_are_not_for_the_other \
	a_model_is_cut_as_told \
	its_segments_are_a_pipeline \
	the_vendors_name_cuts_as_told \
	numbers_that_are_not_the_models_are_refused \
	what_cannot_be_read_or_written_is_named \
	measuring_finds_where_to_cut \
	the_limits_are_those_of_the_compilers_own_segments \
	a_refusal_of_the_compiler_is_told \
	nothing_is_left_behind \
	our_compiler_and_emulated_devices_will_do
