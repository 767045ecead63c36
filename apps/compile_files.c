/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/compile_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "apps/beside.h"
#include "apps/compile_report.h"
#include "board/replacement.h"

char *files_path(const char *folder, const char *stem, const char *rest)
{
	const char *slash = folder && *folder && folder[strlen(folder) - 1] != '/' ? "/" : "";
	char *path;

	return asprintf(&path, "%s%s%s%s", folder ? folder : "", slash, stem, rest) < 0 ?
		NULL : path;
}

int files_name(struct compile_item *item, const char *folder)
{
	char *stem = beside_name(item->path);

	if (stem) {
		item->output_path = files_path(folder, stem, "_edgetpu.tflite");
		item->log_path = files_path(folder, stem, "_edgetpu.log");
	}
	free(stem);
	return item->output_path && item->log_path ? 0 : -ENOMEM;
}

void files_free(struct compile_item *item)
{
	free(item->output_path);
	free(item->log_path);
	item->output_path = item->log_path = NULL;
}

static int could_not(struct atoll_error *err, int r, const char *path)
{
	return atoll_error_set(err, r, "%s: %s", atoll_error_path(path), strerror(-r));
}

int files_make_folder(const char *folder, struct atoll_error *err)
{
	if (!folder || !*folder || mkdir(folder, 0777) == 0 || errno == EEXIST)
		return 0;
	return could_not(err, -errno, folder);
}

/* Two files for each item, so far under other names; how many were begun. */
static uint32_t begin(struct atoll_replacement *file, const struct compile_item *item,
		      uint32_t items, int *r, struct atoll_error *err)
{
	for (uint32_t i = 0; i < 2 * items; i++) {
		const struct compile_item *of = &item[i / 2];
		const char *path = i % 2 ? of->log_path : of->output_path;

		*r = atoll_replacement_open(&file[i], path);
		if (*r < 0) {
			could_not(err, *r, path);
			return i;
		}
	}
	return 2 * items;
}

int files_write(const struct compile_item *item, uint32_t items, const char *version,
		struct atoll_error *err)
{
	struct atoll_replacement *file = calloc(2 * (size_t)items, sizeof(*file));
	uint32_t begun;
	int r = 0;

	if (!file)
		return atoll_error_set(err, -ENOMEM, "no memory");
	begun = begin(file, item, items, &r, err);
	for (uint32_t i = 0; r == 0 && i < begun; i++) {
		if (i % 2)
			report_log(file[i].file, version, &item[i / 2]);
		else
			(void)fwrite(item[i / 2].compiled->bytes, 1, item[i / 2].compiled->size,
				     file[i].file); /* flush tells */
		if (fflush(file[i].file) != 0 || ferror(file[i].file)) {
			r = errno ? -errno : -EIO;
			could_not(err, r, file[i].path);
		}
	}
	for (uint32_t i = 0; i < begun; i++) {
		int closed = atoll_replacement_close(&file[i], r);

		if (closed < 0 && r == 0)
			r = could_not(err, closed, i % 2 ? item[i / 2].log_path :
				      item[i / 2].output_path);
	}
	free(file);
	return r;
}

int files_write_bytes(const char *path, const void *bytes, size_t size,
		      struct atoll_error *err)
{
	struct atoll_replacement file;
	int r = atoll_replacement_open(&file, path);

	if (r == 0) {
		(void)fwrite(bytes, 1, size, file.file); /* close tells */
		r = atoll_replacement_close(&file, 0);
	}
	return r < 0 ? could_not(err, r, path) : 0;
}
