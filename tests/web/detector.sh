# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154 # $work is the test's
# A detector for tests that anyone can predict: it finds the brightest ninth of the
# picture.
#
#	make_detector "$work/brightest"     .tflite, and _labels.txt beside it
#
#	input      [1][3][3][1]  grey; the model's whole picture
#	scores     [1][9][1]     the same bytes, 255 is 1.0
#	anchors    [9][4]        the middle of each ninth, 0.4 wide and high
#	encodings  [1][9][4]     zero: each box is its anchor
#	outputs    TFLite_Detection_PostProcess, the best one alone

# A float's four bytes, lowest first: 1/6, 1/2, 5/6 and 0.4.
first=171,170,42,62 middle=0,0,0,63 last=85,85,85,63 side=205,204,204,62

# Bytes of standard input as a JSON list.
as_list() {
	od -An -v -tu1 | tr -s ' \n' ',,' | sed 's/^,*/[/; s/,*$/]/'
}

make_detector() {
	cat >"$work/options.json" <<-END
		{ max_detections: 1, max_classes_per_detection: 1, num_classes: 1,
		  nms_score_threshold: -1.0, nms_iou_threshold: 0.5,
		  y_scale: 1.0, x_scale: 1.0, h_scale: 1.0, w_scale: 1.0 }
	END
	flatc --flexbuffers --binary -o "$work" "$work/options.json" || return
	anchors=
	for y in $first $middle $last; do
		for x in $first $middle $last; do
			anchors=$anchors${anchors:+,}$y,$x,$side,$side
		done
	done
	cat >"$1.json" <<-END
		{ version: 3,
		  operator_codes: [
		    { deprecated_builtin_code: 22, builtin_code: RESHAPE },
		    { deprecated_builtin_code: 32, builtin_code: CUSTOM,
		      custom_code: "TFLite_Detection_PostProcess" } ],
		  subgraphs: [ {
		    tensors: [
		      { name: "input", type: UINT8, shape: [1, 3, 3, 1],
		        quantization: { scale: [0.00392157], zero_point: [0] } },
		      { name: "scores", type: UINT8, shape: [1, 9, 1],
		        quantization: { scale: [0.00392157], zero_point: [0] } },
		      { name: "encodings", type: UINT8, shape: [1, 9, 4], buffer: 1,
		        quantization: { scale: [1.0], zero_point: [0] } },
		      { name: "anchors", type: FLOAT32, shape: [9, 4], buffer: 2 },
		      { name: "places", type: FLOAT32 }, { name: "classes", type: FLOAT32 },
		      { name: "found", type: FLOAT32 }, { name: "count", type: FLOAT32 } ],
		    inputs: [0], outputs: [4, 5, 6, 7],
		    operators: [
		      { opcode_index: 0, inputs: [0], outputs: [1],
		        builtin_options_type: ReshapeOptions,
		        builtin_options: { new_shape: [1, 9, 1] } },
		      { opcode_index: 1, inputs: [2, 1, 3], outputs: [4, 5, 6, 7],
		        custom_options: $(as_list <"$work/options.bin") } ] } ],
		  buffers: [ {}, { data: $(head -c 36 /dev/zero | as_list) }, { data: [$anchors] } ] }
	END
	flatc --binary -o "$(dirname "$1")" runtime/schema/tflite.fbs "$1.json" &&
	echo brightest >"$1_labels.txt"
}
