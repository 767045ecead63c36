/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model file becomes the plain structs of model.h in three steps: map it,
 * verify that it is a FlatBuffer of the schema, then read it table by table,
 * which graph.c does for what is in the graphs.
 */
#include "runtime/model.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/graph.h"
#include "runtime/reader.h"
#include "runtime/schema/tflite.h"

/* What atoll_model_load returns the address of: the model comes first. */
struct loaded {
	struct atoll_model model;
	struct reader_block *blocks;
	/* Where model.bytes are when they are ours: */
	void *mapping; /* of model.size bytes, or NULL */
	void *taken;   /* malloc'ed, or NULL */
};

static int read_metadata(struct reader *reader, struct flatbuf_vector list)
{
	struct atoll_model *model = reader->model;
	struct atoll_metadata *metadatum = READER_TAKE(reader, list.count, metadatum);

	if (!metadatum)
		return -ENOMEM;
	model->metadata = list.count;
	model->metadatum = metadatum;
	for (uint32_t i = 0; i < list.count; i++) {
		struct flatbuf_table entry = flatbuf_vector_table(list, i);
		const char *name = flatbuf_string(entry, METADATA_NAME);
		int r = reader_buffer(reader, flatbuf_u32(entry, METADATA_BUFFER, 0),
				      &metadatum[i].bytes, &metadatum[i].size);

		if (r < 0) {
			atoll_error_prefix(reader->err, "metadata[%" PRIu32 "]", i);
			return r;
		}
		metadatum[i].name = name ? name : "";
	}
	return 0;
}

/* Tensors without contents point to buffer 0. */
static int check_first_buffer(struct reader *reader)
{
	const uint8_t *bytes;
	size_t length;
	int r = reader_buffer(reader, 0, &bytes, &length);

	if (r == 0 && length != 0)
		r = atoll_error_set(reader->err, -EINVAL,
				    "%zu bytes where none belong", length);
	if (r < 0)
		atoll_error_prefix(reader->err, "buffers[0]");
	return r;
}

/* The whole file, whose bytes are in place. */
static int read_model(struct loaded *loaded, const char *name, struct atoll_error *err)
{
	struct reader reader = { .model = &loaded->model, .blocks = &loaded->blocks,
				 .err = err };
	struct atoll_model *model = &loaded->model;
	struct flatbuf_table root;
	const char *description;
	uint32_t version;
	char *path = READER_TAKE(&reader, strlen(name) + 1, path);
	int r;

	if (!path)
		return -ENOMEM;
	model->path = strcpy(path, name);
	r = flatbuf_verify(model->bytes, model->size, &tflite_model_type,
			   TFLITE_IDENTIFIER, &root, err);
	if (r < 0)
		return r;
	version = flatbuf_u32(root, MODEL_VERSION, 0);
	if (version != TFLITE_VERSION)
		return atoll_error_set(err, -EINVAL, "version %" PRIu32 ", expected %d",
				       version, TFLITE_VERSION);
	description = flatbuf_string(root, MODEL_DESCRIPTION);
	model->description = description ? description : "";
	reader.codes = flatbuf_vector(root, MODEL_OPERATOR_CODES);
	reader.buffers = flatbuf_vector(root, MODEL_BUFFERS);

	r = check_first_buffer(&reader);
	if (r == 0)
		r = read_metadata(&reader, flatbuf_vector(root, MODEL_METADATA));
	if (r == 0)
		r = graph_read(&reader, flatbuf_vector(root, MODEL_SUBGRAPHS));
	return r;
}

/* Finish what holds the bytes; frees it and returns NULL when they are no model. */
static struct atoll_model *finish(struct loaded *loaded, const char *name,
				  struct atoll_error *err)
{
	struct atoll_error why;

	if (read_model(loaded, name, &why) == 0)
		return &loaded->model;
	atoll_error_set(err, why.code, "%s: %s", atoll_error_path(name), why.text);
	atoll_model_free(&loaded->model);
	return NULL;
}

ATOLL_API struct atoll_model *atoll_model_load_bytes(const void *bytes, size_t size,
						     const char *name,
						     struct atoll_error *err)
{
	struct loaded *loaded = calloc(1, sizeof(*loaded));

	if (!loaded) {
		atoll_error_set(err, -ENOMEM, "%s: no memory", atoll_error_path(name));
		return NULL;
	}
	loaded->model.bytes = bytes;
	loaded->model.size = size;
	return finish(loaded, name, err);
}

ATOLL_API struct atoll_model *atoll_model_take_bytes(void *bytes, size_t size,
						     const char *name,
						     struct atoll_error *err)
{
	struct atoll_model *model = atoll_model_load_bytes(bytes, size, name, err);

	if (model)
		((struct loaded *)model)->taken = bytes;
	else
		free(bytes);
	return model;
}

/* Map the regular file behind `fd`; `path` is for the sentences. */
static int map_file(struct loaded *loaded, int fd, const char *path,
		    struct atoll_error *err)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return atoll_error_set(err, -errno, "%s: %s", path, strerror(errno));
	if (S_ISDIR(status.st_mode))
		return atoll_error_set(err, -EISDIR, "%s: is a directory", path);
	if (!S_ISREG(status.st_mode))
		return atoll_error_set(err, -EINVAL, "%s: is not a regular file", path);
	if (status.st_size == 0)
		return atoll_error_set(err, -EINVAL, "%s: is empty", path);
	if ((uintmax_t)status.st_size > PTRDIFF_MAX)
		return atoll_error_set(err, -EFBIG, "%s: is too large to map", path);

	loaded->model.size = (size_t)status.st_size;
	loaded->mapping = mmap(NULL, loaded->model.size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (loaded->mapping == MAP_FAILED) {
		loaded->mapping = NULL;
		return atoll_error_set(err, -errno, "%s: map: %s", path, strerror(errno));
	}
	loaded->model.bytes = loaded->mapping;
	loaded->model.is_mapped = 1;
	return 0;
}

ATOLL_API struct atoll_model *atoll_model_load(const char *path, struct atoll_error *err)
{
	const char *named = atoll_error_path(path);
	struct loaded *loaded;
	/* A pipe would otherwise keep us waiting for someone to open its other end. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r;

	if (fd < 0) {
		atoll_error_set(err, -errno, "%s: %s", named, strerror(errno));
		return NULL;
	}
	loaded = calloc(1, sizeof(*loaded));
	if (loaded)
		r = map_file(loaded, fd, named, err);
	else
		r = atoll_error_set(err, -ENOMEM, "%s: no memory", named);
	(void)close(fd); /* the mapping stays; nothing was written */
	if (r < 0) {
		free(loaded);
		return NULL;
	}
	return finish(loaded, path, err);
}

ATOLL_API void atoll_model_free(struct atoll_model *model)
{
	struct loaded *loaded = (struct loaded *)model;

	if (!loaded)
		return;
	reader_free(loaded->blocks);
	if (loaded->mapping)
		(void)munmap(loaded->mapping, loaded->model.size); /* ours: cannot fail */
	free(loaded->taken);
	free(loaded);
}
