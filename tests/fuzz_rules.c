/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as rules and, behind a zero, what happens while they are carried out:
 * events, edges, sources that come and go, and time that passes or jumps. Everything
 * has an end: at no time is more to be done than there is to do.
 *
 *	fuzz_rules --seeds DIR    write rules to start from
 */
#include <stdlib.h>
#include <string.h>

#include "apps/rules.h"
#include "tests/seeds.h"
#include "tests/virtual.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static unsigned done;

static void check(const struct rules_pin *pin, bool is_pwm)
{
	if (!pin->is_output || pin->is_pwm != is_pwm)
		abort();
	done++;
}

static void set(void *data, const struct rules_pin *pin, bool is_high)
{
	(void)data, (void)is_high;
	check(pin, false);
}

static void pwm(void *data, const struct rules_pin *pin, uint64_t period_ns, uint64_t duty_ns)
{
	(void)data;
	check(pin, true);
	if (period_ns == 0 || duty_ns > period_ns)
		abort();
}

static bool get(void *data, const struct rules_pin *pin)
{
	(void)data;
	check(pin, false);
	return done % 2;
}

static void tell(struct rules_run *run, const char *source, uint8_t what, int64_t now_ns)
{
	static const char *const labels[] = { "stop", "cat", "a", "" };
	const struct rules_event event = {
		.source = source, .label = labels[what >> 4 & 3], .is_over = what >> 6 & 1,
		.score = (float)(what >> 2 & 3) / 4,
	};

	rules_event(run, &event, now_ns);
}

static void happen(struct rules_run *run, uint8_t what, int64_t now_ns)
{
	static const char *const sources[] = { "voice", "vision", "door", "nobody" };
	const char *source = sources[what & 3];

	switch (what >> 2 & 7) {
	case 0:
		rules_lost(run, source, now_ns);
		break;
	case 1:
		rules_found(run, source, now_ns);
		break;
	case 2:
		rules_edge(run, what >> 5, what & 1, now_ns);
		break;
	case 3:
		rules_taken(run, what >> 5);
		break;
	case 4:
		rules_tick(run, now_ns);
		break;
	default:
		tell(run, source, what, now_ns);
	}
}

/* To the next thing that is to be done, or so far. */
static int64_t pass(struct rules_run *run, uint8_t how, int64_t now_ns)
{
	int64_t next_ns = rules_next_ns(run);

	if (how == 0xff)
		return INT64_MAX - 1;
	if (how >= 0xc0)
		return now_ns - how;
	if (how % 2 && next_ns != INT64_MAX)
		return next_ns;
	return now_ns < INT64_MAX / 2 ? now_ns + (INT64_C(1) << how % 48) : now_ns;
}

static void carry_out(const struct rules *rules, const uint8_t *script, size_t size)
{
	static const struct rules_pins pins = { set, pwm, get };
	struct rules_run *run = rules_start(rules, &pins, NULL, 0);
	struct rules_count count;
	int64_t now_ns = 0;

	if (!run)
		abort();
	for (size_t i = 0; i + 1 < size && i < 512; i += 2) {
		now_ns = pass(run, script[i], now_ns);
		happen(run, script[i + 1], now_ns);
		rules_tick(run, now_ns);
		if (rules_next_ns(run) <= now_ns)
			abort(); /* there is something left that would have been due */
		for (uint32_t pin = 0; rules_pin(rules, pin); pin++)
			if (rules_is_busy(run, pin) && rules_next_ns(run) == INT64_MAX)
				abort();
	}
	for (uint32_t i = 0; rules_count(run, i, &count); i++)
		if (!count.place || !count.text)
			abort();
	rules_stop(run, now_ns);
}

static void count_mistake(void *data, const char *sentence)
{
	unsigned *mistakes = data;

	if (strncmp(sentence, "fuzz.conf:", 10) != 0)
		abort();
	++*mistakes;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const uint8_t *zero = size ? memchr(bytes, 0, size) : NULL;
	size_t length = zero ? (size_t)(zero - bytes) : size;
	struct atoll_error err = { .code = 0 };
	unsigned mistakes = 0;
	struct rules *rules = rules_load_bytes(bytes, length, "fuzz.conf", virtual_header,
					       count_mistake, &mistakes, &err);

	if (!rules != (err.code != 0) || !rules != (mistakes != 0))
		abort();
	if (rules && zero)
		carry_out(rules, zero + 1, size - length - 1);
	rules_free(rules);
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char events[] =
		"source door = /run/door # comment\nsafe pin 16 high\n"
		"at start -> pin 16 blink 500ms, pin 18 blink 20ms times 3\n"
		"at stop -> pin 16 low\n"
		"on voice \"stop\" score above 0.5 unless 30s -> pin 16 low or safe\n"
		"on vision \"cat\" for 2s -> pin 18 pulse 500ms then pin 22 toggle\n"
		"on door \"a\" gone for 1s -> after 2s pin 26 high, pin 26 low or hold\n"
		"lost vision -> pin 16 safe\nfound voice -> pin 16 high\n"
		"\0\x01\x14\x10\x55\x1e\x15\x01\x00\x20\x04\x01\x35\xc1\x10\xff\x10\x01\x14";
	static const char pins[] =
		"control = /run/c\ngroup = gpio\nsoftware_pwm = yes\nforce pin 8\ntakeover = no\n"
		"on pin 11 rising debounce 20ms pull-up -> pin 13 toggle\n"
		"on pin 11 falling unless 1s -> pin 33 servo 90, pin 12 pwm 50Hz 7.5%\n"
		"at start -> pin 8 pulse 1s low, pin 33 high\n"
		"\0\x01\x09\x20\x08\x01\x0c\x1e\x2c\x01\x10";

	if (seeds_wanted(*argc, *argv)) {
		seeds_write((*argv)[2], "events", (const uint8_t *)events, sizeof(events) - 1);
		seeds_write((*argv)[2], "pins", (const uint8_t *)pins, sizeof(pins) - 1);
		exit(0);
	}
	if (virtual_open(NULL) < 0)
		abort();
	return 0;
}
