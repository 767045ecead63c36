# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # names go both ways
# What the tests of programs share. A test is a function whose name is a
# sentence; it returns 0 for passed, 77 for skipped, anything else for failed.
#
#	. "$(dirname "$0")/common.sh"
#
#	a_missing_file_is_named() {
#		gives 1 atoll-model info nowhere.tflite &&
#		err_is 'atoll-model: nowhere.tflite: No such file or directory'
#	}
#	run_tests a_missing_file_is_named ...
#
# From the environment: BUILD, the folder of the programs; RUN, what starts
# them (qemu-aarch64, or nothing); ATOLL_TEST_DATA.
set -u
BUILD=${BUILD:-build}
RUN=${RUN:-}
data=${ATOLL_TEST_DATA:-../shared}
cards=apps/models/cards
unset ATOLL_CPU
LC_ALL=C
export LC_ALL

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# program ARGUMENT...: start it, as a user would.
program() {
	name=$1
	shift
	# shellcheck disable=SC2086 # RUN may be several words
	$RUN "$BUILD/$name" "$@"
}

# gives STATUS PROGRAM ARGUMENT...: its output is in $work/out and $work/err.
gives() {
	expected=$1
	shift
	program "$@" >"$work/out" 2>"$work/err" && status=0 || status=$?
	[ "$status" -eq "$expected" ] && return
	echo "# $*: exit status $status, expected $expected"
	sed 's/^/#   /' "$work/err"
	return 1
}

# The whole of it, or lines that match an extended regular expression.
same() {
	printf '%s\n' "$2" | diff - "$work/$1" >"$work/diff" && return
	sed 's/^/# /' "$work/diff"
	return 1
}
matches() {
	grep -qE -- "$2" "$work/$1" && return
	echo "# no line matches: $2"
	sed 's/^/#   /' "$work/$1"
	return 1
}
out_is() { same out "$1"; }
err_is() { same err "$1"; }
out_has() { matches out "$1"; }
err_has() { matches err "$1"; }
is_silent() {
	[ ! -s "$work/$1" ] && return
	sed "s/^/# unexpected on $1: /" "$work/$1"
	return 1
}
lines_are() {
	[ "$(wc -l <"$work/$1")" -eq "$2" ] && return
	echo "# $(wc -l <"$work/$1") lines on $1, expected $2"
	sed 's/^/#   /' "$work/$1"
	return 1
}

# skip_unless FILE...: for the start of a test, "skip_unless ... || return 77".
skip_unless() {
	for file in "$@"; do
		[ -e "$file" ] && continue
		why="$file is not there"
		return 1
	done
}

run_tests() {
	tests_run=0 tests_failed=0
	for test in "$@"; do
		tests_run=$((tests_run + 1)) why=
		"$test"
		case $? in
		0)  echo "ok $tests_run - $test" ;;
		77) echo "# skipped: $why"
		    echo "ok $tests_run - $test # SKIP $why" ;;
		*)  echo "not ok $tests_run - $test"
		    tests_failed=$((tests_failed + 1)) ;;
		esac
	done
	echo "1..$tests_run"
	[ "$tests_failed" -eq 0 ]
	exit
}

# Tests every program passes. They use $tool, the program's name.

help_and_version_go_to_stdout() {
	gives 0 "$tool" --help && is_silent err && out_has "^Usage: $tool " &&
	gives 0 "$tool" -h && out_has "^Usage: $tool " &&
	gives 0 "$tool" --version && is_silent err && out_has "^$tool [0-9]+\.[0-9]+\.[0-9]+$" &&
	lines_are out 1
}

help_fits_80_columns() {
	gives 0 "$tool" --help || return
	awk 'length > 80 { print "# " $0; wide = 1 } END { exit wide }' "$work/out"
}

the_manual_has_the_same_options_in_the_same_order() {
	gives 0 "$tool" --help || return
	sed -nE 's/^ +(-[a-z], )?--([a-z-]+).*/\2/p' "$work/out" >"$work/help"
	sed -nE '/^\.Sh OPTIONS/,/^\.Sh [^O]/s/^\.It .*Fl Fl ([a-z-]+).*/\1/p' \
		apps/man/"$tool".[18] >"$work/manual"
	[ -s "$work/help" ] || return
	diff "$work/help" "$work/manual" | sed 's/^/# /'
	cmp -s "$work/help" "$work/manual"
}

an_unknown_option_is_named() {
	gives 2 "$tool" --bogus && is_silent out && lines_are err 2 &&
	err_has "$tool: .*'--bogus'" && err_has "^try '$tool --help'$" &&
	gives 2 "$tool" -Z && err_has "$tool: .*'Z'"
}

a_full_disk_gives_a_sentence() {
	[ -e /dev/full ] || { why='/dev/full is not there'; return 77; }
	for option in --help --version; do
		program "$tool" $option >/dev/full 2>"$work/err"
		[ $? -eq 1 ] || return
		err_is "$tool: cannot write: No space left on device" || return
	done
}

# A pipe nobody reads any more: opened both ways, then the reading end closed.
a_closed_pipe_ends_it_quietly() {
	rm -f "$work/pipe" && mkfifo "$work/pipe" || return
	(
		trap '' PIPE # as some parents do
		exec 3<>"$work/pipe" 4>"$work/pipe" 3<&-
		program "$tool" --help >&4 2>"$work/err"
	)
	status=$?
	[ $status -eq 141 ] || { echo "# exit status $status"; return 1; }
	is_silent err
}

every_program='help_and_version_go_to_stdout help_fits_80_columns
	the_manual_has_the_same_options_in_the_same_order
	an_unknown_option_is_named a_full_disk_gives_a_sentence
	a_closed_pipe_ends_it_quietly'
