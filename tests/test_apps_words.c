/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/words.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/hearing.h"
#include "apps/lesson.h"
#include "tests/check.h"
#include "tests/ears.h"
#include "tests/folder.h"

static char model_path[64], labels_path[64], other_path[64], words_path[64];
static struct atoll_model *model;

static void save_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int make_models(void **state)
{
	if (folder_make(state) < 0)
		return -1;
	(void)snprintf(model_path, sizeof(model_path), "%s/toy.tflite", folder);
	(void)snprintf(labels_path, sizeof(labels_path), "%s/toy_labels.txt", folder);
	(void)snprintf(other_path, sizeof(other_path), "%s/other.tflite", folder);
	(void)snprintf(words_path, sizeof(words_path), "%s/words.txt", folder);
	ears_save(model_path, EARS_BOTH, 0);
	ears_save(other_path, EARS_BOTH, 1);
	save_text(labels_path, EARS_LABELS);
	model = atoll_model_load(model_path, NULL);
	return model ? 0 : -1;
}

static int remove_words(void **state)
{
	(void)state;
	(void)unlink(words_path); /* not every test makes it */
	return 0;
}

static int remove_models(void **state)
{
	atoll_model_free(model);
	return folder_remove(state);
}

/* The file of words */

enum { SIZE = 3 };

static struct words *new_words(void)
{
	struct atoll_error err;
	struct words *words = words_new(model, SIZE, &err);

	if (!words)
		fail_msg("%s", err.text);
	return words;
}

/* Three examples around one of the axes, `spread` away from it. */
static void teach(struct words *words, const char *name, int axis, float spread)
{
	float example[3][SIZE] = { { 0 } };
	struct atoll_error err;

	for (int k = 0; k < 3; k++) {
		float length = sqrtf(1 + (k != axis) * spread * spread);

		example[k][k] = spread / length;
		example[k][axis] = 1 / length;
	}
	if (words_teach(words, name, example[0], 3, &err) < 0)
		fail_msg("%s", err.text);
}

static struct words *reload(void)
{
	struct atoll_error err;
	struct words *words = words_load(words_path, model, SIZE, &err);

	if (!words)
		fail_msg("%s", err.text);
	return words;
}

static void the_nearest_word_has_the_highest_score(void **state)
{
	struct words *words = new_words();
	const float near_first[SIZE] = { 0.98f, 0.199f, 0 }, none[SIZE] = { 0 };
	float score[2];

	(void)state;
	teach(words, "lamp", 0, 0.2f);
	teach(words, "door", 1, 0.2f);
	words_score(words, near_first, score);
	assert_true(score[0] > WORDS_THRESHOLD && score[0] <= 1);
	assert_true(score[1] < WORDS_THRESHOLD);
	words_score(words, none, score);
	assert_float_equal(score[0], 0, 0);
	words_free(words);
}

static void the_very_same_is_worth_one(void **state)
{
	struct words *words = new_words();
	const float axis[SIZE] = { 0, 0, 1 };
	float score;

	(void)state;
	teach(words, "lamp", 2, 0);
	words_score(words, axis, &score);
	assert_float_equal(score, 1, 1e-6);
	words_free(words);
}

static void examples_that_differ_more_allow_more(void **state)
{
	struct words *narrow = new_words(), *wide = new_words();
	const float off[SIZE] = { 0.88f, 0.475f, 0 };
	float narrow_score, wide_score;

	(void)state;
	teach(narrow, "lamp", 0, 0.05f);
	teach(wide, "lamp", 0, 0.6f);
	words_score(narrow, off, &narrow_score);
	words_score(wide, off, &wide_score);
	assert_true(wide_score > narrow_score);
	assert_true(narrow_score < WORDS_THRESHOLD);
	words_free(narrow);
	words_free(wide);
}

static void a_word_keeps_to_its_side_of_another(void **state)
{
	struct words *words = new_words();
	/* As close to the one as to the other. */
	const float between[SIZE] = { 0.70710678f, 0.70710678f, 0 };
	const float close[2][SIZE] = { { 0.95f, 0.312f, 0 }, { 0.95f, 0.312f, 0 } };
	float score[2];
	struct atoll_error err;

	(void)state;
	teach(words, "lamp", 0, 0);
	assert_int_equal(words_teach(words, "lamb", close[0], 2, &err), 0);
	words_score(words, between, score);
	assert_true(score[0] < WORDS_THRESHOLD && score[1] < WORDS_THRESHOLD);
	words_score(words, close[0], score);
	assert_true(score[1] > score[0]);
	words_free(words);
}

static void examples_without_anything_in_common_are_no_word(void **state)
{
	struct words *words = new_words();
	const float apart[2][SIZE] = { { 1, 0, 0 }, { 0, 1, 0 } };
	const float opposed[2][SIZE] = { { 1, 0, 0 }, { -1, 0, 0 } };
	const float nothing[2][SIZE] = { { 0 } };
	struct atoll_error err;

	(void)state;
	assert_int_equal(words_teach(words, "x", apart[0], 2, &err), -EINVAL);
	assert_int_equal(words_teach(words, "x", opposed[0], 2, &err), -EINVAL);
	assert_int_equal(words_teach(words, "x", nothing[0], 2, &err), -EINVAL);
	assert_int_equal(words_teach(words, "x", apart[0], 1, &err), -EINVAL);
	assert_int_equal(words_count(words), 0);
	words_free(words);
}

static void names_are_lines_of_text(void **state)
{
	static const char *const bad[] = { "", "two\nlines", "\ttab", " lead", "trail ",
		"0123456789012345678901234567890123456789012345678901234567890123" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(words_check_name(bad[i], NULL), -EINVAL);
	assert_int_equal(words_check_name("Größe 2", NULL), 0);
	assert_int_equal(words_check_name(bad[5] + 1, NULL), 0);
}

static void words_come_back_from_their_file(void **state)
{
	struct words *words = new_words();
	const float off[SIZE] = { 0.9f, 0.3f, 0.316f };
	float before[2], after[2];

	(void)state;
	teach(words, "lamp", 0, 0.3f);
	teach(words, "Größe 2", 1, 0.1f);
	assert_int_equal(words_save(words, words_path, NULL), 0);
	words_score(words, off, before);
	words_free(words);

	words = reload();
	assert_int_equal(words_count(words), 2);
	assert_string_equal(words_name(words, 0), "lamp");
	assert_string_equal(words_name(words, 1), "Größe 2");
	words_score(words, off, after);
	assert_float_equal(after[0], before[0], 1e-3);
	assert_float_equal(after[1], before[1], 1e-3);
	words_free(words);
}

static void a_word_taught_anew_takes_the_old_one_s_place(void **state)
{
	struct words *words = new_words();
	const float axis[SIZE] = { 0, 1, 0 };
	float score[2];

	(void)state;
	teach(words, "lamp", 0, 0.1f);
	teach(words, "door", 2, 0.1f);
	teach(words, "lamp", 1, 0.1f);
	assert_int_equal(words_count(words), 2);
	words_score(words, axis, score);
	assert_string_equal(words_name(words, 1), "lamp");
	assert_true(score[1] > 0.9f && score[0] < WORDS_THRESHOLD);
	assert_int_equal(words_forget(words, "door"), 1);
	assert_int_equal(words_forget(words, "door"), 0);
	words_score(words, axis, score);
	assert_string_equal(words_name(words, 0), "lamp");
	assert_true(score[0] > 0.9f);
	words_free(words);
}

static void there_are_so_many_words_and_no_more(void **state)
{
	struct words *words = new_words();
	const float example[2][SIZE] = { { 1, 0, 0 }, { 1, 0, 0 } };
	struct atoll_error err;
	char name[16];

	(void)state;
	for (uint32_t i = 0; i < WORDS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "%u", i);
		assert_int_equal(words_teach(words, name, example[0], 2, &err), 0);
	}
	assert_int_equal(words_teach(words, "more", example[0], 2, &err), -ENOSPC);
	assert_int_equal(words_teach(words, "7", example[0], 2, &err), 0);
	words_free(words);
}

static void a_file_that_cannot_be_written_is_told_and_the_old_one_stays(void **state)
{
	struct words *words = new_words();
	struct atoll_error err;
	int r;

	(void)state;
	teach(words, "lamp", 0, 0.1f);
	assert_int_equal(words_save(words, words_path, NULL), 0);
	assert_int_equal(words_save(words, "/nowhere/words.txt", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nowhere/words.txt"));
	teach(words, "door", 1, 0.1f);
	folder_limit(16);
	r = words_save(words, words_path, &err);
	folder_limit_end();
	assert_int_equal(r, -EFBIG);
	words_free(words);
	words = reload();
	assert_int_equal(words_count(words), 1);
	words_free(words);
}

static void expect_wrong_file(const char *text, const char *why)
{
	struct atoll_error err = { 0 };

	save_text(words_path, text);
	assert_null(words_load(words_path, model, SIZE, &err));
	if (!strstr(err.text, why))
		fail_msg("'%s' does not say '%s'", err.text, why);
}

static void wrong_files_are_refused_with_their_line(void **state)
{
	struct words *words = new_words();
	char *text, *line[5], *copy;
	size_t size;
	char changed[1024];

	(void)state;
	teach(words, "lamp", 0, 0.1f);
	assert_int_equal(words_save(words, words_path, NULL), 0);
	words_free(words);
	text = check_read(words_path, &size);
	copy = text;
	for (int i = 0; i < 5; i++)
		line[i] = strsep(&copy, "\n");

	expect_wrong_file("", "words.txt:1: not a file of taught words");
	expect_wrong_file("atoll-words 2\n", ":1: not a file");
	expect_wrong_file("atoll-words 1\nmodel\n", ":2: no model");
	expect_wrong_file("atoll-words 1\nmodel 0123\n", ":2: the words were taught to another");
	(void)snprintf(changed, sizeof(changed), "%s\n%s\nsize 4\n", line[0], line[1]);
	expect_wrong_file(changed, ":3: not the size");
	(void)snprintf(changed, sizeof(changed), "%s\n%s\n%s\nlamp\n", line[0], line[1], line[2]);
	expect_wrong_file(changed, ":4: not 'word");
	(void)snprintf(changed, sizeof(changed), "%s\n%s\n%s\nword 2 lamp\n1 0 0\n", line[0],
		       line[1], line[2]);
	expect_wrong_file(changed, ":4: not 'word");
	(void)snprintf(changed, sizeof(changed), "%s\n%s\n%s\n%s\n1 0\n", line[0], line[1],
		       line[2], line[3]);
	expect_wrong_file(changed, ":5: not as many numbers");
	(void)snprintf(changed, sizeof(changed), "%s\n%s\n%s\n%s\n1 0 0 0\n", line[0], line[1],
		       line[2], line[3]);
	expect_wrong_file(changed, ":5: not as many numbers");
	(void)snprintf(changed, sizeof(changed), "%s\n%s\n%s\n%s\nnan 0 1\n", line[0], line[1],
		       line[2], line[3]);
	expect_wrong_file(changed, ":5: not as many numbers");
	(void)snprintf(changed, sizeof(changed), "%s\n%s\n%s\n%s\n", line[0], line[1], line[2],
		       line[3]);
	expect_wrong_file(changed, ":5: not as many numbers");
	(void)snprintf(changed, sizeof(changed), "%s\n%s\n%s\n%s\n%s\n%s\n%s\n", line[0], line[1],
		       line[2], line[3], line[4], line[3], line[4]);
	expect_wrong_file(changed, ":6: a word for the second time");
	free(text);
}

/* Any change of one byte gives a file that is read or refused, nothing else. */
static void damaged_files_do_no_harm(void **state)
{
	struct words *words = new_words();
	struct check_random random = { 9 };
	uint8_t *bytes;
	size_t size;

	(void)state;
	teach(words, "lamp", 0, 0.1f);
	teach(words, "door", 1, 0.1f);
	assert_int_equal(words_save(words, words_path, NULL), 0);
	words_free(words);
	bytes = check_read(words_path, &size);
	for (int i = 0; i < 1000; i++) {
		size_t at = (size_t)check_random_in(&random, 0, (int32_t)size - 1);
		uint8_t before = bytes[at];
		FILE *file = fopen(words_path, "wb");

		bytes[at] = (uint8_t)check_random(&random);
		assert_non_null(file);
		assert_int_equal(fwrite(bytes, 1, size, file), size);
		assert_int_equal(fclose(file), 0);
		words_free(words_load(words_path, model, SIZE, NULL));
		bytes[at] = before;
	}
	free(bytes);
}

static void a_size_that_cannot_be_is_refused(void **state)
{
	struct atoll_error err;

	(void)state;
	assert_null(words_new(model, 0, &err));
	assert_int_equal(err.code, -ENOTSUP);
	assert_null(words_new(model, WORDS_SIZE_MAX + 1, &err));
	assert_int_equal(words_count(NULL), 0);
	words_free(NULL);
}

/* Lessons */

static struct hearing *open_toy(const char *words)
{
	const struct hearing_config config = { .model_path = model_path, .words_path = words };
	struct atoll_error err;
	struct hearing *hearing = hearing_open(&config, &err);

	if (!hearing)
		fail_msg("%s", err.text);
	return hearing;
}

static struct lesson *open_lesson(struct hearing *hearing, const char *name)
{
	struct atoll_error err;
	struct lesson *lesson = lesson_open(hearing, name, words_path, &err);

	if (!lesson)
		fail_msg("%s", err.text);
	return lesson;
}

/* The sum of what push gave; of a refusal, the error. */
static int say(struct lesson *lesson, const struct ears_sound *sound, struct atoll_error *err)
{
	int examples = 0;

	for (uint32_t at = 0; at < sound->count; at += 100) {
		const struct atoll_block block = {
			.sample = sound->sample + at, .at = at,
			.count = sound->count - at < 100 ? sound->count - at : 100 };
		int r = lesson_push(lesson, &block, err);

		if (r < 0)
			return r;
		examples += r;
	}
	return examples;
}

/* A tone, `times` times, each a little else than the one before. */
static struct ears_sound repeated(int group, int times)
{
	struct ears_sound sound = { .seed = 5 };

	ears_noise(&sound, 1500, -90);
	for (int i = 0; i < times; i++) {
		ears_tone(&sound, 300 + 20 * (uint32_t)i, group, -20 - (float)i);
		ears_noise(&sound, 800 + 130 * (uint32_t)i, -90);
	}
	return sound;
}

static void teach_toy(const char *name, int group)
{
	struct hearing *hearing = open_toy(NULL);
	struct lesson *lesson = open_lesson(hearing, name);
	struct ears_sound sound = repeated(group, 3);
	struct atoll_error err = { 0 };

	if (say(lesson, &sound, &err) != 3)
		fail_msg("%s", err.text);
	assert_int_equal(lesson_examples(lesson), 3);
	if (lesson_save(lesson, &err) < 0)
		fail_msg("%s", err.text);
	lesson_close(lesson);
	hearing_close(hearing);
	ears_free(&sound);
}

static int hear(struct hearing *hearing, const struct ears_sound *sound,
		struct hearing_word *word)
{
	int count = 0;

	for (uint32_t at = 0; at < sound->count; at += 1600) {
		const struct atoll_block block = {
			.sample = sound->sample + at, .at = at,
			.count = sound->count - at < 1600 ? sound->count - at : 1600 };
		int words = hearing_push(hearing, &block, NULL);

		assert_in_range(words, 0, 1);
		if (words && ++count)
			*word = *hearing_word(hearing, 0);
	}
	hearing_reset(hearing);
	return count;
}

static void a_word_that_was_taught_is_heard(void **state)
{
	struct ears_sound lamp = repeated(EARS_OTHER, 1), low = repeated(EARS_LOW, 1);
	struct ears_sound neither = repeated(EARS_ANOTHER, 1);
	struct hearing *hearing;
	struct hearing_word word;

	(void)state;
	teach_toy("lamp", EARS_OTHER);
	hearing = open_toy(words_path);
	assert_int_equal(hearing_classes(hearing), EARS_CLASSES + 1);
	assert_string_equal(hearing_label(hearing, EARS_CLASSES), "lamp");
	assert_true(hearing_is_taught(hearing, EARS_CLASSES));
	assert_true(hearing_is_word(hearing, EARS_CLASSES));
	assert_int_equal(hear(hearing, &lamp, &word), 1);
	assert_string_equal(word.label, "lamp");
	assert_int_equal(word.index, EARS_CLASSES);
	assert_true(word.is_taught);
	assert_in_range(word.start_ms, 1200, 1800);
	/* The others are as before. */
	assert_int_equal(hear(hearing, &low, &word), 1);
	assert_int_equal(word.index, EARS_WORD_LOW);
	assert_false(word.is_taught);
	assert_int_equal(hear(hearing, &neither, &word), 0);
	hearing_close(hearing);
	ears_free(&lamp);
	ears_free(&low);
	ears_free(&neither);
}

static void words_are_taught_one_after_the_other(void **state)
{
	struct ears_sound lamp = repeated(EARS_OTHER, 1), door = repeated(EARS_ANOTHER, 1);
	struct hearing *hearing;
	struct hearing_word word;

	(void)state;
	teach_toy("lamp", EARS_OTHER);
	teach_toy("door", EARS_ANOTHER);
	hearing = open_toy(words_path);
	assert_int_equal(hear(hearing, &lamp, &word), 1);
	assert_string_equal(word.label, "lamp");
	assert_int_equal(hear(hearing, &door, &word), 1);
	assert_string_equal(word.label, "door");
	hearing_close(hearing);
	ears_free(&lamp);
	ears_free(&door);
}

static void words_of_another_model_are_refused(void **state)
{
	struct hearing_config config = { .model_path = other_path, .words_path = words_path };
	struct hearing *hearing;
	struct atoll_error err;

	(void)state;
	teach_toy("lamp", EARS_OTHER);
	assert_null(hearing_open(&config, &err));
	assert_non_null(strstr(err.text, "words.txt:2: the words were taught to another model"));
	config.words_path = NULL;
	hearing = hearing_open(&config, &err);
	assert_non_null(hearing);
	assert_null(lesson_open(hearing, "lamp", words_path, &err));
	assert_non_null(strstr(err.text, "another model"));
	hearing_close(hearing);
}

static void a_file_that_is_not_there_holds_no_words_yet(void **state)
{
	struct hearing *hearing = open_toy(words_path);

	(void)state;
	assert_int_equal(hearing_classes(hearing), EARS_CLASSES);
	assert_non_null(strstr(hearing_warning(hearing), "words.txt: no words were taught yet"));
	hearing_close(hearing);
}

static void each_file_is_one_example(void **state)
{
	struct hearing *hearing = open_toy(NULL);
	struct lesson *lesson = open_lesson(hearing, "lamp");
	struct atoll_error err = { 0 };

	(void)state;
	/* Cut close, so that nothing tells the word from its background. */
	for (uint32_t i = 0; i < 3; i++) {
		struct ears_sound sound = { .seed = i };

		ears_tone(&sound, 301 + i, EARS_OTHER, -20);
		assert_int_equal(say(lesson, &sound, &err), 0);
		assert_int_equal(lesson_end(lesson, &err), 1);
		ears_free(&sound);
	}
	/* With a word at its very end. */
	struct ears_sound sound = { .seed = 8 };

	ears_noise(&sound, 700, -90);
	ears_tone(&sound, 300, EARS_OTHER, -20);
	assert_int_equal(say(lesson, &sound, &err), 0);
	assert_int_equal(lesson_end(lesson, &err), 1);
	ears_free(&sound);
	assert_int_equal(lesson_examples(lesson), 4);
	assert_int_equal(lesson_save(lesson, &err), 0);
	lesson_close(lesson);
	hearing_close(hearing);
}

static void silence_teaches_nothing(void **state)
{
	struct hearing *hearing = open_toy(NULL);
	struct lesson *lesson = open_lesson(hearing, "lamp");
	struct ears_sound sound = { .seed = 1 };
	struct atoll_error err = { 0 };

	(void)state;
	assert_int_equal(lesson_end(lesson, &err), 0);
	ears_noise(&sound, 1000, -90);
	assert_int_equal(say(lesson, &sound, &err), 0);
	assert_int_equal(lesson_end(lesson, &err), -ENODATA);
	assert_non_null(strstr(err.text, "silence"));
	lesson_close(lesson);
	hearing_close(hearing);
	ears_free(&sound);
}

static void clicks_are_passed_over(void **state)
{
	struct hearing *hearing = open_toy(NULL);
	struct lesson *lesson = open_lesson(hearing, "lamp");
	struct ears_sound sound = { .seed = 1 };
	struct atoll_error err;

	(void)state;
	for (int i = 0; i < 4; i++) {
		ears_noise(&sound, 1000, -90);
		ears_tone(&sound, 40, EARS_OTHER, -10);
	}
	ears_noise(&sound, 1000, -90);
	assert_int_equal(say(lesson, &sound, &err), 0);
	lesson_close(lesson);
	hearing_close(hearing);
	ears_free(&sound);
}

static void a_noise_that_does_not_end_is_no_word(void **state)
{
	struct hearing *hearing = open_toy(NULL);
	struct lesson *lesson = open_lesson(hearing, "lamp");
	struct ears_sound sound = { .seed = 1 };
	struct atoll_error err = { 0 };

	(void)state;
	ears_noise(&sound, 1000, -90);
	ears_tone(&sound, 6000, EARS_OTHER, -20);
	ears_noise(&sound, 1000, -90);
	assert_int_equal(say(lesson, &sound, &err), -EMSGSIZE);
	assert_non_null(strstr(err.text, "6.3 s"));
	assert_int_equal(lesson_examples(lesson), 0);
	lesson_close(lesson);
	hearing_close(hearing);
	ears_free(&sound);
}

static void a_word_that_the_model_knows_is_refused(void **state)
{
	struct hearing *hearing = open_toy(NULL);
	struct lesson *lesson = open_lesson(hearing, "lamp");
	struct ears_sound sound = repeated(EARS_LOW, 1);
	struct atoll_error err = { 0 };

	(void)state;
	assert_int_equal(say(lesson, &sound, &err), -EEXIST);
	assert_non_null(strstr(err.text, "sounds like 'low'"));
	assert_null(lesson_open(hearing, "low", words_path, &err));
	assert_int_equal(err.code, -EEXIST);
	assert_null(lesson_open(hearing, "a\nb", words_path, &err));
	assert_int_equal(err.code, -EINVAL);
	lesson_close(lesson);
	hearing_close(hearing);
	ears_free(&sound);
}

static void an_example_unlike_the_others_is_refused(void **state)
{
	struct hearing *hearing = open_toy(NULL);
	struct lesson *lesson = open_lesson(hearing, "lamp");
	struct ears_sound lamp = repeated(EARS_OTHER, 1), other = repeated(EARS_ANOTHER, 1);
	struct atoll_error err = { 0 };

	(void)state;
	/* Of two, nobody knows which: the later one stays. */
	assert_int_equal(say(lesson, &other, &err), 1);
	assert_int_equal(say(lesson, &lamp, &err), -EINVAL);
	assert_non_null(strstr(err.text, "the time before"));
	assert_int_equal(say(lesson, &lamp, &err), 1);
	assert_int_equal(lesson_examples(lesson), 2);
	assert_int_equal(say(lesson, &other, &err), -EINVAL);
	assert_non_null(strstr(err.text, "the times before"));
	assert_int_equal(lesson_save(lesson, &err), -EAGAIN);
	assert_int_equal(say(lesson, &lamp, &err), 1);
	assert_int_equal(lesson_save(lesson, &err), 0);
	lesson_close(lesson);
	hearing_close(hearing);
	ears_free(&lamp);
	ears_free(&other);
}

static void enough_is_enough(void **state)
{
	struct hearing *hearing = open_toy(NULL);
	struct lesson *lesson = open_lesson(hearing, "lamp");
	struct ears_sound sound = repeated(EARS_OTHER, 7);
	struct atoll_error err = { 0 };

	(void)state;
	assert_int_equal(say(lesson, &sound, &err), LESSON_ENOUGH);
	assert_int_equal(lesson_examples(lesson), LESSON_ENOUGH);
	lesson_close(lesson);
	hearing_close(hearing);
	ears_free(&sound);
}

#define test(name) cmocka_unit_test_setup_teardown(name, NULL, remove_words)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(the_nearest_word_has_the_highest_score),
		test(the_very_same_is_worth_one),
		test(examples_that_differ_more_allow_more),
		test(a_word_keeps_to_its_side_of_another),
		test(examples_without_anything_in_common_are_no_word),
		test(names_are_lines_of_text),
		test(words_come_back_from_their_file),
		test(a_word_taught_anew_takes_the_old_one_s_place),
		test(there_are_so_many_words_and_no_more),
		test(a_file_that_cannot_be_written_is_told_and_the_old_one_stays),
		test(wrong_files_are_refused_with_their_line),
		test(damaged_files_do_no_harm),
		test(a_size_that_cannot_be_is_refused),
		test(a_word_that_was_taught_is_heard),
		test(words_are_taught_one_after_the_other),
		test(words_of_another_model_are_refused),
		test(a_file_that_is_not_there_holds_no_words_yet),
		test(each_file_is_one_example),
		test(silence_teaches_nothing),
		test(clicks_are_passed_over),
		test(a_noise_that_does_not_end_is_no_word),
		test(a_word_that_the_model_knows_is_refused),
		test(an_example_unlike_the_others_is_refused),
		test(enough_is_enough),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_models, remove_models) != 0;
}
