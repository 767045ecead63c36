/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_SESSION_H
#define ATOLL_RUNTIME_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/devices.h"
#include "runtime/model.h"
#include "runtime/tensor.h"

/*
 * A model made ready to run.
 *
 *	#include <atoll/runtime/session.h>
 *	#include <stdio.h>
 *	#include <string.h>
 *
 *	int main(int argc, char **argv)
 *	{
 *		struct atoll_error err;
 *		struct atoll_model *model = atoll_model_load(argv[argc - 1], &err);
 *		struct atoll_session *session = model ?
 *			atoll_session_open(model, NULL, &err) : NULL;
 *
 *		if (!session)
 *			return fprintf(stderr, "%s\n", err.text), 1;
 *		memset(atoll_session_input(session, 0)->data, 128,
 *		       atoll_session_input(session, 0)->bytes);
 *		if (atoll_session_invoke(session) == 0)
 *			puts("done");
 *		atoll_session_close(session);
 *		atoll_model_free(model);
 *		return 0;
 *	}
 *
 * Open plans everything: kernels, packed weights, one arena in which tensors
 * with disjoint lifetimes share memory. Invoke allocates nothing. One session
 * belongs to one thread at a time; sessions share nothing but their model and
 * devices.
 *
 * What was compiled for the Edge TPU runs on the first device of the list that can
 * be had; the other operators always run on the CPU. With "cpu" in the list a model
 * that was not compiled runs too, and a compiled one whose device fails runs its
 * twin instead. Without it neither does. What was compiled for emulated devices
 * carries its graph: it runs on one of those, or, whatever the list says, on the CPU.
 */
struct atoll_session;

struct atoll_session_options {
	const char *device;   /* devices.h tells the names; NULL: "tpu,cpu" */
	struct atoll_devices *devices; /* shared by sessions, must outlive them; NULL:
				 devices of the session's own */
	const struct atoll_model *twin; /* the model this one was compiled from, which
				 runs in its stead on the CPU (and tells an emulated
				 device the answers); must outlive the session */
	uint32_t threads;     /* 0: one per processor, at most 4; limit 64 */
	bool is_profiled;     /* time every operator */
	bool keeps_tensors;   /* no shared memory: every tensor can be read after
				 a run (debugging; needs more memory) */
	size_t memory_max;    /* bytes the session may take, 0: what the machine has */
	const char *cache;    /* directory for packed weights, NULL for none; used
				 only when it is private to the user (mode 0700) */
};

/*
 * The model must outlive the session. `options` NULL means all zero. NULL with
 * a sentence naming the operator and what is supported when something in the
 * model cannot run here.
 */
struct atoll_session *atoll_session_open(const struct atoll_model *model,
					 const struct atoll_session_options *options,
					 struct atoll_error *err);

/* NULL is allowed. Waits for a started run. */
void atoll_session_close(struct atoll_session *session);

/* What it was opened with. */
const struct atoll_model *atoll_session_model(const struct atoll_session *session);

/* The graph's inputs and outputs; their data is the session's own memory:
   write inputs before a run, read outputs after it. NULL past the end. */
uint32_t atoll_session_inputs(const struct atoll_session *session);
uint32_t atoll_session_outputs(const struct atoll_session *session);
struct atoll_tensor *atoll_session_input(struct atoll_session *session, uint32_t i);
const struct atoll_tensor *atoll_session_output(const struct atoll_session *session,
						uint32_t i);

/* Any tensor of the main graph by its index in the file. Intermediate ones hold
   their contents after a run only with `keeps_tensors`. */
const struct atoll_tensor *atoll_session_tensor(const struct atoll_session *session,
						uint32_t index);

/* Run once and wait. 0, -EBUSY while a started run is not waited for, what an
   operator found wrong in its input (-ERANGE: an index outside), or how a device
   failed: the next run tries it again. */
int atoll_session_invoke(struct atoll_session *session);

/* How the last run failed, or why a device left it to the CPU; "" when none did. Right
   after open: that a model which was compiled for emulated devices runs on the CPU,
   though others were asked for. Not to be asked while a run is under way. */
const char *atoll_session_error(const struct atoll_session *session);

/*
 * The same in the background: start, then wait until it is done. Wait gives
 * the result of the run, -ETIMEDOUT after timeout_ms (negative: no limit), and
 * -EINVAL when nothing was started. The fd, for an epoll loop, is readable when
 * wait would not wait; it belongs to the session. The first start makes the
 * thread and is the only one that may fail for want of memory.
 */
int atoll_session_start(struct atoll_session *session);
int atoll_session_wait(struct atoll_session *session, int timeout_ms);
int atoll_session_fd(const struct atoll_session *session);

/* Set all variable tensors back to their initial zero. */
void atoll_session_reset(struct atoll_session *session);

/* The plan: what runs where and how memory is used. */
struct atoll_session_plan {
	const char *device;      /* "cpu", or what the compiled part runs on: "usb:1-1.4" */
	const char *instructions; /* "plain", "neon", "avx2", "vnni" */
	uint32_t threads;
	size_t arena_bytes;      /* tensors that come and go, and scratch */
	size_t packed_bytes;     /* weights in the form the kernels read */
	size_t constant_bytes;   /* results known at open (folded operators) */
	bool is_from_cache;      /* packed weights came from the cache */
	uint64_t run_ns;         /* the last run, from its start to its end */
	uint32_t steps;
	const struct atoll_session_step {
		uint32_t op;             /* index in the graph */
		const char *name;        /* operator */
		const char *device;      /* "cpu"; "known" when folded at open; for a
					    compiled part where it ran last */
		size_t output_offset;    /* output 0 in the arena, when there */
		size_t output_bytes;
		size_t scratch_bytes;
		uint64_t time_ns;        /* sum over runs, with is_profiled */
		uint64_t runs;
	} *step;                 /* [steps], in execution order */
};

/* Lives as long as the session; times move on with each run. */
const struct atoll_session_plan *atoll_session_plan(const struct atoll_session *session);

#endif
