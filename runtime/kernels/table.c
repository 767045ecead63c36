/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/table.h"

#include <errno.h>
#include <math.h>

#include "runtime/kernels/broadcast.h"

static void look_up(const void *context, const struct broadcast_row *row)
{
	const uint8_t *table = context, *in = row->in[0];
	uint8_t *out = row->out;

	for (size_t i = 0; i < row->count; i++)
		out[i] = table[in[i]];
}

int table_prepare(struct kernel_node *node, struct kernel_setup *setup,
		  int32_t (*result)(const void *context, int32_t x),
		  const void *context, struct atoll_error *err)
{
	bool is_signed = node->input[0]->type == ATOLL_INT8;
	uint8_t *table = kernel_alloc(setup, 256);

	if (!table)
		return atoll_error_set(err, -ENOMEM, "%s: out of memory", node->op->name);
	for (int32_t byte = 0; byte < 256; byte++)
		table[byte] = (uint8_t)result(context, is_signed ? (int8_t)byte : byte);
	return broadcast_prepare(node, setup, look_up, table, err);
}

struct real {
	float (*function)(float x);
	const struct atoll_quant *in, *out;
	struct quant_range range;
};

/* TFLite: the output scale comes in as its inverse. */
static int32_t real_result(const void *context, int32_t x)
{
	const struct real *real = context;
	float inverse = 1.0f / real->out->scale;
	float y = real->function(real->in->scale * (float)(x - real->in->zero_point));
	float stored = roundf(y * inverse) + (float)real->out->zero_point;

	return (int32_t)fminf(fmaxf(stored, (float)real->range.low),
			      (float)real->range.high);
}

int table_prepare_real(struct kernel_node *node, struct kernel_setup *setup,
		       float (*function)(float x), struct atoll_error *err)
{
	struct real real = {
		.function = function,
		.in = &node->input[0]->quant,
		.out = &node->output[0]->quant,
		.range = quant_type_range(node->output[0]->type),
	};

	return table_prepare(node, setup, real_result, &real, err);
}
