/* SPDX-License-Identifier: Apache-2.0 */
/* The pins of the board's header, by the numbers printed beside them. */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/header.h"
#include "apps/header_overlays.h"
#include "apps/header_try.h"
#include "apps/options.h"
#include "apps/shipped.h"

static const char help[] =
"Usage: atoll-header pinout [--plain | --json] [--no-levels]\n"
"       atoll-header find NAME\n"
"       atoll-header get PIN...\n"
"       atoll-header set PIN=high|low|toggle... [--for=TIME | --hold]\n"
"       atoll-header watch PIN... [--edges=WHICH] [--debounce=TIME]\n"
"       atoll-header blink PIN... [--period=TIME]\n"
"       atoll-header pwm PIN --frequency=HZ --duty=PERCENT\n"
"       atoll-header servo PIN DEGREES\n"
"       atoll-header i2c | spi | uart\n"
"       atoll-header overlays [list | enable NAME | disable NAME]\n"
"       atoll-header try FILE [--for=TIME] [--plain | --json]\n"
"       atoll-header check FILE...\n"
"\n"
"The pins of the board's header, by the numbers printed beside them.\n"
"\n"
"  pinout    draw them: what each is, its level, its direction, who has it\n"
"  find      what is known of a pin, a bus, or a name like GND, EINT0, D23\n"
"  get       1 or 0 for each pin\n"
"  set       make pins outputs, high or low\n"
"  watch     tell when pins change\n"
"  blink     high and low, until interrupted\n"
"  pwm       pulses, until interrupted; by software where the pin has no PWM\n"
"  servo     turn a servo and hold it, until interrupted\n"
"  i2c, spi, uart  which device node leads to which pins\n"
"  overlays  which device-tree overlays the board has for its header, which are\n"
"            active, which in conflict; or change that for the next start\n"
"  try       follow rules of atoll-headerd on a drawn header; no pin is touched\n"
"  check     whether descriptions of boards can be right\n"
"\n"
"  -b, --board=NAME     another board's description: its name, or a file\n"
"      --plain          pinout: no colours, no lines but ASCII; try: no drawing\n"
"      --no-levels      pinout: leave the lines alone, even for a moment\n"
"      --for=TIME       set, watch, blink, pwm, servo, try: end after 500ms, 2s,\n"
"                       10min\n"
"      --hold           set: hold the level until interrupted\n"
"      --restore        set, watch, blink, pwm, servo: at the end, also when\n"
"                       interrupted, make the pins what they were\n"
"  -n, --count=N        watch: end after N edges; blink: after N times\n"
"      --edges=WHICH    watch: rising, falling or both (default)\n"
"      --debounce=TIME  watch: a level counts once it has stayed this long\n"
"      --bias=PULL      up, down or none, instead of as it is\n"
"      --drive=HOW      set, blink: push-pull (default), open-drain, open-source\n"
"      --active-low     high is 0 volts, low is not\n"
"      --period=TIME    blink: for high and low together, default 1s\n"
"  -f, --frequency=HZ   pwm: pulses in a second\n"
"  -d, --duty=PERCENT   pwm: how much of the time is high\n"
"      --invert         pwm, servo: the pulse is low\n"
"      --first=TIME     servo: pulse at 0 degrees, in microseconds, default 1000\n"
"      --last=TIME      servo: pulse at the other end, default 2000\n"
"      --range=DEGREES  servo: how far it is to there, default 180\n"
"      --boot=DIR       overlays: where overlays.txt is, default /boot\n"
"      --install        overlays enable: copy the overlay there, too\n"
"      --force          take pins that something else is meant to have, as the\n"
"                       console or a bus; enable what is in conflict\n"
"      --json           all but set, blink, pwm, servo, check: write JSON\n"
"  -h, --help           print this and exit\n"
"      --version        print the version and exit\n"
"\n"
"A PIN is its number, or any of its names. Pins are free again when the program\n"
"ends; most, but not all, then stay as they are.\n";

#define WEEK_MS (INT64_C(7) * 24 * 60 * 60 * 1000)
#define HOUR_MS (INT64_C(60) * 60 * 1000)

enum {
	OPTION_PLAIN = OPTION_FIRST_OWN,
	OPTION_NO_LEVELS,
	OPTION_FOR,
	OPTION_HOLD,
	OPTION_RESTORE,
	OPTION_EDGES,
	OPTION_DEBOUNCE,
	OPTION_BIAS,
	OPTION_DRIVE,
	OPTION_ACTIVE_LOW,
	OPTION_PERIOD,
	OPTION_INVERT,
	OPTION_FIRST,
	OPTION_LAST,
	OPTION_RANGE,
	OPTION_BOOT,
	OPTION_INSTALL,
	OPTION_FORCE,
	OPTION_JSON,
};

static const struct option names[] = {
	{ "board", required_argument, NULL, 'b' },
	{ "plain", no_argument, NULL, OPTION_PLAIN },
	{ "no-levels", no_argument, NULL, OPTION_NO_LEVELS },
	{ "for", required_argument, NULL, OPTION_FOR },
	{ "hold", no_argument, NULL, OPTION_HOLD },
	{ "restore", no_argument, NULL, OPTION_RESTORE },
	{ "count", required_argument, NULL, 'n' },
	{ "edges", required_argument, NULL, OPTION_EDGES },
	{ "debounce", required_argument, NULL, OPTION_DEBOUNCE },
	{ "bias", required_argument, NULL, OPTION_BIAS },
	{ "drive", required_argument, NULL, OPTION_DRIVE },
	{ "active-low", no_argument, NULL, OPTION_ACTIVE_LOW },
	{ "period", required_argument, NULL, OPTION_PERIOD },
	{ "frequency", required_argument, NULL, 'f' },
	{ "duty", required_argument, NULL, 'd' },
	{ "invert", no_argument, NULL, OPTION_INVERT },
	{ "first", required_argument, NULL, OPTION_FIRST },
	{ "last", required_argument, NULL, OPTION_LAST },
	{ "range", required_argument, NULL, OPTION_RANGE },
	{ "boot", required_argument, NULL, OPTION_BOOT },
	{ "install", no_argument, NULL, OPTION_INSTALL },
	{ "force", no_argument, NULL, OPTION_FORCE },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

static int overlays(const struct header_settings *settings)
{
	const struct header_overlays chosen = {
		.boot = settings->boot,
		.installs = settings->installs,
		.is_forced = settings->is_forced,
		.wants_json = settings->wants_json,
		.rest = settings->rest,
		.rests = settings->rests,
	};

	return header_overlays(&chosen);
}

static const struct command {
	const char *name;
	int (*run)(const struct header_settings *settings);
	int least, most; /* arguments */
	const char *question;
	bool needs_no_header;
} commands[] = {
	{ "pinout", header_show, 0, 0, NULL, false },
	{ "find", header_find, 1, 1, "which pin?", false },
	{ "get", header_get, 1, INT32_MAX, "which pin?", false },
	{ "set", header_set, 1, INT32_MAX, "which pin?", false },
	{ "watch", header_watch, 1, INT32_MAX, "which pin?", false },
	{ "blink", header_blink, 1, INT32_MAX, "which pin?", false },
	{ "pwm", header_pwm, 1, 1, "which pin?", false },
	{ "servo", header_servo, 2, 2, "which pin, and how many degrees?", false },
	{ "i2c", header_i2c, 0, 0, NULL, false },
	{ "spi", header_spi, 0, 0, NULL, false },
	{ "uart", header_uart, 0, 0, NULL, false },
	{ "overlays", overlays, 0, 2, NULL, true },
	{ "try", header_try, 1, 1, "which file of rules?", false },
	{ "check", header_check, 1, INT32_MAX, "which file?", true },
};

static const char all_commands[] =
	"pinout, find, get, set, watch, blink, pwm, servo, i2c, spi, uart, overlays, "
	"try, check";

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	options_wrong("'%s' is not one of %s", name, all_commands);
}

/* One of the words, ended by NULL, as its place among them. */
static int read_word(const char *option, const char *text, const char *const *words)
{
	char all[128] = "";
	size_t used = 0;

	for (int i = 0; words[i]; i++) {
		if (strcmp(text, words[i]) == 0)
			return i;
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s",
					 i ? ", " : "", words[i]);
	}
	options_wrong("%s: '%s' is not one of %s", option, text, all);
}

static enum atoll_gpio_bias read_bias(const char *text)
{
	static const char *const words[] = { "up", "down", "none", NULL };
	static const enum atoll_gpio_bias biases[] = {
		ATOLL_GPIO_PULL_UP, ATOLL_GPIO_PULL_DOWN, ATOLL_GPIO_NO_PULL,
	};

	return biases[read_word("--bias", text, words)];
}

static enum atoll_gpio_drive read_drive(const char *text)
{
	static const char *const words[] = { "push-pull", "open-drain", "open-source", NULL };
	static const enum atoll_gpio_drive drives[] = {
		ATOLL_GPIO_PUSH_PULL, ATOLL_GPIO_OPEN_DRAIN, ATOLL_GPIO_OPEN_SOURCE,
	};

	return drives[read_word("--drive", text, words)];
}

static enum atoll_gpio_edges read_edges(const char *text)
{
	static const char *const words[] = { "rising", "falling", "both", NULL };
	static const enum atoll_gpio_edges edges[] = {
		ATOLL_GPIO_RISING, ATOLL_GPIO_FALLING, ATOLL_GPIO_BOTH_EDGES,
	};

	return edges[read_word("--edges", text, words)];
}

static uint64_t read_pulse_ns(const char *option, const char *text)
{
	return (uint64_t)options_number(option, text, 1, 20000) * 1000;
}

/* How lines are to be; false for other options. */
static bool read_line_option(int c, struct header_settings *settings)
{
	switch (c) {
	case OPTION_EDGES: settings->edges = read_edges(optarg); break;
	case OPTION_DEBOUNCE:
		settings->debounce_ms =
			(uint32_t)options_duration("--debounce", optarg, HOUR_MS);
		break;
	case OPTION_BIAS: settings->gpio.bias = read_bias(optarg); break;
	case OPTION_DRIVE: settings->gpio.drive = read_drive(optarg); break;
	case OPTION_ACTIVE_LOW: settings->gpio.is_active_low = true; break;
	default: return false;
	}
	return true;
}

/* How pulses are to be. */
static bool read_pulse_option(int c, struct header_settings *settings)
{
	switch (c) {
	case OPTION_PERIOD:
		settings->period_ms = options_duration("--period", optarg, HOUR_MS);
		break;
	case 'f':
		settings->frequency_hz = options_real("--frequency", optarg, 0.1, 1e8);
		break;
	case 'd': settings->duty = options_real("--duty", optarg, 0, 100) / 100; break;
	case OPTION_INVERT: settings->is_inverted = true; break;
	case OPTION_FIRST:
		settings->servo.pulse_min_ns = read_pulse_ns("--first", optarg);
		break;
	case OPTION_LAST:
		settings->servo.pulse_max_ns = read_pulse_ns("--last", optarg);
		break;
	case OPTION_RANGE:
		settings->servo.degrees_max = options_real("--range", optarg, 1, 3600);
		break;
	default: return false;
	}
	return true;
}

/* The option is the environment variable, said otherwise. */
static void choose_board(const char *name)
{
	if (setenv("ATOLL_BOARD", name, 1) < 0)
		options_could_not("--board: %s", strerror(errno));
}

static void read_options(int argc, char **argv, struct header_settings *settings)
{
	int c;

	while ((c = getopt_long(argc, argv, "b:n:f:d:h", names, NULL)) != -1) {
		if (read_line_option(c, settings) || read_pulse_option(c, settings))
			continue;
		switch (c) {
		case 'b': choose_board(optarg); break;
		case OPTION_PLAIN: settings->is_plain = true; break;
		case OPTION_NO_LEVELS: settings->skips_levels = true; break;
		case OPTION_FOR:
			settings->for_ms = options_duration("--for", optarg, WEEK_MS);
			break;
		case OPTION_HOLD: settings->holds = true; break;
		case OPTION_RESTORE: settings->restores = true; break;
		case 'n':
			settings->count = (uint64_t)options_number("--count", optarg, 1,
								   INT32_MAX);
			break;
		case OPTION_BOOT: settings->boot = optarg; break;
		case OPTION_INSTALL: settings->installs = true; break;
		case OPTION_FORCE: settings->is_forced = true; break;
		case OPTION_JSON: settings->wants_json = true; break;
		case 'h': options_help(help);
		case OPTION_VERSION: options_version();
		default: options_wrong(NULL);
		}
	}
}

static int run(const struct command *command, struct header_settings *settings)
{
	const struct atoll_board_places places = { shipped_boards, "/proc/device-tree" };
	struct atoll_error err;
	struct atoll_header *header;
	struct atoll_board *board;
	int status;

	if (command->needs_no_header)
		return command->run(settings);
	board = atoll_board_detect(&places, &err);
	header = board ? atoll_header_open(board, &err) : NULL;
	if (!header)
		options_could_not("%s", err.text);
	settings->board = board;
	settings->header = header;
	status = command->run(settings);
	atoll_header_close(header);
	atoll_board_free(board);
	return status;
}

int main(int argc, char **argv)
{
	struct header_settings settings = {
		.gpio = { .consumer = "atoll-header" },
		.edges = ATOLL_GPIO_BOTH_EDGES,
		.period_ms = 1000,
		.duty = -1,
	};
	const struct command *command;

	(void)setlocale(LC_CTYPE, ""); /* "C" it is where that does not work */
	options_begin("atoll-header");
	read_options(argc, argv, &settings);
	if (optind == argc)
		options_wrong("no command: one of %s", all_commands);
	command = find_command(argv[optind++]);
	settings.rest = argv + optind;
	settings.rests = argc - optind;
	if (settings.rests < command->least)
		options_wrong("%s: %s", command->name, command->question);
	if (settings.rests > command->most)
		options_wrong("%s: '%s' is too much", command->name,
			      settings.rest[command->most]);
	return options_end(run(command, &settings));
}
