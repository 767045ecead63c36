/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_ESTIMATE_H
#define ATOLL_RUNTIME_COMPILER_ESTIMATE_H

#include "board/error.h"
#include "runtime/compiler/compile.h"
#include "runtime/model.h"

/*
 * How long a compiled model is likely to take on an Edge TPU, before there is one.
 *
 *	struct atoll_estimate time;
 *
 *	if (atoll_estimate(graph, &compiled->model[0], &time, &err) == 0)
 *		printf("%.1f ms\n", time.total_ms[ATOLL_ESTIMATE_USB2]);
 *
 * A time is the bytes that one inference moves, at the speed of the bus, and the work
 * of the operators that are mapped; what the CPU does is not in it. Convolutions whose
 * outputs sum over input channels keep the chip's array busy and are fast; all else
 * passes numbers through one by one. In seconds:
 *
 *	total = parts * start + (out + in) / speed + wide / 1e12 + narrow / 1.7e10
 *
 * Meant for choosing between models and buses. See the sources' comment for where the
 * constants come from, and atoll-compile(1) for how far off it is.
 */
enum atoll_estimate_bus {
	ATOLL_ESTIMATE_PCIE,
	ATOLL_ESTIMATE_USB3,
	ATOLL_ESTIMATE_USB2,
};

#define ATOLL_ESTIMATE_BUSES 3

/* "PCIe", "USB 3", "USB 2". */
const char *atoll_estimate_bus_name(enum atoll_estimate_bus bus);

/* What one operator does, as counts. */
struct atoll_estimate_work {
	double wide;     /* multiply-accumulates that sum over channels */
	double narrow;   /* all other, or one for each number that passes through */
	double ms;       /* of both */
};

struct atoll_estimate {
	struct atoll_estimate_work work; /* of all mapped operators */
	double instruction_bytes, input_bytes, parameter_bytes; /* to the chip, for each
					    inference; parameters are those not kept there */
	double output_bytes;             /* from it */
	double total_ms[ATOLL_ESTIMATE_BUSES];
};

/* Of one operator of the graph, as if it were mapped. */
struct atoll_estimate_work
atoll_estimate_operator(const struct atoll_graph *graph, uint32_t op);

/* `compiled` is made of the graph. 0 or -ENOMEM. */
int atoll_estimate(const struct atoll_graph *graph, const struct atoll_compiled_model *compiled,
		   struct atoll_estimate *estimate, struct atoll_error *err);

#endif
