#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run test programs and scripts, add up their TAP, end with the sum.
#
#   BUILD=build RUN=qemu-aarch64 tests/run.sh build/tests/test_a tests/cli/b.sh ...
#
# Compiled tests are started through $RUN. A program that ends badly without
# saying which test failed counts as one failure of its own.
set -u

passed=0 failed=0 skipped=0
output=$(mktemp)
trap 'rm -f "$output"' EXIT

for test in "$@"; do
	echo "# $test"
	case $test in
	*.sh) sh "$test" >"$output" 2>&1 ;;
	*)    ${RUN:-} "$test" >"$output" 2>&1 ;;
	esac
	status=$?
	# The details of what passed are noise; sums and comments are not.
	grep -vE '^ok |^1\.\.' "$output" || true
	# cmocka 1.1.5 writes "not ok" for a skipped test too.
	skips=$(grep -cE '^(not )?ok [0-9]+ .*# SKIP' "$output")
	oks=$(grep -E '^ok [0-9]+' "$output" | grep -cv '# SKIP')
	nots=$(grep -E '^not ok [0-9]+' "$output" | grep -cv '# SKIP')
	if [ $((oks + nots + skips)) -eq 0 ] && [ "$status" -eq 77 ]; then
		skips=1
	elif [ $((oks + nots + skips)) -eq 0 ]; then
		echo "not ok - $test: ran no test"
		nots=1
	elif [ "$nots" -eq 0 ] && [ "$status" -ne 0 ]; then
		echo "not ok - $test: exit status $status"
		nots=1
	fi
	passed=$((passed + oks)) failed=$((failed + nots)) skipped=$((skipped + skips))
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
