# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # names go both ways
# What tests of atoll-tpu doctor share, beside guest.sh.
#
#	. tests/vm/doctor.sh
#
#	start_patient --dfu
#	doctor 15
#	finds bad 'usb:1-1: no firmware .*: run "atoll-tpu firmware import FILE"'
# shellcheck source=tests/vm/guest.sh
. tests/vm/guest.sh

rules=/etc/udev/rules.d/60-edgetpu.rules
unset ATOLL_FIRMWARE ATOLL_TPU_SOCKET ATOLL_TPU_CLOCK

# start_patient OPTION...: an emulated Edge TPU that knows $work/model.tflite.
start_patient() {
	make_model
	start_tpu --attach --model="$work/model.tflite" "$@"
	wait_until 10 is_plugged
	settle
}
is_plugged() { lsusb | grep -qE "$boot_rom|$application"; }

# doctor STATUS [ARGUMENT...]: every line is a finding, and the status is 0 exactly
# when none is bad.
doctor() {
	expected=$1
	shift
	gives "$expected" atoll-tpu doctor "$@"
	is_silent err
	fails grep -vE '^(ok   |note |bad  ) [^ ].*: ' "$work/out"
	if [ "$expected" -eq 0 ]; then
		fails grep '^bad' "$work/out"
	else
		out_has '^bad'
	fi
}

# finds VERDICT REGEX: one line of it.
finds() { out_has "^$1 +$2"; }
healthy() {
	doctor 0 "$work/model.tflite"
	finds ok 'usb:[0-9]+-1: an inference took '
}

# put TEXT FILE: until the end of the test.
put() {
	mkdir -p "${2%/*}"
	echo "$1" >"$2"
	at_the_end "rm -f $2"
}

# add_user NAME: who is nobody special, with a group of that name, until the end.
add_user() {
	fails id "$1" 2>/dev/null || skip "there is a user $1"
	chmod 755 "$work"
	touch /etc/passwd /etc/group # packages that were only unpacked have made none
	cp -p /etc/passwd /etc/group "$work"
	at_the_end "cp -p $work/passwd $work/group /etc"
	grep -q '^plugdev:' /etc/group || echo 'plugdev:x:46:' >>/etc/group
	echo "$1:x:4321:" >>/etc/group
	echo "$1:x:4321:4321::/tmp:/bin/sh" >>/etc/passwd
}

# as NAME COMMAND...: after a new login.
as() {
	RUN="setpriv --reuid=$1 --regid=$1 --init-groups"
	shift
	"$@"
	RUN=
}
