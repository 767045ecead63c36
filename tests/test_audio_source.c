/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/source.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board/clock.h"
#include "tests/allocations.h"
#include "tests/check.h"
#include "tests/folder.h"
#include "tests/sounds.h"

#define FRAMES_MAX 48000

static float noise[FRAMES_MAX * 2], heard[FRAMES_MAX * 2];

static struct sounds_file wav_of(struct sounds_wav recipe)
{
	sounds_noise(noise, FRAMES_MAX * 2, 11, 0.7f);
	recipe.sample = noise;
	return sounds_wav(&recipe);
}

#define WAV(...) wav_of((struct sounds_wav){ __VA_ARGS__ })

/* The file's path. */
static const char *saved(struct sounds_file file)
{
	const char *path = in_folder("a.wav");

	sounds_save(path, &file);
	free(file.bytes);
	return path;
}

static struct atoll_sound *opened(struct atoll_sound_config config)
{
	struct atoll_error err;
	struct atoll_sound *sound = atoll_sound_open(&config, &err);

	if (!sound)
		fail_msg("%s", err.text);
	return sound;
}

#define OPENED(...) opened((struct atoll_sound_config){ __VA_ARGS__ })

/* Everything to the end, into `heard`; each piece begins where the last one ended. */
static uint32_t hear_all(struct atoll_sound *sound)
{
	struct atoll_block block;
	uint32_t count = 0;
	int r;

	while ((r = atoll_sound_next(sound, 1000, &block)) == 0) {
		assert_in_range(block.count, 1, 1600);
		assert_int_equal(block.at, count);
		assert_false(block.is_after_gap);
		memcpy(heard + count, block.sample, block.count * sizeof(float));
		count += block.count;
	}
	assert_int_equal(r, -ENODATA);
	return count;
}

static void a_file_is_heard_to_its_end(void **state)
{
	struct atoll_sound *sound = OPENED(.what = saved(WAV(.frames = 5000)));
	struct atoll_block block;
	struct atoll_error err;

	(void)state;
	assert_int_equal(hear_all(sound), 5000);
	for (uint32_t i = 0; i < 5000; i++)
		assert_true(fabsf(heard[i] - noise[i]) <= 0.5f / 32768);
	assert_int_equal(atoll_sound_next(sound, -1, &block), -ENODATA);
	assert_int_equal(atoll_sound_next(sound, 0, &block), -ENODATA);
	assert_non_null(strstr(atoll_sound_error(sound)->text, "a.wav: no more sound"));
	assert_string_equal(atoll_sound_name(sound), in_folder("a.wav"));
	assert_false(atoll_sound_is_live(sound));
	assert_int_equal(atoll_sound_fd(sound), -1);
	assert_int_equal(atoll_sound_reopen(sound, &err), -ENOTSUP);
	assert_int_equal(atoll_sound_counts(sound).samples, 5000);
	assert_int_equal(atoll_sound_counts(sound).missing, 0);
	atoll_sound_close(sound);
	atoll_sound_close(NULL);
}

static void samples_are_counted_and_timed_from_open_on(void **state)
{
	const char *path = saved(WAV(.frames = 4000));
	int64_t before = atoll_clock_ns(), start;
	struct atoll_sound *sound = OPENED(.what = path);
	struct atoll_block block;

	(void)state;
	assert_int_equal(atoll_sound_next(sound, -1, &block), 0);
	assert_true(block.count == 1600 && block.at == 0);
	start = block.time_ns;
	assert_true(start >= before && start <= atoll_clock_ns());
	assert_int_equal(atoll_sound_next(sound, -1, &block), 0);
	assert_true(block.count == 1600 && block.at == 1600);
	assert_int_equal(block.time_ns, start + 100000000);
	assert_int_equal(atoll_sound_next(sound, -1, &block), 0);
	assert_true(block.count == 800 && block.at == 3200);
	assert_int_equal(block.time_ns, start + 200000000);
	atoll_sound_close(sound);
}

static void every_rate_lasts_as_long_as_it_did(void **state)
{
	static const uint32_t rates[] = { 8000, 11025, 22050, 44100, 48000 };

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct atoll_sound *sound = OPENED(.what = saved(
			WAV(.frames = rates[i] - 1, .rate = rates[i], .channels = 2)));

		assert_int_equal(hear_all(sound),
				 ((rates[i] - 1) * 16000 + rates[i] - 1) / rates[i]);
		atoll_sound_close(sound);
	}
}

static void a_channel_can_be_chosen(void **state)
{
	const char *path = saved(WAV(.frames = 100, .channels = 2));
	struct atoll_sound_config config = { .what = path, .channel = 3 };
	struct atoll_error err;

	(void)state;
	for (uint32_t channel = 1; channel <= 2; channel++) {
		struct atoll_sound *sound = OPENED(.what = path, .channel = channel);

		assert_int_equal(hear_all(sound), 100);
		for (uint32_t i = 0; i < 100; i++)
			assert_true(fabsf(heard[i] - noise[2 * i + channel - 1]) <=
				    0.5f / 32768);
		atoll_sound_close(sound);
	}
	assert_null(atoll_sound_open(&config, &err));
	assert_int_equal(err.code, -EINVAL);
	assert_non_null(strstr(err.text, "a.wav: resample: channel 3 is wanted"));
}

static void a_file_that_repeats_goes_on_without_a_seam(void **state)
{
	const char *path = saved(WAV(.frames = 1000));
	struct atoll_sound *sound = OPENED(.what = path, .repeats = true);
	struct atoll_block block;
	uint32_t count = 0;

	(void)state;
	while (count < 5500) {
		assert_int_equal(atoll_sound_next(sound, 0, &block), 0);
		assert_int_equal(block.at, count);
		assert_false(block.is_after_gap);
		for (uint32_t i = 0; i < block.count; i++, count++)
			assert_true(fabsf(block.sample[i] - noise[count % 1000]) <=
				    0.5f / 32768);
	}
	atoll_sound_close(sound);
	/* A file without a sample is not begun again for ever. */
	sound = OPENED(.what = saved(WAV(.frames = 0)), .repeats = true);
	assert_int_equal(atoll_sound_next(sound, -1, &block), -ENODATA);
	atoll_sound_close(sound);
}

static void what_a_truncated_file_lacks_is_counted(void **state)
{
	struct sounds_file file = WAV(.frames = 8000, .rate = 8000);
	struct atoll_sound *sound;

	(void)state;
	file.size -= 2 * 3000;
	sound = OPENED(.what = saved(file));
	assert_int_equal(hear_all(sound), 10000);
	assert_int_equal(atoll_sound_counts(sound).missing, 6000);
	atoll_sound_close(sound);
}

static void a_file_that_is_none_is_refused_by_name(void **state)
{
	static const struct {
		const char *what, *part;
		int code;
	} cases[] = {
		{ "/nowhere/a.wav", "/nowhere/a.wav: No such file", -ENOENT },
		{ "mic.wav", "mic.wav: No such file", -ENOENT },
		{ "/etc/passwd", "/etc/passwd: not a WAV file", -ENOTSUP },
		{ "/dev/null", "/dev/null: empty", -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct atoll_sound_config config = { .what = cases[i].what };
		struct atoll_error err = { 0 };

		assert_null(atoll_sound_open(&config, &err));
		assert_int_equal(err.code, cases[i].code);
		if (!strstr(err.text, cases[i].part))
			fail_msg("'%s' does not tell of '%s'", err.text, cases[i].part);
		assert_null(atoll_sound_open(&config, NULL));
	}
}

static void files_are_heard_without_allocating(void **state)
{
	const char *path = saved(WAV(.frames = FRAMES_MAX, .rate = 48000));
	struct atoll_sound *sound = OPENED(.what = path);
	unsigned long before = allocations();

	(void)state;
	assert_int_equal(hear_all(sound), 16000);
	assert_int_equal(allocations() - before, 0);
	atoll_sound_close(sound);
}

/*
 * The pace.
 */

static bool is_readable(int fd)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };

	return poll(&wanted, 1, 0) == 1;
}

static void a_paced_file_is_as_fast_as_a_microphone(void **state)
{
	const char *path = saved(WAV(.frames = 1600));
	int64_t start = atoll_clock_ns();
	struct atoll_sound *sound = OPENED(.what = path, .is_paced = true);
	struct atoll_block block;
	uint32_t count = 0;
	int fd = atoll_sound_fd(sound), r;

	(void)state;
	assert_true(fd >= 0);
	while ((r = atoll_sound_next(sound, 0, &block)) != -ENODATA) {
		struct pollfd wanted = { .fd = fd, .events = POLLIN };

		if (r == -ETIMEDOUT) {
			assert_int_equal(poll(&wanted, 1, 5000), 1);
			continue;
		}
		assert_int_equal(r, 0);
		assert_in_range(block.count, 1, 320);
		count += block.count;
		/* Never before the last of it would have been said. */
		assert_true(atoll_clock_ns() >=
			    block.time_ns + (int64_t)block.count * 62500);
		assert_true(block.time_ns >= start);
	}
	assert_int_equal(count, 1600);
	assert_true(is_readable(fd)); /* the end is no reason to wait */
	atoll_sound_close(sound);
}

static void waiting_for_the_pace_ends_in_time(void **state)
{
	const char *path = saved(WAV(.frames = 1600));
	struct atoll_sound *sound = OPENED(.what = path, .is_paced = true);
	struct atoll_block block = { .count = 7 };
	int64_t start = atoll_clock_ns();

	(void)state;
	while (atoll_sound_next(sound, 0, &block) == 0)
		; /* however slow this machine is, it is not always late */
	assert_int_equal(atoll_sound_next(sound, 0, &block), -ETIMEDOUT);
	assert_true(atoll_clock_ns() - start < 5000000000);
	assert_int_equal(atoll_sound_next(sound, -1, &block), 0);
	atoll_sound_close(sound);
}

/*
 * Pipes.
 */

static int stdin_end = -1;

/* Standard input becomes a pipe; the end to write to. */
static int pipe_in(void)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	(void)close(ends[0]);
	stdin_end = ends[1];
	return ends[1];
}

static void put(const void *bytes, size_t size)
{
	assert_int_equal(write(stdin_end, bytes, size), (ssize_t)size);
}

static void a_pipe_is_heard_as_it_comes(void **state)
{
	struct sounds_file file = WAV(.frames = 1000);
	struct atoll_sound *sound;
	struct atoll_block block;
	int end = pipe_in(), fd;

	(void)state;
	put(file.bytes, SOUNDS_DATA);
	sound = OPENED(.what = "-");
	fd = atoll_sound_fd(sound);
	assert_string_equal(atoll_sound_name(sound), "standard input");
	assert_false(is_readable(fd));
	assert_int_equal(atoll_sound_next(sound, 0, &block), -ETIMEDOUT);
	assert_int_equal(atoll_sound_next(sound, 10, &block), -ETIMEDOUT);
	put(file.bytes + SOUNDS_DATA, 1); /* half a sample */
	assert_true(is_readable(fd));
	assert_int_equal(atoll_sound_next(sound, 0, &block), -ETIMEDOUT);
	assert_false(is_readable(fd));
	put(file.bytes + SOUNDS_DATA + 1, 200);
	assert_true(is_readable(fd));
	assert_int_equal(atoll_sound_next(sound, 0, &block), 0);
	assert_int_equal(block.count, 100);
	assert_true(fabsf(block.sample[99] - noise[99]) <= 0.5f / 32768);
	put(file.bytes + SOUNDS_DATA + 201, 1799);
	assert_int_equal(atoll_sound_next(sound, 0, &block), 0);
	assert_int_equal(block.at, 100);
	assert_int_equal(block.count, 900);
	/* The writer is still there, but the file has ended. */
	assert_true(is_readable(fd));
	assert_int_equal(atoll_sound_next(sound, -1, &block), -ENODATA);
	assert_true(is_readable(fd));
	atoll_sound_close(sound);
	(void)close(end);
	free(file.bytes);
}

static void a_pipe_that_closes_is_at_its_end(void **state)
{
	struct sounds_file file = WAV(.frames = 1000);
	struct atoll_sound *sound;
	int end = pipe_in();

	(void)state;
	sounds_put(file.bytes + SOUNDS_DATA_SIZE, UINT32_MAX, 4);
	put(file.bytes, file.size - 1);
	(void)close(end);
	/* Nor can it be begun again. */
	sound = OPENED(.what = "-", .repeats = true);
	assert_int_equal(hear_all(sound), 999);
	assert_true(is_readable(atoll_sound_fd(sound)));
	assert_int_equal(atoll_sound_counts(sound).missing, 0);
	atoll_sound_close(sound);
	free(file.bytes);
}

static void standard_input_may_be_a_file(void **state)
{
	const char *path = saved(WAV(.frames = 1000));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct atoll_sound *sound;

	(void)state;
	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	(void)close(fd);
	sound = OPENED(.what = "-");
	assert_int_equal(hear_all(sound), 1000);
	assert_int_equal(atoll_sound_fd(sound), -1);
	atoll_sound_close(sound);
}

static void a_paced_pipe_waits_for_both(void **state)
{
	struct sounds_file file = WAV(.frames = 640);
	struct atoll_sound *sound;
	struct atoll_block block;
	int end = pipe_in(), fd;

	(void)state;
	put(file.bytes, SOUNDS_DATA);
	sound = OPENED(.what = "-", .is_paced = true);
	fd = atoll_sound_fd(sound);
	/* The time comes, the sound does not: others are not woken for that again. */
	while (!is_readable(fd))
		(void)poll(NULL, 0, 1);
	assert_int_equal(atoll_sound_next(sound, 0, &block), -ETIMEDOUT);
	assert_false(is_readable(fd));
	put(file.bytes + SOUNDS_DATA, 1280);
	assert_true(is_readable(fd));
	assert_int_equal(atoll_sound_next(sound, 0, &block), 0);
	assert_int_equal(block.count, 320);
	assert_int_equal(atoll_sound_next(sound, -1, &block), 0);
	assert_int_equal(block.count, 320);
	assert_int_equal(atoll_sound_next(sound, -1, &block), -ENODATA);
	atoll_sound_close(sound);
	(void)close(end);
	free(file.bytes);
}

static void raw_samples_are_what_they_are_said_to_be(void **state)
{
	uint8_t frames[300 * 3 * 2];
	struct atoll_sound_config config = { .what = "-", .raw = { .rate = 16000,
								   .channels = 9 } };
	struct atoll_error err;
	struct atoll_sound *sound;
	int end = pipe_in();

	(void)state;
	sounds_noise(noise, 600, 1, 0.5f);
	for (uint32_t i = 0; i < 600; i++)
		(void)sounds_encode(ATOLL_S24_3, noise[i], frames + 3 * i);
	put(frames, sizeof(frames));
	(void)close(end);
	assert_null(atoll_sound_open(&config, &err));
	assert_int_equal(err.code, -EINVAL);
	assert_non_null(strstr(err.text, "standard input: 9 channels"));
	sound = OPENED(.what = "-", .channel = 2,
		       .raw = { .rate = 16000, .channels = 2, .samples = ATOLL_S24_3 });
	assert_int_equal(hear_all(sound), 300);
	for (uint32_t i = 0; i < 300; i++)
		assert_true(fabsf(heard[i] - noise[2 * i + 1]) < 1e-6f);
	atoll_sound_close(sound);
}

static void what_never_waits_has_nothing_to_wait_for(void **state)
{
	struct atoll_sound *sound = OPENED(.what = "/dev/zero", .raw = { .rate = 8000 });
	struct atoll_block block;

	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(atoll_sound_next(sound, 0, &block), 0);
		assert_true(block.sample[0] == 0);
	}
	atoll_sound_close(sound);
}

static void the_shared_recordings_are_heard_whole(void **state)
{
	static const char *const names[] = { "yes", "no", "noise", "silence" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct atoll_sound *sound =
			OPENED(.what = check_data_path("audio/%s_1000ms.wav", names[i]));

		assert_int_equal(hear_all(sound), 16000);
		atoll_sound_close(sound);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(a_file_is_heard_to_its_end),
		IN_FOLDER(samples_are_counted_and_timed_from_open_on),
		IN_FOLDER(every_rate_lasts_as_long_as_it_did),
		IN_FOLDER(a_channel_can_be_chosen),
		IN_FOLDER(a_file_that_repeats_goes_on_without_a_seam),
		IN_FOLDER(what_a_truncated_file_lacks_is_counted),
		cmocka_unit_test(a_file_that_is_none_is_refused_by_name),
		IN_FOLDER(files_are_heard_without_allocating),
		IN_FOLDER(a_paced_file_is_as_fast_as_a_microphone),
		IN_FOLDER(waiting_for_the_pace_ends_in_time),
		cmocka_unit_test(a_pipe_is_heard_as_it_comes),
		cmocka_unit_test(a_pipe_that_closes_is_at_its_end),
		IN_FOLDER(standard_input_may_be_a_file),
		cmocka_unit_test(a_paced_pipe_waits_for_both),
		cmocka_unit_test(raw_samples_are_what_they_are_said_to_be),
		cmocka_unit_test(what_never_waits_has_nothing_to_wait_for),
		cmocka_unit_test(the_shared_recordings_are_heard_whole),
	};

	return CHECK_RUN(tests);
}
