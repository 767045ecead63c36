/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-tpu: a model that was compiled for the Edge TPU. */
#include <errno.h>
#include <string.h>

#include "apps/tpu.h"
#include "runtime/delegate.h"

static const struct atoll_operator *find_compiled(const struct atoll_model *model)
{
	const struct atoll_graph *graph = &model->graph[0];

	for (uint32_t i = 0; i < graph->operators; i++)
		if (strcmp(graph->op[i].name, DELEGATE_OPERATOR) == 0)
			return &graph->op[i];
	return NULL;
}

int tpu_model_load(struct tpu_model *model, const char *path, struct atoll_error *err)
{
	struct tpu_model loaded = { .model = atoll_model_load(path, err) };
	const struct atoll_operator *op;
	int r;

	if (!loaded.model)
		return -EINVAL;
	op = find_compiled(loaded.model);
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
