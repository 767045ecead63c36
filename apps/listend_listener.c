/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/listend_listener.h"

#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>

#include "board/clock.h"

#define NS_PER_SAMPLE (1000000000 / ATOLL_SOUND_RATE)

int listend_listener_open(struct listend_listener *listener, const struct listend_model *model,
			  struct atoll_devices *devices, const struct atoll_log *log,
			  struct atoll_error *err)
{
	struct hearing_config config = model->hearing;

	*listener = (struct listend_listener){ .model = model, .log = log };
	config.session.devices = devices;
	listener->hearing = hearing_open(&config, err);
	if (!listener->hearing)
		return atoll_error_prefix(err, "model %s", model->name);
	if (hearing_warning(listener->hearing))
		atoll_log(log, ATOLL_LOG_WARNING, "model %s: %s", model->name,
			  hearing_warning(listener->hearing));
	return 0;
}

void listend_listener_close(struct listend_listener *listener)
{
	if (listener->loop)
		atoll_loop_forget(listener->loop, hearing_fd(listener->hearing));
	hearing_close(listener->hearing);
}

/* A condition is told when it begins and when it ends, not in between. */
static void tell_failure(struct listend_listener *listener, const struct atoll_error *err)
{
	if (!listener->is_failing)
		atoll_log(listener->log, ATOLL_LOG_WARNING, "model %s: %s",
			  listener->model->name, err->text);
	listener->is_failing = true;
}

static void tell_success(struct listend_listener *listener)
{
	if (listener->is_failing)
		atoll_log(listener->log, ATOLL_LOG_NOTICE,
			  "model %s: works again, %" PRIu64 " failures so far",
			  listener->model->name, hearing_counts(listener->hearing).failed);
	listener->is_failing = false;
}

/* Inference has ended. */
static void on_result(void *data, uint32_t events)
{
	struct listend_listener *listener = data;
	struct atoll_error err;
	int words;

	(void)events;
	if (!hearing_is_running(listener->hearing))
		return;
	words = hearing_finish(listener->hearing, &err);
	if (words < 0) {
		tell_failure(listener, &err);
		return;
	}
	tell_success(listener);
	for (int i = 0; i < words; i++) {
		const struct hearing_word *word = hearing_word(listener->hearing, i);

		listener->on_word(listener->data, listener, word,
				  listener->origin_ns + word->start_ms * 1000000);
	}
}

void listend_listener_give(struct listend_listener *listener, const struct atoll_block *block)
{
	struct atoll_error err;

	listener->origin_ns = block->time_ns - (int64_t)block->at * NS_PER_SAMPLE;
	if (hearing_start(listener->hearing, block, &err) < 0)
		tell_failure(listener, &err);
}

int listend_listener_watch(struct listend_listener *listener, struct atoll_loop *loop,
			   listend_word_call *on_word, void *data, struct atoll_error *err)
{
	int r = atoll_loop_watch(loop, hearing_fd(listener->hearing), EPOLLIN, on_result,
				 listener);

	if (r < 0)
		return atoll_error_set(err, r, "model %s: watch: %s", listener->model->name,
				       strerror(-r));
	listener->loop = loop;
	listener->on_word = on_word;
	listener->data = data;
	return 0;
}

/* Runs that were left out: the model takes longer than its hop, or waits. */
void listend_listener_tick(struct listend_listener *listener)
{
	const int64_t now = atoll_clock_ns();
	uint64_t late = hearing_counts(listener->hearing).late;
	bool is_in_time = late == listener->late_before;

	if (!is_in_time && !listener->late_since_ns) {
		atoll_log(listener->log, ATOLL_LOG_WARNING, "model %s: cannot keep up",
			  listener->model->name);
		listener->late_since_ns = now;
		listener->late_from = listener->late_before;
	} else if (is_in_time && listener->late_since_ns) {
		atoll_log(listener->log, ATOLL_LOG_NOTICE,
			  "model %s: %" PRIu64 " runs left out in %" PRId64
			  " s, keeps up again", listener->model->name,
			  late - listener->late_from,
			  (now - listener->late_since_ns) / 1000000000);
		listener->late_since_ns = 0;
	}
	listener->late_before = late;
}
