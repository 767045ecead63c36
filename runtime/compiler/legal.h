/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_LEGAL_H
#define ATOLL_RUNTIME_COMPILER_LEGAL_H

#include <stdint.h>

#include "runtime/compiler/compile.h"
#include "runtime/compiler/graph.h"

/*
 * Can the Edge TPU do this operator, and if not, why not and what to do about it.
 *
 *	struct compiler_verdict verdict;
 *
 *	if (compiler_is_legal(&graph, op, 14, &verdict) != ATOLL_MAPPED)
 *		puts(verdict.why);
 *
 * The first condition that fails decides, in the order in which the vendor's compiler
 * looks at them. The graph was imported: every operator has the operands it needs.
 */
struct compiler_verdict {
	char why[160];        /* "input 1 is float32", "" when it can */
	const char *advice;   /* static, or NULL */
};

/* `runtime_version` is 10 to 14. */
enum atoll_mapping compiler_is_legal(const struct compiler_graph *graph, uint32_t op,
				     int32_t runtime_version,
				     struct compiler_verdict *verdict);

#endif
