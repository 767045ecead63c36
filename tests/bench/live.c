/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a frame costs outside the model: the whole loop of atoll-classify on
 * 640x480 YUYV, from reading to the written line, in processor time.
 *
 *	live MODEL [FRAMES]
 *
 * The frames come from a Y4M file in the page cache; reading, which copies and
 * packs each of them, is told apart, since a camera's frames lie in memory. The
 * model runs in one thread, so that the time of its runs, which every line tells,
 * is processor time; it is taken off.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "apps/live.h"
#include "apps/options.h"

#define WIDTH 640
#define HEIGHT 480
#define FRAMES_IN_FILE 8
#define RATE_MHZ 30000
#define GOAL_MS 0.5

static char video[] = "/tmp/atoll-bench-live-XXXXXX";
static char lines[] = "/tmp/atoll-bench-lines-XXXXXX";

static void write_video(void)
{
	static uint8_t row[WIDTH];
	FILE *file = fdopen(mkstemp(video), "w");

	if (!file)
		options_could_not("%s: cannot write", video);
	fprintf(file, "YUV4MPEG2 W%d H%d F%d:1000 C422\n", WIDTH, HEIGHT, RATE_MHZ);
	for (int frame = 0; frame < FRAMES_IN_FILE; frame++) {
		fputs("FRAME\n", file);
		/* Y, then Cb and Cr at half the width: twice as many rows in all. */
		for (int y = 0; y < 2 * HEIGHT; y++) {
			for (int x = 0; x < WIDTH; x++)
				row[x] = (uint8_t)(x + y * (frame + 1));
			fwrite(row, 1, WIDTH, file);
		}
	}
	if (fclose(file) != 0)
		options_could_not("%s: cannot write", video);
}

static double cpu_ms(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

/* Processor time of `frames` of the video, and the lines it wrote. */
static double run(const char *model, int frames)
{
	char *what = video;
	struct live_config config = {
		.accepts = 1u << VISION_CLASSES,
		.model_path = { model },
		.models = 1,
		.vision.session.threads = 1,
		.source.repeats = true,
		.what = &what,
		.whats = 1,
		.for_ms = (int64_t)frames * 1000000 / RATE_MHZ,
		.wants_json = true,
	};
	const int out = dup(STDOUT_FILENO), words = dup(STDERR_FILENO);
	double before;

	(void)fflush(stdout);
	if (!freopen(lines, "w", stdout) || !freopen("/dev/null", "w", stderr))
		exit(EXIT_COULD_NOT);
	before = cpu_ms();
	(void)live_run(&config);
	(void)fflush(stdout);
	before = cpu_ms() - before;
	if (dup2(out, STDOUT_FILENO) < 0 || dup2(words, STDERR_FILENO) < 0)
		exit(EXIT_COULD_NOT);
	(void)close(out);
	(void)close(words);
	return before;
}

/* The sum of a figure over all lines. */
static double sum(const char *key, int *count)
{
	FILE *file = fopen(lines, "r");
	char line[4096];
	double all = 0;

	*count = 0;
	while (file && fgets(line, sizeof(line), file)) {
		const char *at = strstr(line, key);

		all += at ? strtod(at + strlen(key), NULL) : 0;
		(*count)++;
	}
	if (file)
		(void)fclose(file);
	return all;
}

/* Milliseconds of all frames of a run, by what they went to. */
struct times {
	int frames;
	double all, model, read, convert;
};

static struct times measure(const char *model, int frames)
{
	struct times times = { .all = run(model, frames) };

	times.model = sum("\"time_ms\":", &times.frames);
	times.read = sum("\"capture_ms\":", &times.frames);
	times.convert = sum("\"convert_ms\":", &times.frames);
	return times;
}

int main(int argc, char **argv)
{
	const int frames = argc > 2 ? atoi(argv[2]) : 1000;
	struct times few, many;
	double loop;

	options_begin("live");
	if (argc < 2 || frames < 10)
		options_wrong("which model, and how many frames?");
	write_video();
	(void)close(mkstemp(lines));
	/* The difference of two runs: opening the model is not a frame's. */
	few = measure(argv[1], frames / 10);
	many = measure(argv[1], frames);
	loop = (many.all - many.model - many.read) - (few.all - few.model - few.read);
	printf("live loop, %dx%d YUYV from memory: %.3f ms a frame outside the model (goal: at "
	       "most %.1f), %.3f of them conversion\n", WIDTH, HEIGHT,
	       loop / (many.frames - few.frames), GOAL_MS, many.convert / many.frames);
	printf("beside it: the model %.3f ms, reading the file %.3f ms\n",
	       many.model / many.frames, many.read / many.frames);
	(void)unlink(video);
	(void)unlink(lines);
	return options_end(EXIT_SUCCESS);
}
