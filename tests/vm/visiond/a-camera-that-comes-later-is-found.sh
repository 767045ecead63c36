#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

start_visiond --source=camera
wait_until 10 err_has 'waiting for it$'
is "$(state state)" waits
load_vivid
wait_until 10 hears '"event":"camera","state":"back","name":"vivid"'
goes_on
is "$(state state)" sees
stop
