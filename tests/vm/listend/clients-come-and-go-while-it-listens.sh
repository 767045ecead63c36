#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/listend.sh

load_microphone
start_listend
# One that talks nonsense, one that does not read, three that do.
head -c 200000 /dev/urandom | socat -u - UNIX-CONNECT:$folder/listend.sock || true
(sleep 1000) | socat -u - UNIX-CONNECT:$folder/listend.sock &
for client in 1 2 3; do
	socat -u UNIX-CONNECT:$folder/listend.sock STDOUT >"$work/client.$client" &
done
is_heard
for client in 1 2 3; do
	is "$(grep -c "\"word\":\"$word\"" "$work/client.$client")" 1
done
# Who is not of its group may not connect.
setpriv --reuid=65534 --regid=65534 --clear-groups \
	socat -u UNIX-CONNECT:$folder/listend.sock STDOUT >"$work/stranger" 2>&1 &&
	fail 'a stranger listens'
grep -q 'Permission denied' "$work/stranger"
kill $following
wait $following || true
heard=0
follow
is_heard
stop
