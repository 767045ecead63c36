#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
. tests/vm/guest.sh

load_microphone
# hears FORMAT RATE CHANNELS BYTES OPTION...: what is played in the only form there is, of
# so many bytes a frame, comes through to the bit.
hears() {
	format=$1 rate=$2 channels=$3 second=$(($2 * $4))
	shift 4
	head -c $((second / 4)) /dev/urandom >"$work/sound"
	{ head -c $second /dev/zero; cat "$work/sound"; head -c $((second / 2)) /dev/zero; } \
		>"$work/played"
	play "$work/played" "$format" "$rate" "$channels"
	start_hearing "$@"
	wait $player
	stop
	echo "$format $rate $channels $*:"
	err_has "hw:0,1 \(Loopback\), again hw:Loopback,1: $rate Hz, $channels channels, "
	"$BUILD/tests/vm/microphone" find "$work/sound" <"$work/out"
	is "$(grep -c lost "$work/err")" 0
}
hears S16_LE 48000 2 4
err_has ' S16, mapped, 960 of 24000$'
hears S16_LE 48000 2 4 -n
err_has ' S16, read, 960 of 24000$'
hears S24_LE 44100 1 4
hears S24_3LE 16000 8 24 -n
hears S32_LE 32000 2 8
hears FLOAT_LE 8000 3 12 -p 100
err_has ' F32, mapped, 800 of 4000$'
