#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/headerd.sh

# A user without any privilege, in the group that the chip and the socket are for.
id=4323
grep -q '^gpio:' /etc/group || echo 'gpio:x:4324:' >>/etc/group
group=$(sed -n 's/^gpio:[^:]*:\([0-9]*\):.*/\1/p' /etc/group)
load_header
rules 'safe pin 16 high' 'on pin 11 rising -> pin 16 low'
chown $id:$id "$folder"
chmod -R a+rX "$work"
as() { setpriv --reuid=$id --regid=$id --groups="$1" --no-new-privs "$BUILD/atoll-headerd" \
	--config="$work/rules" --control="$control" 2>"$work/log" & }

# Without the group it says what it takes, and waits.
settle
chgrp gpio "/dev/$chip"
chmod 660 "/dev/$chip"
as $id
headerd=$!
wait_until 10 log_has 'pin 16: .*gpio.*trying again'
log_has "$control: gpio, we are not in its group"
kill $headerd
wait $headerd

as "$group"
headerd=$!
wait_until 10 pin 16 1
wait_until 10 test -S "$control"
is "$(stat -c '%a %u %g' "$control")" "660 $id $group"
is "$(sed -n 's/^CapEff:\t//p' "/proc/$headerd/status")" 0000000000000000
drive 11 up
wait_until 5 pin 16 0
stop_headerd
