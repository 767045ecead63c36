/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/wav.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/allocations.h"
#include "tests/check.h"
#include "tests/folder.h"
#include "tests/sounds.h"

static struct atoll_wav *opened(const struct sounds_file *file)
{
	struct atoll_error err;
	struct atoll_wav *wav = atoll_wav_open_bytes(file->bytes, file->size, &err);

	if (!wav)
		fail_msg("%s", err.text);
	return wav;
}

#define FRAMES 50

static float noise[FRAMES * 8];

static struct sounds_file wav_of(struct sounds_wav recipe)
{
	sounds_noise(noise, FRAMES * 8, 7, 1);
	recipe.sample = noise;
	recipe.frames = FRAMES;
	return sounds_wav(&recipe);
}

#define WAV(...) wav_of((struct sounds_wav){ __VA_ARGS__ })

/* Frames 0 to `frames` come out, and then the end. */
static void assert_frames(struct atoll_wav *wav, enum atoll_samples samples, uint32_t frames)
{
	struct atoll_wav_form form = atoll_wav_form(wav);
	uint8_t data[(FRAMES + 9) * 8 * 4], sample[4];
	uint32_t bytes = atoll_samples_bytes(samples);

	assert_int_equal(form.samples, samples);
	assert_int_equal(atoll_wav_read(wav, data, FRAMES + 9), frames);
	for (uint32_t i = 0; i < frames * form.channels; i++) {
		(void)sounds_encode(samples, noise[i], sample);
		assert_memory_equal(data + i * bytes, sample, bytes);
	}
	assert_int_equal(atoll_wav_read(wav, data, FRAMES + 9), 0);
}

static void check_file(const struct sounds_file *file, enum atoll_samples samples,
		       uint32_t frames)
{
	struct atoll_wav *wav = opened(file);

	assert_frames(wav, samples, frames);
	assert_int_equal(atoll_wav_missing(wav), 0);
	atoll_wav_close(wav);
	free(file->bytes);
}

static void every_kind_of_samples_is_read_as_it_is(void **state)
{
	(void)state;
	for (enum atoll_samples samples = ATOLL_S16; samples <= ATOLL_F32; samples++) {
		for (uint32_t channels = 1; channels <= 8; channels++) {
			struct sounds_file file = WAV(.samples = samples, .channels = channels,
						      .rate = 44100);
			struct atoll_wav *wav = opened(&file);

			assert_int_equal(atoll_wav_form(wav).rate, 44100);
			assert_int_equal(atoll_wav_form(wav).channels, channels);
			assert_int_equal(atoll_wav_form(wav).frames, FRAMES);
			atoll_wav_close(wav);
			check_file(&file, samples, FRAMES);
			if (samples == ATOLL_S24)
				continue; /* extensible headers have them higher up */
			file = WAV(.samples = samples, .channels = channels,
				   .is_extensible = true);
			check_file(&file, samples, FRAMES);
		}
	}
	atoll_wav_close(NULL);
}

static void bits_that_do_not_count_are_below_those_that_do(void **state)
{
	struct sounds_file file = WAV(.samples = ATOLL_S32, .is_extensible = true);

	(void)state;
	sounds_put(file.bytes + SOUNDS_VALID_BITS, 24, 2);
	check_file(&file, ATOLL_S32, FRAMES);
}

static void chunks_come_in_any_order(void **state)
{
	struct sounds_file file = WAV(.before = "LIST", .between = "factLIST");

	(void)state;
	check_file(&file, ATOLL_S16, FRAMES);
	file = WAV(.samples = ATOLL_U8, .channels = 3, .is_data_first = true,
		   .before = "JUNK", .between = "LIST");
	check_file(&file, ATOLL_U8, FRAMES);
	file = WAV(.samples = ATOLL_S24_3, .is_long = true, .before = "bext");
	check_file(&file, ATOLL_S24_3, FRAMES);
}

static void what_follows_the_samples_is_no_sound(void **state)
{
	struct sounds_file file = WAV(.samples = ATOLL_S16);

	(void)state;
	sounds_put(file.bytes + SOUNDS_DATA_SIZE, (FRAMES - 5) * 2, 4);
	memcpy(file.bytes + file.size - 10, "LIST\2\0\0\0xx", 10);
	check_file(&file, ATOLL_S16, FRAMES - 5);
}

static void a_stream_that_did_not_know_its_size_is_read_to_its_end(void **state)
{
	static const uint32_t sizes[] = { 0, UINT32_MAX, 0x7FFFF000, 0x7FFFFFFF, 0x80000000 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct sounds_file file = WAV(.channels = 2);
		struct atoll_wav *wav;

		sounds_put(file.bytes + SOUNDS_DATA_SIZE, sizes[i], 4);
		wav = opened(&file);
		assert_int_equal(atoll_wav_form(wav).frames, 0);
		atoll_wav_close(wav);
		check_file(&file, ATOLL_S16, FRAMES);
	}
}

static void a_truncated_file_is_read_to_its_end_and_what_is_missing_counted(void **state)
{
	struct sounds_file file = WAV(.channels = 2);
	struct atoll_wav *wav;

	(void)state;
	file.size -= 4 * 10 + 1; /* ten frames and a part of one more */
	wav = opened(&file);
	assert_int_equal(atoll_wav_form(wav).frames, FRAMES);
	assert_int_equal(atoll_wav_missing(wav), 0);
	assert_frames(wav, ATOLL_S16, FRAMES - 11);
	assert_int_equal(atoll_wav_missing(wav), 11);
	assert_int_equal(atoll_wav_rewind(wav), 0);
	assert_frames(wav, ATOLL_S16, FRAMES - 11);
	assert_int_equal(atoll_wav_missing(wav), 11);
	atoll_wav_close(wav);
	free(file.bytes);
}

static void a_file_cut_anywhere_ends_well(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SOUNDS_SAMPLES; i++) {
		struct sounds_file file = sounds_sample(i);

		for (size_t size = 0; size < file.size; size++) {
			uint8_t *bytes = malloc(size ? size : 1), frames[40 * 8 * 4];
			struct atoll_error err = { 0 };
			struct atoll_wav *wav;

			memcpy(bytes, file.bytes, size);
			wav = atoll_wav_open_bytes(bytes, size, &err);
			if (wav)
				assert_in_range(atoll_wav_read(wav, frames, 40), 0, 30);
			else
				assert_true(err.text[0] && err.code < 0);
			atoll_wav_close(wav);
			free(bytes);
		}
		free(file.bytes);
	}
}

static void assert_refused(const struct sounds_file *file, int code, const char *part)
{
	struct atoll_error err = { 0 };

	assert_null(atoll_wav_open_bytes(file->bytes, file->size, &err));
	assert_int_equal(err.code, code);
	if (!strstr(err.text, part))
		fail_msg("'%s' does not tell of '%s'", err.text, part);
}

static void other_ways_to_code_sound_are_named(void **state)
{
	static const struct {
		uint32_t tag;
		const char *name;
	} cases[] = {
		{ 2, "Microsoft ADPCM" }, { 6, "A-law" }, { 7, "mu-law" }, { 0x11, "IMA ADPCM" },
		{ 0x31, "GSM 6.10" }, { 0x55, "MP3" }, { 0xFF, "AAC" }, { 0x1234, "0x1234" },
		{ 0, "0x0000" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sounds_file file = WAV(.channels = 1);

		sounds_put(file.bytes + SOUNDS_TAG, cases[i].tag, 2);
		assert_refused(&file, -ENOTSUP, cases[i].name);
		free(file.bytes);
		file = WAV(.is_extensible = true);
		sounds_put(file.bytes + SOUNDS_SUBTAG, cases[i].tag, 2);
		assert_refused(&file, -ENOTSUP, cases[i].name);
		sounds_put(file.bytes + SOUNDS_SUBTAG, 1, 2);
		file.bytes[SOUNDS_SUBTAG + 9] ^= 1;
		assert_refused(&file, -ENOTSUP, "GUID");
		free(file.bytes);
	}
}

static void numbers_that_lie_are_refused_with_a_reason(void **state)
{
	static const struct {
		unsigned at, bytes;
		uint32_t value;
		int code;
		const char *part;
	} cases[] = {
		{ SOUNDS_CHANNELS, 2, 0, -EBADMSG, "0 channels" },
		{ SOUNDS_CHANNELS, 2, 9, -EBADMSG, "9 channels" },
		{ SOUNDS_CHANNELS, 2, 65535, -EBADMSG, "65535 channels" },
		{ SOUNDS_CHANNELS, 2, 1, -EBADMSG, "4 bytes a frame are not 1 x 16 bits" },
		{ SOUNDS_RATE, 4, 0, -EBADMSG, "0 samples a second" },
		{ SOUNDS_RATE, 4, 999, -EBADMSG, "999 samples a second" },
		{ SOUNDS_RATE, 4, UINT32_MAX, -EBADMSG, "4294967295 samples a second" },
		{ SOUNDS_ALIGN, 2, 0, -EBADMSG, "0 bytes a frame" },
		{ SOUNDS_ALIGN, 2, 3, -EBADMSG, "3 bytes a frame" },
		{ SOUNDS_BITS, 2, 0, -ENOTSUP, "PCM of 0 bits" },
		{ SOUNDS_BITS, 2, 12, -ENOTSUP, "PCM of 12 bits" },
		{ SOUNDS_BITS, 2, 64, -ENOTSUP, "PCM of 64 bits" },
		{ SOUNDS_BITS, 2, 32, -EBADMSG, "4 bytes a frame" },
		{ 16, 4, 14, -EBADMSG, "16 bytes or more, and there are 14" },
		{ 16, 4, 4000, -EBADMSG, "'fmt ' of 4000 bytes goes past the end" },
		{ 16, 4, UINT32_MAX, -EBADMSG, "goes past the end" },
		{ 36, 4, 0x43421B41, -EBADMSG, "'A?BC' of 200 bytes goes past the end" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sounds_file file = WAV(.channels = 2);

		sounds_put(file.bytes + cases[i].at, cases[i].value, cases[i].bytes);
		if (cases[i].at == 36)
			file.size -= 1; /* and its chunk is one byte short */
		assert_refused(&file, cases[i].code, cases[i].part);
		free(file.bytes);
	}
}

static void other_lies_are_refused_too(void **state)
{
	struct sounds_file file = WAV(.is_extensible = true);

	(void)state;
	sounds_put(file.bytes + SOUNDS_VALID_BITS, 17, 2);
	assert_refused(&file, -EBADMSG, "17 bits of each sample");
	sounds_put(file.bytes + 16, 18, 4);
	assert_refused(&file, -EBADMSG, "takes 40 bytes, and there are 18");
	free(file.bytes);
	file = WAV(.samples = ATOLL_F32);
	sounds_put(file.bytes + SOUNDS_BITS, 64, 2);
	assert_refused(&file, -ENOTSUP, "float of 64 bits");
	free(file.bytes);
	file = WAV(.is_long = true);
	sounds_put(file.bytes + 16, 8, 4);
	assert_refused(&file, -EBADMSG, "ds64");
	free(file.bytes);
}

static void what_is_no_wav_file_is_called_what_it_is(void **state)
{
	static const struct {
		const char *bytes, *part;
		int code;
	} cases[] = {
		{ "", "empty", -EBADMSG },
		{ "RIFF", "not WAVE", -ENOTSUP },
		{ "RIFF....AVI LIST", "'AVI '", -ENOTSUP },
		{ "RIFF....\033[2J....", "'?[2J'", -ENOTSUP },
		{ "RIFX....WAVEfmt ", "big-endian", -ENOTSUP },
		{ "OggS............", "Ogg", -ENOTSUP },
		{ "fLaC............", "FLAC", -ENOTSUP },
		{ "ID3\3............", "MP3", -ENOTSUP },
		{ "FORM....AIFF....", "AIFF", -ENOTSUP },
		{ "What shall I say", "not a WAV file", -ENOTSUP },
		{ "RIFF....WAVE", "before its format and samples came", -EBADMSG },
		{ "RIFF....WAVEfmt \20", "before its format and samples came", -EBADMSG },
		{ "RIFF....WAVEdata\4\0\0\0sosolala", "", -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sounds_file file = { (uint8_t *)(uintptr_t)cases[i].bytes,
					    strlen(cases[i].bytes) };

		assert_refused(&file, cases[i].code, cases[i].part);
	}
	assert_null(atoll_wav_open("/nowhere/at/all.wav", NULL));
}

/*
 * Files and pipes.
 */

static void a_file_begins_again_when_asked(void **state)
{
	struct sounds_file file = WAV(.samples = ATOLL_S24_3, .channels = 2, .before = "LIST");
	struct atoll_error err;
	struct atoll_wav *wav;
	uint8_t data[64];

	(void)state;
	sounds_save(in_folder("a.wav"), &file);
	free(file.bytes);
	wav = atoll_wav_open(in_folder("a.wav"), &err);
	assert_non_null(wav);
	assert_int_equal(atoll_wav_read(wav, data, 3), 3);
	assert_int_equal(atoll_wav_rewind(wav), 0);
	assert_frames(wav, ATOLL_S24_3, FRAMES);
	assert_int_equal(atoll_wav_rewind(wav), 0);
	assert_frames(wav, ATOLL_S24_3, FRAMES);
	atoll_wav_close(wav);
	assert_null(atoll_wav_open(folder, &err));
	assert_int_equal(err.code, -EISDIR);
	assert_non_null(strstr(err.text, folder));
}

/* What is written in pieces of `piece` bytes, by a process of its own, is standard
   input. */
static pid_t pipe_in(const struct sounds_file *file, size_t piece)
{
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		for (size_t at = 0; at < file->size; at += piece) {
			size_t left = file->size - at;

			if (write(ends[1], file->bytes + at, left < piece ? left : piece) < 0)
				break;
		}
		_exit(0);
	}
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return child;
}

static void a_pipe_is_read_as_it_comes_and_not_twice(void **state)
{
	static const size_t pieces[] = { 1, 7, 4096 };

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct sounds_file file = WAV(.samples = ATOLL_S32, .channels = 3,
					      .before = "LIST", .between = "fact");
		pid_t child = pipe_in(&file, pieces[i]);
		struct atoll_error err;
		struct atoll_wav *wav = atoll_wav_open("-", &err);

		assert_non_null(wav);
		assert_frames(wav, ATOLL_S32, FRAMES);
		assert_int_equal(atoll_wav_rewind(wav), -ESPIPE);
		atoll_wav_close(wav);
		assert_int_equal(waitpid(child, NULL, 0), child);
		free(file.bytes);
	}
}

static void samples_before_their_format_take_a_file(void **state)
{
	struct sounds_file file = WAV(.is_data_first = true);
	pid_t child = pipe_in(&file, 4096);
	struct atoll_error err;

	(void)state;
	assert_null(atoll_wav_open("-", &err));
	assert_int_equal(err.code, -ESPIPE);
	assert_non_null(strstr(err.text, "standard input: its samples come before"));
	assert_int_equal(waitpid(child, NULL, 0), child);
	free(file.bytes);
}

static void what_is_written_is_read_again(void **state)
{
	const float sample[] = { 0, 1, -1, 2, -2, NAN, INFINITY, 0.5f, 1.0f / 32768,
				 -1.0f / 32768, 0.4f / 32768 };
	const int16_t wanted[] = { 0, 32767, -32768, 32767, -32768, 0, 32767, 16384, 1, -1, 0 };
	struct atoll_error err;
	struct atoll_wav_form form;
	struct atoll_wav *wav;
	int16_t read[20];

	(void)state;
	assert_int_equal(atoll_wav_write(in_folder("a.wav"), sample, 5, &err), 0);
	assert_int_equal(atoll_wav_write(in_folder("a.wav"), sample, 11, &err), 0);
	assert_int_equal(folder_count(), 1);
	wav = atoll_wav_open(in_folder("a.wav"), &err);
	assert_non_null(wav);
	form = atoll_wav_form(wav);
	assert_int_equal(form.samples, ATOLL_S16);
	assert_int_equal(form.rate, 16000);
	assert_int_equal(form.channels, 1);
	assert_int_equal(form.frames, 11);
	assert_int_equal(atoll_wav_read(wav, read, 20), 11);
	assert_memory_equal(read, wanted, sizeof(wanted));
	atoll_wav_close(wav);
}

static void a_sound_that_cannot_be_written_leaves_nothing_behind(void **state)
{
	const float sample[10] = { 0 };
	struct atoll_error err;

	(void)state;
	assert_int_equal(atoll_wav_write("/nowhere/a.wav", sample, 10, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nowhere/a.wav"));
	assert_int_equal(mkdir(in_folder("a.wav"), 0777), 0);
	assert_int_equal(atoll_wav_write(in_folder("a.wav"), sample, 10, &err), -EISDIR);
	assert_int_equal(folder_count(), 1);
#if SIZE_MAX > UINT32_MAX
	assert_int_equal(atoll_wav_write(in_folder("b.wav"), sample, (size_t)1 << 31, &err),
			 -EFBIG);
	assert_int_equal(folder_count(), 1);
#endif
}

static void frames_are_read_without_allocating(void **state)
{
	struct sounds_file file = WAV(.channels = 2);
	struct atoll_error err;
	struct atoll_wav *wav;
	unsigned long before;
	uint8_t data[64];

	(void)state;
	sounds_save(in_folder("a.wav"), &file);
	free(file.bytes);
	wav = atoll_wav_open(in_folder("a.wav"), &err);
	before = allocations();
	while (atoll_wav_read(wav, data, 7) > 0)
		;
	assert_int_equal(atoll_wav_rewind(wav), 0);
	assert_int_equal(atoll_wav_read(wav, data, 7), 7);
	assert_int_equal(allocations() - before, 0);
	atoll_wav_close(wav);
}

static void the_shared_recordings_are_one_second_each(void **state)
{
	static const char *const names[] = { "yes", "no", "noise", "silence" };
	int16_t data[16100];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *path = check_data_path("audio/%s_1000ms.wav", names[i]);
		struct atoll_error err;
		struct atoll_wav *wav = atoll_wav_open(path, &err);

		assert_non_null(wav);
		assert_int_equal(atoll_wav_form(wav).rate, 16000);
		assert_int_equal(atoll_wav_form(wav).channels, 1);
		assert_int_equal(atoll_wav_form(wav).samples, ATOLL_S16);
		assert_int_equal(atoll_wav_read(wav, data, 16100), 16000);
		assert_int_equal(atoll_wav_missing(wav), 0);
		atoll_wav_close(wav);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_samples_is_read_as_it_is),
		cmocka_unit_test(bits_that_do_not_count_are_below_those_that_do),
		cmocka_unit_test(chunks_come_in_any_order),
		cmocka_unit_test(what_follows_the_samples_is_no_sound),
		cmocka_unit_test(a_stream_that_did_not_know_its_size_is_read_to_its_end),
		cmocka_unit_test(a_truncated_file_is_read_to_its_end_and_what_is_missing_counted),
		cmocka_unit_test(a_file_cut_anywhere_ends_well),
		cmocka_unit_test(other_ways_to_code_sound_are_named),
		cmocka_unit_test(numbers_that_lie_are_refused_with_a_reason),
		cmocka_unit_test(other_lies_are_refused_too),
		cmocka_unit_test(what_is_no_wav_file_is_called_what_it_is),
		IN_FOLDER(a_file_begins_again_when_asked),
		cmocka_unit_test(a_pipe_is_read_as_it_comes_and_not_twice),
		cmocka_unit_test(samples_before_their_format_take_a_file),
		IN_FOLDER(what_is_written_is_read_again),
		IN_FOLDER(a_sound_that_cannot_be_written_leaves_nothing_behind),
		IN_FOLDER(frames_are_read_without_allocating),
		cmocka_unit_test(the_shared_recordings_are_one_second_each),
	};

	return CHECK_RUN(tests);
}
