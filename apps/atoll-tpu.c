/* SPDX-License-Identifier: Apache-2.0 */
/* Look after Edge TPUs: which there are, how they are, what they need. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/options.h"
#include "apps/tpu.h"

static const char help[] =
"Usage: atoll-tpu list [--device=emu] [--json]\n"
"       atoll-tpu info [OPTION]... [DEVICE]\n"
"       atoll-tpu firmware [show | find] [--json]\n"
"       atoll-tpu firmware import [--to=DIR] FILE\n"
"       atoll-tpu reset [OPTION]... [DEVICE]\n"
"       atoll-tpu bench [OPTION]... MODEL\n"
"       atoll-tpu doctor [OPTION]... [MODEL]\n"
"\n"
"Look after Edge TPUs: which there are, how they are, what they need.\n"
"\n"
"  list      each Edge TPU on USB: its state, its speed, who uses it\n"
"  info      wake it and ask: clock, temperature, what it took to get there\n"
"  firmware  which firmware is used and where it came from; with find, all that\n"
"            there is; with import, keep that of FILE, which may be an image or\n"
"            libedgetpu.so.1\n"
"  reset     reset it and bring it up again, whatever state it is in\n"
"  bench     where the time of a compiled model goes: to it, in it, from it\n"
"  doctor    why it does not work and what to do; with MODEL, one inference too\n"
"\n"
"  -d, --device=DEVICE  usb (default), usb:1 for the second one, usb:1-1.4 for\n"
"                       the one plugged in there, emu for an emulated one\n"
"      --clock=LEVEL    low, medium, high or max, instead of the configured one\n"
"      --to=DIR         firmware import: keep it there, default\n"
"                       /var/lib/atoll/firmware\n"
"      --runs=N         bench: measured runs (default 50)\n"
"      --json           one JSON value\n"
"  -h, --help           print this and exit\n"
"      --version        print the version and exit\n";

enum { OPTION_CLOCK = OPTION_FIRST_OWN, OPTION_TO, OPTION_RUNS, OPTION_JSON };

#define RUNS_MAX 1000000

static const struct command {
	const char *name;
	int (*run)(const struct tpu_settings *settings);
	int most; /* arguments */
} commands[] = {
	{ "list", tpu_list, 0 },
	{ "info", tpu_info, 1 },
	{ "firmware", tpu_firmware, 2 },
	{ "reset", tpu_reset, 1 },
	{ "bench", tpu_bench, 1 },
	{ "doctor", tpu_doctor, 1 },
};
static const char all_commands[] = "list, info, firmware, reset, bench, doctor";

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	options_wrong("'%s' is not one of %s", name, all_commands);
}

static void read_options(int argc, char **argv, struct tpu_settings *settings)
{
	static const struct option names[] = {
		{ "device", required_argument, NULL, 'd' },
		{ "clock", required_argument, NULL, OPTION_CLOCK },
		{ "to", required_argument, NULL, OPTION_TO },
		{ "runs", required_argument, NULL, OPTION_RUNS },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "d:h", names, NULL)) != -1) {
		switch (c) {
		case 'd': settings->device = optarg; break;
		case OPTION_CLOCK:
			if (edgetpu_clock_read(optarg, &settings->config.clock) < 0)
				options_wrong("--clock: '%s' is not one of low, medium, high, "
					      "max", optarg);
			break;
		case OPTION_TO: settings->folder = optarg; break;
		case OPTION_RUNS:
			settings->runs =
				(uint32_t)options_number("--runs", optarg, 1, RUNS_MAX);
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
	struct tpu_settings settings = {
		.device = "usb",
		.folder = EDGETPU_FIRMWARE_FOLDER,
		.runs = 50,
	};
	const struct command *command;
	int status;

	options_begin("atoll-tpu");
	(void)edgetpu_config_read(NULL, &settings.config, &settings.config_error);
	read_options(argc, argv, &settings);
	if (optind == argc)
		options_wrong("no command: one of %s", all_commands);
	command = find_command(argv[optind++]);
	settings.rest = argv + optind;
	settings.rests = argc - optind;
	if (settings.rests > command->most)
		options_wrong("%s: '%s' is too much", command->name,
			      settings.rest[command->most]);
	tpu_check_name(settings.device);
	status = command->run(&settings);
	edgetpu_config_free(&settings.config);
	return options_end(status);
}
