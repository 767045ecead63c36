/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/emulator/program.h"

#include <errno.h>
#include <string.h>

#include "runtime/carried.h"
#include "runtime/emulator/silicon.h"

static struct emulator_program *new_silicon(const struct edgetpu_package *package,
					    struct atoll_error *err)
{
	if (!carried_is(package))
		return silicon_program(package, err);
	atoll_error_set(err, -EINVAL, "silicon: it carries a graph in place of instructions");
	return NULL;
}

ATOLL_API struct emulator_program *emulator_program_new(enum emulator_grade grade,
							const struct edgetpu_package *package,
							const struct atoll_model *twin,
							struct atoll_error *err)
{
	struct emulator_program *pattern;

	if (grade == EMULATOR_SILICON)
		return new_silicon(package, err);
	if (carried_is(package))
		return carried_program(package, err);
	if (package->compiler && strcmp(package->compiler, EDGETPU_OWN_COMPILER) == 0)
		return silicon_program(package, err);
	if (twin)
		return twin_program(package, twin, err);
	pattern = pattern_program(package);
	if (!pattern)
		atoll_error_set(err, -ENOMEM, "no memory for a program");
	return pattern;
}
