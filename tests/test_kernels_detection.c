/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/schema/tflite.h"
#include "tests/flatc.h"

/* One model: its options, and the sizes of its inputs. */
struct scene {
	int32_t anchors, classes, background, coordinates;
	int32_t detections, per_anchor, per_class;
	bool is_regular;
	double score_threshold, iou_threshold;
	bool is_quantized;
};

/* The rest of the options. */
#define SCALES "y_scale: 10.0, x_scale: 10.0, h_scale: 5.0, w_scale: 5.0"

static void new_detection(struct single *s, const struct scene *scene, const char *json)
{
	enum atoll_type type = scene->is_quantized ? ATOLL_UINT8 : ATOLL_FLOAT32;
	size_t size;

	single_new(s, BUILTIN_CUSTOM, 0);
	s->op.custom = "TFLite_Detection_PostProcess";
	s->op.custom_options = flatc_binary(NULL, json, &size);
	s->op.custom_options_bytes = size;
	s->scale = 0.1f;
	s->zero_point = 128;
	single_input(s, type, 3,
		     (int32_t[]){ 1, scene->anchors, scene->coordinates });
	s->scale = 1.0f / 256;
	s->zero_point = 0;
	single_input(s, type, 3, (int32_t[]){ 1, scene->anchors,
					      scene->classes + scene->background });
	s->scale = 0.01f;
	s->zero_point = 20;
	single_input(s, type, 2, (int32_t[]){ scene->anchors, 4 });
	for (int i = 0; i < 4; i++)
		single_output(s, ATOLL_FLOAT32);
}

static void open_detection(struct single *s, const struct scene *scene)
{
	char json[512];

	(void)snprintf(json, sizeof(json), "{ max_detections: %d, "
		"max_classes_per_detection: %d, detections_per_class: %d, num_classes: %d, "
		"use_regular_nms: %s, nms_score_threshold: %g, nms_iou_threshold: %g, "
		SCALES " }", scene->detections, scene->per_anchor, scene->per_class,
		scene->classes, scene->is_regular ? "true" : "false",
		scene->score_threshold, scene->iou_threshold);
	new_detection(s, scene, json);
	single_open(s);
}

static void free_detection(struct single *s)
{
	free((void *)(uintptr_t)s->op.custom_options);
	single_free(s);
}

static double real(const struct atoll_tensor *t, int32_t i)
{
	if (t->type == ATOLL_UINT8)
		return (double)((float)(((const uint8_t *)t->data)[i] - t->quant.zero_point) *
				t->quant.scale);
	return (double)((const float *)t->data)[i];
}

/* The plain restatement. Everything is worked out again whenever it is asked. */

struct box {
	float edge[4]; /* ymin, xmin, ymax, xmax */
};

static struct box decoded(const struct single *s, const struct scene *scene, int32_t i)
{
	static const double scale[] = { 10, 10, 5, 5 };
	double code[4], anchor[4];
	struct box box;

	for (int k = 0; k < 4; k++) {
		code[k] = real(s->in[0], i * scene->coordinates + k) / scale[k];
		anchor[k] = real(s->in[2], 4 * i + k);
	}
	for (int k = 0; k < 2; k++) {
		float centre = (float)(code[k] * anchor[k + 2] + anchor[k]);
		float half = (float)(0.5 * exp(code[k + 2]) * anchor[k + 2]);

		box.edge[k] = centre - half;
		box.edge[k + 2] = centre + half;
	}
	return box;
}

static float overlap(struct box a, struct box b)
{
	float area_a = (a.edge[2] - a.edge[0]) * (a.edge[3] - a.edge[1]);
	float area_b = (b.edge[2] - b.edge[0]) * (b.edge[3] - b.edge[1]);
	float h = fmaxf(fminf(a.edge[2], b.edge[2]) - fmaxf(a.edge[0], b.edge[0]), 0);
	float w = fmaxf(fminf(a.edge[3], b.edge[3]) - fmaxf(a.edge[1], b.edge[1]), 0);

	if (area_a <= 0 || area_b <= 0)
		return 0;
	return h * w / (area_a + area_b - h * w);
}

static double score_of(const struct single *s, const struct scene *scene, int32_t anchor,
		       int32_t class)
{
	return real(s->in[1], anchor * (scene->classes + scene->background) +
				      scene->background + class);
}

/* The class that has `better` others before it. */
static int32_t ranked_class(const struct single *s, const struct scene *scene,
			    int32_t anchor, int32_t better)
{
	for (int32_t c = 0; c < scene->classes; c++) {
		double score = score_of(s, scene, anchor, c);
		int32_t before = 0;

		for (int32_t o = 0; o < scene->classes; o++)
			before += score_of(s, scene, anchor, o) > score ||
				  (score_of(s, scene, anchor, o) == score && o < c);
		if (before == better)
			return c;
	}
	fail();
	return -1;
}

/* Greedy suppression over all anchors with these scores, NAN: not a candidate. */
static int32_t suppress(const struct single *s, const struct scene *scene, double *score,
			int32_t most, int32_t *kept)
{
	int32_t count = 0;

	while (count < most) {
		int32_t best = -1;

		for (int32_t i = 0; i < scene->anchors; i++)
			if (score[i] >= (double)(float)scene->score_threshold &&
			    (best < 0 || score[i] > score[best]))
				best = i;
		if (best < 0)
			break;
		kept[count++] = best;
		for (int32_t i = 0; i < scene->anchors; i++)
			if (i == best || overlap(decoded(s, scene, i), decoded(s, scene, best)) >
						 (float)scene->iou_threshold)
				score[i] = (double)NAN;
	}
	return count;
}

struct wanted {
	struct box box[64];
	float class[64], score[64];
	int32_t count;
};

static void want_fast(const struct single *s, const struct scene *scene, struct wanted *w)
{
	double score[64];
	int32_t kept[64];

	for (int32_t i = 0; i < scene->anchors; i++)
		score[i] = score_of(s, scene, i, ranked_class(s, scene, i, 0));
	w->count = suppress(s, scene, score, scene->detections, kept);
	for (int32_t i = 0; i < w->count; i++)
		for (int32_t k = 0; k < scene->per_anchor && k < scene->classes; k++) {
			int32_t class = ranked_class(s, scene, kept[i], k);
			int32_t at = i * scene->per_anchor + k;

			w->box[at] = decoded(s, scene, kept[i]);
			w->class[at] = (float)class;
			w->score[at] = (float)score_of(s, scene, kept[i], class);
		}
}

static void want_regular(const struct single *s, const struct scene *scene,
			 struct wanted *w)
{
	struct { double score; int32_t anchor, class; } all[64 * 8];
	int32_t found = 0, most = scene->per_class < scene->detections ?
		scene->per_class : scene->detections;

	for (int32_t c = 0; c < scene->classes; c++) {
		double score[64];
		int32_t kept[64], count;

		for (int32_t i = 0; i < scene->anchors; i++)
			score[i] = score_of(s, scene, i, c);
		count = suppress(s, scene, score, most, kept);
		for (int32_t i = 0; i < count; i++, found++) {
			all[found].score = score_of(s, scene, kept[i], c);
			all[found].anchor = kept[i];
			all[found].class = c;
		}
	}
	for (; w->count < scene->detections && w->count < found; w->count++) {
		int32_t best = 0;

		for (int32_t i = 1; i < found; i++)
			if (all[i].score > all[best].score)
				best = i;
		w->box[w->count] = decoded(s, scene, all[best].anchor);
		w->class[w->count] = (float)all[best].class;
		w->score[w->count] = (float)all[best].score;
		all[best].score = -1;
	}
}

static void check_scene(struct single *s, const struct scene *scene)
{
	struct wanted w = { .count = 0 };
	size_t most = (size_t)(scene->detections * scene->per_anchor);

	/* Two runs: what the first one leaves must not show in the second. */
	graph_run(&s->graph);
	graph_run(&s->graph);
	if (scene->is_regular)
		want_regular(s, scene, &w);
	else
		want_fast(s, scene, &w);
	single_assert_shape(s->out[0], 3, (int32_t[]){ 1, (int32_t)most, 4 });
	single_assert_shape(s->out[1], 2, (int32_t[]){ 1, (int32_t)most });
	single_assert_shape(s->out[2], 2, (int32_t[]){ 1, (int32_t)most });
	single_assert_shape(s->out[3], 1, (int32_t[]){ 1 });
	assert_true(*(float *)s->out[3]->data == (float)w.count);
	/* Behind the count as well, where all are 0. */
	assert_memory_equal(s->out[0]->data, w.box, most * sizeof(w.box[0]));
	assert_memory_equal(s->out[1]->data, w.class, most * sizeof(float));
	assert_memory_equal(s->out[2]->data, w.score, most * sizeof(float));
}

static void fill_scene(struct single *s, const struct scene *scene)
{
	struct check_random *random = &s->random;

	single_fill(s);
	if (scene->is_quantized)
		return;
	for (uint32_t i = 0; i < 3; i++) {
		struct atoll_tensor *in = atoll_session_input(s->graph.session, i);

		/* Boxes near each other, and few different scores. */
		for (size_t k = 0; k < in->elements; k++)
			((float *)in->data)[k] = i == 0 ?
				(float)check_random_in(random, -20, 20) / 4 : i == 1 ?
				(float)check_random_in(random, 0, 16) / 16 :
				(float)check_random_in(random, 1, 100) / 100;
	}
}

static void any_scene_is_decoded_as_the_plain_loops_do(void **state)
{
	struct check_random random = { 1 };

	(void)state;
	for (int round = 0; round < 60; round++) {
		struct scene scene = {
			.anchors = check_random_in(&random, 1, 40),
			.classes = check_random_in(&random, 1, 6),
			.background = check_random_in(&random, 0, 1),
			.coordinates = check_random_in(&random, 4, 6),
			.detections = check_random_in(&random, 1, 12),
			.per_anchor = check_random_in(&random, 1, 3),
			.per_class = check_random_in(&random, 1, 12),
			.is_regular = round % 2,
			.score_threshold = 0.25,
			.iou_threshold = 0.5,
			.is_quantized = round % 4 < 2,
		};
		struct single s;

		open_detection(&s, &scene);
		s.random.state = (uint64_t)round;
		fill_scene(&s, &scene);
		check_scene(&s, &scene);
		free_detection(&s);
	}
}

/* Two anchors on one spot, one elsewhere, one below the threshold. */
static void a_hand_made_scene_keeps_two_boxes(void **state)
{
	static const float scores[] = { 0, 0.6f, 0.1f,  0, 0.2f, 0.9f,
					0, 0.5f, 0.3f,  0, 0.05f, 0.04f };
	static const float anchors[] = { 0.5f, 0.5f, 0.2f, 0.2f,  0.51f, 0.5f, 0.2f, 0.2f,
					 0.2f, 0.2f, 0.1f, 0.3f,  0.8f, 0.8f, 0.1f, 0.1f };
	const struct scene scene = {
		.anchors = 4, .classes = 2, .background = 1, .coordinates = 4,
		.detections = 3, .per_anchor = 1, .per_class = 100,
		.score_threshold = 0.1, .iou_threshold = 0.6,
	};
	const float *box;
	struct single s;

	(void)state;
	open_detection(&s, &scene);
	memset(atoll_session_input(s.graph.session, 0)->data, 0, 4 * 4 * sizeof(float));
	memcpy(atoll_session_input(s.graph.session, 1)->data, scores, sizeof(scores));
	memcpy(atoll_session_input(s.graph.session, 2)->data, anchors, sizeof(anchors));
	graph_run(&s.graph);
	box = s.out[0]->data;
	assert_true(*(float *)s.out[3]->data == 2);
	assert_memory_equal(s.out[1]->data, ((float[]){ 1, 0, 0 }), 12);
	assert_memory_equal(s.out[2]->data, ((float[]){ 0.9f, 0.5f, 0 }), 12);
	assert_float_equal(box[0], 0.41, 1e-6);
	assert_float_equal(box[1], 0.4, 1e-6);
	assert_float_equal(box[2], 0.61, 1e-6);
	assert_float_equal(box[3], 0.6, 1e-6);
	assert_float_equal(box[4], 0.15, 1e-6);
	assert_float_equal(box[5], 0.05, 1e-6);
	free_detection(&s);
}

/* 1 x 2 and 1 x 1 within it share exactly half of what they cover. */
static void an_overlap_equal_to_the_threshold_is_allowed(void **state)
{
	static const float scores[] = { 0.6f, 0.5f };
	static const float anchors[] = { 0.5f, 1, 1, 2,  0.5f, 0.5f, 1, 1 };
	struct scene scene = {
		.anchors = 2, .classes = 1, .coordinates = 4,
		.detections = 2, .per_anchor = 1, .per_class = 100,
		.score_threshold = 0.1,
	};

	(void)state;
	for (int kept = 1; kept <= 2; kept++) {
		struct single s;

		scene.iou_threshold = kept == 2 ? 0.5 : 0.49;
		open_detection(&s, &scene);
		memset(atoll_session_input(s.graph.session, 0)->data, 0, 2 * 4 * sizeof(float));
		memcpy(atoll_session_input(s.graph.session, 1)->data, scores, sizeof(scores));
		memcpy(atoll_session_input(s.graph.session, 2)->data, anchors, sizeof(anchors));
		graph_run(&s.graph);
		assert_true(*(float *)s.out[3]->data == (float)kept);
		free_detection(&s);
	}
}

static void refused_with(const struct scene *scene, const char *json, const char *words)
{
	struct single s;
	const void *options;

	new_detection(&s, scene, json);
	options = s.op.custom_options;
	single_refused(&s, words);
	free((void *)(uintptr_t)options);
}

#define COMMON "max_classes_per_detection: 1, nms_score_threshold: 0.1, " \
	"nms_iou_threshold: 0.6, " SCALES

static void options_that_make_no_sense_are_refused(void **state)
{
	const struct scene scene = { .anchors = 4, .classes = 3, .background = 1,
				     .coordinates = 4 };

	(void)state;
	refused_with(&scene, "{ num_classes: 3, " COMMON " }",
		     "TFLite_Detection_PostProcess: option max_detections is missing");
	refused_with(&scene, "{ num_classes: 3, max_detections: 0, " COMMON " }",
		     "option max_detections is 0, expected 1 to 65536");
	refused_with(&scene, "{ num_classes: 3, max_detections: 'x', " COMMON " }",
		     "option max_detections is not an integer");
	refused_with(&scene, "{ num_classes: 2, max_detections: 5, " COMMON " }",
		     "4 scores for 2 classes, expected as many or one more");
	refused_with(&scene, "{ num_classes: 3, max_detections: 5, "
		     "detections_per_class: -1, " COMMON " }",
		     "option detections_per_class is -1");
	refused_with(&scene, "[ 1, 2 ]", "options are not a FlexBuffers map");
}

static void inputs_that_do_not_belong_together_are_refused(void **state)
{
	const struct scene scene = { .anchors = 4, .classes = 3, .coordinates = 3 };

	(void)state;
	refused_with(&scene, "{ num_classes: 3, max_detections: 5, " COMMON " }",
		     "boxes 1x4x3, scores 1x4x3 and anchors 4x4 do not belong together");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_scene_is_decoded_as_the_plain_loops_do),
		cmocka_unit_test(a_hand_made_scene_keeps_two_boxes),
		cmocka_unit_test(an_overlap_equal_to_the_threshold_is_allowed),
		cmocka_unit_test(options_that_make_no_sense_are_refused),
		cmocka_unit_test(inputs_that_do_not_belong_together_are_refused),
	};

	return CHECK_RUN(tests);
}
