/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/vision.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/beside.h"
#include "board/clock.h"
#include "runtime/decode/labels.h"
#include "runtime/decode/mask.h"
#include "runtime/decode/outputs.h"

/* Indices of boxes are looked for up to here: the largest sets have 600 or so. */
#define BOX_CLASSES_MAX 4096

/* Room for "class 4294967295". */
#define NUMBER_TEXT 17

struct vision {
	enum vision_kind kind;
	enum atoll_fit fit;
	float threshold;
	char *name;
	struct atoll_model *model, *twin; /* twin: or NULL */
	struct atoll_session *session;
	struct atoll_labels *labels;   /* NULL: tell indices */
	struct atoll_convert *convert;
	struct atoll_error warning;    /* code 0: none */
	bool is_running;
	uint64_t convert_ns;

	uint32_t room;                 /* for things */
	struct vision_thing *thing;    /* [room] */
	char (*number)[NUMBER_TEXT];   /* [room] labels of those without */
	struct vision_result result;

	/* Of the kind: */
	struct atoll_class *class;     /* [room] */
	struct atoll_boxes boxes;
	struct atoll_box *box;         /* [room] */
	struct atoll_poses poses;
	struct atoll_pose *pose;       /* [room] */
	uint32_t mask_width, mask_height, mask_classes;
	uint8_t *seen;                 /* [height][width] as the model gives it */
	uint8_t *mask;                 /* [height][width] over the frame */
	int32_t *row, *column;         /* [height], [width] in `seen` of those in
					  `mask`, -1: outside */
};

/* Opening */

static int check_input(const struct vision *vision, struct atoll_error *err)
{
	const struct atoll_tensor *input = atoll_session_input(vision->session, 0);
	char shape[ATOLL_SHAPE_TEXT];

	if (atoll_session_inputs(vision->session) != 1)
		return atoll_error_set(err, -ENOTSUP, "%u inputs, a vision model has one",
				       atoll_session_inputs(vision->session));
	if (input->type != ATOLL_UINT8 && input->type != ATOLL_INT8 &&
	    input->type != ATOLL_FLOAT32)
		return atoll_error_set(err, -ENOTSUP,
			"input %s: %s cannot take a picture; uint8, int8 and float32 can",
			input->name, atoll_type_name(input->type));
	if (input->rank != 4 || input->dims[0] != 1 || input->dims[1] < 1 ||
	    input->dims[2] < 1 || (input->dims[3] != 3 && input->dims[3] != 1))
		return atoll_error_set(err, -ENOTSUP,
			"input %s: shape %s is not that of a picture, "
			"1 x height x width x 3 or 1",
			input->name, atoll_shape_text(input->rank, input->dims, shape));
	return 0;
}

static bool is_row_of_scores(const struct atoll_tensor *output)
{
	struct atoll_class best;

	return output->rank > 0 && output->elements > 0 &&
	       output->elements == (size_t)output->dims[output->rank - 1] &&
	       atoll_classes_top(output, 0, &best, 0) == 0;
}

/* From the most particular outputs to the most general. */
static int find_kind(struct vision *vision, struct atoll_error *err)
{
	const struct atoll_session *session = vision->session;
	const struct atoll_tensor *only = atoll_session_outputs(session) == 1 ?
		atoll_session_output(session, 0) : NULL;
	char text[ATOLL_OUTPUTS_TEXT];

	if (atoll_boxes_find(session, &vision->boxes, NULL) == 0)
		vision->kind = VISION_BOXES;
	else if (atoll_poses_find(session, &vision->poses, NULL) == 0)
		vision->kind = VISION_POSES;
	else if (only && is_row_of_scores(only))
		vision->kind = VISION_CLASSES;
	else if (only && atoll_mask_size(only, &vision->mask_width, &vision->mask_height,
					 &vision->mask_classes, NULL) == 0)
		vision->kind = VISION_MASK;
	else
		return atoll_error_set(err, -ENOTSUP, "outputs %s are neither classes, "
			"boxes, poses nor a mask", atoll_outputs_text(session, text));
	return 0;
}

/* The most things the model can tell of. */
static size_t things_max(const struct vision *vision)
{
	switch (vision->kind) {
	case VISION_CLASSES: return atoll_session_output(vision->session, 0)->elements;
	case VISION_BOXES: return vision->boxes.score->elements;
	case VISION_POSES: return vision->poses.score ? vision->poses.score->elements : 1;
	default: return VISION_MASK_NOTHING;
	}
}

static float choose_threshold(enum vision_kind kind, float wanted)
{
	static const float usual[] = {
		[VISION_CLASSES] = -INFINITY,
		[VISION_BOXES] = 0.4f,
		[VISION_POSES] = 0.2f,
		[VISION_MASK] = 0.01f,
	};

	return wanted == VISION_THRESHOLD_USUAL ? usual[kind] : wanted;
}

/* calloc() that only fails for want of memory: a count of 0 is fine. */
static void *take(size_t count, size_t bytes)
{
	return calloc(count ? count : 1, bytes);
}

static int take_mask(struct vision *vision)
{
	size_t pixels = (size_t)vision->mask_width * vision->mask_height;

	vision->seen = take(pixels, 1);
	vision->mask = take(pixels, 1);
	vision->row = take(vision->mask_height, sizeof(*vision->row));
	vision->column = take(vision->mask_width, sizeof(*vision->column));
	return vision->seen && vision->mask && vision->row && vision->column ? 0 : -ENOMEM;
}

static int take_room(struct vision *vision, uint32_t top)
{
	size_t most = things_max(vision);
	size_t room = top ? top : vision->kind == VISION_CLASSES ? 3 : 20;
	bool is_there = true;

	room = room < most ? room : most;
	vision->room = (uint32_t)room;
	vision->thing = take(room, sizeof(*vision->thing));
	vision->number = take(room, sizeof(*vision->number));
	switch (vision->kind) {
	case VISION_CLASSES:
		is_there = (vision->class = take(room, sizeof(*vision->class)));
		break;
	case VISION_BOXES:
		is_there = (vision->box = take(room, sizeof(*vision->box)));
		break;
	case VISION_POSES:
		is_there = (vision->pose = take(room, sizeof(*vision->pose)));
		break;
	default:
		is_there = take_mask(vision) == 0;
	}
	vision->result = (struct vision_result){
		.kind = vision->kind, .thing = vision->thing,
		.mask = vision->mask, .mask_width = vision->mask_width,
		.mask_height = vision->mask_height,
	};
	return vision->thing && vision->number && is_there ? 0 : -ENOMEM;
}

/* The file beside the model, when there is one, else NULL. */
static int labels_beside(const char *model_path, char **path)
{
	*path = beside_model(model_path, "_labels.txt");
	if (!*path)
		return -ENOMEM;
	if (access(*path, R_OK) != 0) {
		free(*path);
		*path = NULL;
	}
	return 0;
}

static void compare_labels(struct vision *vision, const char *path)
{
	uint32_t labels = atoll_labels_count(vision->labels);
	size_t classes = 0; /* the other kinds do not say */

	if (vision->kind == VISION_CLASSES)
		classes = things_max(vision);
	if (vision->kind == VISION_MASK)
		classes = vision->mask_classes;
	if (classes > 0 && labels != classes)
		(void)atoll_error_set(&vision->warning, -EINVAL,
				      "labels: %s: %u names for %zu classes",
				      atoll_error_path(path), labels, classes);
}

static int load_labels(struct vision *vision, const struct vision_config *config,
		       struct atoll_error *err)
{
	char *beside = NULL;
	const char *path = config->labels_path;
	int r = 0;

	if (!path) {
		r = labels_beside(config->model_path, &beside);
		path = beside;
	}
	if (r < 0)
		return atoll_error_set(err, r, "out of memory");
	if (path) {
		vision->labels = atoll_labels_load(path, err);
		if (vision->labels)
			compare_labels(vision, path);
		else
			r = -EINVAL;
	}
	free(beside);
	return r;
}

static struct atoll_convert *new_convert(const struct vision *vision,
					 struct atoll_error *err)
{
	const struct atoll_tensor *input = atoll_session_input(vision->session, 0);
	struct atoll_convert_config config = {
		.height = (uint32_t)input->dims[1],
		.width = (uint32_t)input->dims[2],
		.channels = (uint32_t)input->dims[3],
		.fit = vision->fit,
		.store = input->type == ATOLL_UINT8 ? ATOLL_STORE_UINT8 :
			input->type == ATOLL_INT8 ? ATOLL_STORE_INT8 : ATOLL_STORE_FLOAT32,
		.scale = 1 / 127.5f,
		.offset = -1,
	};

	return atoll_convert_new(&config, err);
}

static int open_session(struct vision *vision, const struct vision_config *config,
			struct atoll_error *err)
{
	struct atoll_session_options options = config->session;

	vision->model = atoll_model_load(config->model_path, err);
	if (!vision->model)
		return -EINVAL;
	if (config->twin_path) {
		vision->twin = atoll_model_load(config->twin_path, err);
		if (!vision->twin)
			return -EINVAL;
	}
	options.twin = vision->twin;
	vision->session = atoll_session_open(vision->model, &options, err);
	return vision->session ? 0 : -EINVAL;
}

/* Before what was odd until then: it changes how long everything takes. */
static void tell_device(struct vision *vision)
{
	const struct atoll_error before = vision->warning;
	const char *text = atoll_session_error(vision->session);

	if (*text && before.code)
		(void)atoll_error_set(&vision->warning, -ENOTSUP, "%s; %s", text, before.text);
	else if (*text)
		(void)atoll_error_set(&vision->warning, -ENOTSUP, "%s", text);
}

static int open_all(struct vision *vision, const struct vision_config *config,
		    struct atoll_error *err)
{
	int r;

	vision->name = beside_name(config->model_path);
	r = open_session(vision, config, err);
	if (r < 0)
		return r;
	r = check_input(vision, err);
	if (r == 0)
		r = find_kind(vision, err);
	vision->threshold = choose_threshold(vision->kind, config->threshold);
	if (r == 0 && (!vision->name || take_room(vision, config->top) < 0))
		r = atoll_error_set(err, -ENOMEM, "out of memory");
	if (r == 0) {
		vision->convert = new_convert(vision, err);
		r = vision->convert ? 0 : -EINVAL;
	}
	if (r < 0) {
		atoll_error_prefix(err, "%s", atoll_error_path(config->model_path));
		return r;
	}
	r = load_labels(vision, config, err);
	tell_device(vision);
	return r;
}

struct vision *vision_open(const struct vision_config *config, struct atoll_error *err)
{
	struct vision *vision = calloc(1, sizeof(*vision));

	if (!vision) {
		atoll_error_set(err, -ENOMEM, "%s: out of memory", config->model_path);
		return NULL;
	}
	vision->fit = config->fit;
	if (open_all(vision, config, err) < 0) {
		vision_close(vision);
		return NULL;
	}
	return vision;
}

void vision_close(struct vision *vision)
{
	if (!vision)
		return;
	atoll_session_close(vision->session);
	atoll_model_free(vision->model);
	atoll_model_free(vision->twin);
	atoll_labels_free(vision->labels);
	atoll_convert_free(vision->convert);
	free(vision->name);
	free(vision->thing);
	free(vision->number);
	free(vision->class);
	free(vision->box);
	free(vision->pose);
	free(vision->seen);
	free(vision->mask);
	free(vision->row);
	free(vision->column);
	free(vision);
}

enum vision_kind vision_kind(const struct vision *vision)
{
	return vision->kind;
}

const char *vision_name(const struct vision *vision)
{
	return vision->name;
}

const char *vision_warning(const struct vision *vision)
{
	return vision->warning.code ? vision->warning.text : NULL;
}

const struct atoll_session_plan *vision_plan(const struct vision *vision)
{
	return atoll_session_plan(vision->session);
}

/* From outputs to things */

/* NULL for a class that has only a number. */
static const char *name_of_class(const struct vision *vision, uint32_t index)
{
	return vision->kind == VISION_POSES ? "person" :
		atoll_labels_name(vision->labels, index);
}

static void tell_number(char number[NUMBER_TEXT], uint32_t index)
{
	(void)snprintf(number, NUMBER_TEXT, "class %u", index);
}

static struct vision_thing *add(struct vision *vision, uint32_t index, float score)
{
	uint32_t i = vision->result.things++;
	const char *name = name_of_class(vision, index);

	if (!name)
		tell_number(vision->number[i], index);
	vision->thing[i] = (struct vision_thing){
		.label = name ? name : vision->number[i], .has_label = name != NULL,
		.index = index, .score = score, .bottom = 1, .right = 1 };
	return &vision->thing[i];
}

static void add_classes(struct vision *vision)
{
	int found = atoll_classes_top(atoll_session_output(vision->session, 0),
				      vision->threshold, vision->class, vision->room);

	for (int i = 0; i < found; i++)
		add(vision, vision->class[i].index, vision->class[i].score);
}

/* A box in the frame, cut at its edge. */
static void place(struct vision_thing *thing, float left, float top, float right,
		  float bottom)
{
	thing->left = fminf(fmaxf(left, 0), 1);
	thing->top = fminf(fmaxf(top, 0), 1);
	thing->right = fminf(fmaxf(right, 0), 1);
	thing->bottom = fminf(fmaxf(bottom, 0), 1);
}

static void add_boxes(struct vision *vision)
{
	uint32_t found = atoll_boxes_read(&vision->boxes, vision->threshold, vision->box,
					  vision->room);

	for (uint32_t i = 0; i < found; i++) {
		struct atoll_box *box = &vision->box[i];
		struct vision_thing *thing;

		atoll_convert_point(vision->convert, &box->left, &box->top);
		atoll_convert_point(vision->convert, &box->right, &box->bottom);
		/* Something seen on a letterbox's bar is not in the frame. */
		if (box->left >= 1 || box->top >= 1 || box->right <= 0 || box->bottom <= 0)
			continue;
		thing = add(vision, box->index, box->score);
		place(thing, box->left, box->top, box->right, box->bottom);
	}
}

/* Around the joints that are seen, or around all when none is. */
static void place_pose(struct vision_thing *thing)
{
	const struct atoll_pose *pose = thing->pose;
	float left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;
	float least = VISION_JOINT_SEEN;
	bool is_seen = false;

	for (int k = 0; k < ATOLL_POSE_JOINTS; k++)
		is_seen = is_seen || pose->joint[k].score >= least;
	if (!is_seen)
		least = -INFINITY;
	for (int k = 0; k < ATOLL_POSE_JOINTS; k++) {
		const struct atoll_joint *joint = &pose->joint[k];

		if (joint->score < least)
			continue;
		left = fminf(left, joint->x);
		right = fmaxf(right, joint->x);
		top = fminf(top, joint->y);
		bottom = fmaxf(bottom, joint->y);
	}
	place(thing, left, top, right, bottom);
}

static void add_poses(struct vision *vision)
{
	uint32_t found = atoll_poses_read(&vision->poses, vision->threshold, vision->pose,
					  vision->room);

	for (uint32_t i = 0; i < found; i++) {
		struct vision_thing *thing = add(vision, 0, vision->pose[i].score);

		for (int k = 0; k < ATOLL_POSE_JOINTS; k++)
			atoll_convert_point(vision->convert, &vision->pose[i].joint[k].x,
					    &vision->pose[i].joint[k].y);
		thing->pose = &vision->pose[i];
		place_pose(thing);
	}
}

/*
 * Which of the input's `cells` lies under the middle of each of as many parts of
 * the frame; the input's ends lie at `begin` and `end` of the frame's 0..1.
 */
static void map_axis(int32_t *map, uint32_t cells, float begin, float end)
{
	for (uint32_t i = 0; i < cells; i++) {
		float at = ((float)i + 0.5f) / (float)cells;
		float cell = floorf((at - begin) / (end - begin) * (float)cells);

		map[i] = cell >= 0 && cell < (float)cells ? (int32_t)cell : -1;
	}
}

/* The mask over the frame instead of over the input. Counts each class. */
static void spread_mask(struct vision *vision, uint32_t count[VISION_MASK_NOTHING + 1])
{
	const uint32_t width = vision->mask_width, height = vision->mask_height;
	float left = 0, top = 0, right = 1, bottom = 1;
	uint8_t *to = vision->mask;

	atoll_convert_point(vision->convert, &left, &top);
	atoll_convert_point(vision->convert, &right, &bottom);
	map_axis(vision->row, height, top, bottom);
	map_axis(vision->column, width, left, right);
	for (uint32_t y = 0; y < height; y++)
		for (uint32_t x = 0; x < width; x++) {
			int32_t row = vision->row[y], column = vision->column[x];

			*to = row < 0 || column < 0 ? VISION_MASK_NOTHING :
				vision->seen[(size_t)row * width + (size_t)column];
			count[*to++]++;
		}
}

static void add_mask(struct vision *vision)
{
	uint32_t count[VISION_MASK_NOTHING + 1] = { 0 };
	float pixels = (float)vision->mask_width * (float)vision->mask_height;

	atoll_mask_read(atoll_session_output(vision->session, 0), vision->seen);
	spread_mask(vision, count);
	while (vision->result.things < vision->room) {
		uint32_t best = 0;

		for (uint32_t class = 1; class < VISION_MASK_NOTHING; class++)
			if (count[class] > count[best])
				best = class;
		if (count[best] == 0 || (float)count[best] / pixels < vision->threshold)
			break;
		add(vision, best, (float)count[best] / pixels);
		count[best] = 0;
	}
}

static void decode(struct vision *vision)
{
	vision->result.things = 0;
	vision->result.convert_ns = vision->convert_ns;
	vision->result.run_ns = vision_plan(vision)->run_ns;
	switch (vision->kind) {
	case VISION_CLASSES: add_classes(vision); break;
	case VISION_BOXES: add_boxes(vision); break;
	case VISION_POSES: add_poses(vision); break;
	case VISION_MASK: add_mask(vision); break;
	}
}

/* How many classes there can be; boxes do not say, but by their labels. */
static size_t classes_of(const struct vision *vision)
{
	switch (vision->kind) {
	case VISION_CLASSES: return things_max(vision);
	case VISION_MASK: return VISION_MASK_NOTHING;
	case VISION_POSES: return 1;
	default: return BOX_CLASSES_MAX;
	}
}

bool vision_knows(const struct vision *vision, const char *label)
{
	const size_t classes = classes_of(vision);
	char number[NUMBER_TEXT];

	for (uint32_t i = 0; i < classes; i++) {
		const char *name = name_of_class(vision, i);

		if (!name)
			tell_number(number, i);
		if (strcmp(name ? name : number, label) == 0)
			return true;
	}
	return false;
}

/* Looking */

static int convert(struct vision *vision, const struct atoll_frame *frame,
		   struct atoll_error *err)
{
	uint64_t start_ns = (uint64_t)atoll_clock_ns();
	int r;

	if (vision->is_running)
		return atoll_error_set(err, -EBUSY, "%s: is still looking at a frame",
				       vision->name);
	r = atoll_convert_run(vision->convert, frame,
			      atoll_session_input(vision->session, 0)->data);
	if (r < 0)
		return atoll_error_set(err, r, "%s: frame of %ux%u %s: %s", vision->name,
				       frame->width, frame->height,
				       atoll_pixels_name(frame->pixels), strerror(-r));
	vision->convert_ns = (uint64_t)atoll_clock_ns() - start_ns;
	return 0;
}

static int could_not_run(const struct vision *vision, int r, struct atoll_error *err)
{
	return atoll_error_set(err, r, "%s", atoll_session_error(vision->session));
}

static int could_not_start(const struct vision *vision, int r, struct atoll_error *err)
{
	return atoll_error_set(err, r, "%s: start: %s", vision->name, strerror(-r));
}

int vision_look(struct vision *vision, const struct atoll_frame *frame,
		struct atoll_error *err)
{
	int r = convert(vision, frame, err);

	if (r < 0)
		return r;
	r = atoll_session_invoke(vision->session);
	if (r < 0)
		return could_not_run(vision, r, err);
	decode(vision);
	return 0;
}

int vision_start(struct vision *vision, const struct atoll_frame *frame,
		 struct atoll_error *err)
{
	int r = convert(vision, frame, err);

	if (r < 0)
		return r;
	r = atoll_session_start(vision->session);
	if (r < 0)
		return could_not_start(vision, r, err);
	vision->is_running = true;
	return 0;
}

int vision_fd(const struct vision *vision)
{
	return atoll_session_fd(vision->session);
}

int vision_finish(struct vision *vision, struct atoll_error *err)
{
	int r;

	if (!vision->is_running)
		return atoll_error_set(err, -EINVAL, "%s: nothing was started",
				       vision->name);
	r = atoll_session_wait(vision->session, -1);
	vision->is_running = false;
	if (r < 0)
		return could_not_run(vision, r, err);
	decode(vision);
	return 0;
}

const struct vision_result *vision_result(const struct vision *vision)
{
	return &vision->result;
}

/* Telling */

static void box_json(const struct vision_thing *thing, struct atoll_json *json)
{
	const float edge[] = { thing->top, thing->left, thing->bottom, thing->right };

	atoll_json_array(json, "box");
	for (int i = 0; i < 4; i++)
		atoll_json_real(json, NULL, (double)edge[i]);
	atoll_json_end(json);
}

static void joints_json(const struct atoll_pose *pose, struct atoll_json *json)
{
	atoll_json_array(json, "joints");
	for (uint32_t k = 0; k < ATOLL_POSE_JOINTS; k++) {
		atoll_json_object(json, NULL);
		atoll_json_string(json, "name", atoll_pose_joint_name(k));
		atoll_json_real(json, "x", (double)pose->joint[k].x);
		atoll_json_real(json, "y", (double)pose->joint[k].y);
		atoll_json_real(json, "score", (double)pose->joint[k].score);
		atoll_json_end(json);
	}
	atoll_json_end(json);
}

void vision_json(const struct vision_result *result, struct atoll_json *json)
{
	static const char *const keys[] = {
		[VISION_CLASSES] = "classes", [VISION_BOXES] = "boxes",
		[VISION_POSES] = "poses", [VISION_MASK] = "mask",
	};

	atoll_json_array(json, keys[result->kind]);
	for (uint32_t i = 0; i < result->things; i++) {
		const struct vision_thing *thing = &result->thing[i];

		atoll_json_object(json, NULL);
		atoll_json_integer(json, "index", thing->index);
		if (thing->has_label)
			atoll_json_string(json, "label", thing->label);
		atoll_json_real(json, "score", (double)thing->score);
		if (result->kind == VISION_BOXES || result->kind == VISION_POSES)
			box_json(thing, json);
		if (thing->pose)
			joints_json(thing->pose, json);
		atoll_json_end(json);
	}
	atoll_json_end(json);
}
