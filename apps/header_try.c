/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/display.h"
#include "apps/header_try.h"
#include "apps/lines.h"
#include "apps/options.h"
#include "apps/panel.h"
#include "apps/rules.h"
#include "apps/subscriber.h"
#include "board/clock.h"
#include "board/log.h"
#include "board/loop.h"

struct trial {
	const struct header_settings *settings;
	struct atoll_log log;
	struct atoll_loop *loop;
	struct rules *rules;
	struct rules_run *run;
	struct subscriber *subscriber[RULES_SOURCES_MAX];
	struct panel *panel;     /* NULL: no terminal */
	struct pinout_pin *now;
	char last[80];           /* event, in words */
	int64_t start_ns;
	int timer;               /* for what the rules do next; negative: none */
};

static void draw(const struct trial *try)
{
	const struct pinout_style style = {
		.has_colour = true,
		.has_boxes = display_has_colour(),
		.line_end = PANEL_LINE_END,
	};
	const struct header_settings *settings = try->settings;

	panel_begin(try->panel);
	panel_add_lines(try->panel, pinout_draw(panel_file(try->panel),
						atoll_board_name(settings->board),
						settings->header, try->now, &style));
	panel_put(try->panel, "%s", try->last);
	panel_end_line(try->panel);
	panel_end(try->panel);
}

static double seconds(const struct trial *try)
{
	return (double)(atoll_clock_ns() - try->start_ns) / 1e9;
}

static void end_json(struct atoll_json *json)
{
	lines_stamp(json, atoll_clock_ns());
	atoll_json_end(json);
	(void)fflush(stdout); /* options_end asks whether that worked */
}

static void tell_pin(struct trial *try, const struct rules_pin *use, bool is_high, double duty)
{
	struct pinout_pin *now = &try->now[use->pin->number - 1];

	now->has_direction = now->is_output = now->has_level = true;
	now->is_high = is_high;
	if (try->settings->wants_json) {
		struct atoll_json json = { .file = stdout };

		atoll_json_object(&json, NULL);
		atoll_json_string(&json, "event", "pin");
		atoll_json_integer(&json, "pin", use->pin->number);
		atoll_json_string(&json, "name", use->pin->name);
		if (use->is_pwm)
			atoll_json_real(&json, "duty", duty);
		else
			atoll_json_integer(&json, "level", is_high);
		end_json(&json);
	} else if (try->panel) {
		draw(try);
	} else if (use->is_pwm) {
		printf("%.3f\tpin\t%u\t%.1f %%\n", seconds(try), use->pin->number, 100 * duty);
	} else {
		printf("%.3f\tpin\t%u\t%s\n", seconds(try), use->pin->number,
		       is_high ? "high" : "low");
	}
	(void)fflush(stdout);
}

static void set(void *data, const struct rules_pin *use, bool is_high)
{
	tell_pin(data, use, is_high, is_high);
}

static void pwm(void *data, const struct rules_pin *use, uint64_t period_ns, uint64_t duty_ns)
{
	tell_pin(data, use, duty_ns > 0,
		 period_ns ? (double)duty_ns / (double)period_ns : 0);
}

static bool get(void *data, const struct rules_pin *use)
{
	const struct trial *try = data;

	return try->now[use->pin->number - 1].is_high;
}

static void on_time(void *data, uint32_t times);

/* Be back when the rules have something to do. */
static void wait_for_rules(struct trial *try)
{
	const int64_t next_ns = rules_next_ns(try->run);
	int64_t left_ms = (next_ns - atoll_clock_ns()) / 1000000 + 1;

	if (try->timer >= 0)
		atoll_loop_cancel(try->loop, try->timer);
	try->timer = -1;
	if (next_ns == INT64_MAX)
		return;
	left_ms = left_ms < 1 ? 1 : left_ms > INT32_MAX ? INT32_MAX : left_ms;
	try->timer = atoll_loop_after(try->loop, (uint32_t)left_ms, on_time, try);
	if (try->timer < 0)
		options_could_not("timer: %s", strerror(-try->timer));
}

static void on_time(void *data, uint32_t times)
{
	struct trial *try = data;

	(void)times;
	try->timer = -1;
	rules_tick(try->run, atoll_clock_ns());
	wait_for_rules(try);
}

static void tell_event(struct trial *try, const char *source, const char *what)
{
	(void)snprintf(try->last, sizeof(try->last), "%6.1f s  %s: %s", seconds(try), source,
		       what);
	if (try->settings->wants_json) {
		struct atoll_json json = { .file = stdout };

		atoll_json_object(&json, NULL);
		atoll_json_string(&json, "event", "source");
		atoll_json_string(&json, "source", source);
		atoll_json_string(&json, "what", what);
		end_json(&json);
	} else if (try->panel) {
		draw(try);
	} else {
		printf("%.3f\t%s\t%s\n", seconds(try), source, what);
		(void)fflush(stdout);
	}
}

static void on_event(void *data, const struct rules_event *event)
{
	struct trial *try = data;
	char what[64];

	(void)snprintf(what, sizeof(what), "%s%s", event->label, event->is_over ? " gone" : "");
	tell_event(try, event->source, what);
	rules_event(try->run, event, atoll_clock_ns());
	wait_for_rules(try);
}

static void on_change(void *data, const char *source, bool is_there)
{
	struct trial *try = data;

	tell_event(try, source, is_there ? "found" : "lost");
	if (is_there)
		rules_found(try->run, source, atoll_clock_ns());
	else
		rules_lost(try->run, source, atoll_clock_ns());
	wait_for_rules(try);
}

static void on_end(void *data, uint32_t what)
{
	(void)what;
	atoll_loop_stop(data, 0);
}

static void tell_mistake(void *data, const char *sentence)
{
	(void)data;
	options_say("%s", sentence);
}

static void load(struct trial *try)
{
	const char *path = try->settings->rest[0];
	struct atoll_error err;

	/* For the daemon a file that is not there holds no rules. */
	if (access(path, R_OK) < 0)
		options_could_not("%s: %s", path, strerror(errno));
	try->rules = rules_load(path, try->settings->header, tell_mistake, NULL, &err);
	if (!try->rules)
		options_could_not("%s", err.text);
	for (uint32_t i = 0; rules_pin(try->rules, i); i++) {
		const struct rules_pin *use = rules_pin(try->rules, i);
		struct pinout_pin *now = &try->now[use->pin->number - 1];

		now->has_direction = true;
		now->is_output = now->has_level = use->is_output;
		now->is_high = use->is_high;
		(void)snprintf(now->owner, sizeof(now->owner), "rules");
	}
}

static void begin(struct trial *try)
{
	const struct rules_pins pins = { .set = set, .pwm = pwm, .get = get };
	const struct subscriber_calls calls = { on_event, on_change, try };
	struct rules_source source;
	struct atoll_error err;

	try->start_ns = atoll_clock_ns();
	try->run = rules_start(try->rules, &pins, try, try->start_ns);
	if (!try->run)
		options_could_not("out of memory");
	for (uint32_t i = 0; rules_source(try->rules, i, &source); i++) {
		try->subscriber[i] = subscriber_new(try->loop, &source, &calls, &try->log,
						    &err);
		if (!try->subscriber[i])
			options_could_not("%s", err.text);
	}
	wait_for_rules(try);
}

static void end(struct trial *try)
{
	for (uint32_t i = 0; i < RULES_SOURCES_MAX; i++)
		subscriber_free(try->subscriber[i]);
	rules_stop(try->run, atoll_clock_ns());
	rules_free(try->rules);
	panel_close(try->panel);
	atoll_loop_free(try->loop);
	free(try->now);
}

static void end_later(const struct trial *try)
{
	const int64_t for_ms = try->settings->for_ms;
	int r = atoll_loop_signal(try->loop, SIGINT, on_end, try->loop);

	if (r == 0)
		r = atoll_loop_signal(try->loop, SIGTERM, on_end, try->loop);
	if (r == 0 && for_ms)
		r = atoll_loop_after(try->loop, (uint32_t)for_ms, on_end, try->loop);
	if (r < 0)
		options_could_not("loop: %s", strerror(-r));
}

int header_try(const struct header_settings *settings)
{
	struct trial try = { .settings = settings, .timer = -1 };
	struct atoll_error err;
	uint32_t pins = 0;
	int r;

	while (atoll_header_pin(settings->header, pins + 1))
		pins++;
	try.now = calloc(pins, sizeof(*try.now));
	try.loop = atoll_loop_new(&err);
	if (!try.now || !try.loop)
		options_could_not("%s", try.now ? err.text : "out of memory");
	try.log = atoll_log_new("atoll-header", ATOLL_LOG_NOTICE);
	load(&try);
	end_later(&try);
	if (!settings->wants_json && !settings->is_plain)
		try.panel = panel_open();
	begin(&try);
	if (try.panel)
		draw(&try);
	r = atoll_loop_run(try.loop);
	end(&try);
	return r ? EXIT_COULD_NOT : EXIT_SUCCESS;
}
