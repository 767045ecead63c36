#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# atoll-tpud as an administrator and an intruder see it.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
tool=atoll-tpud up='listening at'
# shellcheck source=tests/cli/daemon.sh
. "$(dirname "$0")/daemon.sh"
try="try '$tool --help'"

# start OPTION...: the daemon with an emulated TPU.
start() { launch --emulators=1 --socket="$work/tpu.sock" "$@"; }

ask() { gives 0 $tool status --socket="$work/tpu.sock" "$@"; }

a_wrong_command_line_is_named() {
	gives 2 $tool extra && err_is "$tool: 'extra' is one too many
$try" &&
	gives 2 $tool --json && err_is "$tool: --json is for status
$try" &&
	gives 2 $tool --emulators=9 && lines_are err 2 && err_has "^$tool: --emulators"
}

check_says_what_is_wrong_and_where() {
	printf 'clock = high\nmode = 0600\npatience = 50ms\n' >"$work/good.conf"
	printf 'cpu = no\nclock = fast\n' >"$work/bad.conf"
	printf 'mode = rw\n' >"$work/mode.conf"
	printf 'group = no-such-group-here\n' >"$work/group.conf"
	printf 'colour = blue\n' >"$work/odd.conf"
	gives 0 $tool --check --config="$work/good.conf" && is_silent out && is_silent err &&
	gives 78 $tool --check --config="$work/bad.conf" &&
	err_is "$tool: $work/bad.conf:2: clock: not low, medium, high or max" &&
	gives 78 $tool --check -c "$work/mode.conf" &&
	err_is "$tool: $work/mode.conf:1: mode: not a mode as 0660" &&
	gives 78 $tool --check -c "$work/group.conf" &&
	err_is "$tool: $work/group.conf:1: group: there is no such group" &&
	gives 0 $tool --check -c "$work/odd.conf" &&
	err_is "$tool: $work/odd.conf:1: colour: unknown, passed over" &&
	gives 78 $tool --check -c "$work/nowhere.conf" &&
	err_is "$tool: $work/nowhere.conf: No such file or directory"
}

what_cannot_be_opened_is_named() {
	gives 1 $tool --emulators=1 --socket="$work/no/such/folder" && lines_are err 1 &&
	err_has "^$tool: socket: .*/no/such/folder: No such file or directory$" &&
	gives 1 $tool status --socket="$work/nobody.sock" && is_silent out && lines_are err 1 &&
	err_has "^$tool: serve: .*/nobody.sock: atoll-tpud does not run, or listens elsewhere$"
}

the_status_names_the_tpu_and_whoever_asks() {
	start && until_true said 'emu:250-1: ready, 5000 Mbit/s$' &&
	ask && is_silent err && out_has "^process $pid, up [0-9]+ s: 0 requests answered" &&
	out_has '^emu:250-1 +idle +5000 max ' && out_has '^cpu +idle ' &&
	out_has '^[0-9]+ +atoll-tpud |^[0-9]+ +qemu' && out_has '^normal +0 +0.000 +0.000$' &&
	ask --json && lines_are out 1 && out_has "^\{\"pid\":$pid,\"up_ns\":[0-9]+,\"requests\":0" &&
	out_has '"tpus":\[.*\{"name":"emu:250-1","state":"idle","speed_mbit":5000,"clock":"max"' &&
	out_has '"clients":\[\{"pid":[0-9]+,"uid":[0-9]+,"name":"[^"]*","priority":"normal"' &&
	out_has '"programs":\[\]\}$' &&
	ATOLL_TPU_SOCKET=$work/tpu.sock gives 0 $tool status && out_has "^process $pid, "
}

# Still the daemon of the test before.
garbage_ends_only_its_own_connection() {
	needs socat || return 77
	for words in x 'GET / HTTP/1.1' "$(head -c 9000 /dev/zero | tr '\0' x)"; do
		printf '%s' "$words" | socat -u -b 16384 STDIN \
			UNIX-CONNECT:"$work/tpu.sock",type=5 2>"$work/none"
	done
	until_true refused_three && kill -0 "$pid" && said 'the connection is closed$' && stop
}
refused_three() { ask --json && grep -q '"refused":3,' "$work/out"; }

it_stops_in_order() {
	stops_in_order "$work/tpu.sock" --emulators=1 --socket="$work/tpu.sock"
}

a_socket_that_is_served_is_left_alone() {
	start && gives 1 $tool --emulators=1 --socket="$work/tpu.sock" &&
	err_has "^$tool: socket: .*tpu.sock: another program serves it$" && ask && stop
}

ready_is_told_to_systemd_and_the_end_too() {
	needs socat || return 77
	tells_systemd 'STATUS=1 Edge TPU, 0 clients' --emulators=1 --socket="$work/tpu.sock"
}

a_wrong_configuration_is_not_taken() {
	printf 'cpu = no\nmode = 0600\n' >"$work/tpud.conf"
	start --config="$work/tpud.conf" && ask && ! grep -q '^cpu' "$work/out" || return
	[ "$(stat -c %a "$work/tpu.sock")" = 600 ] || return
	printf '\ncpu = perhaps\n' >"$work/tpud.conf"
	kill -HUP "$pid"
	until_true said "$work/tpud.conf:2: cpu.*; keeping the old configuration$" &&
	ask && ! grep -q '^cpu' "$work/out" || return
	printf 'cpu = yes\nmode = 0666\nclock = low\n' >"$work/tpud.conf"
	reload && ask && out_has '^cpu ' &&
	[ "$(stat -c %a "$work/tpu.sock")" = 666 ] && stop
}

the_socket_moves_with_the_configuration() {
	printf 'socket = %s\n' "$work/one.sock" >"$work/move.conf"
	launch --emulators=1 -c "$work/move.conf" && [ -S "$work/one.sock" ] &&
	printf 'socket = %s\n' "$work/two.sock" >"$work/move.conf" &&
	reload && [ ! -e "$work/one.sock" ] && gives 0 $tool status --socket="$work/two.sock" && stop
}

# shellcheck disable=SC2086 # a list of names
run_tests $every_program a_wrong_command_line_is_named check_says_what_is_wrong_and_where \
	what_cannot_be_opened_is_named the_status_names_the_tpu_and_whoever_asks \
	garbage_ends_only_its_own_connection it_stops_in_order \
	a_socket_that_is_served_is_left_alone ready_is_told_to_systemd_and_the_end_too \
	a_wrong_configuration_is_not_taken the_socket_moves_with_the_configuration
