/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_CARRIED_CHECK_H
#define ATOLL_RUNTIME_CARRIED_CHECK_H

#include "board/error.h"
#include "runtime/edgetpu/package.h"

/*
 * What stands around a carried graph: instructions that name it, and transfers that
 * bring each byte once, and all of them before the first answer.
 *
 *	if (carried_check(package, &err) < 0)
 *		refuse(err.text);
 *
 * 0, or -EINVAL with a sentence.
 */
int carried_check(const struct edgetpu_package *package, struct atoll_error *err);

#endif
