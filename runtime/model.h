/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_MODEL_H
#define ATOLL_RUNTIME_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/flatbuf.h"
#include "runtime/tensor.h"

/*
 * A .tflite file: verified once, completely, then read in place.
 *
 *	struct atoll_error err;
 *	struct atoll_model *model = atoll_model_load("cards.tflite", &err);
 *
 *	if (!model)
 *		errx(1, "%s", err.text);
 *	printf("%u operators\n", model->graph[0].operators);
 *	atoll_model_free(model);
 *
 * Everything is for reading only and lives as long as the model. Any number of
 * sessions and threads may share one model.
 *
 * In a model that loaded, every index is in range, every constant has the bytes
 * that its shape asks for, aligned for its type, the scales fit the shapes, and
 * each operator finds its inputs: constants, variables, inputs of the graph, or
 * what operators before it computed. Whether there are kernels for it all is the
 * session's question.
 */

struct atoll_operator {
	uint32_t code;               /* BuiltinOperator of the format; 32 is CUSTOM */
	const char *name;            /* "CONV_2D"; for CUSTOM its custom_code */
	int32_t version;
	uint32_t inputs, outputs, intermediates;
	const int32_t *input;        /* [inputs] tensor indices, -1: left out */
	const int32_t *output;       /* [outputs] */
	const int32_t *intermediate; /* [intermediates] */
	uint8_t options_type;        /* union tag of the format, 0 none */
	struct flatbuf_table options; /* absent, which reads as all defaults, when there
					is none or one that belongs to another code */
	const uint8_t *custom_options;
	size_t custom_options_bytes;
};

struct atoll_graph {
	const char *name;
	uint32_t tensors, inputs, outputs, operators;
	struct atoll_tensor *tensor;    /* [tensors]; data is read-only and mostly in
					   the file for constants, NULL for others */
	const uint8_t *is_variable;     /* [tensors] keeps its value between runs */
	const int32_t *input, *output;  /* [inputs], [outputs] tensor indices */
	const struct atoll_operator *op; /* [operators], in execution order */
};

struct atoll_model {
	const char *path;            /* as given; the name for bytes in memory */
	const char *description;     /* never NULL */
	const uint8_t *bytes;        /* the whole file */
	size_t size;
	int is_mapped;               /* bytes are a read-only mapping of the file */
	uint32_t graphs;             /* at least 1; graph[0] is the main one */
	const struct atoll_graph *graph;
	uint32_t metadata;
	const struct atoll_metadata {
		const char *name;
		const uint8_t *bytes;
		size_t size;
	} *metadatum;                /* [metadata] */
};

/*
 * Map and verify a file. NULL and a sentence naming file, element and broken
 * rule when it is not a model that can be trusted:
 *
 *	cards.tflite: subgraphs[0].tensors[3]: 2 scales for 3 channels
 *
 * The file may be removed or replaced afterwards, but not be shortened.
 */
struct atoll_model *atoll_model_load(const char *path, struct atoll_error *err);

/*
 * The same over bytes that the caller keeps alive and unchanged until free.
 * `name` takes the place of the path in errors and is copied.
 */
struct atoll_model *atoll_model_load_bytes(const void *bytes, size_t size,
					   const char *name,
					   struct atoll_error *err);

/*
 * The same over malloc'ed bytes, such as atoll_builder_finish makes, that become
 * the model's own. They are freed with it, and also when it does not load.
 */
struct atoll_model *atoll_model_take_bytes(void *bytes, size_t size, const char *name,
					   struct atoll_error *err);

/* NULL is allowed. */
void atoll_model_free(struct atoll_model *model);

/* "CONV_2D" for 3, ...; "operator 999" is NULL. */
const char *atoll_operator_name(uint32_t code);

#endif
