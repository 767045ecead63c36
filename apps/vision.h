/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_VISION_H
#define ATOLL_APPS_VISION_H

#include <math.h>
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
 *
 *	struct vision *vision = vision_open(&config, &err);
 *
 *	if (vision_look(vision, &frame, &err) == 0)
 *		puts(vision_result(vision)->thing[0].label);
 *	vision_close(vision);
 *
 * A look allocates nothing once the first frame of a size has been seen. One
 * vision belongs to one thread at a time; visions share nothing.
 *
 * The model has one input, [1][height][width][3] (RGB) or [1][height][width][1]
 * (grey). What is stored for a byte of 0..255 follows the habit of models of each
 * type, whatever scale their file tells:
 *
 *	uint8    the byte itself
 *	int8     the byte - 128
 *	float32  byte / 127.5 - 1
 *
 * What kind of model it is, its outputs say:
 *
 *	classes  one row of scores: uint8, int8 or float32, all dimensions but the
 *	         last are 1
 *	boxes    the four outputs of TFLite_Detection_PostProcess
 *	poses    the four outputs of PosenetDecoderOp, or one of float32 1x1x17x3
 *	         (MoveNet)
 *	mask     [1][height][width] class indices or [1][height][width][classes]
 *	         scores, see runtime/decode/mask.h
 */
enum vision_kind {
	VISION_CLASSES,
	VISION_BOXES,
	VISION_POSES,
	VISION_MASK,
};

/* What is likely to be there: 0.4 for boxes, 0.2 for poses, a share of 0.01 for a
   mask's classes; classes are all told. */
#define VISION_THRESHOLD_USUAL (-INFINITY)

struct vision_config {
	const char *model_path;   /* needed only during open, as the next two */
	const char *labels_path;  /* NULL: of x.tflite x_labels.txt, if there */
	const char *twin_path;    /* likewise; the model it was compiled from, or NULL */
	struct atoll_session_options session; /* all but the twin */
	enum atoll_fit fit;
	uint32_t top;             /* most things told; 0: 3 classes, 20 others */
	float threshold;          /* scores below are not told; or _USUAL */
};

/* A joint of less is a guess about something hidden: not drawn, not boxed in. */
#define VISION_JOINT_SEEN 0.2f

/* Something the model saw. Places are 0..1 of the frame, not of the input. */
struct vision_thing {
	const char *label;  /* never NULL: "class 17" without labels; a pose is a
			       "person" */
	bool has_label;     /* `label` is a name, not a number */
	uint32_t index;     /* class; poses: 0 */
	float score;        /* mask: the share of the frame's pixels */
	float top, left, bottom, right; /* boxes, and around the joints of poses,
					   cut at the frame's edge; others: all of it */
	const struct atoll_pose *pose;  /* poses: joints in the frame (guesses may
					   lie outside), else NULL */
};

/* In a mask: not in what the model was shown (outside a crop), or a class above
   254. Never told as a thing. */
#define VISION_MASK_NOTHING 255

struct vision_result {
	enum vision_kind kind;
	const struct vision_thing *thing; /* [things], best first */
	uint32_t things;
	const uint8_t *mask;              /* [height][width] classes over the whole
					     frame, or NULL */
	uint32_t mask_width, mask_height;
	uint64_t convert_ns, run_ns;      /* of this look */
};

struct vision;

/* NULL with a sentence that names the model and what is not as above. */
struct vision *vision_open(const struct vision_config *config, struct atoll_error *err);
void vision_close(struct vision *vision); /* NULL is allowed; waits for a started run */

/* What is odd but does no harm, as a sentence: more or fewer labels than classes, a
   model for emulated devices that the CPU runs.
   NULL when nothing is. Lives as long as the vision. */
const char *vision_warning(const struct vision *vision);

/* Can something be told under this label? */
bool vision_knows(const struct vision *vision, const char *label);

enum vision_kind vision_kind(const struct vision *vision);
/* The model's file, no folder, no ending. */
const char *vision_name(const struct vision *vision);
const struct atoll_session_plan *vision_plan(const struct vision *vision);

/* Convert, run, decode. 0 or a negative errno with a sentence: -EBUSY while a
   started run is not finished, or what convert and run had to say. */
int vision_look(struct vision *vision, const struct atoll_frame *frame,
		struct atoll_error *err);

/*
 * The same in the background: start converts, so that the frame can be given back
 * at once, and runs in another thread; the fd is readable when finish would not
 * wait; finish decodes. -EINVAL from finish when nothing was started.
 */
int vision_start(struct vision *vision, const struct atoll_frame *frame,
		 struct atoll_error *err);
int vision_fd(const struct vision *vision);
int vision_finish(struct vision *vision, struct atoll_error *err);

/* Of the last look or finish that said 0, of nothing before that; lives until the
   next look or finish. */
const struct vision_result *vision_result(const struct vision *vision);

/*
 * The things as an array into an open object, named after the kind. Positions are
 * 0..1 of the frame, from its top left corner; a label is there only if it has a
 * name.
 *
 *	"classes":[{"index":3,"label":"key","score":0.97}]
 *	"boxes":[{"index":16,"label":"cat","score":0.8,"box":[top,left,bottom,right]}]
 *	"poses":[{"index":0,"label":"person","score":0.7,"box":[...],
 *	          "joints":[{"name":"nose","x":0.5,"y":0.25,"score":0.9}, ... 17]}]
 *	"mask":[{"index":11,"label":"car","score":0.3}]       share of the pixels
 */
void vision_json(const struct vision_result *result, struct atoll_json *json);

/*
 * Onto the picture of the same frame: boxes with their names, skeletons, tinted
 * masks; the names of classes and of a mask's colours in the corner. Lines and
 * letters grow with the picture.
 */
void vision_draw(const struct vision_result *result, struct atoll_picture *picture);

#endif
