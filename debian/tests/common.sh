# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034 # for who reads this in
# What the tests share: a folder to work in, and questions with their answers shown.
set -eu
work=${AUTOPKGTEST_TMP:-$(mktemp -d)}
cd "$work"
models=/usr/share/atoll/models

# says REGULAR-EXPRESSION COMMAND...: what it prints has such a line.
says() {
	pattern=$1
	shift
	"$@" >"$work/said"
	if grep -qE -- "$pattern" "$work/said"; then
		echo "ok: $*"
		return
	fi
	echo "$*: no line matches $pattern in:" >&2
	cat "$work/said" >&2
	exit 1
}

# until_true COMMAND...: within 30 seconds, on a slow machine too.
until_true() {
	tries=300
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { echo "waited in vain for: $*" >&2; exit 1; }
		sleep 0.1
	done
}
