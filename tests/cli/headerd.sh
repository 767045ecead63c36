#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# atoll-headerd as a user, its clients and those it listens to see it, where there is no
# header: rules are carried out all the same, and wait for their pins.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"
tool=atoll-headerd up='control: '
# shellcheck source=tests/cli/daemon.sh
. "$(dirname "$0")/daemon.sh"
try="try '$tool --help'"
control=$work/control
ATOLL_BOARD=board/boards/virtual.conf
export ATOLL_BOARD

# rules LINE...: what the daemon reads, its words from $work/voice.
rules() {
	printf 'source voice = %s\n' "$work/voice" >"$work/rules"
	printf '%s\n' "$@" >>"$work/rules"
}
start() { launch --config="$work/rules" --control="$control" --verbose "$@"; }

# ask LINE...: the answers to these requests on $work/answers.
ask() { printf '%s\n' "$@" | socat -t 10 - UNIX-CONNECT:"$control" >"$work/answers"; }
# has_done N TIMES: the rule on line N of the file, the first being 2, so often.
has_done() {
	ask '{"status":true}'
	grep -qE "rules:$1\",\"text\":\"[^}]*\",\"done\":$2\}" "$work/answers"
}

# speak_as NAME: be the daemon there; `say` tells its lines, until `hush`.
speak_as() {
	rm -f "$work/pipe" "$work/$1"
	mkfifo "$work/pipe"
	exec 8<>"$work/pipe"
	socat -u OPEN:"$work/pipe" UNIX-LISTEN:"$work/$1" 2>"$work/none" &
	speaker=$!
	until_true [ -S "$work/$1" ]
}
say() { printf '%s\n' "$@" >&8; }
hush() {
	exec 8<&-
	kill $speaker 2>"$work/none"
	wait $speaker 2>"$work/none"
	return 0
}

a_wrong_command_line_is_named() {
	gives 2 $tool extra && err_is "$tool: 'extra' is one too many
$try"
}

check_says_what_is_wrong_and_where() {
	rules 'on voice "stop" -> pin 16 low'
	gives 0 $tool --check --config="$work/rules" && is_silent out && is_silent err || return
	rules 'on voice "stop" -> pin 6 low' '' 'on voice stop -> pin 16 low' 'colour = blue'
	gives 78 $tool --check --config="$work/rules" && is_silent out && lines_are err 4 &&
	err_has "^$tool: $work/rules:2: pin 6 is GND" &&
	err_has "^$tool: $work/rules:4: " && err_has "^$tool: $work/rules:5: 'colour'" &&
	err_has "^$tool: $work/rules: 3 mistakes$" &&
	gives 78 $tool --check -c "$work/nowhere.conf" &&
	err_is "$tool: $work/nowhere.conf: No such file or directory" &&
	rules 'on pin 11 rising -> pin 16 low' &&
	gives 78 $tool --check --board=no-such-board -c "$work/rules" && lines_are err 1
}

rules_are_for_the_board_that_is_named() {
	rules 'at start -> pin EINT0 high'
	gives 0 $tool --check --board=coral-dev-board-mini -c "$work/rules" &&
	gives 78 $tool --check -c "$work/rules" && err_has 'rules:2: .*EINT0'
}

what_cannot_be_made_is_named() {
	rules
	gives 1 $tool -c "$work/rules" --control="$work/no/such/folder" && lines_are err 1 &&
	err_is "$tool: control socket: $work/no/such/folder: No such file or directory"
}

ready_is_told_to_systemd_and_the_end_too() {
	needs socat || return 77
	rules 'on voice "stop" -> pin 16 low'
	tells_systemd '1 pin, 1 of them away; voice is not there' --config="$work/rules" \
		--control="$control"
}

it_stops_in_order() {
	rules
	stops_in_order "$control" --config="$work/rules" --control="$control"
}

rules_hear_words() {
	needs socat || return 77
	rules 'on voice "stop" -> pin 16 low' 'found voice -> pin 18 high' \
		'lost voice -> pin 18 low'
	start && speak_as voice || return
	say '{"event":"state","models":[]}' '{"event":"word","word":"stop","score":0.9}' \
		'{"event":"word","word":"go","score":0.9}'
	until_true has_done 2 1 && has_done 3 1 && has_done 4 0 || return
	hush
	until_true has_done 4 1 && speak_as voice || return
	say '{"event":"word","word":"stop"}'
	until_true has_done 2 2 && has_done 3 2 && said 'voice: stop, 0.90$' && hush && stop
}

# Half a line, garbage, and what is too long are nothing to those who speak later.
nonsense_is_passed_over() {
	needs socat || return 77
	rules 'on voice "stop" -> pin 16 low'
	start && speak_as voice || return
	head -c 200000 /dev/urandom >&8
	head -c 200000 /dev/zero | tr '\0' '[' >&8
	say '' '{"event":"word","word":"stop"}' '{"event":"word"}' '{"event":"word","word":"sto'
	until_true has_done 2 1 && grep -qE '"wrong":[1-9]' "$work/answers" &&
	[ "$(grep -c 'passed over' "$work/log")" -eq 1 ] && hush && stop
}

clients_are_answered() {
	needs socat || return 77
	rules 'on pin 11 rising -> pin 13 toggle'
	start && ask '{"get":["6","SDA1"]}' 'nonsense' '{"set":13,"level":"high"}' '{"set":11,"level":"low"}' \
		'{"status":true}' || return
	sed -n 1p "$work/answers" | grep -qx '{"error":"pin 6: is GND, no GPIO"}' &&
	sed -n 2p "$work/answers" | grep -qx '{"error":"pin 3: is SDA1, i2c.1.sda"}' &&
	sed -n 3p "$work/answers" | grep -q '"error":"a request is a JSON object' &&
	sed -n 4p "$work/answers" | grep -qx '{"error":"pin 13: is an output of the rules"}' &&
	sed -n 5p "$work/answers" | grep -qx '{"error":"pin 11: is an input of the rules"}' &&
	sed -n 6p "$work/answers" |
		jq -e '.board == "virtual" and .pins == 2 and .clients == 1' >"$work/none" &&
	[ "$(stat -c %a "$control")" = 660 ] && stop
}

a_wrong_configuration_is_not_taken() {
	needs socat || return 77
	rules 'on voice "stop" -> pin 16 low'
	start && speak_as voice && say '{"event":"word","word":"stop"}' &&
	until_true has_done 2 1 || return
	rules 'on voice "stop" -> pin 16 lower' 'on voice "go" -> pin 16 high'
	kill -HUP "$pid"
	until_true said "$work/rules: 1 mistake; keeping the old configuration$" &&
	said "rules:2: " && say '{"event":"word","word":"stop"}' && until_true has_done 2 2 ||
		return
	# Taken, it begins anew, and hears on the connection that is there.
	rules 'on voice "go" -> pin 16 high'
	reload && say '{"event":"word","word":"go"}' && until_true has_done 2 1 &&
	[ "$(grep -c 'voice is there' "$work/log")" -eq 1 ] &&
	kill -0 $speaker && hush && stop
}

the_socket_is_where_the_rules_say() {
	needs socat || return 77
	rules "control = $work/here"
	launch --config="$work/rules" && [ -S "$work/here" ] || return
	rules "control = $work/there"
	reload && [ -S "$work/there" ] && [ ! -e "$work/here" ] || return
	rules 'control = off'
	reload && [ ! -e "$work/there" ] && stop
}

# shellcheck disable=SC2086 # a list of names
run_tests $every_program a_wrong_command_line_is_named check_says_what_is_wrong_and_where \
	rules_are_for_the_board_that_is_named what_cannot_be_made_is_named \
	ready_is_told_to_systemd_and_the_end_too it_stops_in_order rules_hear_words \
	nonsense_is_passed_over clients_are_answered a_wrong_configuration_is_not_taken \
	the_socket_is_where_the_rules_say
