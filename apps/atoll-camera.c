/* SPDX-License-Identifier: Apache-2.0 */
/* Find cameras, set them, take pictures and films with them. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/camera.h"
#include "apps/options.h"

static const char help[] =
"Usage: atoll-camera list [--json]\n"
"       atoll-camera formats [--camera=MATCH] [--json]\n"
"       atoll-camera controls [--camera=MATCH] [--json] [NAME=VALUE]...\n"
"       atoll-camera snap [OPTION]... FILE\n"
"       atoll-camera record [OPTION]... FILE\n"
"       atoll-camera stream [OPTION]...\n"
"\n"
"Find V4L2 cameras, set them, take pictures and films with them.\n"
"\n"
"  list      every video device, cameras first, and why the others are none\n"
"  formats   pixel formats, sizes and frame rates of a camera\n"
"  controls  its controls and their values; with NAME=VALUE, set them\n"
"  snap      one picture into FILE, .jpg or .png\n"
"  record    a film into FILE, .y4m or .mjpeg, or MJPEG to standard output (-)\n"
"  stream    how steadily frames come; waits for a camera that was unplugged\n"
"\n"
"  -c, --camera=MATCH   auto (default), a path, or part of a card or bus name\n"
"  -s, --size=WxH       pixels, default 640x480\n"
"  -r, --rate=FPS       frames per second, default 30\n"
"  -p, --pixels=NAME    YUYV, NV12, JPEG, ...; default: what suits best\n"
"  -n, --frames=N       record, stream: stop after N frames\n"
"      --for=TIME       record, stream: stop after a time as 500ms, 2s, 10min\n"
"      --skip=N         snap: first let N frames pass, until the exposure is\n"
"                       right, default 10\n"
"      --json           list, formats, controls, stream: one JSON value\n"
"  -h, --help           print this and exit\n"
"      --version        print the version and exit\n"
"\n"
"record and stream end at an interrupt, too. The driver may settle on another\n"
"size or rate.\n";

#define WEEK_MS (INT64_C(7) * 24 * 60 * 60 * 1000)

enum { OPTION_FOR = OPTION_FIRST_OWN, OPTION_SKIP, OPTION_JSON };

static const struct command {
	const char *name;
	int (*run)(const struct camera_settings *settings);
	int least, most; /* arguments */
	const char *question;
} commands[] = {
	{ "list", camera_list, 0, 0, NULL },
	{ "formats", camera_formats, 0, 0, NULL },
	{ "controls", camera_controls, 0, INT32_MAX, NULL },
	{ "snap", camera_snap, 1, 1, "into which file?" },
	{ "record", camera_record, 1, 1, "into which file?" },
	{ "stream", camera_stream, 0, 0, NULL },
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	options_wrong("'%s' is not one of list, formats, controls, snap, record, stream",
		      name);
}

static enum atoll_pixels read_pixels(const char *name)
{
	enum atoll_pixels pixels = atoll_pixels_by_name(name);

	if (!pixels)
		options_wrong("--pixels: '%s' is not a known format", name);
	return pixels;
}

static void read_options(int argc, char **argv, struct camera_settings *settings)
{
	static const struct option names[] = {
		{ "camera", required_argument, NULL, 'c' },
		{ "size", required_argument, NULL, 's' },
		{ "rate", required_argument, NULL, 'r' },
		{ "pixels", required_argument, NULL, 'p' },
		{ "frames", required_argument, NULL, 'n' },
		{ "for", required_argument, NULL, OPTION_FOR },
		{ "skip", required_argument, NULL, OPTION_SKIP },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ 0 },
	};
	struct atoll_camera_config *config = &settings->config;
	double rate;
	int c;

	while ((c = getopt_long(argc, argv, "c:s:r:p:n:h", names, NULL)) != -1) {
		switch (c) {
		case 'c': config->match = optarg; break;
		case 's':
			options_size("--size", optarg, &config->width, &config->height);
			break;
		case 'r':
			rate = options_real("--rate", optarg, 0.01, 1000);
			config->frame_rate_mhz = (uint32_t)(rate * 1000 + 0.5);
			break;
		case 'p': config->pixels = read_pixels(optarg); break;
		case 'n':
			settings->frames = (uint64_t)options_number("--frames", optarg, 1,
								    INT64_MAX);
			break;
		case OPTION_FOR:
			settings->for_ms = options_duration("--for", optarg, WEEK_MS);
			break;
		case OPTION_SKIP:
			settings->skip = (uint32_t)options_number("--skip", optarg, 0, 10000);
			break;
		case OPTION_JSON: settings->wants_json = true; break;
		case 'h': options_help(help);
		case OPTION_VERSION: options_version();
		default: options_wrong(NULL);
		}
	}
}

int main(int argc, char **argv)
{
	struct camera_settings settings = { .skip = 10 };
	const struct command *command;

	options_begin("atoll-camera");
	read_options(argc, argv, &settings);
	if (optind == argc)
		options_wrong("no command: one of list, formats, controls, snap, record, "
			      "stream");
	command = find_command(argv[optind++]);
	settings.rest = argv + optind;
	settings.rests = argc - optind;
	if (settings.rests < command->least)
		options_wrong("%s: %s", command->name, command->question);
	if (settings.rests > command->most)
		options_wrong("%s: '%s' is too much", command->name,
			      settings.rest[command->most]);
	return options_end(command->run(&settings));
}
