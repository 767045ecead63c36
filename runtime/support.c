/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/support.h"

#include "runtime/kernels/kernels.h"

static void describe(const struct kernel *kernel, struct atoll_support *support)
{
	*support = (struct atoll_support){
		.name = kernel->custom ? kernel->custom : atoll_operator_name(kernel->code),
		.is_custom = kernel->custom != NULL,
		.version_max = kernel->version_max,
		.types = kernel->types,
	};
}

ATOLL_API bool atoll_support_at(uint32_t i, struct atoll_support *support)
{
	uint32_t count;
	const struct kernel *const *table = kernel_table(&count);

	if (i >= count)
		return false;
	describe(table[i], support);
	return true;
}

ATOLL_API bool atoll_support_of(const struct atoll_operator *op,
				struct atoll_support *support)
{
	const struct kernel *kernel = kernel_find(op);

	if (!kernel)
		return false;
	describe(kernel, support);
	return true;
}
