#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/listend.sh

commands=$data/models/voice_commands_v0.8_edgetpu.tflite
skip_unless "$commands" || skip "$why"

# Two models hear the same: one on the CPU, one on an Edge TPU that computes something,
# and that this user may use.
rule=/run/udev/rules.d/60-edgetpu.rules
mkdir -p ${rule%/*}
echo 'SUBSYSTEM=="usb", ATTR{idVendor}=="18d1", GROUP="audio", MODE="0660"' >$rule
at_the_end "rm -f $rule"
udevadm control --reload
load_microphone
start_tpu --attach --model="$commands"
wait_until 10 on_usb $application 1
cat >"$work/two.conf" <<END
status = 1s
[model.words]
file = $model
[model.commands]
file = $commands
labels = $data/models/voice_commands_labels.txt
device = usb
gate = no
END
chmod a+r "$work/two.conf"
start_listend --config="$work/two.conf"
wait_until 10 hears '"name":"commands","device":"usb:1-1"'
is_heard

# A transfer that never ends, and all that is tried then, takes seconds.
order faults 1-1 timeout@5
wait_until 10 err_has 'model commands: cannot keep up$'
is_heard
wait_until 30 err_has 'model commands: [0-9]+ runs left out in [0-9]+ s, keeps up again$'
order faults 1-1
runs() { sed -nE 's/.*"device":"usb:1-1","words":[0-9]+,"runs":([0-9]+).*/\1/p' "$work/events" | tail -n 1; }
before=$(runs)
goes_on() { [ "$(runs)" -gt $((before + 10)) ]; }
wait_until 20 goes_on
is_heard

# And when it is not there any more, the other one still hears.
order unplug
wait_until 20 err_has 'model commands: .*no Edge TPU is there$'
is_heard
fails hears '"event":"overrun"'
fails hears '"event":"microphone"'
stop
