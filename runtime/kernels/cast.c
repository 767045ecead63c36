/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CAST: stored numbers of one type as those of another, scales ignored.
 *
 * Everything passes through one wide type: int64 from integers and bool, double
 * from float32. Both hold all the values that come, so nothing is rounded twice.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "runtime/kernels/broadcast.h"
#include "runtime/schema/tflite.h"

struct cast {
	enum atoll_type in, out;
};

/* Elements that pass at a time. */
#define PIECE 256

union wide {
	int64_t whole[PIECE];
	double real[PIECE];
};

#define LOAD(type, condition) \
	for (size_t i = 0; i < count; i++) \
		wide->whole[i] = ((const type *)in + first)[i] condition; \
	break

static void load(enum atoll_type from, const void *in, size_t first, size_t count,
		 union wide *wide)
{
	switch (from) {
	case ATOLL_UINT8:
		LOAD(uint8_t, );
	case ATOLL_INT8:
		LOAD(int8_t, );
	case ATOLL_UINT16:
		LOAD(uint16_t, );
	case ATOLL_INT16:
		LOAD(int16_t, );
	case ATOLL_UINT32:
		LOAD(uint32_t, );
	case ATOLL_INT32:
		LOAD(int32_t, );
	case ATOLL_INT64:
		LOAD(int64_t, );
	case ATOLL_BOOL:
		LOAD(uint8_t, != 0);
	default:
		for (size_t i = 0; i < count; i++)
			wide->real[i] = (double)((const float *)in + first)[i];
		break;
	}
}

/* Towards zero, the ends of the range beyond it, 0 for what is not a number. */
static int64_t truncated(double x, double low, double high, int64_t highest)
{
	if (isnan(x))
		return 0;
	return x <= low ? (int64_t)low : x >= high ? highest : (int64_t)x;
}

static void truncate_reals(enum atoll_type to, size_t count, union wide *wide)
{
	int64_t low = INT64_MIN, high = INT64_MAX;

	switch (to) {
	case ATOLL_UINT8:
		low = 0, high = UINT8_MAX;
		break;
	case ATOLL_INT8:
		low = INT8_MIN, high = INT8_MAX;
		break;
	case ATOLL_UINT16:
		low = 0, high = UINT16_MAX;
		break;
	case ATOLL_INT16:
		low = INT16_MIN, high = INT16_MAX;
		break;
	case ATOLL_UINT32:
		low = 0, high = UINT32_MAX;
		break;
	case ATOLL_INT32:
		low = INT32_MIN, high = INT32_MAX;
		break;
	default:
		break;
	}
	for (size_t i = 0; i < count; i++) {
		double x = wide->real[i];

		wide->whole[i] = to == ATOLL_BOOL ? x != 0 :
			truncated(x, (double)low, (double)high, high);
	}
}

/* Integers that do not fit lose their upper bits. */
#define STORE(type) \
	for (size_t i = 0; i < count; i++) \
		((type *)out + first)[i] = (type)wide->whole[i]; \
	break

static void store(enum atoll_type to, void *out, size_t first, size_t count,
		  const union wide *wide)
{
	switch (to) {
	case ATOLL_UINT8:
	case ATOLL_INT8:
		STORE(uint8_t);
	case ATOLL_UINT16:
	case ATOLL_INT16:
		STORE(uint16_t);
	case ATOLL_UINT32:
	case ATOLL_INT32:
		STORE(uint32_t);
	case ATOLL_INT64:
		STORE(int64_t);
	case ATOLL_BOOL:
		for (size_t i = 0; i < count; i++)
			((uint8_t *)out + first)[i] = wide->whole[i] != 0;
		break;
	default:
		STORE(float);
	}
}

static void cast_row(const void *context, const struct broadcast_row *row)
{
	const struct cast *cast = context;

	for (size_t first = 0; first < row->count; first += PIECE) {
		size_t left = row->count - first;
		size_t count = left < PIECE ? left : PIECE;
		union wide wide;

		load(cast->in, row->in[0], first, count, &wide);
		if (cast->in == ATOLL_FLOAT32)
			truncate_reals(cast->out, count, &wide);
		store(cast->out, row->out, first, count, &wide);
	}
}

/* float32 to float32. */
static void copy_row(const void *context, const struct broadcast_row *row)
{
	(void)context;
	memcpy(row->out, row->in[0], row->count * sizeof(float));
}

static int prepare(struct kernel_node *node, struct kernel_setup *setup,
		   struct atoll_error *err)
{
	const uint32_t types =
		KERNEL_TYPE(ATOLL_FLOAT32) | KERNEL_TYPE(ATOLL_BOOL) |
		KERNEL_TYPE(ATOLL_UINT8) | KERNEL_TYPE(ATOLL_INT8) |
		KERNEL_TYPE(ATOLL_UINT16) | KERNEL_TYPE(ATOLL_INT16) |
		KERNEL_TYPE(ATOLL_UINT32) | KERNEL_TYPE(ATOLL_INT32) |
		KERNEL_TYPE(ATOLL_INT64);
	struct cast *cast;
	int r = kernel_check_counts(node, 1, 1, 1, err);

	if (r == 0)
		r = kernel_check_input(node, 0, types, err);
	if (r == 0)
		r = kernel_check_output(node, 0, types, err);
	if (r < 0)
		return r;
	cast = kernel_alloc(setup, sizeof(*cast));
	if (!cast)
		return atoll_error_set(err, -ENOMEM, "%s: out of memory", node->op->name);
	cast->in = node->input[0]->type;
	cast->out = node->output[0]->type;
	return broadcast_prepare(node, setup,
				 cast->in == ATOLL_FLOAT32 && cast->out == ATOLL_FLOAT32 ?
				 copy_row : cast_row, cast, err);
}

const struct kernel kernel_cast = {
	.code = BUILTIN_CAST,
	.version_max = 5,
	.types = "float32 bool uint8 int8 uint16 int16 uint32 int32 int64 to each other",
	.prepare = prepare,
};
