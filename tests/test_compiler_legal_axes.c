/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/legal_rules.h"

#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/lone.h"

static struct lone mean(int32_t y, int32_t x, int32_t z, size_t axes, const int32_t *axis)
{
	struct lone l = lone_new(BUILTIN_MEAN);

	lone_in(&l, DIMS(1, y, x, z));
	lone_ints(&l, axes, axis);
	lone_out(&l, DIMS(1, z));
	return l;
}

static void means_are_limited_by_their_pixels(void **unused)
{
	struct lone l = mean(64, 128, 3, DIMS(1, 2));

	(void)unused;
	lone_mapped(&l);
	l = mean(256, 128, 3, DIMS(1, 2));
	lone_limited(&l, "a mean over 32768 pixels");
	l = mean(256, 128, 3, DIMS(1));
	lone_mapped(&l);
}

static void means_over_channels_need_fours_and_version_13(void **unused)
{
	struct lone l = mean(8, 8, 4, DIMS(-1));

	(void)unused;
	lone_refused_at(&l, 12, ATOLL_NOT_MAPPED_LIMIT, "a mean over z");
	lone_mapped_at(&l, 13);
	lone_free(&l);
	l = mean(8, 8, 6, DIMS(3));
	lone_limited(&l, "a mean over 6 channels");
	l = mean(8, 8, 4, DIMS(0, 1));
	lone_limited(&l, "along the batch");
}

static void padding_stays_off_the_batch_and_once_off_z(void **unused)
{
	static const int32_t in_x[8] = { 0, 0, 0, 0, 1, 1, 0, 0 };
	static const int32_t in_z[8] = { 0, 0, 0, 0, 0, 0, 0, 4 };
	static const int32_t in_batch[8] = { 0, 1, 0, 0, 0, 0, 0, 0 };
	const int32_t *const list[] = { in_x, in_z, in_batch };
	struct lone l[3];

	(void)unused;
	for (size_t i = 0; i < 3; i++) {
		l[i] = lone_new(BUILTIN_PAD);
		lone_in(&l[i], DIMS(1, 8, 8, 4));
		lone_ints(&l[i], 8, list[i]);
		lone_out(&l[i], DIMS(1, 8, 8, 4));
	}
	lone_mapped_at(&l[0], 12);
	lone_refused_at(&l[1], 12, ATOLL_NOT_MAPPED_LIMIT, "padding in z");
	lone_mapped_at(&l[1], 13);
	lone_refused_at(&l[2], LONE_NEWEST, ATOLL_NOT_MAPPED_LIMIT, "along the batch");
	for (size_t i = 0; i < 3; i++)
		lone_free(&l[i]);
}

static void nothing_works_along_the_batch(void **unused)
{
	static const uint32_t reducers[] = { BUILTIN_SUM, BUILTIN_REDUCE_MAX,
					     BUILTIN_REDUCE_MIN };
	struct lone l;

	(void)unused;
	for (size_t i = 0; i < 3; i++)
		for (int32_t axis = 0; axis < 2; axis++) {
			l = lone_new(reducers[i]);
			lone_in(&l, DIMS(1, 8, 8, 4));
			lone_ints(&l, 1, &axis);
			lone_out(&l, DIMS(1, 8, 8, 4));
			if (axis == 0)
				lone_limited(&l, "along the batch");
			else
				lone_mapped(&l);
		}
	l = lone_new(BUILTIN_SPLIT);
	lone_ints(&l, DIMS(0));
	lone_in(&l, DIMS(1, 8, 8, 4));
	lone_out(&l, DIMS(1, 8, 8, 4));
	lone_limited(&l, "along the batch");
	l = lone_new(BUILTIN_SPLIT);
	lone_ints(&l, DIMS(-1));
	lone_in(&l, DIMS(1, 8, 8, 4));
	lone_out(&l, DIMS(1, 8, 8, 2));
	lone_out(&l, DIMS(1, 8, 8, 2));
	lone_mapped(&l);
	l = lone_new(BUILTIN_PACK);
	lone_in(&l, DIMS(8, 8, 4));
	lone_out(&l, DIMS(1, 8, 8, 4));
	lone_limited(&l, "along the batch");
	l = lone_new(BUILTIN_PACK);
	lone_in(&l, DIMS(1, 17));
	lone_in(&l, DIMS(1, 17));
	lone_out(&l, DIMS(1, 17, 2));
	lone_option(&l, PACK_AXIS, 2);
	lone_mapped(&l);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(means_are_limited_by_their_pixels),
		cmocka_unit_test(means_over_channels_need_fours_and_version_13),
		cmocka_unit_test(padding_stays_off_the_batch_and_once_off_z),
		cmocka_unit_test(nothing_works_along_the_batch),
	};

	return CHECK_RUN(tests);
}
