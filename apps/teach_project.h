/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_TEACH_PROJECT_H
#define ATOLL_APPS_TEACH_PROJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/model.h"

/*
 * What a model is being taught: a folder that remembers between one command and the
 * next.
 *
 *	struct teach_project *project = teach_project_load("teach", &err);
 *
 *	if (teach_project_add(project, "key", "key1.jpg", x, 9, &err) == 0)
 *		teach_project_save(project, &err);
 *	teach_project_free(project);
 *
 * In the folder are
 *
 *	base.tflite       the model that is imprinted (method imprinting)
 *	extractor.tflite  it up to its embedding
 *	examples.txt      which picture is of which class, and its embeddings
 *	learnt.tflite     what came of the training, with learnt_labels.txt
 *
 * The examples are text, so that one can look at them and delete a picture:
 *
 *	atoll-teach 1
 *	method imprinting
 *	model 2c26b46b68ffc68ff99b453c1d304134...   SHA-256 of extractor.tflite
 *	size 256
 *	kept nothing                                a class of the base, if kept
 *	picture key	key1.jpg                    a tab between
 *	0.0625 0.1328125 ...                        256 numbers; once for each variant
 */
enum teach_method { TEACH_IMPRINTING, TEACH_REGRESSION };

#define TEACH_LABEL_MAX   200u   /* bytes */
#define TEACH_CLASSES_MAX 4096u
#define TEACH_SIZE_MAX    65536u /* numbers of an embedding */

struct teach_picture {
	uint32_t class;       /* which it is of */
	char *path;           /* where it came from */
	uint32_t first, count; /* its rows of x */
};

struct teach_project {
	char *folder;
	enum teach_method method;
	char digest[ATOLL_DIGEST_TEXT]; /* of the extractor */
	uint32_t size;
	uint32_t classes, kept;         /* the first are kept */
	char **label;                   /* [classes] */
	uint32_t pictures;
	struct teach_picture *picture;  /* [pictures] */
	uint32_t rows;
	float *x;                       /* [rows][size] */
	uint32_t *row_class;            /* [rows] */
};

/* A project without examples; nothing is written yet. NULL: no memory. */
struct teach_project *teach_project_new(const char *folder, enum teach_method method,
					const struct atoll_model *extractor, uint32_t size,
					struct atoll_error *err);

/* NULL with a sentence: no such folder, or examples.txt is not as above. */
struct teach_project *teach_project_load(const char *folder, struct atoll_error *err);
void teach_project_free(struct teach_project *project); /* NULL is allowed */

/* A class of the base, in order. */
int teach_project_keep(struct teach_project *project, const char *label,
		       struct atoll_error *err);

/* A picture with its embeddings [count][size]. -EINVAL for a label that is empty, too
   long, has control characters or a blank at an end; -ENOSPC for one class too many. */
int teach_project_add(struct teach_project *project, const char *label, const char *path,
		      const float *x, uint32_t count, struct atoll_error *err);

/* How many pictures of a class there are. */
uint32_t teach_project_pictures(const struct teach_project *project, uint32_t class_index);

/* All or nothing. What was learnt before is removed: it says less than the examples. */
int teach_project_save(const struct teach_project *project, struct atoll_error *err);

/* A file of the folder; the caller's to free, NULL without memory. */
char *teach_project_path(const struct teach_project *project, const char *file);

#endif
