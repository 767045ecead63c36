# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# How a guest runs a test: settings from `run`, the tree in /atoll, logs and results
# to /out.
#
#	. /atoll/tests/vm/one-test.sh
#
#	run_test tests/vm/gpio/what-bounces-is-one-edge.sh true
#
# A line of /out/results is "STATUS SECONDS TEST".
# shellcheck disable=SC1091 # written by run
. /out/settings
cd /atoll || exit

kernel_says() { dmesg -c | tail -n 20 | sed 's/^/# kernel: /'; }
now() { cut -d ' ' -f 1 /proc/uptime; }

# run_test TEST CLEAN: and then CLEAN, which fails when the test left something behind
# that cannot be removed.
run_test() {
	log=/out/$(echo "$1" | tr / .).log
	begun=$(now)
	dmesg -C
	timeout -k 5 "${limit_s:?}" sh -eu "$1" >"$log" 2>&1 </dev/null
	status=$?
	case $status in 124 | 137) echo "# not done after $limit_s s" >>"$log" ;; esac
	[ $status -eq 0 ] || [ $status -eq 77 ] || kernel_says >>"$log"
	"$2" >>"$log" 2>&1 || { status=1; kernel_says >>"$log"; }
	echo "$status $(echo "$(now) $begun" | awk '{ printf "%.1f", $1 - $2 }') $1" \
		>>/out/results
}
