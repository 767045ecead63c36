#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run libFuzzer programs side by side for a while, each on seeds of its own.
#
#   tests/fuzz.sh SECONDS build-fuzz/tests/fuzz_picture ...
#
# The same numbers are drawn every time, so that a gate fails for what changed and
# not by chance; FUZZ_SEED=2 and so on look elsewhere. A fuzzer fuzz_NAME answers
# "--seeds DIR" by writing its seeds there. What made it fail stays beside it, next
# to its log.
set -u

seconds=$1
shift
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

start() {
	name=$(basename "$1")
	mkdir -p "$work/$name"
	"$1" --seeds "$work/$name" || exit 1
	"$1" -seed="${FUZZ_SEED:-1}" -max_total_time="$seconds" -timeout=20 \
		-rss_limit_mb=4096 -print_final_stats=1 \
		-artifact_prefix="$1-" "$work/$name" >"$1.log" 2>&1
}

pids=
for fuzzer in "$@"; do
	start "$fuzzer" &
	pids="$pids $!"
done
for pid in $pids; do
	wait "$pid" || failed=$((failed + 1))
done

for fuzzer in "$@"; do
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$fuzzer.log")
	echo "$(basename "$fuzzer"): ${runs:-no} runs in $seconds s"
	grep -E '^(SUMMARY|==[0-9]+== ?ERROR)|runtime error' "$fuzzer.log" || true
done
echo "$(($# - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
