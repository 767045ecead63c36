/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/compile_json.h"

#include <inttypes.h>
#include <stdio.h>

#include "board/json.h"

static void operators(struct atoll_json *json, const struct compile_item *item)
{
	const struct atoll_graph *graph = &item->model->graph[0];

	atoll_json_array(json, "operators");
	for (uint32_t i = 0; i < item->compiled->operators; i++) {
		const struct atoll_compiled_op *op = &item->compiled->op[i];
		bool is_mapped = op->mapping == ATOLL_MAPPED;

		atoll_json_object(json, NULL);
		atoll_json_string(json, "name", graph->op[i].name);
		atoll_json_integer(json, "version", graph->op[i].version);
		atoll_json_string(json, "device", is_mapped ? "tpu" : "cpu");
		if (is_mapped)
			atoll_json_integer(json, "part", op->part);
		atoll_json_string(json, "status", atoll_mapping_text(op->mapping));
		if (!is_mapped) {
			atoll_json_string(json, "why", op->why);
			atoll_json_string(json, "advice", op->advice);
		}
		atoll_json_end(json);
	}
	atoll_json_end(json);
}

static void blocks(struct atoll_json *json, const struct atoll_compiled_model *compiled)
{
	atoll_json_array(json, "parameters");
	for (uint32_t i = 0; i < compiled->blocks; i++) {
		const struct atoll_compiled_block *block = &compiled->block[i];

		atoll_json_object(json, NULL);
		atoll_json_integer(json, "operator", block->op);
		atoll_json_integer(json, "part", block->part);
		atoll_json_bool(json, "cached", block->is_cached);
		atoll_json_integer(json, "offset", block->offset);
		atoll_json_integer(json, "bytes", block->bytes);
		atoll_json_end(json);
	}
	atoll_json_end(json);
}

static void json_estimate(struct atoll_json *json, const struct atoll_estimate *estimate)
{
	atoll_json_object(json, "estimate");
	atoll_json_real(json, "instruction_bytes", estimate->instruction_bytes);
	atoll_json_real(json, "input_bytes", estimate->input_bytes);
	atoll_json_real(json, "parameter_bytes", estimate->parameter_bytes);
	atoll_json_real(json, "output_bytes", estimate->output_bytes);
	atoll_json_real(json, "wide", estimate->work.wide);
	atoll_json_real(json, "narrow", estimate->work.narrow);
	atoll_json_real(json, "compute_ms", estimate->work.ms);
	atoll_json_real(json, "pcie_ms", estimate->total_ms[ATOLL_ESTIMATE_PCIE]);
	atoll_json_real(json, "usb3_ms", estimate->total_ms[ATOLL_ESTIMATE_USB3]);
	atoll_json_real(json, "usb2_ms", estimate->total_ms[ATOLL_ESTIMATE_USB2]);
	atoll_json_end(json);
}

static void json_item(struct atoll_json *json, const struct compile_settings *settings,
		      const struct compile_item *item, const struct atoll_estimate *estimate)
{
	const struct atoll_compiled_model *compiled = item->compiled;

	atoll_json_object(json, NULL);
	atoll_json_string(json, "input", item->path);
	atoll_json_integer(json, "input_bytes", (int64_t)item->model->size);
	if (!settings->is_check) {
		atoll_json_string(json, "output", item->output_path);
		atoll_json_string(json, "log", item->log_path);
	}
	atoll_json_integer(json, "output_bytes", (int64_t)compiled->size);
	atoll_json_integer(json, "mapped", compiled->mapped);
	atoll_json_integer(json, "parts", compiled->parts);
	atoll_json_integer(json, "cached_bytes", (int64_t)compiled->cached_bytes);
	atoll_json_integer(json, "remaining_bytes", (int64_t)compiled->remaining_bytes);
	atoll_json_integer(json, "streamed_bytes", (int64_t)compiled->streamed_bytes);
	operators(json, item);
	blocks(json, compiled);
	if (estimate)
		json_estimate(json, estimate);
	atoll_json_end(json);
}

void compile_json(FILE *file, const struct compile_settings *settings,
		  const struct compile_item *item, const struct atoll_estimate *estimate,
		  uint32_t items, uint64_t token, int64_t took_ms)
{
	struct atoll_json json = { .file = file };
	char digits[17];

	(void)snprintf(digits, sizeof(digits), "%016" PRIx64, token);
	atoll_json_object(&json, NULL);
	atoll_json_string(&json, "target", atoll_target_text(settings->options.target));
	if (atoll_target_warning(settings->options.target))
		atoll_json_string(&json, "warning",
				  atoll_target_warning(settings->options.target));
	atoll_json_string(&json, "token", digits);
	atoll_json_integer(&json, "took_ms", took_ms);
	atoll_json_array(&json, "models");
	for (uint32_t i = 0; i < items; i++)
		json_item(&json, settings, &item[i], estimate ? &estimate[i] : NULL);
	atoll_json_end(&json);
	atoll_json_end(&json);
}

const char *compile_json_kind(enum atoll_compile_failure failure)
{
	switch (failure) {
	case ATOLL_COMPILE_OTHER:         break;
	case ATOLL_COMPILE_NOT_QUANTIZED: return "not quantized";
	case ATOLL_COMPILE_NO_KERNEL:     return "no kernel";
	case ATOLL_COMPILE_DYNAMIC:       return "dynamic sizes";
	case ATOLL_COMPILE_TOO_LARGE:     return "too large";
	case ATOLL_COMPILE_DIFFERS:       return "differs";
	}
	return "other";
}

void compile_json_failure(FILE *file, const char *failure, const char *error)
{
	struct atoll_json json = { .file = file };

	atoll_json_object(&json, NULL);
	atoll_json_string(&json, "failure", failure);
	atoll_json_string(&json, "error", error);
	atoll_json_end(&json);
}
