/* SPDX-License-Identifier: Apache-2.0 */
/* A model cut for several Edge TPUs: as told, or so that each takes as long as the
   others. Also installed as partition_with_num_ops and partition_with_profiling. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/options.h"
#include "apps/partition.h"

static const char help[] =
"Usage: atoll-partition --model-path=FILE --num-segments=N [OPTION]...\n"
"       atoll-partition --model-path=FILE --num-ops=A,B,... [OPTION]...\n"
"\n"
"Cut a quantized .tflite model into segments for as many Edge TPUs: where they\n"
"take about the same time, which is found by compiling and measuring, or after\n"
"the numbers of operators that are given.\n"
"\n"
"      --model-path=FILE    the model, not compiled\n"
"      --output-dir=DIR     where segments go (default /tmp/models)\n"
"\n"
"By measuring (also as partition_with_profiling):\n"
"      --num-segments=N     at least 2\n"
"      --device=DEVICE      what a segment runs on: usb, usb:N, emu, emu:N, cpu,\n"
"                           once for each; the last is for all behind it; usb and\n"
"                           emu are another one for each (default usb)\n"
"      --device-type=TYPE   usbonly or any: as --device=usb\n"
"      --edgetpu-compiler-binary=PROGRAM\n"
"                           default atoll-compile\n"
"      --diff-threshold-ns=N\n"
"                           good enough (default 1000000)\n"
"      --partition-search-step=N\n"
"                           operators to move at a time (default 1)\n"
"      --delegate-search-step=N\n"
"                           the same inside the compiler (default 1)\n"
"      --initial-lower-bound-ns=N\n"
"      --initial-upper-bound-ns=N\n"
"                           time of the fastest and of the slowest segment to\n"
"                           begin with (default -1: as the compiler cuts)\n"
"\n"
"As told, without compiling (also as partition_with_num_ops):\n"
"      --num-ops=A,B,...    operators of each segment, in order of execution\n"
"      --segment-prefix=NAME\n"
"                           of files: NAME_segment_0_of_2.tflite (default tmp)\n"
"\n"
"  -h, --help               print this and exit\n"
"      --version            print the version and exit\n"
"\n"
"Options may be written with underscores, too.\n";

#define DEFAULT_FOLDER "/tmp/models"
#define OPERATORS_MAX 1000000

enum {
	OPTION_MODEL = OPTION_FIRST_OWN, OPTION_FOLDER, OPTION_SEGMENTS, OPTION_DEVICE,
	OPTION_DEVICE_TYPE, OPTION_COMPILER, OPTION_THRESHOLD, OPTION_STEP,
	OPTION_COMPILER_STEP, OPTION_LOWER, OPTION_UPPER, OPTION_COUNTS, OPTION_PREFIX,
};

/* The command line, with what it says about itself. */
struct line {
	struct partition_settings settings;
	const char *profiling;       /* an option that is for measuring only, or NULL */
	const char *telling;         /* ... for cutting as told */
};

static void read_counts(const char *text, struct partition_settings *settings)
{
	char *copy = strdup(text), *rest = copy, *one;

	if (!copy)
		options_could_not("out of memory");
	settings->segments = 0;
	while ((one = strsep(&rest, ",")) != NULL) {
		if (settings->segments == PARTITION_SEGMENTS_MAX)
			options_wrong("--num-ops: more than %d segments",
				      PARTITION_SEGMENTS_MAX);
		settings->count[settings->segments++] =
			(uint32_t)options_number("--num-ops", one, 1, OPERATORS_MAX);
	}
	free(copy);
}

static void take_device(struct partition_settings *settings, const char *name)
{
	if (settings->devices == PARTITION_SEGMENTS_MAX)
		options_wrong("--device: more than %d", PARTITION_SEGMENTS_MAX);
	settings->device[settings->devices++] = name;
}

static void read_device_type(const char *type)
{
	if (strcmp(type, "pcionly") == 0)
		options_could_not("--device-type: Edge TPUs on PCIe cannot be used here; those "
				  "on USB can, with usbonly or any");
	if (strcmp(type, "usbonly") != 0 && strcmp(type, "any") != 0)
		options_wrong("--device-type: '%s' is not one of pcionly, usbonly, any", type);
}

static void take_option(struct line *line, int option, const char *name)
{
	struct partition_settings *settings = &line->settings;
	char dashed[48];

	snprintf(dashed, sizeof(dashed), "--%s", name);
	switch (option) {
	case OPTION_MODEL: settings->model_path = optarg; return;
	case OPTION_FOLDER: settings->folder = optarg; return;
	case OPTION_COUNTS:
		read_counts(optarg, settings);
		line->telling = name;
		return;
	case OPTION_PREFIX:
		settings->prefix = optarg;
		line->telling = name;
		return;
	case OPTION_SEGMENTS:
		settings->segments =
			(uint32_t)options_number(dashed, optarg, 2, PARTITION_SEGMENTS_MAX);
		break;
	case OPTION_DEVICE: take_device(settings, optarg); break;
	case OPTION_DEVICE_TYPE: read_device_type(optarg); break;
	case OPTION_COMPILER: settings->compiler = optarg; break;
	case OPTION_THRESHOLD:
		settings->threshold_ns = options_number(dashed, optarg, 1, INT64_MAX);
		break;
	case OPTION_STEP:
		settings->step = (uint32_t)options_number(dashed, optarg, 1, OPERATORS_MAX);
		break;
	case OPTION_COMPILER_STEP:
		settings->compiler_step =
			(uint32_t)options_number(dashed, optarg, 1, OPERATORS_MAX);
		break;
	case OPTION_LOWER:
		settings->lower_ns = options_number(dashed, optarg, -1, INT64_MAX);
		break;
	case OPTION_UPPER:
		settings->upper_ns = options_number(dashed, optarg, -1, INT64_MAX);
		break;
	}
	line->profiling = name;
}

/* The vendor writes --model_path. */
static void spell_our_way(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		for (char *c = argv[i]; argv[i][0] == '-' && *c && *c != '='; c++)
			if (*c == '_')
				*c = '-';
}

static void read_options(int argc, char **argv, struct line *line)
{
	static const struct option names[] = {
		{ "model-path", required_argument, NULL, OPTION_MODEL },
		{ "output-dir", required_argument, NULL, OPTION_FOLDER },
		{ "num-segments", required_argument, NULL, OPTION_SEGMENTS },
		{ "device", required_argument, NULL, OPTION_DEVICE },
		{ "device-type", required_argument, NULL, OPTION_DEVICE_TYPE },
		{ "edgetpu-compiler-binary", required_argument, NULL, OPTION_COMPILER },
		{ "diff-threshold-ns", required_argument, NULL, OPTION_THRESHOLD },
		{ "partition-search-step", required_argument, NULL, OPTION_STEP },
		{ "delegate-search-step", required_argument, NULL, OPTION_COMPILER_STEP },
		{ "initial-lower-bound-ns", required_argument, NULL, OPTION_LOWER },
		{ "initial-upper-bound-ns", required_argument, NULL, OPTION_UPPER },
		{ "num-ops", required_argument, NULL, OPTION_COUNTS },
		{ "segment-prefix", required_argument, NULL, OPTION_PREFIX },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ 0 },
	};
	int c, index = 0;

	spell_our_way(argc, argv);
	while ((c = getopt_long(argc, argv, "h", names, &index)) != -1) {
		switch (c) {
		case 'h': options_help(help);
		case OPTION_VERSION: options_version();
		case '?': options_wrong(NULL);
		default: take_option(line, c, names[index].name);
		}
	}
	if (optind < argc)
		options_wrong("'%s' is one argument too many", argv[optind]);
}

/* By which of the names this was called. */
static bool is_called(const char *name, const char *as)
{
	const char *slash = strrchr(name, '/');

	return strcmp(slash ? slash + 1 : name, as) == 0;
}

static bool tells_counts(const struct line *line, const char *name)
{
	bool tells = line->telling || is_called(name, "partition_with_num_ops");

	if (tells && is_called(name, "partition_with_profiling"))
		options_wrong("--%s is an option of partition_with_num_ops", line->telling);
	if (tells && line->profiling)
		options_wrong("--%s is an option of partition_with_profiling", line->profiling);
	return tells;
}

static void check(const struct line *line, bool tells)
{
	const struct partition_settings *settings = &line->settings;

	if (!settings->model_path)
		options_wrong("which model? As in --model-path=FILE");
	if (tells && settings->segments == 0)
		options_wrong("how many operators has each segment? As in --num-ops=20,11");
	if (settings->segments == 0)
		options_wrong("how many segments? As in --num-segments=2");
}

/* The default is the same for all users: of one that somebody else has made, he could
   change what is in it. */
static void make_folder(const char *path)
{
	struct atoll_error err;
	struct stat folder;

	if (partition_make_folder(path, &err) < 0)
		options_could_not("%s", err.text);
	if (strcmp(path, DEFAULT_FOLDER) == 0 && stat(path, &folder) == 0 &&
	    folder.st_uid != geteuid())
		options_could_not("%s is another user's; --output-dir=DIR names another", path);
}

static int cut_as_told(const struct partition_settings *settings,
		       const struct partition_model *model)
{
	uint32_t operators = atoll_segments_operators(model->segments), first = 0;
	uint64_t sum = 0;

	for (uint32_t s = 0; s < settings->segments; s++)
		sum += settings->count[s];
	if (sum != operators) {
		options_say("--num-ops: %lu operators in all, but %s has %u", (unsigned long)sum,
			    settings->model_path, operators);
		return EXIT_COULD_NOT;
	}
	make_folder(settings->folder);
	for (uint32_t s = 0; s < settings->segments; s++) {
		char *path = partition_path(settings->folder, settings->prefix, s,
					    settings->segments, ".tflite");
		struct atoll_error err = { .text = "out of memory" };
		int r = path ? partition_write(model, first, settings->count[s], path, &err) :
			-ENOMEM;

		if (r < 0)
			options_say("%s", err.text);
		else
			puts(path);
		free(path);
		if (r < 0)
			return EXIT_COULD_NOT;
		first += settings->count[s];
	}
	return EXIT_SUCCESS;
}

static int cut_by_measuring(const struct partition_settings *settings,
			    const struct partition_model *model)
{
	uint32_t operators = atoll_segments_operators(model->segments);

	if (settings->segments > operators) {
		options_say("%s has %u operators, too few for %u segments", settings->model_path,
			    operators, settings->segments);
		return EXIT_COULD_NOT;
	}
	make_folder(settings->folder);
	return partition_profile(settings, model);
}

int main(int argc, char **argv)
{
	struct line line = { .settings = {
		.folder = DEFAULT_FOLDER, .prefix = "tmp", .compiler = "atoll-compile",
		.threshold_ns = 1000000, .lower_ns = -1, .upper_ns = -1, .step = 1,
		.compiler_step = 1 } };
	struct partition_model model = { 0 };
	struct atoll_error err;
	int status = EXIT_COULD_NOT;
	bool tells;

	options_begin("atoll-partition");
	read_options(argc, argv, &line);
	tells = tells_counts(&line, argv[0]);
	check(&line, tells);
	model.model = atoll_model_load(line.settings.model_path, &err);
	if (model.model)
		model.segments = atoll_segments_new(model.model, &err);
	if (!model.segments)
		options_say("%s", err.text);
	else if (tells)
		status = cut_as_told(&line.settings, &model);
	else
		status = cut_by_measuring(&line.settings, &model);
	atoll_segments_free(model.segments);
	atoll_model_free(model.model);
	return options_end(status);
}
