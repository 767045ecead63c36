/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/learn/head.h"

#include <errno.h>
#include <string.h>

#include "runtime/learn/network.h"
#include "runtime/schema/tflite.h"

/* The last four operators. */
enum { CONV, MUL, RESHAPE, SOFTMAX, LAST };

/* What the likeness of two vectors of length 1 is stored as: -1 to 1 around 128. */
#define LIKENESS_STEPS 128

static int refuse(struct atoll_error *err, const char *sentence)
{
	return atoll_error_set(err, -ENOTSUP, "%s", sentence);
}

static const struct atoll_operator *find_norm(const struct atoll_graph *graph)
{
	const struct atoll_operator *norm = NULL;
	uint32_t norms = 0;

	for (uint32_t i = 0; i < graph->operators; i++)
		if (graph->op[i].code == BUILTIN_L2_NORMALIZATION &&
		    network_has_ends(&graph->op[i], 1)) {
			norm = &graph->op[i];
			norms++;
		}
	return norms == 1 ? norm : NULL;
}

static const struct atoll_operator *find_last(const struct atoll_graph *graph)
{
	static const struct {
		uint32_t code, inputs;
	} wanted[LAST] = {
		{ BUILTIN_CONV_2D, 2 }, { BUILTIN_MUL, 2 }, { BUILTIN_RESHAPE, 1 },
		{ BUILTIN_SOFTMAX, 1 },
	};
	const struct atoll_operator *last;

	if (graph->operators < LAST)
		return NULL;
	last = &graph->op[graph->operators - LAST];
	for (uint32_t i = 0; i < LAST; i++)
		if (last[i].code != wanted[i].code ||
		    !network_has_ends(&last[i], wanted[i].inputs))
			return NULL;
	return last;
}

/* Which input of the MUL is the likeness; the other one is the constant. */
static uint32_t likeness_input(const struct atoll_operator *last)
{
	return last[MUL].input[0] == last[CONV].output[0] ? 0 : 1;
}

static bool is_chain(const struct atoll_operator *last)
{
	return last[MUL].input[likeness_input(last)] == last[CONV].output[0] &&
	       last[RESHAPE].input[0] == last[MUL].output[0] &&
	       last[SOFTMAX].input[0] == last[RESHAPE].output[0];
}

static bool follows(const struct atoll_graph *graph, const struct atoll_operator *norm,
		    const struct atoll_operator *conv)
{
	const struct atoll_operator *between = network_producer(graph, conv->input[0]);

	if (between && between->code == BUILTIN_QUANTIZE && network_has_ends(between, 1))
		between = network_producer(graph, between->input[0]);
	return between == norm;
}

static bool is_shape(const struct atoll_tensor *tensor, uint32_t rank)
{
	if (tensor->rank != rank || tensor->elements == 0)
		return false;
	for (uint32_t i = 0; i + 1 < rank; i++)
		if (tensor->dims[i] != 1)
			return false;
	return true;
}

/* What the vendor's library checks, in its order and words. */
static int check_architecture(const struct atoll_graph *graph,
			      const struct atoll_operator **norm,
			      const struct atoll_operator **last, struct atoll_error *err)
{
	const struct atoll_tensor *tensor = graph->tensor;
	int32_t bias;

	*norm = find_norm(graph);
	if (!*norm)
		return refuse(err, "Unsupported model architecture. Input model must have an "
			      "L2Norm layer.");
	*last = find_last(graph);
	if (!*last || !is_chain(*last))
		return refuse(err,
			      "The last 4 operators must be Conv2d, Mul, Reshape, Softmax");
	if (!follows(graph, *norm, &(*last)[CONV]))
		return refuse(err, "Unsupported model architecture. L2Norm operator must be "
			      "followed with the last Conv2d operator.");
	if (!is_shape(&tensor[(*norm)->output[0]], 4))
		return refuse(err, "Embedding extractor's output tensor should be "
			      "[1, 1, 1, x]");
	bias = (*last)[CONV].inputs > 2 ? (*last)[CONV].input[2] : -1;
	if (bias >= 0 && (tensor[bias].quant.zero_point < 0 ||
			  tensor[bias].quant.zero_point > UINT8_MAX))
		return refuse(err, "bias_zero_point is out of [0, 255] range!");
	if (!is_shape(&tensor[(*last)[SOFTMAX].output[0]], 2))
		return refuse(err, "Logit output tensor should be [1, x]");
	if (graph->outputs != 1 || graph->output[0] != (*last)[SOFTMAX].output[0])
		return refuse(err, "Graph must have output from Softmax");
	return 0;
}

static bool is_uint8(const struct atoll_tensor *tensor)
{
	return tensor->type == ATOLL_UINT8 && tensor->quant.channels == 1 &&
	       tensor->quant.scale > 0;
}

/* Of the kind that every weight is a byte of one scale. */
static int check_types(const struct atoll_graph *graph, const struct head *head,
		       struct atoll_error *err)
{
	const struct atoll_tensor *kernel = &graph->tensor[head->kernel];

	if (!is_uint8(&graph->tensor[head->embedding]) ||
	    !is_uint8(&graph->tensor[head->likeness]) ||
	    !is_uint8(&graph->tensor[head->product]) ||
	    !is_uint8(&graph->tensor[head->logits]) ||
	    graph->tensor[head->likeness].rank == 0 ||
	    graph->tensor[head->product].rank == 0 || graph->tensor[head->logits].rank == 0)
		return refuse(err, "imprinting: tensors behind the L2Norm: only uint8 of one "
			      "scale is supported");
	if (!kernel->data || !is_uint8(kernel) || kernel->rank != 4 || kernel->dims[1] != 1 ||
	    kernel->dims[2] != 1 || (uint32_t)kernel->dims[3] != head->size ||
	    (uint32_t)kernel->dims[0] != head->classes)
		return refuse(err, "imprinting: kernel of the last Conv2d: only a constant "
			      "[C, 1, 1, D] of uint8 and one scale is supported");
	if (head->bias >= 0 && (graph->tensor[head->bias].type != ATOLL_INT32 ||
				graph->tensor[head->bias].rank != 1 ||
				!graph->tensor[head->bias].data))
		return refuse(err, "imprinting: bias of the last Conv2d: only a constant [C] "
			      "of int32 is supported");
	return 0;
}

static int read_factor(const struct atoll_tensor *tensor, struct head *head,
		       struct atoll_error *err)
{
	if (!tensor->data || tensor->elements != 1 || !is_uint8(tensor))
		return refuse(err, "imprinting: the factor of Mul: only one constant of uint8 "
			      "is supported");
	head->factor = tensor->quant.scale *
		       (float)(*(const uint8_t *)tensor->data - tensor->quant.zero_point);
	if (!(head->factor > 0))
		return refuse(err, "imprinting: the factor of Mul must be above 0");
	return 0;
}

/* Tensors that will get another shape may be read in one place only. */
static int check_uses(const struct atoll_graph *graph, const struct head *head,
		      struct atoll_error *err)
{
	const int32_t changed[] = { head->kernel, head->bias, head->likeness, head->product,
				    head->shape, head->logits };
	uint32_t uses[sizeof(changed) / sizeof(changed[0])] = { 0 };

	for (uint32_t i = 0; i < graph->operators; i++)
		for (uint32_t k = 0; k < graph->op[i].inputs; k++)
			for (size_t c = 0; c < sizeof(uses) / sizeof(uses[0]); c++)
				uses[c] += changed[c] >= 0 &&
					   graph->op[i].input[k] == changed[c];
	for (size_t c = 0; c < sizeof(uses) / sizeof(uses[0]); c++)
		if (uses[c] > 1)
			return atoll_error_set(err, -ENOTSUP, "imprinting: tensor %.60s: more "
					       "than the last layer reads it",
					       graph->tensor[changed[c]].name);
	if (head->shape >= 0 && (!graph->tensor[head->shape].data ||
				 graph->tensor[head->shape].type != ATOLL_INT32 ||
				 graph->tensor[head->shape].elements != 2))
		return refuse(err, "imprinting: the shape of Reshape: only two constants of "
			      "int32 are supported");
	return 0;
}

int head_find(const struct atoll_model *model, struct head *head, struct atoll_error *err)
{
	const struct atoll_graph *graph = &model->graph[0];
	const struct atoll_operator *norm = NULL, *last = NULL;
	int r = check_architecture(graph, &norm, &last, err);

	if (r < 0)
		return r;
	*head = (struct head){
		.embedding = norm->output[0],
		.kernel = last[CONV].input[1],
		.bias = last[CONV].inputs > 2 ? last[CONV].input[2] : -1,
		.likeness = last[CONV].output[0],
		.product = last[MUL].output[0],
		.shape = last[RESHAPE].inputs > 1 ? last[RESHAPE].input[1] : -1,
		.logits = last[RESHAPE].output[0],
		.scores = last[SOFTMAX].output[0],
		.size = (uint32_t)graph->tensor[norm->output[0]].elements,
		.classes = (uint32_t)graph->tensor[last[SOFTMAX].output[0]].elements,
	};
	head->kernel_scale = graph->tensor[head->kernel].quant.scale;
	head->kernel_zero = graph->tensor[head->kernel].quant.zero_point;
	if (head->bias >= 0)
		head->bias_byte = (uint8_t)graph->tensor[head->bias].quant.zero_point;
	r = check_types(graph, head, err);
	if (r == 0)
		r = read_factor(&graph->tensor[last[MUL].input[1 - likeness_input(last)]],
				head, err);
	return r == 0 ? check_uses(graph, head, err) : r;
}

/* Writing */

static void set_last(struct atoll_builder_tensor *tensor, uint32_t classes)
{
	tensor->dims[tensor->rank - 1] = (int32_t)classes;
}

static void set_scale(struct atoll_builder_tensor *tensor, float scale)
{
	tensor->scale = scale;
	tensor->zero_point = LIKENESS_STEPS;
}

/* Every byte, not every number, is the zero point: so the vendor's library does it. */
static bool set_bias(struct network *network, const struct head *head, uint32_t classes)
{
	struct atoll_builder_tensor *bias = &network->tensor[head->bias];
	void *bytes = memory_take(&network->memory, classes * sizeof(int32_t));

	if (!bytes)
		return false;
	memset(bytes, head->bias_byte, classes * sizeof(int32_t));
	bias->dims[0] = (int32_t)classes;
	bias->data = bytes;
	bias->bytes = classes * sizeof(int32_t);
	return true;
}

/* The last entry of the list, wherever it is written down. */
static bool set_shape(struct network *network, const struct head *head, uint32_t classes)
{
	struct atoll_builder_operator *reshape =
		&network->op[network->operators - LAST + RESHAPE];
	int32_t *shape = memory_take(&network->memory, 2 * sizeof(*shape));

	if (!shape)
		return false;
	shape[0] = 1;
	shape[1] = (int32_t)classes;
	if (head->shape >= 0)
		network->tensor[head->shape].data = shape;
	for (uint32_t i = 0; i < reshape->options; i++) {
		/* Ours to change: network_open copied it. */
		struct atoll_builder_option *option =
			(struct atoll_builder_option *)(uintptr_t)&reshape->option[i];

		if (option->id == RESHAPE_NEW_SHAPE && option->count > 0) {
			option->count = 2;
			option->is = shape;
		}
	}
	return true;
}

int head_build(const struct atoll_model *model, const struct head *head, uint32_t classes,
	       const uint8_t *rows, const char *description, void **bytes, size_t *size,
	       struct atoll_error *err)
{
	struct network network;
	int r = network_open(&network, model, err);

	if (r == 0) {
		struct atoll_builder_tensor *tensor = network.tensor;

		network.description = description;
		tensor[head->kernel].dims[0] = (int32_t)classes;
		tensor[head->kernel].data = rows;
		tensor[head->kernel].bytes = (size_t)classes * head->size;
		set_last(&tensor[head->likeness], classes);
		set_scale(&tensor[head->likeness], 1.0f / LIKENESS_STEPS);
		tensor[head->likeness].real_min = -1;
		tensor[head->likeness].real_max = 1;
		set_last(&tensor[head->product], classes);
		set_scale(&tensor[head->product], head->factor / LIKENESS_STEPS);
		set_last(&tensor[head->logits], classes);
		set_scale(&tensor[head->logits], head->factor / LIKENESS_STEPS);
		set_last(&tensor[head->scores], classes);
		if ((head->bias >= 0 && !set_bias(&network, head, classes)) ||
		    !set_shape(&network, head, classes))
			r = atoll_error_set(err, -ENOMEM, "%s: out of memory",
					    atoll_error_path(model->path));
		else
			r = network_finish(&network, bytes, size, err);
	}
	network_close(&network);
	return r;
}
