/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules carried out with a clock of our own. What is done to pins is written down with
 * its time: "500:16+" is pin 16, high after half a second, "16-" low, "33=20000/1500" a
 * period and a duty in microseconds.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "apps/rules.h"
#include "tests/allocations.h"
#include "tests/check.h"
#include "tests/virtual.h"

#define MS INT64_C(1000000)

static struct rules *rules;
static struct rules_run *run;
static int64_t now_ns;
static char done[65536];
static unsigned long times;     /* that anything was done */
static bool is_quiet;           /* count only */
static bool level[64];          /* of pins, as somebody would measure it */

static void note(unsigned pin, const char *what)
{
	size_t used = strlen(done);

	times++;
	if (!is_quiet)
		(void)snprintf(done + used, sizeof(done) - used, "%s%" PRId64 ":%u%s",
			       used ? " " : "", now_ns / MS, pin, what);
}

static void set(void *data, const struct rules_pin *pin, bool is_high)
{
	assert_ptr_equal(data, &level);
	assert_true(pin->is_output && !pin->is_pwm);
	level[pin->pin->number] = is_high;
	note(pin->pin->number, is_high ? "+" : "-");
}

static void pwm(void *data, const struct rules_pin *pin, uint64_t period_ns, uint64_t duty_ns)
{
	char what[64];

	assert_ptr_equal(data, &level);
	assert_true(pin->is_pwm && duty_ns <= period_ns);
	(void)snprintf(what, sizeof(what), "=%" PRIu64 "/%" PRIu64, period_ns / 1000,
		       duty_ns / 1000);
	note(pin->pin->number, what);
}

static bool get(void *data, const struct rules_pin *pin)
{
	assert_ptr_equal(data, &level);
	assert_false(pin->is_pwm);
	return level[pin->pin->number];
}

static const struct rules_pins pins = { set, pwm, get };

static void note_told(void *data, const char *sentence)
{
	(void)data;
	fail_msg("%s", sentence);
}

static void start(const char *text)
{
	struct atoll_error err;

	memset(level, 0, sizeof(level));
	done[0] = '\0';
	times = 0;
	is_quiet = false;
	now_ns = 0;
	rules = rules_load_bytes(text, strlen(text), "x.conf", virtual_header, note_told, NULL,
				 &err);
	assert_non_null(rules);
	run = rules_start(rules, &pins, &level, now_ns);
	assert_non_null(run);
}

static void stop(void)
{
	rules_stop(run, now_ns);
	rules_free(rules);
}

static void assert_done(const char *expected)
{
	assert_string_equal(done, expected);
	done[0] = '\0';
}

/* The end of a test that does not look at it. */
static void end(void)
{
	assert_done("");
	is_quiet = true;
	stop();
}

/* Up to that time, as a daemon would wait and go on. */
static void until(int64_t ms)
{
	for (int64_t next_ns; (next_ns = rules_next_ns(run)) <= ms * MS;) {
		assert_true(next_ns >= now_ns);
		now_ns = next_ns;
		rules_tick(run, now_ns);
	}
	now_ns = ms * MS;
	rules_tick(run, now_ns);
}

static void tell(const char *source, const char *label, bool is_over, float score)
{
	rules_event(run, &(struct rules_event){ source, label, is_over, score }, now_ns);
}

static void hear(const char *word, float score)
{
	tell("voice", word, false, score);
}

static void see(const char *thing)
{
	tell("vision", thing, false, 0.9f);
}

static void lose_sight(const char *thing)
{
	tell("vision", thing, true, 0.2f);
}

static uint32_t index_of(uint32_t number)
{
	uint32_t i = 0;

	while (rules_pin(rules, i) && rules_pin(rules, i)->pin->number != number)
		i++;
	assert_non_null(rules_pin(rules, i));
	return i;
}

static void edge(uint32_t number, bool is_rising)
{
	rules_edge(run, index_of(number), is_rising, now_ns);
}

static void what_is_said_for_the_start_is_done_in_its_order(void **state)
{
	(void)state;
	start("at start -> pin 16 high, pin 18 low\n"
	      "on voice \"go\" -> pin 22 high\n"
	      "at start -> pin 16 low\n");
	assert_done("0:16+ 0:18- 0:16-");
	assert_true(rules_next_ns(run) == INT64_MAX);
	end();
}

static void at_the_stop_every_output_is_safe_or_as_said(void **state)
{
	(void)state;
	start("safe pin 16 high\n"
	      "at start -> pin 16 low, pin 18 high, pin 22 blink 1s, pin 33 servo 90\n"
	      "on pin 11 rising -> pin 13 high\n"
	      "at stop -> pin 18 high, pin 13 low\n"
	      "at stop -> pin 13 high, pin 18 safe\n");
	assert_done("0:16- 0:18+ 0:22+ 0:33=20000/1500");
	now_ns = 250 * MS;
	stop();
	assert_done("250:16+ 250:18- 250:22- 250:33=20000/0 250:13+");
}

static void a_word_does_what_its_rules_say_each_time(void **state)
{
	(void)state;
	start("on voice \"stop\" -> pin 16 low\n"
	      "on voice \"stop\" -> pin 18 high\n"
	      "on voice \"Stop\" -> pin 22 high\n"
	      "on vision \"stop\" -> pin 26 high\n");
	hear("stop", 0.9f);
	assert_done("0:16- 0:18+");
	now_ns = 1 * MS;
	hear("stop", 0);
	assert_done("1:16- 1:18+");
	hear("go", 0.9f);
	hear("", 0.9f);
	tell("elsewhere", "stop", false, 0.9f);
	tell("voice", "stop", true, 0.9f);
	assert_done("");
	end();
}

static void a_score_has_to_be_above_what_is_said(void **state)
{
	(void)state;
	start("on voice \"stop\" score above 0.8 -> pin 16 low\n");
	hear("stop", 0.8f);
	hear("stop", 0.1f);
	hear("stop", 0);
	hear("stop", (float)(0.0 / 0.0));
	assert_done("");
	hear("stop", 0.80001f);
	hear("stop", 1);
	assert_done("0:16- 0:16-");
	end();
}

static void a_thing_has_to_be_seen_for_the_whole_time(void **state)
{
	(void)state;
	start("on vision \"cat\" for 2s -> pin 18 high\n");
	see("cat");
	until(1999);
	lose_sight("cat");
	until(5000);
	assert_done("");
	see("cat");
	until(20000);
	assert_done("7000:18+");
	lose_sight("cat");
	see("cat");
	until(30000);
	assert_done("22000:18+");

	/* Seen until that very moment is long enough. */
	lose_sight("cat");
	see("cat");
	now_ns = 32000 * MS;
	lose_sight("cat");
	assert_done("32000:18+");
	end();
}

static void several_of_a_kind_are_there_until_the_last_is_gone(void **state)
{
	(void)state;
	start("on vision \"cat\" for 2s -> pin 18 high\n"
	      "on vision \"cat\" gone -> pin 18 low\n"
	      "on vision \"cat\" -> pin 16 toggle\n");
	see("cat");
	assert_done("0:16+");
	until(1000);
	see("cat");
	lose_sight("cat");
	assert_done("1000:16-");
	until(3000);
	assert_done("2000:18+");
	lose_sight("cat");
	assert_done("3000:18-");
	lose_sight("cat");
	lose_sight("cat");
	assert_done("");
	end();
}

static void gone_for_a_time_is_not_to_come_back_before(void **state)
{
	(void)state;
	start("on vision \"cat\" gone for 5s -> pin 18 low\n");
	lose_sight("cat");
	until(10000);
	see("cat");
	lose_sight("cat");
	until(14999);
	see("cat");
	until(30000);
	assert_done("");
	lose_sight("cat");
	until(60000);
	assert_done("35000:18-");
	end();
}

static void unless_holds_back_what_was_done_just_before(void **state)
{
	(void)state;
	start("on voice \"go\" unless 30s -> pin 18 pulse 500ms\n");
	until(100);
	hear("go", 0);
	until(30099);
	assert_done("100:18+ 600:18-");
	hear("go", 0); /* 29.999 s later */
	assert_done("");
	until(30100);
	hear("go", 0);
	until(60000);
	assert_done("30100:18+ 30600:18-");
	end();
}

static void what_was_held_back_is_not_made_up_for(void **state)
{
	(void)state;
	start("on vision \"cat\" for 2s unless 30s -> pin 18 pulse 500ms\n");
	see("cat");
	until(10000);
	assert_done("2000:18+ 2500:18-");
	lose_sight("cat");
	see("cat");
	until(100000);
	assert_done("");
	lose_sight("cat");
	see("cat");
	until(110000);
	assert_done("102000:18+ 102500:18-");
	end();
}

static void an_edge_is_for_the_rules_of_its_pin_and_direction(void **state)
{
	(void)state;
	start("on pin 11 rising -> pin 13 toggle\n"
	      "on pin 11 falling -> pin 16 toggle\n"
	      "on pin 12 rising -> pin 18 toggle\n");
	edge(11, true);
	edge(11, false);
	edge(11, true);
	edge(12, false);
	assert_done("0:13+ 0:16+ 0:13-");
	rules_edge(run, 1000, true, now_ns);
	rules_edge(run, index_of(13), true, now_ns);
	assert_done("");
	end();
}

static void toggle_goes_by_how_the_pin_is_and_not_by_what_was_said(void **state)
{
	(void)state;
	start("at start -> pin 13 high\non pin 11 rising -> pin 13 toggle\n");
	assert_done("0:13+");
	level[13] = false; /* by somebody else */
	edge(11, true);
	assert_done("0:13+");
	end();
}

static void a_pulse_ends_after_its_time(void **state)
{
	(void)state;
	start("on voice \"a\" -> pin 16 pulse 500ms\non voice \"b\" -> pin 16 pulse 200ms low\n");
	hear("a", 0);
	until(400);
	hear("a", 0); /* once more: it is as long from here */
	until(1000);
	assert_done("0:16+ 400:16+ 900:16-");
	hear("b", 0);
	until(2000);
	assert_done("1000:16- 1200:16+");
	assert_true(rules_next_ns(run) == INT64_MAX);
	end();
}

static void blinking_begins_high_and_has_its_times_or_no_end(void **state)
{
	(void)state;
	start("on voice \"a\" -> pin 16 blink 500ms times 2\n"
	      "on voice \"b\" -> pin 16 blink 250ms\n"
	      "on voice \"c\" -> pin 16 safe\n");
	hear("a", 0);
	until(10000);
	assert_done("0:16+ 500:16- 1000:16+ 1500:16-");
	hear("b", 0);
	until(10999);
	assert_done("10000:16+ 10250:16- 10500:16+ 10750:16-");
	hear("c", 0);
	until(20000);
	assert_done("10999:16-");
	end();
}

static void a_new_action_comes_in_place_of_what_was_still_to_come(void **state)
{
	(void)state;
	start("on voice \"light\" -> pin 16 high, after 60s pin 16 low\n"
	      "on voice \"flash\" -> pin 16 pulse 500ms, pin 18 pulse 500ms\n"
	      "on voice \"set\" -> pin 16 high\n");
	hear("light", 0);
	until(30000);
	hear("light", 0);
	until(89999);
	assert_done("0:16+ 30000:16+");
	until(200000);
	assert_done("90000:16-");

	/* The end of a pulse, on that pin alone. */
	hear("flash", 0);
	until(200250);
	hear("set", 0);
	until(300000);
	assert_done("200000:16+ 200000:18+ 200250:16+ 200500:18-");

	/* And what waits for its time. */
	hear("light", 0);
	until(301000);
	hear("set", 0);
	until(500000);
	assert_done("300000:16+ 301000:16+");
	end();
}

static void what_is_under_way_goes_on_until_the_next_action_begins(void **state)
{
	(void)state;
	start("at start -> pin 16 blink 100ms\non voice \"off\" -> after 250ms pin 16 low\n");
	until(50);
	hear("off", 0);
	until(1000);
	assert_done("0:16+ 100:16- 200:16+ 300:16-");
	end();
}

static void a_comma_is_beside_and_then_is_afterwards(void **state)
{
	(void)state;
	start("on voice \"run\" -> pin 16 pulse 100ms, after 50ms pin 18 pulse 100ms "
	      "then pin 22 blink 100ms times 2, pin 26 high then after 10ms pin 26 low\n");
	hear("run", 0);
	until(10000);
	assert_done("0:16+ 50:18+ 100:16- 150:22+ 150:26+ 150:18- 250:22- 350:22+ 450:22- "
		    "560:26-");
	end();
}

static void pulses_that_follow_each_other_have_no_gap(void **state)
{
	(void)state;
	start("on voice \"a\" -> pin 16 pulse 100ms then pin 16 high\n");
	hear("a", 0);
	until(1000);
	assert_done("0:16+ 100:16+");
	end();
}

static void pwm_has_a_period_and_a_duty_and_high_is_all_of_it(void **state)
{
	(void)state;
	start("at start -> pin 33 high\n"
	      "on voice \"a\" -> pin 33 pwm 50Hz 7.5%\n"
	      "on voice \"b\" -> pin 33 pwm 1000Hz 33.3333%\n"
	      "on voice \"c\" -> pin 33 toggle\n"
	      "on voice \"d\" -> pin 33 servo 0 then after 1s pin 33 servo 180\n"
	      "on voice \"e\" -> pin 33 pulse 10ms\n");
	assert_done("0:33=20000/20000");
	hear("a", 0);
	hear("b", 0);
	hear("c", 0);
	hear("c", 0);
	assert_done("0:33=20000/1500 0:33=1000/333 0:33=1000/0 0:33=1000/1000");
	hear("d", 0);
	until(1000);
	hear("e", 0);
	until(2000);
	assert_done("0:33=20000/1000 1000:33=20000/2000 1000:33=20000/20000 1010:33=20000/0");
	end();
}

static void a_lost_source_makes_safe_what_was_said_to_be(void **state)
{
	(void)state;
	start("safe pin 16 high\n"
	      "on voice \"a\" -> pin 16 blink 100ms, after 5s pin 18 high or safe\n"
	      "on voice \"b\" -> pin 22 blink 1s or hold\n"
	      "on vision \"c\" -> pin 26 high or safe\n");
	hear("a", 0);
	hear("b", 0);
	see("c");
	assert_done("0:16+ 0:22+ 0:26+");
	until(50);
	rules_lost(run, "voice", now_ns);
	assert_done("50:16+ 50:18-");
	rules_lost(run, "voice", now_ns);
	rules_lost(run, "nobody", now_ns);
	until(1500);
	assert_done("1000:22-");
	end();
}

static void sources_are_lost_and_found_once_and_lost_first_makes_safe(void **state)
{
	(void)state;
	start("lost voice -> pin 16 high\n"
	      "on voice \"a\" -> pin 16 high or safe\n"
	      "found voice -> pin 18 pulse 100ms\n"
	      "lost vision -> pin 22 high\n");
	rules_found(run, "voice", now_ns);
	rules_found(run, "voice", now_ns);
	until(1000);
	assert_done("0:18+ 100:18-");
	rules_lost(run, "voice", now_ns);
	rules_lost(run, "voice", now_ns);
	assert_done("1000:16- 1000:16+");
	rules_found(run, "voice", now_ns);
	assert_done("1000:18+");
	rules_lost(run, "vision", now_ns); /* it never was there */
	assert_done("1000:22+");
	until(2000);
	assert_done("1100:18-");
	end();
}

static void things_are_forgotten_with_their_source(void **state)
{
	(void)state;
	start("on vision \"cat\" for 2s -> pin 16 high\n"
	      "on vision \"cat\" gone -> pin 18 high\n"
	      "on vision \"dog\" gone for 1s -> pin 22 high\n");
	see("cat");
	see("dog");
	lose_sight("dog");
	until(500);
	rules_lost(run, "vision", now_ns);
	until(10000);
	lose_sight("cat");
	assert_done("");
	rules_found(run, "vision", now_ns);
	see("cat");
	until(20000);
	assert_done("12000:16+");
	end();
}

/* Whatever there is, with all kinds of timing. */
static const char many[] =
	"at start -> pin 16 blink 70ms, pin 22 blink 35ms times 20\n"
	"on voice \"a\" -> pin 16 pulse 100ms, after 50ms pin 18 toggle then pin 26 pulse 10ms\n"
	"on voice \"b\" unless 300ms -> pin 18 blink 30ms times 4 then pin 16 blink 40ms\n"
	"on vision \"a\" for 120ms -> pin 22 pulse 200ms low or safe\n"
	"on vision \"a\" gone for 80ms -> pin 26 blink 25ms\n"
	"on vision \"b\" gone -> after 90ms pin 26 low, pin 18 high\n"
	"on pin 11 rising -> pin 33 servo 90, after 500ms pin 33 low\n"
	"lost vision -> pin 22 blink 15ms times 3\n"
	"found vision -> pin 16 safe, after 200ms pin 16 blink 60ms times 7\n";

static void something_happens(struct check_random *random)
{
	const char *label = check_random(random) % 2 ? "a" : "b";

	switch (check_random(random) % 8) {
	case 0:
		rules_lost(run, "vision", now_ns);
		break;
	case 1:
		rules_found(run, "vision", now_ns);
		break;
	case 2:
		edge(11, true);
		break;
	case 3:
	case 4:
		hear(label, 0.5f);
		break;
	case 5:
		lose_sight(label);
		break;
	default:
		see(label);
	}
}

static void it_does_not_matter_how_often_one_looks(void **state)
{
	static char before[sizeof(done)];

	(void)state;
	for (uint64_t seed = 0; seed < 40; seed++) {
		for (int looks_often = 0; looks_often < 2; looks_often++) {
			struct check_random random = { seed };
			int64_t ms = 0;

			start(many);
			for (int i = 0; i < 30; i++) {
				ms += check_random_in(&random, 0, 150);
				while (looks_often && now_ns < ms * MS) {
					now_ns += MS;
					rules_tick(run, now_ns);
				}
				until(ms);
				something_happens(&random);
			}
			until(ms + 100);
			stop();
			if (!looks_often)
				memcpy(before, done, sizeof(done));
		}
		assert_true(strlen(done) > 200);
		assert_string_equal(done, before);
	}
}

static void who_comes_late_does_once_what_was_missed(void **state)
{
	(void)state;
	start("at start -> pin 16 blink 100ms, pin 18 blink 100ms times 3, "
	      "after 1s pin 22 pulse 1s\n");
	assert_done("0:16+ 0:18+");
	now_ns = 5050 * MS; /* 50 turns of one, all of the other */
	rules_tick(run, now_ns);
	assert_done("5050:16+ 5050:18- 5050:22+");
	assert_true(rules_next_ns(run) == 5100 * MS);
	until(6049);
	done[0] = '\0';
	until(6050);
	assert_done("6050:22-"); /* as long as it was said to be */
	now_ns = INT64_MAX - 1;
	rules_tick(run, now_ns);
	rules_tick(run, now_ns);
	done[0] = '\0';
	end();
}

static void a_clock_that_goes_back_stands_still(void **state)
{
	(void)state;
	start("on voice \"a\" -> pin 16 pulse 500ms\n");
	until(10000);
	now_ns = 1000 * MS;
	hear("a", 0);
	assert_true(rules_next_ns(run) == 10500 * MS);
	rules_tick(run, now_ns);
	assert_done("1000:16+");
	until(11000);
	assert_done("10500:16-");
	end();
}

static void a_flood_of_events_costs_no_memory_and_leaves_one_end(void **state)
{
	unsigned long before;

	(void)state;
	start("on voice \"a\" -> pin 16 pulse 500ms, after 1s pin 18 high\n"
	      "on vision \"cat\" for 1s -> pin 22 high\n"
	      "on pin 11 rising unless 1s -> pin 13 toggle\n");
	is_quiet = true;
	before = allocations();
	for (int i = 0; i < 10000; i++) {
		hear("a", 0.9f);
		hear("b", 0.9f);
		see("cat");
		lose_sight("cat");
		edge(11, true);
		edge(11, false);
	}
	assert_true(allocations() == before);
	assert_int_equal(times, 10000 + 1);
	is_quiet = false;
	see("cat");
	until(10000);
	assert_done("500:16- 1000:22+ 1000:18+");
	end();
}

static void who_takes_a_pin_ends_what_was_to_come_for_it(void **state)
{
	(void)state;
	start("at start -> pin 16 blink 1s, pin 18 blink 1s, after 5s pin 16 low\n");
	assert_done("0:16+ 0:18+");
	assert_true(rules_is_busy(run, index_of(16)));
	rules_taken(run, index_of(16));
	rules_taken(run, 1000);
	assert_false(rules_is_busy(run, index_of(16)));
	assert_false(rules_is_busy(run, 1000));
	assert_true(rules_is_busy(run, index_of(18)));
	until(1500);
	assert_done("1000:18-");
	end();
}

static void rules_are_counted_at_their_place(void **state)
{
	struct rules_count count;

	(void)state;
	start("# first\n"
	      "  on voice \"a # b\" unless 1s -> pin 16 high  # comment\n"
	      "safe pin 18 low\n"
	      "at start -> pin 18 high\n");
	hear("a # b", 0);
	hear("a # b", 0);
	now_ns = 1000 * MS;
	hear("a # b", 0);
	assert_true(rules_count(run, 0, &count));
	assert_string_equal(count.place, "x.conf:2");
	assert_string_equal(count.text, "on voice \"a # b\" unless 1s -> pin 16 high");
	assert_int_equal(count.done, 2);
	assert_true(rules_count(run, 1, &count));
	assert_string_equal(count.place, "x.conf:4");
	assert_int_equal(count.done, 1);
	assert_false(rules_count(run, 2, &count));
	done[0] = '\0';
	end();
}

static void a_wrong_file_leaves_what_runs_alone(void **state)
{
	(void)state;
	start("on voice \"a\" -> pin 16 pulse 500ms\n");
	hear("a", 0);
	assert_null(rules_load_bytes("wrong", 5, "x.conf", virtual_header, NULL, NULL, NULL));
	until(1000);
	hear("a", 0);
	assert_done("0:16+ 500:16- 1000:16+");
	end();
}

static void nobody_needs_a_run_to_stop(void **state)
{
	(void)state;
	rules_stop(NULL, 0);
	rules_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_for_the_start_is_done_in_its_order),
		cmocka_unit_test(at_the_stop_every_output_is_safe_or_as_said),
		cmocka_unit_test(a_word_does_what_its_rules_say_each_time),
		cmocka_unit_test(a_score_has_to_be_above_what_is_said),
		cmocka_unit_test(a_thing_has_to_be_seen_for_the_whole_time),
		cmocka_unit_test(several_of_a_kind_are_there_until_the_last_is_gone),
		cmocka_unit_test(gone_for_a_time_is_not_to_come_back_before),
		cmocka_unit_test(unless_holds_back_what_was_done_just_before),
		cmocka_unit_test(what_was_held_back_is_not_made_up_for),
		cmocka_unit_test(an_edge_is_for_the_rules_of_its_pin_and_direction),
		cmocka_unit_test(toggle_goes_by_how_the_pin_is_and_not_by_what_was_said),
		cmocka_unit_test(a_pulse_ends_after_its_time),
		cmocka_unit_test(blinking_begins_high_and_has_its_times_or_no_end),
		cmocka_unit_test(a_new_action_comes_in_place_of_what_was_still_to_come),
		cmocka_unit_test(what_is_under_way_goes_on_until_the_next_action_begins),
		cmocka_unit_test(a_comma_is_beside_and_then_is_afterwards),
		cmocka_unit_test(pulses_that_follow_each_other_have_no_gap),
		cmocka_unit_test(pwm_has_a_period_and_a_duty_and_high_is_all_of_it),
		cmocka_unit_test(a_lost_source_makes_safe_what_was_said_to_be),
		cmocka_unit_test(sources_are_lost_and_found_once_and_lost_first_makes_safe),
		cmocka_unit_test(things_are_forgotten_with_their_source),
		cmocka_unit_test(it_does_not_matter_how_often_one_looks),
		cmocka_unit_test(who_comes_late_does_once_what_was_missed),
		cmocka_unit_test(a_clock_that_goes_back_stands_still),
		cmocka_unit_test(a_flood_of_events_costs_no_memory_and_leaves_one_end),
		cmocka_unit_test(who_takes_a_pin_ends_what_was_to_come_for_it),
		cmocka_unit_test(rules_are_counted_at_their_place),
		cmocka_unit_test(a_wrong_file_leaves_what_runs_alone),
		cmocka_unit_test(nobody_needs_a_run_to_stop),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, virtual_open, virtual_close) != 0;
}
