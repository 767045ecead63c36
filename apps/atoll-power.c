/* SPDX-License-Identifier: Apache-2.0 */
/* What a board does about speed and heat, and telling it to do otherwise. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/options.h"
#include "apps/power_config.h"
#include "apps/power_govern.h"
#include "apps/power_profile.h"
#include "apps/power_show.h"
#include "apps/power_watch.h"
#include "board/power.h"

static const char help[] =
"Usage: atoll-power [show] [--json]\n"
"       atoll-power set governor NAME\n"
"       atoll-power set limits LOW HIGH\n"
"       atoll-power set tpu-clock LEVEL\n"
"       atoll-power profile [NAME]\n"
"       atoll-power boot\n"
"       atoll-power watch [OPTION]...\n"
"       atoll-power govern [OPTION]...\n"
"\n"
"What a board does about speed and heat, and telling it to do otherwise.\n"
"\n"
"  show      speeds, temperatures and their limits, the clock of Edge TPUs, for\n"
"            how long it is up and why it began\n"
"  set       the CPU's governor; its limits as 598MHz, 1.3GHz, 40%, least, most,\n"
"            or - for as it is; the clock of Edge TPUs that nobody says otherwise\n"
"            of: low, medium, high, max, or default for no word on that\n"
"  profile   all of that at once: quiet, balanced, max, or one of your own;\n"
"            without NAME, which there are\n"
"  boot      the profile that the configuration names, if it does\n"
"  watch     how busy, fast and warm it is, drawn; plain lines in a pipe\n"
"  govern    stay, and lower the clock of Edge TPUs while it is too hot\n"
"\n"
"  -c, --config=FILE    default /etc/atoll/power.conf, if it is there\n"
"      --check          read the configuration, say what is wrong with it, exit\n"
"  -v, --verbose        govern: say more\n"
"  -i, --interval=TIME  watch: how often, default 1s\n"
"  -n, --count=N        watch: N times, default until it is interrupted\n"
"      --json           show, profile, watch: JSON\n"
"      --root=DIR       another machine's files: DIR/sys, DIR/proc, DIR/etc\n"
"  -h, --help           print this and exit\n"
"      --version        print the version and exit\n";

#define CONFIG_PATH "/etc/atoll/power.conf"
#define HOUR_MS 3600000

enum { OPTION_JSON = SERVICE_FIRST_OWN, OPTION_ROOT };

struct tool {
	struct power_govern govern;  /* has the root, the board, the configuration */
	struct power_watch watch;
	bool wants_json;
	char **rest;                 /* arguments of the command */
	int rests;
};

/* "1.3GHz" in kHz, or 0. Not by the locale: a point is a point. */
static uint32_t read_khz(const char *text)
{
	static const struct { const char *name; double khz; } units[] = {
		{ "kHz", 1 }, { "MHz", 1e3 }, { "GHz", 1e6 },
	};
	const size_t digits = strspn(text, "0123456789.");
	double value = 0, place = 1;
	bool is_fraction = false;

	for (size_t i = 0; i < digits; i++) {
		if (text[i] == '.' && is_fraction)
			return 0;
		if (text[i] == '.') {
			is_fraction = true;
		} else {
			place = is_fraction ? place / 10 : place;
			value = is_fraction ? value + place * (text[i] - '0') :
					      10 * value + (text[i] - '0');
		}
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(text + digits, units[i].name) == 0 && value * units[i].khz < 1e8)
			return (uint32_t)lround(value * units[i].khz);
	return 0;
}

/* "40%", "least", "most" as a share, or NAN. */
static double read_share(const char *text)
{
	char *end;
	long percent;

	if (strcmp(text, "least") == 0)
		return 0;
	if (strcmp(text, "most") == 0)
		return 1;
	percent = strtol(text, &end, 10);
	return end != text && strcmp(end, "%") == 0 && percent >= 0 && percent <= 100 ?
		(double)percent / 100 : (double)NAN;
}

static uint32_t read_limit(const char *text)
{
	const uint32_t khz = strcmp(text, "-") == 0 ? 0 : read_khz(text);

	if (khz == 0 && strcmp(text, "-") != 0)
		options_wrong("set limits: '%s' is not a speed like 598MHz or 1.3GHz%s", text,
			      isnan(read_share(text)) ? "" : ", as the other one is");
	return khz;
}

static int set_limits(const struct tool *tool, struct atoll_error *err)
{
	const char *low = tool->rest[1], *high = tool->rest[2];
	const double shares[] = { read_share(low), read_share(high) };
	uint32_t khz_low, khz_high;

	if (!isnan(shares[0]) && !isnan(shares[1])) {
		if (shares[0] > shares[1])
			options_wrong("set limits: %s is above %s", low, high);
		return atoll_power_shares(tool->govern.root, shares[0], shares[1], err);
	}
	khz_low = read_limit(low);
	khz_high = read_limit(high);
	if (khz_low && khz_high && khz_low > khz_high)
		options_wrong("set limits: %s is above %s", low, high);
	return atoll_power_limits(tool->govern.root, khz_low, khz_high, err);
}

static int set_tpu_clock(const struct tool *tool, struct atoll_error *err)
{
	const char *word = tool->rest[1];
	enum edgetpu_clock clock;

	if (strcmp(word, "default") == 0)
		return power_profile_clock(tool->govern.root, -1, err);
	if (edgetpu_clock_read(word, &clock) < 0)
		options_wrong("set tpu-clock: '%s' is not one of low, medium, high, "
			      "max, default",
			      word);
	return power_profile_clock(tool->govern.root, (int32_t)clock, err);
}

static int set_governor(const struct tool *tool, struct atoll_error *err)
{
	return atoll_power_governor(tool->govern.root, tool->rest[1], err);
}

static int done(int r, const struct atoll_error *err)
{
	if (r < 0)
		options_say("%s", err->text);
	return r < 0 ? EXIT_COULD_NOT : EXIT_SUCCESS;
}

static int run_set(struct tool *tool)
{
	static const struct {
		const char *name;
		int (*set)(const struct tool *tool, struct atoll_error *err);
		int values;
	} what[] = {
		{ "governor", set_governor, 1 },
		{ "limits", set_limits, 2 },
		{ "tpu-clock", set_tpu_clock, 1 },
	};
	struct atoll_error err;

	if (tool->rests == 0)
		options_wrong("set: what? governor, limits or tpu-clock");
	for (size_t i = 0; i < sizeof(what) / sizeof(what[0]); i++) {
		if (strcmp(tool->rest[0], what[i].name) != 0)
			continue;
		if (tool->rests != what[i].values + 1)
			options_wrong("set %s: %d value%s, not %d", what[i].name,
				      what[i].values, what[i].values == 1 ? "" : "s",
				      tool->rests - 1);
		return done(what[i].set(tool, &err), &err);
	}
	options_wrong("set: '%s' is not one of governor, limits, tpu-clock", tool->rest[0]);
}

static int apply(const struct tool *tool, const struct power_profile *profile)
{
	struct atoll_error err;

	return done(power_profile_apply(tool->govern.root, profile, &err), &err);
}

static int run_profile(struct tool *tool)
{
	const struct power_profile *profile;

	if (tool->rests == 0) {
		power_profile_list(tool->govern.config, tool->wants_json);
		return EXIT_SUCCESS;
	}
	profile = power_config_profile(tool->govern.config, tool->rest[0]);
	if (!profile)
		options_could_not("profile: there is no '%s'; '%s' lists those there are",
				  tool->rest[0], "atoll-power profile");
	return apply(tool, profile);
}

static int run_boot(struct tool *tool)
{
	const struct power_profile *boot = tool->govern.config->boot;

	if (boot)
		return apply(tool, boot);
	atoll_log(&tool->govern.service.log, ATOLL_LOG_INFO, "no profile is configured");
	return EXIT_SUCCESS;
}

static int run_show(struct tool *tool)
{
	power_show(tool->govern.root, tool->govern.board, tool->wants_json);
	return EXIT_SUCCESS;
}

static int run_watch(struct tool *tool)
{
	tool->watch.root = tool->govern.root;
	tool->watch.board = tool->govern.board;
	tool->watch.wants_json = tool->wants_json;
	power_watch(&tool->watch);
	return EXIT_SUCCESS;
}

static int run_govern(struct tool *tool)
{
	return service_run(&tool->govern.service);
}

static const struct command {
	const char *name;
	int (*run)(struct tool *tool);
	int most;          /* arguments */
	bool needs_board, needs_config;
} commands[] = {
	{ "show", run_show, 0, true, false },
	{ "set", run_set, 3, false, false },
	{ "profile", run_profile, 1, false, true },
	{ "boot", run_boot, 0, false, true },
	{ "watch", run_watch, 0, true, false },
	{ "govern", run_govern, 0, true, true },
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	options_wrong("'%s' is not one of show, set, profile, boot, watch, govern", name);
}

static void read_options(struct tool *tool, int argc, char **argv)
{
	static const struct option names[] = {
		SERVICE_OPTIONS,
		{ "interval", required_argument, NULL, 'i' },
		{ "count", required_argument, NULL, 'n' },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "root", required_argument, NULL, OPTION_ROOT },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, SERVICE_LETTERS "i:n:", names, NULL)) != -1)
		switch (c) {
		case 'i':
			tool->watch.interval_ms =
				options_duration("--interval", optarg, HOUR_MS);
			break;
		case 'n':
			tool->watch.count = options_number("--count", optarg, 1, INT64_MAX);
			break;
		case OPTION_JSON: tool->wants_json = true; break;
		case OPTION_ROOT: tool->govern.root = optarg; break;
		default: service_option(&tool->govern.service, c, help);
		}
	tool->rest = argv + optind;
	tool->rests = argc - optind;
}

/* That of the machine below --root, unless another is asked for. */
static bool load_config(struct power_govern *govern)
{
	static char usual[PATH_MAX];
	struct atoll_error err;

	if (snprintf(usual, sizeof(usual), "%s" CONFIG_PATH, govern->root) >= PATH_MAX)
		options_could_not("--root: %.40s...: too long", govern->root);
	if (!service_finds(&govern->service, usual))
		return false;
	govern->config = power_config_load(govern->service.config_path,
					   &govern->service.log, &err);
	if (!govern->config)
		atoll_log(&govern->service.log, ATOLL_LOG_ERR, "%s", err.text);
	return govern->config != NULL;
}

int main(int argc, char **argv)
{
	struct tool tool = { .govern.root = "", .watch.interval_ms = 1000 };
	struct power_govern *govern = &tool.govern;
	struct atoll_board *board = NULL;
	const struct command *command = &commands[0];
	int status = EXIT_SUCCESS;

	options_begin("atoll-power");
	(void)setlocale(LC_CTYPE, ""); /* only what the terminal can show hangs on it */
	govern->service = service_begin("atoll-power", &power_govern_calls, govern);
	read_options(&tool, argc, argv);
	if (tool.rests > 0) {
		command = find_command(tool.rest[0]);
		tool.rest++;
		tool.rests--;
	}
	if (tool.rests > command->most)
		options_wrong("%s: '%s' is too much", command->name, tool.rest[command->most]);
	if ((command->needs_config || govern->service.wants_check) && !load_config(govern))
		return EXIT_CONFIG;
	if (!govern->service.wants_check) {
		if (command->needs_board)
			govern->board = board = power_board(govern->root);
		status = command->run(&tool);
	}
	atoll_board_free(board);
	power_config_free(govern->config);
	return options_end(status);
}
