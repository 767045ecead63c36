# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # names go both ways
# What the tests of daemons share, beside common.sh. Before it $tool is set, and
# $up: what the log says once the daemon is up, an extended regular expression.
#
#	launch --socket="$work/tpu.sock" && ... && stop
#
# One daemon at a time: $pid, its log in $work/log. Sourcing this ends it on exit.
pid=''
trap 'stop; rm -rf "$work"' EXIT

# until_true COMMAND...: for at most 20 s, programs may run on a slow emulator.
# The command must not use until_true itself.
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
said() { grep -qE -- "$1" "$work/log"; }
is_up_or_gone() { said "$up" || ! kill -0 "$pid" 2>"$work/none"; }

# launch OPTION...: the daemon, in place of any before.
launch() {
	stop
	: >"$work/log"
	# shellcheck disable=SC2086 # RUN may be several words
	$RUN "$BUILD/$tool" "$@" >"$work/out" 2>"$work/log" &
	pid=$!
	until_true is_up_or_gone && said "$up"
}

# stop: ask it to end; its exit status.
stop() {
	end TERM && return
	echo "# it ended with $status; its log:"
	sed 's/^/#   /' "$work/log"
	return "$status"
}
# end SIGNAL
end() {
	[ -n "$pid" ] || return 0
	kill -"$1" "$pid" 2>"$work/none"
	wait "$pid"
	status=$?
	pid=''
	return $status
}

# reload: it reads its configuration anew, and has.
reload() {
	count=$(grep -c 'configuration read again$' "$work/log")
	kill -HUP "$pid"
	until_true was_read_again
}
was_read_again() { [ "$(grep -c 'configuration read again$' "$work/log")" -gt "$count" ]; }

# listen NAME: what the socket $work/events says, into $work/NAME; $listener.
listen() {
	socat -u UNIX-CONNECT:"$work/events" STDOUT >"$work/$1" 2>"$work/err" &
	listener=$!
}

# listen_for PATTERN: lines of that socket in $work/lines until one matches. A
# connection that ends is made again, as a client does while a daemon begins anew.
listen_for() {
	: >"$work/lines"
	listen lines
	until_true heard "$1"
	result=$?
	kill $listener 2>"$work/none"
	return $result
}
heard() {
	grep -qE -- "$1" "$work/lines" && return
	kill -0 $listener 2>"$work/none" || listen lines
	return 1
}

needs() {
	for command in "$@"; do
		command -v "$command" >/dev/null && continue
		why="$command is not installed"
		return 1
	done
}

# tells_systemd STATUS OPTION...: readiness, a status that matches, and the end, from
# the daemon launched so.
tells_systemd() {
	pattern=$1
	shift
	: >"$work/told"
	socat -u UNIX-RECV:"$work/notify" CREATE:"$work/told" &
	listener=$!
	until_true [ -e "$work/notify" ] || return
	NOTIFY_SOCKET=$work/notify
	export NOTIFY_SOCKET
	launch "$@" &&
	until_true grep -q 'READY=1' "$work/told" &&
	until_true grep -qE "$pattern" "$work/told" &&
	stop && until_true grep -q 'STOPPING=1' "$work/told"
	result=$?
	unset NOTIFY_SOCKET
	kill $listener
	return $result
}

# stops_in_order SOCKET OPTION...: TERM and INT end the daemon launched so with 0, and
# its socket goes with it.
stops_in_order() {
	socket=$1
	shift
	launch "$@" && [ -S "$socket" ] && stop && [ ! -e "$socket" ] &&
	matches log 'terminated, stopping' && launch "$@" && end INT &&
	matches log 'interrupted, stopping'
}
