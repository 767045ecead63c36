/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-tpu: a model that was compiled for the Edge TPU. */
#include <errno.h>

#include "apps/tpu.h"

int tpu_model_load(struct tpu_model *model, const char *path, struct atoll_error *err)
{
	struct tpu_model loaded = { .model = atoll_model_load(path, err) };
	const struct atoll_operator *op;
	int r;

	if (!loaded.model)
		return -EINVAL;
	op = edgetpu_next_compiled(&loaded.model->graph[0], NULL);
	if (op)
		loaded.package = edgetpu_package_read(op->custom_options,
						      op->custom_options_bytes, err);
	if (loaded.package) {
		*model = loaded;
		return 0;
	}
	r = op ? atoll_error_prefix(err, "%s", atoll_error_path(path)) :
		atoll_error_set(err, -ENOTSUP, "%s: not compiled for the Edge TPU",
				atoll_error_path(path));
	atoll_model_free(loaded.model);
	return r;
}

void tpu_model_free(struct tpu_model *model)
{
	edgetpu_package_free(model->package);
	atoll_model_free(model->model);
	*model = (struct tpu_model){ 0 };
}
