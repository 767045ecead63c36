/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/fft.h"

#include <errno.h>
#include <math.h>

#include "tests/allocations.h"
#include "tests/check.h"

#define SIZE 512

static void assert_near(double value, double wanted, double tolerance)
{
	if (!(fabs(value - wanted) <= tolerance))
		fail_msg("%.9g, not %.9g", value, wanted);
}

static struct fft *new_fft(uint32_t frame, uint32_t size)
{
	struct atoll_error err;
	struct fft *fft = fft_new(frame, size, &err);

	if (!fft)
		fail_msg("%s", err.text);
	return fft;
}

/* By the definition, one term after the other. */
static double plain_magnitude(const float *sample, uint32_t frame, uint32_t size, uint32_t bin)
{
	double real = 0, imaginary = 0;

	for (uint32_t n = 0; n < frame; n++) {
		const double weight = 0.5 - 0.5 * cos(2 * M_PI * n / frame);
		const double angle = 2 * M_PI * (bin * n % size) / size;

		real += weight * (double)sample[n] * cos(angle);
		imaginary -= weight * (double)sample[n] * sin(angle);
	}
	return sqrt(real * real + imaginary * imaginary);
}

static void assert_plain(const float *sample, uint32_t frame, uint32_t size)
{
	struct fft *fft = new_fft(frame, size);
	float magnitude[FFT_BINS(SIZE)];
	double loudest = 0;

	fft_magnitudes(fft, sample, magnitude);
	fft_free(fft);
	for (uint32_t k = 0; k < FFT_BINS(size); k++)
		loudest = fmax(loudest, (double)magnitude[k]);
	/* Single precision has 6e-8 of its largest number; ten steps of it were lost. */
	for (uint32_t k = 0; k < FFT_BINS(size); k++)
		assert_near((double)magnitude[k], plain_magnitude(sample, frame, size, k),
			    3e-7 * loudest);
}

static void noise_has_the_spectrum_of_its_definition(void **state)
{
	struct check_random random = { 1 };
	float sample[SIZE];

	(void)state;
	for (uint32_t i = 0; i < SIZE; i++)
		sample[i] = (float)check_random_in(&random, -32768, 32767) / 32768;
	assert_plain(sample, 400, 512);
	assert_plain(sample, 480, 512);
	assert_plain(sample, 512, 512);
	assert_plain(sample, 100, 128);
	assert_plain(sample, 1, 4);
}

static void a_tone_is_at_its_bin_and_half_as_high_beside_it(void **state)
{
	struct fft *fft = new_fft(SIZE, SIZE);
	float sample[SIZE], magnitude[FFT_BINS(SIZE)];

	(void)state;
	for (uint32_t i = 0; i < SIZE; i++)
		sample[i] = (float)sin(2 * M_PI * 32 * i / SIZE);
	fft_magnitudes(fft, sample, magnitude);
	assert_near((double)magnitude[32], SIZE / 4.0, 1e-4);
	assert_near((double)magnitude[31], SIZE / 8.0, 1e-4);
	assert_near((double)magnitude[33], SIZE / 8.0, 1e-4);
	assert_near((double)magnitude[200], 0, 1e-4);
	fft_free(fft);
}

static void silence_has_no_spectrum_and_leaves_none_of_the_frame_before(void **state)
{
	struct fft *fft = new_fft(400, SIZE);
	float sample[400] = { [200] = 1 }, magnitude[FFT_BINS(SIZE)];

	(void)state;
	fft_magnitudes(fft, sample, magnitude);
	assert_near((double)magnitude[7], 1, 1e-6);
	sample[200] = 0;
	fft_magnitudes(fft, sample, magnitude);
	for (uint32_t k = 0; k < FFT_BINS(SIZE); k++)
		assert_true(magnitude[k] == 0);
	fft_free(fft);
}

static void a_transform_takes_no_memory(void **state)
{
	struct fft *fft = new_fft(480, SIZE);
	float sample[480] = { 0.5f }, magnitude[FFT_BINS(SIZE)];
	unsigned long before = allocations();

	(void)state;
	fft_magnitudes(fft, sample, magnitude);
	assert_int_equal(allocations(), before);
	fft_free(fft);
}

static void sizes_that_are_not_possible_are_refused(void **state)
{
	static const uint32_t frame_size[][2] = {
		{ 400, 500 }, { 0, 512 }, { 513, 512 }, { 1, 0 }, { 1, 1 }, { 2, 2 },
		{ 1, 1u << 31 },
	};
	struct atoll_error err;

	(void)state;
	for (uint32_t i = 0; i < sizeof(frame_size) / sizeof(frame_size[0]); i++) {
		assert_null(fft_new(frame_size[i][0], frame_size[i][1], &err));
		assert_int_equal(err.code, -EINVAL);
	}
	fft_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(noise_has_the_spectrum_of_its_definition),
		cmocka_unit_test(a_tone_is_at_its_bin_and_half_as_high_beside_it),
		cmocka_unit_test(silence_has_no_spectrum_and_leaves_none_of_the_frame_before),
		cmocka_unit_test(a_transform_takes_no_memory),
		cmocka_unit_test(sizes_that_are_not_possible_are_refused),
	};

	return CHECK_RUN(tests);
}
