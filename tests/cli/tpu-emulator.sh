#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# atoll-tpu-emulator as a user, a pipe and a client on the network see it. That
# Linux takes its devices for real is for tests/vm/tpu.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
tool=atoll-tpu-emulator
try="try '$tool --help'"

pid=''
trap 'stop; rm -rf "$work"' EXIT

needs_socat() {
	command -v socat >/dev/null && return
	why='socat is not installed'
	return 1
}

# until_true COMMAND...: for at most 20 s, programs may run on a slow emulator.
until_true() {
	tries=200
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] && { sleep 0.1; continue; }
		echo "# waited in vain for: $*"
		sed 's/^/#   /' "$work/log"
		return 1
	done
}
answers() { grep -qE -- "$1" "$work/out"; }
said() { grep -qE -- "$1" "$work/log"; }

# start OPTION...: listening on a port of its own, $port; `order` tells it something.
start() {
	rm -f "$work/orders"
	mkfifo "$work/orders"
	: >"$work/out"
	# shellcheck disable=SC2086 # RUN may be several words
	$RUN "$BUILD/$tool" --listen=127.0.0.1:0 "$@" \
		<"$work/orders" >"$work/out" 2>"$work/log" &
	pid=$!
	exec 3>"$work/orders"
	until_true answers '^ready: ' || return
	port=$(sed -n 's/^ready: listening on 127.0.0.1://p' "$work/out")
	[ -n "$port" ]
}
order() { echo "$*" >&3; }

# stop: ask it to end; its exit status.
stop() {
	[ -n "$pid" ] || return 0
	exec 3>&-
	kill -TERM "$pid" 2>"$work/none"
	wait "$pid"
	status=$?
	pid=''
	return $status
}

# ask BYTES: what the server answers to these (as printf has them), in hexadecimal.
ask() {
	# shellcheck disable=SC2059 # that is the point
	printf "$1" | socat -t 5 - "TCP:127.0.0.1:$port" | od -An -v -tx1 | tr -d ' \n' >"$work/answer"
}
answered() { matches answer "$1"; }

is_wrong() {
	sentence=$1
	shift
	gives 2 $tool "$@" && is_silent out && err_is "$tool: $sentence
$try"
}

a_wrong_value_is_named() {
	is_wrong "--speed: 'full' is not one of high, super" --speed=full &&
	is_wrong "--grade: 'gold' is not one of best, silicon" --grade=gold &&
	is_wrong "--count: 17 is not within 1 to 16" -n 17 &&
	is_wrong "--temperature: 'hot' is not a number" --temperature=hot &&
	is_wrong "--listen: '3240' is not an address and port as 127.0.0.1:3240, [::1]:3240 or *:3240" \
		--listen=3240 &&
	is_wrong "'extra' is too much" extra &&
	gives 2 $tool --faults=explode@3 && is_silent out && lines_are err 2 &&
	err_has "^$tool: --faults: explode@3: allowed are stall"
}

a_model_that_is_none_is_named() {
	gives 1 $tool --model=nowhere.tflite && is_silent out &&
	err_is "$tool: nowhere.tflite: No such file or directory" &&
	gives 1 $tool --model=$cards/cards.tflite && is_silent out && lines_are err 1 &&
	err_has "^$tool: .*cards.tflite: not compiled for the Edge TPU$"
}

a_model_that_carries_its_graph_needs_no_other() {
	writer=tests/test_runtime_carried
	skip_unless "$BUILD/$writer" && program $writer --models "$work" || return 77
	gives 1 $tool --model="$work/damaged.tflite" && is_silent out &&
	err_is "$tool: $work/damaged.tflite: carried graph: main executable: named by another SHA-256" &&
	start --model="$work/carried.tflite" && stop
}

grade_silicon_takes_no_graph() {
	writer=tests/test_runtime_carried
	skip_unless "$BUILD/$writer" && program $writer --models "$work" || return 77
	gives 1 $tool --model="$work/carried.tflite" --grade=silicon && is_silent out &&
	err_is "$tool: $work/carried.tflite: silicon: it carries a graph in place of instructions"
}

grade_silicon_takes_instructions() {
	model=$data/models/dense_256_edgetpu.tflite
	skip_unless "$model" || return 77
	start --grade=silicon --model="$model" --verbose && stop && is_silent log
}

a_port_that_is_taken_is_named() {
	start || return
	gives 1 $tool --listen=127.0.0.1:"$port" && is_silent out &&
	err_is "$tool: 127.0.0.1:$port: Address already in use" && stop
}

without_the_module_it_says_what_to_do() {
	[ ! -e /sys/devices/platform/vhci_hcd.0 ] || { why='vhci-hcd is loaded'; return 77; }
	gives 1 $tool --attach && is_silent out && lines_are err 1 &&
	err_has "^$tool: .*vhci_hcd.0/status: No such file or directory; .*modprobe vhci-hcd$"
}

who_asks_gets_the_list() {
	needs_socat || return 77
	start --count=2 --dfu && ask '\001\021\200\005\000\000\000\000' &&
	answered '^011100050000000000000002' && answered '1a6e089a' &&
	order unplug 1-2 && order status && until_true answers '^1-2: .*unplugged' &&
	ask '\001\021\200\005\000\000\000\000' && answered '^011100050000000000000001' && stop
}

garbage_is_answered_with_the_end() {
	needs_socat || return 77
	start --verbose && ask 'GET / HTTP/1.1\r\n\r\n' && [ ! -s "$work/answer" ] &&
	until_true said 'another version of USB/IP, or none: disconnected$' &&
	ask '\001\021\200\005\000\000\000\000' && answered '^01110005' && stop
}

orders_are_obeyed() {
	start --count=2 || return
	order status
	until_true answers '^1-2: ' &&
	out_has '^1-1: 18d1:9302, free, 0 runs, 0 transfers, 0 complaints$' || return
	order unplug
	order replug 1-2
	order status
	until_true answers '^1-1: 18d1:9302, unplugged' && # nobody is there to lose power
	until_true answers '^1-2: 1a6e:089a, free' || return
	order 'faults 1-1 stall@3 unplug@9+-1'
	order faults
	order 'temperature 1-2 71.5'
	order hot
	order jump
	order 'faults stall'
	order 'temperature'
	order 'unplug 1-3'
	order status 1-2
	until_true eval "[ \$(grep -c '^1-2' '$work/out') -eq 3 ]" &&
	said "^$tool: 'jump' is not one of status, unplug, " &&
	said "^$tool: faults: faults: stall: allowed are" &&
	said "^$tool: temperature: '' is not a temperature within" &&
	said "^$tool: unplug: '1-3' is too much" &&
	[ "$(wc -l <"$work/log")" -eq 5 ] && stop
}

an_order_that_is_too_long_is_passed_over() {
	start || return
	printf '%05000d\nstatus\n' 1 >&3
	until_true answers '^1-1: ' && said 'more than 1023 bytes' && stop
}

it_goes_on_when_nobody_gives_orders() {
	start && exec 3>&- && sleep 0.2 && kill -0 "$pid" || return
	kill -TERM "$pid"
	wait "$pid"
	status=$?
	pid=''
	[ $status -eq 0 ]
}

# shellcheck disable=SC2086 # a list
run_tests $every_program a_wrong_value_is_named a_model_that_is_none_is_named \
	a_model_that_carries_its_graph_needs_no_other \
	grade_silicon_takes_no_graph grade_silicon_takes_instructions \
	a_port_that_is_taken_is_named without_the_module_it_says_what_to_do \
	who_asks_gets_the_list garbage_is_answered_with_the_end orders_are_obeyed \
	an_order_that_is_too_long_is_passed_over it_goes_on_when_nobody_gives_orders
