/* SPDX-License-Identifier: Apache-2.0 */
/* Switch pins of the header by rules: when a word is said, a thing seen, a pin changed. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "apps/headerd_control.h"
#include "apps/headerd_pins.h"
#include "apps/headerd_sources.h"
#include "apps/options.h"
#include "apps/rules.h"
#include "apps/service.h"
#include "apps/shipped.h"
#include "board/clock.h"
#include "board/description.h"

static const char help[] =
"Usage: atoll-headerd [OPTION]...\n"
"\n"
"Switch pins of the header by rules: when a word is said, a thing is seen, or\n"
"another pin changes; and for programs that ask for it on a socket.\n"
"\n"
"  -c, --config=FILE   default /etc/atoll/headerd.conf, if it is there\n"
"      --check         read the rules, say what is wrong, exit\n"
"  -b, --board=BOARD   a description's name or file; default is this machine's\n"
"      --control=PATH  where the socket is, or off\n"
"  -v, --verbose       say more\n"
"  -h, --help          print this and exit\n"
"      --version       print the version and exit\n"
"\n"
"SIGHUP reads the rules again.\n";

#define CONFIG_PATH "/etc/atoll/headerd.conf"
#define CONTROL_PATH "/run/atoll/headerd.sock"
#define CONTROL_GROUP "gpio"

/* What rules need in between two times that something is due. */
#define NEVER INT64_MAX

struct daemon {
	struct service service;
	struct atoll_board *board;
	struct atoll_header *header; /* NULL: the board has none */
	const char *control_option;
	struct rules *rules;
	struct headerd_pins *pins;
	struct rules_run *run;
	struct headerd_sources sources;
	struct headerd_control *control; /* NULL: none */
	int timer;                   /* -1: none */
	int64_t due_ns;              /* what it is set to */
	bool is_quiet;               /* rules end, and pins stay as they are */
	bool keeps;                  /* rules begin, and pins that are kept stay */
};

static void schedule(struct daemon *d);

static void on_due(void *data, uint32_t times)
{
	struct daemon *d = data;

	(void)times;
	d->timer = -1;
	d->due_ns = NEVER;
	rules_tick(d->run, atoll_clock_ns());
	schedule(d);
}

/* After anything that the rules were told. Should there be no timer left, on_second
   does it. */
static void schedule(struct daemon *d)
{
	int64_t next_ns = rules_next_ns(d->run), left_ns;

	if (next_ns == d->due_ns)
		return;
	if (d->timer >= 0)
		atoll_loop_cancel(d->service.loop, d->timer);
	d->timer = -1;
	d->due_ns = next_ns;
	if (next_ns == NEVER)
		return;
	left_ns = next_ns - atoll_clock_ns();
	left_ns = left_ns < 0 ? 0 : left_ns / 1000000 + 1;
	d->timer = atoll_loop_after(d->service.loop,
				    left_ns > INT32_MAX ? INT32_MAX : (uint32_t)left_ns, on_due, d);
}

/* What rules do to pins. */

static bool leaves(const struct daemon *d, const struct rules_pin *pin)
{
	return d->is_quiet || (d->keeps && headerd_pins_is_kept(d->pins, pin->pin));
}

static void on_set(void *data, const struct rules_pin *pin, bool is_high)
{
	struct daemon *d = data;

	if (leaves(d, pin))
		return;
	headerd_pins_set(d->pins, pin->pin, is_high);
	atoll_log(&d->service.log, ATOLL_LOG_DEBUG, "pin %u %s", pin->pin->number,
		  is_high ? "high" : "low");
}

static void on_pwm(void *data, const struct rules_pin *pin, uint64_t period_ns,
		   uint64_t duty_ns)
{
	struct daemon *d = data;

	if (leaves(d, pin))
		return;
	headerd_pins_pwm(d->pins, pin->pin, period_ns, duty_ns);
	atoll_log(&d->service.log, ATOLL_LOG_DEBUG,
		  "pin %u PWM, %" PRIu64 " of %" PRIu64 " ns", pin->pin->number, duty_ns,
		  period_ns);
}

static bool on_get(void *data, const struct rules_pin *pin)
{
	const struct daemon *d = data;

	return headerd_pins_get(d->pins, pin->pin);
}

static struct rules_run *start_rules(struct daemon *d, const struct rules *rules)
{
	const struct rules_pins calls = { .set = on_set, .pwm = on_pwm, .get = on_get };

	return rules_start(rules, &calls, d, atoll_clock_ns());
}

/* What happens to rules. */

/* The pin's number among those of the rules; false: it is none. */
static bool find_ruled(const struct daemon *d, const struct atoll_pin *pin, uint32_t *i)
{
	const struct rules_pin *rule;

	for (*i = 0; (rule = rules_pin(d->rules, *i)); ++*i)
		if (rule->pin == pin)
			return true;
	return false;
}

static void on_edge(void *data, const struct headerd_edge *edge)
{
	struct daemon *d = data;
	uint32_t i;

	if (d->control)
		headerd_control_edge(d->control, edge);
	if (edge->lost)
		atoll_log(&d->service.log, ATOLL_LOG_WARNING, "pin %u: %" PRIu64 " edges lost",
			  edge->pin->number, edge->lost);
	if (!d->run || !edge->is_input || !find_ruled(d, edge->pin, &i))
		return;
	rules_edge(d->run, i, edge->is_high, atoll_clock_ns());
	schedule(d);
}

static void on_taken(void *data, const struct atoll_pin *pin)
{
	struct daemon *d = data;
	uint32_t i;

	if (!find_ruled(d, pin, &i))
		return;
	rules_taken(d->run, i);
	schedule(d);
}

static void on_event(void *data, const struct rules_event *event)
{
	struct daemon *d = data;

	atoll_log(&d->service.log, ATOLL_LOG_DEBUG, "%s: %s%s, %.2f", event->source,
		  event->label, event->is_over ? " is over" : "", (double)event->score);
	rules_event(d->run, event, atoll_clock_ns());
	schedule(d);
}

static void on_change(void *data, const char *source, bool is_there)
{
	struct daemon *d = data;

	if (is_there)
		rules_found(d->run, source, atoll_clock_ns());
	else
		rules_lost(d->run, source, atoll_clock_ns());
	schedule(d);
	service_tell(&d->service);
}

/* The control socket. */

static void on_status_asked(void *data, struct atoll_json *json)
{
	const struct daemon *d = data;
	struct rules_count count;
	uint32_t away, pins = headerd_pins_count(d->pins, &away);

	atoll_json_string(json, "board", atoll_board_id(d->board));
	atoll_json_integer(json, "pins", pins);
	atoll_json_integer(json, "away", away);
	atoll_json_integer(json, "clients", headerd_control_clients(d->control));
	headerd_sources_json(&d->sources, json);
	atoll_json_array(json, "rules");
	for (uint32_t i = 0; rules_count(d->run, i, &count); i++) {
		atoll_json_object(json, NULL);
		atoll_json_string(json, "place", count.place);
		atoll_json_string(json, "text", count.text);
		atoll_json_integer(json, "done", (int64_t)count.done);
		atoll_json_end(json);
	}
	atoll_json_end(json);
}

/* Where these rules want it; NULL: nowhere. */
static const char *control_path(const struct daemon *d, const struct rules *rules)
{
	const char *path = d->control_option ? d->control_option : rules_settings(rules)->control;

	if (!path)
		return CONTROL_PATH;
	return strcmp(path, "off") == 0 ? NULL : path;
}

/* 0 also when it is off, or merely not possible at the usual place. */
static int open_control(struct daemon *d, struct atoll_error *err)
{
	const struct rules_settings *settings = rules_settings(d->rules);
	const struct headerd_control_options options = {
		.loop = d->service.loop, .header = d->header, .pins = d->pins,
		.path = control_path(d, d->rules),
		.group = settings->group ? settings->group : CONTROL_GROUP,
		.takes = settings->may_take, .taken = on_taken, .status = on_status_asked,
		.data = d, .log = &d->service.log,
	};
	bool is_usual = options.path && strcmp(options.path, CONTROL_PATH) == 0;

	if (!options.path)
		return 0;
	if (is_usual)
		(void)mkdir("/run/atoll", 0755); /* open tells if it is not there */
	d->control = headerd_control_open(&options, err);
	if (d->control)
		atoll_log(&d->service.log, ATOLL_LOG_INFO, "control: %s", options.path);
	else if (is_usual)
		atoll_log(&d->service.log, ATOLL_LOG_WARNING, "%s; going on without it", err->text);
	return d->control || is_usual ? 0 : err->code;
}

static bool is_same_control(const struct daemon *d, const struct rules *a,
			    const struct rules *b)
{
	const struct rules_settings *one = rules_settings(a), *other = rules_settings(b);

	return settings_is_same(control_path(d, a), control_path(d, b)) &&
	       settings_is_same(one->group, other->group) && one->may_take == other->may_take;
}

/* Configuration. */

static void on_mistake(void *data, const char *sentence)
{
	const struct daemon *d = data;

	atoll_log(&d->service.log, ATOLL_LOG_ERR, "%s", sentence);
}

static struct rules *load_rules(struct daemon *d, struct atoll_error *err)
{
	return rules_load(d->service.config_path, d->header, on_mistake, d, err);
}

/* What is under way on a pin has no end any more when its rules are gone. */
static void end_what_is_under_way(struct daemon *d)
{
	const struct rules_pin *pin;

	for (uint32_t i = 0; (pin = rules_pin(d->rules, i)); i++) {
		if (!rules_is_busy(d->run, i))
			continue;
		if (pin->is_pwm)
			headerd_pins_pwm(d->pins, pin->pin, HEADERD_PERIOD_NS,
					 pin->is_high ? HEADERD_PERIOD_NS : 0);
		else
			headerd_pins_set(d->pins, pin->pin, pin->is_high);
	}
}

/* The old rules end without what they have for the stop, and what the new ones have for
   the start is for pins that are new to them. */
static int take_rules(struct daemon *d, struct rules *rules, struct atoll_error *err)
{
	struct rules_run *before = d->run, *run;

	if (before)
		end_what_is_under_way(d);
	headerd_pins_take(d->pins, rules);
	d->run = NULL;
	d->keeps = before;
	run = start_rules(d, rules);
	d->keeps = false;
	if (!run) {
		headerd_pins_take(d->pins, before ? d->rules : NULL);
		d->run = before;
		return atoll_error_set(err, -ENOMEM, "rules: %s", strerror(ENOMEM));
	}
	d->is_quiet = true;
	rules_stop(before, atoll_clock_ns());
	d->is_quiet = false;
	d->rules = rules;
	d->run = run;
	schedule(d);
	return 0;
}

static int on_reload(void *data, struct atoll_error *err)
{
	struct daemon *d = data;
	struct rules *before = d->rules, *rules = load_rules(d, err);
	struct atoll_error why;
	bool keeps_control;

	if (!rules)
		return err->code;
	keeps_control = is_same_control(d, before, rules);
	if (take_rules(d, rules, err) < 0) {
		rules_free(rules);
		return err->code;
	}
	if (!keeps_control) {
		headerd_control_close(d->control);
		d->control = NULL;
		if (open_control(d, &why) < 0)
			atoll_log(&d->service.log, ATOLL_LOG_ERR, "%s; going on without it",
				  why.text);
	}
	if (headerd_sources_take(&d->sources, rules, &why) < 0)
		atoll_log(&d->service.log, ATOLL_LOG_ERR, "%s; going on without it", why.text);
	rules_free(before);
	return 0;
}

/* First of all the pins become safe, whatever the daemon before left behind. */
static int on_start(void *data, struct atoll_error *err)
{
	struct daemon *d = data;
	const struct headerd_pins_options options = {
		.loop = d->service.loop, .header = d->header, .edge = on_edge, .data = d,
		.log = &d->service.log,
	};
	int r;

	d->pins = headerd_pins_new(&options, err);
	if (!d->pins)
		return err->code;
	d->sources = (struct headerd_sources){
		.loop = d->service.loop,
		.calls = { .event = on_event, .change = on_change, .data = d },
		.log = &d->service.log,
	};
	r = take_rules(d, d->rules, err);
	if (r == 0)
		r = open_control(d, err);
	if (r == 0)
		r = headerd_sources_take(&d->sources, d->rules, err);
	return r;
}

static void on_stop(void *data)
{
	struct daemon *d = data;

	headerd_sources_close(&d->sources);
	rules_stop(d->run, atoll_clock_ns());
	d->run = NULL;
	headerd_control_close(d->control);
	d->control = NULL;
	headerd_pins_free(d->pins);
}

static void on_second(void *data)
{
	struct daemon *d = data;

	headerd_pins_tick(d->pins);
	rules_tick(d->run, atoll_clock_ns());
	schedule(d);
}

/* "3 pins, 1 of them away; voice is there; vision is not there" */
static void on_status(void *data, char status[256])
{
	struct daemon *d = data;
	uint32_t away, pins = headerd_pins_count(d->pins, &away);
	char missing[32] = "", sources[160];

	if (away > 0)
		(void)snprintf(missing, sizeof(missing), ", %u of them away", away);
	headerd_sources_tell(&d->sources, sources, sizeof(sources));
	(void)snprintf(status, 256, "%u pin%s%s%s", pins, pins == 1 ? "" : "s", missing, sources);
}

static const struct service_calls calls = {
	.start = on_start, .stop = on_stop, .reload = on_reload, .second = on_second,
	.status = on_status,
};

static void read_options(struct daemon *d, int argc, char **argv)
{
	enum { CONTROL = SERVICE_FIRST_OWN };
	static const struct option names[] = {
		SERVICE_OPTIONS,
		{ "board", required_argument, NULL, 'b' },
		{ "control", required_argument, NULL, CONTROL },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, SERVICE_LETTERS "b:", names, NULL)) != -1)
		switch (c) {
		case 'b':
			/* The option is the environment variable, said otherwise. */
			if (setenv("ATOLL_BOARD", optarg, 1) < 0)
				options_could_not("--board: %s", strerror(errno));
			break;
		case CONTROL:
			d->control_option = optarg;
			break;
		default:
			service_option(&d->service, c, help);
		}
	if (optind < argc)
		options_wrong("'%s' is one too many", argv[optind]);
}

/* A board without a header has no pins, and that is no mistake before a rule names one. */
static int load(struct daemon *d, struct atoll_error *err)
{
	const struct atoll_board_places places = { shipped_boards, "/proc/device-tree" };

	d->board = atoll_board_detect(&places, err);
	if (!d->board)
		return err->code;
	d->header = atoll_header_open(d->board, err);
	if (!d->header && err->code != -ENOENT)
		return err->code;
	d->rules = load_rules(d, err);
	return d->rules ? 0 : err->code;
}

int main(int argc, char **argv)
{
	struct daemon d = { .timer = -1, .due_ns = NEVER };
	int status = EXIT_SUCCESS;
	struct atoll_error err;

	options_begin("atoll-headerd");
	d.service = service_begin("atoll-headerd", &calls, &d);
	read_options(&d, argc, argv);
	if (!service_finds(&d.service, CONFIG_PATH))
		return EXIT_CONFIG;
	if (load(&d, &err) < 0) {
		atoll_log(&d.service.log, ATOLL_LOG_ERR, "%s", err.text);
		status = EXIT_CONFIG;
	} else if (!d.service.wants_check) {
		status = service_run(&d.service);
	}
	rules_free(d.rules);
	atoll_header_close(d.header);
	atoll_board_free(d.board);
	return options_end(status);
}
