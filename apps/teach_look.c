/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/teach_look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/teach_variants.h"
#include "runtime/learn/embedding.h"

struct teach_look {
	struct atoll_model *model, *twin; /* twin: or NULL */
	struct atoll_session *session;
	struct atoll_convert *convert;
	struct teach_image image;
	uint8_t *bytes, *variant;         /* [height][width][channels] */
	uint32_t size;
};

static int load(const struct teach_project *project, const char *file,
		struct atoll_model **model, struct atoll_error *err)
{
	char *path = teach_project_path(project, file);

	if (!path)
		return atoll_error_set(err, -ENOMEM, "project: out of memory");
	*model = atoll_model_load(path, err);
	free(path);
	return *model ? 0 : -EINVAL;
}

static int check_digest(const struct teach_project *project, const struct atoll_model *model,
			struct atoll_error *err)
{
	/* Only read through it. */
	const struct atoll_tensor file = { .data = (void *)(uintptr_t)model->bytes,
					   .bytes = model->size };
	char digest[ATOLL_DIGEST_TEXT];

	atoll_tensor_digest(&file, digest);
	if (strcmp(digest, project->digest) != 0)
		return atoll_error_set(err, -EINVAL, "%s: not the model that the examples "
				       "are of", atoll_error_path(model->path));
	return 0;
}

static bool has_compiled(const struct teach_project *project)
{
	char *path = teach_project_path(project, "extractor_edgetpu.tflite");
	const bool is_there = path && access(path, R_OK) == 0;

	free(path);
	return is_there;
}

static int open_session(struct teach_look *look, const struct teach_project *project,
			struct atoll_session_options options, struct atoll_error *err)
{
	int r = load(project, "extractor.tflite", &look->model, err);

	if (r == 0)
		r = check_digest(project, look->model, err);
	if (r == 0 && has_compiled(project)) {
		look->twin = look->model;
		look->model = NULL;
		options.twin = look->twin;
		r = load(project, "extractor_edgetpu.tflite", &look->model, err);
	}
	if (r < 0)
		return r;
	look->session = atoll_session_open(look->model, &options, err);
	return look->session ? 0 : -EINVAL;
}

static int check_ends(const struct teach_look *look, struct atoll_error *err)
{
	const struct atoll_tensor *in = atoll_session_input(look->session, 0);
	const char *path = atoll_error_path(look->model->path);
	char shape[ATOLL_SHAPE_TEXT];

	if (atoll_session_inputs(look->session) != 1 || in->rank != 4 || in->dims[0] != 1 ||
	    in->dims[1] < 1 || in->dims[2] < 1 || (in->dims[3] != 3 && in->dims[3] != 1))
		return atoll_error_set(err, -ENOTSUP, "%s: input %s is not that of a picture, "
				       "1 x height x width x 3 or 1", path,
				       atoll_shape_text(in->rank, in->dims, shape));
	if (in->type != ATOLL_UINT8 && in->type != ATOLL_INT8 && in->type != ATOLL_FLOAT32)
		return atoll_error_set(err, -ENOTSUP, "%s: %s cannot take a picture; uint8, "
				       "int8 and float32 can", path, atoll_type_name(in->type));
	if (atoll_session_outputs(look->session) != 1 ||
	    atoll_session_output(look->session, 0)->elements != look->size)
		return atoll_error_set(err, -ENOTSUP, "%s: no output of %u numbers", path,
				       look->size);
	return 0;
}

static int prepare(struct teach_look *look, enum atoll_fit fit, struct atoll_error *err)
{
	const struct atoll_tensor *in = atoll_session_input(look->session, 0);
	const struct atoll_convert_config config = {
		.height = (uint32_t)in->dims[1], .width = (uint32_t)in->dims[2],
		.channels = (uint32_t)in->dims[3], .fit = fit, .store = ATOLL_STORE_UINT8,
	};

	look->convert = atoll_convert_new(&config, err);
	if (!look->convert)
		return -EINVAL;
	look->bytes = malloc(in->elements);
	look->variant = malloc(in->elements);
	if (!look->bytes || !look->variant)
		return atoll_error_set(err, -ENOMEM, "%s: out of memory",
				       atoll_error_path(look->model->path));
	look->image = (struct teach_image){
		.bytes = look->bytes, .width = config.width, .height = config.height,
		.channels = config.channels,
	};
	return 0;
}

struct teach_look *teach_look_open(const struct teach_project *project,
				   const struct atoll_session_options *options,
				   enum atoll_fit fit, struct atoll_error *err)
{
	struct teach_look *look = calloc(1, sizeof(*look));
	int r;

	if (!look) {
		atoll_error_set(err, -ENOMEM, "project: out of memory");
		return NULL;
	}
	look->size = project->size;
	r = open_session(look, project, *options, err);
	if (r == 0)
		r = check_ends(look, err);
	if (r == 0)
		r = prepare(look, fit, err);
	if (r < 0) {
		teach_look_close(look);
		return NULL;
	}
	return look;
}

void teach_look_close(struct teach_look *look)
{
	if (!look)
		return;
	atoll_session_close(look->session);
	atoll_model_free(look->model);
	atoll_model_free(look->twin);
	atoll_convert_free(look->convert);
	free(look->bytes);
	free(look->variant);
	free(look);
}

/* As apps/vision.h says that models of each type take pictures. */
static void store(const uint8_t *bytes, const struct atoll_tensor *in)
{
	for (size_t i = 0; i < in->elements; i++)
		if (in->type == ATOLL_FLOAT32)
			((float *)in->data)[i] = (float)bytes[i] / 127.5f - 1;
		else
			((uint8_t *)in->data)[i] =
				(uint8_t)(in->type == ATOLL_INT8 ? bytes[i] ^ 0x80 : bytes[i]);
}

int teach_look_at(struct teach_look *look, const struct atoll_frame *frame,
		  uint32_t variants, float *x, struct atoll_error *err)
{
	int r = atoll_convert_run(look->convert, frame, look->bytes);

	if (r < 0)
		return atoll_error_set(err, r, "%s", strerror(-r));
	for (uint32_t i = 0; i < variants; i++) {
		teach_variant(i, &look->image, look->variant);
		store(look->variant, atoll_session_input(look->session, 0));
		r = atoll_session_invoke(look->session);
		if (r == 0)
			r = atoll_embedding_read(atoll_session_output(look->session, 0),
						 x + (size_t)i * look->size, look->size);
		if (r < 0)
			return atoll_error_set(err, r, "%s: %s",
					       atoll_error_path(look->model->path),
					       strerror(-r));
	}
	return 0;
}
