#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The last part of `make demo`, as somebody sees it who has no hardware.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

what_is_seen_and_heard_switches_pins() {
	[ -z "$RUN" ] || { why='a demo for who builds for this machine'; return 77; }
	apps/demo/pins "$BUILD" 14 >"$work/out" 2>"$work/err" || { cat "$work/err"; return 1; }
	is_silent err &&
	out_has '^[0-9.]+	vision	key$' && out_has '^[0-9.]+	pin	18	high$' &&
	out_has '^[0-9.]+	vision	key gone$' && out_has '^[0-9.]+	pin	18	low$' &&
	out_has '^[0-9.]+	voice	stop$' && out_has '^[0-9.]+	pin	16	low$' &&
	out_has '^[0-9.]+	voice	go$' && out_has '^[0-9.]+	pin	16	high$'
}

run_tests what_is_seen_and_heard_switches_pins
