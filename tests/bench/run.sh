#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Speed and size, side by side with what others need. Nothing here passes or
# fails; machines differ and so does what else they do.
#
#   BUILD=build tests/bench/run.sh
set -u

data=${ATOLL_TEST_DATA:-../shared}/models
cards=apps/models/cards/cards.tflite

# Medians in ms, one thread, of TFLite 2026 with XNNPACK and with its default
# kernels, on a 2.6 GHz server with AVX-512 VNNI.
peers='
mobilenet_v1_0.25_128_quant 0.46 0.65
mobilenet_v2_1.0_224_quant 7.7 11.3
movenet_single_pose_lightning_ptq 4.7 16.5
person_detect 0.14 0.46
mlperf_vww_96_int8 0.16 0.50
mlperf_resnet8_int8 0.090 0.30
mlperf_kws_ref_int8 0.045 0.13
micro_speech_quantized 0.026 0.048
'

echo "## size"
cp "$BUILD"/libatoll.so.0 "$BUILD"/libatoll.stripped
strip "$BUILD"/libatoll.stripped
printf 'libatoll stripped: %d KB (goal: at most 400; the peer needs 7500 to 11000)\n\n' \
	$(($(stat -L -c %s "$BUILD"/libatoll.stripped) / 1000))

echo "## whole models, one thread"
"$BUILD"/atoll-bench "$cards"
[ -d "$data" ] || echo "# skipped: no models in $data (ATOLL_TEST_DATA)"
printf '\n%-36s %9s %9s %9s %8s %8s\n' "median ms" ours xnnpack default ours/xnn ours/def
echo "$peers" | while read -r model xnnpack default; do
	[ -n "$model" ] && [ -r "$data/$model.tflite" ] || continue
	ours=$("$BUILD"/atoll-bench --json "$data/$model.tflite" |
		sed -n 's/.*"median_ms":\([0-9.e-]*\).*/\1/p')
	awk -v m="$model" -v o="$ours" -v x="$xnnpack" -v d="$default" 'BEGIN {
		printf "%-36s %9.3f %9.3f %9.3f %8.2f %8.2f\n", m, o, x, d, o / x, o / d }'
done
echo

if [ -d "$data" ]; then
	echo "## load, first run, memory"
	"$BUILD"/atoll-bench --seconds 0.2 "$data"/mobilenet_v1_0.25_128_quant.tflite \
		"$data"/mobilenet_v2_1.0_224_quant.tflite
	echo
	echo "## two threads against one, mobilenet_v2"
	for threads in 1 2 1 2; do
		"$BUILD"/atoll-bench --json --threads $threads \
			"$data"/mobilenet_v2_1.0_224_quant.tflite |
			sed 's/.*"threads":\([0-9]*\).*"median_ms":\([0-9.e-]*\).*/\1 \2/'
	done | awk '
		!($1 in best) || $2 < best[$1] { best[$1] = $2 }
		END { printf "one %.3f ms, two %.3f ms: %.2f times faster\n",
			best[1], best[2], best[1] / best[2] }'
	echo
fi

echo "## a camera's frame to 224x224x3 against libyuv, one thread"
"$BUILD"/tests/bench/convert
echo

echo "## a frame through atoll-classify, processor time"
"$BUILD"/tests/bench/live "$cards"
echo

echo "## what keyword models hear, one thread"
"$BUILD"/tests/bench/features
echo

echo "## ten minutes of listening, one thread"
for model in apps/models/keywords/keywords.tflite "$data"/mlperf_kws_ref_int8.tflite; do
	[ ! -r "$model" ] || "$BUILD"/tests/bench/listen "$model"
done
echo

echo "## atoll-visiond"
BUILD=$BUILD tests/bench/visiond.sh
echo

echo "## Edge TPU, the driver against the emulator"
BUILD=$BUILD tests/bench/tpu.sh
echo

echo "## through atoll-tpud, against the same in the process"
"$BUILD"/tests/bench/serve
echo

echo "## compiling for the Edge TPU"
for model in apps/models/*/*.tflite "$data"/*.tflite; do
	case $model in
	*_edgetpu.tflite | */model_invoking_error.tflite | *'*'*) continue ;;
	esac
	"$BUILD"/tests/bench/compile "$model"
done
echo

echo "## segments on devices of their own, for each hop"
"$BUILD"/tests/bench/pipeline
echo

echo "## teaching"
"$BUILD"/tests/bench/learn
echo

for level in vnni avx2; do
	echo "## layer by layer against XNNPACK, one thread, ATOLL_CPU=$level"
	ATOLL_CPU=$level "$BUILD"/tests/bench/xnnpack || echo "# skipped on this machine"
	echo
done

echo "## Cortex-A35, cycles per multiply-accumulate as llvm-mca sees them"
BUILD=$BUILD tests/bench/mca.sh
