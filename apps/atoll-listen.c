/* SPDX-License-Identifier: Apache-2.0 */
/* Hear words, from a microphone or in files. */
#include <locale.h>

#include "apps/listen.h"
#include "apps/options.h"
#include "apps/shipped.h"

static const char help[] =
"Usage: atoll-listen [OPTION]... [FILE]...\n"
"       atoll-listen --teach=WORD [OPTION]... [FILE]...\n"
"       atoll-listen --list [--json]\n"
"\n"
"Hear words, from a microphone or in WAV files, with .tflite keyword models.\n"
"\n"
"  -m, --model=FILE       the model (default: the one that comes with Atoll, for\n"
"                         yes no on off up down left right go stop, zero to nine)\n"
"  -l, --labels=FILE      one name per line, in the order of the model's output;\n"
"                         default: MODEL without .tflite and with _labels.txt,\n"
"                         if there is such a file\n"
"      --microphone=MATCH auto (default), an ALSA device, a card, or part of a\n"
"                         card's name\n"
"      --channel=N        listen to this one, from 1 (default: all of them mixed)\n"
"      --mixer=PRESET     first set the card's mixer: 'NAME=VALUE; ...', or board\n"
"                         for what is known of this board\n"
"      --rate=HZ          ask the microphone for it; with - take raw samples\n"
"      --channels=N       likewise (default: as few as it has; raw: 1)\n"
"      --samples=FORM     raw: S16 (default), S24, S24_3, S32, U8, F32\n"
"      --threshold=SCORE  tell words above it (default: each word's own)\n"
"      --hop=DURATION     run the model this often (default 100ms)\n"
"      --no-gate          run it even when it is quiet\n"
"      --for=DURATION     stop after this time of the microphone or each file\n"
"      --until=WORD       stop when it is heard; exit status 1 when it never was\n"
"      --words=FILE       taught words (default: MODEL.words in\n"
"                         ~/.local/share/atoll)\n"
"      --teach=WORD       learn a word that is said a few times, or in the files\n"
"      --examples=N       how often, 3 to 5 (default 5)\n"
"  -d, --device=DEVICE    tpu, usb, usb:N, serve, emu, cpu, or a list of them\n"
"                         (default tpu,cpu)\n"
"      --twin=FILE        the model that a compiled one was made from\n"
"      --clock=LEVEL      of an Edge TPU: low, medium, high, max\n"
"  -t, --threads=N        threads, 0 chooses (default)\n"
"      --cache=DIR        keep prepared weights in this private directory\n"
"      --list             tell which microphones there are\n"
"      --json             one JSON object per word, one to a line\n"
"      --profile          at the end, say where the time went\n"
"  -h, --help             print this and exit\n"
"      --version          print the version and exit\n"
"\n"
"FILE is a WAV file, or - for standard input. For each word a line: when it began\n"
"in seconds, the word, its score, separated by tabs; before them the file if\n"
"there are several. A microphone on a terminal gets a steady display instead.\n"
"DURATION: 250ms, 1.5s, 10min.\n";

int main(int argc, char **argv)
{
	struct listen_config config = {
		.hearing = {
			.model_path = shipped_keywords,
			.is_gated = true,
		},
	};
	int status;

	(void)setlocale(LC_CTYPE, ""); /* only what the terminal can show hangs on it */
	options_begin("atoll-listen");
	listen_options(&config, argc, argv, help);
	status = config.wants_list ? listen_list(&config) :
		 config.teach ? listen_teach(&config) : listen_run(&config);
	return options_end(status);
}
