/* SPDX-License-Identifier: Apache-2.0 */
/* Every block of a model is somewhere in what the vendor's compiler made of it. */
#include <stdlib.h>
#include <string.h>

#include "runtime/edgetpu/package.h"
#include "tests/block.h"
#include "tests/check.h"
#include "tests/must.h"

/* A model and what the vendor's compiler made of it. */
struct pair {
	struct atoll_model *source, *compiled;
	struct edgetpu_package *package;
};

static struct pair pair_open(const char *source, const char *compiled)
{
	const struct atoll_operator *op;
	struct atoll_error err;
	struct pair pair = {
		.source = must_load(check_data_path("models/%s.tflite", source)),
		.compiled = must_load(check_data_path("models/%s_edgetpu.tflite", compiled)),
	};

	op = edgetpu_next_compiled(&pair.compiled->graph[0], NULL);
	assert_non_null(op);
	pair.package = edgetpu_package_read(op->custom_options, op->custom_options_bytes,
					    &err);
	if (!pair.package)
		fail_msg("%s", err.text);
	return pair;
}

static void pair_close(struct pair *pair)
{
	edgetpu_package_free(pair->package);
	atoll_model_free(pair->compiled);
	atoll_model_free(pair->source);
}

/* Takes the block out of what is not yet covered; fails when it is not there. */
static void cover(const struct compiler_block *block, const uint8_t *bytes,
		  const struct edgetpu_executable *executable, uint8_t *is_covered)
{
	for (uint32_t at = 0; at + block->bytes <= executable->parameter_bytes; at += 64)
		if (!is_covered[at / 64] &&
		    memcmp(executable->parameters + at, bytes, block->bytes) == 0) {
			memset(is_covered + at / 64, 1, block->bytes / 64);
			return;
		}
	fail_msg("operator %u: its block of %u bytes is not in the vendor's %u", block->op,
		 block->bytes, executable->parameter_bytes);
}

static bool has_layout(const struct compiler_block *block)
{
	return block->kind == COMPILER_CONV || block->kind == COMPILER_DEPTHWISE ||
	       block->kind == COMPILER_SOFTMAX || block->kind == COMPILER_GATE;
}

/* The blocks of all layers; the bytes of the caching vector that they cover. */
static uint32_t cover_layers(const struct pair *pair, uint32_t *layers)
{
	const struct atoll_graph *graph = &pair->source->graph[0];
	const struct edgetpu_executable *caching = pair->package->caching;
	uint8_t *is_covered = calloc(caching->parameter_bytes / 64 + 1, 1);
	struct compiler_block block[COMPILER_BLOCKS_MAX];
	uint32_t covered = 0, blocks;

	assert_non_null(is_covered);
	*layers = 0;
	for (uint32_t op = 0; op < graph->operators; op++) {
		assert_int_equal(compiler_blocks(graph, op, block, &blocks, NULL), 0);
		for (uint32_t i = 0; i < blocks; i++) {
			uint8_t *bytes = block_write(graph, &block[i]);

			if (has_layout(&block[i])) {
				cover(&block[i], bytes, caching, is_covered);
				++*layers;
			}
			block_assert_restored(graph, &block[i], bytes);
			free(bytes);
		}
	}
	for (uint32_t i = 0; i < caching->parameter_bytes / 64; i++)
		covered += is_covered[i] * 64u;
	free(is_covered);
	return covered;
}

static void check_pair(const char *source, const char *compiled, uint32_t layers,
		       uint32_t bytes, uint32_t of)
{
	struct pair pair = pair_open(source, compiled);
	uint32_t found;

	assert_int_equal(pair.package->caching->parameter_bytes, of);
	assert_int_equal(cover_layers(&pair, &found), bytes);
	assert_int_equal(found, layers);
	pair_close(&pair);
}

static void dense_models_are_covered(void **state)
{
	(void)state;
	check_pair("dense_256", "dense_256", 1, 67584, 67584);
	check_pair("dense_512", "dense_512", 1, 266240, 266240);
}

static void deeplab_is_covered(void **state)
{
	(void)state;
	check_pair("deeplab_mobilenet_edgetpu_slim_cityscapes_quant",
		   "deeplab_mobilenet_edgetpu_slim_cityscapes_quant", 62, 2654784, 2654784);
}

static void movenet_is_covered(void **state)
{
	(void)state;
	check_pair("movenet_single_pose_lightning_ptq", "movenet_single_pose_lightning_ptq",
		   74, 2862656, 2862656);
}

static void posenet_is_covered(void **state)
{
	(void)state;
	check_pair("posenet_mobilenet_v1_075_353_481_16_quant_decoder",
		   "posenet_mobilenet_v1_075_353_481_16_quant_decoder", 31, 1444608, 1444608);
}

static void mobilenet_is_covered_alone_and_in_company(void **state)
{
	(void)state;
	check_pair("mobilenet_v1_0.25_128_quant", "mobilenet_v1_0.25_128_quant", 29, 566912,
		   566912);
	check_pair("mobilenet_v1_0.25_128_quant", "mobilenet_v1_0.25_128_quant_cocompiled_"
		   "with_mobilenet_v1_0.5_160_quant", 29, 566912, 566912);
}

/* The rest of this vector moves data between channels while the loop is unrolled. */
static void of_an_lstm_gates_and_classifier_are_covered(void **state)
{
	(void)state;
	check_pair("keras_lstm_mnist_ptq", "keras_lstm_mnist_ptq", 6, 16256, 43968);
}

static void movenet_has_its_constant_image_behind_64_bytes(void **state)
{
	struct pair pair = pair_open("movenet_single_pose_lightning_ptq",
				     "movenet_single_pose_lightning_ptq");
	const struct atoll_graph *graph = &pair.source->graph[0];
	const struct edgetpu_executable *main = pair.package->main;
	struct compiler_block block = block_only(graph, 87);
	uint8_t *bytes = block_write(graph, &block);

	(void)state;
	assert_int_equal(block.kind, COMPILER_OPERAND);
	assert_int_equal(main->parameter_bytes, 64 + 2304);
	assert_int_equal(block.bytes, 2304);
	assert_memory_equal(main->parameters + 64, bytes, 2304);
	free(bytes);
	/* SUB has three numbers, MUL and SUB behind it one each. */
	assert_int_equal(block_only(graph, 2).bytes, 64);
	pair_close(&pair);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(dense_models_are_covered),
		cmocka_unit_test(deeplab_is_covered),
		cmocka_unit_test(movenet_is_covered),
		cmocka_unit_test(posenet_is_covered),
		cmocka_unit_test(mobilenet_is_covered_alone_and_in_company),
		cmocka_unit_test(of_an_lstm_gates_and_classifier_are_covered),
		cmocka_unit_test(movenet_has_its_constant_image_behind_64_bytes),
	};
	return CHECK_RUN(tests);
}
