#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/listend.sh

load_microphone
value_of() { amixer -c 0 cget "iface=PCM,name='$1',device=1" | sed -n 's/^  : values=//p'; }
{ cat board/boards/virtual.conf; printf '[audio.0]\nmixer = PCM Notify=on\n'; } \
	>"$work/virtual.conf"
export ATOLL_BOARD="$work/virtual.conf"
echo 'mixer = board' >"$work/board.conf"
chmod a+r "$work"/*.conf
start_listend
stop
is "$(value_of 'PCM Notify')" off
start_listend --config="$work/board.conf"
is "$(value_of 'PCM Notify')" on
# Again when the card comes back, which has forgotten it.
pull
wait_until 10 hears '"event":"microphone","state":"lost"'
put
wait_until 10 hears '"event":"microphone","state":"back"'
is "$(value_of 'PCM Notify')" on
is_heard
stop
