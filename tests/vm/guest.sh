# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2119 # names go both ways
# What tests in a guest share, beside what they share with the tests of programs
# (gives, out_has, err_has, lines_are, $work). A test is a script named by a
# sentence; `sh -eu` runs it in the root of the tree, so its first command that
# fails is the end of it.
#
#	. tests/vm/guest.sh
#
#	load_vivid
#	gives 0 atoll-camera list
#	out_has "$camera"
#
# What a test starts and loads is stopped and removed after it, by the guest; what
# else it makes (a folder in configfs) it takes away with `at_the_end`.
# shellcheck source=tests/cli/common.sh
. tests/cli/common.sh

tools=$BUILD/tests/vm
endings=
at_the_end() { endings="$*; $endings"; }
trap 'status=$?; set +e; stop_jobs; eval "$endings"; show $status; exit $status' EXIT
trap 'exit 1' TERM

# What programs said last, when the test failed.
show() {
	[ "$1" -ne 0 ] && [ "$1" -ne 77 ] || return 0
	for file in out err events tpu; do
		[ ! -s "$work/$file" ] || tail -n 15 "$work/$file" | cut -c 1-300 |
			sed "s/^/# $file: /"
	done
}

# A line or a node that is held cannot be taken away.
stop_jobs() {
	jobs -p >"$work/jobs"
	[ ! -s "$work/jobs" ] || { xargs kill -KILL <"$work/jobs"; wait; } 2>/dev/null
}

fail() { echo "# $*"; exit 1; }
skip() { echo "# skipped: $*"; exit 77; }

# is A B: both are the same.
is() {
	[ "$1" = "$2" ] || fail "is '$1', expected '$2'"
}

# fails COMMAND...: `!` as a command; the shell does not end at that one.
fails() { ! "$@"; }

# wait_until SECONDS COMMAND...: try it until it succeeds, at most so long, more
# in a slow guest.
wait_until() {
	tries=$(($1 * 10 * ATOLL_VM_SLOW))
	shift
	while [ $tries -gt 0 ]; do
		"$@" >/dev/null 2>&1 && return
		tries=$((tries - 1))
		sleep 0.1
	done
	fail "waited in vain for: $*"
}

# start PROGRAM ARGUMENT...: in the background, as `gives` would; $running.
start() {
	name=$1
	shift
	: >"$work/out" # so that nobody reads there what the one before said
	: >"$work/err"
	"$BUILD/$name" "$@" >"$work/out" 2>"$work/err" &
	running=$!
}

# stop: ask it to end, which it does in order.
stop() {
	kill -TERM "$running" || fail "$name is not running any more"
	wait "$running" && status=0 || status=$?
	is "$status" 0
}

# value NAME: of the last such number in the JSON on $work/out.
value() { sed -nE "s/.*\"$1\":(-?[0-9.]+).*/\1/p" "$work/out" | tail -n 1; }

# load MODULE [OPTION...]
load() {
	modprobe "$@" || fail "module $1 does not load"
}

# node NAME: the device file of the video device that calls itself so.
node() {
	name=$(grep -lx -- "$1" /sys/class/video4linux/*/name 2>/dev/null) || return
	name=${name%/name}
	echo "/dev/${name##*/}"
}

# load_vivid [OPTION...]: one camera of the kernel's test driver, $camera, that
# stamps frames when they begin (otherwise with a moment to come) and writes no
# running text on them.
load_vivid() {
	load vivid node_types=0x1,0x1 "$@"
	wait_until 5 node vivid-000-vid-cap
	calm
}
calm() {
	camera=$(node vivid-000-vid-cap)
	v4l2-ctl -d "$camera" -c osd_text_mode=2,timestamp_source=1,test_pattern=1
}

# unplug, plug: vivid's first camera.
unplug() { echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind; }
plug() {
	echo vivid.0 >/sys/bus/platform/drivers/vivid/bind
	wait_until 5 node vivid-000-vid-cap
	camera=$(node vivid-000-vid-cap)
}

# feed PIXELS FRAMES PICTURE...: show pictures to a camera of v4l2loopback, called
# "Fed from outside", $loopback, each for so many frames of 15 a second. The module is
# loaded anew each time: once a writer has left, version 0.12.7 says that the node can
# do nothing at all to whoever asks before the next one comes.
feed() {
	load v4l2loopback devices=1 video_nr=10 card_label='Fed from outside' exclusive_caps=1
	loopback=/dev/video10
	wait_until 5 test -c $loopback
	"$tools/loopback" $loopback "$@" &
	feeder=$!
	wait_until 5 is_fed
}
stop_feeding() {
	kill -KILL "$feeder"
	wait "$feeder" || true
	rmmod v4l2loopback
} 2>/dev/null
is_fed() { v4l2-ctl -d "$loopback" -D | grep -q 'Video Capture'; }

# load_gpio_sim LINES LABEL: one chip of gpio-sim, $chip; $lines is the folder
# where each line N has sim_gpioN/pull (write pull-up or pull-down: what drives
# it as an input) and sim_gpioN/value (how it stands).
load_gpio_sim() {
	load gpio-sim
	device=/sys/kernel/config/gpio-sim/$2
	mkdir -p "$device/bank0"
	at_the_end "echo 0 >$device/live; rmdir $device/bank0 $device"
	echo "$1" >"$device/bank0/num_lines"
	echo "$2" >"$device/bank0/label"
	echo 1 >"$device/live"
	chip=$(cat "$device/bank0/chip_name")
	lines=/sys/devices/platform/$(cat "$device/dev_name")/$chip
}

# load_microphone [OPTION...]: a card of snd-aloop: what is played into hw:Loopback,0 is
# heard by hw:Loopback,1, which the virtual board takes for its microphone.
load_microphone() {
	load snd-aloop "$@"
	wait_until 5 test -c /dev/snd/pcmC0D1c
}
export ATOLL_BOARD=board/boards/virtual.conf

# play FILE FORMAT RATE CHANNELS: raw frames, in the background, $player; while it plays,
# the other side can only be opened with the same form.
play() {
	aplay -q -D hw:Loopback,0,0 -t raw -f "$2" -r "$3" -c "$4" "$1" &
	player=$!
	wait_until 5 is_played
}
is_played() { grep -q RUNNING /proc/asound/Loopback/pcm0p/sub0/status; }

# start_hearing OPTION...: tests/vm/microphone, until `stop`; frames are in $work/out.
start_hearing() {
	start tests/vm/microphone hear "$@"
	wait_until 10 test -s "$work/out"
}

# press CONTROL: a button of $camera; vivid has one for each kind of trouble.
press() {
	"$BUILD/atoll-camera" controls -c "$camera" "$1=1" || fail "$1 cannot be pressed"
}

# $running has mapped frames of $camera, its last step but one.
is_streaming() { grep -q "$camera" "/proc/$running/maps"; }

lines_are_at_least() { [ "$(wc -l <"$work/out")" -ge "$1" ]; }
err_count() { [ "$(grep -cE -- "$1" "$work/err")" -ge "$2" ]; }

# start_visiond OPTION...: the daemon with the shipped model; $page is where its page
# is, and what it tells goes to $work/events.
start_visiond() {
	start atoll-visiond --model=$cards/cards.tflite --events="$work/socket" \
		--listen=127.0.0.1:0 --verbose "$@"
	wait_until 10 err_has 'page: http'
	page=$(sed -nE 's|.*page: (http://[^ ]*).*|\1|p' "$work/err")
	socat -u UNIX-CONNECT:"$work/socket" STDOUT >"$work/events" &
	wait_until 10 test -s "$work/events"
	wait_until 10 curl -s -f "${page}state.json"
}
hears() { grep -qE -- "$1" "$work/events"; }
hears_times() { [ "$(grep -cE -- "$1" "$work/events")" -ge "$2" ]; }

# state NAME: of the last such value on the page, which is made anew each second.
state() { curl -s "${page}state.json" | sed -E "s/.*\"$1\":\"?([^,}\"]*).*/\1/"; }

# goes_on: frames and results become more.
goes_on() {
	frames_before=$(state frames) results_before=$(state results)
	wait_until 20 has_gone_on
}
has_gone_on() {
	[ "$(state frames)" -gt "$frames_before" ] &&
	[ "$(state results)" -gt $((results_before + 1)) ]
}

# need_udevd: one is there, which an earlier test may have started.
need_udevd() {
	udevadm control --ping 2>/dev/null || /lib/systemd/systemd-udevd --daemon
}

# settle: until udevd, if there is one, has given nodes that just came their rights; it
# would take others away again.
settle() { ! udevadm control --ping 2>/dev/null || udevadm settle; }

# start_tpu OPTION...: emulated Edge TPUs at this machine's USB, $emulator. What they
# say goes to $work/tpu, answers to orders to $work/answers. libusb hears of devices
# from udevd.
start_tpu() {
	load vhci-hcd
	need_udevd
	mkfifo "$work/orders"
	"$BUILD/atoll-tpu-emulator" --verbose "$@" \
		<"$work/orders" >"$work/answers" 2>"$work/tpu" &
	emulator=$!
	exec 9>"$work/orders"
	wait_until 10 grep -q '^ready' "$work/answers"
}
order() { echo "$*" >&9; }
stop_tpu() {
	exec 9>&-
	kill "$emulator"
	wait "$emulator"
	rm "$work/orders"
}

# tpu_says REGEX: the first one's state now.
tpu_says() {
	: >"$work/answers"
	order status
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		grep -qE -- "^1-1: $1" "$work/answers" && return
		sleep 0.1
	done
	sed 's/^/# /' "$work/answers"
	return 1
}
# on_usb ID COUNT: so many devices are there.
on_usb() { [ "$(lsusb -d "$1" | wc -l)" -eq "$2" ]; }
boot_rom=1a6e:089a
application=18d1:9302

# use RUNS [PAUSE]: in the background, through our driver; what came of each run is a
# line in $work/runs.
use() {
	"$tools/tpu" run "$work/model.tflite" "$@" >"$work/runs" 2>"$work/err" &
	user=$!
}
ran() { [ "$(grep -cE -- "$1" "$work/runs")" -ge "$2" ]; }
make_model() { "$tools/tpu" model "$work/model.tflite"; }
