/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/compile_cut.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "apps/beside.h"
#include "apps/compile_files.h"
#include "runtime/compiler/segment.h"

static char *segment_path(const char *path, uint32_t i, uint32_t segments, const char *folder)
{
	char *stem = beside_name(path), *result = NULL;
	char rest[64];

	(void)snprintf(rest, sizeof(rest), "_segment_%" PRIu32 "_of_%" PRIu32 ".tflite", i,
		       segments);
	if (stem)
		result = files_path(folder, stem, rest);
	free(stem);
	return result;
}

static int make_segments(struct cut *cut, struct atoll_segments *segments,
			 const uint32_t *count, const char *path, const char *folder,
			 struct atoll_error *err)
{
	uint32_t first = 0;

	for (uint32_t i = 0; i < cut->segments; i++) {
		struct cut_segment *segment = &cut->segment[i];

		segment->path = segment_path(path, i, cut->segments, folder);
		if (!segment->path)
			return atoll_error_set(err, -ENOMEM, "no memory");
		segment->model = atoll_segments_cut(segments, first, count[i], err);
		if (!segment->model)
			return -EINVAL;
		first += count[i];
	}
	for (uint32_t i = 0; i < cut->segments; i++) {
		const struct cut_segment *segment = &cut->segment[i];
		int r = files_write_bytes(segment->path, segment->model->bytes,
					  segment->model->size, err);

		if (r < 0)
			return r;
	}
	return 0;
}

struct cut *cut_new(const struct atoll_model *model, const char *path, uint32_t number,
		    const char *folder, struct atoll_error *err)
{
	struct cut *cut = calloc(1, sizeof(*cut));
	uint32_t *count = calloc(number, sizeof(*count));
	struct atoll_segments *segments = NULL;
	int r = -ENOMEM;

	if (cut)
		cut->segment = calloc(number, sizeof(*cut->segment));
	if (!cut || !count || !cut->segment) {
		atoll_error_set(err, r, "no memory");
		goto done;
	}
	cut->segments = number;
	segments = atoll_segments_new(model, err);
	r = segments ? atoll_segments_balance(segments, number, count, err) : -EINVAL;
	if (r == 0)
		r = make_segments(cut, segments, count, path, folder, err);
done:
	atoll_segments_free(segments);
	free(count);
	if (r < 0) {
		cut_free(cut);
		return NULL;
	}
	return cut;
}

void cut_free(struct cut *cut)
{
	if (!cut)
		return;
	for (uint32_t i = 0; i < cut->segments; i++) {
		atoll_model_free(cut->segment[i].model);
		free(cut->segment[i].path);
	}
	free(cut->segment);
	free(cut);
}
