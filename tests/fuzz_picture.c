/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a picture; seeds come from test_camera_picture --seeds DIR. */
#include "camera/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct atoll_picture *picture = atoll_picture_load_bytes(bytes, size, 1 << 16, NULL);
	uint8_t small[9 * 5 * 3];

	if (picture)
		(void)atoll_picture_resize(picture, 9, 5, small);
	atoll_picture_free(picture);
	return 0;
}
