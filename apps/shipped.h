/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_SHIPPED_H
#define ATOLL_APPS_SHIPPED_H

/*
 * Where the models, overlays and descriptions of boards are that come with the
 * programs: installed, and for programs in the build folder those of the tree, when
 * they are started in its root.
 *
 *	config.model_path = shipped_keywords;
 *	places.folders = shipped_boards;     those of administrators come first
 */
extern const char shipped_cards[], shipped_keywords[], shipped_overlays[];
extern const char *const shipped_boards[];

#endif
