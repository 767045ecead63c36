# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # names go both ways
# What tests of atoll-listen share, beside guest.sh.
#
#	. tests/vm/listen.sh
#
#	start_listen
#	say
#	wait_until 5 out_count "\"word\":\"$word\"" 1
#	stop
# shellcheck source=tests/vm/guest.sh
. tests/vm/guest.sh
# shellcheck source=tests/cli/clip.sh
. tests/cli/clip.sh

make_clip
load_microphone

# start_listen OPTION...: with JSON lines in $work/out, once it hears.
start_listen() {
	start atoll-listen --json "$@"
	wait_until 10 out_count '"state":"hears"' 1
}
out_count() { [ "$(grep -cE -- "$1" "$work/out")" -ge "$2" ]; }

# say [FILE]: the word, to the end.
say() { aplay -q -D plughw:Loopback,0,0 "${1:-$clip}"; }

# is_heard N: the word for the Nth time, and no more often.
is_heard() {
	say
	wait_until 5 out_count "\"word\":\"$word\"" "$1"
	is "$(grep -c '"event":"word"' "$work/out")" "$1"
}

driver=/sys/bus/platform/drivers/snd_aloop
pull() { echo snd_aloop.0 >$driver/unbind; }
put() { echo snd_aloop.0 >$driver/bind; }
is_open() { ! grep -q closed /proc/asound/Loopback/pcm1c/sub0/status; }
