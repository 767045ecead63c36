/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_FEED_H
#define ATOLL_APPS_FEED_H

#include "board/error.h"
#include "camera/picture.h"
#include "runtime/tensor.h"

/*
 * A picture becomes the input of a model: the place where rooms meet.
 *
 *	r = feed_check(input, &err);                once
 *	r = feed_picture(picture, input, &err);     for each picture
 *
 * Takes inputs of [1][height][width][3] (RGB) and [1][height][width][1] (grey,
 * the luma of BT.601) and stretches the picture to them. What is stored for a
 * byte of 0..255 follows the habit of models of each type:
 *
 *	uint8    the byte itself
 *	int8     the byte - 128
 *	float32  byte / 127.5 - 1
 */
int feed_check(const struct atoll_tensor *input, struct atoll_error *err);

int feed_picture(const struct atoll_picture *picture, struct atoll_tensor *input,
		 struct atoll_error *err);

#endif
