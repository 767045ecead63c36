/* SPDX-License-Identifier: Apache-2.0 */
/* Name what is in front of a camera, in videos, in pictures. */
#include <locale.h>

#include "apps/live.h"
#include "apps/options.h"
#include "apps/shipped.h"

static const char help[] =
"Usage: atoll-classify [OPTION]... MODEL PICTURE...\n"
"       atoll-classify [OPTION]... --camera=MATCH [MODEL]...\n"
"\n"
"Name what a camera sees or what is in pictures, with .tflite image classifiers.\n"
"\n"
"  -m, --model=FILE       a model; given again, another one on the same frames\n"
"  -l, --labels=FILE      one name per line, in the order of the model's outputs;\n"
"                         default: MODEL without .tflite and with _labels.txt,\n"
"                         if there is such a file; given again, of the next model\n"
"  -n, --top=N            tell the N likeliest (default 3)\n"
"      --threshold=SCORE  leave out scores below (default 0)\n"
"  -c, --camera=MATCH     look at a camera: auto, a path, or part of its name\n"
"      --size=WxH         of the camera's frames (default 640x480)\n"
"      --rate=N           frames per second of the camera or the video (default:\n"
"                         its own)\n"
"      --fit=HOW          frames to the model's input: stretch (default), crop,\n"
"                         letterbox\n"
"      --every=DURATION   of a camera or video, at most one result in this time\n"
"      --for=DURATION     stop after this time of a camera or video\n"
"      --until=LABEL>SCORE\n"
"                         stop when LABEL is best with more than SCORE (default\n"
"                         0.5); exit status 1 when that was never so\n"
"      --snapshot-on=LABEL>SCORE\n"
"                         save a picture each time LABEL appears\n"
"      --snapshot-dir=DIR where to (default: here)\n"
"  -o, --output=FILE      save the marked picture, .png or .jpg; several into a\n"
"                         folder\n"
"  -d, --device=DEVICE    tpu, usb, usb:N, serve, emu, cpu, or a list of them\n"
"                         (default tpu,cpu)\n"
"      --twin=FILE        the model that a compiled one was made from\n"
"      --clock=LEVEL      of an Edge TPU: low, medium, high, max\n"
"  -t, --threads=N        threads, 0 chooses (default)\n"
"      --cache=DIR        keep prepared weights in this private directory\n"
"      --pixels=N         refuse pictures of more pixels (default 67108864)\n"
"      --show             draw each picture and a bar chart\n"
"      --json             one JSON object per frame and model, one to a line\n"
"      --profile          at the end, say where the time went\n"
"  -h, --help             print this and exit\n"
"      --version          print the version and exit\n"
"\n"
"PICTURE is a JPEG, PNG, BMP or PPM file, a folder of them, a video (Y4M, MJPEG),\n"
"or - for standard input. For each picture, lines of picture, score and name,\n"
"separated by tabs; of a camera or video, a line when the best class changes. On\n"
"a terminal those are a steady display. Without MODEL, cameras are shown to the\n"
"model for cards that comes with this program. DURATION: 250ms, 1.5s, 10min.\n";

int main(int argc, char **argv)
{
	struct live_config config = {
		.accepts = 1u << VISION_CLASSES,
		.other_program = "atoll-detect",
		.usual_model = shipped_cards,
	};

	(void)setlocale(LC_CTYPE, ""); /* only what the terminal can show hangs on it */
	options_begin("atoll-classify");
	live_options(&config, argc, argv, help);
	return options_end(live_run(&config));
}
