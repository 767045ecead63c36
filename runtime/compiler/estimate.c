/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Six constants, fitted to what the vendor published (coral.ai, "Edge TPU performance
 * benchmarks") and to the vendor-compiled models that we could look into:
 *
 *   wide       A network of convolutions alone, VGG16 with 15.5 G multiply-accumulates,
 *              and Inception v4 with 12.3 G leave about 1e12 a second once the streaming
 *              of their parameters is taken off: half of the chip's 4 TOPS.
 *   narrow     What is then left of MobileNet v1 and v2, whose depthwise convolutions
 *              do one of 4 x 4 multiplications and read nothing twice.
 *   PCIe       VGG16, VGG19, ResNet-152 v2 and Inception v4 do not fit on the chip and
 *              mostly wait for their parameters: 343, 357, 151 and 102 ms on the Dev
 *              Board, all within 4 % of 400 MB/s.
 *   USB 3      The same networks on the USB Accelerator: 296, 308, 128, 85 ms.
 *   USB 2      One number alone: MobileNet v2 on the Dev Board Mini, 18.6 ms.
 *   start      MobileNet v1 and v2 take as long on USB 3 as on PCIe although their bytes
 *              are there sooner.
 *
 * Instructions: nine vendor-compiled models with 294 mapped operators have 3702 bytes
 * for each, from 1361 (movenet) to 10144 (an LSTM).
 */
#include "runtime/compiler/estimate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/schema/tflite.h"

#define WIDE_PER_MS 1e9
#define NARROW_PER_MS 1.7e7
#define INSTRUCTION_BYTES 3702.0

static const struct {
	const char *name;
	double bytes_per_ms;
	double start_ms;
} bus_of[ATOLL_ESTIMATE_BUSES] = {
	[ATOLL_ESTIMATE_PCIE] = { "PCIe", 400e3, 0 },
	[ATOLL_ESTIMATE_USB3] = { "USB 3", 470e3, 0.3 },
	[ATOLL_ESTIMATE_USB2] = { "USB 2", 24e3, 0.3 },
};

ATOLL_API const char *atoll_estimate_bus_name(enum atoll_estimate_bus bus)
{
	return bus_of[bus].name;
}

/* NULL when the operator has no such input. */
static const struct atoll_tensor *input_of(const struct atoll_graph *graph,
					   const struct atoll_operator *op, uint32_t i)
{
	return i < op->inputs && op->input[i] >= 0 ? &graph->tensor[op->input[i]] : NULL;
}

static double elements(const struct atoll_tensor *tensor)
{
	return tensor ? (double)tensor->elements : 0;
}

/* Elements of a slice along dimension 0 of the weights, or along the last one. */
static double row(const struct atoll_tensor *weights)
{
	return weights && weights->rank && weights->dims[0] > 0 ?
		elements(weights) / weights->dims[0] : 0;
}
static double column(const struct atoll_tensor *weights)
{
	return weights && weights->rank && weights->dims[weights->rank - 1] > 0 ?
		elements(weights) / weights->dims[weights->rank - 1] : 0;
}

/* All weights, for the input and for the state, once for each step. */
static double lstm_work(const struct atoll_graph *graph, const struct atoll_operator *op)
{
	const struct atoll_tensor *input = input_of(graph, op, 0);
	double weights = 0;

	for (uint32_t i = 1; i <= 8; i++)
		weights += elements(input_of(graph, op, i));
	return input && input->rank > 1 ? weights * input->dims[1] : weights;
}

ATOLL_API struct atoll_estimate_work
atoll_estimate_operator(const struct atoll_graph *graph, uint32_t index)
{
	const struct atoll_operator *op = &graph->op[index];
	const struct atoll_tensor *input = input_of(graph, op, 0);
	const struct atoll_tensor *weights = input_of(graph, op, 1);
	double out = op->outputs ? elements(&graph->tensor[op->output[0]]) : 0;
	struct atoll_estimate_work work = { 0 };

	switch (op->code) {
	case BUILTIN_CONV_2D:
	case BUILTIN_FULLY_CONNECTED:
		work.wide = out * row(weights);
		break;
	case BUILTIN_TRANSPOSE_CONV: /* shape, weights, input */
		work.wide = elements(input_of(graph, op, 2)) * column(weights);
		break;
	case BUILTIN_UNIDIRECTIONAL_SEQUENCE_LSTM:
		work.wide = lstm_work(graph, op);
		break;
	case BUILTIN_DEPTHWISE_CONV_2D:
		work.narrow = out * column(weights);
		break;
	default:
		work.narrow = out > elements(input) ? out : elements(input);
	}
	work.ms = work.wide / WIDE_PER_MS + work.narrow / NARROW_PER_MS;
	return work;
}

/* What a tensor takes on the wire: inputs in bytes up to a multiple of 8, outputs with
   their channels up to a multiple of 4. */
static double wire_bytes(const struct atoll_tensor *tensor, bool is_output)
{
	int32_t z = tensor->rank ? tensor->dims[tensor->rank - 1] : 1;
	double bytes = (double)tensor->bytes;

	if (is_output && z > 0)
		bytes = bytes / z * ((z + 3) / 4 * 4);
	return bytes;
}

/* Where each tensor is computed and who has got it already: the number of a part, from
   1; 0 is the CPU. */
struct places {
	uint32_t *computed, *sent;  /* [tensors] */
	bool *is_fetched;
};

static bool is_constant(const struct atoll_graph *graph, int32_t tensor)
{
	return graph->tensor[tensor].data && !graph->is_variable[tensor];
}

/* The operator reads its inputs: what was computed elsewhere moves. A state goes both
   ways. */
static void read_inputs(const struct atoll_graph *graph, const struct atoll_operator *op,
			uint32_t here, struct places *places, struct atoll_estimate *estimate)
{
	for (uint32_t i = 0; i < op->inputs; i++) {
		int32_t t = op->input[i];

		if (t < 0 || is_constant(graph, t) || places->computed[t] == here)
			continue;
		if (here && places->sent[t] != here) {
			places->sent[t] = here;
			estimate->input_bytes += wire_bytes(&graph->tensor[t], false);
			places->is_fetched[t] = places->is_fetched[t] || graph->is_variable[t];
		}
		if (places->computed[t])
			places->is_fetched[t] = true;
	}
}

static void count_transfers(const struct atoll_graph *graph,
			    const struct atoll_compiled_model *compiled,
			    struct places *places, struct atoll_estimate *estimate)
{
	for (uint32_t i = 0; i < graph->operators; i++) {
		const struct atoll_operator *op = &graph->op[i];
		uint32_t here = compiled->op[i].mapping == ATOLL_MAPPED ?
			compiled->op[i].part + 1 : 0;

		read_inputs(graph, op, here, places, estimate);
		for (uint32_t k = 0; k < op->outputs; k++)
			places->computed[op->output[k]] = here;
	}
	for (uint32_t i = 0; i < graph->outputs; i++)
		if (places->computed[graph->output[i]])
			places->is_fetched[graph->output[i]] = true;
	for (uint32_t t = 0; t < graph->tensors; t++)
		if (places->is_fetched[t])
			estimate->output_bytes += wire_bytes(&graph->tensor[t], true);
}

static void count_work(const struct atoll_graph *graph,
		       const struct atoll_compiled_model *compiled,
		       struct atoll_estimate *estimate)
{
	for (uint32_t i = 0; i < graph->operators; i++) {
		struct atoll_estimate_work work = atoll_estimate_operator(graph, i);

		if (compiled->op[i].mapping != ATOLL_MAPPED)
			continue;
		estimate->work.wide += work.wide;
		estimate->work.narrow += work.narrow;
		estimate->work.ms += work.ms;
		estimate->instruction_bytes += INSTRUCTION_BYTES;
	}
}

static double total_ms(const struct atoll_estimate *estimate, enum atoll_estimate_bus bus,
		       uint32_t parts)
{
	double bytes = estimate->instruction_bytes + estimate->input_bytes +
		       estimate->parameter_bytes + estimate->output_bytes;

	return parts * bus_of[bus].start_ms + bytes / bus_of[bus].bytes_per_ms + estimate->work.ms;
}

ATOLL_API int atoll_estimate(const struct atoll_graph *graph,
			     const struct atoll_compiled_model *compiled,
			     struct atoll_estimate *estimate, struct atoll_error *err)
{
	size_t tensors = (size_t)graph->tensors + 1;
	struct places places = {
		.computed = calloc(tensors, sizeof(*places.computed)),
		.sent = calloc(tensors, sizeof(*places.sent)),
		.is_fetched = calloc(tensors, sizeof(*places.is_fetched)),
	};
	int r = places.computed && places.sent && places.is_fetched ? 0 :
		atoll_error_set(err, -ENOMEM, "estimate: no memory");

	if (r == 0) {
		*estimate = (struct atoll_estimate){
			.parameter_bytes = (double)compiled->streamed_bytes,
		};
		count_transfers(graph, compiled, &places, estimate);
		count_work(graph, compiled, estimate);
		for (enum atoll_estimate_bus bus = 0; bus < ATOLL_ESTIMATE_BUSES; bus++)
			estimate->total_ms[bus] = total_ms(estimate, bus, compiled->parts);
	}
	free(places.computed);
	free(places.sent);
	free(places.is_fetched);
	return r;
}
