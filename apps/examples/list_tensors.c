/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Print the operators of a model, and the tensors that go in and out of each.
 *
 *	cc -o list_tensors list_tensors.c $(pkg-config --cflags --libs atoll)
 *	list_tensors /usr/share/atoll/models/cards/cards.tflite
 */
#include <atoll/runtime/model.h>
#include <err.h>
#include <stdio.h>

static void print(const char *way, const struct atoll_graph *graph, int32_t index)
{
	char shape[ATOLL_SHAPE_TEXT];

	if (index < 0)          /* an input that is left out */
		return;
	const struct atoll_tensor *tensor = &graph->tensor[index];
	printf("  %-3s  %-7s  %-14s  %s%s\n", way, atoll_type_name(tensor->type),
	       atoll_shape_text(tensor->rank, tensor->dims, shape), tensor->name,
	       tensor->data ? " (constant)" : "");
}

int main(int argc, char **argv)
{
	struct atoll_error why;

	if (argc != 2)
		errx(2, "MODEL");
	struct atoll_model *model = atoll_model_load(argv[1], &why);

	if (!model)
		errx(1, "%s", why.text);
	const struct atoll_graph *graph = &model->graph[0];
	for (uint32_t i = 0; i < graph->operators; i++) {
		const struct atoll_operator *op = &graph->op[i];

		printf("%s\n", op->name);
		for (uint32_t k = 0; k < op->inputs; k++)
			print("in", graph, op->input[k]);
		for (uint32_t k = 0; k < op->outputs; k++)
			print("out", graph, op->output[k]);
	}
	atoll_model_free(model);
	return 0;
}
