#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/board.sh

# The tests that come with the packages, but for those that want a compiler or read manual
# pages.
wait_until 10 all_are_up
for question in classify hear compat demo emulator services; do
	mkdir "$work/$question"
	AUTOPKGTEST_TMP=$work/$question timeout 120 sh debian/tests/$question \
		>"$work/out" 2>"$work/err" || fail "$question: exit status $?"
done
