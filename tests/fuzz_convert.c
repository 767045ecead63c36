/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a Motion-JPEG frame, after four that say what becomes of it: width,
 * height, how it fits, and channels and store. Each is converted twice, the second
 * time by a converter that has seen it.
 *
 *	fuzz_convert --seeds DIR    write frames to start from
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "camera/convert.h"
#include "tests/pictures.h"
#include "tests/seeds.h"

/* Large files are refused by size elsewhere; here they would only take time. */
#define PIXELS_MAX (1 << 16)
#define CHOICES 4

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* What the first frame header of the file says, more or less. */
static uint32_t pixels_of(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i + 8 < size; i++)
		if (bytes[i] == 0xff && bytes[i + 1] >= 0xc0 && bytes[i + 1] <= 0xcf &&
		    bytes[i + 1] != 0xc4 && bytes[i + 1] != 0xc8 && bytes[i + 1] != 0xcc)
			return (uint32_t)(bytes[i + 5] << 8 | bytes[i + 6]) *
			       (uint32_t)(bytes[i + 7] << 8 | bytes[i + 8]);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct atoll_frame frame = { .pixels = ATOLL_PIXELS_JPEG, .width = 640, .height = 480 };
	struct atoll_convert_config config = { .scale = 1 };
	struct atoll_convert *convert;
	void *out;

	if (size <= CHOICES || pixels_of(bytes + CHOICES, size - CHOICES) > PIXELS_MAX)
		return 0;
	config.width = 1 + bytes[0];
	config.height = 1 + bytes[1];
	config.fit = (enum atoll_fit)(bytes[2] % 3);
	config.channels = bytes[3] % 2 ? 3 : 1;
	config.store = (enum atoll_store)(bytes[3] / 2 % 3);
	if (atoll_frame_lay(&frame, bytes + CHOICES, size - CHOICES, 0) < 0)
		return 0;
	convert = atoll_convert_new(&config, NULL);
	out = malloc((size_t)config.width * config.height * config.channels * sizeof(float));
	for (int i = 0; i < 2 && convert && out; i++)
		(void)atoll_convert_run(convert, &frame, out);
	free(out);
	atoll_convert_free(convert);
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	uint8_t samples[24 * 16 * 3], choices[][CHOICES] = {
		{ 15, 11, 0, 1 }, { 7, 7, 1, 3 }, { 30, 20, 2, 5 }, { 3, 2, 0, 0 },
	};

	if (!seeds_wanted(*argc, *argv))
		return 0;
	for (size_t i = 0; i < sizeof(samples); i++)
		samples[i] = (uint8_t)(i * 7 % 251);
	for (unsigned i = 0; i < 4; i++) {
		struct pictures_file file = pictures_jpeg(&(struct pictures_jpeg){
			.width = 24, .height = 16, .samples = samples,
			.ink = i == 3 ? PICTURES_LIGHT : PICTURES_YCC,
			.is_progressive = i == 1, .is_arithmetic = i == 2, .restart = i == 2 });
		uint8_t *seed = malloc(CHOICES + file.size);
		char name[32];

		if (!seed)
			exit(1);
		memcpy(seed, choices[i], CHOICES);
		memcpy(seed + CHOICES, file.bytes, file.size);
		(void)snprintf(name, sizeof(name), "frame-%u", i);
		seeds_write((*argv)[2], name, seed, CHOICES + file.size);
		free(seed);
		free(file.bytes);
	}
	exit(0);
}
