/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_PARTITION_MEASURE_H
#define ATOLL_APPS_PARTITION_MEASURE_H

#include "apps/partition.h"
#include "apps/partition_compiler.h"
#include "apps/partition_search.h"

/*
 * How long parts of a model take on the devices they would run on.
 *
 *	struct measure *measure = measure_open(settings, model, &err);
 *
 *	task.ops = &measure_ops;
 *	task.context = measure;
 *	r = partition_search(&task, count, time_ns, &err);
 *	measure_close(measure);
 *
 * Cuts are compiled into a folder of its own, which is gone after close.
 */
struct measure;

/* NULL with a sentence, also when there are not as many devices as segments. */
struct measure *measure_open(const struct partition_settings *settings,
			     const struct partition_model *model, struct atoll_error *err);

/* NULL is allowed. */
void measure_close(struct measure *measure);

extern const struct partition_ops measure_ops;

/* The compiler that it uses. */
const struct compiler *measure_compiler(const struct measure *measure);

#endif
