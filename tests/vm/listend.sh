# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # names go both ways
# What tests of atoll-listend share, beside guest.sh. The daemon runs as a user of its
# own, who may do no more than anybody in the group audio.
#
#	. tests/vm/listend.sh
#
#	load_microphone
#	start_listend
#	say
#	wait_until 10 hears "\"word\":\"$word\""
#	stop
# shellcheck source=tests/vm/guest.sh
. tests/vm/guest.sh
# shellcheck source=tests/cli/clip.sh
. tests/cli/clip.sh

make_clip
chmod -R a+rX "$work"
listener_id=4322
folder=/run/atoll
mkdir -p $folder
chown $listener_id:$listener_id $folder
at_the_end "rm -rf $folder"

# Who gives nodes to the group audio as they come.
need_udevd
audio_id=$(getent group audio | cut -d : -f 3)

# start_listend OPTION...: with what it tells in $work/events, once it is up.
start_listend() {
	: >"$work/err"
	settle
	setpriv --reuid=$listener_id --regid=$listener_id --groups="$audio_id" \
		--no-new-privs "$BUILD/atoll-listend" --verbose "$@" >"$work/out" 2>"$work/err" &
	running=$! name=atoll-listend
	wait_until 10 err_has 'listening to|waiting for it'
	follow
}
follow() {
	: >"$work/events"
	socat -u UNIX-CONNECT:$folder/listend.sock STDOUT >"$work/events" &
	following=$!
	wait_until 10 test -s "$work/events"
}

# say [DEVICE]: the word, to the end.
say() { aplay -q -D "${1:-plughw:Loopback,0,0}" "$clip"; }

# is_heard: the word again, once, each time it is said.
heard=0
is_heard() {
	say "$@"
	heard=$((heard + 1))
	wait_until 5 hears_times "\"word\":\"$word\"" $heard
	is "$(grep -c "\"word\":\"$word\"" "$work/events")" $heard
}

driver=/sys/bus/platform/drivers/snd_aloop
pull() { echo snd_aloop.0 >$driver/unbind; }
put() { echo snd_aloop.0 >$driver/bind; }

# What comes for systemd goes to $work/told; datagrams have no newlines between them.
listen_as_systemd() {
	: >"$work/told"
	socat -u UNIX-RECV:$folder/notify CREATE:"$work/told" &
	wait_until 10 test -S $folder/notify
	chmod 0666 $folder/notify
	NOTIFY_SOCKET=$folder/notify
	export NOTIFY_SOCKET
}
times_told() { grep -oE -- "$1" "$work/told" | wc -l; }
told() { grep -qE -- "$1" "$work/told"; }
