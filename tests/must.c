/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/must.h"

#include "tests/check.h"

/* The pointer, if it is one. */
static void *must(void *pointer, const struct atoll_error *err)
{
	if (!pointer)
		fail_msg("%s", err->text);
	return pointer;
}

struct atoll_model *must_load(const char *path)
{
	struct atoll_error err;

	return must(atoll_model_load(path, &err), &err);
}

struct atoll_session *must_open(const struct atoll_model *model,
				const struct atoll_session_options *options)
{
	struct atoll_error err;

	return must(atoll_session_open(model, options, &err), &err);
}

struct atoll_devices *must_have_devices(void)
{
	struct atoll_error err;

	return must(atoll_devices_new(NULL, &err), &err);
}

struct atoll_compiled *must_compile(const struct atoll_compile_job *job, uint32_t jobs,
				    const struct atoll_compile_options *options)
{
	struct atoll_error err;

	return must(atoll_compile(job, jobs, options, NULL, &err), &err);
}

struct atoll_model *must_load_compiled(const struct atoll_compiled_model *compiled)
{
	struct atoll_error err;

	return must(atoll_model_load_bytes(compiled->bytes, compiled->size, "compiled", &err),
		    &err);
}
