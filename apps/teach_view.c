/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/teach_view.h"

#include <stdlib.h>

#include "apps/display.h"
#include "apps/panel.h"
#include "camera/convert.h"

#define CLASSES_MAX 12u        /* the last ones taught */
#define LABEL_COLUMNS 20
#define COUNT_COLUMNS 5
#define PICTURE_COLUMNS_MAX 64

struct teach_view {
	struct panel *panel;
	bool has_colour;
	struct atoll_convert *convert;
	uint8_t *rgb;              /* [2 * lines][columns][3] */
	uint32_t columns, lines;
};

struct teach_view *teach_view_open(void)
{
	struct teach_view *view = calloc(1, sizeof(*view));

	if (!view)
		return NULL;
	view->panel = panel_open();
	view->has_colour = display_has_colour();
	if (view->panel)
		return view;
	free(view);
	return NULL;
}

void teach_view_close(struct teach_view *view)
{
	if (!view)
		return;
	panel_close(view->panel);
	atoll_convert_free(view->convert);
	free(view->rgb);
	free(view);
}

void teach_view_hide(struct teach_view *view)
{
	if (view)
		panel_hide(view->panel);
}

/* Another size of cells than before: make room. */
static bool lay_cells(struct teach_view *view, uint32_t columns, uint32_t lines)
{
	const struct atoll_convert_config config = {
		.width = columns, .height = 2 * lines, .channels = 3,
	};

	if (view->convert && columns == view->columns && lines == view->lines)
		return true;
	atoll_convert_free(view->convert);
	free(view->rgb);
	view->convert = atoll_convert_new(&config, NULL);
	view->rgb = malloc((size_t)columns * 2 * lines * 3);
	view->columns = columns;
	view->lines = lines;
	return view->convert && view->rgb;
}

/* As large as leaves room for the lines below it. */
static void draw_picture(struct teach_view *view, const struct atoll_frame *frame,
			 uint32_t below)
{
	const uint32_t rows = panel_rows(view->panel);
	uint32_t columns = panel_columns(view->panel), lines;

	columns = columns < PICTURE_COLUMNS_MAX ? columns : PICTURE_COLUMNS_MAX;
	lines = display_lines(frame, columns);
	while (lines + below > rows && columns > 1)
		lines = display_lines(frame, --columns);
	if (lines + below > rows || !lay_cells(view, columns, lines) ||
	    atoll_convert_run(view->convert, frame, view->rgb) < 0)
		return; /* a drawing less is no loss */
	display_cells(panel_file(view->panel), view->rgb, columns, lines, PANEL_LINE_END);
	panel_add_lines(view->panel, lines);
}

static void draw_class(struct teach_view *view, const char *label, uint32_t pictures,
		       uint32_t most)
{
	struct panel *panel = view->panel;
	const uint32_t left = panel_left(panel);
	const uint32_t after_label = left > LABEL_COLUMNS ? left - LABEL_COLUMNS : 0;

	panel_put(panel, "%s ", label);
	panel_skip_to(panel, after_label);
	if (after_label > COUNT_COLUMNS)
		panel_bar(panel, (double)pictures / most, after_label - COUNT_COLUMNS);
	panel_put(panel, " %u", pictures);
	panel_end_line(panel);
}

void teach_view_show(struct teach_view *view, const struct teach_project *project,
		     const struct atoll_frame *frame, const char *sentence)
{
	uint32_t first, most = 1;

	if (!view || !panel_is_due(view->panel))
		return;
	first = project->classes > project->kept + CLASSES_MAX ?
		project->classes - CLASSES_MAX : project->kept;
	for (uint32_t i = first; i < project->classes; i++) {
		const uint32_t pictures = teach_project_pictures(project, i);

		most = pictures > most ? pictures : most;
	}
	panel_begin(view->panel);
	if (view->has_colour)
		draw_picture(view, frame, 1 + project->classes - first);
	panel_put(view->panel, "%s", sentence);
	panel_end_line(view->panel);
	for (uint32_t i = first; i < project->classes; i++)
		draw_class(view, project->label[i], teach_project_pictures(project, i), most);
	panel_end(view->panel);
}
