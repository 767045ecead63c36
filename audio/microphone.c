/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device writes frames into a ring and knows how far it came; we read them, and
 * tell it how far we came:
 *
 *	|........|== lent ==|== waiting ==|..............|   one buffer
 *	         ours, until the next call    its place
 *
 * When its place reaches ours, it stops: an overrun. What was not read then is lost,
 * and what happens until it was started anew. By how much, the stamps of the frames
 * before and after say.
 */
#include "audio/microphone.h"

#include "audio/block.h"
#include "audio/pcm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	FAILURES_MAX = 8,   /* in a row, without a frame between them */
	PAUSE_MS = 10,      /* until a sleeping device is asked again */
	NS = 1000000000,
};

struct atoll_microphone {
	const struct pcm_system *system; /* ALSA, or a test's */
	struct pcm *pcm;
	struct pcm_entry entry;
	struct pcm_form form;
	char device[64], again[64];
	int watch_fd;
	bool is_lost;        /* only another open can help */
	bool is_suspended;
	bool has_gap;        /* since the last frames */

	void *copy;          /* [most] frames; NULL: mapped */
	uint32_t most;
	uint32_t lent;       /* mapped frames that are to be given back */
	int64_t next_ns;     /* when the next frame is due */
	uint32_t failures;
	uint64_t overruns;
};

static int64_t ns_of(const struct atoll_microphone *microphone, uint32_t frames)
{
	return (int64_t)frames * NS / microphone->form.rate;
}

static int begin(struct atoll_microphone *microphone)
{
	microphone->is_suspended = false;
	return microphone->system->start(microphone->pcm);
}

/* "microphone: DEVICE (NAME): STEP: WHY", with -ENODEV for all that means it. */
static int failed(const struct atoll_microphone *microphone, int r, const char *step,
		  struct atoll_error *err)
{
	const struct pcm_entry *entry = &microphone->entry;
	bool has_name = entry->name[0];
	char why[96];

	microphone_trouble(microphone->system, entry, r, why, sizeof(why));
	if (r == -ENOENT || r == -ENXIO)
		r = -ENODEV;
	return atoll_error_set(err, r, "microphone: %s%s%s%s: %s: %s",
			       microphone->device, has_name ? " (" : "", entry->name,
			       has_name ? ")" : "", step, why);
}

/* Drivers are trusted to be present, not to be right. */
static int set_up(struct atoll_microphone *microphone, struct atoll_error *err)
{
	struct pcm_form *form = &microphone->form, wanted = *form;
	int r = microphone->system->set_up(microphone->pcm, form);

	if (r < 0 && r != -ENODEV && wanted.is_mapped) {
		*form = wanted;
		form->is_mapped = false;
		r = microphone->system->set_up(microphone->pcm, form);
	}
	if (r < 0)
		return failed(microphone, r, "set up", err);
	if (!form->period || form->buffer < form->period)
		return atoll_error_set(err, -EPROTO,
				       "microphone: %s: set up: periods of %u frames "
				       "in a buffer of %u",
				       microphone->device, form->period, form->buffer);
	return 0;
}

static int make_room(struct atoll_microphone *microphone, struct atoll_error *err)
{
	const struct pcm_form *form = &microphone->form;
	size_t frame = (size_t)form->channels * atoll_samples_bytes(form->samples);

	microphone->most = form->rate / 10 > form->period ? form->rate / 10 : form->period;
	if (microphone->most > form->buffer)
		microphone->most = form->buffer;
	if (form->is_mapped)
		return 0;
	microphone->copy = calloc(microphone->most, frame);
	if (!microphone->copy)
		return atoll_error_set(err, -ENOMEM, "microphone: %s: out of memory",
				       microphone->device);
	return 0;
}

static int start(struct atoll_microphone *microphone, struct atoll_error *err)
{
	int r = begin(microphone);

	if (r < 0)
		return failed(microphone, r, "start", err);
	microphone->next_ns = microphone->system->now_ns();
	r = microphone->system->watch(microphone->pcm);
	if (r < 0)
		return failed(microphone, r, "watch", err);
	microphone->watch_fd = r;
	return 0;
}

static void describe(struct atoll_microphone *microphone)
{
	struct pcm_entry *entry = &microphone->entry;

	if (entry->card < 0)
		(void)microphone->system->describe(microphone->pcm, entry); /* none then */
	(void)snprintf(microphone->again, sizeof(microphone->again), "%s", microphone->device);
	/* Numbers are given anew when a card comes back, ids for as long as they are free. */
	if (strncmp(microphone->device, "hw:", 3) == 0 && entry->id[0] && entry->device >= 0)
		(void)snprintf(microphone->again, sizeof(microphone->again), "hw:%s,%d",
			       entry->id, entry->device);
}

static int open_device(struct atoll_microphone *microphone,
		       const struct atoll_microphone_config *config, struct atoll_error *err)
{
	const struct pcm_system *system = microphone->system;
	int r = microphone->entry.trouble;

	if (r == 0)
		r = system->open(microphone->device, &microphone->pcm);
	if (r < 0)
		return failed(microphone, r, "open", err);
	describe(microphone);
	r = microphone_choose(system, microphone->pcm, microphone->device, config,
			      &microphone->form, err);
	if (r == 0)
		r = set_up(microphone, err);
	if (r == 0)
		r = make_room(microphone, err);
	return r < 0 ? r : start(microphone, err);
}

struct atoll_microphone *microphone_open_on(
	const struct pcm_system *system, const struct atoll_microphone_config *config,
	const struct microphone_described *described, struct atoll_error *err)
{
	struct atoll_microphone *microphone = calloc(1, sizeof(*microphone));

	if (!microphone) {
		atoll_error_set(err, -ENOMEM, "microphone: out of memory");
		return NULL;
	}
	microphone->system = system;
	microphone->watch_fd = -1;
	if (microphone_pick(system, config->match, described, microphone->device,
			    sizeof(microphone->device), &microphone->entry, err) < 0 ||
	    open_device(microphone, config, err) < 0) {
		atoll_microphone_close(microphone);
		return NULL;
	}
	return microphone;
}

ATOLL_API struct atoll_microphone *
atoll_microphone_open(const struct atoll_microphone_config *config, struct atoll_error *err)
{
	struct microphone_described described;
	struct atoll_board *board = microphone_board(config->match, &described);
	struct atoll_microphone *microphone =
		microphone_open_on(&pcm_alsa, config, &described, err);

	atoll_board_free(board);
	return microphone;
}

/* The kernel keeps a card that was pulled out until nobody has it open. */
static int lose(struct atoll_microphone *microphone)
{
	if (microphone->watch_fd >= 0)
		(void)close(microphone->watch_fd); /* nothing in it */
	if (microphone->pcm)
		microphone->system->close(microphone->pcm);
	microphone->watch_fd = -1;
	microphone->pcm = NULL;
	microphone->is_lost = true;
	return -ENODEV;
}

ATOLL_API void atoll_microphone_close(struct atoll_microphone *microphone)
{
	if (!microphone)
		return;
	(void)lose(microphone);
	free(microphone->copy);
	free(microphone);
}

static int give_back(struct atoll_microphone *microphone)
{
	uint32_t frames = microphone->lent;

	microphone->lent = 0;
	return frames ? microphone->system->take(microphone->pcm, frames) : 0;
}

/* A stamp that cannot be, as plugins may have none or one of another clock, is made of
   what waits now. */
static int64_t first_ns(const struct atoll_microphone *microphone, uint32_t waiting,
			int64_t stamp_ns)
{
	int64_t now_ns = microphone->system->now_ns();
	int64_t oldest_ns = now_ns - ns_of(microphone, microphone->form.buffer) - NS;

	return stamp_ns > oldest_ns && stamp_ns <= now_ns ? stamp_ns :
		now_ns - ns_of(microphone, waiting);
}

/* Frames between the one that was due and the one that came. One was lost at least, or
   there would be no gap. */
static uint64_t lost_until(const struct atoll_microphone *microphone, int64_t time_ns)
{
	double gap_s = (double)(time_ns - microphone->next_ns) / NS;
	double frames = gap_s * microphone->form.rate;

	return frames < 1 ? 1 : (uint64_t)(frames + 0.5);
}

/* 1 when at least `least` frames waited, 0, or what went wrong. */
static int hear(struct atoll_microphone *microphone, uint32_t least, struct atoll_heard *heard)
{
	const struct pcm_system *system = microphone->system;
	const void *data = microphone->copy;
	int64_t stamp_ns;
	int waiting = system->waiting(microphone->pcm, &stamp_ns), frames;
	uint32_t most = microphone->most;

	if (waiting < 0 || (uint32_t)waiting < least)
		return waiting < 0 ? waiting : 0;
	if ((uint32_t)waiting < most)
		most = (uint32_t)waiting;
	frames = data ? system->read(microphone->pcm, microphone->copy, most) :
		system->view(microphone->pcm, &data, most);
	if (frames <= 0)
		return frames;
	if ((uint32_t)frames > most)
		return -EPROTO;
	microphone->lent = microphone->copy ? 0 : (uint32_t)frames;
	*heard = (struct atoll_heard){
		.data = data,
		.frames = (uint32_t)frames,
		.time_ns = first_ns(microphone, (uint32_t)waiting, stamp_ns),
	};
	if (microphone->has_gap)
		heard->lost = lost_until(microphone, heard->time_ns);
	microphone->next_ns = heard->time_ns + ns_of(microphone, heard->frames);
	microphone->has_gap = false;
	microphone->failures = 0;
	return 1;
}

/* Some drivers go on where they were, others have to be started; until the machine is
   awake neither works. */
static int wake(struct atoll_microphone *microphone)
{
	int r = microphone->system->resume(microphone->pcm);

	microphone->overruns += !microphone->is_suspended;
	microphone->is_suspended = true;
	microphone->has_gap = true;
	if (r == -EAGAIN) {
		microphone->system->pause(PAUSE_MS);
		return 0;
	}
	microphone->is_suspended = false;
	return r < 0 && begin(microphone) < 0 ? lose(microphone) : 0;
}

/* 0 to go on, or what next has to say. */
static int recover(struct atoll_microphone *microphone, int why)
{
	if (why == -ENODEV || ++microphone->failures > FAILURES_MAX)
		return lose(microphone);
	if (why == -ESTRPIPE) {
		microphone->failures--; /* a night is no failure */
		return wake(microphone);
	}
	microphone->has_gap = true;
	if (begin(microphone) < 0)
		return lose(microphone);
	if (why != -EPIPE)
		return why;
	microphone->overruns++;
	return 0;
}

static int left_ms(const struct atoll_microphone *microphone, int64_t end_ns)
{
	int64_t left_ns = end_ns - microphone->system->now_ns();

	if (end_ns == INT64_MAX)
		return -1;
	return left_ns > 0 ? (int)((left_ns + 999999) / 1000000) : 0;
}

/* As hear, after some time, or -ETIMEDOUT. */
static int wait_and_hear(struct atoll_microphone *microphone, int64_t end_ns,
			 struct atoll_heard *heard)
{
	int woken = microphone->system->wait(microphone->pcm, left_ms(microphone, end_ns)), r;

	if (woken == 0)
		return -ETIMEDOUT;
	if (woken == -EAGAIN || woken == -EINTR)
		return 0;
	r = hear(microphone, 1, heard);
	if (r == 0 && woken < 0)
		return woken;
	if (r == 0) /* said to be there and is not: at least let others work */
		microphone->system->pause(PAUSE_MS);
	return r;
}

ATOLL_API int atoll_microphone_next(struct atoll_microphone *microphone, int timeout_ms,
				    struct atoll_heard *heard)
{
	int64_t end_ns = timeout_ms < 0 ? INT64_MAX :
		microphone->system->now_ns() + (int64_t)timeout_ms * 1000000;
	int r;

	if (microphone->is_lost)
		return -ENODEV;
	r = give_back(microphone);
	if (r >= 0)
		r = hear(microphone, microphone->form.period, heard);
	for (bool is_late = false; r <= 0; is_late = left_ms(microphone, end_ns) == 0) {
		if (r < 0)
			r = recover(microphone, r);
		if (r < 0 || is_late)
			return r < 0 ? r : -ETIMEDOUT;
		r = wait_and_hear(microphone, end_ns, heard);
		if (r == -ETIMEDOUT)
			return r;
	}
	return 0;
}

ATOLL_API int atoll_microphone_fd(const struct atoll_microphone *microphone)
{
	return microphone->watch_fd;
}

ATOLL_API struct atoll_microphone_form
atoll_microphone_form(const struct atoll_microphone *microphone)
{
	const struct pcm_entry *entry = &microphone->entry;
	const struct pcm_form *form = &microphone->form;

	return (struct atoll_microphone_form){
		.samples = form->samples,
		.rate = form->rate,
		.channels = form->channels,
		.device = microphone->device,
		.again = microphone->again,
		.name = entry->name[0] ? entry->name : microphone->device,
		.id = entry->id,
		.is_mapped = form->is_mapped,
		.period = form->period,
		.buffer = form->buffer,
		.frames_most = microphone->most,
	};
}

ATOLL_API uint64_t atoll_microphone_overruns(const struct atoll_microphone *microphone)
{
	return microphone->overruns;
}
