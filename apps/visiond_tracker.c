/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/visiond_tracker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Boxes that share less than this are different things. Detectors' own
   suppression of doubles draws the line at about half. */
#define SAME_OVERLAP 0.3f

struct track {
	struct visiond_thing thing;
	bool is_there;
	bool is_seen;          /* in the result at hand */
	uint32_t results;      /* in a row that speak for a turn .. */
	int64_t first_ms;      /* .. and when the first of them was */
	struct visiond_thing told; /* as told last */
	int64_t told_ms;
};

struct visiond_tracker {
	struct visiond_habits habits;
	visiond_tell *tell;
	void *data;
	uint32_t last_id;
	uint32_t tracks;
	struct track track[VISIOND_THINGS_MAX]; /* [tracks], oldest first */
};

struct visiond_tracker *visiond_tracker_new(const struct visiond_habits *habits,
					    visiond_tell *tell, void *data)
{
	struct visiond_tracker *tracker = calloc(1, sizeof(*tracker));

	if (!tracker)
		return NULL;
	tracker->habits = *habits;
	tracker->tell = tell;
	tracker->data = data;
	return tracker;
}

void visiond_tracker_free(struct visiond_tracker *tracker)
{
	free(tracker);
}

static float area(float top, float left, float bottom, float right)
{
	return bottom > top && right > left ? (bottom - top) * (right - left) : 0;
}

/* Area of both over area of either: 1 for equal boxes, 0 for ones apart. */
static float overlap(const struct visiond_thing *a, const struct visiond_thing *b)
{
	float both = area(fmaxf(a->top, b->top), fmaxf(a->left, b->left),
			  fminf(a->bottom, b->bottom), fminf(a->right, b->right));
	float either = area(a->top, a->left, a->bottom, a->right) +
		       area(b->top, b->left, b->bottom, b->right) - both;

	return either > 0 ? both / either : 0;
}

/* A copy that ends between characters: UTF-8's later bytes are 10xxxxxx. */
static void copy_label(char label[VISIOND_LABEL_BYTES], const char *from)
{
	size_t length = strnlen(from, VISIOND_LABEL_BYTES);

	if (length == VISIOND_LABEL_BYTES)
		do
			length--;
		while (length > 0 && ((unsigned char)from[length] & 0xC0) == 0x80);
	memcpy(label, from, length);
	label[length] = '\0';
}

/* Is the label one of "a, b,c"? */
static bool is_ignored(const char *ignored, const char *label)
{
	size_t length = strlen(label);

	while (ignored && *ignored) {
		size_t part;

		ignored += strspn(ignored, " ,");
		part = strcspn(ignored, ",");
		while (part > 0 && ignored[part - 1] == ' ')
			part--;
		if (part == length && memcmp(ignored, label, length) == 0)
			return true;
		ignored += strcspn(ignored, ",");
	}
	return false;
}

static struct visiond_thing thing_of(const struct vision_thing *seen, bool has_box)
{
	struct visiond_thing thing = {
		.index = seen->index,
		.score = seen->score,
		.has_box = has_box,
	};

	copy_label(thing.label, seen->label);
	if (has_box) {
		thing.top = seen->top;
		thing.left = seen->left;
		thing.bottom = seen->bottom;
		thing.right = seen->right;
	}
	return thing;
}

/* The track `thing` continues, or NULL. */
static struct track *find(struct visiond_tracker *tracker,
			  const struct visiond_thing *thing)
{
	struct track *best = NULL;
	float best_overlap = SAME_OVERLAP;

	for (uint32_t i = 0; i < tracker->tracks; i++) {
		struct track *track = &tracker->track[i];
		float shared = 1;

		if (track->is_seen || track->thing.index != thing->index)
			continue;
		if (thing->has_box)
			shared = overlap(&track->thing, thing);
		if (shared < best_overlap)
			continue;
		best = track;
		best_overlap = shared;
	}
	return best;
}

static void begin(struct visiond_tracker *tracker, const struct visiond_thing *thing,
		  int64_t now_ms)
{
	struct track *track;

	if (tracker->tracks == VISIOND_THINGS_MAX)
		return;
	track = &tracker->track[tracker->tracks++];
	*track = (struct track){ .thing = *thing, .is_seen = true };
	track->thing.since_ms = now_ms;
}

/* One more result in a row that speaks for a turn: is it time for it? */
static bool is_due(struct track *track, uint32_t results, int64_t span_ms, int64_t now_ms)
{
	if (track->results++ == 0)
		track->first_ms = now_ms;
	return track->results >= results && now_ms - track->first_ms >= span_ms;
}

static void tell(struct visiond_tracker *tracker, struct track *track,
		 enum visiond_turn turn, int64_t now_ms)
{
	track->told = track->thing;
	track->told_ms = now_ms;
	tracker->tell(tracker->data, turn, &track->thing);
}

static bool has_changed(const struct visiond_habits *habits, const struct track *track,
			int64_t now_ms)
{
	if (now_ms - track->told_ms < habits->change_ms)
		return false;
	if (fabsf(track->thing.score - track->told.score) >= habits->change_score)
		return true;
	return track->thing.has_box &&
	       overlap(&track->thing, &track->told) < habits->change_overlap;
}

/* What the result at hand means for one track. False: forget it. */
static bool follow(struct visiond_tracker *tracker, struct track *track, int64_t now_ms)
{
	const struct visiond_habits *habits = &tracker->habits;
	float score = track->is_seen ? track->thing.score : 0;

	if (!track->is_there) {
		if (!track->is_seen || !(score >= habits->appear)) /* nor NaN */
			return false;
		if (is_due(track, habits->appear_results, habits->appear_ms, now_ms)) {
			track->is_there = true;
			track->results = 0;
			track->thing.id = ++tracker->last_id;
			tell(tracker, track, VISIOND_APPEAR, now_ms);
		}
		return true;
	}
	if (track->is_seen && score >= habits->disappear) {
		track->results = 0;
		if (has_changed(habits, track, now_ms))
			tell(tracker, track, VISIOND_CHANGE, now_ms);
		return true;
	}
	if (!is_due(track, habits->disappear_results, habits->disappear_ms, now_ms))
		return true;
	tell(tracker, track, VISIOND_DISAPPEAR, now_ms);
	return false;
}

void visiond_tracker_feed(struct visiond_tracker *tracker,
			  const struct vision_result *result, int64_t now_ms)
{
	bool has_boxes = result->kind == VISION_BOXES || result->kind == VISION_POSES;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < tracker->tracks; i++)
		tracker->track[i].is_seen = false;
	for (uint32_t i = 0; i < result->things; i++) {
		struct visiond_thing thing = thing_of(&result->thing[i], has_boxes);
		struct track *track = find(tracker, &thing);

		if (is_ignored(tracker->habits.ignored, result->thing[i].label))
			continue;
		if (track) {
			thing.id = track->thing.id;
			thing.since_ms = track->thing.since_ms;
			track->thing = thing;
			track->is_seen = true;
		} else if (thing.score >= tracker->habits.appear) {
			begin(tracker, &thing, now_ms);
		}
	}
	for (uint32_t i = 0; i < tracker->tracks; i++)
		if (follow(tracker, &tracker->track[i], now_ms)) {
			if (kept != i)
				tracker->track[kept] = tracker->track[i];
			kept++;
		}
	tracker->tracks = kept;
}

void visiond_tracker_clear(struct visiond_tracker *tracker)
{
	for (uint32_t i = 0; i < tracker->tracks; i++)
		if (tracker->track[i].is_there)
			tracker->tell(tracker->data, VISIOND_DISAPPEAR,
				      &tracker->track[i].thing);
	tracker->tracks = 0;
}

const struct visiond_thing *visiond_tracker_at(const struct visiond_tracker *tracker,
					       uint32_t i)
{
	for (uint32_t t = 0; t < tracker->tracks; t++)
		if (tracker->track[t].is_there && i-- == 0)
			return &tracker->track[t].thing;
	return NULL;
}
