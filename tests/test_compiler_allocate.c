/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/allocate.h"

#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

#define KIB UINT32_C(1024)

/* A block of this kind and size; the rest does not matter. */
static struct compiler_block sized(enum compiler_block_kind kind, uint32_t bytes)
{
	return (struct compiler_block){ .kind = kind, .bytes = bytes };
}

static void what_fits_is_cached(void **state)
{
	const struct compiler_block block[2] = {
		sized(COMPILER_CONV, 128), sized(COMPILER_SOFTMAX, 64),
	};
	bool is_cached[2] = { false, false };
	struct compiler_load load = { 2, block, is_cached };

	(void)state;
	assert_int_equal(compiler_allocate(&load, 1, 192, false), 0);
	assert_true(is_cached[0] && is_cached[1]);
	assert_int_equal(compiler_allocate(&load, 1, 1000, false), 1000 - 192);
}

static void depthwise_layers_come_first_then_the_largest(void **state)
{
	const struct compiler_block block[] = {
		sized(COMPILER_CONV, 640), sized(COMPILER_DEPTHWISE, 64),
		sized(COMPILER_CONV, 320), sized(COMPILER_DEPTHWISE, 128),
		sized(COMPILER_CONV, 192), sized(COMPILER_CONV, 320),
	};
	bool is_cached[6] = { true, true, true, true, true, true };
	struct compiler_load load = { 6, block, is_cached };

	(void)state;
	/* 192 for the two, 320 for the first of that size; 320 more do not fit, nor do
	   640 before, but 192 do. */
	assert_int_equal(compiler_allocate(&load, 1, 192 + 600, false), 600 - 320 - 192);
	assert_false(is_cached[0]);
	assert_true(is_cached[1]);
	assert_true(is_cached[2]);
	assert_true(is_cached[3]);
	assert_true(is_cached[4]);
	assert_false(is_cached[5]);
}

static void operands_are_not_cached_even_where_they_fit(void **state)
{
	struct compiler_block block[2] = {
		sized(COMPILER_OPERAND, 64), sized(COMPILER_CONV, 64),
	};
	bool is_cached[2] = { true, false };
	struct compiler_load load = { 2, block, is_cached };

	(void)state;
	block[0].is_never_cached = true;
	assert_int_equal(compiler_allocate(&load, 1, 1000, false), 1000 - 64);
	assert_false(is_cached[0]);
	assert_true(is_cached[1]);
}

static void models_share_one_pool_or_come_in_order(void **state)
{
	const struct compiler_block first[2] = {
		sized(COMPILER_CONV, 320), sized(COMPILER_CONV, 256),
	};
	const struct compiler_block second[2] = {
		sized(COMPILER_CONV, 384), sized(COMPILER_DEPTHWISE, 64),
	};
	bool is_first[2], is_second[2];
	struct compiler_load load[2] = {
		{ 2, first, is_first }, { 2, second, is_second },
	};

	(void)state;
	assert_int_equal(compiler_allocate(load, 2, 640, true), 0);
	assert_true(is_first[0] && is_first[1] && is_second[1]);
	assert_false(is_second[0]);
	assert_int_equal(compiler_allocate(load, 2, 640 + 64, false), 0);
	assert_true(is_first[1] && is_second[0] && is_second[1]);
	assert_false(is_first[0]);
}

/*
 * A published model, MobileNet v1 0.25 of 128 pixels, which was compiled together with
 * another far larger than the chip: the sizes of its blocks as the vendor's compiler
 * lays them out. Cached were the depthwise layers, the classifier and one block of 2,304
 * bytes that happened to fit.
 */
static const struct compiler_block mobilenet[] = {
	{ .kind = COMPILER_CONV, .bytes = 640 },
	{ .kind = COMPILER_DEPTHWISE, .bytes = 320 },
	{ .kind = COMPILER_CONV, .bytes = 192 },
	{ .kind = COMPILER_DEPTHWISE, .bytes = 640 },
	{ .kind = COMPILER_CONV, .bytes = 640 },
	{ .kind = COMPILER_DEPTHWISE, .bytes = 1280 },
	{ .kind = COMPILER_CONV, .bytes = 1152 },
	{ .kind = COMPILER_DEPTHWISE, .bytes = 1280 },
	{ .kind = COMPILER_CONV, .bytes = 2304 },
	{ .kind = COMPILER_DEPTHWISE, .bytes = 2560 },
	{ .kind = COMPILER_CONV, .bytes = 4352 },
	{ .kind = COMPILER_DEPTHWISE, .bytes = 2560 },
	{ .kind = COMPILER_CONV, .bytes = 8704 },
	{ .kind = COMPILER_DEPTHWISE, .bytes = 5120 },
	{ .kind = COMPILER_CONV, .bytes = 16896 },
	{ .kind = COMPILER_DEPTHWISE, .bytes = 5120 },
	{ .kind = COMPILER_CONV, .bytes = 16896 },
	{ .kind = COMPILER_DEPTHWISE, .bytes = 5120 },
	{ .kind = COMPILER_CONV, .bytes = 16896 },
	{ .kind = COMPILER_DEPTHWISE, .bytes = 5120 },
	{ .kind = COMPILER_CONV, .bytes = 16896 },
	{ .kind = COMPILER_DEPTHWISE, .bytes = 5120 },
	{ .kind = COMPILER_CONV, .bytes = 16896 },
	{ .kind = COMPILER_DEPTHWISE, .bytes = 5120 },
	{ .kind = COMPILER_CONV, .bytes = 33792 },
	{ .kind = COMPILER_DEPTHWISE, .bytes = 10240 },
	{ .kind = COMPILER_CONV, .bytes = 66560 },
	{ .kind = COMPILER_CONV, .bytes = 266240 },
	{ .kind = COMPILER_SOFTMAX, .bytes = 48256 },
};

#define LAYERS ((uint32_t)(sizeof(mobilenet) / sizeof(*mobilenet)))

static void beside_a_giant_the_depthwise_layers_and_the_classifier_are_kept(void **state)
{
	/* Layers of the giant are larger than all but the classifier, and leave room for
	   2,304 bytes when they are through. */
	struct compiler_block giant[40];
	bool is_cached[LAYERS], is_giant[40];
	struct compiler_load load[2] = {
		{ LAYERS, mobilenet, is_cached }, { 40, giant, is_giant },
	};
	const uint32_t depthwise = 49600, capacity = depthwise + 266240 + 20 * 256 * KIB + 2304;
	uint64_t left;

	(void)state;
	for (uint32_t i = 0; i < 40; i++)
		giant[i] = sized(COMPILER_CONV, 256 * KIB);
	left = compiler_allocate(load, 2, capacity, false);
	assert_int_equal(left, 0);
	for (uint32_t i = 0; i < LAYERS; i++)
		assert_int_equal(is_cached[i], mobilenet[i].kind == COMPILER_DEPTHWISE ||
					       mobilenet[i].bytes == 266240 ||
					       mobilenet[i].bytes == 2304);
	for (uint32_t i = 0; i < 40; i++)
		assert_int_equal(is_giant[i], i < 20);
	/* Compilers up to 15 gave the first model all it wants. */
	(void)compiler_allocate(load, 2, capacity, true);
	for (uint32_t i = 0; i < LAYERS; i++)
		assert_true(is_cached[i]);
}

/* A graph of its own for what the part asks of it. */
struct parted {
	struct atoll_model *model;
	struct compiler_graph graph;
	uint32_t *op;
	struct compiler_part part;
};

static struct parted part_of(const char *name)
{
	struct parted parted = { 0 };
	struct atoll_error err;

	parted.model = atoll_model_load(check_data_path("models/%s.tflite", name), &err);
	if (!parted.model)
		fail_msg("%s", err.text);
	parted.graph = (struct compiler_graph){ .model = parted.model,
						.graph = &parted.model->graph[0] };
	parted.op = calloc(parted.model->graph[0].operators, sizeof(*parted.op));
	assert_non_null(parted.op);
	for (uint32_t i = 0; i < parted.model->graph[0].operators; i++)
		parted.op[i] = i;
	parted.part = (struct compiler_part){ .operators = parted.model->graph[0].operators,
					      .op = parted.op };
	return parted;
}

static void part_done(struct parted *parted)
{
	free(parted->op);
	atoll_model_free(parted->model);
}

static void a_dense_layer_leaves_7_73_mebibytes(void **state)
{
	struct parted parted = part_of("dense_256");
	uint64_t capacity = compiler_capacity(&parted.graph, &parted.part);

	(void)state;
	assert_int_equal((capacity * 100 + (1 << 19)) >> 20, 774); /* 7.736 */
	parted.part.operators = 1; /* QUANTIZE alone */
	assert_int_equal(compiler_capacity(&parted.graph, &parted.part), 8 << 20);
	part_done(&parted);
}

static void narrow_memory_is_that_of_the_largest_operator(void **state)
{
	/* What the vendor's files say, and how far off the estimate may be. */
	static const struct { const char *name; uint32_t bytes, least, most; } known[] = {
		{ "dense_256", 832, 100, 100 },
		{ "dense_512", 1088, 100, 100 },
		{ "split_concat", 832, 100, 100 },
		{ "mobilenet_v1_0.25_128_quant", 8996, 69, 100 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		struct parted parted = part_of(known[i].name);
		uint32_t bytes = compiler_narrow_bytes(&parted.graph, &parted.part);

		assert_in_range(bytes, known[i].bytes * known[i].least / 100,
				known[i].bytes * known[i].most / 100);
		part_done(&parted);
	}
}

static void models_too_large_for_the_tiles_are_computed_in_pieces(void **state)
{
	struct parted parted = part_of("deeplab_mobilenet_edgetpu_slim_cityscapes_quant");

	(void)state;
	assert_int_equal(compiler_narrow_bytes(&parted.graph, &parted.part), 192 * KIB);
	part_done(&parted);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_is_cached),
		cmocka_unit_test(depthwise_layers_come_first_then_the_largest),
		cmocka_unit_test(operands_are_not_cached_even_where_they_fit),
		cmocka_unit_test(models_share_one_pool_or_come_in_order),
		cmocka_unit_test(
			beside_a_giant_the_depthwise_layers_and_the_classifier_are_kept),
		cmocka_unit_test(a_dense_layer_leaves_7_73_mebibytes),
		cmocka_unit_test(narrow_memory_is_that_of_the_largest_operator),
		cmocka_unit_test(models_too_large_for_the_tiles_are_computed_in_pieces),
	};
	return CHECK_RUN(tests);
}
