#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each next step is taken, as it is said, and helps.
. tests/vm/doctor.sh

add_user alice
start_patient
node=$(ls /dev/bus/usb/*/002)

# Nobody has said anything about the device.
doctor 0
grep -q '^note  udev rule: none is for Edge TPUs, .*: write the one in atoll-tpu(1)' \
	"$work/out" || skip 'this guest has a udev rule'
as alice doctor 13 "$work/model.tflite"
finds bad "usb:[0-9]+-1: $node is only for root, and no udev rule is for $application: write"
finds note 'usb:[0-9]+-1: [0-9]+ processes of others could not be looked into: run .* as root'

# For whoever sits at the machine, which is nobody.
put 'ATTR{idVendor}=="18d1", TAG+="uaccess"' $rules
as alice doctor 13
finds bad "usb:[0-9]+-1: $node is only for who sits at this machine, says $rules: write"

# The rule of the manual, not yet seen by udev.
sed -n '/^SUBSYSTEM==/,/^\.Ed/p' apps/man/atoll-tpu.1 | sed -e '/^\.Ed/d' -e 's/\\e$/\\/' >$rules
as alice doctor 13
finds ok "udev rule: $rules"
finds bad "usb:[0-9]+-1: $node is only for root, though there is $rules: run"
udevadm control --reload
udevadm trigger --subsystem-match=usb
udevadm settle

# For a group, in which she is not; has joined; has joined and logged in again.
is "$(stat -c '%G %a' "$node")" 'plugdev 660'
as alice doctor 13
finds bad "usb:[0-9]+-1: $node is for the group plugdev: run \"adduser alice plugdev\" as root"
if command -v adduser; then
	adduser alice plugdev
else
	sed -i 's/^plugdev:.*:$/&alice/' /etc/group
fi
RUN='setpriv --reuid=alice --regid=alice --clear-groups'
doctor 13
RUN=
finds bad "usb:[0-9]+-1: $node is for the group plugdev, which alice has joined since this login"
as alice healthy

# Without leaving the shell.
command -v newgrp || exit 0
echo "exec $BUILD/atoll-tpu doctor" >"$work/script"
setpriv --reuid=alice --regid=alice --clear-groups newgrp plugdev <"$work/script" >"$work/out"
finds ok 'usb:[0-9]+-1: comes up'
