/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which instructions are a layer, of a program written here; then compiled models,
 * instruction by instruction on the emulated chip, and layer by layer beside the CPU.
 * They come from a folder (tests/golden.h tells which), as pairs X.tflite and
 * X_edgetpu.tflite. With ATOLL_ISA_LAYERS=all every layer is printed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/edgetpu/relayout.h"
#include "runtime/extract.h"
#include "runtime/isa/isa.h"
#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/golden.h"
#include "tests/graph.h"
#include "tests/must.h"
#include "tests/silicon_layers.h"

/* A layer of ours: 1x1 convolution of 5 x 5 pixels and 8 channels, cut as the vendor's
   compiler would, 2 + 1 + 1 + 1 in both directions */

#define MAC_BYTES (17 * ISA_WORD_BYTES)
#define CHANNELS 8
#define PIECES 4

struct ours {
	struct graph graph;
	uint8_t code[PIECES * MAC_BYTES];
	struct edgetpu_chunk chunk;
	struct edgetpu_executable main;
	struct edgetpu_package package;
};

static int32_t add_image(struct ours *ours, bool is_input, float scale, int32_t zero_point)
{
	const struct atoll_builder_tensor image = {
		.name = is_input ? "in" : "out", .type = ATOLL_UINT8, .rank = 4,
		.dims = { 1, 5, 5, CHANNELS }, .scale = scale, .zero_point = zero_point };

	return is_input ? graph_input(&ours->graph, &image) : graph_output(&ours->graph, &image);
}

static void build_graph(struct ours *ours)
{
	static const uint8_t weights[CHANNELS * CHANNELS] = { 1, 2, 3 };
	static const int32_t biases[CHANNELS] = { 0 };
	int32_t in = add_image(ours, true, 0.5f, 128), out = add_image(ours, false, 1, 3);
	int32_t filter = graph_tensor(&ours->graph, &(struct atoll_builder_tensor){
		.name = "filter", .type = ATOLL_UINT8, .rank = 4,
		.dims = { CHANNELS, 1, 1, CHANNELS }, .scale = 0.25f, .zero_point = 130,
		.data = weights, .bytes = sizeof(weights) });
	int32_t bias = graph_tensor(&ours->graph, &(struct atoll_builder_tensor){
		.name = "bias", .type = ATOLL_INT32, .rank = 1, .dims = { CHANNELS },
		.scale = 0.125f, .data = biases, .bytes = sizeof(biases) });

	graph_operator(&ours->graph, BUILTIN_CONV_2D, OPTIONS_CONV_2D, 4,
		       (struct atoll_builder_option[]){
			{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_STRIDE_W, .i = 1 },
			{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_STRIDE_H, .i = 1 },
			{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_DILATION_W, .i = 1 },
			{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_DILATION_H, .i = 1 } },
		       3, (int32_t[]){ in, filter, bias }, 1, &out);
	graph_open(&ours->graph);
}

static void set_float(uint8_t *at, uint32_t bit, float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	isa_set_bits(at, bit, 32, bits);
}

/* Two groups of four channels for each pixel. */
static void write_accesses(uint8_t *at, uint32_t width, uint32_t height)
{
	struct isa_instruction isa;
	struct isa_access output, weights;

	assert_int_equal(isa_decode(at, 17, 0, &isa, NULL), 0);
	assert_true(isa_access(&isa, 1, &output) && isa_access(&isa, 2, &weights));
	output.base = 256;
	output.loop[0].count = 2;
	output.loop[0].stride = 4;
	output.loop[1].count = width;
	output.loop[1].stride = 8;
	output.loop[2].count = height;
	output.loop[2].stride = 24;
	weights.loop[0].count = CHANNELS / 4;
	weights.loop[0].stride = 4;
	weights.loop[1].count = width * height;
	isa_set_access(&isa, &output);
	isa_set_access(&isa, &weights);
	isa_encode(&isa, at);
}

static void write_mac(struct ours *ours, uint32_t i, uint32_t tiles, uint32_t width,
		      uint32_t height)
{
	uint8_t *at = ours->code + (size_t)i * MAC_BYTES;

	isa_set_bits(at, 6, 5, 0x01);
	write_accesses(at, width, height);
	isa_set_bits(at, 12, 16, tiles);
	isa_set_bits(at, 46, 13, i);
	isa_set_bits(at, 1854, 8, 130);
	isa_set_bits(at, 1870, 8, 128);
	isa_set_bits(at, 1936, 4, 1);
	isa_set_bits(at, 1942, 4, 1);
	set_float(at, 1949, 0.125f);
	set_float(at, 1981, 252);
	set_float(at, 2013, -3);
	isa_set_bits(at, 2077, 8, 3);
}

static struct ours *new_ours(void)
{
	struct ours *ours = calloc(1, sizeof(*ours));

	assert_non_null(ours);
	ours->graph = graph_new();
	build_graph(ours);
	write_mac(ours, 0, 0x0001, 2, 2);
	write_mac(ours, 1, 0x000e, 1, 2);
	write_mac(ours, 2, 0x1110, 2, 1);
	write_mac(ours, 3, 0xeee0, 1, 1);
	ours->chunk = (struct edgetpu_chunk){ .bytes = ours->code, .size = sizeof(ours->code) };
	ours->main = (struct edgetpu_executable){ .chunks = 1, .chunk = &ours->chunk };
	ours->package = (struct edgetpu_package){ .main = &ours->main };
	return ours;
}

static void free_ours(struct ours *ours)
{
	graph_free(&ours->graph);
	free(ours);
}

static void an_image_is_put_together_from_its_tiles(void **state)
{
	struct ours *ours = new_ours();
	struct silicon_layers *layers = silicon_layers_new(&ours->package, ours->graph.session);
	static const uint32_t from[4] = { 0, 2, 3, 4 }, size[4] = { 2, 1, 1, 1 };

	(void)state;
	assert_int_equal(layers->layers, 1);
	assert_int_equal(layers->strangers, 0);
	assert_true(layers->layer[0].has_place);
	assert_int_equal(layers->layer[0].first, 0);
	assert_int_equal(layers->layer[0].last, 3);
	for (uint32_t t = 0; t < SILICON_LAYER_TILES; t++) {
		const struct silicon_place *place = &layers->layer[0].place[t];

		assert_int_equal(place->y, from[t / 4]);
		assert_int_equal(place->x, from[t % 4]);
		assert_int_equal(place->height, size[t / 4]);
		assert_int_equal(place->width, size[t % 4]);
	}
	silicon_layers_free(layers);
	free_ours(ours);
}

/* The same after one more change to the program. */
static void must_have_no_place(struct ours *ours)
{
	struct silicon_layers *layers = silicon_layers_new(&ours->package, ours->graph.session);

	assert_int_equal(silicon_layer_state(&layers->layer[0]), SILICON_LAYER_NO_PLACE);
	assert_true(layers->strangers > 0);
	silicon_layers_free(layers);
	free_ours(ours);
}

static void instructions_that_leave_a_gap_are_no_layer(void **state)
{
	struct ours *ours = new_ours();

	(void)state;
	write_mac(ours, 3, 0x6ee0, 1, 1);
	must_have_no_place(ours);
	ours = new_ours();
	write_mac(ours, 2, 0x1110, 2, 2);
	must_have_no_place(ours);
	ours = new_ours();
	write_mac(ours, 0, 0x0001, 2, 1);
	must_have_no_place(ours);
}

static void instructions_with_other_numbers_are_no_layer(void **state)
{
	static const uint32_t bits[] = { 1854, 1870, 1949, 2077 };

	(void)state;
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		struct ours *ours = new_ours();

		for (uint32_t k = 0; k < PIECES; k++) {
			uint8_t *at = ours->code + (size_t)k * MAC_BYTES;

			isa_set_bits(at, bits[i], 1, !isa_bits(at, bits[i], 1));
		}
		must_have_no_place(ours);
	}
}

/* Compiled models */

/* What was reached once and has to stay so. */
static const struct floor {
	const char *name;
	uint32_t placed;  /* layers whose instructions are found */
	uint32_t reached; /* the first layers, which are equal, or off by one here and there */
	bool is_answered; /* its answers are those of the CPU, all of them */
	bool is_long;     /* takes seconds: only for who asks for a folder of models */
	bool is_dark;     /* its input is below 0: of numbers from 0 on, which its first
			     operators subtract from, the CPU makes others than the chip */
} floors[] = {
	{ "deeplab_mobilenet_edgetpu_slim_cityscapes_quant", 72, 0, false, true, false },
	{ "dense_256", 1, 1, true, false, false },
	{ "dense_512", 1, 1, true, false, false },
	{ "keras_lstm_mnist_ptq", 1, 0, false, false, false },
	{ "mobilenet_v1_0.25_128_quant", 29, 29, false, false, false },
	{ "movenet_single_pose_lightning_ptq", 87, 39, false, true, true },
	{ "posenet_mobilenet_v1_075_353_481_16_quant_decoder", 27, 0, false, true, false },
	{ "split_concat", 0, 0, true, false, false },
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
	bool is_dark;
	uint8_t *scratch;         /* that the host keeps for the chip */
	uint64_t outputs[3];      /* elements that are equal, off by one, and worse */
};
#define OUTPUTS_WORSE 2

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
	p.scratch = calloc(1, p.package->main->scratch_bytes + 1);
	assert_non_null(p.scratch);
	return p;
}

static void close_pair(struct pair *p)
{
	free(p->scratch);
	silicon_layers_free(p->layers);
	p->program->ops->free(p->program);
	atoll_session_close(p->cpu);
	edgetpu_package_free(p->package);
	atoll_model_free(p->part);
	atoll_model_free(p->model);
	atoll_model_free(p->compiled);
}

static void compare_output(struct pair *p, const struct edgetpu_layer *layer, uint32_t nth,
			   const uint8_t *wire)
{
	const struct atoll_tensor *expected = atoll_session_output(p->cpu, nth);
	const uint8_t *bytes = expected->data;
	uint8_t *got = calloc(1, layer->bytes + 1);

	assert_non_null(got);
	assert_int_equal(layer->bytes, expected->bytes);
	edgetpu_from_wire(layer, wire, got);
	for (size_t i = 0; i < expected->bytes; i++) {
		int difference = abs((int8_t)(got[i] - bytes[i]));

		p->outputs[difference < OUTPUTS_WORSE ? difference : OUTPUTS_WORSE]++;
	}
	free(got);
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
	case EDGETPU_SCRATCH_IN:
		return program->ops->outfeed(program, hint, (*nth)++, p->scratch + hint->offset);
	case EDGETPU_SCRATCH_OUT:
		return program->ops->infeed(program, hint, p->scratch + hint->offset);
	case EDGETPU_OUTPUT:
		bytes = calloc(1, hint->size + 1);
		assert_non_null(bytes);
		r = program->ops->outfeed(program, hint, (*nth)++, bytes);
		if (r == 0)
			compare_output(p, &executable->output[hint->index], hint->index, bytes);
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

/* Dark: of int8 below 0. */
static void fill(struct atoll_tensor *input, uint32_t nth, bool is_dark)
{
	uint8_t *bytes = input->data;

	golden_fill("lcg", nth, input);
	for (size_t i = 0; i < input->bytes && is_dark; i++)
		bytes[i] |= 0x80;
}

static void run(struct pair *p, enum silicon_rounding rounding)
{
	silicon_round(p->program, rounding);
	for (uint32_t k = 0; k < atoll_session_inputs(p->cpu); k++)
		fill(atoll_session_input(p->cpu, k), k, p->is_dark);
	if (atoll_session_invoke(p->cpu) < 0)
		fail_msg("%s", atoll_session_error(p->cpu));
	if (p->package->caching)
		assert_int_equal(execute(p, p->package->caching), 0);
	silicon_layers_watch(p->layers, p->program);
	memset(p->outputs, 0, sizeof(p->outputs));
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

static void count_layers(const struct silicon_layers *layers,
			 uint32_t count[SILICON_LAYER_STATES])
{
	memset(count, 0, SILICON_LAYER_STATES * sizeof(*count));
	for (uint32_t i = 0; i < layers->layers; i++)
		count[silicon_layer_state(&layers->layer[i])]++;
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
	if (report.why[0] == '\0')
		printf("# isa: %s: answers: %" PRIu64 " equal, %" PRIu64 " off by one, %" PRIu64
		       " worse\n", name, p->outputs[0], p->outputs[1],
		       p->outputs[OUTPUTS_WORSE]);
	if (wants_all())
		print_layers(p->layers);
	fflush(stdout);
}

/* Differences to what the CPU rounds twice, which go on through the network. */
static void print_once(const struct silicon_layers *layers, const char *name,
		       const uint32_t count[SILICON_LAYER_STATES])
{
	uint64_t equal = 0, off = 0, worse = 0;

	for (uint32_t i = 0; i < layers->layers; i++) {
		equal += layers->layer[i].equal;
		off += layers->layer[i].off_by_one;
		worse += layers->layer[i].worse;
	}
	printf("# isa: %s: rounded once: %u layers equal, %u off by one, %u worse; %" PRIu64
	       " elements equal, %" PRIu64 " off by one, %" PRIu64 " worse\n", name,
	       count[SILICON_LAYER_EQUAL], count[SILICON_LAYER_OFF_BY_ONE],
	       count[SILICON_LAYER_WRONG], equal, off, worse);
	if (wants_all())
		print_layers(layers);
}

static const struct floor *find_floor(const char *name)
{
	static const struct floor none;

	for (size_t i = 0; i < sizeof(floors) / sizeof(floors[0]); i++)
		if (strcmp(floors[i].name, name) == 0)
			return &floors[i];
	return &none;
}

/* The first layers, each by what came out of all before it. */
static void check_layers(const struct silicon_layers *layers, const struct floor *floor)
{
	for (uint32_t i = 0; i < floor->reached; i++) {
		const struct silicon_layer *layer = &layers->layer[i];

		if (silicon_layer_state(layer) != SILICON_LAYER_EQUAL &&
		    silicon_layer_state(layer) != SILICON_LAYER_OFF_BY_ONE)
			fail_msg("layer %u: %s", i, silicon_layer_text(layer));
		assert_true((size_t)layer->off_by_one * OFF_BY_ONE_OF <= layer->tensor->elements);
	}
}

static void look_at(const char *folder, const char *file, void *context)
{
	uint32_t count[SILICON_LAYER_STATES];
	const struct floor *floor;
	char *twin = twin_of(file), *name;
	struct pair p;

	(void)folder;
	if (!twin)
		return;
	name = golden_text("%.*s", (int)(strlen(file) - strlen("_edgetpu.tflite")), file);
	floor = find_floor(name);
	if (floor->is_long && !getenv("MODELS")) {
		free(name);
		free(twin);
		return;
	}
	p = must_open_pair(file, twin);
	p.is_dark = floor->is_dark;
	run(&p, SILICON_ROUNDS_TWICE);
	count_layers(p.layers, count);
	print_pair(&p, name, count);
	assert_true(p.layers->layers - count[SILICON_LAYER_NO_PLACE] >= floor->placed);
	check_layers(p.layers, floor);
	if (floor->is_answered)
		assert_true(p.outputs[0] > 0 && p.outputs[1] + p.outputs[OUTPUTS_WORSE] == 0);
	run(&p, SILICON_ROUNDS_ONCE);
	count_layers(p.layers, count);
	print_once(p.layers, name, count);
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

/* A chip that computes something else would be seen. */
static void every_difference_is_counted(void **state)
{
	char *file = golden_text("dense_256_edgetpu.tflite"), *twin;
	const struct silicon_layer *layer;
	uint8_t *expected;
	struct pair p;

	(void)state;
	twin = twin_of(file);
	if (!twin) {
		free(file);
		skip();
	}
	p = must_open_pair(file, twin);
	run(&p, SILICON_ROUNDS_ONCE);
	layer = &p.layers->layer[0];
	assert_int_equal(silicon_layer_state(layer), SILICON_LAYER_EQUAL);
	expected = layer->tensor->data;
	expected[70] = (uint8_t)(expected[70] ^ 1);
	silicon_layers_watch(p.layers, p.program);
	assert_int_equal(silicon_layer_state(layer), SILICON_LAYER_NOT_REACHED);
	assert_int_equal(execute(&p, p.package->main), 0);
	assert_int_equal(silicon_layer_state(layer), SILICON_LAYER_OFF_BY_ONE);
	expected[255] = (uint8_t)(expected[255] ^ 128);
	silicon_layers_watch(p.layers, p.program);
	assert_int_equal(execute(&p, p.package->main), 0);
	assert_int_equal(silicon_layer_state(layer), SILICON_LAYER_WRONG);
	assert_int_equal(layer->equal, 254);
	assert_int_equal(layer->off_by_one, 1);
	assert_int_equal(layer->worse, 1);
	assert_int_equal(layer->differences, 2);
	assert_int_equal(layer->difference[0].tile, 1);
	assert_int_equal(layer->difference[0].channel, 70);
	assert_int_equal(layer->difference[1].tile, 3);
	assert_int_equal(layer->difference[1].channel, 255);
	close_pair(&p);
	free(twin);
	free(file);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_is_put_together_from_its_tiles),
		cmocka_unit_test(instructions_that_leave_a_gap_are_no_layer),
		cmocka_unit_test(instructions_with_other_numbers_are_no_layer),
		cmocka_unit_test(every_difference_is_counted),
		cmocka_unit_test(layers_that_are_reached_are_those_of_the_cpu),
	};
	int r;

	models = golden_models();
	r = CHECK_RUN(tests);
	free(models);
	return r;
}
