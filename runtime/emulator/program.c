/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/emulator/program.h"

#include <errno.h>

#include "runtime/carried.h"

ATOLL_API struct emulator_program *emulator_program_new(const struct edgetpu_package *package,
							const struct atoll_model *twin,
							struct atoll_error *err)
{
	struct emulator_program *pattern;

	if (carried_is(package))
		return carried_program(package, err);
	if (twin)
		return twin_program(package, twin, err);
	pattern = pattern_program(package);
	if (!pattern)
		atoll_error_set(err, -ENOMEM, "no memory for a program");
	return pattern;
}
