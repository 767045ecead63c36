/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/model_compiled.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "runtime/carried.h"
#include "runtime/edgetpu/package.h"

static const char *type_text(enum edgetpu_executable_type type)
{
	switch (type) {
	case EDGETPU_STAND_ALONE:
		return "stand-alone";
	case EDGETPU_CACHING:
		return "caching";
	case EDGETPU_EXECUTION:
		return "execution";
	}
	return "?";
}

static uint64_t instruction_bytes(const struct edgetpu_executable *executable)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < executable->chunks; i++)
		sum += executable->chunk[i].size;
	return sum;
}

/* How many tiles in this direction have a part of the output. */
static uint32_t count_tiles(const int32_t *tile, uint32_t coordinates)
{
	uint32_t tiles = coordinates > 0;

	for (uint32_t i = 1; i < coordinates; i++)
		tiles += tile[i] != tile[i - 1];
	return tiles;
}

static void print_layer(const char *what, uint32_t i, const struct edgetpu_layer *layer)
{
	const struct edgetpu_layout *layout = &layer->layout;

	printf("      %s %u  %s  %ux%ux%u  %u bytes", what, i, edgetpu_type_name(layer->type),
	       layer->y, layer->x, layer->z, layer->size);
	if (layer->executions > 1)
		printf(" x %u", layer->executions);
	if (layout->slices > 0)
		printf("  %u slices", layout->slices);
	else if (!layout->is_flat)
		printf("  %ux%u tiles", count_tiles(layout->y_tile, layer->y),
		       count_tiles(layout->x_tile, layer->x));
	if (layer->state_of >= 0)
		printf("  state of input %d", layer->state_of);
	printf("  %s\n", layer->name);
}

static void print_executable(const struct edgetpu_executable *executable)
{
	printf("    %s", type_text(executable->type));
	if (executable->token != 0)
		printf(", token %016" PRIx64, executable->token);
	printf(", %" PRIu64 " bytes of instructions, %" PRIu32 " of parameters, %" PRIu32
	       " of scratch\n", instruction_bytes(executable), executable->parameter_bytes,
	       executable->scratch_bytes);
	if (!executable->is_deterministic)
		printf("      its transfers are not all known ahead\n");
	printf("      %" PRIu64 " bytes out, %" PRIu64 " bytes in %s\n",
	       edgetpu_bytes_out(executable), edgetpu_bytes_in(executable),
	       executable->type == EDGETPU_CACHING ? "to bring the parameters" :
						     "for each inference");
	for (uint32_t i = 0; i < executable->inputs; i++)
		print_layer("input ", i, &executable->input[i]);
	for (uint32_t i = 0; i < executable->outputs; i++)
		print_layer("output", i, &executable->output[i]);
}

static void print_package(uint32_t op, const struct edgetpu_package *package)
{
	printf("  operator %u, for runtime version %d, by compiler %s\n", op,
	       package->runtime_version, package->compiler);
	if (carried_is(package))
		printf("    carries its graph, %" PRIu32 " bytes, in place of instructions: "
		       "for emulated devices and the CPU\n", package->main->model_bytes);
	if (package->warning)
		printf("    %s\n", package->warning);
	print_executable(package->main);
	if (package->caching)
		print_executable(package->caching);
}

static struct edgetpu_package *read_package(const struct atoll_operator *op,
					    struct atoll_error *err)
{
	return edgetpu_package_read(op->custom_options, op->custom_options_bytes, err);
}

void model_print_compiled(const struct atoll_graph *graph)
{
	for (uint32_t i = 0; i < graph->operators; i++) {
		struct edgetpu_package *package;
		struct atoll_error err;

		if (!edgetpu_is_compiled(&graph->op[i]))
			continue;
		package = read_package(&graph->op[i], &err);
		if (package)
			print_package(i, package);
		else
			printf("  operator %u cannot be used: %s\n", i, err.text);
		edgetpu_package_free(package);
	}
}

void model_print_carried(const struct atoll_graph *graph)
{
	for (uint32_t i = 0; i < graph->operators; i++) {
		struct edgetpu_package *package = edgetpu_is_compiled(&graph->op[i]) ?
			read_package(&graph->op[i], NULL) : NULL;

		if (package && carried_is(package))
			printf("operator %u carries its graph in place of instructions\n", i);
		edgetpu_package_free(package);
	}
}

static void json_layout(struct atoll_json *json, const struct edgetpu_layer *layer)
{
	const struct edgetpu_layout *layout = &layer->layout;

	if (layout->slices > 0) {
		atoll_json_integer(json, "slices", layout->slices);
	} else if (!layout->is_flat) {
		atoll_json_array(json, "tiles");
		atoll_json_integer(json, NULL, count_tiles(layout->y_tile, layer->y));
		atoll_json_integer(json, NULL, count_tiles(layout->x_tile, layer->x));
		atoll_json_end(json);
	}
}

static void json_layers(struct atoll_json *json, const char *key,
			const struct edgetpu_layer *layer, uint32_t layers)
{
	atoll_json_array(json, key);
	for (uint32_t i = 0; i < layers; i++) {
		atoll_json_object(json, NULL);
		atoll_json_string(json, "name", layer[i].name);
		atoll_json_string(json, "dtype", edgetpu_type_name(layer[i].type));
		atoll_json_array(json, "shape");
		atoll_json_integer(json, NULL, layer[i].y);
		atoll_json_integer(json, NULL, layer[i].x);
		atoll_json_integer(json, NULL, layer[i].z);
		atoll_json_end(json);
		atoll_json_integer(json, "bytes", (int64_t)layer[i].bytes);
		atoll_json_integer(json, "wire_bytes",
				   (int64_t)layer[i].size * layer[i].executions);
		atoll_json_integer(json, "executions", layer[i].executions);
		json_layout(json, &layer[i]);
		if (layer[i].state_of >= 0)
			atoll_json_integer(json, "state_of", layer[i].state_of);
		atoll_json_end(json);
	}
	atoll_json_end(json);
}

static void json_executable(struct atoll_json *json,
			    const struct edgetpu_executable *executable)
{
	char token[17];

	(void)snprintf(token, sizeof(token), "%016" PRIx64, executable->token);
	atoll_json_object(json, NULL);
	atoll_json_string(json, "type", type_text(executable->type));
	atoll_json_string(json, "token", executable->token ? token : NULL);
	atoll_json_bool(json, "deterministic", executable->is_deterministic);
	atoll_json_integer(json, "instruction_bytes", (int64_t)instruction_bytes(executable));
	atoll_json_integer(json, "parameter_bytes", executable->parameter_bytes);
	atoll_json_integer(json, "scratch_bytes", executable->scratch_bytes);
	atoll_json_integer(json, "bytes_out", (int64_t)edgetpu_bytes_out(executable));
	atoll_json_integer(json, "bytes_in", (int64_t)edgetpu_bytes_in(executable));
	json_layers(json, "inputs", executable->input, executable->inputs);
	json_layers(json, "outputs", executable->output, executable->outputs);
	atoll_json_end(json);
}

static void json_package(struct atoll_json *json, const struct edgetpu_package *package)
{
	atoll_json_integer(json, "runtime_version", package->runtime_version);
	atoll_json_string(json, "compiler", package->compiler);
	if (carried_is(package))
		atoll_json_integer(json, "carried_bytes", package->main->model_bytes);
	if (package->warning)
		atoll_json_string(json, "warning", package->warning);
	atoll_json_array(json, "executables");
	json_executable(json, package->main);
	if (package->caching)
		json_executable(json, package->caching);
	atoll_json_end(json);
}

void model_json_compiled(struct atoll_json *json, const struct atoll_graph *graph)
{
	atoll_json_array(json, "compiled");
	for (uint32_t i = 0; i < graph->operators; i++) {
		struct edgetpu_package *package;
		struct atoll_error err;

		if (!edgetpu_is_compiled(&graph->op[i]))
			continue;
		package = read_package(&graph->op[i], &err);
		atoll_json_object(json, NULL);
		atoll_json_integer(json, "operator", i);
		if (package)
			json_package(json, package);
		else
			atoll_json_string(json, "error", err.text);
		atoll_json_end(json);
		edgetpu_package_free(package);
	}
	atoll_json_end(json);
}

static bool is_good(const struct atoll_operator *op, struct atoll_error *err)
{
	struct edgetpu_package *package = read_package(op, err);
	struct carried *carried = package && carried_is(package) ? carried_open(package, err) :
								   NULL;
	bool is_so = package && (carried || !carried_is(package));

	carried_close(carried);
	edgetpu_package_free(package);
	return is_so;
}

int model_check_compiled(const struct atoll_graph *graph, struct atoll_error *err)
{
	for (uint32_t i = 0; i < graph->operators; i++)
		if (edgetpu_is_compiled(&graph->op[i]) && !is_good(&graph->op[i], err))
			return atoll_error_prefix(err, "operator %u", i);
	return 0;
}
