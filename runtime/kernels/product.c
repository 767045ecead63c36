/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/product.h"

#include <errno.h>
#include <string.h>

#include "runtime/kernels/floats.h"

static uint32_t columns_of(const struct product *p, uint32_t part)
{
	uint32_t left = p->columns - part * p->part_columns;

	return left < p->part_columns ? left : p->part_columns;
}

/* The 8-bit part as the vector tables want it. */
static struct gemm gemm_of(const struct product *p, uint32_t part)
{
	const struct weights *w = p->weights;
	uint32_t first = part * p->part_columns;

	return (struct gemm){
		.is_signed = w->type == ATOLL_INT8,
		.k = p->k, .n = columns_of(p, part),
		.a_zero = w->in_zero, .b_zero = w->filter_zero, .out_zero = w->out_zero,
		.low = w->range.low, .high = w->range.high,
		.bias = p->bias ? (const int32_t *)p->bias + first : NULL,
		.scale = w->scale + first,
		.real_scale = w->real_scale ? w->real_scale + first : NULL,
	};
}

static struct float_product floats_of(const struct product *p, uint32_t part)
{
	return (struct float_product){
		.k = p->k, .n = columns_of(p, part),
		.bias = p->bias ? (const float *)p->bias + part * p->part_columns : NULL,
		.range = p->weights->real_range,
	};
}

static size_t part_bytes(const struct product *p)
{
	struct float_product floats;
	struct gemm gemm;

	switch (p->weights->type) {
	case ATOLL_FLOAT32:
		floats = floats_of(p, 0);
		return product_align(float_product_packed_bytes(&floats));
	case ATOLL_INT16:
		return product_align((size_t)p->part_columns * p->k);
	default:
		gemm = gemm_of(p, 0);
		return product_align(p->ops->gemm_packed_bytes(&gemm));
	}
}

static void pack_part(const struct product *p, uint32_t part, const char *filter,
		      char *packed)
{
	size_t values = (size_t)part * p->part_columns * p->k;
	struct float_product floats;
	struct gemm gemm;

	packed += part * p->part_bytes;
	switch (p->weights->type) {
	case ATOLL_FLOAT32:
		floats = floats_of(p, part);
		float_product_pack(&floats, filter + values * sizeof(float),
				   (float *)(void *)packed);
		break;
	case ATOLL_INT16:
		memcpy(packed, filter + values, (size_t)columns_of(p, part) * p->k);
		break;
	default:
		gemm = gemm_of(p, part);
		p->ops->gemm_pack(&gemm, filter + values, packed);
	}
}

static void pack(const struct product *p, const void *filter, void *packed)
{
	for (uint32_t part = 0; part < p->parts; part++)
		pack_part(p, part, filter, packed);
}

int product_prepare(struct product *p, const struct weights *weights,
		    struct kernel_setup *setup, uint32_t k, uint32_t columns,
		    uint32_t part_columns, struct atoll_error *err)
{
	bool is_filled;
	void *packed;

	*p = (struct product){
		.weights = weights,
		.ops = vector_ops(setup->cpu),
		.k = k,
		.columns = columns,
		.part_columns = part_columns,
		.parts = (columns + part_columns - 1) / part_columns,
	};
	p->part_bytes = part_bytes(p);
	if (!weights->is_constant)
		return 0;
	p->bias = weights_bias(weights);
	packed = kernel_alloc_packed(setup, p->parts * p->part_bytes, &is_filled);
	if (!packed)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	if (!is_filled)
		pack(p, weights->filter->data, packed);
	p->packed = packed;
	kernel_done_with(setup, weights->filter);
	return 0;
}

size_t product_packing_bytes(const struct product *p)
{
	return p->weights->is_constant ? 0 : p->parts * p->part_bytes;
}

size_t product_scratch_bytes(const struct product *p)
{
	struct gemm gemm;

	if (p->weights->type == ATOLL_FLOAT32 || p->weights->type == ATOLL_INT16)
		return 0;
	gemm = gemm_of(p, 0);
	return product_align(p->ops->gemm_scratch_bytes(&gemm));
}

void product_begin(struct product *p, const void *filter, void *packing)
{
	if (p->weights->is_constant)
		return;
	p->bias = weights_bias(p->weights);
	pack(p, filter, packing);
	p->packed = packing;
}

/* int16 activations, int8 weights: rare, so in plain C. */
static void run_16(const struct product *p, uint32_t part, const int8_t *packed,
		   const char *a, size_t a_stride, char *out, size_t out_stride,
		   uint32_t rows)
{
	uint32_t first = part * p->part_columns;

	for (uint32_t r = 0; r < rows; r++, a += a_stride, out += out_stride) {
		const int16_t *x = (const int16_t *)(const void *)a;
		int16_t *to = (int16_t *)(void *)out;

		for (uint32_t n = 0; n < columns_of(p, part); n++) {
			const int8_t *w = packed + (size_t)n * p->k;
			int64_t sum = 0;

			for (uint32_t i = 0; i < p->k; i++)
				sum += x[i] * w[i];
			to[n] = weights_finish_16(p->weights, sum, first + n);
		}
	}
}

void product_run(const struct product *p, uint32_t part, const void *a, size_t a_stride,
		 void *out, size_t out_stride, uint32_t rows, void *scratch)
{
	const char *packed = (const char *)p->packed + part * p->part_bytes;
	uint32_t first = part * p->part_columns;
	struct float_product floats;
	struct gemm gemm;

	switch (p->weights->type) {
	case ATOLL_FLOAT32:
		floats = floats_of(p, part);
		float_product_run(&floats, (const float *)(const void *)packed,
				  a, a_stride / sizeof(float),
				  (float *)out + first, out_stride / sizeof(float), rows);
		break;
	case ATOLL_INT16:
		run_16(p, part, (const int8_t *)packed, a, a_stride,
		       (char *)out + first * sizeof(int16_t), out_stride, rows);
		break;
	default:
		gemm = gemm_of(p, part);
		p->ops->gemm_run(&gemm, packed, a, a_stride, (char *)out + first,
				 out_stride, rows, scratch);
	}
}
