/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/listend_ear.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "apps/preset.h"
#include "board/clock.h"

/* How often a microphone that is away is asked for. */
#define ASK_MS 1000

/* And how soon after /dev/snd changed: a card comes node by node, and each is there
   before it may be opened. */
#define SOON_MS 100

/* From a microphone that works something comes in a fraction of this. */
#define SILENT_NS INT64_C(3000000000)

/* Pieces taken before others have their turn: a second of sound. */
#define PIECES_AT_ONCE 10

struct listend_ear {
	const struct listend_config *config;
	struct listend_ear_calls calls;
	const struct atoll_log *log;
	struct atoll_loop *loop;     /* NULL until open */
	enum listend_hearing state;

	struct atoll_sound *sound;   /* NULL until there was one */
	int sound_fd;                /* watched, else -1 */
	int watch_fd;                /* of /dev/snd, while waiting, else -1 */
	int ask_timer;               /* likewise */
	int soon_timer;              /* while something is coming, else -1 */
	struct atoll_error why;      /* there is no microphone, as it was logged */
	int64_t heard_ns;            /* when the last piece came, or it was opened */
	bool is_after_gap;           /* the next piece is, whatever it says */
	bool is_failing;

	struct atoll_sound_counts counts_before; /* at the last tick */
	struct atoll_sound_counts lost_from; /* when losses began .. */
	int64_t lost_since_ns;       /* .. and when that was; 0: none */
	struct atoll_level level, level_before; /* the loudest since the last tick, and
					between the two before */

	uint32_t listeners;
	struct listend_listener listener[LISTEND_MODELS_MAX];
};

static const struct atoll_level silence = { .rms_db = -120, .peak_db = -120 };

struct listend_ear *listend_ear_new(const struct listend_config *config,
				    struct atoll_devices *devices,
				    const struct listend_ear_calls *calls,
				    const struct atoll_log *log, struct atoll_error *err)
{
	struct listend_ear *ear = calloc(1, sizeof(*ear));

	if (!ear) {
		(void)atoll_error_set(err, -ENOMEM, "microphone: %s", strerror(ENOMEM));
		return NULL;
	}
	ear->config = config;
	ear->calls = *calls;
	ear->log = log;
	ear->sound_fd = ear->watch_fd = ear->ask_timer = ear->soon_timer = -1;
	ear->level = ear->level_before = silence;
	for (uint32_t i = 0; i < config->models; i++)
		if (listend_listener_open(&ear->listener[ear->listeners++], &config->model[i],
					  devices, log, err) < 0) {
			listend_ear_close(ear);
			return NULL;
		}
	return ear;
}

static void tell_loss(struct listend_ear *ear, bool is_over)
{
	const struct atoll_sound_counts counts = atoll_sound_counts(ear->sound);
	const struct listend_loss loss = {
		.is_over = is_over,
		.overruns = counts.overruns - ear->lost_from.overruns,
		.lost_ms = (counts.lost - ear->lost_from.lost) * 1000 / ATOLL_SOUND_RATE,
		.for_ms = (atoll_clock_ns() - ear->lost_since_ns) / 1000000,
	};

	if (is_over)
		atoll_log(ear->log, ATOLL_LOG_NOTICE, "microphone: %" PRIu64 " overruns in %"
			  PRId64 " s, %" PRIu64 " ms of sound lost, sound is whole again",
			  loss.overruns, loss.for_ms / 1000, loss.lost_ms);
	else
		atoll_log(ear->log, ATOLL_LOG_WARNING,
			  "microphone: we are too late, sound is lost");
	ear->calls.loss(ear->calls.data, &loss);
}

/* Sound is whole again when some came since the last tick and none was lost: what was
   lost before is counted with what came. */
static void watch_loss(struct listend_ear *ear, bool is_tick)
{
	const struct atoll_sound_counts counts = atoll_sound_counts(ear->sound);
	bool is_whole = counts.overruns == ear->counts_before.overruns &&
			counts.samples > ear->counts_before.samples;

	if (counts.overruns > ear->counts_before.overruns && !ear->lost_since_ns) {
		ear->lost_since_ns = atoll_clock_ns();
		ear->lost_from = ear->counts_before;
		tell_loss(ear, false);
	} else if (is_whole && ear->lost_since_ns && is_tick) {
		tell_loss(ear, true);
		ear->lost_since_ns = 0;
	}
	if (is_tick)
		ear->counts_before = counts;
}

static void measure(struct listend_ear *ear, const struct atoll_block *block)
{
	const struct atoll_level level = atoll_level_of(block->sample, block->count);

	if (level.peak_db > ear->level.peak_db)
		ear->level.peak_db = level.peak_db;
	if (level.rms_db > ear->level.rms_db)
		ear->level.rms_db = level.rms_db;
}

/* Sound from a microphone that was opened is what makes it be there. */
static void begin_to_hear(struct listend_ear *ear)
{
	ear->state = LISTEND_HEARS;
	atoll_log(ear->log, ATOLL_LOG_NOTICE, "listening to %s", atoll_sound_name(ear->sound));
	ear->why.text[0] = '\0';
	ear->calls.microphone(ear->calls.data);
}

static void take(struct listend_ear *ear, const struct atoll_block *block)
{
	struct atoll_block piece = *block;

	if (ear->is_failing)
		atoll_log(ear->log, ATOLL_LOG_NOTICE, "microphone: works again");
	ear->is_failing = false;
	ear->heard_ns = atoll_clock_ns();
	piece.is_after_gap |= ear->is_after_gap;
	ear->is_after_gap = false;
	if (ear->state == LISTEND_OPENS)
		begin_to_hear(ear);
	if (piece.is_after_gap)
		watch_loss(ear, false);
	measure(ear, &piece);
	for (uint32_t i = 0; i < ear->listeners; i++)
		listend_listener_give(&ear->listener[i], &piece);
}

static void forget_sound(struct listend_ear *ear)
{
	if (ear->sound_fd >= 0)
		atoll_loop_forget(ear->loop, ear->sound_fd);
	ear->sound_fd = -1;
}

static void end_file(struct listend_ear *ear)
{
	forget_sound(ear);
	ear->state = LISTEND_ENDED;
	atoll_log(ear->log, ATOLL_LOG_NOTICE, "%s: is at its end", ear->config->what);
	ear->calls.microphone(ear->calls.data);
}

static void lose_microphone(struct listend_ear *ear, const struct atoll_error *why);

/* Told once, until it is well. */
static void complain(struct listend_ear *ear)
{
	if (!ear->is_failing)
		atoll_log(ear->log, ATOLL_LOG_WARNING, "%s",
			  atoll_sound_error(ear->sound)->text);
	ear->is_failing = true;
}

/* Sound is waiting, or something has happened to the microphone. */
static void on_sound(void *data, uint32_t events)
{
	struct listend_ear *ear = data;
	struct atoll_block block;
	int r = 0;

	(void)events;
	for (int i = 0; r == 0 && i < PIECES_AT_ONCE; i++) {
		r = atoll_sound_next(ear->sound, 0, &block);
		if (r == 0)
			take(ear, &block);
	}
	if (r == -ENODATA)
		end_file(ear);
	else if (r == -ENODEV)
		lose_microphone(ear, atoll_sound_error(ear->sound));
	else if (r < 0 && r != -ETIMEDOUT)
		complain(ear);
}

static int watch_sound(struct listend_ear *ear, struct atoll_error *err)
{
	int fd = atoll_sound_fd(ear->sound);
	int r = atoll_loop_watch(ear->loop, fd, EPOLLIN, on_sound, ear);

	if (r < 0)
		return atoll_error_set(err, r, "%s: watch: %s", ear->config->what,
				       strerror(-r));
	ear->sound_fd = fd;
	ear->state = LISTEND_OPENS;
	ear->heard_ns = atoll_clock_ns();
	ear->is_after_gap = true;
	return 0;
}

static void close_sound(struct listend_ear *ear)
{
	forget_sound(ear);
	atoll_sound_close(ear->sound);
	ear->sound = NULL;
	ear->counts_before = (struct atoll_sound_counts){ .samples = 0 };
	ear->lost_since_ns = 0;
}

static void stop_waiting(struct listend_ear *ear)
{
	if (ear->watch_fd >= 0) {
		atoll_loop_forget(ear->loop, ear->watch_fd);
		(void)close(ear->watch_fd); /* only read from */
	}
	ear->watch_fd = -1;
	if (ear->ask_timer >= 0)
		atoll_loop_cancel(ear->loop, ear->ask_timer);
	if (ear->soon_timer >= 0)
		atoll_loop_cancel(ear->loop, ear->soon_timer);
	ear->ask_timer = ear->soon_timer = -1;
}

/* That it cannot be set is no reason not to listen. */
static void set_mixer(const struct listend_ear *ear)
{
	const struct listend_config *config = ear->config;
	struct atoll_error err;

	if (config->microphone && config->mixer &&
	    preset_apply(config->mixer, config->microphone, &err) < 0)
		atoll_log(ear->log, ATOLL_LOG_WARNING, "%s; going on", err.text);
}

/* A microphone for the first time, or the same one again. */
static int open_sound(struct listend_ear *ear, struct atoll_error *err)
{
	int r = 0;

	if (ear->sound)
		r = atoll_sound_reopen(ear->sound, err);
	else
		ear->sound = atoll_sound_open(&ear->config->sound, err);
	if (!ear->sound || r < 0)
		return err->code;
	r = watch_sound(ear, err);
	if (r < 0)
		close_sound(ear);
	else
		set_mixer(ear); /* of what is ours now */
	return r;
}

static void watch_devices(struct listend_ear *ear);

/* Something came or went in /dev/snd, or a second has gone. */
static void ask_again(struct listend_ear *ear)
{
	struct atoll_error err;

	if (open_sound(ear, &err) == 0) {
		stop_waiting(ear);
		return;
	}
	/* Another reason than before is news: "busy" after "not there". */
	if (strcmp(err.text, ear->why.text) != 0)
		atoll_log(ear->log, ATOLL_LOG_NOTICE, "%s", err.text);
	ear->why = err;
}

static void on_soon(void *data, uint32_t times)
{
	struct listend_ear *ear = data;

	(void)times;
	ear->soon_timer = -1;
	ask_again(ear);
}

static void on_devices(void *data, uint32_t events)
{
	struct listend_ear *ear = data;

	(void)events;
	atoll_loop_forget(ear->loop, ear->watch_fd);
	(void)close(ear->watch_fd); /* only read from */
	watch_devices(ear);
	if (ear->soon_timer < 0)
		ear->soon_timer = atoll_loop_after(ear->loop, SOON_MS, on_soon, ear);
}

static void on_ask(void *data, uint32_t times)
{
	(void)times;
	ask_again(data);
}

/* Without inotify there still is the timer. */
static void watch_devices(struct listend_ear *ear)
{
	ear->watch_fd = atoll_microphone_watch();
	if (ear->watch_fd >= 0 &&
	    atoll_loop_watch(ear->loop, ear->watch_fd, EPOLLIN, on_devices, ear) < 0) {
		(void)close(ear->watch_fd); /* only read from */
		ear->watch_fd = -1;
	}
}

static void wait_for_microphone(struct listend_ear *ear, const struct atoll_error *why)
{
	bool is_news = strcmp(why->text, ear->why.text) != 0;

	ear->why = *why;
	ear->state = LISTEND_WAITS;
	ear->ask_timer = atoll_loop_every(ear->loop, ASK_MS, on_ask, ear);
	if (ear->ask_timer < 0)
		atoll_log(ear->log, ATOLL_LOG_WARNING, "microphone: no timer: %s",
			  strerror(-ear->ask_timer));
	watch_devices(ear);
	if (is_news)
		atoll_log(ear->log, ATOLL_LOG_NOTICE, "%s, waiting for it", why->text);
	ear->calls.microphone(ear->calls.data);
}

static void lose_microphone(struct listend_ear *ear, const struct atoll_error *why)
{
	forget_sound(ear);
	wait_for_microphone(ear, why);
}

int listend_ear_open(struct listend_ear *ear, struct atoll_loop *loop, struct atoll_error *err)
{
	ear->loop = loop;
	for (uint32_t i = 0; i < ear->listeners; i++)
		if (listend_listener_watch(&ear->listener[i], loop, ear->calls.word,
					   ear->calls.data, err) < 0)
			return err->code;
	if (open_sound(ear, err) == 0)
		return 0;
	if (!ear->config->microphone)
		return err->code;
	wait_for_microphone(ear, err);
	return 0;
}

void listend_ear_close(struct listend_ear *ear)
{
	if (!ear)
		return;
	if (ear->loop) {
		stop_waiting(ear);
		forget_sound(ear);
	}
	for (uint32_t i = 0; i < ear->listeners; i++)
		listend_listener_close(&ear->listener[i]);
	atoll_sound_close(ear->sound);
	free(ear);
}

/* A device that was opened well and then is not heard from is as good as gone. */
static void watch_silence(struct listend_ear *ear, int64_t now)
{
	struct atoll_error err;

	if (!ear->config->microphone || ear->sound_fd < 0 || now - ear->heard_ns < SILENT_NS)
		return;
	(void)atoll_error_set(&err, -EIO, "%s: no sound comes from it",
			      atoll_sound_name(ear->sound));
	lose_microphone(ear, &err);
	close_sound(ear);
}

void listend_ear_tick(struct listend_ear *ear)
{
	int64_t now = atoll_clock_ns();

	for (uint32_t i = 0; i < ear->listeners; i++)
		listend_listener_tick(&ear->listener[i]);
	if (ear->sound)
		watch_loss(ear, true);
	ear->level_before = ear->level;
	ear->level = silence;
	watch_silence(ear, now);
}

struct listend_ear_state listend_ear_state(const struct listend_ear *ear)
{
	struct listend_ear_state state = {
		.hearing = ear->state,
		.name = ear->sound ? atoll_sound_name(ear->sound) : "",
		.why = ear->state == LISTEND_WAITS ? ear->why.text : "",
		.level = ear->level_before,
	};

	if (ear->sound)
		state.counts = atoll_sound_counts(ear->sound);
	return state;
}

const struct listend_listener *listend_ear_listener(const struct listend_ear *ear, uint32_t i)
{
	return i < ear->listeners ? &ear->listener[i] : NULL;
}
