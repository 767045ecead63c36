/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many processes at once, some of which die: every answer is right, whoever lives
 * gets all of them, and the daemon is afterwards as it was before.
 *
 *	test ---- commands ---> daemon process: server, two emulated TPUs
 *	  |                        ^
 *	  +-- forks, kills ---> 8 client processes: load, run, check, again
 */
#include <dirent.h>
#include <err.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board/clock.h"
#include "runtime/serve/serve.h"
#include "runtime/serve/status.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/daemon.h"
#include "tests/part.h"

#define CLIENTS 8
#define REQUESTS 2000
#define WARM_UP 500
#define EACH_KILL 40       /* answers between two deaths */
#define BREAK_AT 200
#define UNPLUG_AT 600
#define REPLUG_AT 1300
#define RUNS_OF_A_LOAD 60  /* then a client loads anew */
#define DEADLINE_MS 60000
#define BYTES_PER_SECOND 400000000 /* so that requests meet in the queue */

/* Tables that have grown; and that, with what malloc keeps and a sanitizer or an
   emulator of processors may add. */
#define HEAP_MORE (256 * 1024)
#define RESIDENT_MORE (64 * 1024 * 1024)

/* What all processes write to. */
struct board {
	atomic_uint wanted, answered, wrong, failed, loads;
	char sentence[192];    /* of a failure */
};

struct usage {
	long resident;         /* pages */
	long heap;             /* bytes that are in use */
	int fds, memories;     /* open, mapped */
};

static char folder[64], path[96];
static struct board *board;
static int command[2], reply[2];
static pid_t daemon_pid, client_pid[CLIENTS];

/* --- the daemon --- */

static int count_fds(void)
{
	DIR *list = opendir("/proc/self/fd");
	int count = 0;

	while (list && readdir(list))
		count++;
	if (list)
		(void)closedir(list);
	return count;
}

/* What malloc keeps for later is given back before resident memory is counted: it
   depends on which threads have met, and is no leak. */
static struct usage measure(void)
{
	struct usage usage = { .fds = count_fds() };
	FILE *statm, *maps = fopen("/proc/self/maps", "r");
	char line[512];
	struct mallinfo2 heap = mallinfo2();
	long all;

	usage.heap = (long)(heap.uordblks + heap.hblkhd);
	(void)malloc_trim(0);
	statm = fopen("/proc/self/statm", "r");
	if (!statm || !maps || fscanf(statm, "%ld %ld", &all, &usage.resident) != 2)
		err(1, "proc");
	while (fgets(line, sizeof(line), maps))
		usage.memories += strstr(line, "/memfd:") != NULL;
	(void)fclose(statm);
	(void)fclose(maps);
	return usage;
}

static void run_daemon(void)
{
	struct daemon *daemon = daemon_start(path, &(struct daemon_options){
		.tpus = 2, .bytes_per_second = BYTES_PER_SECOND });
	struct usage usage;
	char what;

	(void)!write(reply[1], "r", 1);
	while (read(command[0], &what, 1) == 1) {
		switch (what) {
		case 'b':
			daemon_break(daemon, 0, "stall@9");
			break;
		case 'u':
			daemon_unplug(daemon, 1);
			break;
		case 'p':
			daemon_replug(daemon, 1);
			break;
		default:
			usage = measure();
			(void)!write(reply[1], &usage, sizeof(usage));
		}
	}
	daemon_stop(daemon);
	exit(0);
}

static void order(char what)
{
	assert_int_equal(write(command[1], &what, 1), 1);
}

static struct usage ask_usage(void)
{
	struct usage usage;

	order('m');
	assert_int_equal(read(reply[0], &usage, sizeof(usage)), sizeof(usage));
	return usage;
}

/* Who just asked may still be on the way out. */
static struct usage least_usage(void)
{
	struct usage least = ask_usage();

	for (int i = 0; i < 10; i++) {
		struct usage usage;

		(void)usleep(2000);
		usage = ask_usage();
		if (usage.fds < least.fds)
			least.fds = usage.fds;
		if (usage.memories < least.memories)
			least.memories = usage.memories;
	}
	return least;
}

/* --- clients --- */

static const char *const shared_models[] = {
	"models/mobilenet_v1_0.25_128_quant_edgetpu.tflite",
	"models/movenet_single_pose_lightning_ptq_edgetpu.tflite",
};

/* The compiled operator of a shared model; NULL when it is not there. */
static struct part *shared_part(uint32_t which)
{
	char file[4096];
	struct atoll_model *model;
	struct part *part = NULL;

	(void)snprintf(file, sizeof(file), "%s/%s", check_data(), shared_models[which]);
	model = atoll_model_load(file, NULL);
	for (uint32_t i = 0; model && !part && i < model->graph[0].operators; i++) {
		const struct atoll_operator *op = &model->graph[0].op[i];

		if (edgetpu_is_compiled(op))
			part = part_open(op->custom_options, op->custom_options_bytes);
	}
	atoll_model_free(model);
	return part;
}

/* Three of our own, one with a twin, and those that are shared. */
static struct part *take_part(uint32_t which, bool *has_twin)
{
	struct part *part = NULL;

	*has_twin = false;
	switch (which % 5) {
	case 0:
		return part_new(part_sized(150528, 1001, 3), 1);
	case 1:
		return part_new(compiled_sample(COMPILED_TILES), 1);
	case 2:
	case 3:
		part = shared_part(which % 5 - 2);
		break;
	}
	if (part)
		return part;
	*has_twin = true;
	part = part_new(compiled_sample(COMPILED_FLAT), 1);
	part_take_twin(part);
	return part;
}

static void note_failure(const struct atoll_error *error)
{
	(void)snprintf(board->sentence, sizeof(board->sentence), "%s", error->text);
	board->failed++;
}

static void use(struct part *part, bool has_twin, uint32_t priority, uint32_t seed)
{
	const struct serve_options options = { .socket = path, .priority = priority,
					       .timeout_ms = 20000 };
	struct atoll_error error;
	struct backend_program *program = serve_load(&options, &part->backend, &error);

	board->loads++;
	if (!program) {
		note_failure(&error);
		return;
	}
	for (uint32_t i = 0; i < RUNS_OF_A_LOAD && board->answered < board->wanted; i++) {
		part_fill(part, seed + i);
		if (program->ops->run(program, &error) < 0) {
			note_failure(&error);
			break;
		}
		board->wrong += !(has_twin ? part_is_twin(part) : part_is_pattern(part));
		board->answered++;
	}
	program->ops->free(program);
}

static void run_client(uint32_t number)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)close(command[1]);
	for (uint32_t turn = 0; board->answered < board->wanted && board->failed == 0; turn++) {
		bool has_twin;
		struct part *part = take_part(number + turn, &has_twin);

		use(part, has_twin, number % 3, 1000 * number + turn);
		part_free(part);
	}
	exit(0);
}

static void start_client(uint32_t slot, uint32_t number)
{
	client_pid[slot] = fork();
	if (client_pid[slot] == 0)
		run_client(number);
	assert_true(client_pid[slot] > 0);
}

/* --- the test --- */

static struct serve_status *status(void)
{
	struct atoll_error error;
	struct serve_status *now = serve_status_ask(path, 10000, &error);

	if (!now)
		fail_msg("%s", error.text);
	return now;
}

static bool is_quiet(void)
{
	struct serve_status *now = status();
	bool is_so = now->numbers.tpus == 2 && now->numbers.programs == 0 &&
		     now->numbers.clients == 1 && now->numbers.waiting == 0;

	for (uint32_t i = 0; i < now->numbers.tpus; i++)
		is_so = is_so && now->tpu[i].state == SERVE_TPU_IDLE && now->tpu[i].programs == 0;
	serve_status_free(now);
	return is_so;
}

static void await_quiet(void)
{
	for (int64_t end = atoll_clock_ms() + 20000; !is_quiet(); (void)usleep(5000))
		assert_true(atoll_clock_ms() < end);
}

static uint32_t murder(struct check_random *random, uint32_t number)
{
	uint32_t slot = (uint32_t)check_random_in(random, 0, CLIENTS - 1);

	assert_int_equal(kill(client_pid[slot], SIGKILL), 0);
	assert_int_equal(waitpid(client_pid[slot], NULL, 0), client_pid[slot]);
	start_client(slot, number);
	return 1;
}

static void await_survivors(void)
{
	for (uint32_t i = 0; i < CLIENTS; i++) {
		int how;

		assert_int_equal(waitpid(client_pid[i], &how, 0), client_pid[i]);
		assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
		client_pid[i] = 0;
	}
}

/* How many were killed meanwhile. */
static uint32_t let_them_work(uint32_t requests, uint32_t each_kill, uint32_t troubles)
{
	static const struct { uint32_t at; char what; } trouble[] = {
		{ BREAK_AT, 'b' }, { UNPLUG_AT, 'u' }, { REPLUG_AT, 'p' } };
	struct check_random random = { .state = 4 };
	int64_t end = atoll_clock_ms() + DEADLINE_MS;
	uint32_t deaths = 0, next_death = each_kill, next = 0;

	board->answered = 0;
	board->loads = 0;
	board->wanted = requests;
	for (uint32_t i = 0; i < CLIENTS; i++)
		start_client(i, i);
	while (board->answered < requests && board->failed == 0) {
		if (board->answered >= next_death) {
			deaths += murder(&random, CLIENTS + deaths);
			next_death += each_kill;
		}
		if (next < troubles && board->answered >= trouble[next].at)
			order(trouble[next++].what);
		assert_true(atoll_clock_ms() < end);
		(void)usleep(500);
	}
	await_survivors();
	if (board->failed > 0)
		fail_msg("%s", board->sentence);
	assert_int_equal(board->wrong, 0);
	await_quiet();
	return deaths;
}

static int enter(void **state)
{
	char ready;

	(void)state;
	strcpy(folder, "/tmp/atoll-stress-XXXXXX");
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	if (!mkdtemp(folder) || board == MAP_FAILED || pipe(command) < 0 || pipe(reply) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/tpu.sock", folder);
	daemon_pid = fork();
	if (daemon_pid == 0) {
		(void)close(command[1]);
		run_daemon();
	}
	return daemon_pid > 0 && read(reply[0], &ready, 1) == 1 ? 0 : -1;
}

static int leave(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < CLIENTS; i++)
		if (client_pid[i] > 0) {
			(void)kill(client_pid[i], SIGKILL);
			(void)waitpid(client_pid[i], NULL, 0);
		}
	(void)close(command[1]);
	(void)waitpid(daemon_pid, NULL, 0);
	(void)unlink(path);
	return rmdir(folder);
}

static void eight_processes_share_two_tpus_through_every_trouble(void **state)
{
	struct usage before, after;
	struct serve_status *now;
	int64_t begin, took_ms;
	uint32_t deaths, answered, loads;
	int how;

	(void)state;
	/* Every device has had every program, and memory for it. */
	(void)let_them_work(WARM_UP, REQUESTS, 0);
	before = least_usage();
	begin = atoll_clock_ms();
	deaths = let_them_work(REQUESTS, EACH_KILL, 3);
	answered = board->answered;
	took_ms = atoll_clock_ms() - begin;
	loads = board->loads;
	(void)let_them_work(WARM_UP, REQUESTS, 0); /* the one that came back works too */
	now = status();
	after = least_usage();
	print_message("# %u requests in %lld ms, %u loads, %u clients killed, %llu requests "
		      "tried twice; the daemon has %ld KiB more in use, %ld KiB more resident\n",
		      answered, (long long)took_ms, loads, deaths,
		      (unsigned long long)now->numbers.moved,
		      (after.heap - before.heap) / 1024,
		      (after.resident - before.resident) * (sysconf(_SC_PAGESIZE) / 1024));
	assert_true(answered >= REQUESTS);
	assert_true(deaths >= REQUESTS / EACH_KILL / 4); /* they may be quicker than we */
	assert_string_equal(now->tpu[1].name, "emu:250-2");
	assert_true(now->tpu[1].runs > 0);
	assert_true(now->numbers.moved > 0);
	assert_int_equal(now->numbers.refused, 0);
	serve_status_free(now);
	assert_int_equal(after.fds, before.fds);
	assert_int_equal(after.memories, 0);
	assert_int_equal(before.memories, 0);
	assert_true(after.heap - before.heap < HEAP_MORE);
	assert_true(after.resident - before.resident <
		    RESIDENT_MORE / sysconf(_SC_PAGESIZE));

	assert_int_equal(close(command[1]), 0);
	assert_int_equal(waitpid(daemon_pid, &how, 0), daemon_pid);
	assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			eight_processes_share_two_tpus_through_every_trouble, enter, leave),
	};

	return CHECK_RUN(tests);
}
