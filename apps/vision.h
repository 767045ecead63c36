/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_VISION_H
#define ATOLL_APPS_VISION_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "board/json.h"
#include "camera/convert.h"
#include "camera/frame.h"
#include "camera/picture.h"
#include "runtime/decode/boxes.h"
#include "runtime/decode/classes.h"
#include "runtime/decode/poses.h"
#include "runtime/session.h"

/*
 * A vision model with everything around it: from a frame to things with names.
 * What kind of model it is, its outputs say.
 *
 *	struct vision *vision = vision_open(&config, &err);
 *
 *	if (vision_look(vision, &frame, &err) == 0)
 *		puts(vision_result(vision)->thing[0].label);
 *	vision_close(vision);
 *
 * A look allocates nothing once the first frame of a size has been seen.
 */
enum vision_kind {
	VISION_CLASSES,
	VISION_BOXES,
	VISION_POSES,
	VISION_MASK,
};

struct vision_config {
	const char *model_path;
	const char *labels_path;  /* NULL: beside the model, if there */
	struct atoll_session_options session;
	enum atoll_fit fit;
	uint32_t top;             /* most things told; 0: 3 classes, 20 others */
	float threshold;          /* scores below are not told */
};

/* Something the model saw. Places are 0..1 of the frame, not of the input. */
struct vision_thing {
	const char *label;  /* never NULL: "class 17" without labels */
	bool has_label;     /* `label` is from the labels file */
	uint32_t index;
	float score;        /* mask: the share of the frame's pixels */
	float top, left, bottom, right; /* boxes; poses: around the joints */
	const struct atoll_pose *pose;  /* poses: joints in the frame, else NULL */
};

struct vision_result {
	enum vision_kind kind;
	const struct vision_thing *thing; /* [things], best first */
	uint32_t things;
	const uint8_t *mask;              /* [height][width], or NULL */
	uint32_t mask_width, mask_height;
	uint64_t convert_ns, run_ns;      /* of this look */
};

struct vision;

struct vision *vision_open(const struct vision_config *config, struct atoll_error *err);
void vision_close(struct vision *vision); /* NULL is allowed */

enum vision_kind vision_kind(const struct vision *vision);
const char *vision_name(const struct vision *vision); /* the model's file, no folder, no ending */
const struct atoll_session_plan *vision_plan(const struct vision *vision);

/* Convert, run, decode. 0 or a negative errno with a sentence. */
int vision_look(struct vision *vision, const struct atoll_frame *frame,
		struct atoll_error *err);

/*
 * The same in the background: start converts, so that the frame can be given back
 * at once, and runs in another thread; the fd is readable when finish would not
 * wait; finish decodes.
 */
int vision_start(struct vision *vision, const struct atoll_frame *frame,
		 struct atoll_error *err);
int vision_fd(const struct vision *vision);
int vision_finish(struct vision *vision, struct atoll_error *err);

/* Of the last look or finish that said 0; lives until the next look or start. */
const struct vision_result *vision_result(const struct vision *vision);

/* "classes", "boxes", "poses" or "mask": [...] into an open object. */
void vision_json(const struct vision_result *result, struct atoll_json *json);

/* Boxes, joints, masks and names onto the picture of the same frame. */
void vision_draw(const struct vision_result *result, struct atoll_picture *picture);

#endif
