/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/hearing.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/wav.h"
#include "board/clock.h"
#include "runtime/schema/tflite.h"
#include "tests/allocations.h"
#include "tests/check.h"
#include "tests/ears.h"
#include "tests/graph.h"

#define PIECE 320 /* of a file that is heard, 20 ms */

static char folder[] = "/tmp/atoll-test-hearing-XXXXXX";
static char model_path[64], labels_path[64], thresholds_path[64], words_path[64];

static void save_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(model_path, sizeof(model_path), "%s/toy.tflite", folder);
	(void)snprintf(labels_path, sizeof(labels_path), "%s/toy_labels.txt", folder);
	(void)snprintf(thresholds_path, sizeof(thresholds_path), "%s/toy_thresholds.txt",
		       folder);
	(void)snprintf(words_path, sizeof(words_path), "%s/words.txt", folder);
	return 0;
}

static int save_toy(void **state)
{
	(void)state;
	ears_save(model_path, EARS_BOTH, 0);
	save_text(labels_path, EARS_LABELS);
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	(void)unlink(model_path); /* not every test makes them */
	(void)unlink(labels_path);
	(void)unlink(thresholds_path);
	(void)unlink(words_path);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static struct hearing *open_with(struct hearing_config config)
{
	struct atoll_error err;
	struct hearing *hearing;

	if (!config.model_path)
		config.model_path = model_path;
	hearing = hearing_open(&config, &err);
	if (!hearing)
		fail_msg("%s", err.text);
	return hearing;
}

static struct hearing *open_toy(void)
{
	return open_with((struct hearing_config){ 0 });
}

static void expect_refused(struct hearing_config config, int code, const char *why)
{
	struct atoll_error err = { 0 };

	if (!config.model_path)
		config.model_path = model_path;
	assert_null(hearing_open(&config, &err));
	if (!strstr(err.text, why))
		fail_msg("'%s' does not say '%s'", err.text, why);
	assert_int_equal(err.code, code);
}

struct told {
	struct hearing_word word[16];
	int count;
};

static void push_all(struct hearing *hearing, const float *sample, uint32_t samples,
		     uint64_t at, uint32_t piece, struct told *told)
{
	struct atoll_error err;

	for (uint32_t done = 0; done < samples; done += piece) {
		const struct atoll_block block = {
			.sample = sample + done, .at = at + done,
			.count = samples - done < piece ? samples - done : piece,
			.time_ns = atoll_clock_ns(),
		};
		int words = hearing_push(hearing, &block, &err);

		if (words < 0)
			fail_msg("%s", err.text);
		for (int i = 0; i < words; i++) {
			assert_in_range(told->count, 0, 15);
			told->word[told->count++] = *hearing_word(hearing, i);
		}
	}
}

static struct told hear(struct hearing *hearing, const struct ears_sound *sound)
{
	struct told told = { .count = 0 };

	push_all(hearing, sound->sample, sound->count, 0, PIECE, &told);
	return told;
}

/* Two words: low at 2 s, high at 4 s. */
static struct ears_sound two_words(void)
{
	struct ears_sound sound = { .seed = 1 };

	ears_noise(&sound, 2000, -90);
	ears_tone(&sound, 350, EARS_LOW, -20);
	ears_noise(&sound, 1650, -90);
	ears_tone(&sound, 350, EARS_HIGH, -20);
	ears_noise(&sound, 2650, -90);
	return sound;
}

static void expect_two_words(const struct told *told)
{
	assert_int_equal(told->count, 2);
	assert_string_equal(told->word[0].label, "low");
	assert_string_equal(told->word[1].label, "high");
	assert_int_equal(told->word[1].index, EARS_WORD_HIGH);
	assert_false(told->word[0].is_taught);
	assert_in_range(told->word[0].start_ms, 1700, 2300);
	assert_in_range(told->word[0].end_ms, 2350, 3000);
	assert_in_range(told->word[1].start_ms, 3700, 4300);
	assert_in_range(told->word[1].end_ms, 4350, 5000);
	assert_true(told->word[0].score > 0.7f && told->word[0].score <= 1);
}

static void words_are_told_once_with_their_times(void **state)
{
	struct ears_sound sound = two_words();
	struct hearing *hearing = open_toy();
	struct told told = hear(hearing, &sound);
	struct hearing_counts counts = hearing_counts(hearing);

	(void)state;
	expect_two_words(&told);
	assert_int_equal(counts.words, 2);
	assert_int_equal(counts.samples, sound.count);
	assert_int_equal(counts.gaps, 0);
	/* 7 s: 349 whole slices; every fifth is due, so that the 49th is, and none before
	   half a window is heard. */
	assert_int_equal(counts.inferences, 66);
	assert_int_equal(counts.gated + counts.late + counts.failed, 0);
	assert_true(counts.features_ns > 0 && counts.model_ns >= counts.model_last_ns);
	hearing_close(hearing);
	ears_free(&sound);
}

static void it_makes_no_difference_how_sound_is_cut(void **state)
{
	static const uint32_t pieces[] = { 1, 77, 320, 1600, 16000 };
	struct ears_sound sound = two_words();
	struct told first = { .count = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		struct hearing *hearing = open_toy();
		struct told told = { .count = 0 };

		push_all(hearing, sound.sample, sound.count, 0, pieces[i], &told);
		expect_two_words(&told);
		for (int k = 0; k < told.count; k++) {
			first = i == 0 ? told : first;
			assert_int_equal(told.word[k].start_ms, first.word[k].start_ms);
			assert_int_equal(told.word[k].end_ms, first.word[k].end_ms);
			assert_float_equal(told.word[k].score, first.word[k].score, 0);
		}
		assert_int_equal(hearing_counts(hearing).inferences, 66);
		hearing_close(hearing);
	}
	ears_free(&sound);
}

static void a_gap_begins_anew(void **state)
{
	struct ears_sound sound = two_words();
	struct hearing *hearing = open_toy();
	struct told told = { .count = 0 };

	(void)state;
	/* What was heard of the first word is cut in two. */
	push_all(hearing, sound.sample, 2200 * 16, 0, PIECE, &told);
	push_all(hearing, sound.sample + 2500 * 16, sound.count - 2500 * 16, 102500 * 16,
		 PIECE, &told);
	assert_int_equal(hearing_counts(hearing).gaps, 1);
	assert_int_equal(told.count, 1);
	assert_string_equal(told.word[0].label, "high");
	assert_in_range(told.word[0].start_ms, 103700, 104300);
	hearing_close(hearing);
	ears_free(&sound);
}

static void reset_begins_the_next_file(void **state)
{
	struct ears_sound sound = two_words();
	struct hearing *hearing = open_toy();

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct told told = hear(hearing, &sound);

		expect_two_words(&told);
		hearing_reset(hearing);
	}
	assert_int_equal(hearing_counts(hearing).gaps, 0);
	assert_int_equal(hearing_counts(hearing).words, 4);
	hearing_close(hearing);
	ears_free(&sound);
}

static void a_silent_room_costs_no_inference(void **state)
{
	struct hearing *hearing = open_with((struct hearing_config){ .is_gated = true });
	struct ears_sound sound = { .seed = 1 }, words = two_words();
	struct told told = { .count = 0 };
	struct hearing_counts before, after;

	(void)state;
	ears_noise(&sound, 6000, -90);
	push_all(hearing, sound.sample, sound.count, 0, PIECE, &told);
	before = hearing_counts(hearing);
	assert_in_range(before.inferences, 5, 15); /* unsure at first */
	assert_int_equal(before.inferences + before.gated, 56);
	push_all(hearing, words.sample, words.count, sound.count, PIECE, &told);
	after = hearing_counts(hearing);
	assert_int_equal(told.count, 2);
	assert_in_range(after.inferences - before.inferences, 20, 40);
	hearing_close(hearing);
	ears_free(&sound);
	ears_free(&words);
}

static void nothing_is_allocated_per_block(void **state)
{
	struct ears_sound sound = two_words();
	struct hearing *hearing = open_with((struct hearing_config){ .is_gated = true });
	struct told told = { .count = 0 };
	unsigned long before = allocations();

	(void)state;
	push_all(hearing, sound.sample, sound.count, 0, PIECE, &told);
	assert_int_equal(allocations(), before);
	assert_int_equal(told.count, 2);
	hearing_close(hearing);
	ears_free(&sound);
}

static void in_the_background_it_hears_the_same(void **state)
{
	struct ears_sound sound = two_words();
	struct hearing *hearing = open_toy();
	struct told told = { .count = 0 };
	struct atoll_error err;

	(void)state;
	assert_int_equal(hearing_finish(hearing, &err), -EINVAL);
	for (uint32_t at = 0; at < sound.count; at += PIECE) {
		const struct atoll_block block = {
			.sample = sound.sample + at, .count = PIECE, .at = at,
			.time_ns = atoll_clock_ns() };
		struct pollfd poll_fd = { .fd = hearing_fd(hearing), .events = POLLIN };
		int words;

		if (hearing_start(hearing, &block, &err) == 0)
			continue;
		assert_true(hearing_is_running(hearing));
		assert_int_equal(hearing_push(hearing, &block, &err), -EBUSY);
		assert_int_equal(poll(&poll_fd, 1, 10000), 1);
		words = hearing_finish(hearing, &err);
		assert_in_range(words, 0, 1);
		assert_false(hearing_is_running(hearing));
		if (words)
			told.word[told.count++] = *hearing_word(hearing, 0);
	}
	expect_two_words(&told);
	assert_int_equal(hearing_counts(hearing).late, 0);
	hearing_close(hearing);
	ears_free(&sound);
}

static void what_falls_due_during_a_run_is_left_out_and_counted(void **state)
{
	struct ears_sound sound = two_words();
	struct hearing *hearing = open_toy();
	const struct atoll_block block = { .sample = sound.sample, .count = 16000 };
	struct atoll_error err;

	(void)state;
	assert_int_equal(hearing_start(hearing, &block, &err), 1);
	assert_int_equal(hearing_counts(hearing).late, 5);
	/* A reset in the middle loses the run, as does the end. */
	hearing_reset(hearing);
	assert_false(hearing_is_running(hearing));
	assert_int_equal(hearing_start(hearing, &block, &err), 1);
	hearing_close(hearing);
	ears_free(&sound);
}

static void a_run_from_before_a_gap_tells_nothing(void **state)
{
	struct ears_sound sound = two_words();
	struct hearing *hearing = open_toy();
	const uint32_t most = 3500 * 16;
	struct told told = { .count = 0 };
	struct atoll_error err;

	(void)state;
	/* As far as one more window would be a word. */
	for (uint32_t at = 0; told.count == 0 && at < most; at += PIECE)
		push_all(hearing, sound.sample + at, PIECE, at, PIECE, &told);
	assert_int_equal(told.count, 1);
	const uint32_t decided = (uint32_t)told.word[0].end_ms * 16;

	hearing_reset(hearing);
	told.count = 0;
	push_all(hearing, sound.sample, decided - 1600, 0, 1600, &told);
	assert_int_equal(told.count, 0);
	struct atoll_block block = { .sample = sound.sample + decided - 1600, .count = 1600,
				     .at = decided - 1600 };
	while (hearing_start(hearing, &block, &err) == 0) {
		block.sample += block.count;
		block.at += block.count;
	}
	block.at = 1;
	block.count = 10;
	assert_int_equal(hearing_start(hearing, &block, &err), 0);
	assert_int_equal(hearing_finish(hearing, &err), 0);
	hearing_close(hearing);
	ears_free(&sound);
}

static void blocks_of_more_than_a_second_are_refused(void **state)
{
	struct hearing *hearing = open_toy();
	const struct atoll_block block = { .count = 16001 };
	struct atoll_error err;

	(void)state;
	assert_int_equal(hearing_push(hearing, &block, &err), -EINVAL);
	assert_non_null(strstr(err.text, "16001"));
	hearing_close(hearing);
}

static void it_can_be_asked_what_it_is(void **state)
{
	struct hearing *hearing = open_toy();

	(void)state;
	assert_string_equal(hearing_name(hearing), "toy");
	assert_string_equal(hearing_features(hearing), "own");
	assert_int_equal(hearing_window_ms(hearing), 990);
	assert_int_equal(hearing_hop_ms(hearing), 100);
	assert_int_equal(hearing_classes(hearing), EARS_CLASSES);
	assert_int_equal(hearing_embedding_size(hearing), EARS_SIZE);
	assert_string_equal(hearing_label(hearing, EARS_UNKNOWN), "_unknown_");
	assert_false(hearing_is_word(hearing, EARS_SILENCE));
	assert_false(hearing_is_word(hearing, EARS_UNKNOWN));
	assert_true(hearing_is_word(hearing, EARS_WORD_LOW));
	assert_false(hearing_is_taught(hearing, EARS_WORD_LOW));
	assert_float_equal(hearing_threshold(hearing, EARS_WORD_LOW), 0.7, 1e-6);
	assert_null(hearing_warning(hearing));
	assert_int_equal(hearing_plan(hearing)->threads, 1);
	hearing_close(hearing);
}

static void scores_can_be_shown(void **state)
{
	struct ears_sound sound = { .seed = 1 };
	struct hearing *hearing = open_toy();
	const float *score = hearing_scores(hearing);
	struct told told = { .count = 0 };
	float sum = 0;

	(void)state;
	for (int i = 0; i < EARS_CLASSES; i++)
		assert_float_equal(score[i], 0, 0);
	ears_noise(&sound, 1000, -90);
	push_all(hearing, sound.sample, sound.count, 0, PIECE, &told);
	for (int i = 0; i < EARS_CLASSES; i++)
		sum += hearing_scores(hearing)[i];
	assert_float_equal(sum, 1, 0.02);
	assert_true(hearing_scores(hearing)[EARS_SILENCE] > 0.6f);
	hearing_close(hearing);
	ears_free(&sound);
}

static void hops_are_rounded_to_slices(void **state)
{
	static const struct { uint32_t asked, got; } hops[] = {
		{ 1, 20 }, { 29, 20 }, { 31, 40 }, { 200, 200 }, { 5000, 980 },
		{ UINT32_MAX, 980 },
	};
	struct ears_sound sound = two_words();

	(void)state;
	for (size_t i = 0; i < sizeof(hops) / sizeof(*hops); i++) {
		struct hearing *hearing = open_with((struct hearing_config){
			.hop_ms = hops[i].asked });
		struct told told = hear(hearing, &sound);

		assert_int_equal(hearing_hop_ms(hearing), hops[i].got);
		if (hops[i].got <= 200)
			expect_two_words(&told);
		hearing_close(hearing);
	}
	ears_free(&sound);
}

static void thresholds_come_from_beside_the_model(void **state)
{
	struct hearing *hearing;

	(void)state;
	save_text(thresholds_path, "# of the toy\n\nlow  0.25\n*\t0.5 # any other\n");
	hearing = open_toy();
	assert_float_equal(hearing_threshold(hearing, EARS_WORD_LOW), 0.25, 1e-6);
	assert_float_equal(hearing_threshold(hearing, EARS_WORD_HIGH), 0.5, 1e-6);
	assert_true(hearing_threshold(hearing, EARS_SILENCE) > 1);
	hearing_close(hearing);
	hearing = open_with((struct hearing_config){ .threshold = 0.9f });
	assert_float_equal(hearing_threshold(hearing, EARS_WORD_LOW), 0.9, 1e-6);
	hearing_close(hearing);
}

static void a_threshold_decides_what_is_told(void **state)
{
	struct ears_sound sound = two_words();
	struct hearing *hearing;
	struct told told;

	(void)state;
	save_text(thresholds_path, "high 0.7\nlow 1\n");
	hearing = open_toy();
	told = hear(hearing, &sound);
	assert_int_equal(told.count, 1);
	assert_string_equal(told.word[0].label, "high");
	hearing_close(hearing);
	ears_free(&sound);
}

static void thresholds_that_make_no_sense_are_refused_with_their_line(void **state)
{
	(void)state;
	save_text(thresholds_path, "low 0.5\nmiddle 0.5\n");
	expect_refused((struct hearing_config){ 0 }, -EINVAL,
		       "toy_thresholds.txt:2: 'middle' is no word");
	save_text(thresholds_path, "_unknown_ 0.5\n");
	expect_refused((struct hearing_config){ 0 }, -EINVAL, "is no word");
	static const char *const lines[] = { "low", "low 0", "low 1.5", "low x", " 0.5",
		"low 0.5x", "low nan" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		save_text(thresholds_path, lines[i]);
		expect_refused((struct hearing_config){ 0 }, -EINVAL, "toy_thresholds.txt:1:");
	}
}

static void labels_may_lack_the_negative_class(void **state)
{
	struct hearing *hearing;

	(void)state;
	save_text(labels_path, "first\nlow word\nhigh\n");
	save_text(thresholds_path, "low word 0.3\n");
	hearing = open_toy();
	assert_string_equal(hearing_label(hearing, 0), "negative");
	assert_false(hearing_is_word(hearing, 0));
	assert_string_equal(hearing_label(hearing, 2), "low word");
	assert_float_equal(hearing_threshold(hearing, 2), 0.3, 1e-6);
	assert_null(hearing_warning(hearing));
	hearing_close(hearing);
}

static void labels_that_do_not_fit_in_number_are_worth_a_warning(void **state)
{
	struct hearing *hearing;

	(void)state;
	save_text(labels_path, "one\ntwo\n");
	hearing = open_toy();
	assert_non_null(strstr(hearing_warning(hearing), "2 names for 4 classes"));
	assert_string_equal(hearing_label(hearing, 3), "class 3");
	hearing_close(hearing);
}

static void without_labels_there_are_numbers(void **state)
{
	struct hearing *hearing;

	(void)state;
	unlink(labels_path);
	hearing = open_toy();
	assert_string_equal(hearing_label(hearing, 2), "class 2");
	assert_true(hearing_is_word(hearing, 0));
	hearing_close(hearing);
	expect_refused((struct hearing_config){ .labels_path = "/nowhere.txt" }, -ENOENT,
		       "/nowhere.txt");
}

static void what_is_no_keyword_model_is_refused(void **state)
{
	struct graph g = graph_new();
	struct atoll_builder_tensor in = { .name = "x", .type = ATOLL_INT8, .rank = 2,
					   .dims = { 1, 1960 }, .scale = 1 };
	int32_t from = graph_input(&g, &in), to = graph_output(&g, &in);
	FILE *file = fopen(model_path, "wb");

	(void)state;
	graph_operator(&g, BUILTIN_RELU, 0, 0, NULL, 1, &from, 1, &to);
	graph_open(&g);
	assert_int_equal(fwrite(g.bytes, 1, g.size, file), g.size);
	assert_int_equal(fclose(file), 0);
	graph_free(&g);
	expect_refused((struct hearing_config){ 0 }, -ENOTSUP,
		       "toy.tflite: input x: int8 of shape 1x1960 is none of the windows");
	ears_save(model_path, EARS_LOGITS, 0);
	expect_refused((struct hearing_config){ 0 }, -ENOTSUP,
		       "toy.tflite: output logits: scores above 1");
	expect_refused((struct hearing_config){ .model_path = "/nowhere.tflite" }, -ENOENT,
		       "/nowhere.tflite");
}

static void words_need_an_embedding(void **state)
{
	struct hearing *hearing;
	float vector[EARS_SIZE], sample[16] = { 0 };
	struct atoll_error err;

	(void)state;
	ears_save(model_path, EARS_SCORES, 0);
	hearing = open_toy();
	assert_int_equal(hearing_embedding_size(hearing), 0);
	assert_int_equal(hearing_embed(hearing, sample, 16, vector, &err), -ENOTSUP);
	hearing_close(hearing);
	expect_refused((struct hearing_config){ .words_path = words_path }, -ENOTSUP,
		       "has no second output, an embedding");
}

static void a_failure_leaves_nothing_behind_and_needs_no_error(void **state)
{
	(void)state;
	save_text(thresholds_path, "x");
	assert_null(hearing_open(&(struct hearing_config){ .model_path = model_path }, NULL));
	hearing_close(NULL);
}

/* Other people's models */

static struct told hear_file(struct hearing *hearing, const char *name, float *best,
			     const char **label)
{
	const char *path = check_data_path("audio/%s_1000ms.wav", name);
	static float sample[40000];
	struct atoll_error err;
	struct atoll_wav *wav = atoll_wav_open(path, &err);
	int16_t frames[16000] = { 0 };
	struct told told = { .count = 0 };
	int count;

	if (!wav)
		fail_msg("%s", err.text);
	count = atoll_wav_read(wav, frames, 16000);
	assert_true(count > 15000);
	for (int i = 0; i < 16000; i++)
		sample[i] = frames[i] / 32768.0f;
	atoll_wav_close(wav);
	hearing_reset(hearing);
	push_all(hearing, sample, 16000, 0, 1600, &told);
	*best = 0;
	for (uint32_t i = 0; i < hearing_classes(hearing); i++)
		if (hearing_scores(hearing)[i] > *best) {
			*best = hearing_scores(hearing)[i];
			*label = hearing_label(hearing, i);
		}
	push_all(hearing, sample + 16000, 16000, 16000, 1600, &told);
	return told;
}

static void mlperf_s_model_hears_yes(void **state)
{
	struct hearing *hearing = open_with((struct hearing_config){
		.model_path = check_data_path("models/mlperf_kws_ref_int8.tflite") });
	const char *label = "";
	float best;
	struct told told = hear_file(hearing, "yes", &best, &label);

	(void)state;
	assert_string_equal(hearing_features(hearing), "mlperf");
	/* The window of the whole clip: the published answer. */
	assert_string_equal(label, "Yes");
	assert_float_equal(best, 255 / 256.0, 1e-6);
	assert_int_equal(told.count, 1);
	assert_string_equal(told.word[0].label, "Yes");
	hear_file(hearing, "silence", &best, &label);
	assert_string_equal(label, "Silence");
	assert_float_equal(best, (104 + 128) / 256.0, 0.01);
	assert_false(hearing_is_word(hearing, 10));
	assert_false(hearing_is_word(hearing, 11));
	hearing_close(hearing);
}

static void micro_speech_is_refused(void **state)
{
	(void)state;
	expect_refused((struct hearing_config){
		.model_path = check_data_path("models/micro_speech_quantized.tflite") },
		-ENOTSUP, "is none of the windows of sound");
}

/* The emulated device computes something else, but all bytes go where they should. */
static void coral_s_model_runs_on_an_emulated_edge_tpu(void **state)
{
	struct hearing *hearing = open_with((struct hearing_config){
		.model_path = check_data_path("models/voice_commands_v0.8_edgetpu.tflite"),
		.labels_path = check_data_path("models/voice_commands_labels.txt"),
		.session = { .device = "emu" } });
	struct ears_sound sound = two_words();
	struct hearing_counts counts;
	struct told told = { .count = 0 };

	(void)state;
	assert_string_equal(hearing_features(hearing), "coral");
	assert_int_equal(hearing_classes(hearing), 149);
	assert_string_equal(hearing_label(hearing, 0), "negative");
	assert_string_equal(hearing_label(hearing, 1), "what_can_i_say");
	assert_int_equal(hearing_window_ms(hearing), 1995);
	assert_string_equal(hearing_plan(hearing)->device, "emu:0");
	push_all(hearing, sound.sample, sound.count, 0, 1600, &told);
	counts = hearing_counts(hearing);
	assert_int_equal(counts.inferences, 60);
	assert_int_equal(counts.failed, 0);
	hearing_close(hearing);
	ears_free(&sound);
}

#define toy(test) cmocka_unit_test_setup_teardown(test, save_toy, remove_files)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		toy(words_are_told_once_with_their_times),
		toy(it_makes_no_difference_how_sound_is_cut),
		toy(a_gap_begins_anew),
		toy(reset_begins_the_next_file),
		toy(a_silent_room_costs_no_inference),
		toy(nothing_is_allocated_per_block),
		toy(in_the_background_it_hears_the_same),
		toy(what_falls_due_during_a_run_is_left_out_and_counted),
		toy(a_run_from_before_a_gap_tells_nothing),
		toy(blocks_of_more_than_a_second_are_refused),
		toy(it_can_be_asked_what_it_is),
		toy(scores_can_be_shown),
		toy(hops_are_rounded_to_slices),
		toy(thresholds_come_from_beside_the_model),
		toy(a_threshold_decides_what_is_told),
		toy(thresholds_that_make_no_sense_are_refused_with_their_line),
		toy(labels_may_lack_the_negative_class),
		toy(labels_that_do_not_fit_in_number_are_worth_a_warning),
		toy(without_labels_there_are_numbers),
		toy(what_is_no_keyword_model_is_refused),
		toy(words_need_an_embedding),
		toy(a_failure_leaves_nothing_behind_and_needs_no_error),
		cmocka_unit_test(mlperf_s_model_hears_yes),
		cmocka_unit_test(micro_speech_is_refused),
		cmocka_unit_test(coral_s_model_runs_on_an_emulated_edge_tpu),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_folder, remove_folder) != 0;
}
