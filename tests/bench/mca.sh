#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the innermost vector loops cost on a Cortex-A35, as llvm-mca sees it.
#
#   tests/bench/mca.sh [OBJECT]...
#
# Without arguments the NEON kernels are compiled and looked at. Loops are found
# in the machine code, so the source needs no marks: a branch back, with no call
# and no other branch back between. For each: its innermost function and the line
# of the compiled function it was inlined at (from debug information); cycles,
# instructions and 8-bit multiply-accumulates of one turn; and cycles for each of
# these, or for each byte stored or else loaded where there are none. Roundings
# and stores count where they are in the loop, as in depthwise convolution.
#
# The model is that of Cortex-A53 (LLVM has none of its own for A35): two
# instructions a cycle, one of them vector; all operands in the first-level cache.
set -eu

turns=100
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cross=aarch64-linux-gnu-
[ "$(uname -m)" != aarch64 ] || cross=

if [ $# -eq 0 ]; then
	build="build-arm64"
	set -- $build/runtime/kernels/gemm_neon.o $build/runtime/kernels/depthwise_neon.o \
		$build/runtime/kernels/small_neon.o
	make -s BUILD=$build CC=${cross}gcc "$@"
fi

# One file for each loop, branch targets as labels; those outside come last.
split_loops() {
	"${cross}objdump" -d --no-show-raw-insn "$1" | awk -v folder="$work" '
	/^[0-9a-f]+ <.*>:$/ { count = 0; split("", index_of); is_run = !/_pack>/; next }
	is_run && /^ +[0-9a-f]+:/ {
		address[count] = $1
		sub(":", "", address[count])
		text = $0
		sub(/^ +[0-9a-f]+:[ \t]+/, "", text)
		sub(/[ \t]*\/\/.*/, "", text)
		target[count] = ""
		if (match(text, /[0-9a-f]+ <[^>]*>$/)) {
			target[count] = substr(text, RSTART)
			sub(/ .*/, "", target[count])
			text = substr(text, 1, RSTART - 1) "at_" target[count]
		}
		code[count] = text
		index_of[address[count]] = count
		if (goes_back(count))
			write_loop(index_of[target[count]], count)
		count++
	}
	function goes_back(i) {
		return code[i] !~ /^bl/ && target[i] in index_of && index_of[target[i]] <= i
	}
	function write_loop(first, last,   i, file, outside) {
		for (i = first; i < last; i++)
			if (code[i] ~ /^(bl|ret)/ || goes_back(i))
				return
		file = sprintf("%s/%06d", folder, ++loops)
		split("", outside)
		for (i = first; i <= last; i++) {
			print "at_" address[i] ":\n\t" code[i] > file
			if (target[i] != "" && !(target[i] in index_of))
				outside["at_" target[i]]
		}
		for (i in outside)
			print i ":" > file
		close(file)
	}'
}

# "innermost function (file:line of the outermost)" of the middle of a loop.
place_of() {
	middle=$(awk -F: '/:$/ { at[++n] = substr($1, 4) } END { print at[int((n + 1) / 2)] }' "$2")
	"${cross}addr2line" -fi -e "$1" "0x$middle" | awk '
	NR % 2 { name = $1; next }
	{ sub(/.*\//, ""); sub(/ .*/, "") }
	/^arm_neon/ { next }
	!inner { inner = name }
	{ place = $0 }
	END { print inner " (" place ")" }'
}

count_of() {
	awk '
	/^at_/ { next }
	{ instructions++ }
	/[su]mlal2?[ \t]+v[0-9]+\.8h|[su]mull2?[ \t]+v[0-9]+\.8h/ { macs += 8 }
	/smlal2?[ \t]+v[0-9]+\.4s/ { macs += 4 }
	$1 ~ /^(st|ld)/ && $2 ~ /^q/ { bytes[substr($1, 1, 2)] += $1 ~ /p$/ ? 32 : 16 }
	$1 ~ /^(st|ld)/ && $2 ~ /^d/ { bytes[substr($1, 1, 2)] += $1 ~ /p$/ ? 16 : 8 }
	END { print instructions, macs + 0, bytes["st"] ? bytes["st"] : bytes["ld"] + 0 }' "$1"
}

printf '%-44s %7s %7s %5s\n' "loop" "cycles" "instr." "MACs"
for object; do
	rm -f "$work"/*
	split_loops "$object"
	for loop in "$work"/*; do
		grep -qE '[ ,{][vq][0-9]+' "$loop" || continue
		cycles=$(llvm-mca -mtriple=aarch64 -mcpu=cortex-a35 -iterations=$turns "$loop" \
			2>/dev/null | awk -v n=$turns '/^Total Cycles/ { print $3 / n }')
		count_of "$loop" | while read -r instructions macs bytes; do
			awk -v place="$(place_of "$object" "$loop")" -v cycles="$cycles" \
			    -v instructions="$instructions" -v macs="$macs" -v bytes="$bytes" 'BEGIN {
				printf "%-44s %7.0f %7d %5d", place, cycles, instructions, macs
				if (macs)
					printf "  %.3f cycles/MAC\n", cycles / macs
				else if (bytes)
					printf "  %.2f cycles/byte\n", cycles / bytes
				else
					print ""
			}'
		done
	done
done
