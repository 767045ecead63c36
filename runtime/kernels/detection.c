/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TFLite_Detection_PostProcess: from what an SSD network says about each anchor
 * to the best few boxes.
 *
 *	encodings  [1][anchors][4 or more]   y, x, h, w against the anchor
 *	scores     [1][anchors][background + classes]   background is 0 or 1
 *	anchors    [anchors][4]              y, x, h, w
 *
 *	boxes      [1][most][4]              ymin, xmin, ymax, xmax
 *	classes    [1][most]
 *	scores     [1][most]
 *	count      [1]
 *
 * The output shapes come from the options; what lies behind the count is 0.
 */
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "runtime/kernels/custom.h"
#include "runtime/schema/tflite.h"

/* More boxes than this are a mistake, and their room must stay countable. */
#define DETECTIONS_MAX 65536

struct box {
	float ymin, xmin, ymax, xmax;
};

struct found {
	float score;
	int32_t anchor, class;
};

struct detection {
	int32_t anchors, encoding, scores; /* scores per anchor, with background */
	int32_t classes, background;
	int32_t detections_max, per_class_max;
	int32_t classes_per_anchor;        /* fast mode: room for each box */
	bool is_regular;
	float score_threshold, iou_threshold;
	float y_scale, x_scale, h_scale, w_scale;
};

/* Scratch, one after the other. */
struct workspace {
	struct box *box;      /* [anchors] */
	float *score;         /* [anchors] of one class, or of the best one */
	int32_t *heap;        /* [anchors] */
	int32_t *kept;        /* [detections_max] anchors of one suppression */
	struct found *found;  /* [detections_max] best first */
};

static struct workspace workspace(const struct detection *d, void *scratch)
{
	struct workspace w = { .box = scratch };

	w.score = (float *)(w.box + d->anchors);
	w.heap = (int32_t *)(w.score + d->anchors);
	w.kept = w.heap + d->anchors;
	w.found = (struct found *)(w.kept + d->detections_max);
	return w;
}

static size_t workspace_bytes(const struct detection *d)
{
	return (size_t)d->anchors *
		       (sizeof(struct box) + sizeof(float) + sizeof(int32_t)) +
	       (size_t)d->detections_max * (sizeof(int32_t) + sizeof(struct found));
}

/* TFLite: worked out in double, centre and half size rounded to float. */
static struct box decode(const struct detection *d, const struct custom_numbers *codes,
			 const struct custom_numbers *anchors, size_t i)
{
	double code[4], anchor[4];
	float y, x, half_h, half_w;

	for (size_t k = 0; k < 4; k++) {
		code[k] = (double)custom_number(codes, i * (size_t)d->encoding + k);
		anchor[k] = (double)custom_number(anchors, i * 4 + k);
	}
	y = (float)(code[0] / (double)d->y_scale * anchor[2] + anchor[0]);
	x = (float)(code[1] / (double)d->x_scale * anchor[3] + anchor[1]);
	half_h = (float)(0.5 * exp(code[2] / (double)d->h_scale) * anchor[2]);
	half_w = (float)(0.5 * exp(code[3] / (double)d->w_scale) * anchor[3]);
	return (struct box){ y - half_h, x - half_w, y + half_h, x + half_w };
}

static float area(const struct box *b)
{
	return (b->ymax - b->ymin) * (b->xmax - b->xmin);
}

/* What two boxes share, in parts of what they cover together. */
static float overlap(const struct box *a, const struct box *b)
{
	float h = fminf(a->ymax, b->ymax) - fmaxf(a->ymin, b->ymin);
	float w = fminf(a->xmax, b->xmax) - fmaxf(a->xmin, b->xmin);
	float shared = fmaxf(h, 0) * fmaxf(w, 0);

	if (area(a) <= 0 || area(b) <= 0)
		return 0;
	return shared / (area(a) + area(b) - shared);
}

/* Of equal scores the anchor that is further ahead comes first. */
static bool is_before(const float *score, int32_t a, int32_t b)
{
	return score[a] > score[b] || (score[a] == score[b] && a < b);
}

/* Let `anchor` sink from `hole` until all below it come later. */
static void sink(const float *score, int32_t *heap, int32_t n, int32_t hole,
		 int32_t anchor)
{
	for (;;) {
		int32_t child = 2 * hole + 1;

		if (child >= n)
			break;
		if (child + 1 < n && is_before(score, heap[child + 1], heap[child]))
			child++;
		if (!is_before(score, heap[child], anchor))
			break;
		heap[hole] = heap[child];
		hole = child;
	}
	heap[hole] = anchor;
}

static bool is_suppressed(const struct detection *d, const struct workspace *w,
			  int32_t anchor, int32_t kept)
{
	for (int32_t i = 0; i < kept; i++)
		if (overlap(&w->box[w->kept[i]], &w->box[anchor]) > d->iou_threshold)
			return true;
	return false;
}

/*
 * Take the best anchors by score, at most `most`, each only if it does not
 * overlap one taken before. Returns how many are in w->kept, best first.
 */
static int32_t suppress(const struct detection *d, const struct workspace *w,
			int32_t most)
{
	int32_t n = 0, kept = 0;

	for (int32_t i = 0; i < d->anchors; i++)
		if (w->score[i] >= d->score_threshold)
			w->heap[n++] = i;
	for (int32_t i = n / 2; i-- > 0;)
		sink(w->score, w->heap, n, i, w->heap[i]);
	while (n > 0 && kept < most) {
		int32_t best = w->heap[0];

		if (!is_suppressed(d, w, best, kept))
			w->kept[kept++] = best;
		n--;
		if (n > 0)
			sink(w->score, w->heap, n, 0, w->heap[n]);
	}
	return kept;
}

struct detection_outputs {
	struct box *box;
	float *class, *score;
};

/* The class of an anchor that comes after (score, class); -1 at the start. */
static int32_t next_class(const struct detection *d, const struct custom_numbers *scores,
			  int32_t anchor, int32_t after, float after_score)
{
	size_t first = (size_t)anchor * (size_t)d->scores + (size_t)d->background;
	float best = -FLT_MAX;
	int32_t found = -1;

	for (int32_t c = 0; c < d->classes; c++) {
		float score = custom_number(scores, first + (size_t)c);

		if (after >= 0 && (score > after_score ||
				   (score == after_score && c <= after)))
			continue;
		if (score > best || found < 0) {
			best = score;
			found = c;
		}
	}
	return found;
}

static float class_score(const struct detection *d, const struct custom_numbers *scores,
			 int32_t anchor, int32_t class)
{
	return custom_number(scores, (size_t)anchor * (size_t)d->scores +
					     (size_t)(d->background + class));
}

/* Each anchor stands for its best class; a kept one tells its next ones too. */
static int32_t run_fast(const struct detection *d, const struct workspace *w,
			const struct custom_numbers *scores,
			struct detection_outputs out)
{
	int32_t shown = d->classes_per_anchor < d->classes ? d->classes_per_anchor :
		d->classes;
	int32_t kept;

	for (int32_t i = 0; i < d->anchors; i++)
		w->score[i] = class_score(d, scores, i, next_class(d, scores, i, -1, 0));
	kept = suppress(d, w, d->detections_max);
	for (int32_t i = 0; i < kept; i++) {
		int32_t anchor = w->kept[i], class = -1;
		float score = 0;

		for (int32_t k = 0; k < shown; k++) {
			size_t to = (size_t)i * (size_t)d->classes_per_anchor + (size_t)k;

			class = next_class(d, scores, anchor, class, score);
			if (class < 0)
				break;
			score = class_score(d, scores, anchor, class);
			out.box[to] = w->box[anchor];
			out.class[to] = (float)class;
			out.score[to] = score;
		}
	}
	return kept;
}

/* Put one into the list of the best, behind its equals. */
static int32_t insert(struct found *list, int32_t count, int32_t most, struct found new)
{
	int32_t at = count;

	while (at > 0 && new.score > list[at - 1].score)
		at--;
	if (at == most)
		return count;
	if (count == most)
		count--;
	memmove(list + at + 1, list + at, (size_t)(count - at) * sizeof(*list));
	list[at] = new;
	return count + 1;
}

/* Each class for itself, then the best of all. */
static int32_t run_regular(const struct detection *d, const struct workspace *w,
			   const struct custom_numbers *scores,
			   struct detection_outputs out)
{
	int32_t count = 0;

	for (int32_t c = 0; c < d->classes; c++) {
		int32_t kept;

		for (int32_t i = 0; i < d->anchors; i++)
			w->score[i] = class_score(d, scores, i, c);
		kept = suppress(d, w, d->per_class_max);
		for (int32_t i = 0; i < kept; i++)
			count = insert(w->found, count, d->detections_max,
				       (struct found){ w->score[w->kept[i]], w->kept[i], c });
	}
	for (int32_t i = 0; i < count; i++) {
		out.box[i] = w->box[w->found[i].anchor];
		out.class[i] = (float)w->found[i].class;
		out.score[i] = w->found[i].score;
	}
	return count;
}

static int detection_run(const struct kernel_node *node, struct pool *pool)
{
	const struct detection *d = node->prepared;
	struct workspace w = workspace(d, node->scratch);
	struct custom_numbers codes = custom_numbers(node->input[0], 1);
	struct custom_numbers scores = custom_numbers(node->input[1], 1);
	struct custom_numbers anchors = custom_numbers(node->input[2], 1);
	struct detection_outputs out = {
		.box = node->output[0]->data,
		.class = node->output[1]->data,
		.score = node->output[2]->data,
	};
	int32_t count;

	(void)pool;
	for (uint32_t o = 0; o < 3; o++)
		memset(node->output[o]->data, 0, node->output[o]->bytes);
	for (int32_t i = 0; i < d->anchors; i++)
		w.box[i] = decode(d, &codes, &anchors, (size_t)i);
	count = d->is_regular ? run_regular(d, &w, &scores, out) :
		run_fast(d, &w, &scores, out);
	*(float *)node->output[3]->data = (float)count;
	return 0;
}

static int read_options(const struct kernel_node *node, struct detection *d,
			struct atoll_error *err)
{
	struct custom_options options;
	struct { const char *key; float low; float *value; } reals[] = {
		{ "nms_score_threshold", -FLT_MAX, &d->score_threshold },
		{ "nms_iou_threshold", FLT_MIN, &d->iou_threshold },
		{ "y_scale", FLT_MIN, &d->y_scale },
		{ "x_scale", FLT_MIN, &d->x_scale },
		{ "h_scale", FLT_MIN, &d->h_scale },
		{ "w_scale", FLT_MIN, &d->w_scale },
	};
	int32_t regular = 0;
	int r = custom_options_open(node, &options, err);

	if (r == 0)
		r = custom_required_int(&options, "max_detections", 1, DETECTIONS_MAX,
					&d->detections_max, err);
	if (r == 0)
		r = custom_required_int(&options, "max_classes_per_detection", 1,
					DETECTIONS_MAX, &d->classes_per_anchor, err);
	if (r == 0)
		r = custom_required_int(&options, "num_classes", 1, INT32_MAX,
					&d->classes, err);
	for (size_t i = 0; i < sizeof(reals) / sizeof(reals[0]) && r == 0; i++)
		r = custom_required_float(&options, reals[i].key, reals[i].low, FLT_MAX,
					  reals[i].value, err);
	if (r < 0)
		return r;

	/* The two that old models leave out. */
	d->per_class_max = 100;
	r = custom_int(&options, "detections_per_class", 1, INT32_MAX, &d->per_class_max,
		       err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (d->per_class_max > d->detections_max)
		d->per_class_max = d->detections_max;
	r = custom_int(&options, "use_regular_nms", 0, 1, &regular, err);
	d->is_regular = regular;
	return r == -ENOENT ? 0 : r;
}

static int check_inputs(const struct kernel_node *node, struct detection *d,
			struct atoll_error *err)
{
	const struct atoll_tensor *codes = node->input[0], *scores = node->input[1];
	const struct atoll_tensor *anchors = node->input[2];
	char a[ATOLL_SHAPE_TEXT], b[ATOLL_SHAPE_TEXT], c[ATOLL_SHAPE_TEXT];

	if (codes->rank != 3 || codes->dims[0] != 1 || codes->dims[2] < 4 ||
	    scores->rank != 3 || scores->dims[0] != 1 || anchors->rank != 2 ||
	    anchors->dims[1] != 4 || scores->dims[1] != codes->dims[1] ||
	    anchors->dims[0] != codes->dims[1])
		return kernel_error(node, err, "boxes %s, scores %s and anchors %s do not "
			"belong together",
			atoll_shape_text(codes->rank, codes->dims, a),
			atoll_shape_text(scores->rank, scores->dims, b),
			atoll_shape_text(anchors->rank, anchors->dims, c));
	d->anchors = codes->dims[1];
	d->encoding = codes->dims[2];
	d->scores = scores->dims[2];
	d->background = d->scores - d->classes;
	if (d->background != 0 && d->background != 1)
		return kernel_error(node, err, "%" PRId32 " scores for %" PRId32
				    " classes, expected as many or one more", d->scores,
				    d->classes);
	return 0;
}

static int detection_prepare(struct kernel_node *node, struct kernel_setup *setup,
			     struct atoll_error *err)
{
	struct detection *d = kernel_alloc(setup, sizeof(*d));
	int32_t most;
	int r = kernel_check_counts(node, 3, 3, 4, err);

	if (!d)
		return atoll_error_set(err, -ENOMEM, "%s: no memory", node->op->name);
	for (uint32_t i = 0; i < 3 && r == 0; i++)
		r = custom_check_numbers(node, i, err);
	for (uint32_t o = 0; o < 4 && r == 0; o++)
		r = kernel_check_output(node, o, KERNEL_TYPE(ATOLL_FLOAT32), err);
	if (r == 0)
		r = read_options(node, d, err);
	if (r == 0)
		r = check_inputs(node, d, err);
	if (r < 0)
		return r;
	if (__builtin_mul_overflow(d->detections_max, d->classes_per_anchor, &most))
		return kernel_error(node, err, "%" PRId32 " boxes of %" PRId32 " classes",
				    d->detections_max, d->classes_per_anchor);
	r = kernel_set_shape(node, 0, 3, (int32_t[]){ 1, most, 4 }, err);
	if (r == 0)
		r = kernel_set_shape(node, 1, 2, (int32_t[]){ 1, most }, err);
	if (r == 0)
		r = kernel_set_shape(node, 2, 2, (int32_t[]){ 1, most }, err);
	if (r == 0)
		r = kernel_set_shape(node, 3, 1, (int32_t[]){ 1 }, err);
	node->scratch_bytes = workspace_bytes(d);
	node->prepared = d;
	node->run = detection_run;
	return r;
}

const struct kernel kernel_detection_postprocess = {
	.code = BUILTIN_CUSTOM,
	.custom = "TFLite_Detection_PostProcess",
	.version_max = 1,
	.types = "uint8 int8 float32",
	.prepare = detection_prepare,
};
