/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PosenetDecoderOp: people in a picture, as 17 keypoints each, out of the three
 * fields of a PoseNet network (PersonLab, arXiv 1803.08225).
 *
 *	heat    [1][h][w][17]        how likely a keypoint is here, as log odds
 *	near    [1][h][w][2 * 17]    from here to the keypoint close by, in pixels:
 *	                             17 distances down, then 17 to the right
 *	far     [1][h][w][4 * 16]    from one keypoint to its neighbour in the body:
 *	                             16 down and 16 to the right along the edges
 *	                             below, then the same against them
 *
 *	poses   [1][most][17][2]     y, x in pixels
 *	scores  [1][most][17]        of each keypoint, 0 to 1
 *	score   [1][most]            of the pose
 *	count   [1]
 *
 * A cell of the fields stands for `stride` pixels; all positions are in cells
 * until the end. What lies behind the count is 0.
 */
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "runtime/kernels/custom.h"
#include "runtime/schema/tflite.h"

#define KEYPOINTS 17
#define EDGES 16

/* How often a position is corrected by `near` after a step along `far`. */
#define CORRECTIONS 5

#define POSES_MAX 4096

/* nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles, the left one
   of each pair first: a tree with the nose as its root. */
static const struct edge {
	uint8_t parent, child;
} edges[EDGES] = {
	{ 0, 1 }, { 1, 3 },                       /* nose, left eye, ear */
	{ 0, 2 }, { 2, 4 },                       /* nose, right eye, ear */
	{ 0, 5 }, { 5, 7 }, { 7, 9 },             /* nose, left arm */
	{ 5, 11 }, { 11, 13 }, { 13, 15 },        /* left side and leg */
	{ 0, 6 }, { 6, 8 }, { 8, 10 },            /* nose, right arm */
	{ 6, 12 }, { 12, 14 }, { 14, 16 },        /* right side and leg */
};

struct point {
	float y, x;
};

struct pose {
	struct point at[KEYPOINTS];
	float odds[KEYPOINTS];  /* log odds, later probabilities */
	float score;
	bool is_hidden[KEYPOINTS]; /* a better pose has its keypoint there */
};

/* A place where the heat is highest among its neighbours. */
struct seed {
	float heat;
	int32_t cell;           /* (y * w + x) * KEYPOINTS + keypoint */
};

struct posenet {
	int32_t h, w, poses_max, stride;
	float score_threshold;
	float radius;           /* cells within which two keypoints are one */
};

struct fields {
	const struct posenet *net;
	struct custom_numbers heat, near, far;
};

/* Where a field is sampled: between four cells. */
struct sample {
	size_t cell[4];         /* upper left, upper right, lower left, lower right */
	float down, right;      /* nearness to the lower and the right ones */
};

/* Into 0..high; what is not a number becomes 0. */
static float within(float v, int32_t high)
{
	return v > 0 ? (v < (float)high ? v : (float)high) : 0;
}

static struct sample sample_at(const struct posenet *net, struct point p)
{
	size_t top = (size_t)floorf(p.y), bottom = (size_t)ceilf(p.y);
	size_t left = (size_t)floorf(p.x), right = (size_t)ceilf(p.x);
	size_t w = (size_t)net->w;

	return (struct sample){
		.cell = { top * w + left, top * w + right, bottom * w + left,
			  bottom * w + right },
		.down = p.y - (float)top,
		.right = p.x - (float)left,
	};
}

static float sampled(const struct custom_numbers *field, const struct sample *s,
		     size_t channels, size_t channel)
{
	float corner[4];

	for (int i = 0; i < 4; i++)
		corner[i] = custom_number(field, s->cell[i] * channels + channel);
	return (1 - s->down) * ((1 - s->right) * corner[0] + s->right * corner[1]) +
	       s->down * ((1 - s->right) * corner[2] + s->right * corner[3]);
}

/* Move by what the field says in two channels, staying in the picture. */
static struct point moved(const struct posenet *net, const struct custom_numbers *field,
			  size_t channels, size_t down, size_t right, struct point p)
{
	struct sample s = sample_at(net, p);

	return (struct point){
		.y = within(p.y + sampled(field, &s, channels, down), net->h - 1),
		.x = within(p.x + sampled(field, &s, channels, right), net->w - 1),
	};
}

/*
 * From one end of an edge to the other. Against the edges the distances lie two
 * blocks of 16 further on; the decoder published with the model reads others
 * for the way from the left eye to the nose, which looks like a mistake and is
 * not repeated here.
 */
static struct point follow(const struct fields *f, size_t edge, bool is_backward,
			   size_t target, struct point p)
{
	size_t channel = edge + (is_backward ? 2 * EDGES : 0);

	p = moved(f->net, &f->far, 4 * EDGES, channel, channel + EDGES, p);
	for (int i = 0; i < CORRECTIONS; i++)
		p = moved(f->net, &f->near, 2 * KEYPOINTS, target, target + KEYPOINTS, p);
	return p;
}

static void place_keypoint(const struct fields *f, struct pose *pose, size_t keypoint,
			   struct point p)
{
	struct sample s = sample_at(f->net, p);

	pose->at[keypoint] = p;
	pose->odds[keypoint] = sampled(&f->heat, &s, KEYPOINTS, keypoint);
}

/* The body is a tree: from any keypoint there is one way to each other. */
static void grow_pose(const struct fields *f, size_t root, struct point p,
		      struct pose *pose)
{
	uint32_t placed = 1u << root;

	place_keypoint(f, pose, root, p);
	while (placed != (1u << KEYPOINTS) - 1) {
		for (size_t e = 0; e < EDGES; e++) {
			size_t parent = edges[e].parent, child = edges[e].child;
			bool has_parent = placed >> parent & 1;
			bool has_child = placed >> child & 1;

			if (has_parent && !has_child)
				place_keypoint(f, pose, child,
					follow(f, e, false, child, pose->at[parent]));
			else if (has_child && !has_parent)
				place_keypoint(f, pose, parent,
					follow(f, e, true, parent, pose->at[child]));
			else
				continue;
			placed |= 1u << parent | 1u << child;
		}
	}
}

static float probability(float log_odds)
{
	return 1.0f / (1.0f + expf(-log_odds));
}

/*
 * The mean over all 17 keypoints, hidden ones counting 0. Summed from the best
 * to the worst as the published decoder does, so that the last bit is the same.
 */
static float mean_score(const struct pose *pose)
{
	uint8_t order[KEYPOINTS];
	float sum = 0;

	for (uint8_t i = 0; i < KEYPOINTS; i++) {
		int at = i;

		for (; at > 0 && pose->odds[i] > pose->odds[order[at - 1]]; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	for (int i = 0; i < KEYPOINTS; i++)
		if (!pose->is_hidden[order[i]])
			sum += pose->odds[order[i]];
	return sum / KEYPOINTS;
}

static bool are_near(struct point a, struct point b, float radius)
{
	float dy = b.y - a.y, dx = b.x - a.x;

	return dy * dy + dx * dx <= radius * radius;
}

static bool is_highest(const struct fields *f, int32_t y, int32_t x, int32_t keypoint,
		       float heat)
{
	const struct posenet *net = f->net;

	for (int32_t v = y - 1; v <= y + 1; v++)
		for (int32_t u = x - 1; u <= x + 1; u++) {
			if (v < 0 || v >= net->h || u < 0 || u >= net->w)
				continue;
			if (custom_number(&f->heat, (size_t)(v * net->w + u) * KEYPOINTS +
							    (size_t)keypoint) > heat)
				return false;
		}
	return true;
}

static int32_t find_seeds(const struct fields *f, struct seed *seeds)
{
	const struct posenet *net = f->net;
	/* The threshold as log odds; the small addition keeps 0 finite. */
	float least = (float)-log(1.0 / ((double)net->score_threshold + 1e-6) - 1.0);
	int32_t cells = net->h * net->w * KEYPOINTS, count = 0;

	for (int32_t i = 0; i < cells; i++) {
		int32_t place = i / KEYPOINTS, keypoint = i % KEYPOINTS;
		float heat = custom_number(&f->heat, (size_t)i);

		if (heat >= least && is_highest(f, place / net->w, place % net->w,
						keypoint, heat))
			seeds[count++] = (struct seed){ heat, i };
	}
	return count;
}

static bool is_hotter(struct seed a, struct seed b)
{
	return a.heat > b.heat || (a.heat == b.heat && a.cell < b.cell);
}

/* Let `seed` sink from `hole` in a heap with the hottest on top. */
static void sink(struct seed *heap, int32_t n, int32_t hole, struct seed seed)
{
	for (;;) {
		int32_t child = 2 * hole + 1;

		if (child >= n)
			break;
		if (child + 1 < n && is_hotter(heap[child + 1], heap[child]))
			child++;
		if (!is_hotter(heap[child], seed))
			break;
		heap[hole] = heap[child];
		hole = child;
	}
	heap[hole] = seed;
}

static bool is_taken(const struct posenet *net, const struct pose *poses, int32_t count,
		     size_t keypoint, struct point p)
{
	for (int32_t i = 0; i < count; i++)
		if (are_near(p, poses[i].at[keypoint], net->radius))
			return true;
	return false;
}

/* From the hottest seed down, one pose each, unless an earlier pose has it. */
static int32_t grow_poses(const struct fields *f, struct seed *seeds, struct pose *poses)
{
	const struct posenet *net = f->net;
	int32_t n = find_seeds(f, seeds), count = 0;

	for (int32_t i = n / 2; i-- > 0;)
		sink(seeds, n, i, seeds[i]);
	while (n > 0 && count < net->poses_max) {
		int32_t cell = seeds[0].cell / KEYPOINTS;
		size_t keypoint = (size_t)(seeds[0].cell % KEYPOINTS);
		struct point p = { (float)(cell / net->w), (float)(cell % net->w) };
		struct pose *pose = &poses[count];

		p = moved(net, &f->near, 2 * KEYPOINTS, keypoint, keypoint + KEYPOINTS, p);
		n--;
		if (n > 0)
			sink(seeds, n, 0, seeds[n]);
		if (is_taken(net, poses, count, keypoint, p))
			continue;
		memset(pose, 0, sizeof(*pose));
		grow_pose(f, keypoint, p, pose);
		for (int k = 0; k < KEYPOINTS; k++)
			pose->odds[k] = probability(pose->odds[k]);
		pose->score = mean_score(pose);
		count += pose->score >= net->score_threshold;
	}
	return count;
}

/* Best first; equals stay in their order. */
static void sort_poses(struct pose *poses, int32_t count)
{
	for (int32_t i = 1; i < count; i++) {
		struct pose pose = poses[i];
		int32_t at = i;

		for (; at > 0 && pose.score > poses[at - 1].score; at--)
			poses[at] = poses[at - 1];
		poses[at] = pose;
	}
}

/* Keypoints of better poses do not count again: the paper's soft suppression. */
static void rescore(const struct posenet *net, struct pose *poses, int32_t count)
{
	for (int32_t i = 0; i < count; i++) {
		for (int32_t k = 0; k < KEYPOINTS; k++)
			poses[i].is_hidden[k] = is_taken(net, poses, i, (size_t)k,
							 poses[i].at[k]);
		poses[i].score = mean_score(&poses[i]);
	}
}

static int posenet_run(const struct kernel_node *node, struct pool *pool)
{
	const struct posenet *net = node->prepared;
	struct fields f = {
		.net = net,
		.heat = custom_numbers(node->input[0], 1),
		.near = custom_numbers(node->input[1], (float)(1.0 / net->stride)),
		.far = custom_numbers(node->input[2], (float)(1.0 / net->stride)),
	};
	float *at = node->output[0]->data, *scores = node->output[1]->data;
	float *score = node->output[2]->data;
	struct pose *poses = node->scratch;
	struct seed *seeds = (struct seed *)(poses + net->poses_max);
	int32_t count, i = 0;

	(void)pool;
	for (uint32_t o = 0; o < 3; o++)
		memset(node->output[o]->data, 0, node->output[o]->bytes);
	count = grow_poses(&f, seeds, poses);
	sort_poses(poses, count);
	rescore(net, poses, count);
	sort_poses(poses, count);
	for (; i < count && poses[i].score >= net->score_threshold; i++) {
		for (int k = 0; k < KEYPOINTS; k++) {
			*at++ = poses[i].at[k].y * (float)net->stride;
			*at++ = poses[i].at[k].x * (float)net->stride;
			*scores++ = poses[i].odds[k];
		}
		*score++ = poses[i].score;
	}
	*(float *)node->output[3]->data = (float)i;
	return 0;
}

static int read_options(const struct kernel_node *node, struct posenet *net,
			struct atoll_error *err)
{
	struct custom_options options;
	float radius;
	int r = custom_options_open(node, &options, err);

	if (r == 0)
		r = custom_required_int(&options, "max_detections", 1, POSES_MAX,
					&net->poses_max, err);
	if (r == 0)
		r = custom_required_int(&options, "stride", 1, 1024, &net->stride, err);
	if (r == 0)
		r = custom_required_float(&options, "score_threshold", 0, 1,
					  &net->score_threshold, err);
	if (r == 0)
		r = custom_required_float(&options, "nms_radius", 0, FLT_MAX, &radius, err);
	if (r < 0)
		return r;
	net->radius = radius / (float)net->stride;
	return 0;
}

static int check_fields(const struct kernel_node *node, struct posenet *net,
			struct atoll_error *err)
{
	static const int32_t channels[] = { KEYPOINTS, 2 * KEYPOINTS, 4 * EDGES };
	const struct atoll_tensor *heat = node->input[0];

	for (uint32_t i = 0; i < 3; i++) {
		const struct atoll_tensor *in = node->input[i];
		char text[ATOLL_SHAPE_TEXT];

		if (in->rank != 4 || in->dims[0] != 1 || in->dims[1] < 1 ||
		    in->dims[2] < 1 || in->dims[1] != heat->dims[1] ||
		    in->dims[2] != heat->dims[2] || in->dims[3] != channels[i] ||
		    in->elements > INT32_MAX)
			return kernel_error(node, err, "input %u (%s): shape %s, expected "
				"1 x height x width x %" PRId32 ", the same for all", i,
				in->name, atoll_shape_text(in->rank, in->dims, text),
				channels[i]);
	}
	net->h = heat->dims[1];
	net->w = heat->dims[2];
	return 0;
}

static int posenet_prepare(struct kernel_node *node, struct kernel_setup *setup,
			   struct atoll_error *err)
{
	struct posenet *net = kernel_alloc(setup, sizeof(*net));
	int r = kernel_check_counts(node, 3, 3, 4, err);
	int32_t most;

	if (!net)
		return atoll_error_set(err, -ENOMEM, "%s: no memory", node->op->name);
	for (uint32_t i = 0; i < 3 && r == 0; i++)
		r = custom_check_numbers(node, i, err);
	for (uint32_t o = 0; o < 4 && r == 0; o++)
		r = kernel_check_output(node, o, KERNEL_TYPE(ATOLL_FLOAT32), err);
	if (r == 0)
		r = read_options(node, net, err);
	if (r == 0)
		r = check_fields(node, net, err);
	if (r < 0)
		return r;
	most = net->poses_max;
	r = kernel_set_shape(node, 0, 4, (int32_t[]){ 1, most, KEYPOINTS, 2 }, err);
	if (r == 0)
		r = kernel_set_shape(node, 1, 3, (int32_t[]){ 1, most, KEYPOINTS }, err);
	if (r == 0)
		r = kernel_set_shape(node, 2, 2, (int32_t[]){ 1, most }, err);
	if (r == 0)
		r = kernel_set_shape(node, 3, 1, (int32_t[]){ 1 }, err);
	node->scratch_bytes = (size_t)most * sizeof(struct pose) +
			      node->input[0]->elements * sizeof(struct seed);
	node->prepared = net;
	node->run = posenet_run;
	return r;
}

const struct kernel kernel_posenet_decoder = {
	.code = BUILTIN_CUSTOM,
	.custom = "PosenetDecoderOp",
	.version_max = 1,
	.types = "uint8 int8 float32",
	.prepare = posenet_prepare,
};
