/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New weights in the vendor's program. Which instruction fetches what from where is not
 * known, and the order of the blocks neither; but the model it was compiled from tells
 * what every block looks like, so each is looked for and replaced where it lies.
 *
 *	twin      blocks as they were  ---- found in ---->  vectors of `like`
 *	graph     blocks as they are   ---- written to -->  the same places
 */
#include "runtime/compiler/emit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/carried.h"
#include "runtime/compiler/likeness.h"
#include "runtime/edgetpu/package.h"
#include "runtime/extract.h"
#include "runtime/flexbuf.h"
#include "runtime/memory.h"
#include "runtime/schema/darwinn.h"

/* A block in both graphs. */
struct piece {
	struct compiler_block here, there;
	uint32_t order;              /* among all pieces */
};

/* A vector of parameters and which of its units of 64 bytes are taken. */
struct vector {
	const uint8_t *bytes;
	uint32_t size;
	bool *is_taken;
};

struct mould {
	const struct emit_input *input;
	const struct atoll_graph *graph, *twin;
	const struct atoll_operator *op;   /* the vendor's */
	struct edgetpu_package *package;   /* of it */
	uint8_t *options;                  /* the copy that is changed */
	uint32_t pieces;
	struct piece *piece;
	struct vector vector[2];
	uint8_t *before, *after;           /* room for any block */
	struct memory memory;
	struct atoll_error *err;
};

static int no_memory(const struct mould *mould)
{
	return atoll_error_set(mould->err, -ENOMEM, "no memory to replace parameters");
}

/* The vendor's operator */

static bool has_layer(uint32_t layers, const struct edgetpu_layer *layer, const char *name)
{
	for (uint32_t i = 0; i < layers; i++)
		if (strcmp(layer[i].name, name) == 0)
			return true;
	return false;
}

/* In any order: models that other tools went over have another. */
static int check_names(const struct mould *mould, const char *role, uint32_t count,
		       const int32_t *tensor, uint32_t layers, const struct edgetpu_layer *layer)
{
	if (count != layers)
		return atoll_error_set(mould->err, -EINVAL, "%" PRIu32 " %ss, compiled with %"
				       PRIu32, count, role, layers);
	for (uint32_t i = 0; i < count; i++) {
		const char *name = mould->graph->tensor[tensor[i]].name;

		if (!has_layer(layers, layer, name))
			return atoll_error_set(mould->err, -EINVAL, "%s %.70s was none when it "
					       "was compiled, %.70s was", role, name,
					       layer[i].name);
	}
	return 0;
}

static int check_layers(const struct mould *mould)
{
	const struct compiler_part *part = mould->input->part;
	const struct edgetpu_executable *main = mould->package->main;
	int r = check_names(mould, "input", part->inputs, part->input, main->inputs,
			    main->input);

	return r < 0 ? r : check_names(mould, "output", part->outputs, part->output,
				       edgetpu_own_outputs(main), main->output);
}

/* The one with the inputs and outputs of the part; of the last the difference is told. */
static int find_operator(struct mould *mould, const struct atoll_model *like)
{
	const struct atoll_operator *op = NULL;
	int r = atoll_error_set(mould->err, -EINVAL, "%s: was not compiled for the Edge TPU",
				atoll_error_path(like->path));

	while ((op = edgetpu_next_compiled(&like->graph[0], op))) {
		edgetpu_package_free(mould->package);
		mould->op = op;
		mould->package = edgetpu_package_read(op->custom_options,
						      op->custom_options_bytes, mould->err);
		r = mould->package ? check_layers(mould) : mould->err->code;
		if (r == 0)
			break;
	}
	if (r == 0 && carried_is(mould->package))
		r = atoll_error_set(mould->err, -EINVAL, "compiled for emulated devices, "
				    "there are no instructions in it");
	if (r < 0 && mould->op)
		(void)atoll_error_prefix(mould->err, "%s", atoll_error_path(like->path));
	return r;
}

/* That `like` was made of this twin, and of as many operators as the part has. */
static int check_twin(const struct mould *mould, const struct atoll_model *twin)
{
	struct atoll_model *part = extract_twin(twin, mould->op->custom_options,
						mould->op->custom_options_bytes, mould->err);
	uint32_t operators;

	if (!part)
		return mould->err->code;
	operators = part->graph[0].operators;
	atoll_model_free(part);
	if (operators != mould->input->part->operators)
		return atoll_error_set(mould->err, -EINVAL, "%" PRIu32 " operators are mapped, %"
				       PRIu32 " were compiled", mould->input->part->operators,
				       operators);
	return 0;
}

/* Blocks */

static int compare_sizes(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->here.bytes != y->here.bytes)
		return x->here.bytes < y->here.bytes ? 1 : -1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int add_pieces(struct mould *mould, uint32_t op)
{
	struct compiler_block here[COMPILER_BLOCKS_MAX], there[COMPILER_BLOCKS_MAX];
	uint32_t count, count_there;
	int r = compiler_blocks(mould->graph, op, here, &count, mould->err);

	if (r == 0)
		r = compiler_blocks(mould->twin, op, there, &count_there, mould->err);
	for (uint32_t i = 0; i < count && r == 0; i++) {
		struct piece *piece = &mould->piece[mould->pieces];

		*piece = (struct piece){ .here = here[i], .there = there[i],
					 .order = mould->pieces };
		mould->pieces++;
	}
	return r;
}

/* Large ones first: a small one might be found inside of them. */
static int gather_pieces(struct mould *mould)
{
	const struct compiler_part *part = mould->input->part;
	uint32_t largest = 0;
	int r = 0;

	mould->piece = memory_take(&mould->memory, (size_t)part->operators *
				   COMPILER_BLOCKS_MAX * sizeof(*mould->piece));
	if (!mould->piece)
		return no_memory(mould);
	for (uint32_t i = 0; i < part->operators && r == 0; i++)
		r = add_pieces(mould, part->op[i]);
	if (r < 0)
		return r;
	qsort(mould->piece, mould->pieces, sizeof(*mould->piece), compare_sizes);
	if (mould->pieces > 0)
		largest = mould->piece[0].here.bytes;
	mould->before = memory_take(&mould->memory, largest);
	mould->after = memory_take(&mould->memory, largest);
	return mould->before && mould->after ? 0 : no_memory(mould);
}

static int open_vector(struct mould *mould, const struct edgetpu_executable *executable,
		       struct vector *vector)
{
	if (!executable)
		return 0;
	vector->bytes = executable->parameters;
	vector->size = executable->parameter_bytes;
	vector->is_taken = memory_take(&mould->memory, vector->size / 64 + 1);
	return vector->is_taken ? 0 : no_memory(mould);
}

static bool is_free(const struct vector *vector, uint32_t at, uint32_t bytes)
{
	return !memchr(vector->is_taken + at / 64, true, bytes / 64);
}

/* Where `before` lies, the first of several; NULL when nowhere. */
static const uint8_t *find_piece(struct mould *mould, uint32_t bytes)
{
	for (int v = 0; v < 2; v++) {
		struct vector *vector = &mould->vector[v];

		for (uint32_t at = 0; vector->size - at >= bytes; at += 64) {
			if (memcmp(vector->bytes + at, mould->before, bytes) != 0 ||
			    !is_free(vector, at, bytes))
				continue;
			memset(vector->is_taken + at / 64, true, bytes / 64);
			return vector->bytes + at;
		}
	}
	return NULL;
}

/* A block that nobody knows how to find may stay when it is the same. */
static int replace_piece(struct mould *mould, const struct piece *piece)
{
	uint32_t bytes = piece->here.bytes;
	const uint8_t *at = NULL;
	bool is_same;

	compiler_block_write(mould->twin, &piece->there, mould->before);
	compiler_block_write(mould->graph, &piece->here, mould->after);
	is_same = memcmp(mould->before, mould->after, bytes) == 0;
	if (piece->here.kind != COMPILER_CONSTANT) /* those are ours alone */
		at = find_piece(mould, bytes);
	if (!at && !is_same)
		return atoll_error_set(mould->err, -EINVAL, "operator %" PRIu32 " (%s): its "
				       "parameters differ, but how they lie in the compiled "
				       "model is not known", piece->here.op,
				       mould->graph->op[piece->here.op].name);
	if (at)
		memcpy(mould->options + (at - mould->op->custom_options), mould->after, bytes);
	return 0;
}

static int replace_pieces(struct mould *mould)
{
	int r = gather_pieces(mould);

	if (r == 0)
		r = open_vector(mould, mould->package->caching, &mould->vector[0]);
	if (r == 0)
		r = open_vector(mould, mould->package->main, &mould->vector[1]);
	for (uint32_t i = 0; i < mould->pieces && r == 0; i++)
		r = replace_piece(mould, &mould->piece[i]);
	return r;
}

/* The token, and the order of layers */

/* Where a number of 8 bytes is stored in a verified table; NULL when it is not. */
static const uint8_t *place_of(struct flatbuf_table table, unsigned id)
{
	const uint8_t *vtable;
	int32_t back;
	uint16_t size, at;

	memcpy(&back, table.at, sizeof(back));
	vtable = table.at - back;
	memcpy(&size, vtable, sizeof(size));
	if (4 + 2 * id + sizeof(at) > size)
		return NULL;
	memcpy(&at, vtable + 4 + 2 * id, sizeof(at));
	return at > 0 ? table.at + at : NULL;
}

/* The executables inside options that could be read. */
static int find_executables(const struct atoll_operator *op, struct flatbuf_vector *executables,
			    struct atoll_error *err)
{
	struct flexbuf_value options, value;
	struct flatbuf_table root, multi;
	struct flatbuf_vector inner;
	const uint8_t *package;
	size_t size;
	int r = flexbuf_root(op->custom_options, op->custom_options_bytes, &options, err);

	if (r == 0)
		r = flexbuf_map_get(options, "4", &value);
	if (r == 0)
		r = flexbuf_as_blob(value, &package, &size);
	if (r == 0)
		r = flatbuf_verify(package, size, &darwinn_package_type, NULL, &root, err);
	if (r < 0)
		return r;
	inner = flatbuf_vector(root, DARWINN_PACKAGE_SERIALIZED_MULTI_EXECUTABLE);
	r = flatbuf_verify(inner.at, inner.count, &darwinn_multi_executable_type, NULL, &multi,
			   err);
	if (r == 0)
		*executables = flatbuf_vector(multi,
					      DARWINN_MULTI_EXECUTABLE_SERIALIZED_EXECUTABLES);
	return r;
}

/* One that keeps nothing on the chip has no token and gets none. */
static void replace_token(struct mould *mould, struct flatbuf_table executable)
{
	const uint8_t *at = place_of(executable, DARWINN_EXECUTABLE_PARAMETER_CACHING_TOKEN);
	uint64_t token = mould->input->token;

	if (at)
		memcpy(mould->options + (at - mould->op->custom_options), &token,
		       sizeof(token));
}

/* Let slot i of a list of tables lead to this one. Tables lie behind the lists. */
static int point_slot(struct mould *mould, struct flatbuf_vector list, uint32_t i,
		      struct flatbuf_table table)
{
	const uint8_t *slot = list.at + (size_t)i * sizeof(uint32_t);
	uint32_t distance = (uint32_t)(table.at - slot);

	if (table.at <= slot)
		return atoll_error_set(mould->err, -EINVAL, "layers cannot be brought into "
				       "their order");
	memcpy(mould->options + (slot - mould->op->custom_options), &distance,
	       sizeof(distance));
	return 0;
}

/*
 * The operator's inputs or outputs stand in the order of our tensors, and layers have to
 * do so, too. Whatever else refers to a layer does so by its name.
 */
static int sort_layers(struct mould *mould, struct flatbuf_vector list, uint32_t count,
		       const int32_t *tensor)
{
	int r = 0;

	for (uint32_t i = 0; i < count && r == 0; i++)
		for (uint32_t l = 0; l < list.count && r == 0; l++) {
			struct flatbuf_table layer = flatbuf_vector_table(list, l);
			const char *name = flatbuf_string(layer, DARWINN_LAYER_NAME);

			if (name && strcmp(name, mould->graph->tensor[tensor[i]].name) == 0)
				r = point_slot(mould, list, i, layer);
		}
	return r;
}

static int finish_executable(struct mould *mould, struct flatbuf_vector bytes)
{
	const struct compiler_part *part = mould->input->part;
	struct flatbuf_vector in, out;
	struct flatbuf_table table;
	int r = flatbuf_verify(bytes.at, bytes.count, &darwinn_executable_type, NULL, &table,
			       mould->err);

	if (r < 0)
		return r;
	replace_token(mould, table);
	in = flatbuf_vector(table, DARWINN_EXECUTABLE_INPUT_LAYERS);
	out = flatbuf_vector(table, DARWINN_EXECUTABLE_OUTPUT_LAYERS);
	if (in.count < part->inputs || out.count < part->outputs)
		return 0; /* one that brings parameters */
	r = sort_layers(mould, in, part->inputs, part->input);
	return r < 0 ? r : sort_layers(mould, out, part->outputs, part->output);
}

static int finish_executables(struct mould *mould)
{
	struct flatbuf_vector executables = { .count = 0 };
	int r = find_executables(mould->op, &executables, mould->err);

	for (uint32_t i = 0; i < executables.count && r == 0; i++)
		r = finish_executable(mould, flatbuf_vector_bytes(executables, i));
	return r;
}

static int copy_options(struct mould *mould)
{
	mould->options = malloc(mould->op->custom_options_bytes);
	if (!mould->options)
		return no_memory(mould);
	memcpy(mould->options, mould->op->custom_options, mould->op->custom_options_bytes);
	return 0;
}

int emit_like(const struct emit_input *input, const struct atoll_model *like,
	      const struct atoll_model *twin, struct emit_options *options,
	      struct atoll_error *err)
{
	struct atoll_error why;
	struct mould mould = {
		.input = input, .graph = input->graph->graph, .twin = &twin->graph[0],
		.memory = MEMORY_UNLIMITED, .err = err ? err : &why,
	};
	int r = find_operator(&mould, like);

	if (r == 0)
		r = likeness_check(mould.graph, input->part, mould.twin, mould.err);
	if (r == 0)
		r = check_twin(&mould, twin);
	if (r == 0)
		r = copy_options(&mould);
	if (r == 0)
		r = replace_pieces(&mould);
	if (r == 0)
		r = finish_executables(&mould);
	if (r == 0)
		*options = (struct emit_options){ .bytes = mould.options,
						  .size = mould.op->custom_options_bytes };
	else
		free(mould.options);
	edgetpu_package_free(mould.package);
	memory_free(&mould.memory);
	return r;
}
