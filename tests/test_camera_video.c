/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/video.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/allocations.h"
#include "tests/check.h"
#include "tests/pictures.h"

/* A video that grows. */
struct film {
	uint8_t bytes[1 << 16];
	size_t size;
};

static void append(struct film *film, const void *bytes, size_t size)
{
	assert_true(film->size + size <= sizeof(film->bytes));
	memcpy(film->bytes + film->size, bytes, size);
	film->size += size;
}

static struct pictures_file jpeg(uint32_t width)
{
	uint8_t grey[64 * 8];

	for (size_t i = 0; i < sizeof(grey); i++)
		grey[i] = (uint8_t)(i * 37);
	return pictures_jpeg(&(struct pictures_jpeg){
		.width = width, .height = 8, .samples = grey, .ink = PICTURES_LIGHT,
		.restart = 1 });
}

/* A grey JPEG `width` pixels wide and 8 high, or with another one inside, as
   telephones put a preview. Returns where it begins. */
static size_t append_jpeg(struct film *film, uint32_t width, bool has_preview)
{
	struct pictures_file file = jpeg(width), preview = jpeg(8);
	uint8_t app[] = { 0xFF, 0xE2, (uint8_t)((preview.size + 2) >> 8),
			  (uint8_t)(preview.size + 2) };
	size_t start = film->size;

	append(film, file.bytes, 2);
	if (has_preview) {
		append(film, app, sizeof(app));
		append(film, preview.bytes, preview.size);
	}
	append(film, file.bytes + 2, file.size - 2);
	free(preview.bytes);
	free(file.bytes);
	return start;
}

static struct atoll_video *opened(const struct film *film)
{
	struct atoll_error err;
	struct atoll_video *video = atoll_video_open_bytes(film->bytes, film->size, &err);

	if (!video)
		fail_msg("%s", err.text);
	return video;
}

/* The width of the next frame, or what went wrong. */
static int next_width(struct atoll_video *video)
{
	struct atoll_frame frame;
	int r = atoll_video_next(video, &frame);

	return r < 0 ? r : (int)frame.width;
}

static void mjpeg_is_read_picture_by_picture(void **state)
{
	struct film film = { 0 };
	struct atoll_video *video;
	struct atoll_frame frame;
	size_t second;

	(void)state;
	(void)append_jpeg(&film, 16, false);
	second = append_jpeg(&film, 24, true); /* with a picture in the picture */
	append(&film, "\0\0\0", 3);            /* padding */
	(void)append_jpeg(&film, 32, false);
	video = opened(&film);
	assert_int_equal(next_width(video), 16);
	assert_int_equal(atoll_video_next(video, &frame), 0);
	assert_int_equal(frame.pixels, ATOLL_PIXELS_JPEG);
	assert_int_equal(frame.width, 24);
	assert_int_equal(frame.height, 8);
	assert_ptr_equal(frame.plane[0], film.bytes + second);
	assert_int_equal(frame.plane[0][frame.bytes - 1], 0xD9);
	assert_int_equal(next_width(video), 32);
	assert_int_equal(next_width(video), -ENODATA);
	assert_int_equal(next_width(video), -ENODATA);
	assert_int_equal(atoll_video_rewind(video), 0);
	assert_int_equal(next_width(video), 16);
	assert_int_equal(atoll_video_frame_rate_mhz(video), 0);
	atoll_video_close(video);
	atoll_video_close(NULL);
}

static void a_corrupt_picture_is_told_and_the_next_one_follows(void **state)
{
	struct film film = { 0 };
	struct atoll_video *video;
	size_t second, third;

	(void)state;
	(void)append_jpeg(&film, 16, false);
	second = append_jpeg(&film, 24, false);
	third = append_jpeg(&film, 32, false);
	(void)append_jpeg(&film, 40, false);
	film.bytes[second + 4] = 0xFF; /* the length of its first segment */
	film.bytes[third - 1] = 0x00;  /* the second's end is gone, anyway */
	film.bytes[third] = 0x00;      /* and the third does not begin */
	video = opened(&film);
	assert_int_equal(next_width(video), 16);
	assert_int_equal(next_width(video), -EBADMSG);
	assert_non_null(strstr(atoll_video_error(video)->text, "byte"));
	assert_int_equal(next_width(video), 40);
	assert_int_equal(next_width(video), -ENODATA);
	atoll_video_close(video);
}

static void a_picture_that_ends_in_the_next_one_loses_only_itself(void **state)
{
	struct film film = { 0 };
	struct atoll_video *video;

	(void)state;
	(void)append_jpeg(&film, 16, false);
	film.size -= 20; /* its last bytes, in the scan, with EOI */
	(void)append_jpeg(&film, 24, false);
	video = opened(&film);
	assert_int_equal(next_width(video), -EBADMSG);
	assert_int_equal(next_width(video), 24);
	assert_int_equal(next_width(video), -ENODATA);
	atoll_video_close(video);
}

static void a_wrong_length_does_not_lead_past_pictures_that_are_right(void **state)
{
	struct film film = { 0 };
	struct atoll_video *video;
	size_t first;

	(void)state;
	first = append_jpeg(&film, 16, false);
	(void)append_jpeg(&film, 24, false);
	(void)append_jpeg(&film, 32, false);
	film.bytes[first + 4] = 0x02; /* its first segment ends in the second picture */
	film.bytes[first + 5] = 0x00;
	video = opened(&film);
	assert_int_equal(next_width(video), -EBADMSG);
	assert_int_equal(next_width(video), 24);
	assert_int_equal(next_width(video), 32);
	assert_int_equal(next_width(video), -ENODATA);
	atoll_video_close(video);
}

static void a_film_cut_anywhere_ends_well(void **state)
{
	struct film film = { 0 };
	size_t first;

	(void)state;
	(void)append_jpeg(&film, 16, false);
	first = film.size;
	(void)append_jpeg(&film, 24, false);
	for (size_t size = 2; size < film.size; size++) {
		struct film cut = { .size = size };
		struct atoll_video *video;
		int r, frames = 0, damaged = 0;

		memcpy(cut.bytes, film.bytes, size);
		video = opened(&cut);
		while ((r = next_width(video)) != -ENODATA) {
			frames += r > 0;
			damaged += r == -EBADMSG;
			assert_true(frames + damaged <= 2);
		}
		assert_int_equal(frames, size >= first);
		assert_true(damaged <= 1);
		atoll_video_close(video);
	}
}

#define Y4M(text) append(&film, text, sizeof(text) - 1)

static void y4m_is_read_frame_by_frame(void **state)
{
	struct film film = { 0 };
	struct atoll_video *video;
	struct atoll_frame frame;

	(void)state;
	Y4M("YUV4MPEG2 W3 H2 F30000:1001 Ip A1:1 C420jpeg XCOLORRANGE=FULL\n");
	Y4M("FRAME\nyyyyyybbrr");
	Y4M("FRAME Ip\nYYYYYYBBRR");
	video = opened(&film);
	assert_int_equal(atoll_video_frame_rate_mhz(video), 29970);
	assert_int_equal(atoll_video_next(video, &frame), 0);
	assert_int_equal(frame.pixels, ATOLL_PIXELS_YU12);
	assert_int_equal(frame.width, 3);
	assert_int_equal(frame.height, 2);
	assert_true(frame.is_full_range);
	assert_memory_equal(frame.plane[0], "yyyyyy", 6);
	assert_memory_equal(frame.plane[1], "bb", 2);
	assert_memory_equal(frame.plane[2], "rr", 2);
	assert_int_equal(atoll_video_next(video, &frame), 0);
	assert_memory_equal(frame.plane[0], "YYYYYY", 6);
	assert_int_equal(atoll_video_next(video, &frame), -ENODATA);
	assert_int_equal(atoll_video_rewind(video), 0);
	assert_int_equal(atoll_video_next(video, &frame), 0);
	assert_memory_equal(frame.plane[0], "yyyyyy", 6);
	atoll_video_close(video);
}

static void planes_of_422_become_pairs_and_mono_stays_grey(void **state)
{
	struct film film = { 0 };
	struct atoll_video *video;
	struct atoll_frame frame;

	(void)state;
	Y4M("YUV4MPEG2 W4 H1 C422\nFRAME\n0123bBrR");
	video = opened(&film);
	assert_int_equal(atoll_video_next(video, &frame), 0);
	assert_int_equal(frame.pixels, ATOLL_PIXELS_YUYV);
	assert_false(frame.is_full_range);
	assert_memory_equal(frame.plane[0], "0b1r2B3R", 8);
	atoll_video_close(video);
	film.size = 0;
	Y4M("YUV4MPEG2 H2 W1 Cmono F0:0\nFRAME\n01");
	video = opened(&film);
	assert_int_equal(atoll_video_frame_rate_mhz(video), 0);
	assert_int_equal(atoll_video_next(video, &frame), 0);
	assert_int_equal(frame.pixels, ATOLL_PIXELS_GREY);
	assert_memory_equal(frame.plane[0], "01", 2);
	atoll_video_close(video);
}

static void a_lost_frame_of_y4m_is_found_again(void **state)
{
	struct film film = { 0 };
	struct atoll_video *video;

	(void)state;
	Y4M("YUV4MPEG2 W2 H2 Cmono\n");
	Y4M("FRAME\n0123");
	Y4M("FRAMF\n0123");
	Y4M("FRAME\n4567");
	Y4M("FRAME\n89");
	video = opened(&film);
	assert_int_equal(next_width(video), 2);
	assert_int_equal(next_width(video), -EBADMSG);
	assert_int_equal(next_width(video), 2);
	assert_int_equal(next_width(video), -EBADMSG); /* the file ends within */
	assert_int_equal(next_width(video), -ENODATA);
	atoll_video_close(video);
}

static void what_cannot_be_read_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char *bytes;
		int code;
		const char *part;
	} cases[] = {
		{ "", -ENOTSUP, "neither Y4M nor MJPEG" },
		{ "GIF89a..........", -ENOTSUP, "neither Y4M nor MJPEG" },
		{ "RIFF....AVI LIST", -ENOTSUP, "AVI" },
		{ "YUV4MPEG2 W8 H8", -EBADMSG, "end of line" },
		{ "YUV4MPEG2 W8\nFRAME\n", -EBADMSG, "no height" },
		{ "YUV4MPEG2 W0 H8\n", -EBADMSG, "W0" },
		{ "YUV4MPEG2 W8x H8\n", -EBADMSG, "W8x" },
		{ "YUV4MPEG2 W-8 H8\n", -EBADMSG, "W-8" },
		{ "YUV4MPEG2 W99999 H8\n", -EBADMSG, "W99999" },
		{ "YUV4MPEG2 W8 H8 Fx\n", -EBADMSG, "Fx" },
		{ "YUV4MPEG2 W8 H8 F999999999:1\n", -EBADMSG, "F999999999:1" },
		{ "YUV4MPEG2 W8 H8 C420p10\n", -ENOTSUP, "C420p10" },
		{ "YUV4MPEG2 W7 H8 C422\n", -ENOTSUP, "7x8" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct atoll_error err = { 0 };

		assert_null(atoll_video_open_bytes(cases[i].bytes, strlen(cases[i].bytes), &err));
		assert_int_equal(err.code, cases[i].code);
		if (!strstr(err.text, cases[i].part))
			fail_msg("'%s' does not tell of '%s'", err.text, cases[i].part);
	}
	assert_null(atoll_video_open("/nowhere/at/all.y4m", NULL));
}

static char path[64];

static const char *temporary(const char *ending)
{
	(void)snprintf(path, sizeof(path), "/tmp/atoll-video.%d%s", (int)getpid(), ending);
	return path;
}

#define WIDTH 16
#define HEIGHT 6

/* A frame of numbers that all differ from their neighbours. */
static struct atoll_frame numbered(enum atoll_pixels pixels, uint8_t *bytes, size_t size)
{
	struct atoll_frame frame = { .pixels = pixels, .width = WIDTH, .height = HEIGHT,
				     .is_full_range = pixels % 2,
				     .matrix = pixels % 3 ? ATOLL_MATRIX_BT601 :
							    ATOLL_MATRIX_BT709 };

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 7 + pixels);
	assert_int_equal(atoll_frame_lay(&frame, bytes, size, 0), 0);
	return frame;
}

/* Y, Cb and Cr of a pixel, whatever the format. */
static void pixel(const struct atoll_frame *frame, uint32_t x, uint32_t y, uint8_t yuv[3])
{
	const uint8_t *row = frame->plane[0] + y * frame->stride[0];
	const uint8_t *pair = row + x / 2 * 4;

	yuv[0] = row[x];
	yuv[1] = yuv[2] = 128;
	switch (frame->pixels) {
	case ATOLL_PIXELS_YUYV:
		yuv[0] = row[2 * x], yuv[1] = pair[1], yuv[2] = pair[3];
		break;
	case ATOLL_PIXELS_UYVY:
		yuv[0] = row[2 * x + 1], yuv[1] = pair[0], yuv[2] = pair[2];
		break;
	case ATOLL_PIXELS_YVYU:
		yuv[0] = row[2 * x], yuv[1] = pair[3], yuv[2] = pair[1];
		break;
	case ATOLL_PIXELS_NV12:
	case ATOLL_PIXELS_NV21:
		pair = frame->plane[1] + y / 2 * frame->stride[1] + x / 2 * 2;
		yuv[1] = pair[frame->pixels == ATOLL_PIXELS_NV21];
		yuv[2] = pair[frame->pixels == ATOLL_PIXELS_NV12];
		break;
	case ATOLL_PIXELS_YU12:
	case ATOLL_PIXELS_YV12:
		yuv[1] = frame->plane[1][y / 2 * frame->stride[1] + x / 2];
		yuv[2] = frame->plane[2][y / 2 * frame->stride[2] + x / 2];
		break;
	default:
		break;
	}
}

static void assert_same_pixels(const struct atoll_frame *a, const struct atoll_frame *b)
{
	assert_int_equal(a->width, b->width);
	assert_int_equal(a->height, b->height);
	assert_int_equal(a->is_full_range, b->is_full_range);
	assert_int_equal(a->matrix, b->matrix);
	for (uint32_t y = 0; y < a->height; y++) {
		for (uint32_t x = 0; x < a->width; x++) {
			uint8_t of_a[3], of_b[3];

			pixel(a, x, y, of_a);
			pixel(b, x, y, of_b);
			assert_memory_equal(of_a, of_b, 3);
		}
	}
}

static void y4m_keeps_every_sample_of_every_yuv_format(void **state)
{
	(void)state;
	for (enum atoll_pixels pixels = ATOLL_PIXELS_YUYV; pixels <= ATOLL_PIXELS_GREY; pixels++) {
		uint8_t bytes[WIDTH * HEIGHT * 2];
		struct atoll_frame frame = numbered(pixels, bytes, sizeof(bytes)), read;
		struct atoll_error err;
		struct atoll_video_writer *writer =
			atoll_video_create(temporary(".y4m"), 12500, &err);
		struct atoll_video *video;

		assert_non_null(writer);
		assert_int_equal(atoll_video_write(writer, &frame, &err), 0);
		assert_int_equal(atoll_video_write(writer, &frame, &err), 0);
		assert_int_equal(atoll_video_finish(writer, &err), 0);
		video = atoll_video_open(path, &err);
		assert_non_null(video);
		assert_int_equal(atoll_video_frame_rate_mhz(video), 12500);
		for (int i = 0; i < 2; i++) {
			assert_int_equal(atoll_video_next(video, &read), 0);
			assert_same_pixels(&frame, &read);
		}
		assert_int_equal(atoll_video_next(video, &read), -ENODATA);
		atoll_video_close(video);
		(void)unlink(path);
	}
}

static void mjpeg_takes_jpegs_as_they_are_and_the_rest_through_the_encoder(void **state)
{
	uint8_t bytes[WIDTH * HEIGHT * 3];
	struct film film = { 0 };
	struct atoll_error err;
	struct atoll_video_writer *writer;
	struct atoll_video *video;
	struct atoll_frame frame, read;

	(void)state;
	(void)append_jpeg(&film, 24, true);
	frame = (struct atoll_frame){ .pixels = ATOLL_PIXELS_JPEG, .width = 24, .height = 8,
				      .plane = { film.bytes }, .bytes = film.size };
	writer = atoll_video_create(temporary(".mjpeg"), 0, &err);
	assert_non_null(writer);
	assert_int_equal(atoll_video_write(writer, &frame, &err), 0);
	assert_int_equal(atoll_video_finish(writer, &err), 0);
	video = atoll_video_open(path, &err);
	assert_int_equal(atoll_video_next(video, &read), 0);
	assert_int_equal(read.bytes, film.size);
	assert_memory_equal(read.plane[0], film.bytes, film.size);
	atoll_video_close(video);

	frame = numbered(ATOLL_PIXELS_RGB24, bytes, sizeof(bytes));
	writer = atoll_video_create(path, 0, &err);
	assert_int_equal(atoll_video_write(writer, &frame, &err), 0);
	assert_int_equal(atoll_video_write(writer, &frame, &err), 0);
	assert_int_equal(atoll_video_finish(writer, &err), 0);
	video = atoll_video_open(path, &err);
	assert_int_equal(next_width(video), WIDTH);
	assert_int_equal(next_width(video), WIDTH);
	assert_int_equal(next_width(video), -ENODATA);
	atoll_video_close(video);
	(void)unlink(path);
}

static void a_writer_says_what_it_cannot_do(void **state)
{
	uint8_t bytes[WIDTH * HEIGHT * 3];
	struct atoll_frame frame = numbered(ATOLL_PIXELS_RGB24, bytes, sizeof(bytes));
	struct atoll_error err = { 0 };
	struct atoll_video_writer *writer;

	(void)state;
	assert_null(atoll_video_create("film.mp4", 0, &err));
	assert_int_equal(err.code, -EINVAL);
	assert_null(atoll_video_create("/nowhere/film.y4m", 0, &err));
	assert_int_equal(err.code, -ENOENT);
	writer = atoll_video_create(temporary(".y4m"), 0, &err);
	assert_int_equal(atoll_video_write(writer, &frame, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "RGB24"));
	frame = numbered(ATOLL_PIXELS_GREY, bytes, sizeof(bytes));
	assert_int_equal(atoll_video_write(writer, &frame, &err), 0);
	frame.height--;
	assert_int_equal(atoll_video_write(writer, &frame, &err), -EINVAL);
	assert_int_equal(atoll_video_finish(writer, &err), 0);
	(void)unlink(path);
	assert_int_equal(atoll_video_finish(NULL, &err), 0);
	assert_int_equal(symlink("/dev/full", temporary(".y4m")), 0);
	writer = atoll_video_create(path, 0, &err);
	frame.height++;
	(void)atoll_video_write(writer, &frame, &err); /* may still be in memory */
	assert_int_equal(atoll_video_finish(writer, &err), -ENOSPC);
	(void)unlink(path);
}

static void a_pipe_is_read_as_it_comes_and_not_twice(void **state)
{
	struct atoll_error err;
	struct film film = { 0 };
	struct atoll_video *video;
	int ends[2];

	(void)state;
	(void)append_jpeg(&film, 16, false);
	(void)append_jpeg(&film, 24, false);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], film.bytes, film.size), (ssize_t)film.size);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	video = atoll_video_open("-", &err);
	assert_non_null(video);
	/* The writer is still there: a frame comes out before the next goes in. */
	assert_int_equal(next_width(video), 16);
	assert_int_equal(next_width(video), 24);
	(void)close(ends[1]);
	assert_int_equal(next_width(video), -ENODATA);
	assert_int_equal(atoll_video_rewind(video), -ESPIPE);
	assert_non_null(strstr(atoll_video_error(video)->text, "standard input"));
	atoll_video_close(video);
	(void)close(ends[0]);
}

static void frames_are_read_without_allocating(void **state)
{
	struct film film = { 0 };
	struct atoll_error err;
	struct atoll_video *video;
	unsigned long before;
	FILE *file;

	(void)state;
	for (int i = 0; i < 100; i++)
		(void)append_jpeg(&film, 32, false);
	file = fopen(temporary(".mjpeg"), "w");
	assert_int_equal(fwrite(film.bytes, 1, film.size, file), film.size);
	assert_int_equal(fclose(file), 0);
	video = atoll_video_open(path, &err);
	assert_int_equal(next_width(video), 32);
	before = allocations();
	for (int i = 1; i < 100; i++)
		assert_int_equal(next_width(video), 32);
	assert_int_equal(allocations() - before, 0);
	atoll_video_close(video);
	(void)unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mjpeg_is_read_picture_by_picture),
		cmocka_unit_test(a_corrupt_picture_is_told_and_the_next_one_follows),
		cmocka_unit_test(a_picture_that_ends_in_the_next_one_loses_only_itself),
		cmocka_unit_test(a_wrong_length_does_not_lead_past_pictures_that_are_right),
		cmocka_unit_test(a_film_cut_anywhere_ends_well),
		cmocka_unit_test(y4m_is_read_frame_by_frame),
		cmocka_unit_test(planes_of_422_become_pairs_and_mono_stays_grey),
		cmocka_unit_test(a_lost_frame_of_y4m_is_found_again),
		cmocka_unit_test(what_cannot_be_read_is_refused_with_a_reason),
		cmocka_unit_test(y4m_keeps_every_sample_of_every_yuv_format),
		cmocka_unit_test(mjpeg_takes_jpegs_as_they_are_and_the_rest_through_the_encoder),
		cmocka_unit_test(a_writer_says_what_it_cannot_do),
		cmocka_unit_test(a_pipe_is_read_as_it_comes_and_not_twice),
		cmocka_unit_test(frames_are_read_without_allocating),
	};

	return CHECK_RUN(tests);
}
