/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/folder.h"
#include "tests/pictures.h"

static void append(const char *name, const void *bytes, size_t size)
{
	FILE *file = fopen(in_folder(name), "a");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

/* A JPEG `width` pixels wide and 8 high, turned when orientation is not 1. */
static void append_jpeg(const char *name, uint32_t width, unsigned orientation)
{
	uint8_t grey[64 * 8], exif[PICTURES_EXIF_SIZE];
	struct pictures_file file;

	memset(grey, 100, sizeof(grey));
	pictures_exif(exif, orientation, false);
	file = pictures_jpeg(&(struct pictures_jpeg){
		.width = width, .height = 8, .samples = grey, .ink = PICTURES_LIGHT,
		.exif = exif, .exif_size = sizeof(exif) });
	append(name, file.bytes, file.size);
	free(file.bytes);
}

static void append_ppm(const char *name, uint32_t width)
{
	char header[32];
	uint8_t black[64 * 3] = { 0 };

	(void)snprintf(header, sizeof(header), "P6 %u 1 255\n", width);
	append(name, header, strlen(header));
	append(name, black, width * 3);
}

static void append_y4m(const char *name, uint32_t frames, const char *rate)
{
	char header[64];
	uint8_t grey[8 * 2] = { 0 };

	(void)snprintf(header, sizeof(header), "YUV4MPEG2 W8 H2 F%s Cmono\n", rate);
	append(name, header, strlen(header));
	for (uint32_t i = 0; i < frames; i++) {
		append(name, "FRAME\n", 6);
		grey[0] = (uint8_t)i;
		append(name, grey, sizeof(grey));
	}
}

static struct atoll_source *opened(struct atoll_source_config config)
{
	struct atoll_error err;
	struct atoll_source *source = atoll_source_open(&config, &err);

	if (!source)
		fail_msg("%s", err.text);
	return source;
}

#define OPENED(...) opened((struct atoll_source_config){ __VA_ARGS__ })

/* The width of the next frame, or what went wrong. */
static int next_width(struct atoll_source *source)
{
	struct atoll_frame frame;
	int r = atoll_source_next(source, 1000, &frame);

	if (r < 0)
		return r;
	assert_int_equal(atoll_source_release(source, &frame), 0);
	return (int)frame.width;
}

static void a_picture_is_one_frame(void **state)
{
	struct atoll_source *source;
	struct atoll_frame frame;

	(void)state;
	append_ppm("a.ppm", 5);
	source = OPENED(.what = in_folder("a.ppm"));
	assert_int_equal(atoll_source_next(source, -1, &frame), 0);
	assert_int_equal(frame.pixels, ATOLL_PIXELS_RGB24);
	assert_int_equal(frame.width, 5);
	assert_int_equal(frame.time_ns, 0);
	assert_string_equal(atoll_source_name(source), in_folder("a.ppm"));
	assert_int_equal(atoll_source_next(source, -1, &frame), -EBUSY);
	assert_int_equal(atoll_source_release(source, &frame), 0);
	assert_int_equal(atoll_source_release(source, &frame), -EINVAL);
	assert_int_equal(atoll_source_next(source, -1, &frame), -ENODATA);
	assert_int_equal(atoll_source_next(source, -1, &frame), -ENODATA);
	assert_int_equal(atoll_source_fd(source), -1);
	assert_false(atoll_source_is_live(source));
	assert_false(atoll_source_is_stream(source));
	assert_null(atoll_source_camera(source));
	assert_int_equal(atoll_source_reopen(source, NULL), -ENOTSUP);
	assert_int_equal(atoll_source_counts(source).frames, 1);
	atoll_source_close(source);
	atoll_source_close(NULL);
}

static void a_folder_gives_its_pictures_by_name_and_passes_over_the_rest(void **state)
{
	struct atoll_source *source;

	(void)state;
	append_ppm("b.ppm", 2);
	append_jpeg("a.jpg", 16, 1);
	append_ppm(".hidden.ppm", 9);
	append_ppm("B.ppm", 1);
	append("notes.txt", "words", 5);
	append_y4m("clip.y4m", 2, "30:1");
	assert_int_equal(mkdir(in_folder("d.ppm"), 0700), 0);
	source = OPENED(.what = folder);
	assert_int_equal(next_width(source), 1);
	assert_int_equal(next_width(source), 16);
	assert_int_equal(next_width(source), 2);
	assert_int_equal(next_width(source), -ENODATA);
	assert_false(atoll_source_is_stream(source));
	assert_int_equal(atoll_source_counts(source).damaged, 0);
	atoll_source_close(source);
}

static void a_damaged_picture_is_told_and_the_next_one_follows(void **state)
{
	struct atoll_source *source;

	(void)state;
	append_ppm("1.ppm", 1);
	append("2.ppm", "P6 4 4 255\n123", 14);
	append_ppm("3.ppm", 3);
	source = OPENED(.what = folder);
	assert_int_equal(next_width(source), 1);
	assert_int_equal(next_width(source), -EBADMSG);
	assert_non_null(strstr(atoll_source_error(source)->text, "2.ppm"));
	assert_int_equal(next_width(source), 3);
	assert_int_equal(next_width(source), -ENODATA);
	assert_int_equal(atoll_source_counts(source).damaged, 1);
	assert_int_equal(atoll_source_counts(source).frames, 2);
	atoll_source_close(source);
}

static void a_file_of_jpegs_is_a_video_by_its_name(void **state)
{
	struct atoll_source *source;

	(void)state;
	append_jpeg("clip.mjpeg", 16, 1);
	append_jpeg("clip.mjpeg", 24, 1);
	append_jpeg("photo.jpg", 32, 6);
	append_jpeg("photo.jpg", 40, 1); /* a preview behind it */
	source = OPENED(.what = in_folder("clip.mjpeg"));
	assert_int_equal(next_width(source), 16);
	assert_int_equal(next_width(source), 24);
	assert_int_equal(next_width(source), -ENODATA);
	assert_true(atoll_source_is_stream(source));
	atoll_source_close(source);
	source = OPENED(.what = in_folder("photo.jpg"));
	assert_int_equal(next_width(source), 8); /* upright */
	assert_int_equal(next_width(source), -ENODATA);
	atoll_source_close(source);
}

/* Run with the file as standard input, through a pipe or as itself. */
static struct atoll_source *on_stdin(const char *name, bool is_pipe)
{
	char command[256];

	if (is_pipe) {
		FILE *pipe;

		(void)snprintf(command, sizeof(command), "cat '%s'", in_folder(name));
		pipe = popen(command, "r");
		assert_non_null(pipe);
		assert_int_equal(dup2(fileno(pipe), STDIN_FILENO), STDIN_FILENO);
		assert_int_equal(pclose(pipe), 0);
	} else {
		int fd = open(in_folder(name), O_RDONLY);

		assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
		(void)close(fd);
	}
	return OPENED(.what = "-");
}

static void standard_input_may_be_any_file(void **state)
{
	static const struct {
		const char *name;
		bool is_stream;
		int width[4];
	} cases[] = {
		{ "a.ppm", false, { 7, -ENODATA } },
		{ "clip.y4m", true, { 8, 8, -ENODATA } },
		{ "turned.jpg", false, { 8, -ENODATA, -ENODATA } },
		{ "three.jpg", true, { 16, 24, 32, -ENODATA } },
	};

	(void)state;
	append_ppm("a.ppm", 7);
	append_y4m("clip.y4m", 2, "30:1");
	append_jpeg("turned.jpg", 16, 6);
	append_jpeg("three.jpg", 16, 1);
	append_jpeg("three.jpg", 24, 1);
	append_jpeg("three.jpg", 32, 1);
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct atoll_source *source = on_stdin(cases[i / 2].name, i % 2);

		for (size_t n = 0; n < 4 && cases[i / 2].width[n]; n++)
			assert_int_equal(next_width(source), cases[i / 2].width[n]);
		assert_int_equal(atoll_source_is_stream(source), cases[i / 2].is_stream);
		atoll_source_close(source);
	}
}

static void what_is_not_there_or_of_no_kind_is_refused(void **state)
{
	static const struct {
		const char *name, *bytes;
		int code;
		const char *part;
	} cases[] = {
		{ "absent.jpg", NULL, -ENOENT, "No such file" },
		{ "notes.txt", "words", -ENOTSUP, "neither a picture" },
		{ "empty.jpg", "", -ENOTSUP, "neither a picture" },
		{ "film.avi", "RIFF....AVI LIST", -ENOTSUP, "AVI" },
		{ "bad.y4m", "YUV4MPEG2 Wx H2\n", -EBADMSG, "bad.y4m" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct atoll_source_config config = { .what = in_folder(cases[i].name) };
		struct atoll_error err = { 0 };

		if (cases[i].bytes)
			append(cases[i].name, cases[i].bytes, strlen(cases[i].bytes));
		assert_null(atoll_source_open(&config, &err));
		assert_int_equal(err.code, cases[i].code);
		if (!strstr(err.text, cases[i].part))
			fail_msg("'%s' does not tell of '%s'", err.text, cases[i].part);
		assert_null(atoll_source_open(&config, NULL));
	}
}

static void an_empty_folder_is_refused_and_one_without_pictures_ends_at_once(void **state)
{
	struct atoll_source_config config = { .what = folder, .repeats = true };
	struct atoll_error err = { 0 };
	struct atoll_source *source;

	(void)state;
	assert_null(atoll_source_open(&config, &err));
	assert_int_equal(err.code, -ENOENT);
	append("notes.txt", "words", 5);
	source = OPENED(.what = folder, .repeats = true);
	assert_int_equal(next_width(source), -ENODATA);
	atoll_source_close(source);
}

static void files_begin_again_when_they_should(void **state)
{
	struct atoll_source *source;

	(void)state;
	append_y4m("clip.y4m", 2, "30:1");
	append_ppm("a.ppm", 3);
	append_ppm("b.ppm", 4);
	source = OPENED(.what = in_folder("clip.y4m"), .repeats = true);
	for (int i = 0; i < 5; i++)
		assert_int_equal(next_width(source), 8);
	atoll_source_close(source);
	source = OPENED(.what = folder, .repeats = true);
	for (int i = 0; i < 6; i++)
		assert_int_equal(next_width(source), 3 + i % 2);
	atoll_source_close(source);
	source = OPENED(.what = in_folder("a.ppm"), .repeats = true);
	for (int i = 0; i < 3; i++)
		assert_int_equal(next_width(source), 3);
	atoll_source_close(source);
}

static void a_paced_video_gives_its_fd_and_its_time(void **state)
{
	struct atoll_source *source;
	struct atoll_frame frame;
	struct pollfd ready = { .events = POLLIN };
	int64_t last_ns = 0;

	(void)state;
	append_y4m("clip.y4m", 4, "100:1");
	source = OPENED(.what = in_folder("clip.y4m"), .is_paced = true);
	assert_int_equal(atoll_source_frame_rate_mhz(source), 100000);
	ready.fd = atoll_source_fd(source);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(poll(&ready, 1, 10000), 1);
		assert_int_equal(atoll_source_next(source, 0, &frame), 0);
		assert_int_equal(frame.plane[0][0], i); /* none left out */
		assert_int_equal(frame.sequence, i + 1);
		if (i > 0)
			assert_int_equal(frame.time_ns - last_ns, 10000000);
		last_ns = frame.time_ns;
		assert_int_equal(atoll_source_release(source, &frame), 0);
		if (i == 0)
			assert_int_equal(atoll_source_next(source, 0, &frame), -ETIMEDOUT);
	}
	assert_int_equal(atoll_source_next(source, -1, &frame), -ENODATA);
	atoll_source_close(source);
}

static void who_is_late_gets_the_newest_frame(void **state)
{
	struct atoll_source *source;
	struct atoll_frame frame;

	(void)state;
	append_y4m("clip.y4m", 200, "1000:1");
	source = OPENED(.what = in_folder("clip.y4m"), .is_paced = true,
			.wants_newest = true);
	assert_int_equal(next_width(source), 8);
	(void)usleep(20000); /* at least 19 frames pass by */
	assert_int_equal(atoll_source_next(source, -1, &frame), 0);
	assert_in_range(frame.plane[0][0], 19, 199);
	assert_in_range(atoll_source_counts(source).skipped, 18, 199);
	assert_int_equal(atoll_source_counts(source).frames, 2);
	assert_int_equal(frame.sequence, frame.plane[0][0] + 1);
	atoll_source_close(source);
}

static void the_pace_can_be_set(void **state)
{
	struct atoll_source *source;

	(void)state;
	append_jpeg("clip.mjpeg", 16, 1);
	source = OPENED(.what = in_folder("clip.mjpeg"), .is_paced = true);
	assert_int_equal(atoll_source_frame_rate_mhz(source), ATOLL_SOURCE_RATE_MHZ);
	atoll_source_close(source);
	source = OPENED(.what = in_folder("clip.mjpeg"), .is_paced = true,
			.camera = { .frame_rate_mhz = 15000 });
	assert_int_equal(atoll_source_frame_rate_mhz(source), 15000);
	atoll_source_close(source);
}

static void without_such_a_camera_there_is_no_source(void **state)
{
	struct atoll_source_config config = { .what = "camera:no such camera anywhere" };
	struct atoll_error err = { 0 };

	(void)state;
	assert_null(atoll_source_open(&config, &err));
	assert_int_equal(err.code, -ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_picture_is_one_frame),
		IN_FOLDER(a_folder_gives_its_pictures_by_name_and_passes_over_the_rest),
		IN_FOLDER(a_damaged_picture_is_told_and_the_next_one_follows),
		IN_FOLDER(a_file_of_jpegs_is_a_video_by_its_name),
		IN_FOLDER(standard_input_may_be_any_file),
		IN_FOLDER(what_is_not_there_or_of_no_kind_is_refused),
		IN_FOLDER(an_empty_folder_is_refused_and_one_without_pictures_ends_at_once),
		IN_FOLDER(files_begin_again_when_they_should),
		IN_FOLDER(a_paced_video_gives_its_fd_and_its_time),
		IN_FOLDER(who_is_late_gets_the_newest_frame),
		IN_FOLDER(the_pace_can_be_set),
		cmocka_unit_test(without_such_a_camera_there_is_no_source),
	};

	return CHECK_RUN(tests);
}
