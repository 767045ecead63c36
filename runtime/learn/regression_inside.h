/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_LEARN_REGRESSION_INSIDE_H
#define ATOLL_RUNTIME_LEARN_REGRESSION_INSIDE_H

#include "runtime/learn/random.h"
#include "runtime/learn/regression.h"
#include "runtime/learn/softmax.h"

/*
 * What learning (regression.c) leaves for writing (append.c).
 *
 *	if (regression->logit_low > regression->logit_high)
 *		nothing was learnt yet
 */
struct atoll_regression {
	struct atoll_regression_config config;
	struct softmax_layer layer;
	struct random random;
	double logit_low, logit_high; /* of all batches; low is above high before any */
};

#endif
