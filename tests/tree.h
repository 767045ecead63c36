/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_TREE_H
#define ATOLL_TESTS_TREE_H

/*
 * Files below the folder of a test, as the kernel keeps them in /sys.
 *
 *	tree_put("sys/class/leds/red/brightness", "0\n");
 *	atoll_led_set(in_folder("sys"), "red", 1, &err);
 *	assert_string_equal(tree_get("sys/class/leds/red/brightness"), "255");
 *
 * Between folder_make and folder_remove of tests/folder.h.
 */

/* With all the folders above it; what was there is replaced. */
void tree_put(const char *path, const char *text);
void tree_link(const char *path, const char *target);
void tree_folder(const char *path);

/* The whole file; overwritten by the fourth call after it. */
const char *tree_get(const char *path);

#endif
