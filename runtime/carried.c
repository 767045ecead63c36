/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was compiled for emulated devices. One graph serves two ends: as it was
 * carried, parameters among its inputs, and as the part that the compiler took, in
 * which they are constants. Blocks are laid out by the compiler's rules, which look at
 * constants; so while a package is read, its parameters hold ones.
 *
 *	carried    inputs: x, y, weights, bias      outputs: z
 *	part       inputs: x, y                     outputs: z
 */
#include "runtime/carried.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/carried_inside.h"
#include "runtime/extract.h"
#include "runtime/schema/tflite.h"

static const struct edgetpu_executable *executable_of(const struct carried *carried,
						      uint32_t vector)
{
	return vector == 0 ? carried->package->caching : carried->package->main;
}

int carried_no_memory(struct atoll_error *err)
{
	return atoll_error_set(err, -ENOMEM, "no memory");
}

/* The graph and its parameters */

static int check_counts(const struct carried *carried, struct atoll_error *err)
{
	const struct edgetpu_executable *main = carried->package->main;
	const struct atoll_graph *graph = &carried->model->graph[0];

	if (graph->inputs < main->inputs || graph->outputs != edgetpu_own_outputs(main))
		return atoll_error_set(err, -EINVAL, "%" PRIu32 " inputs and %" PRIu32
				       " outputs, the package has %" PRIu32 " and %" PRIu32,
				       graph->inputs, graph->outputs, main->inputs,
				       edgetpu_own_outputs(main));
	return 0;
}

/*
 * Each byte of a block is a byte of a weight at most, or a quarter of a bias, so the
 * vectors bound what a hostile file can ask for. But taps of a kernel that only ever meet
 * padding are left out, up to so many for one that stays.
 */
#define TAPS_LEFT_OUT 64

static int take_parameter(struct carried *carried, int32_t index, struct atoll_error *err)
{
	const struct edgetpu_package *package = carried->package;
	const struct atoll_tensor *tensor = &carried->tensor[index];
	uint64_t room = (uint64_t)package->main->parameter_bytes +
			(package->caching ? package->caching->parameter_bytes : 0);
	uint64_t most = tensor->rank == 4 ? room * TAPS_LEFT_OUT : room;

	if (carried->is_parameter[index] || carried->graph.is_variable[index])
		return atoll_error_set(err, -EINVAL, "tensor %.60s cannot be a "
				       "parameter", tensor->name);
	if (tensor->bytes > most)
		return atoll_error_set(err, -EINVAL, "tensor %.60s: %zu bytes, all "
				       "parameters have %" PRIu64, tensor->name,
				       tensor->bytes, room);
	carried->is_parameter[index] = true;
	if (tensor->bytes > carried->largest)
		carried->largest = tensor->bytes;
	return 0;
}

static int take_graph(struct carried *carried, struct atoll_error *err)
{
	const struct atoll_graph *graph = &carried->model->graph[0];
	uint32_t inputs = carried->package->main->inputs;
	int r = 0;

	carried->graph = *graph;
	carried->graph.inputs = inputs;
	carried->tensor = memory_take(&carried->memory,
				      graph->tensors * sizeof(*carried->tensor));
	carried->is_parameter = memory_take(&carried->memory, graph->tensors);
	carried->is_held = memory_take(&carried->memory, graph->tensors);
	if (!carried->tensor || !carried->is_parameter || !carried->is_held)
		return carried_no_memory(err);
	memcpy(carried->tensor, graph->tensor, graph->tensors * sizeof(*carried->tensor));
	carried->graph.tensor = carried->tensor;
	for (uint32_t i = inputs; i < graph->inputs && r == 0; i++)
		r = take_parameter(carried, graph->input[i], err);
	for (uint32_t i = 0; i < inputs && r == 0; i++)
		if (carried->is_parameter[graph->input[i]])
			r = atoll_error_set(err, -EINVAL, "input %" PRIu32
					    " is a parameter, too", i);
	return r;
}

/* Records */

static uint32_t read_u32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

static struct carried_record read_record(const uint8_t *bytes)
{
	return (struct carried_record){
		.op = read_u32(bytes), .kind = read_u32(bytes + 4),
		.tables = read_u32(bytes + 8), .nth = read_u32(bytes + 12),
		.vector = read_u32(bytes + 16), .offset = read_u32(bytes + 20),
		.bytes = read_u32(bytes + 24),
	};
}

/* What every operator has that the compiler maps. */
static bool has_ends(const struct atoll_operator *op)
{
	return op->inputs > 0 && op->input[0] >= 0 && op->outputs > 0;
}

static int check_place(const struct carried *carried, const struct carried_record *record,
		       struct atoll_error *err)
{
	const struct edgetpu_executable *executable;

	if (record->op >= carried->graph.operators ||
	    !has_ends(&carried->graph.op[record->op]))
		return atoll_error_set(err, -EINVAL, "operator %" PRIu32 " of %" PRIu32,
				       record->op, carried->graph.operators);
	executable = record->vector > 1 ? NULL : executable_of(carried, record->vector);
	if (!executable)
		return atoll_error_set(err, -EINVAL, "in vector %" PRIu32 ", which there is "
				       "not", record->vector);
	if ((uint64_t)record->offset + record->bytes > executable->parameter_bytes)
		return atoll_error_set(err, -EINVAL, "%" PRIu32 " bytes from %" PRIu32
				       " of %" PRIu32, record->bytes, record->offset,
				       executable->parameter_bytes);
	return 0;
}

/* Only a parameter can be filled in. */
static int check_tensors(const struct carried *carried, const struct compiler_block *block,
			 struct atoll_error *err)
{
	for (uint32_t i = 0; i < block->tensors; i++)
		if (!carried->is_parameter[block->tensor[i]])
			return atoll_error_set(err, -EINVAL, "holds tensor %.60s, which is no "
				"parameter", carried->tensor[block->tensor[i]].name);
	return 0;
}

static int list_blocks(const struct carried *carried, const struct carried_record *record,
		       struct compiler_block *block, struct atoll_error *err)
{
	struct compiler_block all[COMPILER_BLOCKS_MAX];
	uint32_t count;
	int r = compiler_blocks(&carried->graph, record->op, all, &count, err);

	if (r < 0)
		return r;
	if (record->nth >= count)
		return atoll_error_set(err, -EINVAL, "number %" PRIu32 " of %" PRIu32
				       " of operator %" PRIu32, record->nth, count,
				       record->op);
	*block = all[record->nth];
	return check_tensors(carried, block, err);
}

/* A bias of zeros has no table: the block is then as one gets it with zeros there. */
static bool lacks_bias(const struct carried_record *record, const struct compiler_block *block)
{
	return block->tensors > 0 && block->tables & COMPILER_TABLE_BIAS &&
	       record->tables == (block->tables & ~(uint32_t)COMPILER_TABLE_BIAS);
}

static int find_block(struct carried *carried, const struct carried_record *record,
		      void *zeros, struct compiler_block *block, struct atoll_error *err)
{
	int r = list_blocks(carried, record, block, err);

	if (r == 0 && lacks_bias(record, block)) {
		int32_t bias = block->tensor[block->tensors - 1];
		void *ones = carried->tensor[bias].data;

		carried->tensor[bias].data = zeros;
		carried->is_held[bias] = true;
		r = list_blocks(carried, record, block, err);
		carried->tensor[bias].data = ones;
	}
	if (r < 0)
		return r;
	if (record->kind != (uint32_t)block->kind || record->tables != block->tables ||
	    record->bytes != block->bytes)
		return atoll_error_set(err, -EINVAL, "kind %" PRIu32 ", tables %" PRIu32
			", %" PRIu32 " bytes: the graph asks for kind %d, tables %" PRIu32
			", %" PRIu32 " bytes", record->kind, record->tables, record->bytes,
			(int)block->kind, block->tables, block->bytes);
	for (uint32_t i = 0; i < block->tensors; i++)
		carried->is_held[block->tensor[i]] = true;
	return 0;
}

static int read_pieces(struct carried *carried, const uint8_t *records, void *zeros,
		       struct atoll_error *err)
{
	for (uint32_t i = 0; i < carried->pieces; i++) {
		struct carried_record record =
			read_record(records + (size_t)i * CARRIED_RECORD_BYTES);
		struct carried_piece *piece = &carried->piece[i];
		int r = check_place(carried, &record, err);

		if (r == 0)
			r = find_block(carried, &record, zeros, &piece->block, err);
		if (r < 0) {
			atoll_error_prefix(err, "block %" PRIu32, i);
			return r;
		}
		piece->vector = record.vector;
		piece->offset = record.offset;
	}
	return 0;
}

static int find_records(struct carried *carried, const uint8_t **records,
			struct atoll_error *err)
{
	const struct atoll_model *model = carried->model;
	size_t size = 0;

	for (uint32_t i = 0; i < model->metadata; i++)
		if (strcmp(model->metadatum[i].name, CARRIED_PARAMETERS) == 0) {
			*records = model->metadatum[i].bytes;
			size = model->metadatum[i].size;
		}
	if (size % CARRIED_RECORD_BYTES != 0 || size / CARRIED_RECORD_BYTES > UINT32_MAX)
		return atoll_error_set(err, -EINVAL, "%s: %zu bytes are no whole "
				       "records", CARRIED_PARAMETERS, size);
	carried->pieces = (uint32_t)(size / CARRIED_RECORD_BYTES);
	carried->piece = memory_take(&carried->memory,
				     carried->pieces * sizeof(*carried->piece));
	return carried->piece ? 0 : carried_no_memory(err);
}

/* Contents of all parameters at once, while the blocks are found. */
static void point_parameters(struct carried *carried, void *data)
{
	for (uint32_t i = 0; i < carried->graph.tensors; i++)
		if (carried->is_parameter[i])
			carried->tensor[i].data = data;
}

static int read_records(struct carried *carried, struct atoll_error *err)
{
	struct memory memory = MEMORY_UNLIMITED;
	void *ones = memory_take(&memory, carried->largest);
	void *zeros = memory_take(&memory, carried->largest);
	const uint8_t *records = NULL;
	int r = ones && zeros ? find_records(carried, &records, err) : carried_no_memory(err);

	if (r == 0) {
		memset(ones, 1, carried->largest);
		point_parameters(carried, ones);
		r = read_pieces(carried, records, zeros, err);
		point_parameters(carried, NULL);
	}
	memory_free(&memory);
	return r;
}

static int by_place(const void *a, const void *b)
{
	const struct carried_piece *x = *(const struct carried_piece *const *)a;
	const struct carried_piece *y = *(const struct carried_piece *const *)b;

	if (x->vector != y->vector)
		return x->vector < y->vector ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* One block after the other, from the begin of a vector to its end. */
static int check_vector(const struct carried *carried, uint32_t vector,
			const struct carried_piece ***next,
			const struct carried_piece *const *end, struct atoll_error *err)
{
	const struct edgetpu_executable *executable = executable_of(carried, vector);
	uint32_t at = 0;

	for (; *next < end && (**next)->vector == vector; (*next)++) {
		if ((**next)->offset != at)
			break;
		at += (**next)->block.bytes;
	}
	if (*next < end && (**next)->vector == vector)
		return atoll_error_set(err, -EINVAL, "blocks overlap or leave gaps at "
				       "%" PRIu32 " of vector %" PRIu32, at, vector);
	if (executable && at != executable->parameter_bytes)
		return atoll_error_set(err, -EINVAL, "blocks of %" PRIu32 " bytes in a "
				       "vector of %" PRIu32, at, executable->parameter_bytes);
	return 0;
}

static int check_blocks(const struct carried *carried, struct atoll_error *err)
{
	const struct carried_piece **list = calloc(carried->pieces + (size_t)1, sizeof(*list));
	const struct carried_piece **next = list;
	int r = list ? 0 : carried_no_memory(err);

	for (uint32_t i = 0; i < carried->pieces && r == 0; i++)
		list[i] = &carried->piece[i];
	if (r == 0)
		qsort(list, carried->pieces, sizeof(*list), by_place);
	for (uint32_t vector = 0; vector < 2 && r == 0; vector++)
		r = check_vector(carried, vector, &next, list + carried->pieces, err);
	free(list);
	for (uint32_t i = 0; i < carried->graph.tensors && r == 0; i++)
		if (carried->is_parameter[i] && !carried->is_held[i])
			r = atoll_error_set(err, -EINVAL, "no block holds tensor %.60s",
					    carried->tensor[i].name);
	return r;
}

static int read_graph(struct carried *carried, struct atoll_error *err)
{
	int r = check_counts(carried, err);

	if (r == 0)
		r = take_graph(carried, err);
	if (r == 0)
		r = extract_check_layers(carried->package->main, &carried->graph, err);
	if (r == 0)
		r = read_records(carried, err);
	return r < 0 ? r : check_blocks(carried, err);
}

/* Any other bytes in this place are not ours. */
static bool has_graph(const struct edgetpu_executable *executable)
{
	return executable->model_bytes >= 8 &&
	       memcmp(executable->model + 4, TFLITE_IDENTIFIER, 4) == 0;
}

static int open_all(struct carried *carried, struct atoll_error *err)
{
	const struct edgetpu_executable *main = carried->package->main;
	int r = has_graph(main) ? carried_check(carried->package, err) :
				  atoll_error_set(err, -EINVAL, "there is none");

	if (r == 0) {
		carried->model = atoll_model_load_bytes(main->model, main->model_bytes,
							CARRIED_NAME, err);
		if (!carried->model)
			return -EINVAL;
		r = read_graph(carried, err);
	}
	if (r < 0)
		atoll_error_prefix(err, CARRIED_NAME);
	return r;
}

ATOLL_API bool carried_is(const struct edgetpu_package *package)
{
	const struct edgetpu_executable *main = package->main;

	return has_graph(main) ||
	       (main->chunks > 0 && main->chunk[0].size >= CARRIED_MAGIC_BYTES &&
		memcmp(main->chunk[0].bytes, CARRIED_MAGIC, CARRIED_MAGIC_BYTES) == 0);
}

ATOLL_API struct carried *carried_open(const struct edgetpu_package *package,
				       struct atoll_error *err)
{
	struct carried *carried = calloc(1, sizeof(*carried));

	if (!carried) {
		atoll_error_set(err, -ENOMEM, CARRIED_NAME ": no memory");
		return NULL;
	}
	carried->package = package;
	carried->memory = MEMORY_UNLIMITED;
	if (open_all(carried, err) == 0)
		return carried;
	carried_close(carried);
	return NULL;
}

ATOLL_API void carried_close(struct carried *carried)
{
	if (!carried)
		return;
	atoll_model_free(carried->model);
	memory_free(&carried->memory);
	free(carried);
}
