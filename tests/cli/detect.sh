#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# atoll-detect as a user sees it. What it shares with atoll-classify is tested there.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
tool=atoll-detect
try="try 'atoll-detect --help'"
people=$data/models/posenet_mobilenet_v1_075_353_481_16_quant_decoder.tflite
person=$data/models/movenet_single_pose_lightning_ptq.tflite
streets=$data/models/deeplab_mobilenet_edgetpu_slim_cityscapes_quant.tflite
cat=$data/images/cat.bmp

# A model of our own: each pixel's class is its brightest channel.
map=$work/map.tflite
needs_map() {
	[ -e "$map" ] && return
	command -v flatc >/dev/null || { why='flatc is not installed'; return 1; }
	cat >"$work/map.json" <<'JSON'
{ version: 3,
  operator_codes: [{ builtin_code: "ARG_MAX", deprecated_builtin_code: 56 }],
  buffers: [{}, { data: [3, 0, 0, 0] }],
  subgraphs: [{
    tensors: [
      { shape: [1, 4, 4, 3], type: "UINT8", name: "picture" },
      { shape: [1], type: "INT32", buffer: 1, name: "axis" },
      { shape: [1, 4, 4], type: "INT32", name: "map" } ],
    inputs: [0], outputs: [2],
    operators: [{ inputs: [0, 1], outputs: [2],
      builtin_options_type: "ArgMaxOptions", builtin_options: { output_type: "INT32" } }]
  }] }
JSON
	flatc --binary -o "$work" runtime/schema/tflite.fbs "$work/map.json" || return
	printf 'red\ngreen\nblue\n' >"$work/map_labels.txt"
}

# Left half blue, right half: one quarter red, one green.
{
	echo 'P6 4 4 255'
	for row in 1 2; do printf '\0\0\377\0\0\377\377\0\0\377\0\0'; done
	for row in 3 4; do printf '\0\0\377\0\0\377\0\377\0\0\377\0'; done
} >"$work/parts.ppm"

a_missing_argument_is_asked_for() {
	gives 2 $tool && is_silent out && err_is "$tool: which model?
$try" &&
	gives 2 $tool x.tflite && err_is "$tool: which pictures?
$try" &&
	gives 2 $tool --camera auto && err_is "$tool: which model?
$try"
}

areas_are_told_with_their_share() {
	needs_map || return 77
	gives 0 $tool "$map" "$work/parts.ppm" && is_silent err &&
	out_is "$(printf '%s\t0.5000\tblue\n%s\t0.2500\tred\n%s\t0.2500\tgreen' \
		"$work/parts.ppm" "$work/parts.ppm" "$work/parts.ppm")" &&
	gives 0 $tool --threshold=0.4 "$map" "$work/parts.ppm" && lines_are out 1 &&
	gives 0 $tool -n2 "$map" "$work/parts.ppm" && lines_are out 2 &&
	gives 0 $tool --json "$map" "$work/parts.ppm" && lines_are out 1 &&
	out_has '"mask":\[\{"index":2,"label":"blue","score":0\.5\},'
}

areas_are_drawn_onto_the_picture() {
	needs_map || return 77
	gives 0 $tool -o "$work/marked.png" "$map" "$work/parts.ppm" && is_silent err &&
	[ "$(head -c 8 "$work/marked.png" | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ]
}

# The second frame is the first in which green is more than half.
the_best_thing_of_a_video_is_told_when_it_changes() {
	needs_map || return 77
	{
		echo 'YUV4MPEG2 W16 H16 F2:1 C420jpeg'
		for chroma in '\200\377' '\0\0' '\0\0' '\377\200'; do
			echo 'FRAME'
			head -c 256 /dev/zero | tr '\0' '\200'
			for value in "${chroma%\\*}" "\\${chroma##*\\}"; do
				head -c 64 /dev/zero | tr '\0' "$value"
			done
		done
	} >"$work/colours.y4m"
	gives 0 $tool "$map" "$work/colours.y4m" &&
	out_is '   0.0 s  red                  100.0 %
   0.5 s  green                100.0 %
   1.5 s  blue                 100.0 %' &&
	gives 0 $tool --until=green "$map" "$work/colours.y4m" && lines_are out 2 &&
	gives 1 $tool --until='green>2' "$map" "$work/colours.y4m" && lines_are out 3 &&
	gives 1 $tool --snapshot-on=yellow "$map" "$work/colours.y4m" && is_silent out &&
	err_is "$tool: --snapshot-on: no model has the label 'yellow'"
}

people_are_told_with_their_places() {
	skip_unless "$person" "$people" "$cat" || return 77
	gives 0 $tool --threshold=0 "$person" "$cat" && is_silent err && lines_are out 1 &&
	out_has "^$cat	[01]\.[0-9]{4}	person	[0-9]+	[0-9]+	[0-9]+	[0-9]+$" &&
	gives 0 $tool --threshold=0 --json "$person" "$cat" && lines_are out 1 &&
	out_has '"poses":\[\{"index":0,"label":"person","score":[-0-9.e]*,"box":\[' &&
	out_has '"joints":\[\{"name":"nose","x":' &&
	gives 0 $tool "$people" "$cat" && is_silent err && is_silent out
}

streets_are_cut_into_classes() {
	skip_unless "$streets" "$cat" || return 77
	gives 0 $tool "$streets" "$cat" && is_silent err &&
	out_has "^$cat	0\.[0-9]{4}	class [0-9]+$"
}

a_classifier_is_for_the_other_program() {
	skip_unless $cards/cards.tflite || return 77
	gives 1 $tool $cards/cards.tflite "$work/parts.ppm" && is_silent out &&
	err_is "$tool: $cards/cards.tflite: tells classes; atoll-classify is for that"
}

run_tests $every_program \
	a_missing_argument_is_asked_for \
	areas_are_told_with_their_share \
	areas_are_drawn_onto_the_picture \
	the_best_thing_of_a_video_is_told_when_it_changes \
	people_are_told_with_their_places \
	streets_are_cut_into_classes \
	a_classifier_is_for_the_other_program
