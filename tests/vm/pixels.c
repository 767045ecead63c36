/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is on a picture, for tests that know what should be.
 *
 *	pixels bars PICTURE        the colours of eight upright bars, left to right,
 *	                           as "white yellow cyan ..."
 *	pixels greys PICTURE       the same bars as numbers, "255 226 ...", when they
 *	                           have no colour
 *	pixels same PICTURE OTHER  the largest difference of two samples
 *
 * A colour is named by which of its components are bright; components that are
 * neither bright nor dark make it "?". A bar has one colour all over the middle of
 * its lower half: edges are blurred by chroma that neighbours share.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "camera/picture.h"

enum { BARS = 8, DARK = 24, BRIGHT = 168 };

static struct atoll_picture *load(const char *path)
{
	struct atoll_error err;
	struct atoll_picture *picture = atoll_picture_load(path, 0, &err);

	if (!picture) {
		fprintf(stderr, "pixels: %s\n", err.text);
		exit(1);
	}
	return picture;
}

static const char *colour(const uint8_t *rgb)
{
	static const char *const names[8] = {
		"black", "blue", "green", "cyan", "red", "magenta", "yellow", "white",
	};
	unsigned bright = 0;

	for (int c = 0; c < 3; c++) {
		if (rgb[c] > DARK && rgb[c] < BRIGHT)
			return "?";
		bright = bright << 1 | (rgb[c] >= BRIGHT);
	}
	return names[bright];
}

/* The pixel in column `i` of 8 of a bar, `y` rows from the top. */
static const uint8_t *pixel(const struct atoll_picture *picture, uint32_t bar, uint32_t i,
			    uint32_t y)
{
	size_t x = (size_t)(bar * 8 + i) * picture->width / (BARS * 8);

	return picture->rgb + (y * (size_t)picture->width + x) * 3;
}

static const char *bar_colour(const struct atoll_picture *picture, uint32_t bar)
{
	const char *name = colour(pixel(picture, bar, 4, picture->height / 2));

	for (uint32_t y = picture->height / 2; y < picture->height; y++)
		for (uint32_t i = 3; i <= 5; i++)
			if (colour(pixel(picture, bar, i, y)) != name)
				return "?";
	return name;
}

static void say_bars(const struct atoll_picture *picture)
{
	for (uint32_t bar = 0; bar < BARS; bar++)
		printf("%s%s", bar_colour(picture, bar), bar + 1 < BARS ? " " : "\n");
}

static void say_greys(const struct atoll_picture *picture)
{
	for (uint32_t bar = 0; bar < BARS; bar++) {
		const uint8_t *rgb = pixel(picture, bar, 4, picture->height * 3 / 4);

		if (rgb[0] == rgb[1] && rgb[1] == rgb[2])
			printf("%d", rgb[0]);
		else
			printf("?");
		printf("%s", bar + 1 < BARS ? " " : "\n");
	}
}

static void say_difference(const struct atoll_picture *a, const struct atoll_picture *b)
{
	int largest = 0;

	if (a->width != b->width || a->height != b->height) {
		puts("of different sizes");
		return;
	}
	for (size_t i = 0; i < (size_t)a->width * a->height * 3; i++)
		if (abs(a->rgb[i] - b->rgb[i]) > largest)
			largest = abs(a->rgb[i] - b->rgb[i]);
	printf("%d\n", largest);
}

int main(int argc, char **argv)
{
	if (argc == 3 && (strcmp(argv[1], "bars") == 0 || strcmp(argv[1], "greys") == 0)) {
		struct atoll_picture *picture = load(argv[2]);

		if (argv[1][0] == 'b')
			say_bars(picture);
		else
			say_greys(picture);
		atoll_picture_free(picture);
	} else if (argc == 4 && strcmp(argv[1], "same") == 0) {
		struct atoll_picture *a = load(argv[2]), *b = load(argv[3]);

		say_difference(a, b);
		atoll_picture_free(a);
		atoll_picture_free(b);
	} else {
		fputs("pixels bars|greys PICTURE, pixels same PICTURE OTHER\n", stderr);
		return 2;
	}
	return 0;
}
