#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# atoll-header as a user sees it, who has no such board; with the kernel's simulated
# lines see tests/vm.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
tool=atoll-header
try="try 'atoll-header --help'"
boards=board/boards
golden=tests/golden/pinout
unset NO_COLOR
ATOLL_BOARD=$boards/virtual.conf
export ATOLL_BOARD
commands='pinout, find, get, set, watch, blink, pwm, servo, i2c, spi, uart, overlays, try, check'

is_wrong() {
	sentence=$1
	shift
	gives 2 $tool "$@" && is_silent out && err_is "$tool: $sentence
$try"
}
is_refused() {
	sentence=$1
	shift
	gives 1 $tool "$@" && is_silent out && err_is "$tool: $sentence"
}

a_command_is_asked_for() {
	is_wrong "no command: one of $commands" &&
	is_wrong "'look' is not one of $commands" look
}

arguments_are_those_of_the_command() {
	is_wrong "pinout: 'x' is too much" pinout x &&
	is_wrong 'find: which pin?' find &&
	is_wrong "find: '18' is too much" find 16 18 &&
	is_wrong 'get: which pin?' get &&
	is_wrong 'set: which pin?' set &&
	is_wrong 'watch: which pin?' watch &&
	is_wrong 'blink: which pin?' blink &&
	is_wrong "pwm: '18' is too much" pwm 16 18 &&
	is_wrong 'pwm: how often? --frequency=HZ' pwm 16 &&
	is_wrong 'pwm: for which share of the time? --duty=PERCENT' pwm 16 -f 50 &&
	is_wrong 'servo: which pin, and how many degrees?' servo 16 &&
	is_wrong 'check: which file?' check &&
	is_wrong "set: '16' is not PIN=high, PIN=low or PIN=toggle" set 16 &&
	is_wrong "set: 16: 'up' is not one of high, low, 1, 0, toggle" set 16=up &&
	is_wrong 'set: --restore needs --for or --hold' set 16=high --restore &&
	is_wrong 'pin 16: is there twice' get 16 D23
}

a_wrong_value_is_named() {
	is_wrong "--for: 'ever' is not a duration like 250ms, 1.5s or 10min" blink 16 --for=ever &&
	is_wrong '--count: 0 is not within 1 to 2147483647' watch 16 -n 0 &&
	is_wrong "--edges: 'sharp' is not one of rising, falling, both" watch 16 --edges=sharp &&
	is_wrong "--bias: 'left' is not one of up, down, none" get 16 --bias=left &&
	is_wrong "--drive: 'fast' is not one of push-pull, open-drain, open-source" \
		set 16=1 --drive=fast &&
	is_wrong '--frequency: 0 is not within 0.1 to 1e+08' pwm 16 -f 0 -d 50 &&
	is_wrong '--duty: 101 is not within 0 to 100' pwm 16 -f 50 -d 101 &&
	is_wrong 'servo: 181 is not within 0 to 180' servo 16 181 &&
	is_wrong 'servo: -1 is not within 0 to 90' servo --range=90 16 -- -1 &&
	is_wrong '--first: 0 is not within 1 to 20000' servo 16 90 --first=0
}

# Where there is such a board, or somebody pretends it, levels are drawn, too.
every_shipped_header_is_drawn_as_before() {
	drawn=0
	for file in "$boards"/*.conf; do
		grep -q '^\[header' "$file" || continue
		text=$golden/$(basename "$file" .conf).txt
		gives 0 $tool --board="$file" pinout --plain || return
		awk 'length > 80 { print "# " $0; wide = 1 } END { exit wide }' "$work/out" ||
			return
		if [ -s "$work/err" ]; then
			err_has "^$tool: levels are not shown: gpio: " && lines_are err 1 &&
			same out "$(cat "$text")" || return
		fi
		drawn=$((drawn + 1))
	done
	[ $drawn -ge 2 ] && [ $drawn -eq "$(ls $golden/*.txt | wc -l)" ]
}

a_board_is_named_or_a_file() {
	gives 0 $tool --board=virtual pinout && out_has '^Virtual board$' &&
	gives 0 $tool --board dev-board-mini pinout && out_has '^Coral Dev Board Mini$' &&
	gives 0 $tool -b $boards/virtual.conf pinout && out_has '^Virtual board$' &&
	ATOLL_BOARD=virtual gives 0 $tool pinout && out_has '^Virtual board$' &&
	is_refused 'board: ATOLL_BOARD: no description called nowhere' -b nowhere pinout &&
	is_refused 'board: generic: it has no pin header, or none is described' -b generic pinout
}

colours_are_for_terminals() {
	command -v script >/dev/null || { why='script is not installed'; return 77; }
	escape=$(printf '\033')
	gives 0 $tool pinout || return
	cp "$work/out" "$work/plain"
	! grep -q "$escape" "$work/plain" || return
	script -qec "$RUN $BUILD/$tool pinout" /dev/null </dev/null 2>/dev/null |
		tr -d '\r' | grep -v '^atoll-header: ' >"$work/typed"
	grep -q "$escape\[30;43m\[ 1\]$escape\[0m" "$work/typed" &&
	sed "s/$escape\[[0-9;]*m//g" "$work/typed" | diff - "$work/plain" | sed 's/^/# /' &&
	NO_COLOR=1 script -qec "$RUN $BUILD/$tool pinout" /dev/null </dev/null >"$work/typed" &&
	! grep -q "$escape" "$work/typed" &&
	script -qec "$RUN $BUILD/$tool pinout --plain" /dev/null </dev/null >"$work/typed" &&
	! grep -q "$escape" "$work/typed"
}

a_header_is_told_as_json() {
	gives 0 $tool pinout --json && lines_are out 1 || return
	jq -e '.board == "virtual" and .rows == 20 and .columns == 2 and (.pins | length) == 40' \
		"$work/out" >/dev/null &&
	jq -e '.pins[15] | .pin == 16 and .kind == "gpio" and .name == "IO16" and
		.aliases == ["D23"] and .line == 56 and .level == null and .direction == null and
		.owner == null' "$work/out" >/dev/null &&
	jq -e '.pins[7] | .role == "uart.0.tx" and .cautions == ["console"]' \
		"$work/out" >/dev/null &&
	jq -e '.pins[5] | .kind == "ground" and (has("line") | not)' "$work/out" >/dev/null
}

a_pin_is_found_by_all_its_names() {
	for name in 16 IO16 io16 D23 d23; do
		gives 0 $tool find $name && is_silent err && out_is 'pin 16: IO16
  also     D23
  line     56 of atoll-header
  role     gpio' || return
	done
	gives 0 $tool find uart.0.tx && out_is 'pin 8: UTXD0
  also     D14
  line     48 of atoll-header
  role     uart.0.tx
  careful  console
  note     As if the kernel talked here.' &&
	is_refused "header: 'x': no pin is called that; there are 1 to 40, and pin 3 is also \
called SDA1 and D2" find x &&
	gives 1 $tool find 41 && gives 1 $tool find 0 && gives 1 $tool find ''
}

a_name_of_many_finds_them_all() {
	gives 0 $tool find gnd && lines_are out 8 && out_has '^pin 39: GND$' &&
	gives 0 $tool find i2c.1 && out_has '^pin 3: SDA1$' && out_has '^pin 5: SCL1$' &&
	gives 0 $tool find spi.0 --json && lines_are out 1 &&
	[ "$(jq -c '[.[].pin]' "$work/out")" = '[19,21,23,24]' ]
}

pins_that_are_not_for_that_are_refused() {
	force='; --force uses it all the same'
	for command in get watch blink; do
		is_refused 'pin 1: is power, 3.3V' $command 1 &&
		is_refused 'pin 6: is ground' $command 6 --force &&
		is_refused "pin 8: the kernel's console is there$force" $command 8 &&
		is_refused "pin 3: is i2c.1.sda$force" $command sda1 || return
	done
	is_refused 'pin 2: is power, 5V' set 2=high --force &&
	is_refused "pin 10: the kernel's console is there$force" set 16=high 10=low &&
	is_refused 'pin 36: is only an input' set 36=low --force &&
	is_refused "pin 38: something on the board uses it too$force" set 38=low &&
	is_refused 'pin 36: is only an input' blink 36 &&
	is_refused 'pin 6: is ground' pwm 6 -f 50 -d 50 &&
	is_refused 'pin 6: is ground' servo 6 90 --force
}

# As far as it gets without the hardware: to the chip that is not there.
lines_that_are_not_there_are_missed() {
	[ ! -e /dev/gpiochip0 ] || { why='there is a GPIO chip'; return 77; }
	for command in 'get 16' 'get 8 --force' 'set 16=high' 'set 16=toggle' 'watch 11' 'blink 16' \
		'blink 16 --restore'; do
		# shellcheck disable=SC2086 # a command and its arguments
		gives 1 $tool $command && is_silent out && lines_are err 1 &&
		err_has "^$tool: pin [0-9]+: gpio: .*atoll-header" || return
	done
	gives 1 $tool get 11 16 && err_has "^$tool: gpio: "
}

without_a_pwm_software_is_tried_and_said() {
	[ ! -e /dev/gpiochip0 ] || { why='there is a GPIO chip'; return 77; }
	gives 1 $tool pwm 16 -f 50 -d 50 && lines_are err 2 &&
	err_has "^$tool: pin 16: has no PWM; switched by software, " &&
	gives 1 $tool servo 32 90 && lines_are err 2 &&
	err_has "^$tool: pin 32: .*virtual.pwm.*; switched by software, "
}

buses_name_their_pins() {
	gives 0 $tool i2c && is_silent err && lines_are out 2 &&
	out_has '^i2c\.1 +- +pins 3 sda, 5 scl; not here: there is no virtual\.i2c1$' &&
	out_has '^i2c\.2 .* pins 27 sda, 28 scl; .*; bit by bit, slowly$' &&
	gives 0 $tool spi && lines_are out 1 &&
	out_has '^spi\.0 .* pins 19 mosi, 21 miso, 23 sclk, 24 cs0; not here' &&
	gives 0 $tool uart && lines_are out 2 &&
	out_has '^uart\.0 +\(/dev/ttyS0\) +pins 8 tx, 10 rx; .*; the console is there$' &&
	gives 0 $tool uart --json && lines_are out 1 &&
	jq -e '.[0] | .name == "uart.0" and .is_console and .is_here == false and
		.node == null and .expected_node == "/dev/ttyS0" and
		.pins == [{"pin":8,"wire":"tx"},{"pin":10,"wire":"rx"}]' "$work/out" >/dev/null
}

every_shipped_description_is_right() {
	gives 0 $tool check $boards/*.conf && is_silent out && is_silent err
}

wrong_descriptions_are_told_line_by_line() {
	sed -e 's/^7 .*/7 = gpio IO7 line=sim:48/' -e 's/^6 .*/6 = grond GND/' \
		$boards/virtual.conf >"$work/virtual.conf"
	gives 1 $tool check $boards/virtual.conf "$work/virtual.conf" && is_silent out &&
	err_has "^$tool: .*/virtual\.conf:[0-9]+: .*grond" &&
	err_has "^$tool: .*/virtual\.conf:[0-9]+: .*48" &&
	gives 1 $tool check "$work/nowhere.conf" && lines_are err 1 &&
	err_has "^$tool: board: .*/nowhere\.conf: No such file or directory$"
}

rules_are_tried_without_touching_a_pin() {
	printf 'on voice "a" -> pin 1 high\n' >"$work/bad.conf"
	printf 'at start -> pin 16 high then after 50ms pin 16 low\n' >"$work/try.conf"
	gives 1 $tool --board=virtual try "$work/nowhere.conf" &&
	err_is "$tool: $work/nowhere.conf: No such file or directory" &&
	gives 1 $tool --board=virtual try "$work/bad.conf" && lines_are err 2 &&
	err_has "^$tool: $work/bad.conf:1: pin 1 is 3.3V, which is no GPIO$" &&
	gives 0 $tool --board=virtual try "$work/try.conf" --for=200ms && is_silent err &&
	lines_are out 3 && out_has '^0\.0[0-9]+	pin	16	high$' &&
	out_has '^0\.[0-9]+	pin	16	low$' &&
	gives 0 $tool --board=virtual try "$work/try.conf" --for=200ms --json &&
	out_has '^\{"event":"pin","pin":16,"name":"IO16","level":1,"time":'
}

run_tests $every_program rules_are_tried_without_touching_a_pin \
	a_command_is_asked_for \
	arguments_are_those_of_the_command \
	a_wrong_value_is_named \
	every_shipped_header_is_drawn_as_before \
	a_board_is_named_or_a_file \
	colours_are_for_terminals \
	a_header_is_told_as_json \
	a_pin_is_found_by_all_its_names \
	a_name_of_many_finds_them_all \
	pins_that_are_not_for_that_are_refused \
	lines_that_are_not_there_are_missed \
	without_a_pwm_software_is_tried_and_said \
	buses_name_their_pins \
	every_shipped_description_is_right \
	wrong_descriptions_are_told_line_by_line
