#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the driver of the Edge TPU costs, against the emulator. Nothing here passes
# or fails.
#
#	BUILD=build tests/bench/tpu.sh
set -u
BUILD=${BUILD:-build}
models=${ATOLL_TEST_DATA:-../shared}/models
model=$models/mobilenet_v1_0.25_128_quant_edgetpu.tflite
counts=$(mktemp)
trap 'rm -f "$counts"' EXIT

if [ ! -r "$model" ]; then
	echo "# skipped: no compiled models in $models (ATOLL_TEST_DATA)"
	exit
fi

# What libc does counts for who called it.
valgrind -q --tool=callgrind --callgrind-out-file="$counts" --collect-atstart=no \
	--toggle-collect=measured --separate-callers=3 "$BUILD/tests/bench/tpu" run "$model" || exit
callgrind_annotate --auto=no --threshold=100 "$counts" | awk '
	# "  1,234 ( 2.22%)  file:function'\''caller'\''caller [object]"
	/^ *[0-9,]+ \(.*:/ {
		instructions = $1
		gsub(",", "", instructions)
		sub(/^[^)]*\) */, "")
		sub(/ \[[^]]*\]$/, "")
		at = match($0, /:[^:]*$/)
		file = substr($0, 1, at - 1)
		count[++rows] = instructions
		chain[rows] = substr($0, at + 1)
		room = ""
		if (file ~ /runtime\/edgetpu\//) room = "driver"
		if (file ~ /runtime\/emulator\//) room = "emulator"
		split(chain[rows], name, "'\''")
		of_row[rows] = room
		if (room != "")
			of[name[1]] = of[name[1]] != "" && of[name[1]] != room ? "both" : room
	}
	END {
		for (row = 1; row <= rows; row++) {
			room = of_row[row]
			names = split(chain[row], name, "'\''")
			for (i = 2; i <= names && room == ""; i++)
				room = of[name[i]] == "both" ? "" : of[name[i]]
			sum[room] += count[row]
		}
		printf "mobilenet_v1_0.25_128, second inference: %d instructions of the driver, " \
			"%d of the emulator, %d of others\n",
			sum["driver"], sum["emulator"], sum[""]
	}'
echo
"$BUILD/tests/bench/tpu" link "$model" \
	"$models"/movenet_single_pose_lightning_ptq_edgetpu.tflite \
	"$models"/posenet_mobilenet_v1_075_353_481_16_quant_decoder_edgetpu.tflite \
	"$models"/deeplab_mobilenet_edgetpu_slim_cityscapes_quant_edgetpu.tflite
