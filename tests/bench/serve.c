/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs to go through atoll-tpud: the same runs in this process and at a
 * daemon of its own process, both on an emulated TPU without delay.
 *
 *	serve [RUNS]
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apps/tpud_emulators.h"
#include "board/clock.h"
#include "runtime/serve/serve.h"
#include "tests/daemon.h"
#include "tests/part.h"

#define INPUT_BYTES 150528 /* 224 x 224 x 3 */
#define OUTPUT_BYTES 1001
#define RUNS 3000
#define WARM 200
#define ROUNDS 5

static int64_t *direct_ns, *served_ns;

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static double at(const int64_t *sorted, size_t count, unsigned percent)
{
	return (double)sorted[(count - 1) * percent / 100] / 1000;
}

/* In this process, as a session with device=emu would. */
struct direct {
	struct engine *engine;
	struct program *program;
	void *loaded;
	uint8_t *in, *out;
};

static struct direct open_direct(const struct part *part)
{
	struct direct direct = { .engine = NULL };
	struct engine_tpu_options tpu = { .clock = EDGETPU_CLOCK_MAX };
	struct program_source source = { .fd = { -1, -1 } };
	struct atoll_error error;

	if (tpud_emulators_new(1, 0, &tpu, &error) < 0)
		errx(1, "%s", error.text);
	tpu.place = (struct usb_place){ .bus = 250, .ports = 1, .port = { 1 } };
	source.fd[0] = serve_memory_copy("bench", part->options, part->backend.options_bytes);
	source.bytes[0] = part->backend.options_bytes;
	direct.program = program_open(&source, &error);
	direct.engine = direct.program ? engine_tpu_new(&tpu, &error) : NULL;
	if (!direct.engine || direct.engine->ops->raise(direct.engine, &error) < 0)
		errx(1, "%s", error.text);
	direct.loaded = direct.engine->ops->load(direct.engine, direct.program, &error);
	direct.in = aligned_alloc(64, (INPUT_BYTES + 127) / 64 * 64);
	direct.out = aligned_alloc(64, (OUTPUT_BYTES + 127) / 64 * 64);
	if (!direct.loaded || !direct.in || !direct.out)
		errx(1, "%s", error.text);
	memset(direct.in, 7, INPUT_BYTES);
	return direct;
}

static int64_t run_direct(struct direct *direct)
{
	const struct engine_tensors tensors = {
		.input = (void *[]){ direct->in }, .output = (void *[]){ direct->out } };
	int64_t start = atoll_clock_ns();
	struct atoll_error error;

	if (direct->engine->ops->run(direct->engine, direct->loaded, &tensors, &error) < 0)
		errx(1, "%s", error.text);
	return atoll_clock_ns() - start;
}

static int64_t run_served(struct backend_program *program)
{
	int64_t start = atoll_clock_ns();
	struct atoll_error error;

	if (program->ops->run(program, &error) < 0)
		errx(1, "%s", error.text);
	return atoll_clock_ns() - start;
}

/* The daemon, until its pipe or its parent is closed. */
static pid_t start_daemon(const char *path)
{
	int up[2];
	char ready;
	pid_t pid;

	if (pipe(up) < 0)
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)daemon_start(path, &(struct daemon_options){ .tpus = 1,
								   .look_ms = 1000 });
		if (write(up[1], "r", 1) != 1)
			err(1, "pipe");
		for (;;)
			(void)pause();
	}
	(void)close(up[1]);
	if (read(up[0], &ready, 1) != 1)
		errx(1, "the daemon did not start");
	(void)close(up[0]);
	return pid;
}

static struct backend_program *load(const char *path, struct part *part)
{
	const struct serve_options options = { .socket = path };
	struct atoll_error error;
	struct backend_program *program = serve_load(&options, &part->backend, &error);

	if (!program)
		errx(1, "%s", error.text);
	part_fill(part, 1);
	return program;
}

int main(int argc, char **argv)
{
	size_t runs = argc > 1 ? (size_t)atol(argv[1]) : RUNS, count = 0;
	struct part *part = part_new(part_sized(INPUT_BYTES, OUTPUT_BYTES, 1), 1);
	char path[] = "/tmp/atoll-bench-XXXXXX";
	struct backend_program *program;
	struct direct direct;
	pid_t daemon;

	direct_ns = calloc(runs + ROUNDS, sizeof(*direct_ns));
	served_ns = calloc(runs + ROUNDS, sizeof(*served_ns));
	if (!direct_ns || !served_ns || runs == 0)
		errx(2, "serve [RUNS]");
	(void)close(mkstemp(path));
	(void)unlink(path);
	daemon = start_daemon(path);
	program = load(path, part);
	direct = open_direct(part);
	for (size_t i = 0; i < WARM; i++) {
		(void)run_direct(&direct);
		(void)run_served(program);
	}
	/* Turn by turn, since machines differ from one second to the next. */
	for (size_t round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < runs / ROUNDS; i++)
			direct_ns[count + i] = run_direct(&direct);
		for (size_t i = 0; i < runs / ROUNDS; i++)
			served_ns[count + i] = run_served(program);
		count += runs / ROUNDS;
	}
	if (!part_is_pattern(part))
		errx(1, "a wrong answer");
	qsort(direct_ns, count, sizeof(direct_ns[0]), compare);
	qsort(served_ns, count, sizeof(served_ns[0]), compare);
	printf("%-24s %10s %10s %10s\n", "150528 bytes in, us", "median", "90 %", "99 %");
	printf("%-24s %10.0f %10.0f %10.0f\n", "in the process", at(direct_ns, count, 50),
	       at(direct_ns, count, 90), at(direct_ns, count, 99));
	printf("%-24s %10.0f %10.0f %10.0f\n", "through atoll-tpud", at(served_ns, count, 50),
	       at(served_ns, count, 90), at(served_ns, count, 99));
	printf("%-24s %10.0f %10s %10.0f (goal: at most 100 and 400)\n", "added",
	       at(served_ns, count, 50) - at(direct_ns, count, 50), "",
	       at(served_ns, count, 99) - at(direct_ns, count, 50));
	(void)kill(daemon, SIGKILL);
	(void)waitpid(daemon, NULL, 0);
	(void)unlink(path);
	return 0;
}
