/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signs are functions of a place: the sign reaches from -1 to 1 both ways, y down. A
 * pixel is the mean of several places in it.
 */
#include "tests/signs.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define PLACES 3  /* in a pixel, each way */

const char *const signs_names[SIGNS] = { "envelope", "traffic light", "hourglass" };

struct colour {
	double red, green, blue; /* 0 to 1 */
};

struct scene {
	enum signs sign;
	struct colour paint[4];   /* of the sign */
	struct colour card, back[2];
	double x, y, half, turn;  /* of the sign in the frame, 0 to 1 */
	double card_half[2];      /* in sizes of the sign */
	int backdrop;
	double wave, angle, phase;
	struct colour light;
	double noise;
	bool is_soft;
};

static double real(struct check_random *random, double low, double high)
{
	return low + (high - low) * check_random(random) / (double)UINT32_MAX;
}

static struct colour any_colour(struct check_random *random, double low, double high)
{
	const double red = real(random, low, high), green = real(random, low, high);

	return (struct colour){ red, green, real(random, low, high) };
}

/* Paint is never mixed the same way twice. */
static struct colour varied(struct check_random *random, struct colour paint, double far)
{
	const struct colour by = any_colour(random, -far, far);

	return (struct colour){ paint.red + by.red, paint.green + by.green,
				paint.blue + by.blue };
}

static bool is_in_box(double x, double y, double half_width, double half_height)
{
	return fabs(x) <= half_width && fabs(y) <= half_height;
}

/* A sheet with a flap: paint 0 the sheet, 1 the lines, 2 the seal. -1: not there. */
static int envelope(double x, double y)
{
	const double fold = 0.1 - 0.75 * (1 - fabs(x)) + 0.35;

	if (!is_in_box(x, y, 1, 0.68))
		return -1;
	if (hypot(x, y - 0.12) < 0.2)
		return 2;
	if (!is_in_box(x, y, 0.92, 0.6) || fabs(y + fold - 0.1) < 0.07)
		return 1;
	return 0;
}

static int traffic_light(double x, double y)
{
	static const double middle[3] = { -0.62, 0, 0.62 };

	if (!is_in_box(x, y, 0.42, 1))
		return -1;
	for (int i = 0; i < 3; i++)
		if (hypot(x, y - middle[i]) < 0.26)
			return 1 + i;
	return 0;
}

static int hourglass(double x, double y)
{
	const double wide = 0.1 + 0.6 * fabs(y);

	if (is_in_box(x, fabs(y) - 0.9, 0.8, 0.1))
		return 0;
	if (fabs(y) > 0.8 || fabs(x) > wide)
		return -1;
	if (fabs(x) > wide - 0.09)
		return 0;
	return (y < 0 && y > -0.4) || y > 0.8 - 0.5 * (1 - fabs(x)) ? 2 : 1;
}

static void choose_paint(struct scene *scene, struct check_random *random)
{
	static const struct colour usual[SIGNS][4] = {
		{ { 0.93, 0.9, 0.78 }, { 0.35, 0.45, 0.62 }, { 0.8, 0.15, 0.2 } },
		{ { 0.2, 0.22, 0.26 }, { 0.9, 0.15, 0.12 }, { 0.95, 0.8, 0.15 },
		  { 0.15, 0.75, 0.3 } },
		{ { 0.5, 0.3, 0.16 }, { 0.75, 0.87, 0.93 }, { 0.93, 0.75, 0.4 } },
	};

	for (int i = 0; i < 4; i++)
		scene->paint[i] = varied(random, usual[scene->sign][i], 0.12);
}

static struct scene choose(enum signs sign, struct check_random *random)
{
	struct scene scene = { .sign = sign };
	double room;

	choose_paint(&scene, random);
	scene.card = check_random(random) % 3 ? any_colour(random, 0.85, 1) :
						any_colour(random, 0.75, 1);
	room = real(random, 0.1, 0.9);
	scene.back[0] = varied(random, (struct colour){ room, room, room }, 0.15);
	scene.back[1] = varied(random, scene.back[0], 0.25);
	scene.half = real(random, 0.2, 0.425);
	room = 0.5 - scene.half * 0.9;
	scene.x = 0.5 + real(random, -room, room);
	scene.y = 0.5 + real(random, -room, room);
	scene.turn = real(random, -0.61, 0.61);
	for (int i = 0; i < 2; i++)
		scene.card_half[i] = real(random, 1.1, 1.7);
	scene.backdrop = (int)(check_random(random) % 4);
	scene.wave = real(random, 15, 50);
	scene.angle = real(random, 0, 3.14);
	scene.phase = real(random, 0, 6.28);
	scene.light = any_colour(random, 0.9, 1.1);
	room = real(random, 0.6, 1.1);
	scene.light = (struct colour){ scene.light.red * room, scene.light.green * room,
				       scene.light.blue * room };
	scene.noise = real(random, 0, 0.05);
	scene.is_soft = check_random(random) % 2;
	return scene;
}

static struct colour mixed(struct colour a, struct colour b, double share)
{
	return (struct colour){ a.red + share * (b.red - a.red),
				a.green + share * (b.green - a.green),
				a.blue + share * (b.blue - a.blue) };
}

static struct colour backdrop(const struct scene *scene, double x, double y)
{
	const double u = x * cos(scene->angle) + y * sin(scene->angle);
	const double v = y * cos(scene->angle) - x * sin(scene->angle);
	const double a = sin(scene->wave * u + scene->phase), b = sin(scene->wave * v);
	double share = 0.5 + u / 2;

	if (scene->backdrop == 1)
		share = a > 0;
	else if (scene->backdrop == 2)
		share = (a > 0) != (b > 0);
	else if (scene->backdrop == 3)
		share = a * b > 0.3;
	return mixed(scene->back[0], scene->back[1], fmin(fmax(share, 0), 1));
}

static struct colour look(const struct scene *scene, double x, double y)
{
	static int (*const signs[SIGNS])(double x, double y) = {
		envelope, traffic_light, hourglass,
	};
	const double across = (x - scene->x) / scene->half, down = (y - scene->y) / scene->half;
	const double u = across * cos(scene->turn) + down * sin(scene->turn);
	const double v = down * cos(scene->turn) - across * sin(scene->turn);
	int paint;

	if (!is_in_box(u, v, scene->card_half[0], scene->card_half[1]))
		return backdrop(scene, x, y);
	paint = signs[scene->sign](u, v);
	return paint < 0 ? scene->card : scene->paint[paint];
}

/* The mean over a pixel, or over its neighbours, too. */
static struct colour pixel(const struct scene *scene, double x, double y, double step)
{
	const double reach = scene->is_soft ? 2.5 * step : step;
	struct colour sum = { 0, 0, 0 };

	for (int i = 0; i < PLACES * PLACES; i++) {
		const struct colour c = look(scene,
			x + ((i % PLACES + 0.5) / PLACES - 0.5) * reach,
			y + ((i / PLACES + 0.5) / PLACES - 0.5) * reach);

		sum = (struct colour){ sum.red + c.red, sum.green + c.green,
				       sum.blue + c.blue };
	}
	return (struct colour){ sum.red / PLACES / PLACES, sum.green / PLACES / PLACES,
				sum.blue / PLACES / PLACES };
}

static uint8_t stored(double value, const struct scene *scene, struct check_random *random)
{
	/* The sum of several is near enough to a bell. */
	const double noise = real(random, -1, 1) + real(random, -1, 1) + real(random, -1, 1);

	return (uint8_t)fmin(fmax(255 * (value + scene->noise * noise) + 0.5, 0), 255);
}

void signs_draw(enum signs sign, struct check_random *random, uint32_t side, uint8_t *rgb)
{
	const struct scene scene = choose(sign, random);
	const double step = 1.0 / side;

	for (uint32_t y = 0; y < side; y++)
		for (uint32_t x = 0; x < side; x++) {
			const struct colour c = pixel(&scene, (x + 0.5) * step,
						      (y + 0.5) * step, step);

			*rgb++ = stored(c.red * scene.light.red, &scene, random);
			*rgb++ = stored(c.green * scene.light.green, &scene, random);
			*rgb++ = stored(c.blue * scene.light.blue, &scene, random);
		}
}
