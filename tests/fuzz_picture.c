/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a picture that is read and resized.
 *
 *	fuzz_picture --seeds DIR    write pictures to start from
 */
#include <stdio.h>
#include <stdlib.h>

#include "camera/picture.h"
#include "tests/pictures.h"
#include "tests/seeds.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct atoll_picture *picture = atoll_picture_load_bytes(bytes, size, 1 << 16, NULL);
	uint8_t small[9 * 5 * 3];

	if (picture)
		(void)atoll_picture_resize(picture, 9, 5, small);
	atoll_picture_free(picture);
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (!seeds_wanted(*argc, *argv))
		return 0;
	for (unsigned i = 0; i < PICTURES_SAMPLES; i++) {
		struct pictures_file sample = pictures_sample(i);
		char name[32];

		(void)snprintf(name, sizeof(name), "picture-%u", i);
		seeds_write((*argv)[2], name, sample.bytes, sample.size);
		free(sample.bytes);
	}
	exit(0);
}
