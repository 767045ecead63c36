/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_TEACH_H
#define ATOLL_APPS_TEACH_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/teach_project.h"
#include "camera/convert.h"
#include "camera/source.h"
#include "runtime/session.h"

/*
 * The commands of atoll-teach. Each takes what its command line said and returns the
 * exit status.
 */
struct teach_settings {
	const char *folder;        /* of the project */
	enum teach_method method;
	bool keeps_classes;
	const char *labels;        /* of the classes that are kept; NULL: beside the model */
	const char *camera;        /* NULL: pictures */
	struct atoll_source_config source;
	uint32_t examples;         /* of a camera or a video */
	int64_t every_ms;          /* between them */
	enum atoll_fit fit;
	bool is_plain;             /* without variants */
	double learning_rate;
	uint32_t iterations, batch;
	uint64_t seed;
	struct atoll_session_options session;
	const char *clock;         /* of an Edge TPU; NULL: as configured */
	bool wants_json;
	char **rest;               /* what follows the command, */
	int rests;                 /* so many */
};

int teach_new(const struct teach_settings *settings);
int teach_add(const struct teach_settings *settings);
int teach_train(const struct teach_settings *settings);
int teach_test(const struct teach_settings *settings);
int teach_save(const struct teach_settings *settings);

/* The project, or the end of the program. */
struct teach_project *teach_open(const struct teach_settings *settings);

/* The path of the model that was learnt, malloc'ed, or the end of the program. */
char *teach_learnt(const struct teach_project *project);

/* What there is by now, on stdout: label and number of pictures of each class that is
   taught, separated by a tab; as JSON all classes. */
void teach_tell(const struct teach_settings *settings, const struct teach_project *project);

/* The file of a model and that of its names beside it; 0 or a negative errno with a
   sentence. A name that could be taken for a number and a name is written with its
   number. */
int teach_write_model(const char *path, const void *bytes, size_t size,
		      struct atoll_error *err);
int teach_write_labels(const char *model_path, const struct teach_project *project,
		       struct atoll_error *err);

#endif
