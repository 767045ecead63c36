/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/tell.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "apps/display.h"
#include "board/json.h"

#define SHOW_COLUMNS 32
#define BAR_CELLS 30
#define NOTHING "-" /* where a label would be */

void tell_begin(struct tell *tell, enum tell_form form)
{
	*tell = (struct tell){ .form = form };
}

/* In pixels of the frame: left, top, right, bottom. */
static void tell_place(const struct atoll_frame *frame, const struct vision_thing *thing)
{
	const double width = frame->width, height = frame->height;

	printf("\t%.0f\t%.0f\t%.0f\t%.0f", width * (double)thing->left,
	       height * (double)thing->top, width * (double)thing->right,
	       height * (double)thing->bottom);
}

static void tell_lines(const struct live_look *look, const struct vision_result *result,
		       const char *model)
{
	for (uint32_t i = 0; i < result->things; i++) {
		fputs(look->name, stdout);
		if (look->models > 1)
			printf("\t%s", model);
		printf("\t%.4f\t%s", (double)result->thing[i].score,
		       result->thing[i].label);
		if (result->kind == VISION_BOXES || result->kind == VISION_POSES)
			tell_place(look->frame, &result->thing[i]);
		putchar('\n');
	}
}

static void tell_bars(const struct live_look *look, const struct vision_result *result)
{
	printf("%s  %ux%u, %.2f ms\n", look->name, look->frame->width,
	       look->frame->height, (double)result->run_ns / 1e6);
	for (uint32_t i = 0; i < result->things; i++) {
		printf("  %5.1f %%  %-20s ", 100 * (double)result->thing[i].score,
		       result->thing[i].label);
		display_bar(stdout, (double)result->thing[i].score, BAR_CELLS);
		putchar('\n');
	}
	putchar('\n');
}

static void tell_json(const struct live_look *look, const struct vision *vision)
{
	const struct vision_result *result = vision_result(vision);
	struct atoll_json json = { .file = stdout };

	atoll_json_object(&json, NULL);
	atoll_json_string(&json, "picture", look->name);
	atoll_json_string(&json, "model", vision_name(vision));
	if (look->is_stream) {
		atoll_json_integer(&json, "sequence", look->frame->sequence);
		atoll_json_real(&json, "at_s", (double)look->at_ns / 1e9);
	}
	atoll_json_real(&json, "capture_ms", (double)look->capture_ns / 1e6);
	atoll_json_real(&json, "convert_ms", (double)result->convert_ns / 1e6);
	atoll_json_real(&json, "time_ms", (double)result->run_ns / 1e6);
	vision_json(result, &json);
	atoll_json_end(&json);
}

/* Is the best thing another one than in the frame before? */
static bool has_changed(struct tell *tell, uint32_t model, const struct vision_result *result)
{
	int64_t best = result->things ? (int64_t)result->thing[0].index : -1;
	bool is_new = !tell->has_best[model] || tell->best[model] != best;

	tell->has_best[model] = true;
	tell->best[model] = best;
	return is_new;
}

static void tell_change(const struct tell *tell, const struct live_look *look,
			const struct vision *vision)
{
	const struct vision_result *result = vision_result(vision);
	const struct vision_thing *best = result->things ? result->thing : NULL;

	printf("%6.1f s  ", (double)look->at_ns / 1e9);
	if (look->models > 1)
		printf("%-16s  ", vision_name(vision));
	if (best)
		printf("%-20s %5.1f %%", best->label, 100 * (double)best->score);
	else
		fputs(NOTHING, stdout);
	if (best && tell->form == TELL_BARS) {
		fputs("  ", stdout);
		display_bar(stdout, (double)best->score, BAR_CELLS);
	}
	putchar('\n');
}

static void tell_model(struct tell *tell, const struct live_look *look, uint32_t model)
{
	const struct vision_result *result = vision_result(look->model[model]);

	if (tell->form == TELL_JSON) {
		tell_json(look, look->model[model]);
	} else if (look->is_stream) {
		if (has_changed(tell, model, result))
			tell_change(tell, look, look->model[model]);
	} else if (tell->form == TELL_BARS) {
		tell_bars(look, result);
	} else {
		tell_lines(look, result, vision_name(look->model[model]));
	}
}

void tell_look(struct tell *tell, const struct live_look *look)
{
	if (tell->form == TELL_BARS && !look->is_stream)
		display_picture(look->frame, SHOW_COLUMNS);
	for (uint32_t i = 0; i < look->models; i++)
		tell_model(tell, look, i);
	if (look->is_stream)
		(void)fflush(stdout); /* the end of the program looks for errors */
}
