# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # names go both ways
# A word to be heard by tests of programs that listen, beside common.sh.
#
#	make_clip
#	program atoll-listend --model="$model" --file="$clip"
#	grep -q "\"word\":\"$word\"" ...
#
# $clip is three seconds at 16 kHz: silence, the word, silence.
keywords=apps/models/keywords
model=$keywords/keywords.tflite
word=seven
clip=$work/clip.wav

# le BYTES NUMBER: as a WAV header has it.
le() {
	bytes=$1 number=$2
	while [ "$bytes" -gt 0 ]; do
		# shellcheck disable=SC2059 # the format is what is made
		printf "\\$(printf %03o $((number % 256)))"
		number=$((number / 256)) bytes=$((bytes - 1))
	done
}

# make_clip [FILE]: of a clip of one second in 16 bits at 16 kHz.
make_clip() {
	{
		printf RIFF; le 4 $((36 + 96000)); printf 'WAVEfmt '
		le 4 16; le 2 1; le 2 1; le 4 16000; le 4 32000; le 2 2; le 2 16
		printf data; le 4 96000
		head -c 32000 /dev/zero
		tail -c 32000 "${1:-$keywords/golden/$word.wav}"
		head -c 32000 /dev/zero
	} >"$clip"
}
