/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_SUPPORT_H
#define ATOLL_RUNTIME_SUPPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/model.h"

/*
 * Which operators the CPU can run.
 *
 *	struct atoll_support support;
 *
 *	for (uint32_t i = 0; atoll_support_at(i, &support); i++)
 *		puts(support.name);
 */
struct atoll_support {
	const char *name;     /* "CONV_2D"; custom operators by their custom code */
	bool is_custom;
	int32_t version_max;  /* newest version of the operator */
	const char *types;    /* for people: "uint8 int8 float32" */
};

/* False past the last one; `support` is written only on true. */
bool atoll_support_at(uint32_t i, struct atoll_support *support);

/* The entry that serves this operator of a model; false when there is none. */
bool atoll_support_of(const struct atoll_operator *op, struct atoll_support *support);

#endif
