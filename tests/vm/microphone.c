/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a microphone hears, for tests in guests.
 *
 *	microphone list
 *	microphone hear [-m MATCH] [-r RATE] [-c CHANNELS] [-p PERIOD_MS] [-b BUFFER_MS] [-nw]
 *	microphone mix CARD PRESET
 *	microphone find FILE
 *
 * `hear` writes frames to stdout as they come, and to stderr what it opened, what was
 * lost, and when the microphone goes away and is back; until SIGTERM. -n: no mmap; -w:
 * as a loop does, by waiting for its descriptor; how often that woke is told at the end.
 * `find` says at which byte of stdin the bytes of FILE are, all in one piece.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audio/microphone.h"
#include "audio/mixer.h"

static volatile sig_atomic_t is_stopped;
static unsigned wakes;

static void stop(int number)
{
	(void)number;
	is_stopped = 1;
}

static int list(void)
{
	struct atoll_microphone_found found[16];
	struct atoll_error err;
	uint32_t count;

	if (atoll_microphones_list(found, 16, &count, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	for (uint32_t i = 0; i < count && i < 16; i++)
		printf("%s [%s] %s, %s: %s, %u to %u Hz, %u to %u channels, formats "
		       "%x%s%s\n",
		       found[i].device, found[i].id, found[i].name, found[i].pcm,
		       found[i].is_microphone ? "microphone" : "other",
		       found[i].rate_min, found[i].rate_max, found[i].channels_min,
		       found[i].channels_max, found[i].formats,
		       found[i].trouble[0] ? ": " : "", found[i].trouble);
	return 0;
}

static void tell_form(struct atoll_microphone *microphone)
{
	struct atoll_microphone_form form = atoll_microphone_form(microphone);

	fprintf(stderr, "hears %s (%s), again %s: %u Hz, %u channels, %s, %s, %u of %u\n",
		form.device, form.name, form.again, form.rate, form.channels,
		atoll_samples_name(form.samples), form.is_mapped ? "mapped" : "read",
		form.period, form.buffer);
}

/* Until it is there again. NULL when we were stopped before. */
static struct atoll_microphone *reopen(const struct atoll_microphone_config *config)
{
	struct atoll_microphone *microphone = NULL;
	struct atoll_error err;

	while (!is_stopped && !microphone) {
		struct pollfd watch = { .fd = atoll_microphone_watch(), .events = POLLIN };

		microphone = atoll_microphone_open(config, &err);
		if (!microphone)
			(void)poll(&watch, 1, 1000); /* or later */
		if (watch.fd >= 0)
			(void)close(watch.fd);
	}
	return microphone;
}

/* Wait as a loop would, and say how long next may still wait itself. */
static int wait_for(const struct atoll_microphone *microphone, bool is_loop, bool is_drained)
{
	struct pollfd watch = { .fd = atoll_microphone_fd(microphone), .events = POLLIN };

	if (!is_loop)
		return 500;
	if (is_drained && poll(&watch, 1, 500) > 0)
		wakes++;
	return 0;
}

static int hear(struct atoll_microphone_config *config, bool is_loop)
{
	struct atoll_microphone *microphone;
	struct atoll_microphone_form form;
	struct atoll_error err;
	char again[64];
	int r = -ETIMEDOUT;

	microphone = atoll_microphone_open(config, &err);
	if (!microphone) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	tell_form(microphone);
	while (!is_stopped && microphone) {
		struct atoll_heard heard;
		int timeout_ms = wait_for(microphone, is_loop, r == -ETIMEDOUT);

		r = atoll_microphone_next(microphone, timeout_ms, &heard);
		form = atoll_microphone_form(microphone);
		if (r == 0 && heard.lost)
			fprintf(stderr, "lost %llu ms, %llu overruns\n",
				(unsigned long long)heard.lost * 1000 / form.rate,
				(unsigned long long)atoll_microphone_overruns(microphone));
		if (r == 0)
			fwrite(heard.data, form.channels * atoll_samples_bytes(form.samples),
			       heard.frames, stdout);
		if (r == 0 || r == -ETIMEDOUT)
			continue;
		fprintf(stderr, "%s\n", r == -ENODEV ? "gone" : strerror(-r));
		if (r != -ENODEV)
			continue;
		snprintf(again, sizeof(again), "%s", form.again);
		config->match = again;
		atoll_microphone_close(microphone);
		microphone = reopen(config);
		if (microphone)
			tell_form(microphone);
	}
	atoll_microphone_close(microphone);
	if (is_loop)
		fprintf(stderr, "woke %u times\n", wakes);
	return 0;
}

static int mix(const char *card, const char *preset)
{
	struct atoll_error err;

	if (atoll_mixer_apply(card, preset, &err) == 0)
		return 0;
	fprintf(stderr, "%s\n", err.text);
	return 1;
}

static void *read_all(FILE *file, size_t *size)
{
	enum { ROOM = 64 << 20 };
	void *bytes = malloc(ROOM);

	*size = bytes && file ? fread(bytes, 1, ROOM, file) : 0;
	return bytes;
}

static int find(const char *path)
{
	FILE *file = fopen(path, "re");
	size_t wanted_size, size;
	char *wanted = read_all(file, &wanted_size), *bytes = read_all(stdin, &size);
	char *place = wanted_size ? memmem(bytes, size, wanted, wanted_size) : NULL;

	if (place)
		printf("%zu\n", (size_t)(place - bytes));
	else
		printf("not in %zu bytes\n", size);
	free(wanted);
	free(bytes);
	if (file)
		fclose(file);
	return place ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct atoll_microphone_config config = { 0 };
	struct sigaction action = { .sa_handler = stop };
	bool is_loop = false;
	int option;

	sigaction(SIGTERM, &action, NULL);
	if (argc > 1 && strcmp(argv[1], "list") == 0)
		return list();
	if (argc > 3 && strcmp(argv[1], "mix") == 0)
		return mix(argv[2], argv[3]);
	if (argc > 2 && strcmp(argv[1], "find") == 0)
		return find(argv[2]);
	while ((option = getopt(argc, argv, "m:r:c:p:b:nw")) != -1)
		switch (option) {
		case 'm': config.match = optarg; break;
		case 'r': config.rate = (uint32_t)atoi(optarg); break;
		case 'c': config.channels = (uint32_t)atoi(optarg); break;
		case 'p': config.period_ms = (uint32_t)atoi(optarg); break;
		case 'b': config.buffer_ms = (uint32_t)atoi(optarg); break;
		case 'n': config.without_mmap = true; break;
		case 'w': is_loop = true; break;
		default: return 2;
		}
	return hear(&config, is_loop);
}
