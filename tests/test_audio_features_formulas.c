/* SPDX-License-Identifier: Apache-2.0 */
/* Windows of each kind against the published formulas, and against golden files. */
#include "audio/features_kind.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/session.h"
#include "tests/check.h"

#define SOUND_MAX 32000

static void assert_near(double value, double wanted, double tolerance)
{
	if (!(fabs(value - wanted) <= tolerance))
		fail_msg("%.9g, not %.9g", value, wanted);
}

static struct atoll_features *new_features(enum atoll_features_kind kind)
{
	struct atoll_error err;
	struct atoll_features *features = atoll_features_new(kind, &err);

	if (!features)
		fail_msg("%s", err.text);
	return features;
}

/* Syllables: gliding tones that come and go over a little noise. */
static void speak(float *sample, uint32_t count, uint64_t seed)
{
	struct check_random random = { seed };
	double phase = 0;

	for (uint32_t i = 0; i < count; i++) {
		const double t = i / 16000.0;
		const double loudness = fmax(0, sin(2 * M_PI * 3.1 * t + (double)seed));
		const double noise = check_random_in(&random, -1000, 1000) / 1000.0;

		phase += 2 * M_PI * (180 + 60 * sin(2 * M_PI * 1.3 * t)) / 16000;
		sample[i] = (float)(0.3 * loudness *
				    (sin(phase) + 0.5 * sin(5 * phase) + 0.2 * sin(13 * phase)) +
				    0.002 * noise);
	}
}

/* --- the formulas once more, from whole sounds, in double and without tricks --- */

static double mel_of(double hz)
{
	return 1127 * log(1 + hz / 700);
}

static double plain_weight(uint32_t bands, double low_hz, double high_hz, uint32_t band,
			   uint32_t bin)
{
	const double low = mel_of(low_hz), step = (mel_of(high_hz) - low) / (bands + 1);
	const double at = mel_of(bin * 31.25), left = low + band * step;

	if (bin == 0)
		return 0;
	return fmax(0, fmin((at - left) / step, (left + 2 * step - at) / step));
}

static void plain_magnitudes(const float *sample, uint32_t frame, double *magnitude)
{
	static double cosine[512], sine[512];
	double weighted[512];

	for (uint32_t i = 0; i < 512 && cosine[0] < 1; i++)
		sine[i] = sin(2 * M_PI * i / 512);
	for (uint32_t i = 512; i-- > 0 && cosine[0] < 1;)
		cosine[i] = cos(2 * M_PI * i / 512);
	for (uint32_t n = 0; n < frame; n++)
		weighted[n] = (double)sample[n] * (0.5 - 0.5 * cos(2 * M_PI * n / frame));
	for (uint32_t k = 0; k <= 256; k++) {
		double real = 0, imaginary = 0;

		for (uint32_t n = 0; n < frame; n++) {
			real += weighted[n] * cosine[k * n % 512];
			imaginary += weighted[n] * sine[k * n % 512];
		}
		magnitude[k] = sqrt(real * real + imaginary * imaginary);
	}
}

struct formula {
	uint32_t slices, frame, hop, bands;
	double low_hz, high_hz, floor;
};

static const struct formula own = { 49, 480, 320, 40, 60, 3800, 1e-3 };
static const struct formula coral = { 198, 400, 160, 32, 60, 3800, 1e-3 };
static const struct formula mlperf = { 49, 480, 320, 40, 20, 4000, 1e-6 };

/* ln(gain * bands + floor): [slices][bands]. */
static void plain_logs(const struct formula *formula, const float *sample, double gain,
		       double *out)
{
	static double weight[40][257];
	double magnitude[257];

	for (uint32_t b = 0; b < formula->bands; b++)
		for (uint32_t k = 0; k <= 256; k++)
			weight[b][k] = plain_weight(formula->bands, formula->low_hz,
						    formula->high_hz, b, k);
	for (uint32_t i = 0; i < formula->slices; i++) {
		plain_magnitudes(sample + i * formula->hop, formula->frame, magnitude);
		for (uint32_t b = 0; b < formula->bands; b++) {
			double sum = 0;

			for (uint32_t k = 0; k <= 256; k++)
				sum += weight[b][k] * magnitude[k];
			*out++ = log(gain * sum + formula->floor);
		}
	}
}

static double plain_mean(const struct formula *formula, const double *logs, uint32_t band)
{
	double sum = 0;

	for (uint32_t i = 0; i < formula->slices; i++)
		sum += logs[i * formula->bands + band];
	return sum / formula->slices;
}

static double plain_deviation(const struct formula *formula, const double *logs, uint32_t band)
{
	const double mean = plain_mean(formula, logs, band);
	double sum = 0;

	for (uint32_t i = 0; i < formula->slices; i++)
		sum += pow(logs[i * formula->bands + band] - mean, 2);
	return sqrt(sum / formula->slices);
}

static uint8_t plain_grey(const struct formula *formula, const double *logs, uint32_t cell)
{
	const uint32_t band = cell % formula->bands;
	const double slice = 30 * (logs[cell] - log(0.001));
	const double mean = 30 * (plain_mean(formula, logs, band) - log(0.001));
	const double deviation = 30 * plain_deviation(formula, logs, band);

	return (uint8_t)fmin(255, fmax(0, ((slice - mean) / (3 * deviation) + 1) * 127.5));
}

static double plain_cepstrum(const double *logs, uint32_t k)
{
	double sum = 0;

	for (uint32_t n = 0; n < 40; n++)
		sum += 2 * logs[n] * cos(M_PI * k * (2 * n + 1) / 80) / sqrt(80);
	return sum;
}

static int8_t plain_byte(double real, double scale, int zero_point)
{
	return (int8_t)fmin(127, fmax(-128, floor(real / scale + 0.5) + zero_point));
}

/* In single precision a number now and then falls on the other side of a step. */
static void assert_nearly_all(uint32_t differ, uint32_t cells)
{
	if (differ * 1000 > cells)
		fail_msg("%u bytes of %u differ", differ, cells);
}

static double logs_differ(const struct atoll_features *features, const struct formula *formula,
			  const double *logs)
{
	double most = 0;

	for (uint32_t i = 0; i < formula->slices; i++)
		for (uint32_t b = 0; b < formula->bands; b++)
			most = fmax(most, fabs((double)features_slice(features, i)[b] -
					       logs[i * formula->bands + b]));
	return most;
}

static void a_coral_window_is_what_the_formulas_say(void **state)
{
	static float sound[SOUND_MAX];
	static double logs[198 * 32];
	static uint8_t window[198 * 32];
	struct atoll_features *features = new_features(ATOLL_FEATURES_CORAL);
	uint32_t differ = 0;

	(void)state;
	speak(sound, 31920, 1);
	assert_int_equal(atoll_features_push(features, sound, 31920), 198);
	plain_logs(&coral, sound, 1, logs);
	assert_true(logs_differ(features, &coral, logs) < 1e-4);
	atoll_features_window(features, 1, 0, window);
	for (uint32_t i = 0; i < sizeof(window); i++) {
		const uint8_t wanted = plain_grey(&coral, logs, i);

		assert_true(abs(window[i] - wanted) <= 1);
		differ += window[i] != wanted;
	}
	assert_nearly_all(differ, sizeof(window));
	atoll_features_free(features);
}

static void an_own_window_is_what_the_formulas_say(void **state)
{
	static float sound[SOUND_MAX], reals[49 * 40];
	static double logs[49 * 40];
	static int8_t window[49 * 40];
	struct atoll_features *features = new_features(ATOLL_FEATURES_OWN);
	uint32_t differ = 0;

	(void)state;
	speak(sound, 15840, 2);
	assert_int_equal(atoll_features_push(features, sound, 15840), 49);
	plain_logs(&own, sound, 1, logs);
	assert_true(logs_differ(features, &own, logs) < 1e-4);
	atoll_features_reals(features, reals);
	atoll_features_window(features, 0.05f, 0, window);
	for (uint32_t i = 0; i < sizeof(window); i++) {
		const double wanted = logs[i] - plain_mean(&own, logs, i % 40);

		assert_near((double)reals[i], wanted, 1e-4);
		assert_true(abs(window[i] - plain_byte(wanted, 0.05, 0)) <= 1);
		differ += window[i] != plain_byte(wanted, 0.05, 0);
	}
	assert_nearly_all(differ, sizeof(window));
	atoll_features_free(features);
}

/* Cepstra are sums of 40 logarithms, 1e-4 was lost at most in sounds like these. */
static void an_mlperf_window_is_what_the_formulas_say(void **state)
{
	static float sound[SOUND_MAX], reals[49 * 10];
	static double logs[49 * 40];
	static int8_t window[49 * 10];
	struct atoll_features *features = new_features(ATOLL_FEATURES_MLPERF);
	uint32_t differ = 0;
	float peak = 0;

	(void)state;
	speak(sound, 16000, 3);
	sound[15999] = 0.9f; /* in no frame, and still the largest */
	sound[8000] = -1;    /* further from zero, and not the largest */
	for (uint32_t i = 0; i < 16000; i++)
		peak = fmaxf(peak, sound[i]);
	assert_int_equal(atoll_features_push(features, sound, 16000), 49);
	plain_logs(&mlperf, sound, 1 / (double)peak, logs);
	atoll_features_reals(features, reals);
	atoll_features_window(features, 0.5847029f, 83, window);
	for (uint32_t i = 0; i < sizeof(window); i++) {
		const double wanted = plain_cepstrum(logs + i / 10 * 40, i % 10);

		assert_near((double)reals[i], wanted, 1e-3);
		assert_true(abs(window[i] - plain_byte(wanted, 0.5847029, 83)) <= 1);
		differ += window[i] != plain_byte(wanted, 0.5847029, 83);
	}
	assert_nearly_all(differ, sizeof(window));
	atoll_features_free(features);
}

/* --- against golden files --- */

static const char own_golden[] = "apps/models/keywords/golden";
static const char *const clips[] = { "yes", "no", "noise", "silence" };

#define CLIPS (sizeof(clips) / sizeof(clips[0]))

/* A second of 16-bit sound, as samples. */
static void read_wav(const char *path, float *sample)
{
	size_t size;
	char *bytes = check_read(path, &size);
	const char *data = memmem(bytes, size, "data", 4);

	assert_non_null(data);
	assert_true((size_t)(bytes + size - data) >= 8 + 2 * 16000);
	for (uint32_t i = 0; i < 16000; i++) {
		int16_t value;

		memcpy(&value, data + 8 + 2 * i, sizeof(value));
		sample[i] = (float)value / 32768;
	}
	free(bytes);
}

static void *read_golden(const char *path, size_t wanted)
{
	size_t size;
	void *bytes = check_read(path, &size);

	assert_int_equal(size, wanted);
	return bytes;
}

/* From apps/models/keywords/features.py, in numpy, with which the model was trained. */
static void own_windows_are_those_the_model_was_trained_with(void **state)
{
	static const char *const words[] = { "yes", "seven", "noise" };
	static float sound[16000];
	static int8_t window[49 * 40];
	char path[128];

	(void)state;
	for (uint32_t c = 0; c < sizeof(words) / sizeof(words[0]); c++) {
		struct atoll_features *features = new_features(ATOLL_FEATURES_OWN);
		uint32_t differ = 0;
		float *logs;
		int8_t *bytes;

		(void)snprintf(path, sizeof(path), "%s/%s.wav", own_golden, words[c]);
		read_wav(path, sound);
		(void)snprintf(path, sizeof(path), "%s/%s.logmel.f32", own_golden, words[c]);
		logs = read_golden(path, sizeof(*logs) * 49 * 40);
		(void)snprintf(path, sizeof(path), "%s/%s.features.i8", own_golden, words[c]);
		bytes = read_golden(path, sizeof(window));
		assert_int_equal(atoll_features_push(features, sound, 16000), 49);
		for (uint32_t i = 0; i < 49 * 40; i++)
			assert_near((double)features_slice(features, i / 40)[i % 40],
				    (double)logs[i], 1e-4);
		atoll_features_window(features, 0.05f, 0, window);
		for (uint32_t i = 0; i < sizeof(window); i++) {
			assert_true(abs(window[i] - bytes[i]) <= 1);
			differ += window[i] != bytes[i];
		}
		assert_nearly_all(differ, sizeof(window));
		free(logs);
		free(bytes);
		atoll_features_free(features);
	}
}

static void coral_windows_are_the_golden_ones(void **state)
{
	static float sound[32000];
	static uint8_t window[198 * 32];

	(void)state;
	for (uint32_t c = 0; c < CLIPS; c++) {
		struct atoll_features *features = new_features(ATOLL_FEATURES_CORAL);
		float *logs = read_golden(
			check_data_path("golden/audio/%s_1000ms.logmel_198x32_f32.bin", clips[c]),
			sizeof(*logs) * 198 * 32);
		uint8_t *grey = read_golden(
			check_data_path("golden/audio/%s_1000ms.coral_u8_198x32.bin", clips[c]),
			sizeof(window));
		uint32_t differ = 0;

		read_wav(check_data_path("audio/%s_1000ms.wav", clips[c]), sound + 16000);
		assert_int_equal(atoll_features_push(features, sound, 32000), 198);
		for (uint32_t i = 0; i < 198 * 32; i++)
			assert_near((double)features_slice(features, i / 32)[i % 32],
				    (double)logs[i], 1e-4);
		atoll_features_window(features, 1, 0, window);
		for (uint32_t i = 0; i < sizeof(window); i++) {
			assert_true(abs(window[i] - grey[i]) <= 1);
			differ += window[i] != grey[i];
		}
		assert_nearly_all(differ, sizeof(window));
		free(logs);
		free(grey);
		atoll_features_free(features);
	}
}

/* 2.1e-5 was the most that differed, a step of the model's input is 0.58. */
static void mlperf_cepstra_are_the_golden_ones(void **state)
{
	static float sound[16000];
	float reals[490];

	(void)state;
	for (uint32_t c = 0; c < CLIPS; c++) {
		struct atoll_features *features = new_features(ATOLL_FEATURES_MLPERF);
		float *cepstra = read_golden(
			check_data_path("golden/audio/%s_1000ms.mfcc_49x10_f32.bin", clips[c]),
			sizeof(reals));

		read_wav(check_data_path("audio/%s_1000ms.wav", clips[c]), sound);
		assert_int_equal(atoll_features_push(features, sound, 16000), 49);
		atoll_features_reals(features, reals);
		for (uint32_t i = 0; i < 490; i++)
			assert_near((double)reals[i], (double)cepstra[i], 1e-4);
		free(cepstra);
		atoll_features_free(features);
	}
}

/* What the reference kernels say to the golden cepstra; that "no" is taken for "go" is
   the model's own mistake. */
static void the_model_of_mlperf_hears_what_it_should(void **state)
{
	enum { GO = 1, YES = 9, SILENCE = 10, UNKNOWN = 11 };
	static const struct { uint32_t index; int8_t score; } answer[CLIPS] = {
		{ YES, 127 }, { GO, 86 }, { UNKNOWN, 52 }, { SILENCE, 104 },
	};
	static float sound[16000];
	const char *path = check_data_path("models/mlperf_kws_ref_int8.tflite");
	struct atoll_model *model = atoll_model_load(path, NULL);
	struct atoll_session *session = model ? atoll_session_open(model, NULL, NULL) : NULL;
	struct atoll_features *features;
	struct atoll_tensor *input;
	enum atoll_features_kind kind;

	(void)state;
	assert_non_null(session);
	input = atoll_session_input(session, 0);
	assert_int_equal(atoll_features_find(input->rank, input->dims,
					     input->type == ATOLL_INT8, &kind), 0);
	features = new_features(kind);
	for (uint32_t c = 0; c < CLIPS; c++) {
		const int8_t *score = atoll_session_output(session, 0)->data;

		read_wav(check_data_path("audio/%s_1000ms.wav", clips[c]), sound);
		atoll_features_reset(features);
		atoll_features_push(features, sound, 16000);
		atoll_features_window(features, input->quant.scale, input->quant.zero_point,
				      input->data);
		assert_int_equal(atoll_session_invoke(session), 0);
		assert_int_equal(score[answer[c].index], answer[c].score);
	}
	atoll_features_free(features);
	atoll_session_close(session);
	atoll_model_free(model);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_coral_window_is_what_the_formulas_say),
		cmocka_unit_test(an_own_window_is_what_the_formulas_say),
		cmocka_unit_test(an_mlperf_window_is_what_the_formulas_say),
		cmocka_unit_test(own_windows_are_those_the_model_was_trained_with),
		cmocka_unit_test(coral_windows_are_the_golden_ones),
		cmocka_unit_test(mlperf_cepstra_are_the_golden_ones),
		cmocka_unit_test(the_model_of_mlperf_hears_what_it_should),
	};

	return CHECK_RUN(tests);
}
