/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_COMPILE_CHECK_H
#define ATOLL_APPS_COMPILE_CHECK_H

#include "apps/compile.h"

/*
 * What would become of each operator, and what to change in the model.
 *
 *	check_print(stdout, &item);
 */
void check_print(FILE *file, const struct compile_item *item);

/* Operators of an item that stay on the CPU for the same reason. */
struct check_reason {
	const char *status;   /* in the words of the vendor's compiler */
	const char *advice;   /* or NULL */
	uint32_t first, count; /* operators */
};

/* The next reason from operator `*op` on, which moves behind its first one; false when
   there is none. */
bool check_next_reason(const struct compile_item *item, uint32_t *op,
		       struct check_reason *reason);

/* The operators of a reason, "0, 1, 91-93". */
void check_print_operators(FILE *file, const struct compile_item *item,
			   const struct check_reason *reason);

/* "TPU", "TPU 2" when there are several parts, "CPU". */
#define CHECK_PLACE_TEXT 16
const char *check_place(const struct compile_item *item, uint32_t op,
			char text[CHECK_PLACE_TEXT]);

#endif
