/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/headerd_pins.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>

#include "board/clock.h"
#include "board/pwm.h"

/* Of an input that never rests, told before others get their turn. */
#define EDGES_A_TURN 64

/* How a pin is opened. */
enum mode { CLOSED, INPUT, OUTPUT, PWM };

struct shape {
	enum mode mode;
	enum atoll_gpio_bias bias;
	uint32_t debounce_ms;
};

struct pin {
	struct headerd_pins *pins;
	const struct atoll_pin *pin;
	const struct atoll_pwm_place *pwm_place; /* NULL: it has none */
	struct shape rule;           /* what rules want; CLOSED: nothing */
	bool is_safe_high;           /* likewise */
	bool is_driven;              /* by clients */
	uint32_t watchers;
	bool is_kept;
	struct shape is;             /* what it is now; CLOSED too when it is away */
	struct atoll_gpio *gpio;
	struct atoll_pwm *pwm;
	bool is_high;                /* set, or seen last */
	uint64_t period_ns, duty_ns;
	bool is_missed;              /* of which the log has a sentence */
};

struct headerd_pins {
	struct headerd_pins_options options;
	uint32_t count;
	struct pin pin[];            /* number n at n - 1 */
};

static struct pin *pin_of(struct headerd_pins *pins, const struct atoll_pin *pin)
{
	return &pins->pin[pin->number - 1];
}

static struct shape wanted(const struct pin *pin)
{
	if (pin->rule.mode != CLOSED)
		return pin->rule;
	return (struct shape){ .mode = pin->is_driven ? OUTPUT : pin->watchers ? INPUT : CLOSED };
}

static bool is_same(struct shape a, struct shape b)
{
	return a.mode == b.mode && a.bias == b.bias && a.debounce_ms == b.debounce_ms;
}

static void close_pin(struct pin *pin)
{
	if (pin->gpio && pin->is.mode == INPUT)
		atoll_loop_forget(pin->pins->options.loop, atoll_gpio_fd(pin->gpio));
	atoll_gpio_close(pin->gpio);
	atoll_pwm_close(pin->pwm);
	pin->gpio = NULL;
	pin->pwm = NULL;
	pin->is.mode = CLOSED;
}

/* It is not there any more, or cannot be opened; each time once. */
static void miss(struct pin *pin, const struct atoll_error *err)
{
	close_pin(pin);
	if (!pin->is_missed)
		atoll_log(pin->pins->options.log, ATOLL_LOG_WARNING,
			  "pin %u: %s; trying again until it is there", pin->pin->number,
			  err->text);
	pin->is_missed = true;
}

static void tell_edge(struct pin *pin, bool is_high, int64_t time_ns, uint64_t lost)
{
	const struct headerd_edge edge = {
		.pin = pin->pin, .is_input = pin->is.mode == INPUT, .is_high = is_high,
		.time_ns = time_ns, .lost = lost,
	};

	pin->is_high = is_high;
	pin->pins->options.edge(pin->pins->options.data, &edge);
}

static void on_edges(void *data, uint32_t events)
{
	struct pin *pin = data;
	struct atoll_gpio_edge edge;
	struct atoll_error err;
	int r = 1;

	(void)events;
	for (int i = 0; i < EDGES_A_TURN && r == 1; i++) {
		r = atoll_gpio_edge(pin->gpio, 0, &edge, &err);
		if (r == 1)
			tell_edge(pin, edge.is_rising, edge.time_ns, edge.lost);
	}
	if (r < 0)
		miss(pin, &err);
}

static struct atoll_gpio *open_gpio(const struct pin *pin,
				    const struct atoll_gpio_options *options,
				    struct atoll_error *err)
{
	const struct atoll_gpio_line line = { pin->pin->chip, pin->pin->line };

	return atoll_gpio_open(pin->pins->options.system, &line, 1, options, err);
}

static int open_output(struct pin *pin, struct atoll_error *err)
{
	const struct atoll_gpio_options options = {
		.consumer = "atoll-headerd", .direction = ATOLL_GPIO_OUT, .levels = pin->is_high };

	pin->gpio = open_gpio(pin, &options, err);
	return pin->gpio ? 0 : err->code;
}

/* What has changed since it was known last, while nobody looked, is told as an edge. */
static int open_input(struct pin *pin, struct shape shape, bool was_known,
		      struct atoll_error *err)
{
	const struct atoll_gpio_options options = {
		.consumer = "atoll-headerd", .direction = ATOLL_GPIO_IN, .bias = shape.bias,
		.edges = ATOLL_GPIO_BOTH_EDGES, .debounce_ms = shape.debounce_ms,
	};
	uint32_t level = 0;
	int r;

	pin->gpio = open_gpio(pin, &options, err);
	r = pin->gpio ? atoll_gpio_get(pin->gpio, &level, err) : err->code;
	if (r < 0)
		return r;
	r = atoll_loop_watch(pin->pins->options.loop, atoll_gpio_fd(pin->gpio), EPOLLIN,
			     on_edges, pin);
	if (r < 0) {
		atoll_gpio_close(pin->gpio);
		pin->gpio = NULL;
		return atoll_error_set(err, r, "%s", strerror(-r));
	}
	pin->is = shape;
	if (was_known && level != pin->is_high)
		tell_edge(pin, level, atoll_clock_ns(), 0);
	pin->is_high = level;
	return 0;
}

/* By the kernel where the board has it, else by a thread of ours, which is not as good. */
static int open_pwm(struct pin *pin, struct atoll_error *err)
{
	const struct atoll_gpio_line line = { pin->pin->chip, pin->pin->line };
	const struct headerd_pins_options *options = &pin->pins->options;

	*err = (struct atoll_error){ .text = "the board has none there" };
	if (pin->pwm_place)
		pin->pwm = atoll_pwm_open(options->sysfs, pin->pwm_place, err);
	if (!pin->pwm && (!pin->pwm_place || err->code == -ENODEV)) {
		if (!pin->is_missed)
			atoll_log(options->log, ATOLL_LOG_NOTICE, "pin %u: PWM by program: %s",
				  pin->pin->number, err->text);
		pin->pwm = atoll_pwm_open_software(options->system, &line, err);
	}
	if (!pin->pwm)
		return err->code;
	return atoll_pwm_set(pin->pwm, pin->period_ns, pin->duty_ns, err);
}

/* What there is becomes what is wanted. Where nothing has to change, nothing does. */
static int settle(struct pin *pin, struct atoll_error *err)
{
	struct shape shape = wanted(pin);
	bool was_known = pin->is.mode != CLOSED || pin->is_missed;
	int r = 0;

	if (is_same(pin->is, shape))
		return 0;
	close_pin(pin);
	switch (shape.mode) {
	case CLOSED: break;
	case INPUT:  r = open_input(pin, shape, was_known, err); break;
	case OUTPUT: r = open_output(pin, err); break;
	case PWM:    r = open_pwm(pin, err); break;
	}
	if (r < 0) {
		close_pin(pin);
		return r;
	}
	pin->is = shape;
	if (pin->is_missed && shape.mode != CLOSED)
		atoll_log(pin->pins->options.log, ATOLL_LOG_NOTICE, "pin %u: is back",
			  pin->pin->number);
	pin->is_missed = false;
	return 0;
}

static const struct atoll_pwm_place *find_pwm(const struct atoll_header *header,
					      uint32_t number)
{
	const struct atoll_pwm_place *place;
	uint32_t i = 0;

	while ((place = atoll_header_pwm(header, i)) && place->pin != number)
		i++;
	return place;
}

struct headerd_pins *headerd_pins_new(const struct headerd_pins_options *options,
				      struct atoll_error *err)
{
	const struct atoll_header *header = options->header;
	struct headerd_pins *pins;
	uint32_t count = 0;

	while (header && atoll_header_pin(header, count + 1))
		count++;
	pins = calloc(1, sizeof(*pins) + count * sizeof(pins->pin[0]));
	if (!pins) {
		(void)atoll_error_set(err, -ENOMEM, "pins: %s", strerror(ENOMEM));
		return NULL;
	}
	pins->options = *options;
	pins->count = count;
	for (uint32_t i = 0; i < count; i++)
		pins->pin[i] = (struct pin){
			.pins = pins,
			.pin = atoll_header_pin(header, i + 1),
			.pwm_place = find_pwm(header, i + 1),
		};
	return pins;
}

void headerd_pins_free(struct headerd_pins *pins)
{
	if (!pins)
		return;
	for (uint32_t i = 0; i < pins->count; i++)
		close_pin(&pins->pin[i]);
	free(pins);
}

static struct shape shape_of(const struct rules_pin *rule)
{
	if (!rule)
		return (struct shape){ .mode = CLOSED };
	return (struct shape){
		.mode = rule->is_pwm ? PWM : rule->is_output ? OUTPUT : INPUT,
		.bias = rule->is_pull_up ? ATOLL_GPIO_PULL_UP :
			rule->is_pull_down ? ATOLL_GPIO_PULL_DOWN : ATOLL_GPIO_BIAS_AS_IS,
		.debounce_ms = rule->debounce_ms,
	};
}

static const struct rules_pin *rule_of(const struct rules *rules, const struct atoll_pin *pin)
{
	const struct rules_pin *rule = NULL;

	for (uint32_t i = 0; rules && (rule = rules_pin(rules, i)); i++)
		if (rule->pin == pin)
			break;
	return rule;
}

/* Of an output that is open. */
static int set_level(struct pin *pin, bool is_high, struct atoll_error *err)
{
	int r = atoll_gpio_set(pin->gpio, 1, is_high, err);

	if (r < 0)
		return r;
	if (is_high != pin->is_high)
		tell_edge(pin, is_high, atoll_clock_ns(), 0);
	return 0;
}

void headerd_pins_set(struct headerd_pins *pins, const struct atoll_pin *which, bool is_high)
{
	struct pin *pin = pin_of(pins, which);
	struct atoll_error err;

	if (pin->gpio && pin->is.mode == OUTPUT && set_level(pin, is_high, &err) < 0)
		miss(pin, &err);
	pin->is_high = is_high;
}

/* The rules want something else of it than others before. */
static void take_pin(struct pin *pin, const struct rules_pin *rule)
{
	struct atoll_error err;

	if (pin->rule.mode == OUTPUT && !rule)
		headerd_pins_set(pin->pins, pin->pin, pin->is_safe_high);
	pin->rule = shape_of(rule);
	pin->is_missed = false;
	if (rule) {
		pin->is_driven = false;
		headerd_pins_set(pin->pins, pin->pin, rule->is_high);
		pin->period_ns = HEADERD_PERIOD_NS;
		pin->duty_ns = rule->is_high ? HEADERD_PERIOD_NS : 0;
	}
	if (settle(pin, &err) < 0)
		miss(pin, &err);
}

void headerd_pins_take(struct headerd_pins *pins, const struct rules *rules)
{
	for (uint32_t i = 0; i < pins->count; i++) {
		struct pin *pin = &pins->pin[i];
		const struct rules_pin *rule = rule_of(rules, pin->pin);

		pin->is_kept = is_same(pin->rule, shape_of(rule));
		if (!pin->is_kept)
			take_pin(pin, rule);
		pin->is_safe_high = rule && rule->is_high;
	}
}

bool headerd_pins_is_kept(const struct headerd_pins *pins, const struct atoll_pin *pin)
{
	return pins->pin[pin->number - 1].is_kept;
}

void headerd_pins_pwm(struct headerd_pins *pins, const struct atoll_pin *which,
		      uint64_t period_ns, uint64_t duty_ns)
{
	struct pin *pin = pin_of(pins, which);
	struct atoll_error err;

	pin->period_ns = period_ns;
	pin->duty_ns = duty_ns;
	if (pin->pwm && atoll_pwm_set(pin->pwm, period_ns, duty_ns, &err) < 0)
		miss(pin, &err);
}

bool headerd_pins_get(const struct headerd_pins *pins, const struct atoll_pin *pin)
{
	return pins->pin[pin->number - 1].is_high;
}

/* What is somebody else's is not even to be read: asking for a line takes its pad away
   from whatever function it has, and only PWM has its pin for whoever wants it. */
static int check(const struct pin *which, bool drives, struct atoll_error *err)
{
	const struct atoll_pin *pin = which->pin;
	const char *why = NULL;

	if (pin->kind != ATOLL_PIN_GPIO || !pin->chip)
		why = "no GPIO";
	else if (pin->cautions & ATOLL_CAUTION_CONSOLE)
		why = "the console";
	else if (pin->role && strcasecmp(pin->role, "gpio") != 0 && !which->pwm_place)
		why = pin->role;
	else if (drives && pin->cautions & ATOLL_CAUTION_INPUT_ONLY)
		why = "only an input";
	else if (drives && pin->cautions & ATOLL_CAUTION_SHARED)
		why = "shared with something else on the board";
	if (why)
		return atoll_error_set(err, -EPERM, "pin %u: is %s, %s", pin->number, pin->name,
				       why);
	return 0;
}

/* Of a pin that nobody has open, and that is left as it was. */
static int peek(const struct pin *pin, struct headerd_level *level, struct atoll_error *err)
{
	const struct atoll_gpio_options options = { .consumer = "atoll-headerd" };
	const struct atoll_gpio_line line = { pin->pin->chip, pin->pin->line };
	struct atoll_gpio_info info;
	struct atoll_gpio *gpio;
	uint32_t levels = 0;
	int r;

	r = atoll_gpio_look(pin->pins->options.system, &line, &info, err);
	if (r < 0)
		return r;
	gpio = open_gpio(pin, &options, err);
	r = gpio ? atoll_gpio_get(gpio, &levels, err) : err->code;
	atoll_gpio_close(gpio);
	if (r == 0)
		*level = (struct headerd_level){ .is_output = info.is_output,
						 .is_high = levels };
	return r;
}

int headerd_pins_look(struct headerd_pins *pins, const struct atoll_pin *which,
		      struct headerd_level *level, struct atoll_error *err)
{
	struct pin *pin = pin_of(pins, which);
	uint32_t levels = pin->is_high;
	int r;

	if (pin->rule.mode == CLOSED) {
		r = check(pin, false, err);
		if (r < 0)
			return r;
	}
	r = settle(pin, err);
	if (r == 0 && pin->is.mode == CLOSED)
		return peek(pin, level, err);
	if (r == 0 && pin->gpio)
		r = atoll_gpio_get(pin->gpio, &levels, err);
	if (r < 0)
		return r;
	*level = (struct headerd_level){
		.is_output = pin->is.mode != INPUT,
		.is_high = pin->is.mode == PWM ? pin->duty_ns > 0 : levels,
		.is_of_rules = pin->rule.mode != CLOSED,
		.is_of_clients = pin->is_driven,
		.period_ns = pin->is.mode == PWM ? pin->period_ns : 0,
		.duty_ns = pin->is.mode == PWM ? pin->duty_ns : 0,
	};
	return 0;
}

static int drive_of_rules(struct pin *pin, bool is_high, bool takes, struct atoll_error *err)
{
	if (!takes || pin->rule.mode != OUTPUT)
		return atoll_error_set(err, -EPERM, "pin %u: is %s of the rules",
				       pin->pin->number,
				       pin->rule.mode == INPUT ? "an input" : "an output");
	if (!pin->gpio)
		return atoll_error_set(err, -ENODEV, "pin %u: is not there now",
				       pin->pin->number);
	return set_level(pin, is_high, err);
}

int headerd_pins_drive(struct headerd_pins *pins, const struct atoll_pin *which, bool is_high,
		       bool takes, struct atoll_error *err)
{
	struct pin *pin = pin_of(pins, which);
	bool was_driven = pin->is_driven, was_high = pin->is_high;
	int r;

	if (pin->rule.mode != CLOSED)
		return drive_of_rules(pin, is_high, takes, err);
	r = check(pin, true, err);
	if (r < 0)
		return r;
	pin->is_driven = true;
	if (pin->is.mode == OUTPUT)
		return set_level(pin, is_high, err);
	pin->is_high = is_high;
	r = settle(pin, err);
	if (r < 0)
		pin->is_driven = was_driven;
	else if (is_high != was_high)
		tell_edge(pin, is_high, atoll_clock_ns(), 0);
	return r;
}

int headerd_pins_release(struct headerd_pins *pins, const struct atoll_pin *which,
			 struct atoll_error *err)
{
	struct pin *pin = pin_of(pins, which);

	if (!pin->is_driven)
		return atoll_error_set(err, -ENOENT, "pin %u: no client has set it",
				       which->number);
	pin->is_driven = false;
	return settle(pin, err);
}

int headerd_pins_watch(struct headerd_pins *pins, const struct atoll_pin *which,
		       struct atoll_error *err)
{
	struct pin *pin = pin_of(pins, which);
	int r = pin->rule.mode == CLOSED ? check(pin, false, err) : 0;

	if (r < 0)
		return r;
	pin->watchers++;
	r = settle(pin, err);
	if (r < 0)
		pin->watchers--;
	return r;
}

/* Closed by the next tick: this may be in the midst of telling its edges. */
void headerd_pins_unwatch(struct headerd_pins *pins, const struct atoll_pin *which)
{
	pin_of(pins, which)->watchers--;
}

/* An input tells by itself, PWM when it is set. */
static void look_for(struct pin *pin)
{
	struct atoll_error err;
	uint32_t level;
	int r = settle(pin, &err);

	if (r == 0 && pin->gpio)
		r = atoll_gpio_get(pin->gpio, &level, &err);
	if (r < 0)
		miss(pin, &err);
}

void headerd_pins_tick(struct headerd_pins *pins)
{
	for (uint32_t i = 0; i < pins->count; i++)
		look_for(&pins->pin[i]);
}

uint32_t headerd_pins_count(const struct headerd_pins *pins, uint32_t *away)
{
	uint32_t count = 0;

	*away = 0;
	for (uint32_t i = 0; i < pins->count; i++) {
		if (wanted(&pins->pin[i]).mode == CLOSED)
			continue;
		count++;
		*away += pins->pin[i].is.mode == CLOSED;
	}
	return count;
}
