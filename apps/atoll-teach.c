/* SPDX-License-Identifier: Apache-2.0 */
/* Teach an image classifier new classes from a few pictures of each. */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/options.h"
#include "apps/teach.h"

static const char help[] =
"Usage: atoll-teach new [OPTION]... [MODEL]\n"
"       atoll-teach add [OPTION]... LABEL PICTURE...\n"
"       atoll-teach add [OPTION]... --camera=MATCH LABEL\n"
"       atoll-teach train [OPTION]...\n"
"       atoll-teach test [OPTION]... LABEL PICTURE...\n"
"       atoll-teach save [OPTION]... FILE\n"
"\n"
"Teach an image classifier new classes from a few pictures of each.\n"
"\n"
"  new    begin with MODEL, a .tflite classifier; default: the cards model\n"
"  add    take pictures for examples of the class LABEL\n"
"  train  learn from all examples\n"
"  test   what was learnt says to pictures of LABEL\n"
"  save   what was learnt into FILE, a .tflite, its labels beside it\n"
"\n"
"  -p, --project=DIR      the folder that remembers the examples (default: teach)\n"
"      --method=METHOD    new: imprinting (default), the mean of the examples, or\n"
"                         regression, a trained layer\n"
"      --keep             new: keep the classes of MODEL, one that was imprinted\n"
"  -l, --labels=FILE      new: their names; default: MODEL without .tflite, with\n"
"                         _labels.txt, if there is such a file\n"
"  -c, --camera=MATCH     add: auto, a path, or part of a camera's name\n"
"      --size=WxH         of the camera's frames (default 640x480)\n"
"  -n, --examples=N       add: so many of a camera or a video (default 5)\n"
"      --every=DURATION   add: between two of them (default 1s)\n"
"      --fit=HOW          pictures to the model's input: stretch (default), crop,\n"
"                         letterbox\n"
"      --plain            add: learn from the pictures alone, not also turned,\n"
"                         moved, nearer, farther, darker and brighter\n"
"      --learning-rate=R  train, regression: how far each step goes (default 1)\n"
"      --iterations=N     train, regression: steps (default 500)\n"
"      --batch=N          train, regression: examples for each (default 100)\n"
"      --seed=N           train, regression: which ones by chance (default 1)\n"
"  -d, --device=DEVICE    tpu, usb, usb:N, serve, emu, cpu, or a list of them\n"
"                         (default tpu,cpu)\n"
"      --clock=LEVEL      of an Edge TPU: low, medium, high, max\n"
"  -t, --threads=N        threads, 0 chooses (default)\n"
"      --json             one JSON object to a line\n"
"  -h, --help             print this and exit\n"
"      --version          print the version and exit\n"
"\n"
"PICTURE is a JPEG, PNG, BMP or PPM file, a folder of them, or a video (Y4M,\n"
"MJPEG). All but test tell how many pictures there are of each class. DURATION:\n"
"250ms, 1.5s, 10min.\n";

#define HOUR_MS (INT64_C(60) * 60 * 1000)

enum {
	OPTION_METHOD = OPTION_FIRST_OWN,
	OPTION_KEEP,
	OPTION_SIZE,
	OPTION_EVERY,
	OPTION_FIT,
	OPTION_PLAIN,
	OPTION_LEARNING_RATE,
	OPTION_ITERATIONS,
	OPTION_BATCH,
	OPTION_SEED,
	OPTION_CLOCK,
	OPTION_JSON,
};

static const struct option names[] = {
	{ "project", required_argument, NULL, 'p' },
	{ "method", required_argument, NULL, OPTION_METHOD },
	{ "keep", no_argument, NULL, OPTION_KEEP },
	{ "labels", required_argument, NULL, 'l' },
	{ "camera", required_argument, NULL, 'c' },
	{ "size", required_argument, NULL, OPTION_SIZE },
	{ "examples", required_argument, NULL, 'n' },
	{ "every", required_argument, NULL, OPTION_EVERY },
	{ "fit", required_argument, NULL, OPTION_FIT },
	{ "plain", no_argument, NULL, OPTION_PLAIN },
	{ "learning-rate", required_argument, NULL, OPTION_LEARNING_RATE },
	{ "iterations", required_argument, NULL, OPTION_ITERATIONS },
	{ "batch", required_argument, NULL, OPTION_BATCH },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "device", required_argument, NULL, 'd' },
	{ "clock", required_argument, NULL, OPTION_CLOCK },
	{ "threads", required_argument, NULL, 't' },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

static const struct command {
	const char *name;
	int (*run)(const struct teach_settings *settings);
	int least, most; /* arguments */
	const char *question;
} commands[] = {
	{ "new", teach_new, 0, 1, NULL },
	{ "add", teach_add, 1, INT32_MAX, "which label?" },
	{ "train", teach_train, 0, 0, NULL },
	{ "test", teach_test, 2, INT32_MAX, "which label, and which pictures?" },
	{ "save", teach_save, 1, 1, "into which file?" },
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	options_wrong("'%s' is not one of new, add, train, test, save", name);
}

/* Which of `count` words it is. */
static int read_word(const char *option, const char *text, const char *const *word, int count,
		     const char *all)
{
	for (int i = 0; i < count; i++)
		if (strcmp(text, word[i]) == 0)
			return i;
	options_wrong("%s: '%s' is not one of %s", option, text, all);
}

/* Those about learning; false for the others. */
static bool read_learning(struct teach_settings *settings, int c)
{
	static const char *const methods[] = {
		[TEACH_IMPRINTING] = "imprinting", [TEACH_REGRESSION] = "regression",
	};

	switch (c) {
	case OPTION_METHOD:
		settings->method = (enum teach_method)read_word("--method", optarg, methods, 2,
								"imprinting, regression");
		break;
	case OPTION_KEEP: settings->keeps_classes = true; break;
	case 'l': settings->labels = optarg; break;
	case OPTION_PLAIN: settings->is_plain = true; break;
	case OPTION_LEARNING_RATE:
		settings->learning_rate = options_real("--learning-rate", optarg, 1e-9, 1e9);
		break;
	case OPTION_ITERATIONS:
		settings->iterations =
			(uint32_t)options_number("--iterations", optarg, 1, 1000000);
		break;
	case OPTION_BATCH:
		settings->batch = (uint32_t)options_number("--batch", optarg, 1, 100000);
		break;
	case OPTION_SEED:
		settings->seed = (uint64_t)options_number("--seed", optarg, 0, INT64_MAX);
		break;
	default: return false;
	}
	return true;
}

/* Those about where pictures come from and what they run through. */
static bool read_looking(struct teach_settings *settings, int c)
{
	static const char *const fits[] = {
		[ATOLL_FIT_STRETCH] = "stretch", [ATOLL_FIT_CROP] = "crop",
		[ATOLL_FIT_LETTERBOX] = "letterbox",
	};

	switch (c) {
	case 'p': settings->folder = optarg; break;
	case 'c': settings->camera = optarg; break;
	case OPTION_SIZE:
		options_size("--size", optarg, &settings->source.camera.width,
			     &settings->source.camera.height);
		break;
	case 'n':
		settings->examples = (uint32_t)options_number("--examples", optarg, 1, 10000);
		break;
	case OPTION_EVERY:
		settings->every_ms = options_duration("--every", optarg, HOUR_MS);
		break;
	case OPTION_FIT:
		settings->fit = (enum atoll_fit)read_word("--fit", optarg, fits, 3,
							  "stretch, crop, letterbox");
		break;
	case 'd': settings->session.device = optarg; break;
	case OPTION_CLOCK: settings->clock = optarg; break;
	case 't':
		settings->session.threads =
			(uint32_t)options_number("--threads", optarg, 0, 64);
		break;
	case OPTION_JSON: settings->wants_json = true; break;
	default: return false;
	}
	return true;
}

static void read_options(int argc, char **argv, struct teach_settings *settings)
{
	int c;

	while ((c = getopt_long(argc, argv, "p:l:c:n:d:t:h", names, NULL)) != -1) {
		if (read_learning(settings, c) || read_looking(settings, c))
			continue;
		switch (c) {
		case 'h': options_help(help);
		case OPTION_VERSION: options_version();
		default: options_wrong(NULL);
		}
	}
}

static void check_arguments(const struct command *command,
			    const struct teach_settings *settings)
{
	if (settings->rests < command->least)
		options_wrong("%s: %s", command->name, command->question);
	if (settings->rests > command->most)
		options_wrong("%s: '%s' is too much", command->name,
			      settings->rest[command->most]);
	if (settings->camera && command->run != teach_add)
		options_wrong("--camera is for add");
	if (command->run == teach_add && !settings->camera && settings->rests < 2)
		options_wrong("add: which pictures?");
	if (command->run == teach_add && settings->camera && settings->rests > 1)
		options_wrong("add: pictures or a camera, not both");
	if (settings->labels && !settings->keeps_classes)
		options_wrong("--labels is for classes that are kept, with --keep");
}

int main(int argc, char **argv)
{
	struct teach_settings settings = {
		.folder = "teach", .examples = 5, .every_ms = 1000, .learning_rate = 1,
		.iterations = 500, .batch = 100, .seed = 1,
	};
	const struct command *command;

	(void)setlocale(LC_CTYPE, ""); /* only what the terminal can show hangs on it */
	options_begin("atoll-teach");
	read_options(argc, argv, &settings);
	if (optind == argc)
		options_wrong("no command: one of new, add, train, test, save");
	command = find_command(argv[optind++]);
	settings.rest = argv + optind;
	settings.rests = argc - optind;
	check_arguments(command, &settings);
	return options_end(command->run(&settings));
}
