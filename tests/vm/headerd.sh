# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # names go both ways
# What tests of atoll-headerd share, beside guest.sh: the virtual board's header of 40
# pins, simulated, and the daemon with its rules in $work/rules.
#
#	. tests/vm/headerd.sh
#
#	serve voice
#	rules 'on voice "stop" -> pin 16 high'
#	start_headerd
#	say '{"event":"word","word":"stop"}'
#	wait_until 5 pin 16 1
#	stop_headerd
# shellcheck source=tests/vm/guest.sh
. tests/vm/guest.sh

# Line 40 + N of the simulated chip is pin N: board/boards/virtual.conf.
load_header() {
	load_gpio_sim 81 atoll-header
	find_lines
}
find_lines() {
	lines=/sys/devices/platform/$(cat "$device/dev_name")/$(cat "$device/bank0/chip_name")
}
level() { cat "$lines/sim_gpio$((40 + $1))/value"; }
# pin N LEVEL: it stands so.
pin() { [ "$(level "$1")" = "$2" ]; }
# drive N up|down: from outside; for an output what it falls back to.
drive() { echo "pull-$2" >"$lines/sim_gpio$((40 + $1))/pull"; }

folder=$work/run
mkdir -p "$folder"
control=$folder/headerd.sock

# rules LINE...: the rules from now on, with the sockets of these tests.
rules() {
	printf 'source voice = %s\nsource vision = %s\n' "$folder/voice.sock" \
		"$folder/vision.sock" >"$work/rules"
	printf '%s\n' "$@" >>"$work/rules"
}

# start_headerd OPTION...: up, with all its pins, or what of them is there.
start_headerd() {
	: >"$work/log"
	"$BUILD/atoll-headerd" --config="$work/rules" --control="$control" --verbose "$@" \
		2>"$work/log" &
	headerd=$!
	wait_until 10 log_has 'control: '
}
log_has() { grep -qE -- "$1" "$work/log"; }
log_times() { [ "$(grep -cE -- "$1" "$work/log")" -ge "$2" ]; }
stop_headerd() {
	kill -TERM $headerd
	wait $headerd && status=0 || status=$?
	is "$status" 0
}
reload() {
	reloads=$(grep -c 'configuration' "$work/log") || true
	kill -HUP $headerd
	wait_until 5 log_times configuration $((reloads + 1))
}

# serve SOURCE: a daemon of our own that tells its events by `say`, to one reader at a
# time; until leave.
serve() {
	rm -f "$work/$1" "$folder/$1.sock"
	mkfifo "$work/$1"
	exec 8<>"$work/$1"
	socat -u OPEN:"$work/$1" UNIX-LISTEN:"$folder/$1.sock" &
	server=$!
	wait_until 5 test -S "$folder/$1.sock"
	say '{"event":"state","things":[]}'
}
say() { printf '%s\n' "$@" >&8; }
leave() {
	exec 8<&-
	kill $server
	wait $server || true
} 2>/dev/null

# ask REQUEST...: the answers in $work/out.
ask() { printf '%s\n' "$@" | socat -t 10 - UNIX-CONNECT:"$control" >"$work/out"; }
# answers REQUEST REGEX
answers() { ask "$1" && out_has "$2"; }

# follow PIN...: what is told of them, in $work/edges.
follow() {
	: >"$work/edges"
	printf '{"watch":["%s"]}\n' "$(echo "$*" | sed 's/ /","/g')" >"$work/watch"
	socat -t 3600 - UNIX-CONNECT:"$control" <"$work/watch" >"$work/edges" &
	following=$!
	wait_until 5 test -s "$work/edges"
}
edges_are() { [ "$(grep -c '"event":"edge"' "$work/edges")" -eq "$1" ]; }
