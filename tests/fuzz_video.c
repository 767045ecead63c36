/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a video whose frames become a model's input. The first byte chooses
 * how: fit, storage and channels; the rest is the file.
 *
 *	fuzz_video --seeds DIR    write videos to start from
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "camera/convert.h"
#include "camera/video.h"
#include "tests/pictures.h"
#include "tests/seeds.h"

/* More frames than this teach nothing and take long. */
#define FRAMES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static void read_all(struct atoll_video *video, struct atoll_convert *convert)
{
	float small[9 * 5 * 3];
	struct atoll_frame frame;

	for (unsigned i = 0; i < FRAMES_MAX; i++) {
		int r = atoll_video_next(video, &frame);

		if (r == 0)
			(void)atoll_convert_run(convert, &frame, small);
		else if (r != -EBADMSG)
			break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct atoll_convert_config config = {
		.width = 9,
		.height = 5,
		.channels = size && bytes[0] & 1 ? 1 : 3,
		.fit = size ? (enum atoll_fit)(bytes[0] / 2 % 3) : 0,
		.store = size ? (enum atoll_store)(bytes[0] / 6 % 3) : 0,
		.scale = 1,
	};
	struct atoll_video *video = size ? atoll_video_open_bytes(bytes + 1, size - 1, NULL) :
					   NULL;
	struct atoll_convert *convert = video ? atoll_convert_new(&config, NULL) : NULL;

	if (convert) {
		read_all(video, convert);
		if (atoll_video_rewind(video) == 0)
			read_all(video, convert);
	}
	atoll_convert_free(convert);
	atoll_video_close(video);
	return 0;
}

/* A header and three frames of samples that differ. */
static size_t write_y4m(uint8_t *out, const char *header, size_t frame_size)
{
	size_t at = strlen(header);

	memcpy(out, header, at);
	for (unsigned i = 0; i < 3; i++) {
		memcpy(out + at, "FRAME\n", 6);
		at += 6;
		for (size_t j = 0; j < frame_size; j++)
			out[at++] = (uint8_t)(j * 7 + i * 31);
	}
	return at;
}

/* Two pictures, plain and progressive, with a few bytes of nothing between. */
static size_t write_mjpeg(uint8_t *out, enum pictures_ink ink)
{
	uint8_t samples[16 * 12 * 3];
	size_t at = 0;

	for (size_t i = 0; i < sizeof(samples); i++)
		samples[i] = (uint8_t)(i * 5);
	for (int i = 0; i < 2; i++) {
		struct pictures_file file = pictures_jpeg(&(struct pictures_jpeg){
			.width = 16, .height = 12, .samples = samples, .ink = ink,
			.is_progressive = i == 1, .restart = i == 0 ? 1 : 0,
		});

		memcpy(out + at, file.bytes, file.size);
		at += file.size;
		memset(out + at, 0, 4);
		at += 4;
		free(file.bytes);
	}
	return at;
}

static void write_seeds(const char *folder)
{
	static const struct {
		const char *name, *header;
		size_t frame_size;
	} y4m[] = {
		{ "y4m-420", "YUV4MPEG2 W6 H4 F30000:1001 Ip A1:1 C420jpeg\n", 36 },
		{ "y4m-odd", "YUV4MPEG2 W5 H3 F25:1 C420mpeg2 XCOLORRANGE=FULL\n", 27 },
		{ "y4m-422", "YUV4MPEG2 W4 H3 C422\n", 24 },
		{ "y4m-mono", "YUV4MPEG2 W7 H3 F0:0 Cmono\n", 21 },
	};
	static uint8_t out[16 * 1024];

	for (size_t i = 0; i < sizeof(y4m) / sizeof(y4m[0]); i++) {
		out[0] = (uint8_t)(i * 5);
		seeds_write(folder, y4m[i].name, out,
			    1 + write_y4m(out + 1, y4m[i].header, y4m[i].frame_size));
	}
	out[0] = 2;
	seeds_write(folder, "mjpeg", out, 1 + write_mjpeg(out + 1, PICTURES_YCC));
	out[0] = 11;
	seeds_write(folder, "mjpeg-grey", out, 1 + write_mjpeg(out + 1, PICTURES_LIGHT));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (!seeds_wanted(*argc, *argv))
		return 0;
	write_seeds((*argv)[2]);
	exit(0);
}
