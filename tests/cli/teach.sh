#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# atoll-teach as a user sees it.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
tool=atoll-teach
demo=$cards/demo
try="try 'atoll-teach --help'"

# A folder in which key, cat and car are taught from a picture each.
begin() {
	rm -rf "$work/project"
	gives 0 $tool new -p "$work/project" "$@" && is_silent out || return
	for card in key cat car; do
		gives 0 $tool add -p "$work/project" $card $demo/$card.jpg || return
	done
}
needs_cards() { skip_unless $cards/cards.tflite $demo/key.jpg; }

a_missing_argument_is_asked_for() {
	gives 2 $tool && is_silent out &&
	err_is "$tool: no command: one of new, add, train, test, save
$try" &&
	gives 2 $tool learn && err_is "$tool: 'learn' is not one of new, add, train, test, save
$try" &&
	gives 2 $tool add && err_is "$tool: add: which label?
$try" &&
	gives 2 $tool add key && err_is "$tool: add: which pictures?
$try" &&
	gives 2 $tool test key && err_is "$tool: test: which label, and which pictures?
$try" &&
	gives 2 $tool save && err_is "$tool: save: into which file?
$try" &&
	gives 2 $tool train now && err_is "$tool: train: 'now' is too much
$try" &&
	gives 2 $tool add -c auto key key.jpg &&
	err_is "$tool: add: pictures or a camera, not both
$try" &&
	gives 2 $tool train -c auto && err_is "$tool: --camera is for add
$try" &&
	gives 2 $tool new -l x && err_is "$tool: --labels is for classes that are kept, with --keep
$try"
}

a_wrong_value_is_named() {
	gives 2 $tool new --method=magic &&
	err_is "$tool: --method: 'magic' is not one of imprinting, regression
$try" &&
	gives 2 $tool add --fit=tight &&
	err_is "$tool: --fit: 'tight' is not one of stretch, crop, letterbox
$try" &&
	gives 2 $tool add -n 0 && err_is "$tool: --examples: 0 is not within 1 to 10000
$try" &&
	gives 2 $tool train --learning-rate=0 &&
	err_has "$tool: --learning-rate: 0 is not within 1e-09 to 1e\+09" &&
	gives 2 $tool train --iterations=0 && gives 2 $tool train --batch=0 &&
	gives 2 $tool train --seed=-1 && gives 2 $tool add --every=soon
}

without_a_beginning_there_is_nothing_to_do() {
	for command in 'add key x.jpg' train 'test key x.jpg' "save $work/x.tflite"; do
		# shellcheck disable=SC2086 # words
		gives 1 $tool -p "$work/none" $command && is_silent out &&
		err_is "$tool: $work/none: nothing is being taught here; begin with 'new'" ||
			return
	done
}

what_cannot_be_taught_is_refused() {
	needs_cards || return 77
	gives 1 $tool new -p "$work/refused" nowhere.tflite &&
	err_is "$tool: nowhere.tflite: No such file or directory" &&
	gives 1 $tool new -p "$work/refused" --keep &&
	err_is "$tool: $cards/cards.tflite: --keep is for models that can be imprinted as they are, and for that method" &&
	[ ! -e "$work/refused" ]
}

three_classes_are_taught_by_imprinting() {
	needs_cards || return 77
	begin && is_silent err && out_is 'key	1
cat	1
car	1' &&
	gives 1 $tool save -p "$work/project" "$work/x.tflite" &&
	err_is "$tool: $work/project: nothing was learnt of these pictures yet: train" &&
	gives 0 $tool train -p "$work/project" &&
	err_is "$tool: learnt from 3 pictures: $work/project/learnt.tflite" || return
	for card in key cat car; do
		gives 0 $tool test -p "$work/project" $card $demo/$card.jpg &&
		out_has "^$demo/$card.jpg	[01]\.[0-9]{4}	$card	right$" &&
		err_is "$tool: $card: 1 of 1 right" || return
	done
	gives 0 $tool test -p "$work/project" key $demo/cat.jpg &&
	out_has "	cat	wrong$" && err_is "$tool: key: 0 of 1 right" &&
	gives 1 $tool test -p "$work/project" dog $demo/cat.jpg &&
	err_is "$tool: 'dog' is none of the classes that were learnt"
}

a_saved_model_works_with_its_labels_at_once() {
	needs_cards || return 77
	begin && gives 0 $tool train -p "$work/project" &&
	gives 0 $tool save -p "$work/project" "$work/mine.tflite" && is_silent err &&
	gives 0 atoll-classify -n1 "$work/mine.tflite" $demo/key.jpg $demo/car.jpg &&
	is_silent err && out_has 'key.jpg	0\.[0-9]{4}	key$' &&
	out_has 'car.jpg	0\.[0-9]{4}	car$' &&
	gives 0 atoll-model info "$work/mine.tflite" && out_has 'description  0 [0-9]+\.[0-9]{6}$' &&
	gives 0 atoll-model verify "$work/mine.tflite"
}

three_classes_are_taught_by_regression() {
	needs_cards || return 77
	begin --method=regression && gives 0 $tool train -p "$work/project" --iterations=101 &&
	err_has '^atoll-teach: iteration 0: loss [0-9.]+, [0-9.]+ % of the examples right$' &&
	err_has '^atoll-teach: iteration 100: ' && lines_are err 3 &&
	gives 0 $tool test -p "$work/project" cat $demo/cat.jpg && out_has 'right$' &&
	cp "$work/project/learnt.tflite" "$work/first.tflite" &&
	gives 0 $tool train -p "$work/project" --iterations=101 &&
	cmp "$work/first.tflite" "$work/project/learnt.tflite" &&
	gives 0 $tool train -p "$work/project" --iterations=101 --seed=2 &&
	! cmp -s "$work/first.tflite" "$work/project/learnt.tflite"
}

one_class_is_enough_for_imprinting_alone() {
	needs_cards || return 77
	rm -rf "$work/one" "$work/two"
	gives 0 $tool new -p "$work/one" && gives 1 $tool train -p "$work/one" &&
	err_is "$tool: $work/one: no pictures yet: add some" &&
	gives 0 $tool add -p "$work/one" key $demo/key.jpg && gives 0 $tool train -p "$work/one" &&
	gives 0 $tool new -p "$work/two" --method regression &&
	gives 0 $tool add -p "$work/two" key $demo/key.jpg && gives 1 $tool train -p "$work/two" &&
	err_is "$tool: regression tells classes apart: add a second one"
}

what_was_learnt_can_be_kept_and_added_to() {
	needs_cards || return 77
	begin && gives 0 $tool train -p "$work/project" &&
	gives 0 $tool save -p "$work/project" "$work/mine.tflite" || return
	rm -rf "$work/more"
	gives 0 $tool new -p "$work/more" --keep "$work/mine.tflite" &&
	gives 0 $tool add -p "$work/more" bell $demo/bell.jpg &&
	gives 0 $tool add -p "$work/more" key $demo/key.jpg &&
	gives 0 $tool train -p "$work/more" && printf 'key\ncat\ncar\nbell\n' |
		cmp - "$work/more/learnt_labels.txt" || return
	for card in key cat car bell; do
		gives 0 $tool test -p "$work/more" $card $demo/$card.jpg && out_has 'right$' ||
			return
	done
}

pictures_come_from_folders_and_videos_too() {
	needs_cards || return 77
	rm -rf "$work/project" "$work/pictures"
	mkdir "$work/pictures" && cp $demo/key.jpg $demo/cat.jpg "$work/pictures" &&
	gives 0 $tool new -p "$work/project" &&
	gives 0 $tool add -p "$work/project" --plain some "$work/pictures" && out_is 'some	2' &&
	gives 0 $tool add -p "$work/project" -n 3 --every=100ms film $demo/cards.mjpeg &&
	is_silent err && out_has '^film	3$' &&
	gives 1 $tool add -p "$work/project" -n 1000 film $demo/cards.mjpeg &&
	err_has "^$tool: $demo/cards.mjpeg: [0-9]+ examples of 1000$" &&
	[ "$(grep -c '^picture film	' "$work/project/examples.txt")" -gt 3 ]
}

a_picture_that_cannot_be_read_does_not_stop_the_others() {
	needs_cards || return 77
	rm -rf "$work/project"
	gives 0 $tool new -p "$work/project" &&
	gives 1 $tool add -p "$work/project" key nowhere.jpg $demo/key.jpg &&
	err_is "$tool: nowhere.jpg: No such file or directory" && out_is 'key	1'
}

a_camera_that_is_not_there_is_named() {
	needs_cards || return 77
	rm -rf "$work/project"
	gives 0 $tool new -p "$work/project" &&
	gives 1 $tool add -p "$work/project" -c /dev/nowhere key && is_silent out &&
	err_has "^$tool: .*/dev/nowhere"
}

an_extractor_compiled_for_the_edge_tpu_gives_the_same() {
	needs_cards && skip_unless "$BUILD/atoll-compile" || return 77
	rm -rf "$work/cpu" "$work/tpu"
	gives 0 $tool new -p "$work/cpu" && cp -r "$work/cpu" "$work/tpu" &&
	gives 0 atoll-compile --out-dir="$work/tpu" "$work/tpu/extractor.tflite" &&
	gives 0 $tool add -p "$work/cpu" -d cpu key $demo/key.jpg &&
	gives 0 $tool add -p "$work/tpu" -d emu key $demo/key.jpg &&
	cmp "$work/cpu/examples.txt" "$work/tpu/examples.txt" || return
	rm -rf "$work/layer"
	gives 0 $tool new -p "$work/layer" --method=regression \
		"$work/tpu/extractor_edgetpu.tflite" || return
	for card in key cat; do
		gives 0 $tool add -p "$work/layer" -d emu $card $demo/$card.jpg || return
	done
	gives 0 $tool train -p "$work/layer" &&
	gives 0 $tool test -p "$work/layer" -d emu cat $demo/cat.jpg && out_has 'right$'
}

new_examples_undo_what_was_learnt() {
	needs_cards || return 77
	begin && gives 0 $tool train -p "$work/project" &&
	gives 0 $tool add -p "$work/project" bell $demo/bell.jpg &&
	gives 1 $tool test -p "$work/project" bell $demo/bell.jpg &&
	err_is "$tool: $work/project: nothing was learnt of these pictures yet: train"
}

a_folder_is_begun_once() {
	needs_cards || return 77
	begin && gives 1 $tool new -p "$work/project" &&
	err_is "$tool: $work/project: something is being taught here already; remove it, or say --project" &&
	gives 0 $tool add -p "$work/project" key $demo/key.jpg && out_has '^key	2$'
}

a_slip_in_the_examples_is_named_by_its_line() {
	needs_cards || return 77
	begin && echo '1 2 x' >>"$work/project/examples.txt" || return
	lines=$(wc -l <"$work/project/examples.txt")
	gives 1 $tool train -p "$work/project" &&
	err_has "project/examples.txt:$lines: not as many numbers as the size says$" &&
	begin && cp $cards/cards.tflite "$work/project/extractor.tflite" &&
	gives 1 $tool add -p "$work/project" key $demo/key.jpg &&
	err_has "extractor.tflite: not the model that the examples are of$"
}

labels_that_begin_with_digits_stay_whole() {
	needs_cards || return 77
	rm -rf "$work/project"
	gives 0 $tool new -p "$work/project" &&
	gives 0 $tool add -p "$work/project" '10 euro' $demo/key.jpg &&
	gives 0 $tool add -p "$work/project" '20 euro' $demo/cat.jpg &&
	gives 0 $tool train -p "$work/project" &&
	gives 0 $tool test -p "$work/project" '20 euro' $demo/cat.jpg &&
	out_has '	20 euro	right$'
	for label in '' ' key' 'key ' 'a	b'; do
		gives 1 $tool add -p "$work/project" "$label" $demo/key.jpg &&
		err_has "^$tool: (a )?label " || return
	done
}

programs_read_json() {
	needs_cards || return 77
	rm -rf "$work/project"
	gives 0 $tool new -p "$work/project" --json && is_silent err &&
	gives 0 $tool add -p "$work/project" --json key $demo/key.jpg &&
	out_is "{\"project\":\"$work/project\",\"method\":\"imprinting\",\"classes\":[{\"label\":\"key\",\"kept\":false,\"pictures\":1}]}" &&
	gives 0 $tool train -p "$work/project" --json && is_silent err &&
	gives 0 $tool test -p "$work/project" --json key $demo/key.jpg && lines_are out 2 &&
	out_has "^\{\"picture\":\"$demo/key.jpg\",\"label\":\"key\",\"score\":[0-9.]+,\"right\":true\}$" &&
	out_has '^\{"right":1,"pictures":1\}$'
}

# shellcheck disable=SC2086 # a list
run_tests $every_program \
	a_missing_argument_is_asked_for \
	a_wrong_value_is_named \
	without_a_beginning_there_is_nothing_to_do \
	what_cannot_be_taught_is_refused \
	three_classes_are_taught_by_imprinting \
	a_saved_model_works_with_its_labels_at_once \
	three_classes_are_taught_by_regression \
	one_class_is_enough_for_imprinting_alone \
	what_was_learnt_can_be_kept_and_added_to \
	pictures_come_from_folders_and_videos_too \
	a_picture_that_cannot_be_read_does_not_stop_the_others \
	a_camera_that_is_not_there_is_named \
	an_extractor_compiled_for_the_edge_tpu_gives_the_same \
	new_examples_undo_what_was_learnt \
	a_folder_is_begun_once \
	a_slip_in_the_examples_is_named_by_its_line \
	labels_that_begin_with_digits_stay_whole \
	programs_read_json
