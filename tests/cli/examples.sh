#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The example programs, built as their first lines say, against what is installed.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
root=$work/root
words=apps/models/keywords

if [ -n "$RUN" ]; then
	echo '# skipped: what is installed here is not for this machine'
	exit 77
fi
if ! command -v pkg-config >"$work/none"; then
	echo '# skipped: pkg-config is not installed'
	exit 77
fi

# In a folder where nothing else of the tree is found.
they_build_against_the_installed_headers() {
	${MAKE:-make} -s BUILD="$BUILD" DESTDIR="$root" prefix=/usr libdir=/usr/lib install \
		>"$work/out" 2>&1 || { sed 's/^/# /' "$work/out"; return 1; }
	cp apps/examples/*.c "$work" && ls "$work"/*.c >"$work/sources" || return
	[ "$(wc -l <"$work/sources")" -ge 5 ] || return
	PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$root/usr/lib/pkgconfig
	export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_LIBDIR
	while read -r source; do
		name=$(basename "$source" .c)
		# shellcheck disable=SC2046,SC2086 # lists of options
		(cd "$work" && ${CC:-cc} -O -Wall -Wextra -Werror ${CFLAGS:-} -o "$name" "$name.c" \
			$(pkg-config --cflags --libs atoll)) >"$work/out" 2>&1 ||
			{ sed 's/^/# /' "$work/out"; return 1; }
	done <"$work/sources"
}

they_say_how_they_are_built_and_used() {
	for source in apps/examples/*.c; do
		name=$(basename "$source" .c)
		grep -qF " *	cc -o $name $name.c \$(pkg-config --cflags --libs atoll)" "$source" &&
		grep -q "^ \*	$name " "$source" || { echo "# $name does not"; return 1; }
	done
}

# example STATUS NAME ARGUMENT...: memory of one that gives up is the system's to free.
example() {
	expected=$1 name=$2
	shift 2
	LD_LIBRARY_PATH=$root/usr/lib ATOLL_TPU_SOCKET=$work/none.sock \
		ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=$((expected == 0)) timeout 60 \
		"$work/$name" "$@" >"$work/out" 2>"$work/err" && status=0 || status=$?
	[ "$status" -eq "$expected" ] && return
	echo "# $name $*: exit status $status, expected $expected"
	sed 's/^/#   /' "$work/err"
	return 1
}

a_picture_is_classified() {
	example 0 classify_picture $cards/cards.tflite $cards/cards_labels.txt \
		$cards/demo/bell.jpg && is_silent err && out_has '^ *[0-9.]+ %  bell$'
}

a_film_is_classified() {
	example 0 classify_camera $cards/cards.tflite $cards/demo/cards.mjpeg &&
	is_silent err && out_has '^class [0-9]+, (0\.[89]|1)' &&
	[ "$(wc -l <"$work/out")" -ge 3 ]
}

words_are_heard() {
	example 0 hear_words $words/keywords.tflite $words/keywords_labels.txt \
		$words/demo/words.wav && is_silent err && out_has '^seven 0\.' && out_has '^stop 0\.' &&
	lines_are out "$(program atoll-listen --threshold=0.7 $words/demo/words.wav | wc -l)"
}

tensors_are_listed() {
	example 0 list_tensors $cards/cards.tflite && is_silent err && out_has '^CONV_2D$' &&
	out_has '^  in   uint8    1x96x96x3       picture$' && out_has ' \(constant\)$'
}

the_cpu_runs_what_no_daemon_does() {
	example 0 share_tpu $cards/cards.tflite && is_silent err && out_has '^on cpu in [0-9.]+ ms$'
}

events_are_told_as_they_come() {
	command -v socat >"$work/none" || { why='socat is not installed'; return 77; }
	printf '{"event":"state"}\n{"event":"word"}\n' >"$work/lines"
	socat -u "FILE:$work/lines" "UNIX-LISTEN:$work/events.sock" &
	server=$!
	for _ in $(seq 100); do
		[ -S "$work/events.sock" ] && break
		sleep 0.05
	done
	example 0 hear_events "$work/events.sock"
	result=$?
	kill $server 2>/dev/null
	wait $server
	[ $result -eq 0 ] && is_silent err && out_is '{"event":"state"}
{"event":"word"}'
}

what_is_missing_is_told() {
	for name in classify_picture hear_words; do
		example 1 $name nowhere.tflite x y && is_silent out &&
		err_is "$name: nowhere.tflite: No such file or directory" || return
	done
	for name in classify_camera share_tpu; do
		example 1 $name nowhere.tflite y && is_silent out &&
		err_is "$name: nowhere.tflite: No such file or directory" || return
	done
	ATOLL_BOARD=$PWD/board/boards/coral-dev-board-mini.conf
	export ATOLL_BOARD
	for name in blink_pin watch_button; do
		example 1 $name 2 && err_is "$name: pin 2 is 5V, not a GPIO" &&
		example 1 $name 16 && is_silent out && err_has "^$name: gpio: " || return
	done
	unset ATOLL_BOARD
	example 1 hear_events "$work/nobody.sock" &&
	err_is "hear_events: $work/nobody.sock: No such file or directory"
}

wrong_use_is_told() {
	while read -r source; do
		example 2 "$(basename "$source" .c)" && is_silent out && lines_are err 1 || return
	done <"$work/sources"
}

run_tests they_build_against_the_installed_headers \
	they_say_how_they_are_built_and_used \
	a_picture_is_classified \
	a_film_is_classified \
	words_are_heard \
	tensors_are_listed \
	the_cpu_runs_what_no_daemon_does \
	events_are_told_as_they_come \
	what_is_missing_is_told \
	wrong_use_is_told
