/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/live_save.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "apps/options.h"
#include "camera/encode.h"

#define LABEL_MAX 64

static int save(const struct live_look *look, const char *path, struct atoll_error *err)
{
	struct atoll_picture *picture = atoll_picture_of_frame(look->frame, err);
	int r;

	if (!picture)
		return err->code;
	for (uint32_t i = 0; i < look->models; i++)
		vision_draw(vision_result(look->model[i]), picture);
	r = atoll_picture_save(picture, path, err);
	atoll_picture_free(picture);
	return r;
}

/* "photos/cat.jpg" in "marked" becomes "marked/cat.png". */
static int name_output(char path[LIVE_PATH_MAX], const char *folder, const char *picture)
{
	const char *slash = strrchr(picture, '/');
	const char *name = strcmp(picture, "-") == 0 ? "stdin" : slash ? slash + 1 : picture;
	const char *dot = strrchr(name, '.');
	const int length = (int)(dot && dot != name ? dot - name : (long)strlen(name));

	return snprintf(path, LIVE_PATH_MAX, "%s/%.*s.png", folder, length, name);
}

int live_save_output(const struct live_look *look, const char *output,
		     struct atoll_error *err)
{
	char path[LIVE_PATH_MAX];

	if (look->is_stream)
		return atoll_error_set(err, -ENOTSUP, "%s: --output is for pictures; "
				       "--snapshot-on is for cameras and videos",
				       atoll_error_path(look->name));
	if (!options_is_folder(output))
		return save(look, output, err);
	if (name_output(path, output, look->name) >= LIVE_PATH_MAX)
		return atoll_error_set(err, -ENAMETOOLONG, "%s: the name is too long",
				       atoll_error_path(look->name));
	return save(look, path, err);
}

/* Letters, digits and bytes of UTF-8; whatever else a label holds is not for the
   name of a file. */
static void name_label(char name[LABEL_MAX], const char *label)
{
	size_t i = 0;

	for (; label[i] && i < LABEL_MAX - 1; i++) {
		const unsigned char c = (unsigned char)label[i];
		const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				       (c >= '0' && c <= '9') || c >= 0x80;

		name[i] = is_letter ? label[i] : '-';
	}
	name[i] = '\0';
}

int live_save_snapshot(const struct live_look *look, const char *folder,
		       const char *label, char path[LIVE_PATH_MAX],
		       struct atoll_error *err)
{
	char name[LABEL_MAX], date[32];
	struct timespec now;
	struct tm local;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &local);
	(void)strftime(date, sizeof(date), "%Y%m%d-%H%M%S", &local); /* always fits */
	name_label(name, label);
	if (snprintf(path, LIVE_PATH_MAX, "%s/%s.%03ld-%s.png", folder ? folder : ".", date,
		     now.tv_nsec / 1000000, name) >= LIVE_PATH_MAX)
		return atoll_error_set(err, -ENAMETOOLONG, "%s: the name is too long",
				       atoll_error_path(folder));
	return save(look, path, err);
}
