/* SPDX-License-Identifier: Apache-2.0 */
/* Programs as their sessions see them: loaded at the daemon, run there, in memory
   that is shared with it. */
#include "runtime/serve/serve.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board/clock.h"
#include "runtime/serve/status.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/daemon.h"
#include "tests/folder.h"
#include "tests/part.h"

static char path[96];
static struct daemon *daemon_at;

static int enter(void **state)
{
	if (folder_make(state) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/tpu.sock", folder);
	daemon_at = NULL;
	return 0;
}

static void stop(void)
{
	if (daemon_at)
		daemon_stop(daemon_at);
	daemon_at = NULL;
}

static int leave(void **state)
{
	stop();
	return folder_remove(state);
}

static void start(uint32_t tpus)
{
	daemon_at = daemon_start(path, &(struct daemon_options){ .tpus = tpus });
}

static struct backend_program *try_to_load(const struct part *part, uint32_t priority,
					   struct atoll_error *err)
{
	const struct serve_options options = { .socket = path, .priority = priority,
					       .timeout_ms = 10000 };

	return serve_load(&options, &part->backend, err);
}

/* A compiled part and the program that it is at the daemon. */
struct client {
	struct part *part;
	struct backend_program *program;
};

static struct part *part_of(enum compiled_sample which)
{
	return part_new(compiled_sample(which), 1);
}

/* The part is the client's from now on. */
static struct client load(struct part *part)
{
	struct atoll_error err;
	struct client client = { part, try_to_load(part, SERVE_NORMAL, &err) };

	if (!client.program)
		fail_msg("%s", err.text);
	return client;
}

static void let_go(struct client *client)
{
	client->program->ops->free(client->program);
	part_free(client->part);
}

static int try_to_run(struct client *client, struct atoll_error *err)
{
	return client->program->ops->run(client->program, err);
}

static void run(struct client *client, uint32_t seed)
{
	struct atoll_error err;

	part_fill(client->part, seed);
	if (try_to_run(client, &err) != 0)
		fail_msg("%s", err.text);
}

static struct serve_status *status(void)
{
	struct atoll_error err;
	struct serve_status *now = serve_status_ask(path, 5000, &err);

	if (!now)
		fail_msg("%s", err.text);
	return now;
}

static void every_part_gives_the_right_answer(void **state)
{
	(void)state;
	start(1);
	for (int which = 0; which < COMPILED_SAMPLES; which++) {
		struct client client = load(part_of((enum compiled_sample)which));

		for (uint32_t i = 0; i < 3; i++) {
			run(&client, i);
			assert_true(part_is_pattern(client.part));
		}
		assert_string_equal(client.program->ops->name, "serve");
		assert_string_equal(client.program->device, "serve:emu:250-1");
		let_go(&client);
	}
}

static void tensors_with_memory_of_their_own_keep_it(void **state)
{
	struct part *part = part_of(COMPILED_TILES);
	struct client client;

	(void)state;
	start(1);
	part_take_memory(part);
	client = load(part);
	for (uint32_t i = 0; i < 5; i++)
		assert_ptr_equal(part->tensor[i].data, part->own[i]);
	run(&client, 1);
	assert_true(part_is_pattern(part));
	let_go(&client);
}

static void a_batch_is_several_runs(void **state)
{
	struct client client;
	struct serve_status *now;

	(void)state;
	start(1);
	client = load(part_new(compiled_sample(COMPILED_TILES), 3));
	run(&client, 1);
	assert_true(part_is_pattern(client.part));
	now = status();
	assert_int_equal(now->client[0].requests, 3);
	serve_status_free(now);
	let_go(&client);
}

/* What an emulator answers for the state: the second output of its run. */
static void check_state(const int16_t *memory)
{
	for (uint32_t i = 0; i < 10; i++) {
		uint16_t wire = (uint16_t)((uint8_t)(13 * 2 * i + 5 + 29) |
					   (uint8_t)(13 * (2 * i + 1) + 5 + 29) << 8);

		assert_int_equal((uint16_t)memory[i], wire ^ 0x8000);
	}
}

static void a_state_comes_back_to_its_input(void **state)
{
	for (int has_own = 0; has_own < 2; has_own++) {
		struct part *part = part_of(COMPILED_STATE);
		struct client client;

		(void)state;
		start(1);
		if (has_own)
			part_take_memory(part);
		client = load(part);
		run(&client, 1);
		assert_true(part_is_pattern(part));
		check_state(part->tensor[1].data);
		let_go(&client);
		stop();
	}
}

static void batches_with_states_are_refused(void **state)
{
	struct part *part = part_new(compiled_sample(COMPILED_STATE), 2);
	struct atoll_error err;

	(void)state;
	start(1);
	assert_null(try_to_load(part, SERVE_NORMAL, &err));
	assert_int_equal(err.code, -ENOTSUP);
	assert_null(part->tensor[0].data);
	part_free(part);
}

static void equal_bytes_are_one_program(void **state)
{
	struct client one, two, other;
	struct serve_status *now;

	(void)state;
	start(1);
	one = load(part_of(COMPILED_FLAT));
	two = load(part_of(COMPILED_FLAT));
	other = load(part_of(COMPILED_TILES));
	run(&one, 1);
	run(&two, 2);
	assert_ptr_not_equal(one.part->tensor[0].data, two.part->tensor[0].data);
	now = status();
	assert_int_equal(now->numbers.programs, 2);
	assert_int_equal(now->program[0].users, 1);
	assert_int_equal(now->program[1].users, 2);
	assert_int_equal(now->program[1].runs, 2);
	assert_int_equal(now->tpu[0].programs, 1);
	assert_int_equal(now->numbers.clients, 1);
	assert_int_equal(now->client[0].programs, 3);
	assert_int_equal(now->client[0].pid, getpid());
	serve_status_free(now);
	let_go(&one);
	run(&two, 3);
	assert_true(part_is_pattern(two.part));
	let_go(&two);
	let_go(&other);
}

static void what_was_let_go_is_let_go_everywhere(void **state)
{
	struct client client;
	struct serve_status *now;
	int64_t end = atoll_clock_ms() + 5000;

	(void)state;
	start(2);
	client = load(part_of(COMPILED_FLAT));
	run(&client, 1);
	let_go(&client);
	do {
		now = status();
		if (now->numbers.programs == 0 && now->tpu[0].programs == 0 &&
		    now->tpu[1].programs == 0)
			break;
		serve_status_free(now);
		assert_true(atoll_clock_ms() < end);
	} while (true);
	assert_int_equal(now->numbers.clients, 1); /* the one that asks */
	assert_int_equal(now->client[0].programs, 0);
	assert_int_equal(now->client[0].bytes, 0);
	serve_status_free(now);
}

static void a_part_that_is_broken_is_refused_with_its_sentence(void **state)
{
	struct part *part = part_of(COMPILED_FLAT);
	struct atoll_error err;

	(void)state;
	start(1);
	part->backend.options_bytes /= 2;
	assert_null(try_to_load(part, SERVE_NORMAL, &err));
	assert_true(err.code < 0);
	assert_memory_equal(err.text, "serve: ", 7);
	assert_null(part->tensor[0].data);
	part_free(part);
}

static void tensors_that_do_not_fit_are_refused(void **state)
{
	struct part *part = part_of(COMPILED_FLAT);
	struct atoll_error err;

	(void)state;
	start(1);
	part->tensor[0].bytes++;
	assert_null(try_to_load(part, SERVE_NORMAL, &err));
	assert_string_equal(err.text,
			    "serve: input 0: 21 bytes, the compiled part has 20");
	part->backend.outputs = 0;
	assert_null(try_to_load(part, SERVE_NORMAL, &err));
	assert_string_equal(err.text, "serve: 1 inputs and 0 outputs, the compiled part has 1 "
			    "and 1");
	part_free(part);
}

static void without_a_daemon_the_sentence_says_so(void **state)
{
	struct part *part = part_of(COMPILED_FLAT);
	struct atoll_error err;

	(void)state;
	assert_false(serve_is_there(path));
	assert_null(try_to_load(part, SERVE_NORMAL, &err));
	assert_int_equal(err.code, -ENOENT);
	assert_non_null(strstr(err.text, "tpu.sock: atoll-tpud does not run"));
	start(1);
	assert_true(serve_is_there(path));
	part_free(part);
}

static void without_a_tpu_a_run_says_so_at_once(void **state)
{
	struct client client;
	struct atoll_error err;

	(void)state;
	start(0);
	client = load(part_of(COMPILED_FLAT));
	assert_int_equal(try_to_run(&client, &err), -ENODEV);
	assert_string_equal(err.text, "serve: no Edge TPU is plugged in");
	assert_int_equal(try_to_run(&client, &err), -ENODEV);
	let_go(&client);
}

static void without_a_tpu_the_cpu_steps_in_where_it_may(void **state)
{
	struct part *with = part_of(COMPILED_FLAT);
	struct client can, cannot;
	struct atoll_error err;

	(void)state;
	daemon_at = daemon_start(path, &(struct daemon_options){ .has_cpu = true });
	part_take_twin(with);
	can = load(with);
	cannot = load(part_of(COMPILED_FLAT));
	run(&can, 1);
	assert_true(part_is_twin(with));
	assert_string_equal(can.program->device, "serve:cpu");
	assert_int_equal(try_to_run(&cannot, &err), -ENODEV);
	let_go(&can);
	let_go(&cannot);
}

static void with_a_tpu_the_cpu_stays_idle(void **state)
{
	struct part *part = part_of(COMPILED_FLAT);
	struct client client;

	(void)state;
	daemon_at = daemon_start(path, &(struct daemon_options){ .tpus = 1, .has_cpu = true });
	part_take_twin(part);
	client = load(part);
	for (uint32_t i = 0; i < 5; i++) {
		run(&client, i);
		assert_string_equal(client.program->device, "serve:emu:250-1");
		assert_true(part_is_twin(part)); /* the emulator was taught it */
	}
	let_go(&client);
}

static void a_model_that_is_no_twin_is_refused(void **state)
{
	struct part *part = part_of(COMPILED_FLAT);
	struct part *other = part_of(COMPILED_TILES);
	struct atoll_error err;

	(void)state;
	start(1);
	part_take_twin(part);
	other->backend.twin = part->backend.twin;
	assert_null(try_to_load(other, SERVE_NORMAL, &err));
	assert_string_equal(err.text, "serve: CPU model: 1 inputs and 1 outputs, the compiled "
			    "part has 2 and 3");
	part_free(part);
	part_free(other);
}

/* Between two runs nothing is lost: the second one connects again and does not
   fail. Addresses and what the inputs hold stay. */
static void a_daemon_that_was_restarted_in_between_is_not_noticed(void **state)
{
	struct part *part = part_of(COMPILED_FLAT);
	struct client client;
	struct atoll_error err;
	void *in, *out;

	(void)state;
	daemon_at = daemon_start(path, &(struct daemon_options){ .has_cpu = true });
	part_take_twin(part);
	client = load(part);
	in = part->tensor[0].data;
	out = part->tensor[1].data;
	run(&client, 1);
	stop();
	part_fill(part, 2);
	daemon_at = daemon_start(path, &(struct daemon_options){ .has_cpu = true });
	assert_int_equal(try_to_run(&client, &err), 0);
	assert_ptr_equal(part->tensor[0].data, in);
	assert_ptr_equal(part->tensor[1].data, out);
	assert_true(part_is_twin(part));
	run(&client, 3);
	assert_true(part_is_twin(part));
	let_go(&client);
}

static void while_the_daemon_is_gone_runs_fail_and_tensors_stay(void **state)
{
	struct client client;
	struct atoll_error err;

	(void)state;
	start(1);
	client = load(part_of(COMPILED_FLAT));
	run(&client, 1);
	stop();
	for (uint32_t i = 0; i < 3; i++) {
		part_fill(client.part, i);
		assert_int_equal(try_to_run(&client, &err), -ENOENT);
		assert_non_null(strstr(err.text, "atoll-tpud does not run"));
	}
	start(1);
	run(&client, 4);
	assert_true(part_is_pattern(client.part));
	let_go(&client);
}

/* A TPU so slow that a run takes a tenth of a second and more. */
#define SLOW_BYTES 1500

/* In a process of its own, to be killed. */
static pid_t fork_daemon(void)
{
	int up[2];
	char ready;
	pid_t pid;

	assert_int_equal(pipe(up), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)daemon_start(path, &(struct daemon_options){
			.tpus = 1, .bytes_per_second = SLOW_BYTES });
		(void)!write(up[1], "r", 1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(up[0], &ready, 1), 1);
	close(up[0]);
	close(up[1]);
	return pid;
}

static void *kill_soon(void *data)
{
	const pid_t *pid = data;

	(void)usleep(50000);
	(void)kill(*pid, SIGKILL);
	(void)waitpid(*pid, NULL, 0);
	return NULL;
}

static void a_daemon_that_dies_fails_the_run_and_the_next_one_works(void **state)
{
	struct client client;
	struct atoll_error err;
	pthread_t killer;
	pid_t pid = fork_daemon();
	void *in;

	(void)state;
	client = load(part_of(COMPILED_FLAT));
	in = client.part->tensor[0].data;
	part_fill(client.part, 1);
	assert_int_equal(pthread_create(&killer, NULL, kill_soon, &pid), 0);
	assert_int_equal(try_to_run(&client, &err), -ECONNRESET);
	assert_string_equal(err.text, "serve: atoll-tpud went away before it answered");
	assert_int_equal(pthread_join(killer, NULL), 0);
	start(1);
	run(&client, 2);
	assert_true(part_is_pattern(client.part));
	assert_ptr_equal(client.part->tensor[0].data, in);
	let_go(&client);
}

static void *stop_soon(void *data)
{
	(void)data;
	(void)usleep(50000);
	stop();
	return NULL;
}

static void a_daemon_that_is_stopped_ends_what_runs(void **state)
{
	struct client client[2];
	struct atoll_error err;
	pthread_t stopper;
	int r;

	(void)state;
	daemon_at = daemon_start(path, &(struct daemon_options){
		.tpus = 1, .bytes_per_second = SLOW_BYTES });
	for (int i = 0; i < 2; i++) {
		client[i] = load(part_of(COMPILED_FLAT));
		run(&client[i], 1); /* the TPU is up then */
	}
	part_fill(client[0].part, 2);
	assert_int_equal(pthread_create(&stopper, NULL, stop_soon, NULL), 0);
	r = try_to_run(&client[0], &err);
	assert_int_equal(pthread_join(stopper, NULL), 0);
	assert_int_equal(r, 0);
	assert_true(part_is_pattern(client[0].part));
	assert_int_equal(try_to_run(&client[1], &err), -ENOENT);
	for (int i = 0; i < 2; i++)
		let_go(&client[i]);
}

static void who_does_not_want_to_wait_any_longer_may_try_again(void **state)
{
	const struct serve_options options = { .socket = path, .timeout_ms = 60 };
	struct client client = { .part = part_of(COMPILED_FLAT) };
	struct atoll_error err;
	int64_t end = atoll_clock_ms() + 10000;

	(void)state;
	daemon_at = daemon_start(path, &(struct daemon_options){ .tpus = 1 });
	client.program = serve_load(&options, &client.part->backend, &err);
	assert_non_null(client.program);
	daemon_break(daemon_at, 0, "slow@2+200");
	part_fill(client.part, 1);
	assert_int_equal(try_to_run(&client, &err), -ETIMEDOUT);
	assert_string_equal(err.text, "serve: no answer from atoll-tpud");
	/* What comes late goes into memory that nobody looks at any more. */
	while (try_to_run(&client, &err) != 0) {
		assert_int_equal(err.code, -ETIMEDOUT);
		assert_true(atoll_clock_ms() < end);
	}
	assert_true(part_is_pattern(client.part));
	let_go(&client);
}

static uint32_t tpus_there(void)
{
	struct serve_status *now = status();
	uint32_t count = now->numbers.tpus;

	serve_status_free(now);
	return count;
}

static void await_tpus(uint32_t wanted)
{
	const int64_t end = atoll_clock_ms() + 10000;

	while (tpus_there() != wanted) {
		assert_true(atoll_clock_ms() < end);
		(void)usleep(2000);
	}
}

static void a_tpu_that_is_pulled_out_is_given_up_and_taken_again(void **state)
{
	struct client client;
	struct atoll_error err;

	(void)state;
	start(1);
	client = load(part_of(COMPILED_TILES));
	run(&client, 1);
	daemon_unplug(daemon_at, 0);
	assert_int_equal(try_to_run(&client, &err), -ENODEV);
	await_tpus(0);
	assert_int_equal(try_to_run(&client, &err), -ENODEV);
	assert_string_equal(err.text, "serve: no Edge TPU is plugged in");
	daemon_replug(daemon_at, 0);
	await_tpus(1);
	run(&client, 2);
	assert_true(part_is_pattern(client.part));
	let_go(&client);
}

static void a_request_whose_tpu_fails_goes_to_another(void **state)
{
	struct client client;
	struct serve_status *now;
	bool is_first;

	(void)state;
	start(2);
	client = load(part_of(COMPILED_TILES));
	run(&client, 1);
	await_tpus(2);
	is_first = strcmp(client.program->device, "serve:emu:250-1") == 0;
	daemon_break(daemon_at, is_first ? 0 : 1, "stall@0");
	run(&client, 2);
	assert_true(part_is_pattern(client.part));
	now = status();
	assert_int_equal(now->numbers.moved, 1);
	assert_int_equal(now->numbers.failures, 0);
	serve_status_free(now);
	let_go(&client);
}

static void priorities_are_told(void **state)
{
	struct client low = { .part = part_of(COMPILED_FLAT) };
	struct client high = { .part = part_of(COMPILED_FLAT) };
	struct serve_status *now;
	struct atoll_error err;

	(void)state;
	start(1);
	low.program = try_to_load(low.part, SERVE_LOW, &err);
	assert_non_null(low.program);
	now = status();
	assert_int_equal(now->client[0].priority, SERVE_LOW);
	serve_status_free(now);
	high.program = try_to_load(high.part, SERVE_HIGH, &err);
	assert_non_null(high.program);
	now = status();
	assert_int_equal(now->client[0].priority, SERVE_HIGH);
	serve_status_free(now);
	run(&low, 1);
	run(&low, 1);
	run(&high, 1);
	now = status();
	assert_int_equal(now->numbers.wait[SERVE_LOW].requests, 2);
	assert_int_equal(now->numbers.wait[SERVE_HIGH].requests, 1);
	assert_int_equal(now->numbers.wait[SERVE_NORMAL].requests, 0);
	serve_status_free(now);
	let_go(&low);
	let_go(&high);
}

#define CLIENT_TEST(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CLIENT_TEST(every_part_gives_the_right_answer),
		CLIENT_TEST(tensors_with_memory_of_their_own_keep_it),
		CLIENT_TEST(a_batch_is_several_runs),
		CLIENT_TEST(a_state_comes_back_to_its_input),
		CLIENT_TEST(batches_with_states_are_refused),
		CLIENT_TEST(equal_bytes_are_one_program),
		CLIENT_TEST(what_was_let_go_is_let_go_everywhere),
		CLIENT_TEST(a_part_that_is_broken_is_refused_with_its_sentence),
		CLIENT_TEST(tensors_that_do_not_fit_are_refused),
		CLIENT_TEST(without_a_daemon_the_sentence_says_so),
		CLIENT_TEST(without_a_tpu_a_run_says_so_at_once),
		CLIENT_TEST(without_a_tpu_the_cpu_steps_in_where_it_may),
		CLIENT_TEST(with_a_tpu_the_cpu_stays_idle),
		CLIENT_TEST(a_model_that_is_no_twin_is_refused),
		CLIENT_TEST(a_daemon_that_was_restarted_in_between_is_not_noticed),
		CLIENT_TEST(while_the_daemon_is_gone_runs_fail_and_tensors_stay),
		CLIENT_TEST(a_daemon_that_dies_fails_the_run_and_the_next_one_works),
		CLIENT_TEST(a_daemon_that_is_stopped_ends_what_runs),
		CLIENT_TEST(who_does_not_want_to_wait_any_longer_may_try_again),
		CLIENT_TEST(a_tpu_that_is_pulled_out_is_given_up_and_taken_again),
		CLIENT_TEST(a_request_whose_tpu_fails_goes_to_another),
		CLIENT_TEST(priorities_are_told),
	};

	return CHECK_RUN(tests);
}
