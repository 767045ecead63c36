#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# atoll-model as a user sees it.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
tool=atoll-model
try="try 'atoll-model --help'"

# The shipped model, or a model of the test data.
if [ -e $cards/cards.tflite ]; then
	model=$cards/cards.tflite
else
	model=$data/models/mobilenet_v1_0.25_128_quant.tflite
fi
needs_model() { skip_unless "$model"; }
bytes_of() { stat -c %s "$1"; }

a_command_is_asked_for() {
	gives 2 $tool && is_silent out &&
	err_is "$tool: no command: one of info, ops, plan, verify, run, disasm
$try" &&
	gives 2 $tool paint x.tflite &&
	err_is "$tool: 'paint' is not one of info, ops, plan, verify, run, disasm
$try"
}

a_missing_file_is_asked_for() {
	for command in info plan verify run disasm; do
		gives 2 $tool $command && is_silent out && err_is "$tool: $command: which file?
$try" || return
	done
	for command in plan run; do
		gives 2 $tool $command a.tflite b.tflite && is_silent out &&
		err_is "$tool: $command: one file at a time
$try" || return
	done
}

a_wrong_value_is_named() {
	gives 2 $tool run --fill=noise x.tflite &&
	err_is "$tool: --fill: 'noise' is not one of pattern, lcg, zero
$try" &&
	gives 2 $tool run --threads=many x.tflite &&
	err_is "$tool: --threads: 'many' is not a whole number
$try" &&
	gives 2 $tool run -t 65 x.tflite && err_is "$tool: --threads: 65 is not within 0 to 64
$try" &&
	gives 2 $tool run --input && err_has "--input|'input'" && err_has "^$try\$"
}

a_file_that_cannot_be_read_is_named_by_every_command() {
	for command in info ops plan verify run disasm; do
		gives 1 $tool $command nowhere.tflite && is_silent out &&
		err_is "$tool: nowhere.tflite: No such file or directory" &&
		gives 1 $tool $command "$work" && is_silent out &&
		err_is "$tool: $work: is a directory" || return
	done
}

ops_lists_what_is_supported() {
	gives 0 $tool ops && is_silent err &&
	out_has '^CONV_2D +builtin to version [0-9]+, .*uint8.*int8' &&
	out_has '^FULLY_CONNECTED +builtin to version ' &&
	out_has '^TFLite_Detection_PostProcess +custom  to version 1, ' || return
	! grep -vE '^[A-Za-z0-9_]+ +(builtin|custom ) to version [0-9]+, [a-z]' "$work/out"
}

info_tells_inputs_outputs_and_operators() {
	needs_model || return 77
	gives 0 $tool info "$model" && is_silent err &&
	out_has "^$model: $(bytes_of "$model") bytes, [0-9]+ operators, [0-9]+ tensors, [0-9]+ bytes of constants$" &&
	out_has '^  input  0  u?int8  1x[0-9]+x[0-9]+x3  real = [0-9.e-]+ \* \(stored - -?[0-9]+\)  ' &&
	out_has '^  output 0  u?int8  1x[0-9]+  ' &&
	out_has '^ +[0-9]+ x CONV_2D version [0-9]+$' &&
	gives 0 $tool info "$model" "$model" || return
	[ "$(grep -c "^$model: " "$work/out")" -eq 2 ]
}

info_as_json_is_one_object_a_file() {
	needs_model || return 77
	gives 0 $tool info --json "$model" "$model" && is_silent err && lines_are out 2 &&
	out_has "^\\{\"path\":\"$model\",\"description\":\"[^\"]*\",\"bytes\":$(bytes_of "$model"),\"graphs\":1,\"tensors\":[0-9]+,\"constant_bytes\":[0-9]+,\"compiled_for_edgetpu\":false,\"inputs\":\\[\\{\"index\":[0-9]+,\"name\":\"[^\"]*\",\"dtype\":\"u?int8\",\"shape\":\\[1,[0-9]+,[0-9]+,3\\],\"scale\":[0-9.e-]+,\"zero_point\":-?[0-9]+\\}\\],\"outputs\":\\[.*\\],\"operators\":\\[\\{\"name\":\"[A-Z_0-9]+\",\"version\":[0-9]+,\"count\":[0-9]+\\}.*\\]\\}\$"
}

plan_tells_order_and_memory() {
	needs_model || return 77
	gives 0 $tool plan --threads=2 "$model" && is_silent err &&
	out_has '^device cpu, (plain|neon|avx2|vnni) instructions, threads 2$' &&
	out_has '^arena [1-9][0-9]* bytes, packed weights [0-9]+ bytes, known results [0-9]+ bytes$' &&
	out_has '^ +0 [A-Z_0-9]+ +cpu +[0-9]+ +[0-9]+ +[0-9]+  [0-9x]+$' || return
	operators=$(program $tool info "$model" | sed -nE '1s/.*, ([0-9]+) operators.*/\1/p')
	lines_are out $((operators + 3)) &&
	gives 0 $tool plan --cache="$work/cache" "$model" &&
	gives 0 $tool plan --cache="$work/cache" "$model" && out_has '\(from the cache\)'
}

ops_tells_where_operators_run() {
	needs_model || return 77
	gives 0 $tool ops "$model" && is_silent err &&
	out_has '^ +[0-9]+ x CONV_2D +version [0-9]+ +cpu$' || return
	strange=$data/models/model_invoking_error.tflite
	skip_unless "$strange" || return 77
	gives 0 $tool ops "$strange" &&
	out_has '^ +[0-9]+ x fake-op-double +version 1 +nowhere: the operator is unknown$'
}

verify_says_ok() {
	needs_model || return 77
	gives 0 $tool verify "$model" "$model" && is_silent err && out_is "$model: ok
$model: ok"
}

verify_goes_on_behind_a_bad_file() {
	needs_model || return 77
	echo 'hello' >"$work/words.tflite"
	gives 1 $tool verify "$work/words.tflite" "$model" && out_is "$model: ok" &&
	lines_are err 1 && err_has "^$tool: $work/words.tflite: "
}

# Whatever happened to a file, each command ends by itself, with a sentence when
# it refuses: no signal, no third status.
ends_well() {
	for command in verify info run; do
		program $tool $command "$1" >"$work/out" 2>"$work/err"
		status=$?
		case $status in
		0) is_silent err || return ;;
		1) lines_are err 1 && err_has "^$tool: $1: [^ ]" || return ;;
		*) echo "# $command: exit status $status for $2"; return 1 ;;
		esac
	done
}

damaged_files_get_a_sentence() {
	needs_model || return 77
	size=$(bytes_of "$model") damaged=$work/damaged.tflite
	for cut in 0 1 7 8 20 100 $((size / 3)) $((size / 2)) $((size - 8)); do
		head -c "$cut" "$model" >"$damaged"
		ends_well "$damaged" "a cut at $cut" || return
		[ "$cut" -ge 100 ] || gives 1 $tool verify "$damaged" || return
	done
	# The root table is near one of the ends, constants are in between.
	for at in 0 1 4 5 9 17 33 65 130 $((size / 2)) $((size - 300)) $((size - 200)) \
		$((size - 100)) $((size - 50)) $((size - 20)) $((size - 4)); do
		cp "$model" "$damaged"
		printf '\377' | dd of="$damaged" bs=1 seek="$at" conv=notrunc 2>/dev/null
		ends_well "$damaged" "byte $at" || return
	done
}

fills_give_the_outputs_of_the_reference() {
	net=mobilenet_v1_0.25_128_quant
	skip_unless "$data/models/$net.tflite" "$data/golden/$net" || return 77
	for fill in pattern lcg; do
		rm -rf "$work/dir"
		gives 0 $tool run --fill=$fill -o "$work/dir" "$data/models/$net.tflite" &&
		is_silent out && is_silent err &&
		cmp "$work/dir/output0.bin" "$data/golden/$net/$fill/reference/output0.bin" ||
			return
	done
}

inputs_come_from_files_in_order() {
	op=$data/golden/ops/$1
	skip_unless "$op/model.tflite" "$op/input1.bin" || return 77
	gives 0 $tool run -i "$op/input0.bin" --input="$op/input1.bin" -o "$work/dir" \
		"$op/model.tflite" && is_silent err &&
	cmp "$work/dir/output0.bin" "$op/reference/output0.bin" &&
	gives 0 $tool run -i "$op/input0.bin" --input=- -o "$work/dir" "$op/model.tflite" \
		<"$op/input1.bin" && is_silent err &&
	cmp "$work/dir/output0.bin" "$op/reference/output0.bin"
}
two_inputs_come_from_files_in_order() {
	for candidate in "$data"/golden/ops/*; do
		[ -e "$candidate/input1.bin" ] && [ ! -e "$candidate/input2.bin" ] &&
		! cmp -s "$candidate/input0.bin" "$candidate/input1.bin" || continue
		inputs_come_from_files_in_order "$(basename "$candidate")"
		return
	done
	why="$data/golden/ops has no model with two inputs"
	return 77
}

an_input_of_the_wrong_size_is_refused() {
	needs_model || return 77
	size=$(program $tool info "$model" |
		sed -nE 's/^  input  0  u?int8  ([0-9x]+)  .*/\1/p' | tr x '*')
	size=$(($size)) # a product, as text
	head -c $((size - 1)) /dev/zero >"$work/short.bin"
	head -c $((size + 1)) /dev/zero >"$work/long.bin"
	head -c $size /dev/zero >"$work/right.bin"
	gives 0 $tool run --input="$work/right.bin" "$model" &&
	gives 1 $tool run --input="$work/short.bin" "$model" && is_silent out && lines_are err 1 &&
	err_has "^$tool: $work/short.bin: $((size - 1)) bytes, input .* has $size$" &&
	gives 1 $tool run --input="$work/long.bin" "$model" && is_silent out && lines_are err 1 &&
	err_has "^$tool: $work/long.bin: more than the $size bytes of input " &&
	gives 1 $tool run --input=nowhere.bin "$model" && is_silent out &&
	err_is "$tool: nowhere.bin: No such file or directory" &&
	gives 1 $tool run --input="$work" "$model" && is_silent out &&
	err_is "$tool: $work: Is a directory" &&
	gives 1 $tool run -i "$work/right.bin" -i "$work/right.bin" "$model" && is_silent out &&
	err_is "$tool: --input: given 2 times, the model has 1 inputs"
}

run_tells_what_came_out() {
	needs_model || return 77
	gives 0 $tool run --fill=lcg --output="$work/dir" "$model" && is_silent out || return
	digest=$(sha256sum <"$work/dir/output0.bin" | cut -d ' ' -f 1)
	gives 0 $tool run --fill=lcg "$model" && is_silent err && lines_are out 2 &&
	out_has '^  output 0  u?int8  1x[0-9]+  ' && out_has "^    sha256 $digest$"
}

run_does_not_depend_on_threads_instructions_or_cache() {
	needs_model || return 77
	gives 0 $tool run --fill=lcg "$model" || return
	mv "$work/out" "$work/expected"
	for threads in 1 2 3 4; do
		gives 0 $tool run --fill=lcg --threads=$threads "$model" &&
		cmp "$work/expected" "$work/out" || return
	done
	for round in first second; do
		gives 0 $tool run --fill=lcg --cache="$work/run-cache" "$model" &&
		cmp "$work/expected" "$work/out" || { echo "# $round round"; return 1; }
	done
	ATOLL_CPU=plain gives 0 $tool run --fill=lcg "$model" && cmp "$work/expected" "$work/out"
}

dump_all_writes_every_tensor_and_an_index() {
	needs_model || return 77
	gives 0 $tool run --fill=pattern --dump-all="$work/all" --output="$work/some" "$model" &&
	is_silent out && is_silent err || return
	# One object a tensor, without the arrays of shapes.
	sed -E 's/^\[|\]$//g; s/\},\{/}\n{/g' "$work/all/index.json" >"$work/objects"
	while read -r object; do
		file=$(expr "$object" : '.*"file":"\([^"]*\)"') &&
		bytes=$(expr "$object" : '.*"bytes":\([0-9]*\)') &&
		digest=$(expr "$object" : '.*"sha256":"\([^"]*\)"') &&
		[ "$(bytes_of "$work/all/$file")" -eq "$bytes" ] &&
		[ "$(sha256sum <"$work/all/$file")" = "$digest  -" ] || {
			echo "# $object"
			return 1
		}
	done <"$work/objects"
	count=$(wc -l <"$work/objects")
	[ "$count" -gt 1 ] && [ "$(find "$work/all" -name 'tensor*.bin' | wc -l)" -eq "$count" ] ||
		return
	output=$(program $tool info --json "$model" |
		sed -E 's/.*"outputs":\[\{"index":([0-9]+).*/\1/')
	cmp "$work/all/tensor$output.bin" "$work/some/output0.bin"
}

dumped_tensors_are_those_of_the_reference() {
	net=mobilenet_v1_0.25_128_quant
	index=$data/golden/$net/lcg/reference/index.json
	skip_unless "$data/models/$net.tflite" "$index" || return 77
	gives 0 $tool run --fill=lcg --dump-all="$work/net" "$data/models/$net.tflite" || return
	# "index sha256" of the intermediate tensors and the output.
	sed -nE 's/^\{"index":([0-9]+),.*"kind":"(intermediate|output)".*"sha256":"([0-9a-f]{64})".*/\1 \3/p' \
		"$index" | sort -u >"$work/expected"
	[ "$(wc -l <"$work/expected")" -gt 20 ] || return
	while read -r tensor digest; do
		[ "$(sha256sum <"$work/net/tensor$tensor.bin")" = "$digest  -" ] || {
			echo "# tensor $tensor differs"
			return 1
		}
	done <"$work/expected"
}

a_model_that_cannot_run_gives_one_line() {
	broken=$data/models/model_invoking_error.tflite
	skip_unless "$broken" || return 77
	gives 0 $tool verify "$broken" && out_is "$broken: ok" || return
	for command in plan run; do
		gives 1 $tool $command "$broken" && is_silent out &&
		err_is "$tool: $broken: operator 0: custom operator fake-op-double is unknown; atoll-model ops lists the supported ones" ||
			return
	done
}

a_compiled_model_is_said_to_be_one() {
	compiled=$data/models/dense_256_edgetpu.tflite
	skip_unless "$compiled" || return 77
	gives 0 $tool info "$compiled" && out_has '^  compiled for the Edge TPU$' &&
	gives 0 $tool info --json "$compiled" && out_has '"compiled_for_edgetpu":true' &&
	gives 0 $tool ops "$compiled" && out_has "^$compiled: compiled for the Edge TPU$" &&
	out_has '^ +1 x edgetpu-custom-op +version 1 +tpu$' &&
	gives 0 $tool verify "$compiled" && out_is "$compiled: ok, compiled for the Edge TPU" &&
	gives 1 $tool run -d cpu "$compiled" && is_silent out &&
	err_is "$tool: $compiled: operator 0: compiled for the Edge TPU, which device cpu is not; run the model it was compiled from"
}

# Compiled models of our own, in $work.
writes_samples() {
	writer=tests/test_edgetpu_package
	skip_unless "$BUILD/$writer" && program $writer --models "$work"
}

info_looks_into_compiled_operators() {
	writes_samples || return 77
	gives 0 $tool info "$work/flat.tflite" && is_silent err &&
	out_has '^  operator 0, for runtime version 12, by compiler cl/1$' &&
	out_has '^    execution, token 000000000000f1a7, 128 bytes of instructions, 0 of parameters, 0 of scratch$' &&
	out_has '^      168 bytes out, 16 bytes in for each inference$' &&
	out_has '^      input  0  uint8  1x1x20  24 bytes  in$' &&
	out_has '^    caching, token 000000000000f1a7, 64 bytes of instructions, 96 of parameters, 0 of scratch$' &&
	out_has '^      176 bytes out, 0 bytes in to bring the parameters$' &&
	gives 0 $tool info "$work/tiles.tflite" &&
	out_has '^      output 0  int8  6x7x5  336 bytes  3x4 tiles  heat$' &&
	gives 0 $tool info "$work/state.tflite" &&
	out_has '^    stand-alone, 48 bytes of instructions, 0 of parameters, 0 of scratch$' &&
	out_has '^      output 1  int16  1x1x10  24 bytes  state of input 1  memory_variable_output$' &&
	gives 0 $tool info "$work/slices.tflite" &&
	out_has '^      output 0  int8  4x5x3  80 bytes  2 slices  turned$' &&
	out_has '^      output 1  int8  1x1x5  8 bytes x 2  twice$'
}

info_as_json_has_compiled_operators() {
	writes_samples || return 77
	gives 0 $tool info --json "$work/tiles.tflite" && lines_are out 1 &&
	out_has '"operators":\[\{"name":"edgetpu-custom-op","version":1,"count":1\}\],"compiled":\[\{"operator":0,"runtime_version":14,"compiler":"cl/2","executables":\[\{"type":"execution","token":"00000000000711e5","deterministic":true,"instruction_bytes":128,"parameter_bytes":72,"scratch_bytes":64,"bytes_out":632,"bytes_in":624,"inputs":\[' &&
	out_has '\{"name":"heat","dtype":"int8","shape":\[6,7,5\],"bytes":210,"wire_bytes":336,"executions":1,"tiles":\[3,4\]\}' &&
	gives 0 $tool info --json "$work/state.tflite" &&
	out_has '"token":null,' && out_has '"state_of":1\}'
}

what_is_wrong_with_a_compiled_operator_is_told() {
	writes_samples || return 77
	why='Failed to prepare for TPU. Failed precondition: Package requires runtime version (15), which is newer than this runtime version (14).'
	gives 0 $tool info "$work/newer.tflite" && is_silent err &&
	grep -qxF "  operator 0 cannot be used: $why" "$work/out" &&
	gives 0 $tool info --json "$work/newer.tflite" &&
	grep -qF "\"compiled\":[{\"operator\":0,\"error\":\"$why\"}]" "$work/out" &&
	gives 1 $tool verify "$work/newer.tflite" && is_silent out &&
	err_is "$tool: $work/newer.tflite: operator 0: $why" &&
	gives 0 $tool verify "$work/flat.tflite" &&
	out_is "$work/flat.tflite: ok, compiled for the Edge TPU"
}

disasm_tells_instructions() {
	compiled=$data/models/dense_256_edgetpu.tflite
	skip_unless "$compiled" || return 77
	gives 0 $tool disasm "$compiled" && is_silent err &&
	out_has '^operator 0, caching, chunk 0: 67 words$' &&
	out_has '^ +0  first  words 65$' &&
	out_has '^ +17  receive-a  tiles 0  number 1  newer 1  into wide 2 \(64, 1\)' &&
	out_has '^operator 0, execution, chunk 0: 264 words$' &&
	out_has '  <- address of parameters.*, lower half$' &&
	out_has '^ +[0-9]+  mac  tiles 0-3  number [0-9]+  loops \([0-9, ]+\)$' &&
	out_has '^	weights wide [0-9]+ \(' &&
	out_has '^	makes activations at loop 2  .*  scale 1  lower [-0-9.]+  upper [0-9.]+  input-zero [0-9]+  output-zero [0-9]+  ' &&
	out_has '  wait narrow-wide >= 1 \+ 1 k at loop 1' &&
	out_has '^ +[0-9]+  fence  tiles 0-15 .*  sets activations\.\.' &&
	out_has '^ +263  last  end 1$' || return
	! grep -q 'residue' "$work/out" || return
	gives 0 $tool disasm --all "$compiled" "$compiled" && is_silent err &&
	out_has '^	residue [0-9]+ bits 0x[0-9a-f]+$' || return
	[ "$(grep -c '^operator 0, execution' "$work/out")" -eq 2 ]
}

disasm_refuses_what_it_does_not_know() {
	writes_samples || return 77
	gives 1 $tool disasm "$work/flat.tflite" && lines_are err 1 &&
	err_has "^$tool: $work/flat.tflite: operator 0, caching, chunk 0: word [0-9]+: " || return
	needs_model || return 77
	gives 1 $tool disasm "$model" && is_silent out &&
	err_is "$tool: $model: not compiled for the Edge TPU"
}

# Models that carry their graph, in $work.
writes_carried() {
	writer=tests/test_runtime_carried
	skip_unless "$BUILD/$writer" && program $writer --models "$work"
}

a_model_that_carries_its_graph_says_so() {
	writes_carried || return 77
	gives 0 $tool info "$work/carried.tflite" && is_silent err &&
	out_has '^    carries its graph, [0-9]+ bytes, in place of instructions: for emulated devices and the CPU$' &&
	gives 0 $tool info --json "$work/carried.tflite" &&
	out_has '"compiler":"atoll","carried_bytes":[0-9]+,"executables"' &&
	gives 0 $tool plan -d emu "$work/carried.tflite" && is_silent err &&
	out_has '^device emu:0, ' && out_has '^operator 0 carries its graph in place of instructions$' &&
	gives 0 $tool verify "$work/carried.tflite" &&
	out_is "$work/carried.tflite: ok, compiled for the Edge TPU" &&
	why='carried graph: main executable: named by another SHA-256' &&
	gives 1 $tool verify "$work/damaged.tflite" && is_silent out &&
	err_is "$tool: $work/damaged.tflite: operator 0: $why" &&
	gives 1 $tool run -d emu "$work/damaged.tflite" && err_has "operator 0: $why\$"
}

the_cpu_runs_it_and_says_so() {
	writes_carried || return 77
	gives 0 $tool run --fill=pattern -d cpu "$work/carried.tflite" && is_silent err &&
	mv "$work/out" "$work/cpu" &&
	gives 0 $tool run --fill=pattern -d emu "$work/carried.tflite" && is_silent err &&
	cmp -s "$work/out" "$work/cpu" &&
	for list in tpu,cpu tpu usb:0; do
		ATOLL_TPU_SOCKET=/nowhere gives 0 $tool run --fill=pattern -d $list \
			"$work/carried.tflite" && cmp -s "$work/out" "$work/cpu" &&
		err_has "^$tool: .*carried.tflite: compiled for emulated devices: the CPU runs it\$" &&
		lines_are err 1 || return
	done
}

a_full_disk_loses_nothing_silently() {
	needs_model || return 77
	[ -e /dev/full ] || { why='/dev/full is not there'; return 77; }
	for command in info ops plan verify run 'info --json'; do
		# shellcheck disable=SC2086 # a command and an option
		program $tool $command "$model" >/dev/full 2>"$work/err"
		[ $? -eq 1 ] || { echo "# $command"; return 1; }
		err_is "$tool: cannot write: No space left on device" || return
	done
	program $tool ops >/dev/full 2>"$work/err"
	[ $? -eq 1 ] && err_is "$tool: cannot write: No space left on device" || return
	mkdir -p "$work/full"
	for name in output0.bin index.json; do
		ln -sf /dev/full "$work/full/$name"
	done
	gives 1 $tool run -o "$work/full" "$model" &&
	err_is "$tool: $work/full/output0.bin: No space left on device" &&
	gives 1 $tool run --dump-all="$work/full" "$model" &&
	err_is "$tool: $work/full/index.json: No space left on device"
}

a_folder_that_cannot_be_made_is_named() {
	needs_model || return 77
	gives 1 $tool run -o "$work/no/such/folder" "$model" &&
	err_is "$tool: $work/no/such/folder/output0.bin: No such file or directory" &&
	gives 1 $tool run --dump-all="$work/no/such/folder" "$model" &&
	err_is "$tool: $work/no/such/folder/index.json: No such file or directory"
}

run_tests $every_program \
	a_command_is_asked_for \
	a_missing_file_is_asked_for \
	a_wrong_value_is_named \
	a_file_that_cannot_be_read_is_named_by_every_command \
	ops_lists_what_is_supported \
	info_tells_inputs_outputs_and_operators \
	info_as_json_is_one_object_a_file \
	plan_tells_order_and_memory \
	ops_tells_where_operators_run \
	verify_says_ok \
	verify_goes_on_behind_a_bad_file \
	damaged_files_get_a_sentence \
	fills_give_the_outputs_of_the_reference \
	two_inputs_come_from_files_in_order \
	an_input_of_the_wrong_size_is_refused \
	run_tells_what_came_out \
	run_does_not_depend_on_threads_instructions_or_cache \
	dump_all_writes_every_tensor_and_an_index \
	dumped_tensors_are_those_of_the_reference \
	a_model_that_cannot_run_gives_one_line \
	a_compiled_model_is_said_to_be_one \
	info_looks_into_compiled_operators \
	info_as_json_has_compiled_operators \
	what_is_wrong_with_a_compiled_operator_is_told \
	disasm_tells_instructions \
	disasm_refuses_what_it_does_not_know \
	a_model_that_carries_its_graph_says_so \
	the_cpu_runs_it_and_says_so \
	a_full_disk_loses_nothing_silently \
	a_folder_that_cannot_be_made_is_named
