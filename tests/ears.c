/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/ears.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "audio/block.h"
#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/graph.h"

enum { SLICES = 49, BANDS = 40, GROUPS = 8, GROUP = BANDS / GROUPS,
       MIDDLE = 15, MIDDLES = 19 };

/* Of the scores: a group has to be worth 1.5 to be more likely than silence. */
#define EAGERNESS 2
#define SILENCE 3

static int32_t constant(struct graph *g, enum atoll_type type, int32_t rows, int32_t columns,
			float scale, const void *data)
{
	struct atoll_builder_tensor t = {
		.name = "constant", .type = type, .rank = columns ? 2 : 1,
		.dims = { rows, columns }, .scale = scale, .data = data,
		.bytes = (size_t)rows * (size_t)(columns ? columns : 1) *
			 (type == ATOLL_INT8 ? 1 : 4),
	};

	return graph_tensor(g, &t);
}

static void fully(struct graph *g, int32_t from, int32_t weights, int32_t bias, int32_t to)
{
	graph_operator(g, BUILTIN_FULLY_CONNECTED, OPTIONS_FULLY_CONNECTED, 0, NULL, 3,
		       (int32_t[]){ from, weights, bias }, 1, &to);
}

/* Middle less around, over a group's bands; means, so that both weigh the same. */
static void add_embedding(struct graph *g, int32_t from, int32_t to)
{
	static int8_t weight[EARS_SIZE][SLICES][BANDS];
	const float scale = 1 / 2400.0f;
	int32_t bias[EARS_SIZE] = { 0 };

	for (int k = 0; k < GROUPS; k++)
		for (int i = 0; i < SLICES; i++)
			for (int b = 0; b < GROUP; b++)
				weight[k][i][k * GROUP + b] =
					i >= MIDDLE && i < MIDDLE + MIDDLES ? 60 : -38;
	bias[GROUPS] = (int32_t)lrintf(1 / (0.05f * scale));
	fully(g, from, constant(g, ATOLL_INT8, EARS_SIZE, SLICES * BANDS, scale, weight),
	      constant(g, ATOLL_INT32, EARS_SIZE, 0, 0.05f * scale, bias), to);
}

static void add_logits(struct graph *g, int32_t from, int32_t to)
{
	const float scale = 1 / 32.0f;
	const int8_t weight[EARS_CLASSES][EARS_SIZE] = {
		[EARS_SILENCE] = { [GROUPS] = SILENCE * 32 },
		[EARS_WORD_LOW] = { [EARS_LOW] = EAGERNESS * 32 },
		[EARS_WORD_HIGH] = { [EARS_HIGH] = EAGERNESS * 32 },
	};
	const int32_t bias[EARS_CLASSES] = { 0 };

	fully(g, from, constant(g, ATOLL_INT8, EARS_CLASSES, EARS_SIZE, scale, weight),
	      constant(g, ATOLL_INT32, EARS_CLASSES, 0, 0.1f * scale, bias), to);
}

static struct atoll_builder_tensor row(const char *name, int32_t size, float scale,
				       int64_t zero_point)
{
	return (struct atoll_builder_tensor){
		.name = name, .type = ATOLL_INT8, .rank = 2, .dims = { 1, size },
		.scale = scale, .zero_point = zero_point,
	};
}

static void add_softmax(struct graph *g, int32_t from, int32_t to)
{
	const struct atoll_builder_option beta = {
		.kind = ATOLL_OPTION_F32, .id = SOFTMAX_BETA, .f = 1 };

	graph_operator(g, BUILTIN_SOFTMAX, OPTIONS_SOFTMAX, 1, &beta, 1, &from, 1, &to);
}

static void write_file(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

void ears_save(const char *path, enum ears_outputs outputs, unsigned seed)
{
	struct graph g = graph_new();
	char name[32];
	struct atoll_builder_tensor in = {
		.name = name, .type = ATOLL_INT8, .rank = 4,
		.dims = { 1, SLICES, BANDS, 1 }, .scale = 0.05f,
	};
	struct atoll_builder_tensor embedding = row("embedding", EARS_SIZE, 0.1f, 0);
	struct atoll_builder_tensor logits = row("logits", EARS_CLASSES, 0.2f, 0);
	struct atoll_builder_tensor scores = row("scores", EARS_CLASSES, 1 / 256.0f, -128);
	int32_t from, between, hidden;

	(void)snprintf(name, sizeof(name), "sound %u", seed);
	from = graph_input(&g, &in);
	between = graph_tensor(&g, &embedding);
	add_embedding(&g, from, between);
	hidden = graph_tensor(&g, &logits);
	add_logits(&g, between, hidden);
	if (outputs == EARS_LOGITS)
		g.output[g.outputs++] = hidden;
	else
		add_softmax(&g, hidden, graph_output(&g, &scores));
	if (outputs == EARS_BOTH)
		g.output[g.outputs++] = between;
	graph_open(&g);
	write_file(path, g.bytes, g.size);
	graph_free(&g);
}

static float *make_room(struct ears_sound *sound, uint32_t samples)
{
	sound->sample = realloc(sound->sample,
				(sound->count + samples) * sizeof(*sound->sample));
	assert_non_null(sound->sample);
	sound->count += samples;
	return sound->sample + sound->count - samples;
}

void ears_noise(struct ears_sound *sound, uint32_t ms, float db)
{
	struct check_random random = { sound->seed++ };
	const uint32_t samples = ms * (ATOLL_SOUND_RATE / 1000);
	const float peak = powf(10, db / 20) * sqrtf(3);
	float *sample = make_room(sound, samples);

	for (uint32_t i = 0; i < samples; i++)
		sample[i] = peak * (float)check_random_in(&random, -10000, 10000) / 10000;
}

/* The bands lie evenly in mel, 48.9 from one to the next. */
static double middle_hz(int group)
{
	return 700 * (exp((92.7 + 48.9 * (GROUP * group + 3)) / 1127) - 1);
}

/* Nothing begins or ends at once, or all bands would hear it: 40 ms each. */
static float fade(uint32_t i, uint32_t count)
{
	const uint32_t ramp = ATOLL_SOUND_RATE / 25;
	const uint32_t edge = i < count - i ? i : count - i;

	return edge >= ramp ? 1 : 0.5f - 0.5f * cosf((float)M_PI * (float)edge / (float)ramp);
}

void ears_tone(struct ears_sound *sound, uint32_t ms, int group, float db)
{
	const uint32_t begin = sound->count;
	const double step = 2 * M_PI * middle_hz(group) / ATOLL_SOUND_RATE;
	const float peak = powf(10, db / 20) * sqrtf(2);

	ears_noise(sound, ms, -90);
	for (uint32_t i = begin; i < sound->count; i++)
		sound->sample[i] += peak * fade(i - begin, sound->count - begin) *
			(float)sin(step * i);
}

void ears_free(struct ears_sound *sound)
{
	free(sound->sample);
	*sound = (struct ears_sound){ 0 };
}
