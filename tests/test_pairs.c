/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the vendor's compiler made of models, and what ours makes of them: pairs
 * X.tflite, X_edgetpu.tflite in the folder MODELS, found by their names, and
 * X_cocompiled_with_Y_edgetpu.tflite beside X.tflite. Prints a table; a star marks
 * what is known to differ and why is said below.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/compiler/compile.h"
#include "runtime/edgetpu/package.h"
#include "tests/check.h"
#include "tests/golden.h"
#include "tests/must.h"

/* Models in which the vendor's compiler moves data with parameters of its own choice
   ("selection blocks"); nobody else knows which it takes. */
static const char *const unpredictable[] = { "keras_lstm_mnist_ptq", "split_concat" };

struct pair {
	char *name, *model, *compiled; /* paths of the last two */
	char *partner;                 /* what it was compiled together with, or NULL */
};

/* One side: the compiled file and what is in it. */
struct side {
	struct atoll_model *model;
	bool is_reordered;             /* by another tool, which left its mark */
	const struct atoll_graph *graph;
	const struct atoll_operator *op;
	struct edgetpu_package *package;
};

static struct side look_at(struct atoll_model *model)
{
	struct side side = {
		.model = model, .graph = &model->graph[0],
		.is_reordered = strncmp(model->description, "Exported from ", 14) != 0,
	};
	struct atoll_error err;

	side.op = edgetpu_next_compiled(side.graph, NULL);
	assert_non_null(side.op);
	side.package = edgetpu_package_read(side.op->custom_options,
					    side.op->custom_options_bytes, &err);
	if (!side.package)
		fail_msg("%s", err.text);
	return side;
}

static void look_away(struct side *side)
{
	edgetpu_package_free(side->package);
	atoll_model_free(side->model);
}

static bool same_quant(const struct atoll_quant *a, const struct atoll_quant *b)
{
	if (a->channels != b->channels || a->axis != b->axis ||
	    a->zero_point != b->zero_point)
		return false;
	return a->channels == 0 ||
	       memcmp(a->scales, b->scales, a->channels * sizeof(*a->scales)) == 0;
}

static bool same_tensor(const struct side *a, int32_t x, const struct side *b, int32_t y)
{
	const struct atoll_tensor *one, *other;

	if (x < 0 || y < 0)
		return x == y;
	one = &a->graph->tensor[x];
	other = &b->graph->tensor[y];
	return strcmp(one->name, other->name) == 0 && one->type == other->type &&
	       one->rank == other->rank &&
	       memcmp(one->dims, other->dims, one->rank * sizeof(*one->dims)) == 0 &&
	       same_quant(&one->quant, &other->quant) && !one->data == !other->data &&
	       (!one->data || memcmp(one->data, other->data, one->bytes) == 0);
}

static bool same_in_order(const struct side *a, const int32_t *x, const struct side *b,
			  const int32_t *y, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!same_tensor(a, x[i], b, y[i]))
			return false;
	return true;
}

static bool has_tensor(const struct side *a, const int32_t *x, uint32_t count,
		       const struct side *b, int32_t y)
{
	for (uint32_t i = 0; i < count; i++)
		if (same_tensor(a, x[i], b, y))
			return true;
	return false;
}

static bool same_list(const struct side *a, const int32_t *x, uint32_t xs,
		      const struct side *b, const int32_t *y, uint32_t ys)
{
	if (xs != ys || !b->is_reordered)
		return xs == ys && same_in_order(a, x, b, y, xs);
	for (uint32_t i = 0; i < ys; i++)
		if (!has_tensor(a, x, xs, b, y[i]))
			return false;
	return true;
}

static bool same_operator(const struct side *a, const struct atoll_operator *x,
			  const struct side *b, const struct atoll_operator *y)
{
	return strcmp(x->name, y->name) == 0 && x->version == y->version &&
	       same_list(a, x->input, x->inputs, b, y->input, y->inputs) &&
	       same_list(a, x->output, x->outputs, b, y->output, y->outputs);
}

/* What is left for the CPU, in the same order, around the same custom operator, with
   the same tensors. */
static bool same_operators(const struct side *a, const struct side *b)
{
	if (a->graph->operators != b->graph->operators)
		return false;
	for (uint32_t i = 0; i < a->graph->operators; i++)
		if (!same_operator(a, &a->graph->op[i], b, &b->graph->op[i]))
			return false;
	return true;
}

static bool same_ends(const struct side *a, const struct side *b)
{
	return same_list(a, a->graph->input, a->graph->inputs,
			 b, b->graph->input, b->graph->inputs) &&
	       same_list(a, a->graph->output, a->graph->outputs,
			 b, b->graph->output, b->graph->outputs);
}

static bool same_file(const struct side *a, const struct side *b)
{
	bool is_same = a->graph->tensors == b->graph->tensors &&
		       a->model->metadata == b->model->metadata &&
		       (b->is_reordered || strcmp(a->graph->name, b->graph->name) == 0);

	for (uint32_t i = 0; i < a->model->metadata && is_same; i++)
		is_same = strcmp(a->model->metadatum[i].name,
				 b->model->metadatum[i].name) == 0;
	return is_same;
}

static bool same_ints(const int32_t *a, const int32_t *b, uint32_t count)
{
	return memcmp(a, b, count * sizeof(*a)) == 0;
}

static bool same_layout(const struct edgetpu_layer *a, const struct edgetpu_layer *b)
{
	const struct edgetpu_layout *x = &a->layout, *y = &b->layout;

	if (x->is_flat || y->is_flat)
		return x->is_flat == y->is_flat;
	return x->tiles == y->tiles && same_ints(x->y_tile, y->y_tile, a->y) &&
	       same_ints(x->x_tile, y->x_tile, a->x) &&
	       same_ints(x->tile_offset, y->tile_offset, x->tiles) &&
	       same_ints(x->x_local, y->x_local, a->x) &&
	       same_ints(x->y_local, y->y_local, a->y) &&
	       same_ints(x->row_size, y->row_size, a->x);
}

static bool same_layer(const struct edgetpu_layer *a, const struct edgetpu_layer *b)
{
	return strcmp(a->name, b->name) == 0 && a->size == b->size && a->y == b->y &&
	       a->x == b->x && a->z == b->z && a->type == b->type &&
	       a->zero_point == b->zero_point && a->scale == b->scale &&
	       a->executions == b->executions && a->state_of == b->state_of &&
	       same_layout(a, b);
}

/* The layer at the same place, or, where the order is another, the one of that name. */
static const struct edgetpu_layer *counterpart(const struct edgetpu_layer *layer, uint32_t i,
					       const struct edgetpu_layer *among,
					       uint32_t count, const struct side *of)
{
	if (!of->is_reordered)
		return &among[i];
	for (i = 0; i + 1 < count && strcmp(among[i].name, layer->name) != 0;)
		i++;
	return &among[i];
}

static bool same_layers(const struct side *ours, const struct side *theirs)
{
	const struct edgetpu_executable *a = ours->package->main, *b = theirs->package->main;
	bool is_same = a->inputs == b->inputs && a->outputs == b->outputs;

	for (uint32_t i = 0; i < a->inputs && is_same; i++)
		is_same = same_layer(&a->input[i], counterpart(&a->input[i], i, b->input,
							       b->inputs, theirs));
	for (uint32_t i = 0; i < a->outputs && is_same; i++)
		is_same = same_layer(&a->output[i], counterpart(&a->output[i], i, b->output,
								b->outputs, theirs));
	return is_same;
}

/* The vector of parameters that is kept on the chip, or that which is not. */
static const uint8_t *vector(const struct edgetpu_package *package, bool is_cached,
			     uint32_t *bytes)
{
	const struct edgetpu_executable *executable =
		is_cached ? package->caching : package->main;

	*bytes = executable ? executable->parameter_bytes : 0;
	return executable ? executable->parameters : NULL;
}

static bool contains(const uint8_t *vector, uint32_t bytes, const uint8_t *block,
		     uint32_t size)
{
	for (uint32_t at = 0; at + size <= bytes; at += 64)
		if (memcmp(vector + at, block, size) == 0)
			return true;
	return false;
}

/* Bytes of our blocks that are in the vendor's vector of the same kind. */
static uint64_t covered(const struct atoll_compiled_model *compiled, const struct side *ours,
			const struct side *theirs, bool is_cached)
{
	uint32_t own_bytes, bytes;
	const uint8_t *own = vector(ours->package, is_cached, &own_bytes);
	const uint8_t *wanted = vector(theirs->package, is_cached, &bytes);
	uint64_t sum = 0;

	for (uint32_t i = 0; i < compiled->blocks; i++) {
		const struct atoll_compiled_block *block = &compiled->block[i];

		if (block->is_cached != is_cached)
			continue;
		assert_true(block->offset + block->bytes <= own_bytes);
		if (contains(wanted, bytes, own + block->offset, block->bytes))
			sum += block->bytes;
	}
	return sum;
}

static uint32_t vector_bytes(const struct side *side, bool is_cached)
{
	uint32_t bytes;

	(void)vector(side->package, is_cached, &bytes);
	return bytes;
}

static bool is_unpredictable(const char *name)
{
	for (size_t i = 0; i < sizeof(unpredictable) / sizeof(unpredictable[0]); i++)
		if (strcmp(name, unpredictable[i]) == 0)
			return true;
	return false;
}

/* Bytes on the chip that the partner takes, as far as its own file tells. */
static uint64_t partner_bytes(const struct pair *pair, const char *models)
{
	char *path = golden_text("%s/%s_cocompiled_with_%s_edgetpu.tflite", models,
				 pair->partner, pair->name);
	struct side side = look_at(must_load(path));
	uint64_t cached = vector_bytes(&side, true);

	look_away(&side);
	free(path);
	return cached;
}

static struct atoll_compiled *compile(const struct pair *pair,
				      const struct atoll_model *model)
{
	struct atoll_compile_job job = { .model = model };
	struct atoll_compile_options options = { 0 };
	char *models = golden_models();
	struct atoll_compiled *compiled = must_compile(&job, 1, NULL);

	if (pair->partner) {
		options.capacity = compiled->model[0].cached_bytes +
				   compiled->model[0].remaining_bytes;
		options.capacity -= partner_bytes(pair, models);
		atoll_compiled_free(compiled);
		compiled = must_compile(&job, 1, &options);
	}
	free(models);
	return compiled;
}

static const char *word(bool is_same, bool is_excused)
{
	return is_same ? "equal" : is_excused ? "differ*" : "DIFFER";
}

static bool compare(const struct pair *pair, const struct atoll_compiled_model *compiled,
		    const struct side *ours, const struct side *theirs)
{
	bool is_excused = is_unpredictable(pair->name);
	uint32_t kept = vector_bytes(theirs, true), sent = vector_bytes(theirs, false);
	uint64_t found = covered(compiled, ours, theirs, true);
	bool operators = same_operators(ours, theirs), ends = same_ends(ours, theirs);
	bool file = same_file(ours, theirs), layers = same_layers(ours, theirs);
	bool sizes = vector_bytes(ours, true) == kept && vector_bytes(ours, false) == sent;
	char *name = golden_text("%s%s%s", pair->name, pair->partner ? " with " : "",
				 pair->partner ? pair->partner : "");

	print_message("# %-49.49s %3" PRIu32 "+%-3" PRIu32
		      " %-7s%-7s%-7s%-7s%-8s%8" PRIu64 " of %7" PRIu32 " %6.2f%% %5" PRIu64
		      " of %4" PRIu32 "\n", name, compiled->mapped,
		      compiled->operators - compiled->mapped, word(operators, false),
		      word(ends, false), word(file, false), word(layers, false),
		      word(sizes, is_excused), found, kept,
		      kept ? 100.0 * (double)found / (double)kept : 100.0,
		      covered(compiled, ours, theirs, false), sent);
	free(name);
	return operators && ends && file && layers &&
	       (is_excused || (sizes && found == kept));
}

static void is_compiled_as_by_the_vendor(void **state)
{
	const struct pair *pair = *state;
	struct atoll_model *model = must_load(pair->model);
	struct atoll_compiled *compiled = compile(pair, model);
	struct side theirs = look_at(must_load(pair->compiled));
	struct side ours = look_at(must_load_compiled(&compiled->model[0]));
	bool is_same = compare(pair, &compiled->model[0], &ours, &theirs);

	look_away(&ours);
	look_away(&theirs);
	atoll_compiled_free(compiled);
	atoll_model_free(model);
	assert_true(is_same);
}

/* The list of pairs, in the order of their names. */

#define PAIRS_MAX 256

static struct pair pairs[PAIRS_MAX];
static struct CMUnitTest tests[PAIRS_MAX];
static size_t found;

/* "X" and, if there is one, "Y" of "X[_cocompiled_with_Y]_edgetpu.tflite". */
static void add(const char *folder, const char *file, void *context)
{
	static const char ending[] = "_edgetpu.tflite", with[] = "_cocompiled_with_";
	size_t length = strlen(file);
	struct pair *pair = &pairs[found];
	char *partner;

	(void)context;
	if (length <= strlen(ending) || found == PAIRS_MAX ||
	    strcmp(file + length - strlen(ending), ending) != 0)
		return;
	pair->name = golden_text("%.*s", (int)(length - strlen(ending)), file);
	partner = strstr(pair->name, with);
	if (partner) {
		*partner = '\0';
		pair->partner = partner + strlen(with);
	}
	pair->model = golden_text("%s/%s.tflite", folder, pair->name);
	if (access(pair->model, R_OK) < 0) {
		free(pair->model);
		free(pair->name);
		*pair = (struct pair){ 0 };
		return;
	}
	pair->compiled = golden_text("%s/%s", folder, file);
	tests[found++] = (struct CMUnitTest){
		.name = pair->compiled + strlen(folder) + 1,
		.test_func = is_compiled_as_by_the_vendor, .initial_state = pair,
	};
}

int main(void)
{
	char *models = golden_models();
	int r;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (access(models, R_OK) < 0) {
		printf("1..0 # SKIP no models in %s\n", models);
		free(models);
		return 77;
	}
	golden_each(models, add, NULL);
	printf("# %-49s %-7s %-7s%-7s%-7s%-7s%-8s%s\n", "pair", "TPU+CPU", "rest",
	       "ends", "file", "layers", "sizes",
	       "parameters found: kept on the chip   sent");
	fflush(stdout);
	r = _cmocka_run_group_tests("tests", tests, found, NULL, NULL);
	printf("# * the vendor moves data there with parameters of its choice\n"
	       "# rest: operators left for the CPU and the custom one, with their tensors; "
	       "ends: of the graph\n"
	       "# sent: constants of element-wise operators; how the vendor packs scalars "
	       "is a guess\n");
	for (size_t i = 0; i < found; i++) {
		free(pairs[i].name);
		free(pairs[i].model);
		free(pairs[i].compiled);
	}
	free(models);
	return r != 0;
}
