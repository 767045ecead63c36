/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_TPUD_EMULATORS_H
#define ATOLL_APPS_TPUD_EMULATORS_H

#include <stdint.h>

#include "board/error.h"
#include "runtime/serve/engine.h"

/*
 * Emulated Edge TPUs in the daemon, for developers without one, and for tests.
 *
 *	struct engine_tpu_options tpu;
 *
 *	if (tpud_emulators_new(2, 0, &tpu, &err) < 0)
 *		return err.code;
 *	plug = plug_new(crew, &tpu, &err);
 *	...
 *	tpu.bus->ops->free(tpu.bus);
 *
 * They compute what the CPU model that a client gave with its program computes, or
 * else answer bytes that a test can foretell.
 */

/* Sets bus, name, firmware and teacher. At most 8. `bytes_per_second` of each link,
   0: no delay. */
int tpud_emulators_new(uint32_t count, uint64_t bytes_per_second,
		       struct engine_tpu_options *tpu, struct atoll_error *err);

#endif
