/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many elements into one along some axes: MEAN, SUM, REDUCE_MAX, REDUCE_MIN,
 * REDUCE_PROD, REDUCE_ANY, REDUCE_ALL.
 *
 * Neighbouring dimensions that both stay or both go are one, so that a mean
 * over height and width is [height * width goes][channels stay]. The input is
 * read once, in order, each element merged into the sum (or maximum, ...) of
 * the output element it belongs to.
 */
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/move.h"
#include "runtime/quant.h"
#include "runtime/schema/tflite.h"

/*
 * How elements are merged: `count` of them each into a result of its own, or
 * all into one result.
 */
struct merging {
	enum atoll_type type;
	size_t result_bytes;
	const void *start;     /* what a result is before the first element */
	void (*across)(void *restrict result, const void *restrict in, size_t count);
	void (*along)(void *restrict result, const void *restrict in, size_t count);
};

#define MERGING(name, in_type, result_type, merge) \
	static void name##_across(void *restrict result, const void *restrict in, \
				  size_t count) \
	{ \
		result_type *r = result; \
		const in_type *x = in; \
		\
		for (size_t i = 0; i < count; i++) \
			r[i] = merge(r[i], x[i]); \
	} \
	\
	static void name##_along(void *restrict result, const void *restrict in, \
				 size_t count) \
	{ \
		result_type r = *(result_type *)result; \
		const in_type *x = in; \
		\
		for (size_t i = 0; i < count; i++) \
			r = merge(r, x[i]); \
		*(result_type *)result = r; \
	}

#define ADD(a, b) ((a) + (b))
/* Integers of the model's own wrap around, as those of the reference do. */
#define ADD_I32(a, b) ((int32_t)((uint32_t)(a) + (uint32_t)(b)))
#define ADD_I64(a, b) ((int64_t)((uint64_t)(a) + (uint64_t)(b)))
#define MULTIPLY(a, b) ((a) * (b))
#define MULTIPLY_I32(a, b) ((int32_t)((uint32_t)(a) * (uint32_t)(b)))
#define HIGHER(a, b) ((b) > (a) ? (b) : (a))
#define LOWER(a, b) ((b) < (a) ? (b) : (a))
#define OR(a, b) ((a) || (b))
#define AND(a, b) ((a) && (b))

MERGING(sum_u8, uint8_t, int32_t, ADD)
MERGING(sum_i8, int8_t, int32_t, ADD)
MERGING(sum_i16, int16_t, int32_t, ADD)
MERGING(sum_i32, int32_t, int32_t, ADD_I32)
MERGING(sum_i64, int64_t, int64_t, ADD_I64)
MERGING(sum_f32, float, float, ADD)
MERGING(product_i32, int32_t, int32_t, MULTIPLY_I32)
MERGING(product_f32, float, float, MULTIPLY)
MERGING(max_u8, uint8_t, uint8_t, HIGHER)
MERGING(max_i8, int8_t, int8_t, HIGHER)
MERGING(max_i16, int16_t, int16_t, HIGHER)
MERGING(max_i32, int32_t, int32_t, HIGHER)
MERGING(max_i64, int64_t, int64_t, HIGHER)
MERGING(max_f32, float, float, HIGHER)
MERGING(min_u8, uint8_t, uint8_t, LOWER)
MERGING(min_i8, int8_t, int8_t, LOWER)
MERGING(min_i16, int16_t, int16_t, LOWER)
MERGING(min_i32, int32_t, int32_t, LOWER)
MERGING(min_i64, int64_t, int64_t, LOWER)
MERGING(min_f32, float, float, LOWER)
MERGING(any, uint8_t, uint8_t, OR)
MERGING(all, uint8_t, uint8_t, AND)

#define ROW(type, result_type, start, name) \
	{ type, sizeof(result_type), &(const result_type){ start }, \
	  name##_across, name##_along }

static const struct merging sums[] = {
	ROW(ATOLL_UINT8, int32_t, 0, sum_u8),
	ROW(ATOLL_INT8, int32_t, 0, sum_i8),
	ROW(ATOLL_INT16, int32_t, 0, sum_i16),
	ROW(ATOLL_INT32, int32_t, 0, sum_i32),
	ROW(ATOLL_INT64, int64_t, 0, sum_i64),
	ROW(ATOLL_FLOAT32, float, 0, sum_f32),
};

static const struct merging products[] = {
	ROW(ATOLL_INT32, int32_t, 1, product_i32),
	ROW(ATOLL_FLOAT32, float, 1, product_f32),
};

static const struct merging maxima[] = {
	ROW(ATOLL_UINT8, uint8_t, 0, max_u8),
	ROW(ATOLL_INT8, int8_t, INT8_MIN, max_i8),
	ROW(ATOLL_INT16, int16_t, INT16_MIN, max_i16),
	ROW(ATOLL_INT32, int32_t, INT32_MIN, max_i32),
	ROW(ATOLL_INT64, int64_t, INT64_MIN, max_i64),
	ROW(ATOLL_FLOAT32, float, -FLT_MAX, max_f32),
};

static const struct merging minima[] = {
	ROW(ATOLL_UINT8, uint8_t, UINT8_MAX, min_u8),
	ROW(ATOLL_INT8, int8_t, INT8_MAX, min_i8),
	ROW(ATOLL_INT16, int16_t, INT16_MAX, min_i16),
	ROW(ATOLL_INT32, int32_t, INT32_MAX, min_i32),
	ROW(ATOLL_INT64, int64_t, INT64_MAX, min_i64),
	ROW(ATOLL_FLOAT32, float, FLT_MAX, min_f32),
};

static const struct merging anys[] = { ROW(ATOLL_BOOL, uint8_t, false, any) };
static const struct merging alls[] = { ROW(ATOLL_BOOL, uint8_t, true, all) };

struct reduce {
	const struct merging *merging;
	uint32_t rank;
	struct reduce_dim {
		size_t count, in_step, result_step; /* bytes; 0: goes */
	} dim[ATOLL_RANK_MAX];
	size_t merged;              /* input elements to each output element */
	struct multiplier scale;    /* quantized sums */
	int32_t offset;             /* to each of them, before scaling */
};

static void walk(const struct reduce *reduce, uint32_t d, const char *in, char *result)
{
	const struct reduce_dim *dim = &reduce->dim[d];

	if (d + 1 < reduce->rank) {
		for (size_t i = 0; i < dim->count; i++)
			walk(reduce, d + 1, in + i * dim->in_step,
			     result + i * dim->result_step);
	} else if (dim->result_step == 0) {
		reduce->merging->along(result, in, dim->count);
	} else {
		reduce->merging->across(result, in, dim->count);
	}
}

static void merge_all(const struct reduce *reduce, const struct atoll_tensor *in,
		      void *results, size_t count)
{
	const struct merging *merging = reduce->merging;

	move_fill(results, count * merging->result_bytes, merging->start,
		  merging->result_bytes);
	if (count > 0)
		walk(reduce, 0, in->data, results);
}

/* Results are the output as they are. */
static int plain_run(const struct kernel_node *node, struct pool *pool)
{
	(void)pool;
	merge_all(node->prepared, node->input[0], node->output[0]->data,
		  node->output[0]->elements);
	return 0;
}

static int float_mean_run(const struct kernel_node *node, struct pool *pool)
{
	const struct reduce *reduce = node->prepared;
	float *out = node->output[0]->data;

	plain_run(node, pool);
	for (size_t i = 0; i < node->output[0]->elements; i++)
		out[i] /= (float)reduce->merged;
	return 0;
}

static int quantized_run(const struct kernel_node *node, struct pool *pool)
{
	const struct reduce *reduce = node->prepared;
	struct atoll_tensor *out = node->output[0];
	const struct quant_range range = quant_type_range(out->type);
	const int32_t *sum = node->scratch;

	(void)pool;
	merge_all(reduce, node->input[0], node->scratch, out->elements);
	for (size_t i = 0; i < out->elements; i++) {
		int64_t y = (int64_t)multiply_by_quantized(sum[i] + reduce->offset,
							   reduce->scale) +
			    out->quant.zero_point;

		y = y < range.low ? range.low : y > range.high ? range.high : y;
		if (out->type == ATOLL_UINT8)
			((uint8_t *)out->data)[i] = (uint8_t)y;
		else if (out->type == ATOLL_INT8)
			((int8_t *)out->data)[i] = (int8_t)y;
		else
			((int16_t *)out->data)[i] = (int16_t)y;
	}
	return 0;
}

/* Bit d: dimension d goes. */
static int read_axes(const struct kernel_node *node, uint32_t *going,
		     struct atoll_error *err)
{
	int32_t axes[2 * ATOLL_RANK_MAX];
	uint32_t count, axis;
	int r = kernel_constant_ints(node, 1, axes, 2 * ATOLL_RANK_MAX, &count, err);

	*going = 0;
	for (uint32_t i = 0; r == 0 && i < count; i++) {
		r = kernel_axis(node, axes[i], node->input[0]->rank, &axis, err);
		if (r == 0)
			*going |= 1u << axis;
	}
	return r;
}

static int reduced_shape(const struct kernel_node *node, uint32_t going,
			 struct atoll_error *err)
{
	bool keeps = flatbuf_bool(node->op->options, REDUCER_KEEP_DIMS, false);
	const struct atoll_tensor *in = node->input[0];
	int32_t dims[ATOLL_RANK_MAX];
	uint32_t rank = 0;

	for (uint32_t d = 0; d < in->rank; d++) {
		if (!(going >> d & 1))
			dims[rank++] = in->dims[d];
		else if (keeps)
			dims[rank++] = 1;
	}
	return kernel_set_shape(node, 0, rank, dims, err);
}

/* Join neighbours of one kind, from the innermost outwards. */
static void plan_walk(struct reduce *reduce, const struct atoll_tensor *in, uint32_t going)
{
	size_t in_step = atoll_type_bytes(in->type);
	size_t result_step = reduce->merging->result_bytes;
	struct reduce_dim reversed[ATOLL_RANK_MAX];
	uint32_t rank = 0;

	for (uint32_t d = in->rank; d-- > 0;) {
		size_t count = (size_t)in->dims[d];
		bool goes = going >> d & 1;

		if (count == 1)
			continue;
		if (rank > 0 && (reversed[rank - 1].result_step == 0) == goes)
			reversed[rank - 1].count *= count;
		else
			reversed[rank++] = (struct reduce_dim){
				count, in_step, goes ? 0 : result_step };
		in_step *= count;
		result_step *= goes ? 1 : count;
	}
	if (rank == 0)
		reversed[rank++] = (struct reduce_dim){ 1, in_step, result_step };
	reduce->rank = rank;
	for (uint32_t i = 0; i < rank; i++)
		reduce->dim[i] = reversed[rank - 1 - i];
}

static const struct merging *find_merging(const struct kernel_node *node,
					  const struct merging *rows, size_t count,
					  struct atoll_error *err)
{
	uint32_t types = 0;

	for (size_t i = 0; i < count; i++)
		types |= KERNEL_TYPE(rows[i].type);
	if (kernel_check_input(node, 0, types, err) < 0)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (rows[i].type == node->input[0]->type)
			return &rows[i];
	return NULL;
}

static int reduce_prepare(struct kernel_node *node, struct kernel_setup *setup,
			  const struct merging *rows, size_t count,
			  struct reduce **prepared, struct atoll_error *err)
{
	const struct merging *merging;
	const struct atoll_tensor *in;
	struct reduce *reduce;
	uint32_t going;
	int r = kernel_check_counts(node, 2, 2, 1, err);

	if (r < 0)
		return r;
	merging = find_merging(node, rows, count, err);
	if (!merging)
		return -EINVAL;
	in = node->input[0];
	if (node->output[0]->type != in->type)
		return kernel_error(node, err, "output type %s, expected %s",
				    atoll_type_name(node->output[0]->type),
				    atoll_type_name(in->type));
	r = read_axes(node, &going, err);
	if (r == 0)
		r = reduced_shape(node, going, err);
	if (r < 0)
		return r;
	if (in->elements == 0 && node->output[0]->elements > 0)
		return kernel_error(node, err, "input (%s): nothing to merge, "
				    "a dimension is 0", in->name);
	reduce = kernel_alloc(setup, sizeof(*reduce));
	if (!reduce)
		return atoll_error_set(err, -ENOMEM, "%s: no memory", node->op->name);
	reduce->merging = merging;
	reduce->merged = node->output[0]->elements > 0 ?
		in->elements / node->output[0]->elements : 1;
	plan_walk(reduce, in, going);
	node->prepared = reduce;
	node->run = plain_run;
	*prepared = reduce;
	return 0;
}

/* Sums of stored values must stay within 32 bits, with and without zero point. */
static int check_sums(const struct kernel_node *node, size_t merged,
		      struct atoll_error *err)
{
	const struct atoll_tensor *in = node->input[0];
	struct quant_range range = quant_type_range(in->type);
	int64_t zero = in->quant.zero_point;
	int64_t widest = range.high > -range.low ? range.high : -(int64_t)range.low;

	if (range.high - zero > widest)
		widest = range.high - zero;
	if (zero - range.low > widest)
		widest = zero - range.low;
	if (merged > (size_t)(INT32_MAX / widest))
		return kernel_error(node, err, "sums of %zu elements of type %s could "
				    "leave 32 bits", merged, atoll_type_name(in->type));
	return 0;
}

static bool is_quantized(enum atoll_type type)
{
	return type == ATOLL_UINT8 || type == ATOLL_INT8 || type == ATOLL_INT16;
}

/* What SUM and MEAN share for quantized types: the sum without zero points. */
static int quantized_prepare(struct kernel_node *node, struct reduce *reduce,
			     struct atoll_error *err)
{
	const struct atoll_quant *in = &node->input[0]->quant;
	int r = kernel_check_quantized(node, node->input[0], "input", err);

	if (r == 0)
		r = kernel_check_quantized(node, node->output[0], "output", err);
	if (r == 0)
		r = check_sums(node, reduce->merged, err);
	if (r < 0)
		return r;
	reduce->offset = -in->zero_point * (int32_t)reduce->merged;
	reduce->scale = multiplier_from((double)in->scale /
					(double)node->output[0]->quant.scale);
	node->scratch_bytes = node->output[0]->elements * sizeof(int32_t);
	node->run = quantized_run;
	return 0;
}

static int sum_prepare(struct kernel_node *node, struct kernel_setup *setup,
		       struct atoll_error *err)
{
	struct reduce *reduce;
	int r = reduce_prepare(node, setup, sums, sizeof(sums) / sizeof(sums[0]),
			       &reduce, err);

	if (r < 0 || !is_quantized(node->input[0]->type))
		return r;
	return quantized_prepare(node, reduce, err);
}

/*
 * Fold the division by n into the multiplier. TFLite: the mantissa is shifted
 * up as far as n needs bits, no further than 32 and than the shift allows.
 */
static struct multiplier divided(struct multiplier by, size_t n)
{
	int32_t up = 0;

	while (up < 32 && n >> (up + 1) != 0)
		up++;
	if (up > 31 + by.shift)
		up = 31 + by.shift;
	return (struct multiplier){
		.mantissa = (int32_t)(((int64_t)by.mantissa << up) / (int64_t)n),
		.shift = by.shift - up,
	};
}

static int mean_prepare(struct kernel_node *node, struct kernel_setup *setup,
			struct atoll_error *err)
{
	struct reduce *reduce;
	int r = reduce_prepare(node, setup, sums, sizeof(sums) / sizeof(sums[0]),
			       &reduce, err);

	if (r < 0)
		return r;
	if (is_quantized(node->input[0]->type)) {
		r = quantized_prepare(node, reduce, err);
		reduce->scale = divided(reduce->scale, reduce->merged);
		return r;
	}
	if (node->input[0]->type != ATOLL_FLOAT32)
		return kernel_error(node, err, "input (%s): type %s, supported: uint8, "
				    "int8, int16, float32", node->input[0]->name,
				    atoll_type_name(node->input[0]->type));
	node->run = float_mean_run;
	return 0;
}

/* The output is one of the inputs, so both mean the same numbers. */
static int extreme_prepare(struct kernel_node *node, struct kernel_setup *setup,
			   const struct merging *rows, size_t count,
			   struct atoll_error *err)
{
	struct reduce *reduce;
	int r = reduce_prepare(node, setup, rows, count, &reduce, err);

	return r < 0 ? r : move_check(node, 0, 0, err);
}

static int max_prepare(struct kernel_node *node, struct kernel_setup *setup,
		       struct atoll_error *err)
{
	return extreme_prepare(node, setup, maxima, sizeof(maxima) / sizeof(maxima[0]), err);
}

static int min_prepare(struct kernel_node *node, struct kernel_setup *setup,
		       struct atoll_error *err)
{
	return extreme_prepare(node, setup, minima, sizeof(minima) / sizeof(minima[0]), err);
}

static int product_prepare(struct kernel_node *node, struct kernel_setup *setup,
			   struct atoll_error *err)
{
	struct reduce *reduce;

	return reduce_prepare(node, setup, products, sizeof(products) / sizeof(products[0]),
			      &reduce, err);
}

static int any_prepare(struct kernel_node *node, struct kernel_setup *setup,
		       struct atoll_error *err)
{
	struct reduce *reduce;

	return reduce_prepare(node, setup, anys, 1, &reduce, err);
}

static int all_prepare(struct kernel_node *node, struct kernel_setup *setup,
		       struct atoll_error *err)
{
	struct reduce *reduce;

	return reduce_prepare(node, setup, alls, 1, &reduce, err);
}

const struct kernel kernel_mean = {
	.code = BUILTIN_MEAN,
	.version_max = 3,
	.types = "uint8 int8 int16 float32",
	.prepare = mean_prepare,
};

const struct kernel kernel_sum = {
	.code = BUILTIN_SUM,
	.version_max = 2,
	.types = "uint8 int8 int16 int32 int64 float32",
	.prepare = sum_prepare,
};

const struct kernel kernel_reduce_max = {
	.code = BUILTIN_REDUCE_MAX,
	.version_max = 3,
	.types = "uint8 int8 int16 int32 int64 float32",
	.prepare = max_prepare,
};

const struct kernel kernel_reduce_min = {
	.code = BUILTIN_REDUCE_MIN,
	.version_max = 3,
	.types = "uint8 int8 int16 int32 int64 float32",
	.prepare = min_prepare,
};

const struct kernel kernel_reduce_prod = {
	.code = BUILTIN_REDUCE_PROD,
	.version_max = 1,
	.types = "int32 float32",
	.prepare = product_prepare,
};

const struct kernel kernel_reduce_any = {
	.code = BUILTIN_REDUCE_ANY,
	.version_max = 1,
	.types = "bool",
	.prepare = any_prepare,
};

const struct kernel kernel_reduce_all = {
	.code = BUILTIN_REDUCE_ALL,
	.version_max = 1,
	.types = "bool",
	.prepare = all_prepare,
};
