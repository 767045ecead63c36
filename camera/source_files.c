/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/source_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "board/clock.h"
#include "camera/encode.h"
#include "camera/picture.h"
#include "camera/video.h"

#define NS_PER_S INT64_C(1000000000)

struct source_files {
	char **path;                /* [paths], ours */
	size_t paths, at;           /* at: the one that is read now or next */
	bool is_folder;
	const char *name;           /* of the last frame: one of the above */

	/* The file that is being read, if any: one of the two. */
	struct atoll_video *video;
	struct atoll_picture *picture; /* read, and lent once */
	bool is_video;              /* so was or is the last one */

	/* The first JPEG of standard input, until it is known whether a second
	   one follows. */
	uint8_t *first;
	struct atoll_frame first_frame;
	bool has_second;

	int timer_fd;               /* -1: not paced */
	int64_t period_ns, due_ns;  /* of the pace; when the next frame is due */
	bool wants_newest, repeats;
	uint64_t pixels_max;

	bool is_out;                /* a frame is lent */
	uint32_t sequence;
	uint64_t round_frames;      /* since the first file was begun */
	struct atoll_source_counts counts;
};

enum kind { NEITHER, PICTURE, JPEG, VIDEO };

/*
 * What is there.
 */

static enum kind kind_of(const uint8_t *bytes, size_t size)
{
	static const struct {
		const char *bytes;
		size_t size;
		enum kind kind;
	} begins[] = {
		{ "\xFF\xD8", 2, JPEG },
		{ "\x89PNG", 4, PICTURE },
		{ "BM", 2, PICTURE },
		{ "P5", 2, PICTURE },
		{ "P6", 2, PICTURE },
		{ "YUV4MPEG2", 9, VIDEO },
		{ "RIFF", 4, VIDEO }, /* AVI: the reader of videos says what to do */
	};

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (size >= begins[i].size && memcmp(bytes, begins[i].bytes, begins[i].size) == 0)
			return begins[i].kind;
	return NEITHER;
}

/* The first bytes of a pipe, which stay in it. */
static ssize_t peek_pipe(int fd, uint8_t *bytes, size_t size)
{
	ssize_t got = -1;
	int copy[2];

	if (pipe2(copy, O_CLOEXEC) < 0)
		return -1;
	/* A pipe may hold less than asked for: enough for every kind but Y4M's, and
	   a writer that sends that one byte by byte has yet to be seen. */
	if (tee(fd, copy[1], size, 0) >= 0) {
		(void)close(copy[1]);
		copy[1] = -1;
		got = read(copy[0], bytes, size);
	}
	(void)close(copy[0]);
	if (copy[1] >= 0)
		(void)close(copy[1]);
	return got;
}

static ssize_t peek(int fd, uint8_t *bytes, size_t size)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -1;
	if (S_ISFIFO(status.st_mode))
		return peek_pipe(fd, bytes, size);
	if (S_ISSOCK(status.st_mode))
		return recv(fd, bytes, size, MSG_PEEK);
	return pread(fd, bytes, size, lseek(fd, 0, SEEK_CUR));
}

static bool ends_in(const char *path, const char *ending)
{
	size_t length = strlen(path), end = strlen(ending);

	return length >= end && strcasecmp(path + length - end, ending) == 0;
}

static int sniff(const char *path, enum kind *kind, struct atoll_error *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	uint8_t bytes[16];
	ssize_t got = fd < 0 ? -1 : peek(fd, bytes, sizeof(bytes));
	int r = got < 0 ? -errno : 0;

	if (fd >= 0 && !is_stdin)
		(void)close(fd); /* read only */
	if (r < 0)
		return atoll_error_set(err, r, "%s: %s", atoll_error_path(path), strerror(-r));
	*kind = kind_of(bytes, (size_t)got);
	if (*kind == JPEG)
		*kind = is_stdin || ends_in(path, ".mjpeg") || ends_in(path, ".mjpg") ?
			VIDEO : PICTURE;
	if (*kind == NEITHER)
		return atoll_error_set(err, -ENOTSUP,
				       "%s: neither a picture (JPEG, PNG, BMP, PPM) "
				       "nor a video (Y4M, MJPEG)", atoll_error_path(path));
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_path(struct source_files *files, char *path)
{
	char **more = path ? realloc(files->path, (files->paths + 1) * sizeof(*more)) : NULL;

	if (!more) {
		free(path);
		return -ENOMEM;
	}
	files->path = more;
	files->path[files->paths++] = path;
	return 0;
}

static int list_folder(struct source_files *files, const char *folder)
{
	DIR *open_folder = opendir(folder);
	struct dirent *entry;
	int r = open_folder ? 0 : -errno;

	while (r == 0 && (errno = 0, entry = readdir(open_folder))) {
		char *path = NULL;
		struct stat status;

		if (entry->d_name[0] == '.')
			continue;
		if (asprintf(&path, "%s/%s", folder, entry->d_name) < 0)
			path = NULL;
		if (path && (stat(path, &status) < 0 || !S_ISREG(status.st_mode)))
			free(path);
		else
			r = add_path(files, path);
	}
	if (r == 0)
		r = -errno;
	if (open_folder)
		(void)closedir(open_folder);
	if (files->paths > 0)
		qsort(files->path, files->paths, sizeof(*files->path), by_bytes);
	return r;
}

static int list(struct source_files *files, const char *what, struct atoll_error *err)
{
	struct stat status;
	int r = strcmp(what, "-") == 0 || stat(what, &status) == 0 ? 0 : -errno;

	files->is_folder = r == 0 && strcmp(what, "-") != 0 && S_ISDIR(status.st_mode);
	if (r == 0)
		r = files->is_folder ? list_folder(files, what) :
				       add_path(files, strdup(what));
	if (r < 0)
		return atoll_error_set(err, r, "%s: %s", atoll_error_path(what), strerror(-r));
	return 0;
}

/*
 * One file after another.
 */

static void close_file(struct source_files *files)
{
	atoll_video_close(files->video);
	atoll_picture_free(files->picture);
	free(files->first);
	files->video = NULL;
	files->picture = NULL;
	files->first = NULL;
	files->has_second = false;
}

/* Pictures are read when their frame is asked for. */
static int open_file(struct source_files *files, struct atoll_error *err)
{
	const char *path = files->path[files->at];
	enum kind kind = NEITHER;
	int r = sniff(path, &kind, err);

	files->is_video = kind == VIDEO && !files->is_folder;
	if (r == 0 && kind == VIDEO && files->is_folder)
		return -ENOTSUP;
	if (r == 0 && kind == VIDEO) {
		files->video = atoll_video_open(path, err);
		return files->video ? 0 : err->code;
	}
	return r;
}

/*
 * Standard input begins with a JPEG. Look for a second: without one it is a
 * picture, to be turned upright as its file asks.
 */
static int look_for_second(struct source_files *files, struct atoll_frame *frame,
			   struct atoll_error *err)
{
	struct atoll_frame second;
	int r;

	files->first = malloc(frame->bytes);
	if (!files->first)
		return atoll_error_set(err, -ENOMEM, "standard input: out of memory");
	memcpy(files->first, frame->plane[0], frame->bytes);
	files->first_frame = *frame;
	files->first_frame.plane[0] = files->first;
	r = atoll_video_next(files->video, &second);
	if (r == -ENODATA) {
		files->is_video = false;
		files->picture = atoll_picture_load_bytes(files->first, frame->bytes,
							  files->pixels_max, err);
		if (!files->picture)
			return err->code;
		*frame = atoll_picture_frame(files->picture);
		return 0;
	}
	*frame = files->first_frame;
	files->has_second = r == 0;
	if (files->has_second)
		files->first_frame = second; /* lives until the video moves on */
	return 0;
}

static int next_of_video(struct source_files *files, struct atoll_frame *frame,
			 struct atoll_error *err)
{
	bool is_stdin = strcmp(files->path[files->at], "-") == 0;
	int r;

	if (files->has_second) {
		files->has_second = false;
		*frame = files->first_frame;
		return 0;
	}
	r = atoll_video_next(files->video, frame);
	if (r == 0 && is_stdin && !files->first && frame->pixels == ATOLL_PIXELS_JPEG)
		return look_for_second(files, frame, err);
	if (r < 0 && r != -ENODATA)
		*err = *atoll_video_error(files->video);
	return r;
}

/* The frame of the file that is being read; -ENODATA at its end. */
static int next_of_file(struct source_files *files, struct atoll_frame *frame,
			struct atoll_error *err)
{
	const char *path = files->path[files->at];

	files->name = path;
	if (files->video)
		return next_of_video(files, frame, err);
	if (files->picture)
		return -ENODATA;
	files->picture = atoll_picture_load(path, files->pixels_max, err);
	if (!files->picture)
		return err->code;
	*frame = atoll_picture_frame(files->picture);
	return 0;
}

/* Go to the next file, or begin again. -ENODATA when there is nothing more. */
static int next_path(struct source_files *files)
{
	bool can_repeat = files->repeats && files->round_frames > 0;

	/* Only what cannot be read twice is not begun again. */
	if (can_repeat && files->paths == 1 && files->video) {
		files->round_frames = 0;
		return atoll_video_rewind(files->video) < 0 ? -ENODATA : 0;
	}
	close_file(files);
	files->at++;
	if (files->at == files->paths && can_repeat) {
		files->at = 0;
		files->round_frames = 0;
	}
	return files->at < files->paths ? 0 : -ENODATA;
}

static int next_frame(struct source_files *files, struct atoll_frame *frame,
		      struct atoll_error *err)
{
	while (files->at < files->paths) {
		int r = 0;

		if (!files->video && !files->picture)
			r = open_file(files, err);
		if (r == -ENOTSUP && files->is_folder)
			r = -ENODATA; /* a folder may hold other things too */
		else if (r == 0)
			r = next_of_file(files, frame, err);
		if (r == 0)
			files->round_frames++;
		/* Neither a damaged frame of a video nor a signal is its end, all else is. */
		if (r < 0 && !(files->video && (r == -EBADMSG || r == -EINTR)) &&
		    next_path(files) < 0)
			files->at = files->paths;
		if (r != -ENODATA)
			return r;
	}
	return atoll_error_set(err, -ENODATA, "%s: no more frames",
			       files->name ? files->name : "nothing");
}

/* The same, with what comes of it counted. */
static int counted(struct source_files *files, struct atoll_frame *frame,
		   struct atoll_error *err)
{
	int r = next_frame(files, frame, err);

	if (r == -ENODATA || r == -EINTR)
		return r;
	files->sequence++;
	if (r < 0)
		files->counts.damaged++;
	else
		frame->sequence = files->sequence;
	return r;
}

/*
 * The pace.
 */

static void set_timer(struct source_files *files)
{
	struct itimerspec when = {
		.it_value = { files->due_ns / NS_PER_S, files->due_ns % NS_PER_S },
	};

	/* Fails for no valid time. */
	(void)timerfd_settime(files->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static int start_pace(struct source_files *files, uint32_t wanted_mhz)
{
	uint32_t said_mhz = files->video ? atoll_video_frame_rate_mhz(files->video) : 0;
	uint32_t rate_mhz = wanted_mhz ? wanted_mhz : said_mhz ? said_mhz :
			    ATOLL_SOURCE_RATE_MHZ;

	files->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (files->timer_fd < 0)
		return -errno;
	files->period_ns = 1000 * NS_PER_S / rate_mhz;
	files->due_ns = atoll_clock_ns();
	set_timer(files);
	return 0;
}

/* Wait for the pace. -ETIMEDOUT. */
static int wait_until_due(struct source_files *files, int timeout_ms)
{
	struct pollfd timer = { .fd = files->timer_fd, .events = POLLIN };
	int r;

	do
		r = poll(&timer, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r == 0 ? -ETIMEDOUT : 0;
}

/* Pass over what a camera would have overwritten by now. */
static int skip_late(struct source_files *files, struct atoll_error *err)
{
	int64_t now = atoll_clock_ns();

	while (files->wants_newest && files->due_ns + files->period_ns <= now) {
		struct atoll_frame late;
		int r = counted(files, &late, err);

		files->due_ns += files->period_ns;
		if (r < 0)
			return r;
		files->counts.skipped++;
	}
	return 0;
}

int source_files_next(struct source_files *files, int timeout_ms,
		      struct atoll_frame *frame, struct atoll_error *err)
{
	struct atoll_frame found;
	int r = 0;

	if (files->is_out)
		return atoll_error_set(err, -EBUSY, "%s: its frame is still out", files->name);
	if (files->timer_fd >= 0) {
		r = wait_until_due(files, timeout_ms);
		if (r < 0)
			return r;
		r = skip_late(files, err);
	}
	if (r == 0)
		r = counted(files, &found, err);
	if (r < 0)
		return r;
	found.time_ns = 0;
	if (files->timer_fd >= 0) {
		found.time_ns = files->due_ns;
		files->due_ns += files->period_ns;
		set_timer(files);
	}
	files->counts.frames++;
	files->is_out = true;
	*frame = found;
	return 0;
}

int source_files_release(struct source_files *files, const struct atoll_frame *frame)
{
	(void)frame; /* there is but one */
	if (!files->is_out)
		return -EINVAL;
	files->is_out = false;
	return 0;
}

const char *source_files_name(const struct source_files *files)
{
	return files->name;
}

bool source_files_is_video(const struct source_files *files)
{
	return files->is_video;
}

int source_files_fd(const struct source_files *files)
{
	return files->timer_fd;
}

uint32_t source_files_rate_mhz(const struct source_files *files)
{
	if (files->period_ns > 0)
		return (uint32_t)(1000 * NS_PER_S / files->period_ns);
	return files->video ? atoll_video_frame_rate_mhz(files->video) : 0;
}

struct atoll_source_counts source_files_counts(const struct source_files *files)
{
	return files->counts;
}

struct source_files *source_files_open(const struct atoll_source_config *config,
				       struct atoll_error *err)
{
	struct source_files *files = calloc(1, sizeof(*files));
	struct atoll_error own;
	int r;

	if (!files) {
		atoll_error_set(err, -ENOMEM, "source: out of memory");
		return NULL;
	}
	files->timer_fd = -1;
	files->wants_newest = config->wants_newest;
	files->repeats = config->repeats;
	files->pixels_max = config->pixels_max;
	r = list(files, config->what, &own);
	if (r == 0 && files->paths == 0)
		r = atoll_error_set(&own, -ENOENT, "%s: an empty folder",
				    atoll_error_path(config->what));
	if (r == 0) {
		files->name = files->path[0];
		if (!files->is_folder)
			r = open_file(files, &own);
	}
	if (r == 0 && config->is_paced) {
		r = start_pace(files, config->camera.frame_rate_mhz);
		if (r < 0)
			atoll_error_set(&own, r, "%s: timer: %s",
					atoll_error_path(config->what), strerror(-r));
	}
	if (r == 0)
		return files;
	if (err)
		*err = own;
	source_files_close(files);
	return NULL;
}

void source_files_close(struct source_files *files)
{
	if (!files)
		return;
	close_file(files);
	for (size_t i = 0; i < files->paths; i++)
		free(files->path[i]);
	free(files->path);
	if (files->timer_fd >= 0)
		(void)close(files->timer_fd);
	free(files);
}
