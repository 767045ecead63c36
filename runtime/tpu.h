/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_TPU_H
#define ATOLL_RUNTIME_TPU_H

#include "board/error.h"
#include "runtime/backend.h"
#include "runtime/edgetpu/device.h"
#include "runtime/edgetpu/package.h"

/*
 * A compiled part on an Edge TPU that this process has opened.
 *
 *	struct backend_program *program = tpu_load(&tpu, &part, &err);
 *
 *	r = program->ops->run(program, &err);
 *	program->ops->free(program);
 *
 * A tensor whose first dimension is n times that of the layer is a batch: n runs.
 */
struct tpu {
	const char *name;                /* "usb:1-1.4" */
	struct edgetpu_device *device;
	/* For a device that has to be told what its programs compute, before they
	   run and after; NULL for real ones, which get none that carries a graph. */
	int (*teach)(struct tpu *tpu, const struct edgetpu_package *package,
		     const struct atoll_model *twin, struct atoll_error *err);
	void (*unteach)(struct tpu *tpu, const struct edgetpu_package *package);
	/* The program is no more: one user less. */
	void (*leave)(struct tpu *tpu);
};

/* -ENOTSUP with a sentence when no real device can run what is in the part. */
int tpu_check_real(const char *device, const struct backend_part *part,
		   struct atoll_error *err);

/* In success one `leave` comes with the program's free, in failure none. */
struct backend_program *tpu_load(struct tpu *tpu, const struct backend_part *part,
				 struct atoll_error *err);

#endif
