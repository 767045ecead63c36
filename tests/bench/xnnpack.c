/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layers of three published networks through Debian's XNNPACK and through
 * our sessions, in one process and one thread, by turns.
 *
 *	[ATOLL_CPU=avx2] build/tests/bench/xnnpack
 *
 * Each layer is a model of one operator, so that all of ours is measured that a
 * layer costs: gathering windows, packing, the session around it. Times are the
 * least of many rounds, in which both sides run for about as long. Weights and
 * inputs are random with the spread of trained ones; both sides are warm.
 */
#include <pthreadpool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xnnpack.h>

#include "runtime/builder.h"
#include "runtime/model.h"
#include "runtime/schema/tflite.h"
#include "runtime/session.h"

enum kind { CONV, DEPTHWISE, FULLY };

struct shape {
	enum kind kind;
	uint32_t size;        /* input height and width */
	uint32_t in_c, out_c;
	uint32_t kernel, stride;
	bool is_linear;       /* no activation behind it */
	uint32_t times;       /* in the network */
};

struct network {
	const char *name;
	bool is_signed;       /* int8 per channel, else uint8 */
	const struct shape *shapes;
	uint32_t count;
};

static const struct shape mobilenet_v1_025_128[] = {
	{ CONV, 128, 3, 8, 3, 2, false, 1 },
	{ DEPTHWISE, 64, 8, 8, 3, 1, false, 1 },
	{ CONV, 64, 8, 16, 1, 1, false, 1 },
	{ DEPTHWISE, 64, 16, 16, 3, 2, false, 1 },
	{ CONV, 32, 16, 32, 1, 1, false, 1 },
	{ DEPTHWISE, 32, 32, 32, 3, 1, false, 1 },
	{ CONV, 32, 32, 32, 1, 1, false, 1 },
	{ DEPTHWISE, 32, 32, 32, 3, 2, false, 1 },
	{ CONV, 16, 32, 64, 1, 1, false, 1 },
	{ DEPTHWISE, 16, 64, 64, 3, 1, false, 1 },
	{ CONV, 16, 64, 64, 1, 1, false, 1 },
	{ DEPTHWISE, 16, 64, 64, 3, 2, false, 1 },
	{ CONV, 8, 64, 128, 1, 1, false, 1 },
	{ DEPTHWISE, 8, 128, 128, 3, 1, false, 5 },
	{ CONV, 8, 128, 128, 1, 1, false, 5 },
	{ DEPTHWISE, 8, 128, 128, 3, 2, false, 1 },
	{ CONV, 4, 128, 256, 1, 1, false, 1 },
	{ DEPTHWISE, 4, 256, 256, 3, 1, false, 1 },
	{ CONV, 4, 256, 256, 1, 1, false, 1 },
	{ CONV, 1, 256, 1001, 1, 1, true, 1 },
};

static const struct shape mobilenet_v2_100_224[] = {
	{ CONV, 224, 3, 32, 3, 2, false, 1 },
	{ DEPTHWISE, 112, 32, 32, 3, 1, false, 1 },
	{ CONV, 112, 32, 16, 1, 1, true, 1 },
	{ CONV, 112, 16, 96, 1, 1, false, 1 },
	{ DEPTHWISE, 112, 96, 96, 3, 2, false, 1 },
	{ CONV, 56, 96, 24, 1, 1, true, 1 },
	{ CONV, 56, 24, 144, 1, 1, false, 2 },
	{ DEPTHWISE, 56, 144, 144, 3, 1, false, 1 },
	{ CONV, 56, 144, 24, 1, 1, true, 1 },
	{ DEPTHWISE, 56, 144, 144, 3, 2, false, 1 },
	{ CONV, 28, 144, 32, 1, 1, true, 1 },
	{ CONV, 28, 32, 192, 1, 1, false, 3 },
	{ DEPTHWISE, 28, 192, 192, 3, 1, false, 2 },
	{ CONV, 28, 192, 32, 1, 1, true, 2 },
	{ DEPTHWISE, 28, 192, 192, 3, 2, false, 1 },
	{ CONV, 14, 192, 64, 1, 1, true, 1 },
	{ CONV, 14, 64, 384, 1, 1, false, 4 },
	{ DEPTHWISE, 14, 384, 384, 3, 1, false, 4 },
	{ CONV, 14, 384, 64, 1, 1, true, 3 },
	{ CONV, 14, 384, 96, 1, 1, true, 1 },
	{ CONV, 14, 96, 576, 1, 1, false, 3 },
	{ DEPTHWISE, 14, 576, 576, 3, 1, false, 2 },
	{ CONV, 14, 576, 96, 1, 1, true, 2 },
	{ DEPTHWISE, 14, 576, 576, 3, 2, false, 1 },
	{ CONV, 7, 576, 160, 1, 1, true, 1 },
	{ CONV, 7, 160, 960, 1, 1, false, 3 },
	{ DEPTHWISE, 7, 960, 960, 3, 1, false, 3 },
	{ CONV, 7, 960, 160, 1, 1, true, 2 },
	{ CONV, 7, 960, 320, 1, 1, true, 1 },
	{ CONV, 7, 320, 1280, 1, 1, false, 1 },
	{ CONV, 1, 1280, 1001, 1, 1, true, 1 },
};

static const struct shape vww_96[] = {
	{ CONV, 96, 3, 8, 3, 2, false, 1 },
	{ DEPTHWISE, 48, 8, 8, 3, 1, false, 1 },
	{ CONV, 48, 8, 16, 1, 1, false, 1 },
	{ DEPTHWISE, 48, 16, 16, 3, 2, false, 1 },
	{ CONV, 24, 16, 32, 1, 1, false, 1 },
	{ DEPTHWISE, 24, 32, 32, 3, 1, false, 1 },
	{ CONV, 24, 32, 32, 1, 1, false, 1 },
	{ DEPTHWISE, 24, 32, 32, 3, 2, false, 1 },
	{ CONV, 12, 32, 64, 1, 1, false, 1 },
	{ DEPTHWISE, 12, 64, 64, 3, 1, false, 1 },
	{ CONV, 12, 64, 64, 1, 1, false, 1 },
	{ DEPTHWISE, 12, 64, 64, 3, 2, false, 1 },
	{ CONV, 6, 64, 128, 1, 1, false, 1 },
	{ DEPTHWISE, 6, 128, 128, 3, 1, false, 5 },
	{ CONV, 6, 128, 128, 1, 1, false, 5 },
	{ DEPTHWISE, 6, 128, 128, 3, 2, false, 1 },
	{ CONV, 3, 128, 256, 1, 1, false, 1 },
	{ DEPTHWISE, 3, 256, 256, 3, 1, false, 1 },
	{ CONV, 3, 256, 256, 1, 1, false, 1 },
	{ FULLY, 1, 256, 2, 1, 1, true, 1 },
};

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof((array)[0]))

static const struct network networks[] = {
	{ "mobilenet_v1_0.25_128", false, mobilenet_v1_025_128, COUNT(mobilenet_v1_025_128) },
	{ "mobilenet_v2_1.0_224", false, mobilenet_v2_100_224, COUNT(mobilenet_v2_100_224) },
	{ "mlperf_vww_96", true, vww_96, COUNT(vww_96) },
};

static void stop(const char *what)
{
	fprintf(stderr, "xnnpack: %s\n", what);
	exit(1);
}

/* One layer: everything both sides are told. */
struct layer {
	struct shape shape;
	bool is_signed;
	uint32_t out_size;
	uint32_t pad;           /* before; the rest is after */
	uint32_t pad_after;
	size_t in_bytes, out_bytes, filter_bytes;
	float in_scale, out_scale, *filter_scale;
	int32_t in_zero, filter_zero, out_zero;
	uint8_t *in, *out, *filter;
	int32_t *bias;
};

static void *allocate(size_t bytes)
{
	void *memory = NULL;

	if (posix_memalign(&memory, 64, bytes) != 0)
		stop("out of memory");
	memset(memory, 0, bytes);
	return memory;
}

/* Sum of four dice: trained weights are many small and few large ones. */
static uint8_t random_byte(uint32_t *state)
{
	uint32_t sum = 0;

	for (int i = 0; i < 4; i++) {
		*state = *state * 1664525 + 1013904223;
		sum += *state >> 26;
	}
	return (uint8_t)sum;
}

static struct layer layer_new(const struct shape *shape, bool is_signed)
{
	uint32_t out_size = (shape->size + shape->stride - 1) / shape->stride, seed = 1;
	uint32_t seen = (out_size - 1) * shape->stride + shape->kernel;
	uint32_t pad = seen > shape->size ? seen - shape->size : 0;
	uint32_t depth = shape->kind == DEPTHWISE ? 1 : shape->in_c;
	uint32_t taps = shape->kernel * shape->kernel * depth;
	struct layer l = {
		.shape = *shape, .is_signed = is_signed, .out_size = out_size,
		.pad = pad / 2, .pad_after = pad - pad / 2,
		.in_bytes = (size_t)shape->size * shape->size * shape->in_c,
		.out_bytes = (size_t)out_size * out_size * shape->out_c,
		.filter_bytes = (size_t)taps * shape->out_c,
		.in_scale = 0.0235f,
		.in_zero = is_signed ? -128 : 0,
		.filter_zero = is_signed ? 0 : 121,
		.out_zero = (shape->is_linear ? 128 : 0) - (is_signed ? 128 : 0),
	};

	l.in = allocate(l.in_bytes + 64);
	l.out = allocate(l.out_bytes + 64);
	l.filter = allocate(l.filter_bytes + 64);
	l.filter_scale = allocate(shape->out_c * sizeof(*l.filter_scale));
	l.bias = allocate(shape->out_c * sizeof(*l.bias));
	for (size_t i = 0; i < l.in_bytes; i++)
		l.in[i] = random_byte(&seed);
	for (size_t i = 0; i < l.filter_bytes; i++)
		l.filter[i] = (uint8_t)(random_byte(&seed) ^ (is_signed ? 0x80 : 0));
	for (uint32_t i = 0; i < shape->out_c; i++) {
		l.filter_scale[i] = is_signed ? 0.01f + 0.0001f * (float)i : 0.01f;
		l.bias[i] = (int32_t)i * 50 - 1000;
	}
	/* The spread of the sums, so that outputs fill their range. */
	l.out_scale = l.in_scale * l.filter_scale[0] * (float)taps;
	if (l.out_scale < l.in_scale * l.filter_scale[0] * 16)
		l.out_scale = l.in_scale * l.filter_scale[0] * 16;
	return l;
}

static void layer_free(struct layer *l)
{
	free(l->in);
	free(l->out);
	free(l->filter);
	free(l->filter_scale);
	free(l->bias);
}

/* Theirs. */

static int32_t range_low(const struct layer *l)
{
	return l->is_signed ? INT8_MIN : 0;
}

static xnn_operator_t their_convolution(const struct layer *l)
{
	const struct shape *s = &l->shape;
	bool is_depthwise = s->kind == DEPTHWISE;
	uint32_t groups = is_depthwise ? s->in_c : 1, k = s->kernel;
	uint32_t flags = is_depthwise ? XNN_FLAG_DEPTHWISE_CONVOLUTION : 0;
	size_t group_in = is_depthwise ? 1 : s->in_c, group_out = is_depthwise ? 1 : s->out_c;
	enum xnn_status status;
	xnn_operator_t op = NULL;

	if (l->is_signed)
		status = xnn_create_convolution2d_nhwc_qc8(
			l->pad, l->pad_after, l->pad_after, l->pad, k, k, s->stride, s->stride,
			1, 1, groups, group_in, group_out, s->in_c, s->out_c,
			(int8_t)l->in_zero, l->in_scale, l->filter_scale,
			(const int8_t *)l->filter, l->bias, (int8_t)l->out_zero, l->out_scale,
			INT8_MIN, INT8_MAX, flags, &op);
	else
		status = xnn_create_convolution2d_nhwc_qu8(
			l->pad, l->pad_after, l->pad_after, l->pad, k, k, s->stride, s->stride,
			1, 1, groups, group_in, group_out, s->in_c, s->out_c,
			(uint8_t)l->in_zero, l->in_scale, (uint8_t)l->filter_zero,
			l->filter_scale[0], l->filter, l->bias, (uint8_t)l->out_zero,
			l->out_scale, 0, UINT8_MAX, flags, &op);
	if (status != xnn_status_success)
		stop("cannot create a convolution");
	if (l->is_signed)
		status = xnn_setup_convolution2d_nhwc_qc8(op, 1, s->size, s->size,
			(const int8_t *)l->in, (int8_t *)l->out, NULL);
	else
		status = xnn_setup_convolution2d_nhwc_qu8(op, 1, s->size, s->size, l->in,
							  l->out, NULL);
	if (status != xnn_status_success)
		stop("cannot set up a convolution");
	return op;
}

/* Only vww has one, of int8; XNNPACK of 2022 knows one scale for all of it. */
static xnn_operator_t their_product(const struct layer *l)
{
	const struct shape *s = &l->shape;
	xnn_operator_t op = NULL;

	if (xnn_create_fully_connected_nc_qs8(
		    s->in_c, s->out_c, s->in_c, s->out_c, (int8_t)l->in_zero, l->in_scale,
		    l->filter_scale[0], (const int8_t *)l->filter, l->bias,
		    (int8_t)l->out_zero, l->out_scale, INT8_MIN, INT8_MAX, 0,
		    &op) != xnn_status_success ||
	    xnn_setup_fully_connected_nc_qs8(op, 1, (const int8_t *)l->in, (int8_t *)l->out,
					     NULL) != xnn_status_success)
		stop("cannot create a fully connected layer");
	return op;
}

/* Ours. */

static int32_t add_tensor(struct atoll_builder *b, const struct layer *l,
			  struct atoll_builder_tensor tensor, float scale, int32_t zero)
{
	tensor.type = tensor.type == ATOLL_INT32 ? ATOLL_INT32 :
		      l->is_signed ? ATOLL_INT8 : ATOLL_UINT8;
	tensor.scale = scale;
	tensor.zero_point = zero;
	return atoll_builder_tensor(b, &tensor);
}

static void add_operator(struct atoll_builder *b, const struct layer *l,
			 const int32_t inputs[3], int32_t output)
{
	const struct shape *s = &l->shape;
	int32_t stride = (int32_t)s->stride;
	struct atoll_builder_operator op = {
		.inputs = 3, .input = inputs, .outputs = 1, .output = &output,
	};
	const struct atoll_builder_option conv[] = {
		{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_STRIDE_W, .i = stride },
		{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_STRIDE_H, .i = stride },
	};
	const struct atoll_builder_option depthwise[] = {
		{ .kind = ATOLL_OPTION_I32, .id = DEPTHWISE_CONV_2D_STRIDE_W, .i = stride },
		{ .kind = ATOLL_OPTION_I32, .id = DEPTHWISE_CONV_2D_STRIDE_H, .i = stride },
		{ .kind = ATOLL_OPTION_I32, .id = DEPTHWISE_CONV_2D_DEPTH_MULTIPLIER, .i = 1 },
	};

	switch (s->kind) {
	case CONV:
		op.code = BUILTIN_CONV_2D;
		op.options_type = OPTIONS_CONV_2D;
		op.options = COUNT(conv);
		op.option = conv;
		break;
	case DEPTHWISE:
		op.code = BUILTIN_DEPTHWISE_CONV_2D;
		op.options_type = OPTIONS_DEPTHWISE_CONV_2D;
		op.options = COUNT(depthwise);
		op.option = depthwise;
		break;
	case FULLY:
		op.code = BUILTIN_FULLY_CONNECTED;
		op.options_type = OPTIONS_FULLY_CONNECTED;
		break;
	}
	atoll_builder_operator(b, &op);
}

/* The model file of one layer; a clamp at the zero point is the type's end. */
static void *model_bytes(const struct layer *l, size_t *size)
{
	const struct shape *s = &l->shape;
	int32_t in_size = (int32_t)s->size, out_size = (int32_t)l->out_size;
	int32_t in_c = (int32_t)s->in_c, out_c = (int32_t)s->out_c, k = (int32_t)s->kernel;
	bool is_depthwise = s->kind == DEPTHWISE, is_fully = s->kind == FULLY;
	struct atoll_builder *b = atoll_builder_new("one layer");
	struct atoll_error err;
	int32_t inputs[3], output;
	void *bytes;

	inputs[0] = add_tensor(b, l, (struct atoll_builder_tensor){
		.name = "in", .rank = is_fully ? 2 : 4,
		.dims = { 1, is_fully ? in_c : in_size, in_size, in_c } },
		l->in_scale, l->in_zero);
	inputs[1] = add_tensor(b, l, (struct atoll_builder_tensor){
		.name = "filter", .rank = is_fully ? 2 : 4,
		.dims = { is_depthwise ? 1 : out_c, is_fully ? in_c : k, k,
			  is_depthwise ? out_c : in_c },
		.channels = l->is_signed && !is_fully ? s->out_c : 0,
		.scales = l->filter_scale, .axis = is_depthwise ? 3 : 0,
		.data = l->filter, .bytes = l->filter_bytes },
		l->filter_scale[0], l->filter_zero);
	inputs[2] = add_tensor(b, l, (struct atoll_builder_tensor){
		.name = "bias", .type = ATOLL_INT32, .rank = 1, .dims = { out_c },
		.data = l->bias, .bytes = s->out_c * sizeof(*l->bias) },
		l->in_scale * l->filter_scale[0], 0);
	output = add_tensor(b, l, (struct atoll_builder_tensor){
		.name = "out", .rank = is_fully ? 2 : 4,
		.dims = { 1, is_fully ? out_c : out_size, out_size, out_c } },
		l->out_scale, l->out_zero);
	add_operator(b, l, inputs, output);
	atoll_builder_inputs(b, 1, inputs);
	atoll_builder_outputs(b, 1, &output);
	if (atoll_builder_finish(b, &bytes, size, &err) < 0)
		stop(err.text);
	atoll_builder_free(b);
	return bytes;
}

/* `bytes` is what the model lives in. */
static struct atoll_session *our_session(const struct layer *l, void **bytes,
					 struct atoll_model **model)
{
	struct atoll_session_options options = { .threads = 1 };
	struct atoll_session *session;
	struct atoll_error err;
	size_t size;

	*bytes = model_bytes(l, &size);
	*model = atoll_model_load_bytes(*bytes, size, "layer", &err);
	if (!*model)
		stop(err.text);
	session = atoll_session_open(*model, &options, &err);
	if (!session)
		stop(err.text);
	memcpy(atoll_session_input(session, 0)->data, l->in, l->in_bytes);
	return session;
}

/* Both. */

#define ROUNDS 25
#define ROUND_NS 100000

static double now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void run_theirs(void *op)
{
	if (xnn_run_operator(op, NULL) != xnn_status_success)
		stop("cannot run");
}

static void run_ours(void *session)
{
	if (atoll_session_invoke(session) != 0)
		stop("cannot invoke");
}

struct side {
	void (*run)(void *context);
	void *context;
	uint32_t calls; /* in a round */
	double best_ns; /* of one call */
};

static void measure(struct side *side)
{
	double start = now_ns(), call_ns;

	for (uint32_t i = 0; i < side->calls; i++)
		side->run(side->context);
	call_ns = (now_ns() - start) / side->calls;
	if (side->best_ns == 0 || call_ns < side->best_ns)
		side->best_ns = call_ns;
}

static void compare(struct side *ours, struct side *theirs)
{
	struct side *sides[] = { ours, theirs };

	for (unsigned i = 0; i < 2; i++) {
		sides[i]->calls = 2;
		measure(sides[i]);
		measure(sides[i]);
		sides[i]->calls = 1 + (uint32_t)(ROUND_NS / sides[i]->best_ns);
	}
	for (unsigned round = 0; round < ROUNDS; round++)
		for (unsigned i = 0; i < 2; i++)
			measure(sides[i]);
}

/* Theirs rounds otherwise; more than a step apart is another computation. */
static void check_results(const struct layer *l, const struct atoll_session *session)
{
	const uint8_t *ours = atoll_session_output(session, 0)->data;

	for (size_t i = 0; i < l->out_bytes; i++) {
		int apart = (uint8_t)(ours[i] - range_low(l)) -
			    (uint8_t)(l->out[i] - range_low(l));

		if (apart < -1 || apart > 1)
			stop("results differ");
	}
}

static void compare_layer(const struct shape *shape, bool is_signed, double *ours_us,
			  double *theirs_us)
{
	static const char *const kinds[] = { "conv", "depthwise", "fully" };
	struct layer l = layer_new(shape, is_signed);
	xnn_operator_t op = shape->kind == FULLY ? their_product(&l) : their_convolution(&l);
	struct atoll_model *model;
	void *bytes;
	struct atoll_session *session = our_session(&l, &bytes, &model);
	struct side ours = { .run = run_ours, .context = session };
	struct side theirs = { .run = run_theirs, .context = op };

	compare(&ours, &theirs);
	check_results(&l, session);
	printf("%-9s %3ux%-3u %4u to %4u  %ux%u/%u  x%u %10.2f %10.2f %7.2f\n",
	       kinds[shape->kind], shape->size, shape->size, shape->in_c, shape->out_c,
	       shape->kernel, shape->kernel, shape->stride, shape->times,
	       ours.best_ns / 1e3, theirs.best_ns / 1e3, ours.best_ns / theirs.best_ns);
	*ours_us += ours.best_ns / 1e3 * shape->times;
	*theirs_us += theirs.best_ns / 1e3 * shape->times;
	atoll_session_close(session);
	atoll_model_free(model);
	free(bytes);
	(void)xnn_delete_operator(op);
	layer_free(&l);
}

int main(void)
{
	if (xnn_initialize(NULL) != xnn_status_success)
		stop("does not run on this machine");
	for (uint32_t n = 0; n < COUNT(networks); n++) {
		const struct network *network = &networks[n];
		double ours_us = 0, theirs_us = 0;

		printf("%-36s %10s %10s %7s\n", network->name, "ours us", "xnnpack us", "ratio");
		for (uint32_t i = 0; i < network->count; i++)
			compare_layer(&network->shapes[i], network->is_signed, &ours_us,
				      &theirs_us);
		printf("%-36s %10.1f %10.1f %7.2f\n\n", "all of them", ours_us, theirs_us,
		       ours_us / theirs_us);
	}
	return 0;
}
