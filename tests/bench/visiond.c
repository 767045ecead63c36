/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the bench of atoll-visiond needs beside curl.
 *
 *	visiond clip PICTURE FILE     two seconds of the picture moving, 640x480 of
 *	                              4:2:0 at 30 a second, as Y4M
 *	visiond lag SOCKET SECONDS    how long after inference ended events arrive
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "camera/picture.h"

#define WIDTH 640
#define HEIGHT 480
#define FRAMES 60
#define STEP 8 /* pixels from one frame to the next */

static int64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* BT.601, limited range, in integers. */
static void put_frame(FILE *file, const uint8_t *rgb, uint32_t shift)
{
	static uint8_t luma[HEIGHT][WIDTH], chroma[2][HEIGHT / 2][WIDTH / 2];

	for (uint32_t y = 0; y < HEIGHT; y++)
		for (uint32_t x = 0; x < WIDTH; x++) {
			const uint8_t *p = rgb + (y * WIDTH + (x + shift) % WIDTH) * 3;

			luma[y][x] = (uint8_t)(16 + (66 * p[0] + 129 * p[1] + 25 * p[2]) / 256);
			if (y % 2 || x % 2)
				continue;
			chroma[0][y / 2][x / 2] =
				(uint8_t)(128 + (-38 * p[0] - 74 * p[1] + 112 * p[2]) / 256);
			chroma[1][y / 2][x / 2] =
				(uint8_t)(128 + (112 * p[0] - 94 * p[1] - 18 * p[2]) / 256);
		}
	fputs("FRAME\n", file);
	(void)fwrite(luma, 1, sizeof(luma), file);
	(void)fwrite(chroma, 1, sizeof(chroma), file);
}

static int make_clip(const char *picture_path, const char *path)
{
	static uint8_t rgb[HEIGHT * WIDTH * 3];
	struct atoll_error err;
	struct atoll_picture *picture = atoll_picture_load(picture_path, 0, &err);
	FILE *file = fopen(path, "wb");

	if (!picture || !file || atoll_picture_resize(picture, WIDTH, HEIGHT, rgb) < 0) {
		fprintf(stderr, "%s\n", picture ? path : err.text);
		return 1;
	}
	fprintf(file, "YUV4MPEG2 W%d H%d F30:1 Ip A1:1 C420jpeg\n", WIDTH, HEIGHT);
	for (uint32_t i = 0; i < FRAMES; i++)
		put_frame(file, rgb, i * STEP);
	atoll_picture_free(picture);
	return fclose(file) == 0 ? 0 : 1;
}

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/* Lines that tell of a turn say when inference ended, on the clock we read too. */
static void measure(char *line, int64_t arrived_ns, int64_t *lag, size_t *lags, size_t room)
{
	const char *key = "\"monotonic_ns\":";
	const char *at = strstr(line, key);

	if (!at || strstr(line, "\"event\":\"state\"") || strstr(line, "\"event\":\"camera\"") ||
	    *lags == room)
		return;
	lag[(*lags)++] = arrived_ns - strtoll(at + strlen(key), NULL, 10);
}

static int measure_lag(const char *path, int seconds)
{
	static int64_t lag[10000];
	static char text[65536];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct pollfd item = { .fd = socket(AF_UNIX, SOCK_STREAM, 0), .events = POLLIN };
	int64_t end_ns = now_ns() + (int64_t)seconds * 1000000000;
	size_t lags = 0, held = 0;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(item.fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	while (now_ns() < end_ns) {
		char *line = text, *newline;
		int64_t arrived_ns;
		ssize_t got;

		if (poll(&item, 1, 100) <= 0)
			continue;
		arrived_ns = now_ns();
		got = read(item.fd, text + held, sizeof(text) - 1 - held);
		if (got <= 0)
			break;
		text[held + (size_t)got] = '\0';
		while ((newline = strchr(line, '\n'))) {
			*newline = '\0';
			measure(line, arrived_ns, lag, &lags, sizeof(lag) / sizeof(lag[0]));
			line = newline + 1;
		}
		held = strlen(line);
		memmove(text, line, held);
	}
	if (lags == 0) {
		puts("no event came");
		return 1;
	}
	qsort(lag, lags, sizeof(lag[0]), compare);
	printf("%zu events, median %.2f ms, worst %.2f ms", lags, (double)lag[lags / 2] / 1e6,
	       (double)lag[lags - 1] / 1e6);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "clip") == 0)
		return make_clip(argv[2], argv[3]);
	if (argc == 4 && strcmp(argv[1], "lag") == 0)
		return measure_lag(argv[2], atoi(argv[3]));
	fputs("visiond clip PICTURE FILE | lag SOCKET SECONDS\n", stderr);
	return 2;
}
