/* SPDX-License-Identifier: Apache-2.0 */
/* Programs as their sessions see them: loaded at the daemon, run there, in memory
   that is shared with it. */
#include "runtime/serve/serve.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board/clock.h"
#include "runtime/serve/status.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/daemon.h"
#include "tests/part.h"

static char folder[64], path[96];
static struct daemon *daemon_at;

static int enter(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/atoll-serve-XXXXXX");
	if (!mkdtemp(folder))
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
	(void)state;
	stop();
	(void)unlink(path);
	return rmdir(folder);
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

static struct backend_program *load(const struct part *part)
{
	struct atoll_error err;
	struct backend_program *program = try_to_load(part, SERVE_NORMAL, &err);

	if (!program)
		fail_msg("%s", err.text);
	return program;
}

static void run(struct backend_program *program, struct part *part, uint32_t seed)
{
	struct atoll_error err;

	part_fill(part, seed);
	if (program->ops->run(program, &err) != 0)
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
		struct part *part = part_new(compiled_sample((enum compiled_sample)which), 1);
		struct backend_program *program = load(part);

		for (uint32_t i = 0; i < 3; i++) {
			run(program, part, i);
			assert_true(part_is_pattern(part));
		}
		assert_string_equal(program->ops->name, "serve");
		assert_string_equal(program->device, "serve:emu:250-1");
		program->ops->free(program);
		part_free(part);
	}
}

static void tensors_with_memory_of_their_own_keep_it(void **state)
{
	struct part *part = part_new(compiled_sample(COMPILED_TILES), 1);
	struct backend_program *program;

	(void)state;
	start(1);
	part_take_memory(part);
	program = load(part);
	for (uint32_t i = 0; i < 5; i++)
		assert_ptr_equal(part->tensor[i].data, part->own[i]);
	run(program, part, 1);
	assert_true(part_is_pattern(part));
	program->ops->free(program);
	part_free(part);
}

static void a_batch_is_several_runs(void **state)
{
	struct part *part = part_new(compiled_sample(COMPILED_TILES), 3);
	struct backend_program *program;
	struct serve_status *now;

	(void)state;
	start(1);
	program = load(part);
	run(program, part, 1);
	assert_true(part_is_pattern(part));
	now = status();
	assert_int_equal(now->client[0].requests, 3);
	serve_status_free(now);
	program->ops->free(program);
	part_free(part);
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
		struct part *part = part_new(compiled_sample(COMPILED_STATE), 1);
		struct backend_program *program;

		(void)state;
		start(1);
		if (has_own)
			part_take_memory(part);
		program = load(part);
		run(program, part, 1);
		assert_true(part_is_pattern(part));
		check_state(part->tensor[1].data);
		program->ops->free(program);
		part_free(part);
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
	struct part *one = part_new(compiled_sample(COMPILED_FLAT), 1);
	struct part *two = part_new(compiled_sample(COMPILED_FLAT), 1);
	struct part *other = part_new(compiled_sample(COMPILED_TILES), 1);
	struct backend_program *first, *second, *third;
	struct serve_status *now;

	(void)state;
	start(1);
	first = load(one);
	second = load(two);
	third = load(other);
	run(first, one, 1);
	run(second, two, 2);
	assert_ptr_not_equal(one->tensor[0].data, two->tensor[0].data);
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
	first->ops->free(first);
	run(second, two, 3);
	assert_true(part_is_pattern(two));
	second->ops->free(second);
	third->ops->free(third);
	part_free(one);
	part_free(two);
	part_free(other);
}

static void what_was_let_go_is_let_go_everywhere(void **state)
{
	struct part *part = part_new(compiled_sample(COMPILED_FLAT), 1);
	struct backend_program *program;
	struct serve_status *now;
	int64_t end = atoll_clock_ms() + 5000;

	(void)state;
	start(2);
	program = load(part);
	run(program, part, 1);
	program->ops->free(program);
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
	part_free(part);
}

static void a_part_that_is_broken_is_refused_with_its_sentence(void **state)
{
	struct part *part = part_new(compiled_sample(COMPILED_FLAT), 1);
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
	struct part *part = part_new(compiled_sample(COMPILED_FLAT), 1);
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
	struct part *part = part_new(compiled_sample(COMPILED_FLAT), 1);
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
	struct part *part = part_new(compiled_sample(COMPILED_FLAT), 1);
	struct backend_program *program;
	struct atoll_error err;

	(void)state;
	start(0);
	program = load(part);
	assert_int_equal(program->ops->run(program, &err), -ENODEV);
	assert_string_equal(err.text, "serve: no Edge TPU is plugged in");
	assert_int_equal(program->ops->run(program, &err), -ENODEV);
	program->ops->free(program);
	part_free(part);
}

static void without_a_tpu_the_cpu_steps_in_where_it_may(void **state)
{
	struct part *with = part_new(compiled_sample(COMPILED_FLAT), 1);
	struct part *without = part_new(compiled_sample(COMPILED_FLAT), 1);
	struct backend_program *can, *cannot;
	struct atoll_error err;

	(void)state;
	daemon_at = daemon_start(path, &(struct daemon_options){ .has_cpu = true });
	part_take_twin(with);
	can = load(with);
	cannot = load(without);
	run(can, with, 1);
	assert_true(part_is_twin(with));
	assert_string_equal(can->device, "serve:cpu");
	assert_int_equal(cannot->ops->run(cannot, &err), -ENODEV);
	can->ops->free(can);
	cannot->ops->free(cannot);
	part_free(with);
	part_free(without);
}

static void with_a_tpu_the_cpu_stays_idle(void **state)
{
	struct part *part = part_new(compiled_sample(COMPILED_FLAT), 1);
	struct backend_program *program;

	(void)state;
	daemon_at = daemon_start(path, &(struct daemon_options){ .tpus = 1, .has_cpu = true });
	part_take_twin(part);
	program = load(part);
	for (uint32_t i = 0; i < 5; i++) {
		run(program, part, i);
		assert_string_equal(program->device, "serve:emu:250-1");
		assert_true(part_is_twin(part)); /* the emulator was taught it */
	}
	program->ops->free(program);
	part_free(part);
}

static void a_model_that_is_no_twin_is_refused(void **state)
{
	struct part *part = part_new(compiled_sample(COMPILED_FLAT), 1);
	struct part *other = part_new(compiled_sample(COMPILED_TILES), 1);
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
	struct part *part = part_new(compiled_sample(COMPILED_FLAT), 1);
	struct backend_program *program;
	struct atoll_error err;
	void *in, *out;

	(void)state;
	daemon_at = daemon_start(path, &(struct daemon_options){ .has_cpu = true });
	part_take_twin(part);
	program = load(part);
	in = part->tensor[0].data;
	out = part->tensor[1].data;
	run(program, part, 1);
	stop();
	part_fill(part, 2);
	daemon_at = daemon_start(path, &(struct daemon_options){ .has_cpu = true });
	assert_int_equal(program->ops->run(program, &err), 0);
	assert_ptr_equal(part->tensor[0].data, in);
	assert_ptr_equal(part->tensor[1].data, out);
	assert_true(part_is_twin(part));
	run(program, part, 3);
	assert_true(part_is_twin(part));
	program->ops->free(program);
	part_free(part);
}

static void while_the_daemon_is_gone_runs_fail_and_tensors_stay(void **state)
{
	struct part *part = part_new(compiled_sample(COMPILED_FLAT), 1);
	struct backend_program *program;
	struct atoll_error err;

	(void)state;
	start(1);
	program = load(part);
	run(program, part, 1);
	stop();
	for (uint32_t i = 0; i < 3; i++) {
		part_fill(part, i);
		assert_int_equal(program->ops->run(program, &err), -ENOENT);
		assert_non_null(strstr(err.text, "atoll-tpud does not run"));
	}
	start(1);
	run(program, part, 4);
	assert_true(part_is_pattern(part));
	program->ops->free(program);
	part_free(part);
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
	struct part *part = part_new(compiled_sample(COMPILED_FLAT), 1);
	struct backend_program *program;
	struct atoll_error err;
	pthread_t killer;
	pid_t pid = fork_daemon();
	void *in;

	(void)state;
	program = load(part);
	in = part->tensor[0].data;
	part_fill(part, 1);
	assert_int_equal(pthread_create(&killer, NULL, kill_soon, &pid), 0);
	assert_int_equal(program->ops->run(program, &err), -ECONNRESET);
	assert_string_equal(err.text, "serve: atoll-tpud went away before it answered");
	assert_int_equal(pthread_join(killer, NULL), 0);
	start(1);
	run(program, part, 2);
	assert_true(part_is_pattern(part));
	assert_ptr_equal(part->tensor[0].data, in);
	program->ops->free(program);
	part_free(part);
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
	struct part *part[2] = { part_new(compiled_sample(COMPILED_FLAT), 1),
				 part_new(compiled_sample(COMPILED_FLAT), 1) };
	struct backend_program *program[2];
	struct atoll_error err;
	pthread_t stopper;
	int r;

	(void)state;
	daemon_at = daemon_start(path, &(struct daemon_options){
		.tpus = 1, .bytes_per_second = SLOW_BYTES });
	for (int i = 0; i < 2; i++) {
		program[i] = load(part[i]);
		run(program[i], part[i], 1); /* the TPU is up then */
	}
	part_fill(part[0], 2);
	assert_int_equal(pthread_create(&stopper, NULL, stop_soon, NULL), 0);
	r = program[0]->ops->run(program[0], &err);
	assert_int_equal(pthread_join(stopper, NULL), 0);
	assert_int_equal(r, 0);
	assert_true(part_is_pattern(part[0]));
	assert_int_equal(program[1]->ops->run(program[1], &err), -ENOENT);
	for (int i = 0; i < 2; i++) {
		program[i]->ops->free(program[i]);
		part_free(part[i]);
	}
}

static void who_does_not_want_to_wait_any_longer_may_try_again(void **state)
{
	const struct serve_options options = { .socket = path, .timeout_ms = 60 };
	struct part *part = part_new(compiled_sample(COMPILED_FLAT), 1);
	struct backend_program *program;
	struct atoll_error err;
	int64_t end = atoll_clock_ms() + 10000;

	(void)state;
	daemon_at = daemon_start(path, &(struct daemon_options){ .tpus = 1 });
	program = serve_load(&options, &part->backend, &err);
	assert_non_null(program);
	daemon_break(daemon_at, 0, "slow@2+200");
	part_fill(part, 1);
	assert_int_equal(program->ops->run(program, &err), -ETIMEDOUT);
	assert_string_equal(err.text, "serve: no answer from atoll-tpud");
	/* What comes late goes into memory that nobody looks at any more. */
	while (program->ops->run(program, &err) != 0) {
		assert_int_equal(err.code, -ETIMEDOUT);
		assert_true(atoll_clock_ms() < end);
	}
	assert_true(part_is_pattern(part));
	program->ops->free(program);
	part_free(part);
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
	for (int64_t end = atoll_clock_ms() + 10000; tpus_there() != wanted; (void)usleep(2000))
		assert_true(atoll_clock_ms() < end);
}

static void a_tpu_that_is_pulled_out_is_given_up_and_taken_again(void **state)
{
	struct part *part = part_new(compiled_sample(COMPILED_TILES), 1);
	struct backend_program *program;
	struct atoll_error err;

	(void)state;
	start(1);
	program = load(part);
	run(program, part, 1);
	daemon_unplug(daemon_at, 0);
	assert_int_equal(program->ops->run(program, &err), -ENODEV);
	await_tpus(0);
	assert_int_equal(program->ops->run(program, &err), -ENODEV);
	assert_string_equal(err.text, "serve: no Edge TPU is plugged in");
	daemon_replug(daemon_at, 0);
	await_tpus(1);
	run(program, part, 2);
	assert_true(part_is_pattern(part));
	program->ops->free(program);
	part_free(part);
}

static void a_request_whose_tpu_fails_goes_to_another(void **state)
{
	struct part *part = part_new(compiled_sample(COMPILED_TILES), 1);
	struct backend_program *program;
	struct serve_status *now;

	(void)state;
	start(2);
	program = load(part);
	run(program, part, 1);
	await_tpus(2);
	daemon_break(daemon_at, program->device[strlen("serve:emu:250-")] == '1' ? 0 : 1,
		     "stall@0");
	run(program, part, 2);
	assert_true(part_is_pattern(part));
	now = status();
	assert_int_equal(now->numbers.moved, 1);
	assert_int_equal(now->numbers.failures, 0);
	serve_status_free(now);
	program->ops->free(program);
	part_free(part);
}

static void priorities_are_told(void **state)
{
	struct part *part = part_new(compiled_sample(COMPILED_FLAT), 1);
	struct part *other = part_new(compiled_sample(COMPILED_FLAT), 1);
	struct backend_program *low, *high;
	struct serve_status *now;
	struct atoll_error err;

	(void)state;
	start(1);
	low = try_to_load(part, SERVE_LOW, &err);
	assert_non_null(low);
	now = status();
	assert_int_equal(now->client[0].priority, SERVE_LOW);
	serve_status_free(now);
	high = try_to_load(other, SERVE_HIGH, &err);
	assert_non_null(high);
	now = status();
	assert_int_equal(now->client[0].priority, SERVE_HIGH);
	serve_status_free(now);
	run(low, part, 1);
	run(low, part, 1);
	run(high, other, 1);
	now = status();
	assert_int_equal(now->numbers.wait[SERVE_LOW].requests, 2);
	assert_int_equal(now->numbers.wait[SERVE_HIGH].requests, 1);
	assert_int_equal(now->numbers.wait[SERVE_NORMAL].requests, 0);
	serve_status_free(now);
	low->ops->free(low);
	high->ops->free(high);
	part_free(part);
	part_free(other);
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
