#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The vendor's commands, as old tutorials have them.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
if [ -n "$RUN" ]; then
	echo '# skipped: what the commands start is not for this machine'
	exit 77
fi
command -v getopt >/dev/null || { echo '# skipped: there is no getopt'; exit 77; }

root=$(pwd)
PATH=$root/$BUILD:$PATH
[ "${BUILD#/}" = "$BUILD" ] || PATH=$BUILD:$PATH
BUILD=$work/bin
mkdir "$BUILD"
commands='edgetpu_classify edgetpu_detect edgetpu_classify_server edgetpu_detect_server'
for command in $commands; do
	ln -s "$root/apps/compat/edgetpu" "$BUILD/$command"
done
model=$cards/cards.tflite labels=$cards/cards_labels.txt

# What a command would start, one argument on a line.
pretends() {
	for program in atoll-classify atoll-detect; do
		# shellcheck disable=SC2016 # for the script
		printf '#!/bin/sh\nprintf "%%s\\n" "${0##*/}" "$@"\n' >"$work/pretended/$program"
		chmod +x "$work/pretended/$program"
	done
}
mkdir "$work/pretended"
pretends
says() { # PROGRAM ARGUMENT... -- COMMAND...
	: >"$work/expected"
	while [ "$1" != -- ]; do
		echo "$1" >>"$work/expected"
		shift
	done
	shift
	(PATH=$work/pretended:$PATH program "$@") >"$work/out" 2>"$work/err" || return
	sort "$work/expected" >"$work/sorted"
	sort "$work/out" | diff "$work/sorted" - | sed 's/^/# /' >"$work/diff"
	cat "$work/diff"
	[ ! -s "$work/diff" ]
}

a_picture_is_classified() {
	gives 0 edgetpu_classify --model $model --labels $labels --source $cards/demo/key.jpg &&
	is_silent err && out_is "$cards/demo/key.jpg	0.9883	key" &&
	gives 0 edgetpu_classify --model=$model --labels=$labels --threshold=0 --top_k=2 \
		--source=$cards/demo/key.jpg --print && is_silent err && lines_are out 2
}

a_video_is_classified() {
	gives 0 edgetpu_classify --model $model --labels $labels --displaymode none \
		--source $cards/demo/cards.mjpeg && out_has ' rocket '
}

a_camera_is_told_as_ours_are() {
	says atoll-detect --camera=/dev/video1 --size=800x600 --rate=30 --top=50 \
		--threshold=0.1 --model=$model --labels=$labels -- \
		edgetpu_detect --model $model --labels $labels --source /dev/video1:YUY2:800x600:30/1 &&
	is_silent err &&
	says atoll-classify --camera=/dev/video0 --size=640x480 --rate=7.5 --top=5 \
		--threshold=0.25 --model=$model --labels=$labels -- edgetpu_classify \
		--source=/dev/video0:NV12:640x480:15/2 --top_k=5 --threshold=0.25 \
		--model=$model --labels=$labels && is_silent err
}

without_a_source_it_is_the_usual_camera() {
	says atoll-classify --camera=auto --top=3 --threshold=0.1 --model=$model \
		--labels=$labels -- edgetpu_classify --model $model --labels $labels &&
	says atoll-classify --camera=/dev/video7 --top=3 --threshold=0.1 --model=$model \
		--labels=$labels -- edgetpu_classify --model $model --labels $labels \
		--source /dev/video7
}

several_models_have_one_list_of_labels() {
	gives 0 edgetpu_classify --model=$model,$model --labels=$labels --top_k=1 \
		--source=$cards/demo/cat.jpg && lines_are out 2 && is_silent err
}

options_after_two_dashes_are_for_the_program() {
	gives 0 edgetpu_classify --model=$model --labels=$labels --source=$cards/demo/cat.jpg \
		-- --device=cpu --json && out_has '^\{.*"cat"'
}

what_has_no_counterpart_is_told_and_done_without() {
	gives 0 edgetpu_classify --model=$model --labels=$labels --window=5 --loop \
		--source=$cards/demo/cat.jpg && out_has '	cat$' && lines_are err 2 &&
	err_has '^edgetpu_classify: --window: .*; going on without$' &&
	err_has '^edgetpu_classify: --loop: .*; going on without$' &&
	says atoll-detect --camera=auto --top=50 --threshold=0.1 --model=$model \
		--labels=$labels -- edgetpu_detect --model $model --labels $labels \
		--filter cat,dog --color red --min_area 0.1 --max_area=0.9 && lines_are err 4
}

a_wrong_command_line_is_named() {
	for command in $commands; do
		try="try '$command --help'"
		gives 2 "$command" && err_is "$command: which model? As in --model=FILE
$try" &&
		gives 2 "$command" --model=$model &&
		err_is "$command: which labels? As in --labels=FILE
$try" &&
		gives 2 "$command" --bogus &&
		err_is "$command: unrecognized option '--bogus'
$try" &&
		gives 2 "$command" --model=$model --labels=$labels --top_k=many &&
		err_is "$command: --top_k: 'many' is not a number
$try" &&
		gives 2 "$command" --source=/dev/video0:YUY2:640x480 &&
		err_is "$command: --source: '/dev/video0:YUY2:640x480' is not like /dev/video0:YUY2:640x480:30/1
$try" || return
	done
	for source in /dev/video0::x480:30/1 /dev/video0:YUY2:640x480:30/0 \
		/dev/video0:YUY2:640x480:1/1e9 '/dev/video0:YUY2:640x480:exit/1'; do
		gives 2 edgetpu_detect --source="$source" && lines_are err 2 || return
	done
}

what_cannot_be_looked_at_is_named() {
	gives 1 edgetpu_classify --model=$model --labels=$labels --source=nowhere.jpg &&
	err_is 'edgetpu_classify: nowhere.jpg: No such file or directory' &&
	gives 1 edgetpu_detect_server --model=$model --labels=$labels --source=clip.mp4 &&
	lines_are err 1 && err_has '^edgetpu_detect_server: clip.mp4: .*ffmpeg -i clip.mp4 '
}

help_goes_to_stdout_and_fits() {
	for command in $commands; do
		gives 0 "$command" --help && is_silent err && out_has "^Usage: $command " &&
		awk 'length > 80 { print "# " $0; wide = 1 } END { exit wide }' "$work/out" ||
			return
	done
}

# Every option that any of the four takes stands in the page, and the other way round.
the_manual_has_the_options() {
	# shellcheck disable=SC2016 # as in the script
	sed -n 's/^names=\(.*[^,]\)$/\1/p; s/.*names=$names,\(.*\) ;;/\1/p' apps/compat/edgetpu |
		tr -d : | tr , '\n' | sort >"$work/taken"
	sed -n '/^\.Sh OPTIONS/,/^\.Sh E/s/^\.\(It \)*\(Fl h , \)*Fl Fl \([a-z_]*\).*/\3/p' \
		apps/compat/edgetpu_classify.1 | grep . | sort >"$work/told"
	[ "$(wc -l <"$work/taken")" -gt 10 ] && diff "$work/taken" "$work/told" | sed 's/^/# /'
	cmp -s "$work/taken" "$work/told"
}

is_up() { grep -q 'looking through' "$work/log"; }
waits_for() {
	tries=200
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { sed 's/^/# /' "$work/log"; return 1; }
		sleep 0.1
	done
}

# Started and ended as from a terminal, by whose word alone the page is shown.
a_server_shows_its_page_to_who_knows_the_word() {
	command -v curl >/dev/null || { why='curl is not installed'; return 77; }
	TMPDIR=$work/temporary
	mkdir "$TMPDIR"
	export TMPDIR
	"$BUILD/edgetpu_classify_server" --model=$model --labels=$labels --threshold=0 \
		--source=$cards/demo/cards.mjpeg -- --listen=127.0.0.1:0 >"$work/out" 2>"$work/log" &
	server=$!
	waits_for is_up && page=$(sed -n 's/.* page: \(http[^ ]*\).*/\1/p' "$work/log") &&
	word=$(sed -n 's/.*:4664\/?\(token=[0-9a-f]\{32\}\)$/\1/p' "$work/log") &&
	[ -n "$page" ] && [ -n "$word" ] &&
	[ "$(curl -s -o "$work/none" -w '%{http_code}' "$page?$word")" = 200 ] &&
	[ "$(curl -s -o "$work/none" -w '%{http_code}' "$page")" = 401 ]
	result=$?
	kill -TERM $server
	wait $server
	status=$?
	[ $result -eq 0 ] || sed 's/^/# /' "$work/log"
	[ $result -eq 0 ] && [ $status -eq 0 ] || { echo "# status $status"; return 1; }
	# Its configuration, with the word in it, is gone.
	[ -z "$(ls "$TMPDIR")" ]
}

run_tests a_picture_is_classified a_video_is_classified a_camera_is_told_as_ours_are \
	without_a_source_it_is_the_usual_camera several_models_have_one_list_of_labels \
	options_after_two_dashes_are_for_the_program \
	what_has_no_counterpart_is_told_and_done_without a_wrong_command_line_is_named \
	what_cannot_be_looked_at_is_named help_goes_to_stdout_and_fits \
	the_manual_has_the_options a_server_shows_its_page_to_who_knows_the_word
