/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/partition_search.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct cut {
	uint32_t first, count;
	int64_t time_ns;
};

struct search {
	const struct partition_task *task;
	uint32_t *count;           /* [segments] of the split that is tried */
	bool *is_dead;             /* [segments][operators] from this operator on these
				      segments cannot keep to the goal */
	struct cut *cut;           /* all that were measured */
	uint32_t cuts, room;
};

/* NULL: it was not measured yet. */
static const struct cut *find_cut(const struct search *s, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < s->cuts; i++)
		if (s->cut[i].first == first && s->cut[i].count == count)
			return &s->cut[i];
	return NULL;
}

/* Memory for one more cut. */
static int make_room(struct search *s)
{
	uint32_t room = s->room ? 2 * s->room : 64;
	struct cut *grown;

	if (s->cuts < s->room)
		return 0;
	grown = reallocarray(s->cut, room, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->cut = grown;
	s->room = room;
	return 0;
}

static int time_of(struct search *s, uint32_t segment, uint32_t first, uint32_t count,
		   int64_t *time_ns, struct atoll_error *err)
{
	const struct partition_task *task = s->task;
	const struct cut *known = find_cut(s, first, count);
	int r;

	if (known) {
		*time_ns = known->time_ns;
		return 0;
	}
	if (make_room(s) < 0)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	r = task->ops->measure(task->context, segment, first, count, time_ns, err);
	if (r == 0)
		s->cut[s->cuts++] = (struct cut){ first, count, *time_ns };
	return r;
}

static int split(struct search *s, uint32_t segment, uint32_t first, int64_t goal_ns,
		 int64_t *last_ns, struct atoll_error *err);

/* As many operators as possible, then `step` less each time; each of the segments
   between this and the last keeps `step` of them. 1: done, 0: it cannot be. */
static int shorten(struct search *s, uint32_t segment, uint32_t first, int64_t goal_ns,
		   int64_t *last_ns, struct atoll_error *err)
{
	const struct partition_task *task = s->task;
	uint64_t kept = (uint64_t)(task->segments - 2 - segment) * task->step;
	int64_t time_ns;

	if (first + kept >= task->first_output)
		return 0;
	for (int64_t n = (int64_t)(task->first_output - kept - first); n > 0; n -= task->step) {
		int r = time_of(s, segment, first, (uint32_t)n, &time_ns, err);

		if (r < 0)
			return r;
		if (time_ns > goal_ns)
			continue;
		s->count[segment] = (uint32_t)n;
		r = split(s, segment + 1, first + (uint32_t)n, goal_ns, last_ns, err);
		if (r != 0)
			return r;
	}
	return 0;
}

static int split(struct search *s, uint32_t segment, uint32_t first, int64_t goal_ns,
		 int64_t *last_ns, struct atoll_error *err)
{
	const struct partition_task *task = s->task;
	bool *is_dead = &s->is_dead[(size_t)segment * task->operators + first];
	int r;

	if (*is_dead)
		return 0;
	if (segment + 1 < task->segments) {
		r = shorten(s, segment, first, goal_ns, last_ns, err);
	} else {
		s->count[segment] = task->operators - first;
		r = time_of(s, segment, first, s->count[segment], last_ns, err);
		if (r == 0)
			r = *last_ns != PARTITION_IMPOSSIBLE;
	}
	*is_dead = r == 0;
	return r;
}

/* The time of the last segment in the best split, or PARTITION_IMPOSSIBLE. */
static int best_split(struct search *s, int64_t goal_ns, int64_t *last_ns,
		      struct atoll_error *err)
{
	const struct partition_task *task = s->task;
	int r;

	memset(s->is_dead, 0, (size_t)task->segments * task->operators * sizeof(*s->is_dead));
	r = split(s, 0, 0, goal_ns, last_ns, err);
	if (r == 0)
		*last_ns = PARTITION_IMPOSSIBLE;
	return r < 0 ? r : 0;
}

static int find_limits(const struct partition_task *task, int64_t *lower_ns,
		       int64_t *upper_ns, struct atoll_error *err)
{
	int64_t *time_ns;
	int r;

	*lower_ns = task->lower_ns;
	*upper_ns = task->upper_ns;
	if (task->lower_ns >= 0 && task->upper_ns >= 0)
		return 0;
	time_ns = calloc(task->segments, sizeof(*time_ns));
	if (!time_ns)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	r = task->ops->compilers_own(task->context, time_ns, err);
	for (uint32_t i = 0; i < task->segments && r == 0; i++) {
		if (task->lower_ns < 0 && (i == 0 || time_ns[i] < *lower_ns))
			*lower_ns = time_ns[i];
		if (task->upper_ns < 0 && (i == 0 || time_ns[i] > *upper_ns))
			*upper_ns = time_ns[i];
	}
	free(time_ns);
	return r;
}

static void remember(const struct search *s, uint32_t *count, int64_t *time_ns)
{
	uint32_t first = 0;

	for (uint32_t i = 0; i < s->task->segments; i++) {
		count[i] = s->count[i];
		time_ns[i] = find_cut(s, first, count[i])->time_ns;
		first += count[i];
	}
}

/* A time that the last segment keeps below can still be lowered; one that it does not
   keep is too low for the others. */
static int search_between(struct search *s, int64_t lower_ns, int64_t upper_ns,
			  uint32_t *count, int64_t *time_ns, struct atoll_error *err)
{
	bool is_found = false;

	while (llabs(upper_ns - lower_ns) > s->task->threshold_ns) {
		int64_t goal_ns = lower_ns + (upper_ns - lower_ns) / 2, last_ns;
		int r = best_split(s, goal_ns, &last_ns, err);

		if (r < 0)
			return r;
		if (last_ns < upper_ns) {
			remember(s, count, time_ns);
			is_found = true;
		}
		if (last_ns < goal_ns) {
			upper_ns = goal_ns;
		} else {
			if (last_ns < upper_ns)
				upper_ns = last_ns;
			lower_ns = goal_ns;
		}
	}
	return is_found ? PARTITION_FOUND : PARTITION_NOT_FOUND;
}

int partition_search(const struct partition_task *task, uint32_t *count, int64_t *time_ns,
		     struct atoll_error *err)
{
	struct search s = { .task = task };
	int64_t lower_ns, upper_ns;
	int r = find_limits(task, &lower_ns, &upper_ns, err);

	if (r < 0)
		return r;
	if (llabs(upper_ns - lower_ns) <= task->threshold_ns)
		return PARTITION_BALANCED;
	s.count = calloc(task->segments, sizeof(*s.count));
	s.is_dead = calloc((size_t)task->segments * task->operators, sizeof(*s.is_dead));
	r = s.count && s.is_dead ?
		search_between(&s, lower_ns, upper_ns, count, time_ns, err) :
		atoll_error_set(err, -ENOMEM, "out of memory");
	free(s.cut);
	free(s.is_dead);
	free(s.count);
	return r;
}
