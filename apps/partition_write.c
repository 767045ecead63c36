/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/partition.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "apps/options.h"
#include "board/replacement.h"

char *partition_path(const char *folder, const char *stem, uint32_t segment,
		     uint32_t segments, const char *ending)
{
	char *path;

	return asprintf(&path, "%s/%s_segment_%u_of_%u%s", folder, stem, segment, segments,
			ending) < 0 ? NULL : path;
}

static int could_not(struct atoll_error *err, int r, const char *path)
{
	return atoll_error_set(err, r, "%s: %s", atoll_error_path(path), strerror(-r));
}

static int write_file(const char *path, const void *bytes, size_t size, struct atoll_error *err)
{
	struct atoll_replacement replacement;
	int r = atoll_replacement_open(&replacement, path);

	if (r < 0)
		return could_not(err, r, path);
	if (fwrite(bytes, 1, size, replacement.file) != size)
		r = -errno;
	r = atoll_replacement_close(&replacement, r);
	return r < 0 ? could_not(err, r, path) : 0;
}

int partition_write(const struct partition_model *model, uint32_t first, uint32_t count,
		    const char *path, struct atoll_error *err)
{
	struct atoll_model *part = atoll_segments_cut(model->segments, first, count, err);
	int r = -EINVAL;

	if (part)
		r = write_file(path, part->bytes, part->size, err);
	atoll_model_free(part);
	return r;
}

int partition_make_folder(const char *folder, struct atoll_error *err)
{
	if (mkdir(folder, 0777) < 0 && !(errno == EEXIST && options_is_folder(folder)))
		return could_not(err, -errno, folder);
	return 0;
}
