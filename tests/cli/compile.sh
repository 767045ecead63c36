#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# atoll-compile as a user sees it, and as scripts do that were written for the vendor's
# compiler.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
tool=atoll-compile
try="try 'atoll-compile --help'"
model=$cards/cards.tflite
words=apps/models/keywords/keywords.tflite
version='atoll [0-9]+\.[0-9]+\.[0-9]+'
timer='Started a compilation timeout timer of 180 seconds.'
done='Compilation child process completed within timeout period.'

# Called by the vendor's name.
vendors=$work/edgetpu_compiler
ln -s "$(cd "$BUILD" && pwd)/$tool" "$vendors"
as_vendors() { # STATUS ARGUMENT...
	status=$1
	shift
	# shellcheck disable=SC2086 # RUN may be several words
	$RUN "$vendors" "$@" >"$work/out" 2>"$work/err"
	[ $? -eq "$status" ]
}

# Models that are odd, in $work/odd.
odd=$work/odd
writes_odd() {
	writer=tests/test_apps_compile_page
	skip_unless "$BUILD/$writer" || return
	[ -d "$odd" ] || { mkdir "$odd" && program $writer --models "$odd"; }
}
has_files() { # FOLDER FILE...
	folder=$1
	shift
	[ "$(cd "$folder" && echo *)" = "$*" ] || { echo "# $folder: $(ls "$folder")"; return 1; }
}
tells_target() { # PROGRAM: and nothing else
	err_is "$1: compiled for emulated Edge TPUs and the CPU; for real ones see --target=like"
}

token_of() { # FILE: of its first package
	program atoll-model info --json "$1" | sed -E 's/.*"token":"([0-9a-f]+)".*/\1/'
}

the_command_line_is_checked() {
	gives 2 $tool && is_silent out && err_is "$tool: which model?
$try" &&
	gives 2 $tool -n 2 a.tflite b.tflite && err_is "$tool: --num-segments: one model at a time
$try" &&
	gives 2 $tool -n 2 -i x a.tflite &&
	err_is "$tool: --num-segments does not go with --intermediate-tensors
$try" &&
	gives 2 $tool -d a.tflite b.tflite && err_is "$tool: --search-delegate: one model at a time
$try" &&
	gives 2 $tool -i x:y:z a.tflite b.tflite &&
	err_is "$tool: --intermediate-tensors: 3 lists for 2 models
$try" &&
	gives 2 $tool x/a.tflite y/a.tflite &&
	err_is "$tool: x/a.tflite and y/a.tflite would both become a_edgetpu.tflite
$try" &&
	gives 2 $tool --target=glass a.tflite &&
	err_is "$tool: --target: 'glass' is not emulator, silicon or like=FILE
$try" &&
	gives 2 $tool --target=silicon -n 2 a.tflite &&
	err_is "$tool: --target=silicon does not go with --num-segments
$try" &&
	gives 2 $tool --target=like=c_edgetpu.tflite a.tflite b.tflite &&
	err_is "$tool: --target=like: one model at a time
$try" &&
	gives 2 $tool --twin=c.tflite a.tflite && err_is "$tool: --twin goes with --target=like=FILE
$try" &&
	gives 2 $tool --check -n 2 a.tflite &&
	err_is "$tool: --check is about the whole model: without --num-segments
$try" &&
	gives 2 $tool --cache-rule=14 a.tflite && err_is "$tool: --cache-rule: '14' is not one of 15, 16
$try" || return
	for wrong in -m9 -m15 -n0 -k0 -t0 '-t x'; do
		# shellcheck disable=SC2086 # an option and its value
		gives 2 $tool $wrong a.tflite && is_silent out || return
	done
}

help_tells_the_default_runtime_version() {
	gives 0 $tool -h && out_has '10 to 14 \(default 14\)$' && as_vendors 0 --help &&
	out_has '10 to 14 \(default 14\)$'
}

the_vendors_name_has_the_vendors_version() {
	as_vendors 0 -v && is_silent err && out_is 'Edge TPU Compiler version 16.0.384591198' &&
	as_vendors 0 --version && out_is 'Edge TPU Compiler version 16.0.384591198' &&
	gives 0 $tool -v && out_has "^$tool [0-9]+\.[0-9]+\.[0-9]+$" &&
	as_vendors 2 && err_is "edgetpu_compiler: which model?
try 'edgetpu_compiler --help'"
}

# The report with what depends on time and on the model's inside taken out.
report() {
	sed -E 's/ in [0-9]+ ms\.$/ in N ms./; s/: [0-9]+\.[0-9]{2}(B|KiB|MiB|GiB)$/: SIZE/' \
		"$work/out" >"$work/report"
	mv "$work/report" "$work/out"
}
block() { # PATH OUTPUT
	echo "Input model: $1
Input size: SIZE
Output model: $2_edgetpu.tflite
Output size: SIZE
On-chip memory used for caching model parameters: SIZE
On-chip memory remaining for caching model parameters: SIZE
Off-chip memory used for streaming uncached model parameters: SIZE
Number of Edge TPU subgraphs: 1
Total number of operations: $3
Operation log: $2_edgetpu.log
See the operation log file for individual operation details."
}
operators_of() {
	program atoll-model info "$1" | sed -nE '1s/.*, ([0-9]+) operators.*/\1/p'
}

a_model_is_compiled_with_the_vendors_words() {
	as_vendors 0 -o "$work/one" $model && tells_target edgetpu_compiler && report &&
	out_is "Edge TPU Compiler version 16.0.384591198
$timer

Model compiled successfully in N ms.

$(block $model "$work/one/cards" "$(operators_of $model)")
$done
Compilation succeeded! " &&
	has_files "$work/one" cards_edgetpu.log cards_edgetpu.tflite &&
	gives 0 atoll-model verify "$work/one/cards_edgetpu.tflite" &&
	out_is "$work/one/cards_edgetpu.tflite: ok, compiled for the Edge TPU" || return
	log=$work/one/cards_edgetpu.log
	head -n 6 "$log" >"$work/err" &&
	err_is "Edge TPU Compiler version 16.0.384591198
Input: $model
Output: $work/one/cards_edgetpu.tflite

Operator                       Count      Status
" && ! tail -n +7 "$log" |
		grep -vE '^[A-Z][A-Z0-9_]* {1,30}[0-9]+ {1,10}Mapped to Edge TPU$' || return
	[ "$(awk 'NR > 6 { sum += $2 } END { print sum }' "$log")" -eq "$(operators_of $model)" ]
}

sizes_are_those_of_the_files() {
	gives 0 $tool --json -o "$work/sizes" $model && lines_are out 1 || return
	sizes=$(sed -E 's/.*"input_bytes":([0-9]+),.*"output_bytes":([0-9]+),.*/\1 \2/' "$work/out")
	[ "$sizes" = "$(stat -c %s $model) $(stat -c %s "$work/sizes/cards_edgetpu.tflite")" ]
}

our_name_has_our_version_and_the_same_lines() {
	gives 0 $tool -o "$work/ours" $model && tells_target atoll-compile &&
	out_has "^Edge TPU Compiler version $version$" && lines_are out 18 &&
	grep -qE "^Edge TPU Compiler version $version$" "$work/ours/cards_edgetpu.log"
}

the_current_folder_is_the_default() {
	mkdir "$work/here" && here=$(pwd) && case $BUILD in /*) ;; *) BUILD=$here/$BUILD ;; esac
	(cd "$work/here" && gives 0 $tool "$here/$model" && out_has '^Output model: cards_edgetpu.tflite$') &&
	has_files "$work/here" cards_edgetpu.log cards_edgetpu.tflite
}

flags_may_be_bundled_and_names_have_underscores() {
	gives 0 $tool -sao "$work/flags" $model &&
	out_has '^Operator                       Count      Status$' &&
	out_has '^CONV_2D {24}[0-9]+ {9,10}Mapped to Edge TPU$' || return
	mv "$work/out" "$work/first"
	gives 0 $tool --show_operations --enable_multiple_subgraphs --out_dir "$work/flags" \
		--timeout_sec 180 --min_runtime_version=14 $model || return
	sed -E 's/in [0-9]+ ms/in N ms/' "$work/first" >"$work/expected"
	report && sed -E 's/: [0-9]+\.[0-9]{2}(B|KiB|MiB|GiB)$/: SIZE/' "$work/expected" |
		diff - "$work/out"
}

what_was_compiled_runs_on_an_emulated_device() {
	gives 0 $tool -o "$work/run" $model $words || return
	for each in cards keywords; do
		gives 0 atoll-model run --fill=lcg -d cpu apps/models/$each/$each.tflite || return
		grep sha256 "$work/out" >"$work/expected"
		gives 0 atoll-model run --fill=lcg -d emu "$work/run/${each}_edgetpu.tflite" || return
		grep sha256 "$work/out" | cmp - "$work/expected" || return
	done
}

several_models_share_a_token() {
	gives 0 $tool -o "$work/both" $model $words && tells_target atoll-compile && report &&
	sed -i 1d "$work/out" && out_is "$timer

Models compiled successfully in N ms.

$(block $model "$work/both/cards" "$(operators_of $model)")

$(block $words "$work/both/keywords" "$(operators_of $words)")
$done
Compilation succeeded! " || return
	a=$(token_of "$work/both/cards_edgetpu.tflite")
	[ "${#a}" -eq 16 ] && [ "$a" = "$(token_of "$work/both/keywords_edgetpu.tflite")" ] &&
	gives 0 $tool -o "$work/both" $model || return
	[ "$a" != "$(token_of "$work/both/cards_edgetpu.tflite")" ]
}

segments_are_compiled_one_by_one_and_share_a_token() {
	gives 0 $tool -n 2 -o "$work/cut" $model && tells_target atoll-compile && report || return
	[ "$(grep -c "^$timer\$" "$work/out")" -eq 2 ] &&
	[ "$(grep -c '^Compilation succeeded! $' "$work/out")" -eq 2 ] &&
	[ "$(grep -c '^Edge TPU Compiler' "$work/out")" -eq 1 ] &&
	out_has "^Input model: $work/cut/cards_segment_0_of_2.tflite$" &&
	out_has "^Output model: $work/cut/cards_segment_1_of_2_edgetpu.tflite$" &&
	has_files "$work/cut" cards_segment_0_of_2.tflite cards_segment_0_of_2_edgetpu.log \
		cards_segment_0_of_2_edgetpu.tflite cards_segment_1_of_2.tflite \
		cards_segment_1_of_2_edgetpu.log cards_segment_1_of_2_edgetpu.tflite || return
	a=$(token_of "$work/cut/cards_segment_0_of_2_edgetpu.tflite")
	[ "$a" = "$(token_of "$work/cut/cards_segment_1_of_2_edgetpu.tflite")" ] || return
	parts=0
	for i in 0 1; do
		part=$(operators_of "$work/cut/cards_segment_${i}_of_2.tflite")
		parts=$((parts + part))
	done
	[ "$parts" -eq "$(operators_of $model)" ] || return
	gives 1 $tool -n 900 -o "$work/cut" $model && lines_are err 1 && lines_are out 1
}

a_search_begins_with_all() {
	gives 0 $tool -dk 3 -o "$work/search" $model && tells_target atoll-compile || return
	sed -n 2,4p "$work/out" >"$work/report"
	mv "$work/report" "$work/out"
	out_is "Searching for valid delegate with step 3
Try to compile segment with $(operators_of $model) ops
$timer"
}

a_search_ends_with_what_fits() {
	writes_odd || return 77
	gives 0 $tool --search-delegate -o "$work/search" "$odd/large.tflite" && lines_are err 2 &&
	report && mv "$work/out" "$work/all" && head -n 10 "$work/all" | tail -n +2 >"$work/out" &&
	out_is "Searching for valid delegate with step 1
Try to compile segment with 2 ops
$timer
ERROR: Restored original execution plan after delegate application failure.
Compilation failed: Compilation failed due to large activation tensors in model.
$done
Compilation failed! 
Try to compile segment with 1 ops
$timer" && mv "$work/all" "$work/out" &&
	out_has '^Number of operations that will run on Edge TPU: 1$' &&
	out_has '^Compilation succeeded! $' &&
	gives 1 $tool -dk 2 -o "$work/search" "$odd/large.tflite"
}

the_runtime_version_is_in_the_file() {
	for m in 12 14; do
		gives 0 $tool -m $m -o "$work/version" $model &&
		gives 0 atoll-model info "$work/version/cards_edgetpu.tflite" &&
		out_has "^  operator 0, for runtime version $m, " || return
	done
}

the_first_part_alone_or_all_of_them() {
	writes_odd || return 77
	gives 0 $tool -s -o "$work/parts" "$odd/parts.tflite" && tells_target atoll-compile &&
	out_has '^Number of Edge TPU subgraphs: 1$' &&
	out_has '^Model successfully compiled but not all operations are supported by the Edge TPU\. A percentage of the model will instead run on the CPU, which is slower\. If possible, consider updating your model to use only operations supported by the Edge TPU\. For details, visit g\.co/coral/model-reqs\.$' &&
	out_has '^Number of operations that will run on Edge TPU: 1$' &&
	out_has '^Number of operations that will run on CPU: 3$' &&
	out_has '^LEAKY_RELU                     1          Operation not supported$' &&
	out_has '^RELU6                          1          More than one subgraph is not supported$' &&
	gives 0 $tool -a -o "$work/parts" "$odd/parts.tflite" &&
	out_has '^Number of Edge TPU subgraphs: 2$' &&
	out_has '^Number of operations that will run on CPU: 1$'
}

tensors_that_are_named_end_the_part() {
	writes_odd || return 77
	gives 0 $tool -ai a -o "$work/stop" "$odd/parts.tflite" &&
	out_has '^Number of operations that will run on Edge TPU: 1$' &&
	gives 1 $tool -i nowhere -o "$work/stop" "$odd/parts.tflite" && lines_are err 1 &&
	err_has "^$tool: .*parts.tflite: .*nowhere" &&
	gives 0 $tool -i ":a" -o "$work/stop" $model "$odd/parts.tflite"
}

# fails FILE TEXT: with exactly this between the timer and the end.
fails() {
	mkdir -p "$work/none"
	as_vendors 1 -o "$work/none" "$1" && lines_are err 1 && err_has "^edgetpu_compiler: $1: " &&
	out_is "Edge TPU Compiler version 16.0.384591198
$timer
$2
$done
Compilation failed! " && has_files "$work/none" '*'
}
interpreter='Compilation failed: Model failed in Tflite interpreter. Please ensure model can be loaded/run in Tflite interpreter.'

a_float_model_is_refused() {
	writes_odd || return 77
	fails "$odd/float.tflite" "Invalid model: $odd/float.tflite
Model not quantized"
}
an_unknown_version_is_refused() {
	writes_odd || return 77
	fails "$odd/version.tflite" "ERROR: Didn't find op for builtin opcode 'RELU' version '99'

ERROR: Registration failed.

Invalid model: $odd/version.tflite
Model could not be parsed"
}
an_unknown_operator_is_refused() {
	writes_odd || return 77
	fails "$odd/custom.tflite" "ERROR: Encountered unresolved custom op: Sparkle.
ERROR: Node number 1 (Sparkle) failed to prepare.

$interpreter"
}
what_is_too_large_is_refused() {
	writes_odd || return 77
	fails "$odd/large.tflite" "ERROR: Restored original execution plan after delegate application failure.
Compilation failed: Compilation failed due to large activation tensors in model."
}
a_dynamic_shape_is_refused() {
	writes_odd || return 77
	fails "$odd/dynamic.tflite" "ERROR: Attempting to use a delegate that only supports static-sized tensors with a graph that has dynamic-sized tensors.
$interpreter"
}
what_is_no_model_is_refused() {
	head -c 3000 $model >"$work/cut.tflite"
	for file in "$work/cut.tflite" "$work/nowhere.tflite"; do
		fails "$file" "Invalid model: $file
Model could not be parsed" || return
	done
}

# Many models take a while; stopped on the way, they take too long.
what_takes_too_long_is_ended() {
	[ -z "$RUN" ] || { why='the child of an emulated program cannot be stopped'; return 77; }
	[ -e "/proc/$$/task/$$/children" ] || { why='/proc tells no children'; return 77; }
	mkdir "$work/many" "$work/late"
	for i in 0 1 2 3 4 5 6 7 8 9; do
		for k in 0 1 2 3; do
			ln -s "$(pwd)/$model" "$work/many/$i$k.tflite"
		done
	done
	"$vendors" -t 1 -o "$work/late" "$work"/many/* >"$work/out" 2>"$work/err" &
	compiler=$! child=
	while [ -z "$child" ] && kill -0 $compiler; do
		read -r child rest <"/proc/$compiler/task/$compiler/children"
	done
	kill -STOP "$child"
	wait $compiler && status=0 || status=$?
	[ $status -eq 1 ] && out_is "Edge TPU Compiler version 16.0.384591198
Started a compilation timeout timer of 1 seconds.
Compilation timeout. This is usually caused by large activations.
Compilation failed! " && err_is "edgetpu_compiler: $work/many/00.tflite: not done after 1 seconds" &&
	has_files "$work/late" '*' || return
	! kill -0 "$child" 2>"$work/err"
}

a_check_writes_nothing() {
	writes_odd || return 77
	mkdir "$work/empty" && here=$(pwd) && case $BUILD in /*) ;; *) BUILD=$here/$BUILD ;; esac
	(cd "$work/empty" && gives 0 $tool --check "$odd/parts.tflite") && is_silent err &&
	has_files "$work/empty" '*' &&
	out_has '/parts.tflite: 1 of 4 operators on the Edge TPU$' &&
	out_has '^    0  RELU                     1x8x8x4          TPU$' &&
	out_has '^    1  LEAKY_RELU               1x8x8x4          CPU  the Edge TPU has no LEAKY_RELU$' &&
	out_has '^  Operation not supported \(1\)$' &&
	gives 1 $tool --check "$odd/float.tflite" && is_silent out && lines_are err 1
}

estimates_are_told_for_each_bus() {
	gives 0 $tool --check --estimate $model && is_silent err &&
	out_has "^Estimated time on the Edge TPU: $model$" || return
	for bus in 'PCIe  ' 'USB 3 ' 'USB 2 '; do
		out_has "^$bus +[0-9]+\.[0-9]{2} ms$" || return
	done
}

json_has_everything() {
	writes_odd || return 77
	gives 0 $tool --json --estimate -o "$work/json" "$odd/parts.tflite" $model &&
	is_silent err && lines_are out 1 || return
	command -v jq >"$work/none.txt" || { why='there is no jq'; return 77; }
	jq -r '.token, (.models | length), (.models[0] | .mapped, .parts,
		(.operators | length), .operators[1].status, .operators[1].device,
		(.estimate.usb2_ms > .estimate.pcie_ms)),
		([.models[1].parameters[] | select(.cached) | .bytes] | add) ==
			.models[1].cached_bytes' "$work/out" >"$work/values" &&
	tail -n +2 "$work/values" >"$work/out" && out_is '2
1
1
4
Operation not supported
cpu
true
true' && [ "$(head -n 1 "$work/values")" = "$(token_of "$work/json/cards_edgetpu.tflite")" ]
}

failures_are_json_too() {
	writes_odd || return 77
	gives 1 $tool --json -o "$work/json" "$odd/float.tflite" && lines_are err 1 &&
	out_has '^\{"failure":"not quantized","error":".*float.tflite: not quantized' &&
	gives 1 $tool --json -o "$work/json" "$work/nowhere.tflite" &&
	out_is "{\"failure\":\"not a model\",\"error\":\"$work/nowhere.tflite: No such file or directory\"}"
}

a_page_is_written_whole_or_not_at_all() {
	writes_odd || return 77
	gives 0 $tool --check --html="$work/page.html" "$odd/parts.tflite" $model && is_silent err &&
	cp "$work/page.html" "$work/out" && out_has '^<!DOCTYPE html>$' && out_has '^</html>$' &&
	out_has '1 of 4 operators' && out_has '&lt;script&gt;' || return
	[ "$(grep -c '<article>' "$work/page.html")" -eq 2 ] &&
	! grep -E '<script|https?:' "$work/page.html" &&
	gives 1 $tool --check --html="$work/page.html" "$odd/float.tflite" &&
	is_silent out &&
	grep -q '1 of 4 operators' "$work/page.html" &&
	gives 1 $tool --check --html="$work/no/page.html" $model && is_silent out &&
	err_is "$tool: $work/no/page.html: No such file or directory"
}

# A folder where the model should be: the log of before stays, too.
what_cannot_be_written_leaves_nothing() {
	mkdir -p "$work/full/keywords_edgetpu.tflite/x" && echo old >"$work/full/cards_edgetpu.log" &&
	gives 1 $tool -o "$work/full" $words && lines_are err 1 &&
	err_has "^$tool: $work/full/keywords_edgetpu.tflite: " &&
	out_has '^Compilation failed! $' &&
	has_files "$work/full" cards_edgetpu.log keywords_edgetpu.tflite &&
	gives 1 $tool -o "$work/no/such/folder" $model && err_has "^$tool: $work/no/such/folder: "
}

# A reader that goes away, as pagers do.
a_pipe_that_is_closed_later_ends_it_quietly() {
	rm -f "$work/pipe" && mkfifo "$work/pipe" || return
	(
		exec 3<>"$work/pipe" 4>"$work/pipe" 3<&-
		program $tool --check $model >&4 2>"$work/err"
	)
	status=$?
	[ $status -eq 141 ] || { echo "# exit status $status"; return 1; }
	is_silent err
}

a_full_disk_is_told() {
	[ -e /dev/full ] || { why='/dev/full is not there'; return 77; }
	for option in -s --check --json; do
		program $tool $option -o "$work/fd" $model >/dev/full 2>"$work/err"
		[ $? -eq 1 ] && err_has "^$tool: cannot write: No space left on device$" || return
	done
}

# What the vendor's compiler made of the shared models, "OPERATOR COUNT" of those that are
# mapped, then behind a bar of those that are not.
pairs='dense_256|FULLY_CONNECTED 1, QUANTIZE 2|
dense_512|FULLY_CONNECTED 1, QUANTIZE 2|
split_concat|CONCATENATION 2, SPLIT 1|
keras_lstm_mnist_ptq|FULLY_CONNECTED 1, QUANTIZE 2, RESHAPE 1, SOFTMAX 1, UNIDIRECTIONAL_SEQUENCE_LSTM 1|
mobilenet_v1_0.25_128_quant|AVERAGE_POOL_2D 1, CONV_2D 15, DEPTHWISE_CONV_2D 13, RESHAPE 1, SOFTMAX 1|
posenet_mobilenet_v1_075_353_481_16_quant_decoder|CONCATENATION 1, CONV_2D 18, DEPTHWISE_CONV_2D 13, PAD 1, QUANTIZE 4|CUSTOM 1
deeplab_mobilenet_edgetpu_slim_cityscapes_quant|ADD 15, AVERAGE_POOL_2D 1, CONCATENATION 1, CONV_2D 49, DEPTHWISE_CONV_2D 13, QUANTIZE 1, RESIZE_BILINEAR 1, TILE 1|ARG_MAX 1, RESIZE_BILINEAR 1
movenet_single_pose_lightning_ptq|ADD 13, CONV_2D 50, DEPTHWISE_CONV_2D 24, LOGISTIC 2, MUL 2, QUANTIZE 1, RESHAPE 1, RESIZE_BILINEAR 3, SUB 2|ADD 6, ARG_MAX 2, CAST 5, CONCATENATION 2, DEQUANTIZE 4, DIV 1, FLOOR_DIV 2, GATHER_ND 4, MUL 5, PACK 3, QUANTIZE 7, RESHAPE 11, SQRT 1, SUB 4, UNPACK 2'
# sums CONDITION: counts by operator, of rows of the log.
sums() {
	awk "/^Operator/ { rows = 1; next } rows && NF && ($1) { sum[\$1] += \$2 }
		END { for (name in sum) print name, sum[name] }" "$2" | sort | paste -sd, | sed 's/,/, /g'
}
logs_are_those_of_the_vendor() {
	skip_unless "$data/models/dense_256.tflite" || return 77
	echo "$pairs" >"$work/pairs"
	while IFS='|' read -r each mapped other; do
		gives 0 $tool -o "$work/pairs.out" "$data/models/$each.tflite" || return
		log=$work/pairs.out/${each}_edgetpu.log
		[ "$(sums '/Mapped to Edge TPU$/' "$log")" = "$mapped" ] &&
		[ "$(sums '!/Mapped to Edge TPU$/' "$log")" = "$other" ] ||
			{ sed "s/^/# $each: /" "$log"; return 1; }
	done <"$work/pairs"
}

parameters_that_are_kept_are_as_many_as_the_vendors() {
	skip_unless "$data/models/dense_256.tflite" || return 77
	for each in dense_256:67584 dense_512:266240 mobilenet_v1_0.25_128_quant:566912; do
		gives 0 $tool --json -o "$work/kept" "$data/models/${each%:*}.tflite" &&
		out_has "\"cached_bytes\":${each#*:},.*\"streamed_bytes\":0," || return
	done
}

# Three models that are too many for the chip: the first one is kept whole, or the largest
# layers of all.
the_cache_is_shared_by_either_rule() {
	skip_unless "$data/models/dense_256.tflite" || return 77
	command -v jq >"$work/none.txt" || { why='there is no jq'; return 77; }
	set -- "$data/models/deeplab_mobilenet_edgetpu_slim_cityscapes_quant.tflite" \
		"$data/models/movenet_single_pose_lightning_ptq.tflite" \
		"$data/models/mobilenet_v2_1.0_224_quant.tflite"
	for rule in 15:true 16:false; do
		gives 0 $tool --check --json --cache-rule=${rule%:*} "$@" || return
		jq '.models[0].streamed_bytes == 0, .models[2].streamed_bytes > 0,
			([.models[].remaining_bytes] | unique | length)' "$work/out" >"$work/values"
		mv "$work/values" "$work/out"
		out_is "${rule#*:}
true
1" || return
	done
}

# New weights into instructions of the vendor's; with the same weights, the same file but
# for its token.
like_takes_the_vendors_instructions() {
	pair=$data/models/dense_256
	skip_unless "$pair.tflite" || return 77
	gives 0 $tool --target=like="${pair}_edgetpu.tflite" -o "$work/like" "$pair.tflite" &&
	is_silent err && cp "${pair}_edgetpu.tflite" "$work/like/theirs.tflite" || return
	for file in dense_256_edgetpu theirs; do
		program atoll-model info "$work/like/$file.tflite" |
			sed -E '1d; s/token [0-9a-f]+/token/; s/^  description .*//' >"$work/$file"
	done
	diff "$work/dense_256_edgetpu" "$work/theirs" &&
	gives 1 $tool --target=like="${pair}_edgetpu.tflite" --twin="$pair.tflite" \
		-o "$work/like" "$data/models/dense_512.tflite" && lines_are err 1 &&
	gives 1 $tool --target=like="$work/like/theirs.tflite" "$pair.tflite" &&
	err_is "$tool: $work/like/theirs.tflite: what was it compiled from? --twin=FILE"
}

# Instructions of our own, marked as such wherever people look. The keywords model ends
# with two dense layers.
silicon_is_experimental() {
	warning='experimental: verified on the emulator, not on a chip'
	gives 0 $tool --target=silicon -a --html="$work/silicon.html" -o "$work/silicon" $words &&
	err_is "$tool: compiled for silicon, $warning" &&
	out_has "^Instructions: $warning$" && out_has '^Number of Edge TPU subgraphs: 2$' &&
	out_has '^Number of operations that will run on Edge TPU: 2$' || return
	cp "$work/silicon/keywords_edgetpu.log" "$work/out" &&
	out_has "^Instructions: $warning$" && out_has '^SOFTMAX +1 +Operation not supported$' &&
	out_has '^FULLY_CONNECTED +2 +Mapped to Edge TPU$' || return
	cp "$work/silicon.html" "$work/out" && out_has "<p>Instructions: $warning</p>" || return
	gives 0 atoll-model verify "$work/silicon/keywords_edgetpu.tflite" &&
	gives 0 atoll-model disasm "$work/silicon/keywords_edgetpu.tflite" &&
	out_has 'operator [0-9]+, execution, chunk 0: [0-9]+ words' && out_has '^ *[0-9]+  mac ' &&
	for set in pattern lcg; do
		gives 0 atoll-model run --fill=$set --device=cpu $words || return
		grep sha256 "$work/out" >"$work/cpu"
		gives 0 atoll-model run --fill=$set --device=emu \
			"$work/silicon/keywords_edgetpu.tflite" || return
		grep sha256 "$work/out" >"$work/emu"
		diff "$work/cpu" "$work/emu" || return
	done
	gives 0 $tool --target=silicon --json -o "$work/silicon" $words &&
	out_has "^\{\"target\":\"silicon\",\"warning\":\"$warning\"," &&
	out_has 'on silicon a part is one chain of layers, and only the first part is taken' &&
	gives 0 $tool --target=silicon --check $words && is_silent err &&
	out_has 'SOFTMAX is not for target silicon yet'
}

run_tests $every_program \
	the_command_line_is_checked \
	help_tells_the_default_runtime_version \
	the_vendors_name_has_the_vendors_version \
	a_model_is_compiled_with_the_vendors_words \
	sizes_are_those_of_the_files \
	our_name_has_our_version_and_the_same_lines \
	the_current_folder_is_the_default \
	flags_may_be_bundled_and_names_have_underscores \
	what_was_compiled_runs_on_an_emulated_device \
	several_models_share_a_token \
	segments_are_compiled_one_by_one_and_share_a_token \
	a_search_begins_with_all \
	a_search_ends_with_what_fits \
	the_runtime_version_is_in_the_file \
	the_first_part_alone_or_all_of_them \
	tensors_that_are_named_end_the_part \
	a_float_model_is_refused \
	an_unknown_version_is_refused \
	an_unknown_operator_is_refused \
	what_is_too_large_is_refused \
	a_dynamic_shape_is_refused \
	what_is_no_model_is_refused \
	what_takes_too_long_is_ended \
	a_check_writes_nothing \
	estimates_are_told_for_each_bus \
	json_has_everything \
	failures_are_json_too \
	a_page_is_written_whole_or_not_at_all \
	what_cannot_be_written_leaves_nothing \
	a_pipe_that_is_closed_later_ends_it_quietly \
	a_full_disk_is_told \
	logs_are_those_of_the_vendor \
	parameters_that_are_kept_are_as_many_as_the_vendors \
	the_cache_is_shared_by_either_rule \
	like_takes_the_vendors_instructions \
	silicon_is_experimental
