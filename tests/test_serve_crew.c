/* SPDX-License-Identifier: Apache-2.0 */
/* Workers, with engines that do as they are told. */
#include "runtime/serve/crew.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board/clock.h"
#include "tests/check.h"

#define ENGINES 3
#define REQUESTS 16

/* An engine of the test. What it is told, and what it was asked. */
struct puppet {
	struct engine engine;
	uint32_t which;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t turn;
	struct {
		bool is_held;          /* runs do not end */
		bool cannot_rise;
		uint32_t failing;      /* so many runs from now on fail */
		bool refuses_programs;
		uint32_t inside, runs, rises, loaded, freed;
	} engine[ENGINES];
	uint32_t order[64], ordered; /* which requests ran, as they began */
} stage;

static struct crew *crew;
static struct worker *worker[ENGINES];
static struct crew_request request[REQUESTS];
static uint32_t answered[REQUESTS];
static struct program program[4];
static struct queue_client client[REQUESTS];
static char news[1024];

static void lock(void)
{
	assert_int_equal(pthread_mutex_lock(&stage.lock), 0);
}

static void unlock(void)
{
	(void)pthread_cond_broadcast(&stage.turn);
	assert_int_equal(pthread_mutex_unlock(&stage.lock), 0);
}

static int puppet_raise(struct engine *engine, struct atoll_error *err)
{
	uint32_t which = ((struct puppet *)engine)->which;
	bool cannot;

	lock();
	stage.engine[which].rises++;
	cannot = stage.engine[which].cannot_rise;
	unlock();
	return cannot ? atoll_error_set(err, -EIO, "puppet %u lies on the floor", which) : 0;
}

static void *puppet_load(struct engine *engine, struct program *what, struct atoll_error *err)
{
	uint32_t which = ((struct puppet *)engine)->which;

	lock();
	stage.engine[which].loaded += !stage.engine[which].refuses_programs;
	unlock();
	if (!stage.engine[which].refuses_programs)
		return what;
	(void)atoll_error_set(err, -EINVAL, "puppet %u does not like it", which);
	return NULL;
}

/* The first input of a request is its number. */
static int puppet_run(struct engine *engine, void *loaded,
		      const struct engine_tensors *tensors, struct atoll_error *err)
{
	uint32_t which = ((struct puppet *)engine)->which;
	bool fails;

	(void)loaded;
	lock();
	stage.order[stage.ordered++ % 64] = (uint32_t)(uintptr_t)tensors->input;
	stage.engine[which].inside++;
	(void)pthread_cond_broadcast(&stage.turn);
	while (stage.engine[which].is_held)
		(void)pthread_cond_wait(&stage.turn, &stage.lock);
	stage.engine[which].inside--;
	stage.engine[which].runs++;
	fails = stage.engine[which].failing > 0;
	stage.engine[which].failing -= fails;
	unlock();
	return fails ? atoll_error_set(err, -EPIPE, "puppet %u tripped", which) : 0;
}

static void puppet_unload(struct engine *engine, void *loaded)
{
	(void)loaded;
	lock();
	stage.engine[((struct puppet *)engine)->which].loaded--;
	unlock();
}

static void puppet_look(struct engine *engine, struct serve_tpu *row)
{
	(void)engine, (void)row;
}

static void puppet_free(struct engine *engine)
{
	lock();
	stage.engine[((struct puppet *)engine)->which].freed++;
	unlock();
	free(engine);
}

static const struct engine_ops puppet_ops = {
	.raise = puppet_raise, .load = puppet_load, .run = puppet_run,
	.unload = puppet_unload, .look = puppet_look, .free = puppet_free,
};

static void add_kind(uint32_t which, bool is_cpu, bool is_emulated)
{
	struct puppet *puppet = calloc(1, sizeof(*puppet));

	assert_non_null(puppet);
	puppet->which = which;
	puppet->engine.ops = &puppet_ops;
	puppet->engine.is_cpu = is_cpu;
	puppet->engine.is_emulated = is_emulated;
	(void)snprintf(puppet->engine.name, sizeof(puppet->engine.name), "puppet:%u", which);
	worker[which] = crew_add(crew, &puppet->engine, NULL);
	assert_non_null(worker[which]);
}

static void add(uint32_t which, bool is_cpu)
{
	add_kind(which, is_cpu, false);
}

static void on_change(void *data, enum crew_news what, const struct serve_tpu *tpu)
{
	static const char *const words[] = {
		[CREW_UP] = "up", [CREW_FAILED] = "failed", [CREW_DOWN] = "down",
		[CREW_GONE] = "gone" };
	size_t used = strlen(news);

	(void)data;
	(void)snprintf(news + used, sizeof(news) - used, "%s %s; ", tpu->name, words[what]);
}

static void done(struct crew_request *which)
{
	lock();
	answered[which - request]++;
	unlock();
}

static int enter(void **state)
{
	const struct crew_settings settings = { .patience_ms = 10000, .group_ms = 10000,
						.changed = on_change };

	(void)state;
	memset(&stage, 0, sizeof(stage));
	(void)pthread_mutex_init(&stage.lock, NULL);
	(void)pthread_cond_init(&stage.turn, NULL);
	memset(answered, 0, sizeof(answered));
	memset(client, 0, sizeof(client));
	memset(program, 0, sizeof(program));
	news[0] = '\0';
	for (size_t i = 0; i < REQUESTS; i++)
		request[i] = (struct crew_request){
			.queue = { .client = &client[i], .rank = QUEUE_NORMAL },
			.program = &program[0], .done = done,
			.tensors = { .input = (void *)(uintptr_t)i } };
	crew = crew_new(&settings, NULL);
	return crew ? 0 : -1;
}

static int leave(void **state)
{
	(void)state;
	lock();
	for (size_t i = 0; i < ENGINES; i++)
		stage.engine[i].is_held = false;
	unlock();
	crew_free(crew);
	(void)pthread_cond_destroy(&stage.turn);
	(void)pthread_mutex_destroy(&stage.lock);
	return 0;
}

/* Until `*what` is `wanted`, for at most five seconds, tending meanwhile. */
static void await(const uint32_t *what, uint32_t wanted)
{
	int64_t end = atoll_clock_ms() + 5000;
	uint32_t now;

	for (;;) {
		struct pollfd item = { .fd = crew_fd(crew), .events = POLLIN };

		lock();
		now = *what;
		unlock();
		if (now == wanted)
			return;
		if (atoll_clock_ms() > end)
			fail_msg("%u instead of %u", now, wanted);
		(void)poll(&item, 1, 1);
		crew_tend(crew);
	}
}

static void await_news(const char *wanted)
{
	int64_t end = atoll_clock_ms() + 5000;

	while (!strstr(news, wanted)) {
		struct pollfd item = { .fd = crew_fd(crew), .events = POLLIN };

		if (atoll_clock_ms() > end)
			fail_msg("'%s' is not in '%s'", wanted, news);
		(void)poll(&item, 1, 10);
		crew_tend(crew);
	}
}

static void submit(uint32_t which)
{
	crew_submit(crew, &request[which]);
}

static void hold(uint32_t which, bool is_held)
{
	lock();
	stage.engine[which].is_held = is_held;
	unlock();
}

static void a_request_runs_and_says_where(void **state)
{
	(void)state;
	add(0, false);
	submit(0);
	await(&answered[0], 1);
	assert_int_equal(request[0].result, 0);
	assert_string_equal(request[0].device, "puppet:0");
	await_news("puppet:0 up; ");
}

static void two_engines_work_at_once(void **state)
{
	(void)state;
	add(0, false);
	add(1, false);
	await_news("puppet:0 up; ");
	await_news("puppet:1 up; ");
	hold(0, true);
	hold(1, true);
	submit(0);
	submit(1);
	await(&stage.engine[0].inside, 1);
	await(&stage.engine[1].inside, 1);
	hold(0, false);
	hold(1, false);
	await(&answered[0], 1);
	await(&answered[1], 1);
}

/* While the only engine is held, more than one waits; they come as the queue says. */
static void a_busy_engine_takes_the_next_by_priority(void **state)
{
	(void)state;
	add(0, false);
	hold(0, true);
	submit(0);
	await(&stage.engine[0].inside, 1);
	request[1].queue.rank = QUEUE_LOW;
	request[3].queue.rank = QUEUE_HIGH;
	submit(1);
	submit(2);
	submit(3);
	hold(0, false);
	await(&answered[1], 1);
	assert_memory_equal(stage.order, ((uint32_t[]){ 0, 3, 2, 1 }), 4 * sizeof(uint32_t));
}

/* Of two idle ones, that which has the parameters. */
static void a_request_goes_where_its_parameters_are(void **state)
{
	(void)state;
	program[0].token = 0xa;
	program[1].token = 0xb;
	add(0, false);
	add(1, false);
	await_news("puppet:0 up; ");
	await_news("puppet:1 up; ");
	request[1].program = &program[1];
	submit(0);
	await(&answered[0], 1);
	submit(1);
	await(&answered[1], 1);
	assert_string_not_equal(request[0].device, request[1].device);
	for (uint32_t i = 0; i < 5; i++) {
		char before[2][48];

		memcpy(before[0], request[0].device, 48);
		memcpy(before[1], request[1].device, 48);
		submit(1);
		await(&answered[1], 2 + i);
		submit(0);
		await(&answered[0], 2 + i);
		assert_string_equal(request[0].device, before[0]);
		assert_string_equal(request[1].device, before[1]);
	}
	assert_int_equal(stage.engine[0].loaded, 1);
	assert_int_equal(stage.engine[1].loaded, 1);
}

static void what_carries_its_graph_goes_to_emulated_engines_alone(void **state)
{
	(void)state;
	program[0].is_carried = true;
	program[0].twin = (struct atoll_model *)1; /* one, whatever it is */
	add(0, false);
	await_news("puppet:0 up; ");
	assert_false(crew_has_emulated(crew));
	submit(0);
	await(&answered[0], 1);
	assert_int_equal(request[0].result, -ENOTSUP);
	assert_string_equal(request[0].err.text, "no emulated Edge TPU: compiled for emulated "
			    "devices, with a graph in place of instructions");
	/* The CPU does not wait for a TPU that is none for it. */
	add(1, true);
	await_news("puppet:1 up; ");
	submit(1);
	await(&answered[1], 1);
	assert_string_equal(request[1].device, "puppet:1");
	add_kind(2, false, true);
	await_news("puppet:2 up; ");
	assert_true(crew_has_emulated(crew));
	for (uint32_t i = 2; i < 8; i++) {
		submit(i);
		await(&answered[i], 1);
		assert_int_equal(request[i].result, 0);
		assert_string_equal(request[i].device, "puppet:2");
	}
	assert_int_equal(stage.engine[0].loaded, 0);
}

static void a_request_that_failed_with_its_engine_is_tried_on_another(void **state)
{
	(void)state;
	add(0, false);
	add(1, false);
	await_news("puppet:0 up; ");
	await_news("puppet:1 up; ");
	stage.engine[0].failing = 1;
	stage.engine[1].failing = 0;
	hold(1, true); /* busy with another */
	submit(0);
	submit(1);
	await(&stage.engine[1].inside, 1);
	hold(1, false);
	await(&answered[0], 1);
	await(&answered[1], 1);
	assert_int_equal(request[0].result, 0);
	assert_int_equal(request[1].result, 0);
	assert_int_equal(stage.engine[0].runs + stage.engine[1].runs, 3);
	await_news("puppet:0 failed; ");
	await_news("puppet:0 failed; puppet:0 up; ");
}

static void one_that_fails_everywhere_is_answered_after_the_second_try(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		add(i, false);
	for (uint32_t i = 0; i < 3; i++)
		stage.engine[i].failing = 9;
	submit(0);
	await(&answered[0], 1);
	assert_int_equal(request[0].result, -EPIPE);
	assert_non_null(strstr(request[0].err.text, "tripped"));
	assert_int_equal(stage.engine[0].runs + stage.engine[1].runs + stage.engine[2].runs, 2);
}

static void the_only_engine_fails_its_request_and_the_next_one_works(void **state)
{
	(void)state;
	add(0, false);
	await_news("puppet:0 up; ");
	stage.engine[0].failing = 1;
	submit(0);
	await(&answered[0], 1);
	assert_int_equal(request[0].result, -EPIPE);
	submit(1);
	await(&answered[1], 1);
	assert_int_equal(request[1].result, 0);
	assert_int_equal(stage.engine[0].rises, 2);
}

/* Requests wait for an engine that may come up, and are answered when it does not. */
static void who_waits_for_an_engine_that_stays_down_hears_why(void **state)
{
	(void)state;
	stage.engine[0].cannot_rise = true;
	add(0, false);
	submit(0);
	await(&answered[0], 1);
	assert_int_equal(request[0].result, -ENODEV);
	assert_string_equal(request[0].err.text, "puppet 0 lies on the floor");
	await_news("puppet:0 down; ");
	submit(1);
	assert_int_equal(answered[1], 1); /* at once */
	assert_string_equal(request[1].err.text, "puppet 0 lies on the floor");
	stage.engine[0].cannot_rise = false;
	await_news("puppet:0 up; ");
	submit(2);
	await(&answered[2], 1);
	assert_int_equal(request[2].result, 0);
}

static void without_engines_a_request_is_answered_at_once(void **state)
{
	(void)state;
	submit(0);
	assert_int_equal(answered[0], 1);
	assert_int_equal(request[0].result, -ENODEV);
	assert_string_equal(request[0].err.text, "no Edge TPU is plugged in");
}

static void the_cpu_works_while_no_other_can(void **state)
{
	static struct atoll_model twin;

	(void)state;
	program[0].twin = &twin;
	add(0, true);
	submit(0);
	await(&answered[0], 1);
	assert_string_equal(request[0].device, "puppet:0");
	request[1].program = &program[1]; /* has no twin */
	submit(1);
	await(&answered[1], 1);
	assert_int_equal(request[1].result, -ENODEV);
	add(1, false);
	await_news("puppet:1 up; ");
	submit(2);
	await(&answered[2], 1);
	assert_string_equal(request[2].device, "puppet:1");
	stage.engine[1].failing = 1; /* the second try is the CPU's */
	submit(3);
	await(&answered[3], 1);
	assert_int_equal(request[3].result, 0);
	assert_string_equal(request[3].device, "puppet:0");
	crew_dismiss(crew, worker[1]);
	submit(4);
	await(&answered[4], 1);
	assert_string_equal(request[4].device, "puppet:0");
	program[0].twin = NULL;
}

static void a_program_that_cannot_be_loaded_is_no_fault_of_the_engine(void **state)
{
	(void)state;
	add(0, false);
	await_news("puppet:0 up; ");
	stage.engine[0].refuses_programs = true;
	submit(0);
	await(&answered[0], 1);
	assert_int_equal(request[0].result, -EINVAL);
	assert_string_equal(request[0].err.text, "puppet 0 does not like it");
	assert_int_equal(stage.engine[0].rises, 1);
}

static void what_is_cancelled_in_time_is_never_answered(void **state)
{
	(void)state;
	add(0, false);
	hold(0, true);
	submit(0);
	await(&stage.engine[0].inside, 1);
	submit(1);
	assert_true(crew_cancel(crew, &request[1]));
	assert_false(crew_cancel(crew, &request[0]));
	hold(0, false);
	await(&answered[0], 1);
	assert_false(crew_cancel(crew, &request[0]));
	submit(2);
	await(&answered[2], 1);
	assert_int_equal(answered[1], 0);
}

static void a_dismissed_engine_ends_its_run_and_is_gone(void **state)
{
	(void)state;
	add(0, false);
	hold(0, true);
	submit(0);
	await(&stage.engine[0].inside, 1);
	submit(1);
	crew_dismiss(crew, worker[0]);
	assert_int_equal(answered[1], 1); /* nobody is left for it */
	assert_int_equal(request[1].result, -ENODEV);
	assert_int_equal(answered[0], 0);
	hold(0, false);
	await(&answered[0], 1);
	assert_int_equal(request[0].result, 0);
	await_news("puppet:0 gone; ");
	assert_int_equal(stage.engine[0].freed, 1);
	assert_int_equal(stage.engine[0].loaded, 0);
}

static void who_waits_when_it_stops_is_told(void **state)
{
	(void)state;
	add(0, false);
	hold(0, true);
	submit(0);
	await(&stage.engine[0].inside, 1);
	submit(1);
	stage.engine[0].is_held = false; /* seen when it is woken */
	crew_stop(crew);
	assert_int_equal(answered[0], 1);
	assert_int_equal(answered[1], 1);
	assert_int_equal(request[0].result, 0);
	assert_int_equal(request[1].result, -ECONNRESET);
	submit(2);
	assert_int_equal(request[2].result, -ECONNRESET);
	assert_int_equal(stage.engine[0].freed, 1);
}

static void the_status_counts(void **state)
{
	struct serve_numbers numbers = { .version = 0 };
	struct serve_tpu tpu[4];

	(void)state;
	add(0, false);
	add(1, false);
	await_news("puppet:0 up; ");
	await_news("puppet:1 up; ");
	hold(0, true);
	hold(1, true);
	for (uint32_t i = 0; i < 4; i++)
		submit(i);
	await(&stage.engine[0].inside, 1);
	await(&stage.engine[1].inside, 1);
	assert_int_equal(crew_status(crew, &numbers, tpu, 4), 2);
	assert_int_equal(numbers.running, 2);
	assert_int_equal(numbers.waiting, 2);
	assert_int_equal(tpu[0].state, SERVE_TPU_BUSY);
	assert_string_equal(tpu[0].name, "puppet:0");
	hold(0, false);
	hold(1, false);
	for (uint32_t i = 0; i < 4; i++)
		await(&answered[i], 1);
	assert_int_equal(crew_status(crew, &numbers, tpu, 1), 2);
	assert_int_equal(numbers.requests, 4);
	assert_int_equal(numbers.failures, 0);
	assert_int_equal(numbers.wait[0].requests, 4);
	assert_true(numbers.wait[0].longest_ns <= numbers.wait[0].total_ns);
}

#define CREW_TEST(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CREW_TEST(a_request_runs_and_says_where),
		CREW_TEST(two_engines_work_at_once),
		CREW_TEST(a_busy_engine_takes_the_next_by_priority),
		CREW_TEST(a_request_goes_where_its_parameters_are),
		CREW_TEST(what_carries_its_graph_goes_to_emulated_engines_alone),
		CREW_TEST(a_request_that_failed_with_its_engine_is_tried_on_another),
		CREW_TEST(one_that_fails_everywhere_is_answered_after_the_second_try),
		CREW_TEST(the_only_engine_fails_its_request_and_the_next_one_works),
		CREW_TEST(who_waits_for_an_engine_that_stays_down_hears_why),
		CREW_TEST(without_engines_a_request_is_answered_at_once),
		CREW_TEST(the_cpu_works_while_no_other_can),
		CREW_TEST(a_program_that_cannot_be_loaded_is_no_fault_of_the_engine),
		CREW_TEST(what_is_cancelled_in_time_is_never_answered),
		CREW_TEST(a_dismissed_engine_ends_its_run_and_is_gone),
		CREW_TEST(who_waits_when_it_stops_is_told),
		CREW_TEST(the_status_counts),
	};

	return CHECK_RUN(tests);
}
