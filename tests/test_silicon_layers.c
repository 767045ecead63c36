/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled models, instruction by instruction on the emulated chip, and layer by layer
 * beside the CPU. Models come from a folder (tests/golden.h tells which), as pairs
 * X.tflite and X_edgetpu.tflite. With ATOLL_ISA_LAYERS=all every layer is printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/edgetpu/relayout.h"
#include "runtime/extract.h"
#include "tests/check.h"
#include "tests/golden.h"
#include "tests/must.h"
#include "tests/silicon_layers.h"

/* What was reached once and has to stay so. */
static const struct floor {
	const char *name;
	uint32_t placed;  /* layers whose instructions are found */
	uint32_t reached; /* layers that are equal, or off by one here and there */
} floors[] = {
	{ "dense_256", 1, 1 },
	{ "dense_512", 1, 1 },
	{ "mobilenet_v1_0.25_128_quant", 28, 0 },
};

#define OFF_BY_ONE_OF 1000 /* elements of a layer, one may be */

static char *models;

/* A compiled model, and the part of the CPU model that it was made from. */
struct pair {
	struct atoll_model *compiled, *model, *part;
	struct edgetpu_package *package;
	struct atoll_session *cpu;
	struct emulator_program *program;
	struct silicon_layers *layers;
};

/* "X_edgetpu.tflite" is of X, and so is "X_cocompiled_with_Y_edgetpu.tflite"; NULL when
   it is neither, or X is not there. */
static char *twin_of(const char *file)
{
	const char *end = strstr(file, "_edgetpu.tflite"), *with = strstr(file, "_cocompiled_");
	char *path;

	if (!end || strlen(end) != strlen("_edgetpu.tflite"))
		return NULL;
	if (with && with < end)
		end = with;
	path = golden_text("%s/%.*s.tflite", models, (int)(end - file), file);
	if (access(path, R_OK) == 0)
		return path;
	free(path);
	return NULL;
}

static struct pair must_open_pair(const char *file, const char *twin)
{
	char *path = golden_text("%s/%s", models, file);
	struct pair p = { .compiled = must_load(path), .model = must_load(twin) };
	const struct atoll_operator *op = edgetpu_next_compiled(&p.compiled->graph[0], NULL);
	struct atoll_error err = { .text = "it was not compiled" };

	free(path);
	if (op)
		p.package = edgetpu_package_read(op->custom_options, op->custom_options_bytes,
						 &err);
	if (p.package)
		p.part = extract_twin(p.model, op->custom_options, op->custom_options_bytes,
				      &err);
	if (p.part)
		p.program = silicon_program(p.package, &err);
	if (!p.program)
		fail_msg("%s: %s", file, err.text);
	p.cpu = must_open(p.part, &(struct atoll_session_options){
		.device = "cpu", .threads = 1, .keeps_tensors = true });
	p.layers = silicon_layers_new(p.package, p.cpu);
	return p;
}

static void close_pair(struct pair *p)
{
	silicon_layers_free(p->layers);
	p->program->ops->free(p->program);
	atoll_session_close(p->cpu);
	edgetpu_package_free(p->package);
	atoll_model_free(p->part);
	atoll_model_free(p->model);
	atoll_model_free(p->compiled);
}

static int transfer(struct pair *p, const struct edgetpu_executable *executable,
		    const struct edgetpu_hint *hint, uint32_t *nth)
{
	struct emulator_program *program = p->program;
	uint8_t *bytes;
	int r = 0;

	switch (hint->kind) {
	case EDGETPU_PARAMETERS:
		return program->ops->infeed(program, hint, executable->parameters + hint->offset);
	case EDGETPU_INPUT:
		bytes = calloc(1, executable->input[hint->index].size + 1);
		assert_non_null(bytes);
		edgetpu_to_wire(&executable->input[hint->index],
				atoll_session_input(p->cpu, hint->index)->data, bytes);
		r = program->ops->infeed(program, hint, bytes + hint->offset);
		break;
	case EDGETPU_OUTPUT:
	case EDGETPU_SCRATCH_IN:
		bytes = calloc(1, hint->size + 1);
		assert_non_null(bytes);
		r = program->ops->outfeed(program, hint, (*nth)++, bytes);
		break;
	default:
		return 0;
	}
	free(bytes);
	return r;
}

static int execute(struct pair *p, const struct edgetpu_executable *executable)
{
	int r = p->program->ops->begin(p->program, executable);
	uint32_t nth = 0;

	for (uint32_t i = 0; i < executable->hints && r == 0; i++)
		r = transfer(p, executable, &executable->hint[i], &nth);
	return r;
}

static void run(struct pair *p)
{
	for (uint32_t k = 0; k < atoll_session_inputs(p->cpu); k++)
		golden_fill("lcg", k, atoll_session_input(p->cpu, k));
	if (atoll_session_invoke(p->cpu) < 0)
		fail_msg("%s", atoll_session_error(p->cpu));
	if (p->package->caching)
		assert_int_equal(execute(p, p->package->caching), 0);
	silicon_layers_watch(p->layers, p->program);
	(void)execute(p, p->package->main);
}

static bool wants_all(void)
{
	const char *given = getenv("ATOLL_ISA_LAYERS");

	return given && strcmp(given, "all") == 0;
}

static void print_differences(const struct silicon_layer *layer)
{
	for (uint32_t i = 0; i < layer->differences; i++) {
		const struct silicon_difference *d = &layer->difference[i];

		printf("#     tile %u, y %u, x %u, channel %u: %d and not %d\n", d->tile, d->y,
		       d->x, d->channel, d->got, d->expected);
	}
}

/* Every layer, and of the first that is wrong where. */
static void print_layers(const struct silicon_layers *layers)
{
	bool is_first = true;

	for (uint32_t i = 0; i < layers->layers; i++) {
		const struct silicon_layer *layer = &layers->layer[i];

		printf("#   %2u %s\n", i, silicon_layer_text(layer));
		if (silicon_layer_state(layer) == SILICON_LAYER_WRONG && is_first) {
			print_differences(layer);
			is_first = false;
		}
	}
}

static void print_pair(const struct pair *p, const char *name,
		       const uint32_t count[SILICON_LAYER_STATES])
{
	struct silicon_report report;

	silicon_report(p->program, &report);
	printf("# isa: %s: executed %u of %u instructions; of %u layers %u equal, %u off by "
	       "one, %u wrong, %u not reached, %u not found; %u other macs; %s\n", name,
	       report.executed, report.instructions, p->layers->layers,
	       count[SILICON_LAYER_EQUAL], count[SILICON_LAYER_OFF_BY_ONE],
	       count[SILICON_LAYER_WRONG], count[SILICON_LAYER_NOT_REACHED],
	       count[SILICON_LAYER_NO_PLACE], p->layers->strangers,
	       report.why[0] ? report.why : "to the end");
	if (wants_all())
		print_layers(p->layers);
	fflush(stdout);
}

static void check_floor(const char *name, const uint32_t count[SILICON_LAYER_STATES],
			uint32_t layers)
{
	for (size_t i = 0; i < sizeof(floors) / sizeof(floors[0]); i++) {
		if (strcmp(floors[i].name, name) != 0)
			continue;
		assert_true(layers - count[SILICON_LAYER_NO_PLACE] >= floors[i].placed);
		assert_true(count[SILICON_LAYER_EQUAL] + count[SILICON_LAYER_OFF_BY_ONE] >=
			    floors[i].reached);
	}
}

static void check_layers(const struct silicon_layers *layers)
{
	for (uint32_t i = 0; i < layers->layers; i++) {
		const struct silicon_layer *layer = &layers->layer[i];

		if (layer->worse + layer->missing > 0)
			fail_msg("layer %u: %s", i, silicon_layer_text(layer));
		assert_true((size_t)layer->off_by_one * OFF_BY_ONE_OF <= layer->tensor->elements);
	}
}

static void look_at(const char *folder, const char *file, void *context)
{
	uint32_t count[SILICON_LAYER_STATES] = { 0 };
	char *twin = twin_of(file), *name;
	struct pair p;

	(void)folder;
	if (!twin)
		return;
	name = golden_text("%.*s", (int)(strlen(file) - strlen("_edgetpu.tflite")), file);
	p = must_open_pair(file, twin);
	run(&p);
	for (uint32_t i = 0; i < p.layers->layers; i++)
		count[silicon_layer_state(&p.layers->layer[i])]++;
	print_pair(&p, name, count);
	check_layers(p.layers);
	check_floor(name, count, p.layers->layers);
	close_pair(&p);
	free(name);
	free(twin);
	(*(uint32_t *)context)++;
}

static void layers_that_are_reached_are_those_of_the_cpu(void **state)
{
	uint32_t pairs = 0;

	(void)state;
	golden_each(models, look_at, &pairs);
	if (pairs == 0)
		skip();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers_that_are_reached_are_those_of_the_cpu),
	};
	int r;

	models = golden_models();
	r = CHECK_RUN(tests);
	free(models);
	return r;
}
