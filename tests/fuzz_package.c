/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the options of a compiled operator: read, walked hint by hint, and
 * each layer brought to the wire and back. What can be read can be written, and read
 * again.
 *
 *	fuzz_package --seeds DIR    write packages to start from
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/edgetpu/package_write.h"
#include "tests/compiled.h"
#include "tests/seeds.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static void write_again(const struct edgetpu_package *package)
{
	struct atoll_error err;
	void *options;
	size_t size;

	if (edgetpu_package_write(package, &options, &size, &err) == 0)
		free(options);
	else if (err.code == -EINVAL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct edgetpu_package *package = edgetpu_package_read(bytes, size, NULL);

	if (package) {
		compiled_walk(package, bytes, size);
		write_again(package);
	}
	edgetpu_package_free(package);
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (!seeds_wanted(*argc, *argv))
		return 0;
	for (int i = 0; i < COMPILED_SAMPLES; i++) {
		size_t size;
		void *bytes = compiled_options(compiled_sample((enum compiled_sample)i), NULL,
					       &size);
		char name[32];

		(void)snprintf(name, sizeof(name), "sample-%d", i);
		seeds_write((*argv)[2], name, bytes, size);
		free(bytes);
	}
	exit(0);
}
