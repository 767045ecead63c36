/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_LIVE_H
#define ATOLL_APPS_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/vision.h"
#include "camera/source.h"

/*
 * Frames from cameras, videos and pictures through one or more models until
 * something says stop: the body of atoll-classify and atoll-detect, which differ
 * only in what their models may find.
 *
 *	struct live_config config = { .accepts = 1u << VISION_CLASSES };
 *
 *	options_begin("atoll-classify");
 *	live_options(&config, argc, argv, help);
 *	return options_end(live_run(&config));
 *
 * From a camera the newest frame wins: while the models run, frames that have
 * become old are given back, so that what is told is never older than one run
 * and one frame. Of videos and pictures every frame is looked at, except on a
 * terminal, where videos run at their own rate.
 *
 * Nothing is allocated per frame once each model has seen one.
 */
#define LIVE_MODELS_MAX 8

/* "key>0.8": something with this label and more than this score. */
struct live_sight {
	const char *label; /* NULL: not asked for */
	float score;
};

struct live_config {
	uint32_t accepts;           /* 1u << enum vision_kind, one or more */
	const char *other_program;  /* the one for the other kinds */
	const char *usual_model;    /* for a camera when no model is named; or NULL */

	struct vision_config vision; /* for every model, but for the paths */
	const char *model_path[LIVE_MODELS_MAX];
	const char *labels_path[LIVE_MODELS_MAX]; /* NULL: beside the model */
	const char *twin_path[LIVE_MODELS_MAX];   /* what it was compiled from, or NULL */
	uint32_t models;
	const char *clock;          /* of an Edge TPU; NULL: as configured */

	struct atoll_source_config source; /* all but `what` and the pace */
	const char *camera;         /* what to match; NULL: none, but .. */
	char **what;                /* .. these pictures, folders and videos */
	int whats;

	int64_t every_ms;           /* at most one result in this time, 0: all */
	int64_t for_ms;             /* of each camera or video, 0: to its end */
	struct live_sight until;
	struct live_sight snapshot;
	const char *snapshot_folder; /* NULL: "." */
	const char *output;         /* for pictures: file or folder, or NULL */
	bool wants_json, wants_show;
};

/* What was looked at and what the models made of it: vision_name(model[i]) and
   vision_result(model[i]). Lives until the next frame. */
struct live_look {
	const char *name;     /* of the picture, the video or the camera */
	const struct atoll_frame *frame;
	bool is_stream;       /* one of many, from a camera or a video */
	int64_t at_ns;        /* streams: since the beginning, by the camera's or
				 the video's own time */
	uint64_t capture_ns;  /* since it was taken or due; else reading the file */
	struct vision *const *model; /* [models] */
	uint32_t models;
};

/* Does a model see it? Of classes only the likeliest counts. */
bool live_sees(const struct live_look *look, const struct live_sight *sight);

/* Read the command line both programs share; does not return from a wrong one. */
void live_options(struct live_config *config, int argc, char **argv, const char *help);

/*
 * Open the models, look at everything, tell it on stdout. Returns the exit status:
 * 0, or EXIT_COULD_NOT when something could not be looked at or what `until` asks
 * for was not seen. A model that does not open ends the program.
 */
int live_run(const struct live_config *config);

#endif
