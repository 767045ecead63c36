/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file around the custom operators, as the vendor's compiler writes it: operators
 * that stay keep their order, of tensors those that somebody still refers to, of
 * metadata all but what described the conversion.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/compiler/archive.h"
#include "runtime/compiler/emit.h"
#include "runtime/compiler/rewrite.h"
#include "runtime/edgetpu/package.h"
#include "runtime/schema/tflite.h"

#define DESCRIPTION "Exported from Subgraph."

struct emission {
	const struct atoll_model *model;
	const struct atoll_graph *graph;
	const struct compiler_partition *partition;
	const struct emit_options *options; /* [partition->parts] */
	struct rewrite rewrite;
};

static int no_memory(const struct emission *emission, struct atoll_error *err)
{
	return atoll_error_set(err, -ENOMEM, "%s: no memory to write it anew",
			       atoll_error_path(emission->model->path));
}

static void use_tensors(struct emission *emission)
{
	const struct compiler_partition *partition = emission->partition;
	struct rewrite *rewrite = &emission->rewrite;

	rewrite_use(rewrite, emission->graph->inputs, emission->graph->input);
	rewrite_use(rewrite, emission->graph->outputs, emission->graph->output);
	for (uint32_t i = 0; i < partition->parts; i++) {
		rewrite_use(rewrite, partition->part[i].inputs, partition->part[i].input);
		rewrite_use(rewrite, partition->part[i].outputs, partition->part[i].output);
	}
	for (uint32_t i = 0; i < partition->steps; i++)
		if (partition->step[i] >= 0)
			rewrite_use_operator(rewrite,
					     &emission->graph->op[partition->step[i]]);
}

/* The vendor's compiler has version 1 for every operator; so its runtime takes those
   that it would not otherwise. */
static int add_cpu_operator(struct emission *emission, uint32_t index,
			    struct atoll_error *err)
{
	struct atoll_operator op = emission->graph->op[index];

	op.version = 1;
	return rewrite_operator(&emission->rewrite, &op, err);
}

static int add_part(struct emission *emission, uint32_t index, struct atoll_error *err)
{
	const struct compiler_part *part = &emission->partition->part[index];
	struct atoll_builder_operator op = {
		.code = BUILTIN_CUSTOM, .custom = EDGETPU_OPERATOR,
		.inputs = part->inputs, .outputs = part->outputs,
		.input = rewrite_list(&emission->rewrite, part->inputs, part->input),
		.output = rewrite_list(&emission->rewrite, part->outputs, part->output),
		.custom_options = emission->options[index].bytes,
		.custom_options_bytes = emission->options[index].size,
	};

	if (!op.input || !op.output)
		return no_memory(emission, err);
	atoll_builder_operator(emission->rewrite.builder, &op);
	return 0;
}

static int add_operators(struct emission *emission, struct atoll_error *err)
{
	int r = 0;

	for (uint32_t i = 0; i < emission->partition->steps && r == 0; i++) {
		int32_t step = emission->partition->step[i];

		r = step >= 0 ? add_cpu_operator(emission, (uint32_t)step, err) :
				add_part(emission, (uint32_t)(-1 - step), err);
	}
	return r;
}

static bool is_dropped(const char *name)
{
	return strcmp(name, "min_runtime_version") == 0 ||
	       strcmp(name, "CONVERSION_METADATA") == 0;
}

static int write_graph(struct emission *emission, struct atoll_error *err)
{
	const struct atoll_graph *graph = emission->graph;
	const struct atoll_model *model = emission->model;
	struct atoll_builder *builder = emission->rewrite.builder;
	const int32_t *input, *output;
	int r;

	use_tensors(emission);
	rewrite_tensors(&emission->rewrite, NULL);
	r = add_operators(emission, err);
	if (r < 0)
		return r;
	input = rewrite_list(&emission->rewrite, graph->inputs, graph->input);
	output = rewrite_list(&emission->rewrite, graph->outputs, graph->output);
	if (!input || !output)
		return no_memory(emission, err);
	atoll_builder_inputs(builder, graph->inputs, input);
	atoll_builder_outputs(builder, graph->outputs, output);
	atoll_builder_graph_name(builder, graph->name);
	for (uint32_t i = 0; i < model->metadata; i++)
		if (!is_dropped(model->metadatum[i].name))
			atoll_builder_metadata(builder, model->metadatum[i].name,
					       model->metadatum[i].bytes,
					       model->metadatum[i].size);
	return 0;
}

/* The files that stand behind the model come behind this one. */
static int append_archive(const struct emission *emission, void **bytes, size_t *size,
			  struct atoll_error *err)
{
	const struct atoll_model *model = emission->model;
	size_t begin = archive_find(model->bytes, model->size);
	size_t archive_bytes = model->size - begin;
	uint8_t *grown;

	if (archive_bytes == 0 || archive_bytes > UINT32_MAX - *size)
		return 0;
	grown = realloc(*bytes, *size + archive_bytes);
	if (!grown)
		return no_memory(emission, err);
	memcpy(grown + *size, model->bytes + begin, archive_bytes);
	archive_move(grown + *size, archive_bytes, *size);
	*bytes = grown;
	*size += archive_bytes;
	return 0;
}

int emit_model(const struct compiler_graph *graph, const struct compiler_partition *partition,
	       const struct emit_options *options, void **bytes, size_t *size,
	       struct atoll_error *err)
{
	struct emission emission = { .model = graph->model, .graph = graph->graph,
				     .partition = partition, .options = options };
	void *file = NULL;
	size_t file_bytes = 0;
	int r;

	if (graph->model->graphs > 1)
		return atoll_error_set(err, -ENOTSUP, "%s: %" PRIu32 " graphs, and only "
				       "models of one are compiled",
				       atoll_error_path(graph->model->path),
				       graph->model->graphs);
	r = rewrite_begin(&emission.rewrite, graph->model, DESCRIPTION, err);
	if (r == 0)
		r = write_graph(&emission, err);
	if (r == 0)
		r = rewrite_finish(&emission.rewrite, &file, &file_bytes, err);
	if (r == 0)
		r = append_archive(&emission, &file, &file_bytes, err);
	rewrite_end(&emission.rewrite);
	if (r < 0) {
		free(file);
		return r;
	}
	*bytes = file;
	*size = file_bytes;
	return 0;
}
