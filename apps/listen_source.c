/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/listen_source.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/options.h"
#include "apps/preset.h"
#include "apps/stop.h"
#include "board/clock.h"

/* How often a microphone that went away is looked for, and how often for a moment
   after something happened in /dev/snd: a node is there before it can be opened. */
#define REOPEN_PERIOD_MS 1000
#define REOPEN_SOON_MS 100
#define REOPEN_SOON_TIMES 10

/* Before a microphone that failed is asked again. */
#define AGAIN_MS 100

#define SAMPLES_PER_MS (ATOLL_SOUND_RATE / 1000)

int listen_source_open(struct listen_source *source, const struct listen_config *config,
		       const char *what, struct atoll_error *err)
{
	struct atoll_sound_config sound = config->sound;
	char *microphone = NULL;
	int r;

	*source = (struct listen_source){ .for_ms = config->for_ms, .watch_fd = -1 };
	if (!what) {
		r = config->mixer ? preset_apply(config->mixer, config->microphone, err) : 0;
		if (r < 0)
			return r;
		if (asprintf(&microphone, "mic:%s", config->microphone) < 0)
			return atoll_error_set(err, -ENOMEM, "out of memory");
	}
	sound.what = what ? what : microphone;
	if (!what || strcmp(what, "-") != 0)
		sound.raw.rate = 0;
	source->sound = atoll_sound_open(&sound, err);
	free(microphone);
	if (!source->sound)
		return err->code;
	source->is_live = atoll_sound_is_live(source->sound);
	source->start_ns = atoll_clock_ns();
	return 0;
}

void listen_source_close(struct listen_source *source)
{
	atoll_sound_close(source->sound);
	if (source->watch_fd >= 0)
		(void)close(source->watch_fd);
	source->sound = NULL;
	source->watch_fd = -1;
}

/* Of a microphone by the clock, or it would never be up while one is away. */
static int64_t left_ms(const struct listen_source *source)
{
	int64_t passed_ms = source->at_ms;

	if (source->for_ms == 0)
		return INT64_MAX;
	if (source->is_live)
		passed_ms = (atoll_clock_ns() - source->start_ns) / 1000000;
	return passed_ms < source->for_ms ? source->for_ms - passed_ms : 0;
}

static bool is_over(const struct listen_source *source)
{
	return stop_wanted() || ferror(stdout) || left_ms(source) == 0;
}

/* Until `fd` is readable, someone says stop, or the time is up. */
static void wait_for(const struct listen_source *source, int fd, int timeout_ms)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = stop_fd(), .events = POLLIN },
	};
	const int64_t left = source->is_live ? left_ms(source) : INT64_MAX;

	if (timeout_ms < 0 || left < timeout_ms)
		timeout_ms = left > INT32_MAX ? -1 : (int)left;
	(void)poll(fds, 2, timeout_ms); /* whatever woke us, the callers look again */
}

static void change(struct listen_source *source, enum listen_state state)
{
	source->state = state;
	if (source->changed)
		source->changed(source->data);
}

static void hide(struct listen_source *source)
{
	if (source->hide)
		source->hide(source->data);
}

/* Says so once each way. -ECANCELED when the end came first. */
static int wait_for_return(struct listen_source *source)
{
	const int64_t gone_ns = atoll_clock_ns();
	char forget[4096];
	int soon = 0;

	hide(source);
	options_say("%s; waiting for it", atoll_sound_error(source->sound)->text);
	change(source, LISTEN_AWAY);
	if (source->watch_fd < 0)
		source->watch_fd = atoll_microphone_watch(); /* -1: once a second, then */
	while (!is_over(source)) {
		if (atoll_sound_reopen(source->sound, NULL) == 0) {
			hide(source);
			options_say("%s: back after %.1f s", atoll_sound_name(source->sound),
				    (double)(atoll_clock_ns() - gone_ns) / 1e9);
			change(source, LISTEN_HEARS);
			return -ETIMEDOUT;
		}
		wait_for(source, source->watch_fd, soon > 0 ? REOPEN_SOON_MS :
			 REOPEN_PERIOD_MS);
		soon -= soon > 0;
		if (source->watch_fd >= 0 &&
		    read(source->watch_fd, forget, sizeof(forget)) > 0)
			soon = REOPEN_SOON_TIMES;
	}
	return -ECANCELED;
}

/* Once, until it is well again. A file that failed is at its end, a microphone is
   asked again. */
static int complain(struct listen_source *source, int r)
{
	if (!source->is_failing) {
		hide(source);
		options_say("%s", atoll_sound_error(source->sound)->text);
	}
	source->is_failing = true;
	if (!source->is_live)
		return r;
	wait_for(source, -1, AGAIN_MS);
	return -ETIMEDOUT;
}

static int take(struct listen_source *source, struct atoll_block *block)
{
	const int fd = atoll_sound_fd(source->sound);
	int r;

	if (fd >= 0)
		wait_for(source, fd, -1);
	if (is_over(source))
		return -ECANCELED;
	r = atoll_sound_next(source->sound, fd < 0 ? -1 : 0, block);
	if (r == -ENODEV && source->is_live)
		return wait_for_return(source);
	if (r < 0 && r != -ETIMEDOUT && r != -ENODATA)
		return stop_wanted() ? -ECANCELED : complain(source, r);
	return r;
}

int listen_source_next(struct listen_source *source, struct atoll_block *block)
{
	int r = is_over(source) ? -ECANCELED : -ETIMEDOUT;

	while (r == -ETIMEDOUT)
		r = take(source, block);
	if (r < 0) {
		change(source, LISTEN_ENDED);
		return r;
	}
	source->is_failing = false;
	source->at_ms = (int64_t)(block->at + block->count) / SAMPLES_PER_MS;
	return 0;
}
