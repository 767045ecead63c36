/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_COMPILE_PAGE_H
#define ATOLL_APPS_COMPILE_PAGE_H

#include "apps/compile.h"
#include "runtime/compiler/estimate.h"

/*
 * Compilations as a page of HTML: one file, nothing from elsewhere, no scripts.
 *
 *	page_begin(file, "0.1.0");
 *	r = page_item(file, &item, &estimate);
 *	page_end(file);
 *
 * For each model its numbers, how the memory for parameters is filled, the graph from
 * top to bottom with what every operator takes, and why some stay on the CPU.
 */
void page_begin(FILE *file, const char *version);
void page_end(FILE *file);

/* 0; -ENOMEM, or -EIO when it could not be written. */
int page_item(FILE *file, const struct compile_item *item,
	      const struct atoll_estimate *estimate);

/* As text of the page: nothing in it is markup. */
void page_text(FILE *file, const char *text);

/* The style sheet, apps/web/compile.css as it was when the program was built, with a
   NUL behind it. */
extern const char page_style[];

#endif
