/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a compiled device-tree overlay.
 *
 *	fuzz_overlay --seeds DIR    write the overlays of the tree to start from
 */
#include <err.h>
#include <glob.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/overlay.h"
#include "apps/small_file.h"
#include "tests/seeds.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct atoll_error error = { .text = "" };
	struct overlay overlay;

	if (overlay_read_bytes(&overlay, "fuzz", bytes, size, &error) < 0) {
		if (error.code == 0 || error.text[0] == '\0')
			abort();
	} else if (overlay.count > OVERLAY_PADS ||
		   (overlay_clash(&overlay, &overlay) >= 0) != (overlay.count > 0)) {
		abort();
	}
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct small_file file;
	struct atoll_error error;
	char *pattern;
	glob_t found;

	if (!seeds_wanted(*argc, *argv))
		return 0;
	/* Beside the folder of tests in the build folder. */
	if (asprintf(&pattern, "%s/../overlays/*.dtbo", dirname((*argv)[0])) < 0 ||
	    glob(pattern, 0, NULL, &found) != 0)
		errx(1, "no overlays were built");
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (small_file_read(&file, found.gl_pathv[i], &error) < 0)
			errx(1, "%s", error.text);
		seeds_write((*argv)[2], basename(found.gl_pathv[i]), (const uint8_t *)file.data,
			    file.size);
		small_file_free(&file);
	}
	globfree(&found);
	free(pattern);
	exit(0);
}
