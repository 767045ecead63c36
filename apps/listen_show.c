/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/listen_show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/panel.h"

#define LABEL_COLUMNS 20
#define HEARD_MAX 8u
#define TIME_MAX 24

struct heard {
	const char *label; /* the hearing's, which outlives the show */
	int64_t start_ms;
};

struct listen_show {
	struct panel *panel;
	struct heard heard[HEARD_MAX]; /* newest first */
	uint32_t heards;
	bool is_stale;  /* something happened since it was drawn */
};

struct listen_show *listen_show_open(void)
{
	struct listen_show *show = calloc(1, sizeof(*show));

	if (!show)
		return NULL;
	show->panel = panel_open();
	if (!show->panel) {
		free(show);
		return NULL;
	}
	return show;
}

void listen_show_hide(struct listen_show *show)
{
	if (show)
		panel_hide(show->panel);
}

void listen_show_word(struct listen_show *show, const struct hearing_word *word)
{
	if (!show)
		return;
	memmove(show->heard + 1, show->heard, (HEARD_MAX - 1) * sizeof(*show->heard));
	show->heard[0] = (struct heard){ .label = word->label, .start_ms = word->start_ms };
	show->heards += show->heards < HEARD_MAX;
	show->is_stale = true;
}

/* "1:02", with hours when there are any. */
static void write_time(char text[TIME_MAX], int64_t at_ms)
{
	const int64_t s = at_ms / 1000;

	if (s < 3600)
		(void)snprintf(text, TIME_MAX, "%" PRId64 ":%02d", s / 60, (int)(s % 60));
	else
		(void)snprintf(text, TIME_MAX, "%" PRId64 ":%02d:%02d", s / 3600,
			       (int)(s / 60 % 60), (int)(s % 60));
}

static void draw_head(struct panel *panel, const struct listen_moment *moment)
{
	char time[TIME_MAX];

	write_time(time, moment->at_ms);
	panel_put(panel, "%s%s  ", moment->name, moment->is_away ? "  (away)" : "");
	panel_skip_to(panel, (uint32_t)strlen(time));
	panel_put(panel, "%s", time);
	panel_end_line(panel);
}

static void draw_bars(struct panel *panel, const struct listen_moment *moment)
{
	for (uint32_t i = 0; i < LISTEN_BARS; i++) {
		uint32_t after_label;

		if (i < moment->bars) {
			panel_put(panel, "  %5.1f %%  ", 100 * (double)moment->bar[i].score);
			after_label = panel_left(panel) > LABEL_COLUMNS ?
				panel_left(panel) - LABEL_COLUMNS : 0;
			panel_put(panel, "%s ", moment->bar[i].label);
			panel_skip_to(panel, after_label);
			panel_bar(panel, (double)moment->bar[i].score, panel_left(panel));
		} else if (i == 0) {
			panel_put(panel, "  quiet");
		}
		panel_end_line(panel);
	}
}

static void draw_heard(const struct listen_show *show)
{
	char time[TIME_MAX];

	panel_put(show->panel, "heard");
	for (uint32_t i = 0; i < show->heards; i++) {
		write_time(time, show->heard[i].start_ms);
		panel_put(show->panel, "  %s %s ", time, show->heard[i].label);
	}
	panel_end_line(show->panel);
}

static void draw(struct listen_show *show, const struct listen_moment *moment)
{
	struct panel *panel = show->panel;

	panel_begin(panel);
	draw_head(panel, moment);
	listen_meter_draw(moment->meter, panel);
	panel_end_line(panel);
	draw_bars(panel, moment);
	panel_end_line(panel);
	draw_heard(show);
	panel_put(panel, "words %" PRIu64 "   runs %" PRIu64 "   saved %" PRIu64
		  "   overruns %" PRIu64 "   lost %.1f s", moment->hearing.words,
		  moment->hearing.inferences, moment->hearing.gated, moment->sound.overruns,
		  (double)moment->sound.lost / ATOLL_SOUND_RATE);
	panel_end_line(panel);
	panel_end(panel);
	show->is_stale = false;
}

void listen_show_moment(struct listen_show *show, const struct listen_moment *moment)
{
	if (!show)
		return;
	show->is_stale = true;
	if (panel_is_due(show->panel))
		draw(show, moment);
}

void listen_show_close(struct listen_show *show, const struct listen_moment *moment)
{
	if (!show)
		return;
	if (show->is_stale)
		draw(show, moment);
	panel_close(show->panel);
	free(show);
}
