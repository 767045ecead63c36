/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sound comes in pieces of a slice's hop, so that it makes no difference how it was
 * cut before:
 *
 *	block     take_piece(): the gate, the front end
 *	due       every `hop` slices, among them when a window is full for the first
 *	          time; a window of which half is not yet sound says nothing
 *	prepare   the window into the model's input
 *	decode    scores, taught words, and what spot.h makes of them
 */
#include "apps/hearing_inside.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "board/clock.h"

#define BLOCK_MAX ATOLL_SOUND_RATE

/* Of the gate, beyond the window: what is averaged, and a hop. */
#define HOLD_MS 300

void hearing_listen_anew(struct hearing *hearing)
{
	hearing->activity = (struct atoll_activity)ATOLL_ACTIVITY;
	hearing->activity.hold_ms = hearing_window_ms(hearing) + HOLD_MS;
}

static void begin_anew(struct hearing *hearing, uint64_t at)
{
	atoll_features_reset(hearing->features);
	atoll_spot_reset(hearing->spot);
	hearing->is_begun = true;
	hearing->is_stale = true;
	hearing->begin = hearing->next = at;
	hearing->slices = 0;
}

static int check_block(const struct hearing *hearing, const struct atoll_block *block,
		       struct atoll_error *err)
{
	if (block->count > BLOCK_MAX)
		return atoll_error_set(err, -EINVAL, "%s: a block of %u samples, at most %u",
				       hearing->name, block->count, BLOCK_MAX);
	return 0;
}

static void accept_block(struct hearing *hearing, const struct atoll_block *block)
{
	if (!hearing->is_begun) {
		begin_anew(hearing, block->at);
	} else if (block->is_after_gap || block->at != hearing->next) {
		begin_anew(hearing, block->at);
		hearing->counts.gaps++;
	}
	hearing->counts.samples += block->count;
}

/* At most one more slice; `taken` goes on. True: the model ought to run. */
static bool take_piece(struct hearing *hearing, const struct atoll_block *block,
		       uint32_t *taken)
{
	const uint64_t start_ns = (uint64_t)atoll_clock_ns();
	const uint32_t left = hearing->form.hop -
		(uint32_t)((hearing->next - hearing->begin) % hearing->form.hop);
	const uint32_t rest = block->count - *taken, count = left < rest ? left : rest;
	const float *sample = block->sample + *taken;
	bool is_active = atoll_activity_push(&hearing->activity, sample, count);
	bool is_due = atoll_features_push(hearing->features, sample, count) > 0;

	*taken += count;
	hearing->next += count;
	hearing->slices += is_due;
	hearing->counts.features_ns += (uint64_t)atoll_clock_ns() - start_ns;
	is_due = is_due &&
		 hearing->slices % hearing->hop == hearing->form.slices % hearing->hop &&
		 hearing->slices >= hearing->form.slices / 2;
	if (is_due && hearing->is_gated && !is_active) {
		hearing->counts.gated++;
		return false;
	}
	return is_due;
}

/* The window into the input, and when it ends. */
static void prepare(struct hearing *hearing, const struct atoll_block *block)
{
	struct atoll_tensor *input = atoll_session_input(hearing->session, 0);
	const uint64_t start_ns = (uint64_t)atoll_clock_ns();

	atoll_features_window(hearing->features, input->quant.scale, input->quant.zero_point,
			      input->data);
	hearing->counts.features_ns += (uint64_t)atoll_clock_ns() - start_ns;
	hearing->is_stale = false;
	hearing->end = hearing->begin + (hearing->slices - 1) * hearing->form.hop +
		hearing->form.frame;
	hearing->end_ns = block->time_ns + ((int64_t)hearing->end - (int64_t)block->at) *
		(1000000000 / ATOLL_SOUND_RATE);
}

static float real_value(const struct atoll_tensor *output, size_t i)
{
	if (output->type == ATOLL_FLOAT32)
		return ((const float *)output->data)[i];
	return output->quant.scale *
		(float)((output->type == ATOLL_UINT8 ? ((const uint8_t *)output->data)[i] :
			 ((const int8_t *)output->data)[i]) - output->quant.zero_point);
}

static int end_run(struct hearing *hearing, int r, struct atoll_error *err)
{
	if (r < 0) {
		hearing->counts.failed++;
		return atoll_error_set(err, r, "%s", atoll_session_error(hearing->session));
	}
	hearing->counts.inferences++;
	hearing->counts.model_last_ns = atoll_session_plan(hearing->session)->run_ns;
	hearing->counts.model_ns += hearing->counts.model_last_ns;
	return 0;
}

/* What the model said, as numbers. Unit length; of nothing, zeros. */
static void read_outputs(struct hearing *hearing)
{
	const uint32_t size = hearing_embedding_size(hearing);
	float square = 0;

	for (uint32_t i = 0; i < hearing->model_classes; i++)
		hearing->score[i] = fminf(fmaxf(real_value(hearing->scores, i), 0), 1);
	for (uint32_t i = 0; i < size; i++) {
		hearing->vector[i] = real_value(hearing->embedding, i);
		square += hearing->vector[i] * hearing->vector[i];
	}
	for (uint32_t i = 0; i < size; i++)
		hearing->vector[i] = square > 0 ? hearing->vector[i] / sqrtf(square) : 0;
	if (hearing->words)
		words_score(hearing->words, hearing->vector,
			    hearing->score + hearing->model_classes);
}

static void add_word(struct hearing *hearing, const struct atoll_word *word)
{
	const int64_t begin_ms = (int64_t)(hearing->begin / HEARING_SAMPLES_MS);

	if (hearing->found == HEARING_WORDS)
		return;
	hearing->counts.words++;
	hearing->word[hearing->found++] = (struct hearing_word){
		.label = hearing_label(hearing, word->index),
		.index = word->index,
		.score = word->score,
		.start_ms = word->start_ms > begin_ms ? word->start_ms : begin_ms,
		.end_ms = word->told_ms,
		.latency_ms = (double)(atoll_clock_ns() - hearing->end_ns) / 1e6,
		.is_taught = hearing_is_taught(hearing, word->index),
	};
}

static void decode(struct hearing *hearing)
{
	struct atoll_word word;

	read_outputs(hearing);
	if (atoll_spot_push(hearing->spot, hearing->score,
			    (int64_t)(hearing->end / HEARING_SAMPLES_MS), &word))
		add_word(hearing, &word);
}

static int still_running(const struct hearing *hearing, struct atoll_error *err)
{
	return atoll_error_set(err, -EBUSY, "%s: is still listening to a window",
			       hearing->name);
}

int hearing_push(struct hearing *hearing, const struct atoll_block *block,
		 struct atoll_error *err)
{
	int r = check_block(hearing, block, err), failure = 0;

	if (r < 0)
		return r;
	if (hearing->is_running)
		return still_running(hearing, err);
	accept_block(hearing, block);
	hearing->found = 0;
	for (uint32_t taken = 0; taken < block->count;) {
		if (!take_piece(hearing, block, &taken))
			continue;
		prepare(hearing, block);
		r = end_run(hearing, atoll_session_invoke(hearing->session), err);
		if (r == 0)
			decode(hearing);
		else
			failure = r;
	}
	return hearing->found > 0 ? hearing->found : failure;
}

const struct hearing_word *hearing_word(const struct hearing *hearing, int i)
{
	return &hearing->word[i];
}

int hearing_start(struct hearing *hearing, const struct atoll_block *block,
		  struct atoll_error *err)
{
	int r = check_block(hearing, block, err), started = 0;

	if (r < 0)
		return r;
	accept_block(hearing, block);
	for (uint32_t taken = 0; taken < block->count;) {
		if (!take_piece(hearing, block, &taken))
			continue;
		if (hearing->is_running) {
			hearing->counts.late++;
			continue;
		}
		prepare(hearing, block);
		r = atoll_session_start(hearing->session);
		if (r < 0) {
			hearing->counts.failed++;
			started = atoll_error_set(err, r, "%s: start: %s", hearing->name,
						  strerror(-r));
			continue;
		}
		hearing->is_running = true;
		started = 1;
	}
	return started;
}

int hearing_fd(const struct hearing *hearing)
{
	return atoll_session_fd(hearing->session);
}

bool hearing_is_running(const struct hearing *hearing)
{
	return hearing->is_running;
}

int hearing_finish(struct hearing *hearing, struct atoll_error *err)
{
	int r;

	if (!hearing->is_running)
		return atoll_error_set(err, -EINVAL, "%s: nothing was started", hearing->name);
	r = end_run(hearing, atoll_session_wait(hearing->session, -1), err);
	hearing->is_running = false;
	hearing->found = 0;
	/* What began before a gap is of no use behind it. */
	if (r == 0 && !hearing->is_stale)
		decode(hearing);
	return r < 0 ? r : hearing->found;
}

void hearing_reset(struct hearing *hearing)
{
	if (hearing->is_running)
		(void)atoll_session_wait(hearing->session, -1); /* nobody asks any more */
	hearing->is_running = false;
	hearing->is_begun = false;
	hearing->found = 0;
	hearing_listen_anew(hearing);
}

int hearing_embed(struct hearing *hearing, const float *sample, uint32_t count,
		  float *vector, struct atoll_error *err)
{
	const struct atoll_block block = { .sample = sample, .count = count };
	int r;

	if (!hearing->embedding)
		return atoll_error_set(err, -ENOTSUP, "%s: has no embedding", hearing->name);
	if (count > hearing_window_ms(hearing) * HEARING_SAMPLES_MS)
		return atoll_error_set(err, -EINVAL, "%s: %u samples do not fit a window",
				       hearing->name, count);
	hearing_reset(hearing);
	begin_anew(hearing, 0);
	hearing->is_begun = false; /* what comes next is something else */
	hearing->slices = 1;
	atoll_features_push(hearing->features, sample, count);
	prepare(hearing, &block);
	r = end_run(hearing, atoll_session_invoke(hearing->session), err);
	if (r < 0)
		return r;
	read_outputs(hearing);
	memcpy(vector, hearing->vector, hearing->embedding->elements * sizeof(*vector));
	return 0;
}

/* Asking */

const char *hearing_warning(const struct hearing *hearing)
{
	return hearing->warning.code ? hearing->warning.text : NULL;
}

uint32_t hearing_classes(const struct hearing *hearing)
{
	return hearing->classes;
}

const char *hearing_label(const struct hearing *hearing, uint32_t index)
{
	return hearing_is_taught(hearing, index) ?
		words_name(hearing->words, index - hearing->model_classes) :
		vocabulary_name(hearing->vocabulary, index);
}

bool hearing_is_word(const struct hearing *hearing, uint32_t index)
{
	return hearing_threshold(hearing, index) <= 1;
}

bool hearing_is_taught(const struct hearing *hearing, uint32_t index)
{
	return index >= hearing->model_classes;
}

float hearing_threshold(const struct hearing *hearing, uint32_t index)
{
	return hearing_is_taught(hearing, index) ? WORDS_THRESHOLD :
		vocabulary_threshold(hearing->vocabulary, index);
}

const float *hearing_scores(const struct hearing *hearing)
{
	return hearing->score;
}

const char *hearing_name(const struct hearing *hearing)
{
	return hearing->name;
}

const char *hearing_features(const struct hearing *hearing)
{
	return hearing->form.name;
}

uint32_t hearing_window_ms(const struct hearing *hearing)
{
	return ((hearing->form.slices - 1) * hearing->form.hop + hearing->form.frame) /
		HEARING_SAMPLES_MS;
}

uint32_t hearing_hop_ms(const struct hearing *hearing)
{
	return hearing->hop * hearing->form.hop / HEARING_SAMPLES_MS;
}

const struct atoll_session_plan *hearing_plan(const struct hearing *hearing)
{
	return atoll_session_plan(hearing->session);
}

struct hearing_counts hearing_counts(const struct hearing *hearing)
{
	return hearing->counts;
}

uint32_t hearing_embedding_size(const struct hearing *hearing)
{
	return hearing->embedding ? (uint32_t)hearing->embedding->elements : 0;
}

const struct atoll_model *hearing_model(const struct hearing *hearing)
{
	return hearing->model;
}
