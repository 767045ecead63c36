/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/sound_files.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "audio/resample.h"
#include "audio/wav.h"
#include "audio/wav_stream.h"
#include "board/clock.h"

#define NS_PER_S INT64_C(1000000000)

/* Pieces are of 100 ms, or as long as most microphones' periods when they are paced. */
enum { PIECES_PER_S = 10, PACED_PIECES_PER_S = 50 };

struct sound_files {
	struct atoll_wav *wav;
	char *name;
	bool repeats, is_paced, is_done;
	uint32_t piece;             /* frames that are read at a time */
	uint8_t *frames;            /* [piece] */
	struct atoll_resample *resample;
	float *out;

	int64_t start_ns;
	uint64_t frames_read;       /* since open, */
	uint64_t round_frames;      /* and since it was begun again */
	struct atoll_sound_counts counts;

	/* What next waits for, and others may through watch_fd: the pipe, or the timer
	   that says when the next piece is due. -1 when there is none. */
	int pipe_fd, timer_fd, watch_fd, watched_fd;
};

/*
 * Waiting.
 */

static void set_timer(const struct sound_files *files, int64_t time_ns)
{
	struct itimerspec when = {
		.it_value = { time_ns / NS_PER_S, time_ns % NS_PER_S },
	};

	/* Fails for no valid time. */
	(void)timerfd_settime(files->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* From now on others wait for `fd`. */
static int watch(struct sound_files *files, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (files->watched_fd == fd)
		return 0;
	if (files->watched_fd >= 0)
		(void)epoll_ctl(files->watch_fd, EPOLL_CTL_DEL, files->watched_fd, NULL);
	files->watched_fd = -1;
	if (epoll_ctl(files->watch_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	files->watched_fd = fd;
	return 0;
}

/* When the next piece would have been heard. */
static int64_t due_ns(const struct sound_files *files)
{
	uint64_t frames = files->frames_read + files->piece;
	uint32_t rate = atoll_wav_form(files->wav).rate;

	return files->start_ns + (int64_t)(frames / rate) * NS_PER_S +
	       (int64_t)(frames % rate) * NS_PER_S / rate;
}

static bool may_wait_for_pipe(const struct sound_files *files)
{
	return files->pipe_fd >= 0 && !wav_is_at_end(files->wav);
}

/* After each piece: what the next one waits for. Fails where adding a descriptor that
   was there before fails, which is when memory is out. */
static void watch_for_next(struct sound_files *files)
{
	if (files->watch_fd < 0)
		return;
	if (!files->is_paced && may_wait_for_pipe(files)) {
		(void)watch(files, files->pipe_fd);
		return;
	}
	set_timer(files, files->is_paced && !files->is_done ? due_ns(files) : 1);
	(void)watch(files, files->timer_fd);
}

static int wait_until(int fd, int64_t end_ns)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };
	int r;

	do {
		int64_t left_ns = end_ns - atoll_clock_ns();
		int timeout_ms = end_ns == INT64_MAX ? -1 : left_ns <= 0 ? 0 :
				 (int)((left_ns + 999999) / 1000000);

		r = poll(&wanted, 1, timeout_ms);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r == 0 ? -ETIMEDOUT : 0;
}

/* For the pace first, then for the pipe. */
static int wait_for_piece(struct sound_files *files, int64_t end_ns)
{
	int r = files->is_paced ? wait_until(files->timer_fd, end_ns) : 0;

	if (r < 0 || !may_wait_for_pipe(files))
		return r;
	r = wait_until(files->pipe_fd, end_ns);
	if (r == -ETIMEDOUT)
		(void)watch(files, files->pipe_fd);
	return r;
}

static int open_watch(struct sound_files *files)
{
	files->pipe_fd = wav_fd(files->wav);
	if (!files->is_paced && files->pipe_fd < 0)
		return 0;
	files->watch_fd = epoll_create1(EPOLL_CLOEXEC);
	if (files->watch_fd < 0)
		return -errno;
	/* Some never wait, as /dev/zero. */
	if (files->pipe_fd >= 0 && watch(files, files->pipe_fd) == -EPERM)
		files->pipe_fd = -1;
	files->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (files->timer_fd < 0)
		return -errno;
	watch_for_next(files);
	return 0;
}

/*
 * Piece by piece.
 */

static int lend(struct sound_files *files, uint32_t count, struct atoll_block *block)
{
	uint64_t at = files->counts.samples;

	*block = (struct atoll_block){
		.sample = files->out,
		.count = count,
		.at = at,
		.time_ns = files->start_ns +
			   (int64_t)at * (NS_PER_S / ATOLL_SOUND_RATE),
	};
	files->counts.samples += count;
	return 0;
}

/* The file ended: 0 when it was begun again, 1 when that was all. */
static int end_round(struct sound_files *files)
{
	uint32_t rate = atoll_wav_form(files->wav).rate;

	files->counts.missing += atoll_wav_missing(files->wav) * ATOLL_SOUND_RATE / rate;
	/* What cannot be read twice ends. */
	if (!files->repeats || files->round_frames == 0 || atoll_wav_rewind(files->wav) < 0)
		return 1;
	files->round_frames = 0;
	return 0;
}

static int finish(struct sound_files *files, struct atoll_block *block,
		  struct atoll_error *err)
{
	uint32_t count =
		files->is_done ? 0 : atoll_resample_finish(files->resample, files->out);

	files->is_done = true;
	return count > 0 ? lend(files, count, block) :
		atoll_error_set(err, -ENODATA, "%s: no more sound",
				atoll_error_path(files->name));
}

/* What one look at the file gives: 1 when it was nothing yet. */
static int look(struct sound_files *files, struct atoll_block *block, struct atoll_error *err)
{
	int r = wav_read_some(files->wav, files->frames, files->piece);
	uint32_t count;

	if (r == -EAGAIN)
		return 1;
	if (r < 0) {
		files->is_done = true;
		return atoll_error_set(err, r, "%s: %s", atoll_error_path(files->name),
				       strerror(-r));
	}
	if (r == 0)
		return end_round(files) == 0 ? 1 : finish(files, block, err);
	files->frames_read += (uint32_t)r;
	files->round_frames += (uint32_t)r;
	count = atoll_resample_run(files->resample, files->frames, (uint32_t)r, files->out);
	return count == 0 ? 1 : lend(files, count, block);
}

int sound_files_next(struct sound_files *files, int timeout_ms, struct atoll_block *block,
		      struct atoll_error *err)
{
	int64_t end_ns = timeout_ms < 0 ? INT64_MAX :
			 atoll_clock_ns() + (int64_t)timeout_ms * 1000000;
	int r = files->is_done ? finish(files, block, err) : 1;

	while (r == 1) {
		r = wait_for_piece(files, end_ns);
		if (r < 0)
			return r;
		r = look(files, block, err);
		watch_for_next(files);
	}
	return r;
}

int sound_files_fd(const struct sound_files *files)
{
	return files->watch_fd;
}

const char *sound_files_name(const struct sound_files *files)
{
	return files->name;
}

struct atoll_sound_counts sound_files_counts(const struct sound_files *files)
{
	return files->counts;
}

/*
 * Open and close.
 */

static struct atoll_wav *open_wav(const struct atoll_sound_config *config,
				  struct atoll_error *err)
{
	struct atoll_wav_form raw = {
		.samples = config->raw.samples,
		.rate = config->raw.rate,
		.channels = config->raw.channels ? config->raw.channels : 1,
	};

	return raw.rate ? wav_open_raw(config->what, &raw, err) :
			  atoll_wav_open(config->what, err);
}

static int make_room(struct sound_files *files)
{
	struct atoll_wav_form form = atoll_wav_form(files->wav);
	uint32_t frame_bytes = form.channels * atoll_samples_bytes(form.samples);
	uint32_t most, rest = atoll_resample_delay(files->resample) + 2;

	files->piece = form.rate / (files->is_paced ? PACED_PIECES_PER_S : PIECES_PER_S);
	files->frames = calloc(files->piece, frame_bytes);
	most = atoll_resample_most(files->resample, files->piece);
	files->out = calloc(most > rest ? most : rest, sizeof(*files->out));
	return files->frames && files->out ? 0 : -ENOMEM;
}

static int open_files(struct sound_files *files, const struct atoll_sound_config *config,
		      struct atoll_error *err)
{
	struct atoll_wav_form form;
	int r;

	files->repeats = config->repeats;
	files->is_paced = config->is_paced;
	files->name = strdup(strcmp(config->what, "-") == 0 ? "standard input" : config->what);
	if (!files->name)
		return atoll_error_set(err, -ENOMEM, "source: out of memory");
	files->wav = open_wav(config, err);
	if (!files->wav)
		return err->code;
	form = atoll_wav_form(files->wav);
	files->resample = atoll_resample_new(form.samples, form.rate, form.channels,
					     config->channel, err);
	if (!files->resample)
		return atoll_error_prefix(err, "%s", atoll_error_path(files->name));
	r = make_room(files);
	files->start_ns = atoll_clock_ns();
	if (r == 0)
		r = open_watch(files);
	return r < 0 ? atoll_error_set(err, r, "%s: %s", atoll_error_path(files->name),
				       strerror(-r)) : 0;
}

struct sound_files *sound_files_open(const struct atoll_sound_config *config,
				       struct atoll_error *err)
{
	struct sound_files *files = calloc(1, sizeof(*files));
	struct atoll_error own;

	if (!files) {
		atoll_error_set(err, -ENOMEM, "source: out of memory");
		return NULL;
	}
	files->pipe_fd = files->timer_fd = files->watch_fd = files->watched_fd = -1;
	if (open_files(files, config, &own) == 0)
		return files;
	if (err)
		*err = own;
	sound_files_close(files);
	return NULL;
}

void sound_files_close(struct sound_files *files)
{
	if (!files)
		return;
	if (files->timer_fd >= 0)
		(void)close(files->timer_fd);
	if (files->watch_fd >= 0)
		(void)close(files->watch_fd);
	atoll_wav_close(files->wav);
	atoll_resample_free(files->resample);
	free(files->frames);
	free(files->out);
	free(files->name);
	free(files);
}
