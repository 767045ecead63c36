/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/hearing_inside.h"

#include <errno.h>
#include <stdlib.h>

#include "apps/beside.h"

#define HOP_MS 100u
#define HOP_MS_MAX 10000u
#define SMOOTHING_MS 400u /* of spot.h, at least two hops */

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static int open_session(struct hearing *hearing, const struct hearing_config *config,
			struct atoll_error *err)
{
	struct atoll_session_options options = config->session;

	hearing->model = atoll_model_load(config->model_path, err);
	if (!hearing->model)
		return -EINVAL;
	if (config->twin_path) {
		hearing->twin = atoll_model_load(config->twin_path, err);
		if (!hearing->twin)
			return -EINVAL;
	}
	options.twin = hearing->twin;
	/* Models this small run no faster on more, but wake more. */
	if (options.threads == 0)
		options.threads = 1;
	hearing->session = atoll_session_open(hearing->model, &options, err);
	return hearing->session ? 0 : -EINVAL;
}

static int open_features(struct hearing *hearing, struct atoll_error *err)
{
	const struct atoll_tensor *input = atoll_session_input(hearing->session, 0);
	char shape[ATOLL_SHAPE_TEXT];

	if (atoll_session_inputs(hearing->session) != 1)
		return atoll_error_set(err, -ENOTSUP, "%u inputs, a keyword model has one",
				       atoll_session_inputs(hearing->session));
	if ((input->type != ATOLL_UINT8 && input->type != ATOLL_INT8) ||
	    atoll_features_find(input->rank, input->dims, input->type == ATOLL_INT8,
				&hearing->kind) < 0)
		return atoll_error_set(err, -ENOTSUP,
				       "input %s: %s of shape %s is none of the windows "
				       "of sound that can be made",
				       input->name, atoll_type_name(input->type),
				       atoll_shape_text(input->rank, input->dims, shape));
	hearing->form = atoll_features_form(hearing->kind);
	hearing->features = atoll_features_new(hearing->kind, err);
	return hearing->features ? 0 : -EINVAL;
}

static bool is_row(const struct atoll_tensor *output)
{
	return output && output->rank > 0 && output->elements > 0 &&
	       output->elements == (size_t)output->dims[output->rank - 1] &&
	       (output->type == ATOLL_FLOAT32 || ((output->type == ATOLL_UINT8 ||
		output->type == ATOLL_INT8) && output->quant.channels == 1));
}

/* Logits would pass any threshold. */
static bool can_exceed_one(const struct atoll_tensor *output)
{
	const int32_t most = output->type == ATOLL_UINT8 ? UINT8_MAX : INT8_MAX;

	return output->type != ATOLL_FLOAT32 &&
	       output->quant.scale * (float)(most - output->quant.zero_point) > 1.01f;
}

static int find_outputs(struct hearing *hearing, struct atoll_error *err)
{
	const struct atoll_tensor *scores = atoll_session_output(hearing->session, 0);
	const struct atoll_tensor *embedding = atoll_session_output(hearing->session, 1);
	char shape[ATOLL_SHAPE_TEXT];

	if (!is_row(scores) || scores->elements < 2 || scores->elements > UINT16_MAX)
		return atoll_error_set(err, -ENOTSUP, "output %s: %s of shape %s is no row of "
			"scores", scores ? scores->name : "", scores ?
			atoll_type_name(scores->type) : "nothing", scores ?
			atoll_shape_text(scores->rank, scores->dims, shape) : "nothing");
	if (can_exceed_one(scores))
		return atoll_error_set(err, -ENOTSUP, "output %s: scores above 1 are no "
			"probabilities", scores->name);
	hearing->scores = scores;
	hearing->model_classes = (uint32_t)scores->elements;
	if (is_row(embedding) && embedding->elements <= WORDS_SIZE_MAX)
		hearing->embedding = embedding;
	return 0;
}

static int open_vocabulary(struct hearing *hearing, const struct hearing_config *config,
			   struct atoll_error *err)
{
	const struct vocabulary_config own = {
		.model_path = config->model_path,
		.labels_path = config->labels_path,
		.classes = hearing->model_classes,
		.is_mlperf = hearing->kind == ATOLL_FEATURES_MLPERF &&
			     hearing->model_classes == 12,
		.threshold = config->threshold,
		.thresholds = config->thresholds,
	};

	hearing->vocabulary = vocabulary_load(&own, err);
	if (!hearing->vocabulary)
		return -EINVAL;
	if (vocabulary_warning(hearing->vocabulary))
		(void)atoll_error_set(&hearing->warning, -EINVAL, "%s",
				      vocabulary_warning(hearing->vocabulary));
	return 0;
}

static int open_words(struct hearing *hearing, const char *path, struct atoll_error *err)
{
	struct atoll_error why;

	if (!path)
		return 0;
	if (!hearing->embedding)
		return atoll_error_set(err, -ENOTSUP,
				       "words cannot be taught to it: it has no second "
				       "output, an embedding");
	hearing->words =
		words_load(path, hearing->model, hearing_embedding_size(hearing), &why);
	if (hearing->words)
		return 0;
	if (why.code != -ENOENT) {
		if (err)
			*err = why;
		return why.code;
	}
	(void)atoll_error_set(&hearing->warning, -ENOENT, "%s: no words were taught yet",
			      atoll_error_path(path));
	return 0;
}

/* Everything whose size hangs on the number of classes. */
static int open_spot(struct hearing *hearing, const struct hearing_config *config,
		     struct atoll_error *err)
{
	const uint32_t hop_ms = hearing_hop_ms(hearing);
	const uint32_t usual_ms = max_u32(SMOOTHING_MS, 2 * hop_ms);
	const uint32_t smoothing_ms = config->smoothing_ms ? config->smoothing_ms : usual_ms;
	struct atoll_spot_config own = {
		.classes = hearing->classes,
		.smoothing_ms = smoothing_ms,
		.scores_least = smoothing_ms > hop_ms ? 2 : 1,
		.window_ms = hearing_window_ms(hearing),
	};
	float *threshold = calloc(hearing->classes, sizeof(*threshold));

	hearing->score = calloc(hearing->classes, sizeof(*hearing->score));
	hearing->vector =
		calloc(hearing_embedding_size(hearing) + 1, sizeof(*hearing->vector));
	if (!threshold || !hearing->score || !hearing->vector) {
		free(threshold);
		return atoll_error_set(err, -ENOMEM, "out of memory");
	}
	for (uint32_t i = 0; i < hearing->classes; i++)
		threshold[i] = hearing_threshold(hearing, i);
	own.threshold = threshold;
	hearing->spot = atoll_spot_new(&own, err);
	free(threshold);
	return hearing->spot ? 0 : -EINVAL;
}

static void choose_hop(struct hearing *hearing, uint32_t hop_ms)
{
	uint32_t samples = min_u32(hop_ms ? hop_ms : HOP_MS, HOP_MS_MAX) * HEARING_SAMPLES_MS;

	hearing->hop = (samples + hearing->form.hop / 2) / hearing->form.hop;
	hearing->hop = min_u32(max_u32(hearing->hop, 1), hearing->form.slices);
}

static int open_model(struct hearing *hearing, const struct hearing_config *config,
		      struct atoll_error *err)
{
	int r = open_session(hearing, config, err);

	if (r < 0)
		return r;
	hearing->name = beside_name(config->model_path);
	r = hearing->name ? open_features(hearing, err) :
		atoll_error_set(err, -ENOMEM, "out of memory");
	if (r == 0)
		r = find_outputs(hearing, err);
	if (r < 0)
		atoll_error_prefix(err, "%s", atoll_error_path(config->model_path));
	return r;
}

/* Before what was odd until then: it changes how long everything takes. */
static void tell_device(struct hearing *hearing)
{
	const struct atoll_error before = hearing->warning;
	const char *text = atoll_session_error(hearing->session);

	if (*text && before.code)
		(void)atoll_error_set(&hearing->warning, -ENOTSUP, "%s; %s", text, before.text);
	else if (*text)
		(void)atoll_error_set(&hearing->warning, -ENOTSUP, "%s", text);
}

static int open_all(struct hearing *hearing, const struct hearing_config *config,
		    struct atoll_error *err)
{
	int r = open_model(hearing, config, err);

	if (r == 0)
		r = open_vocabulary(hearing, config, err);
	if (r == 0)
		r = open_words(hearing, config->words_path, err);
	if (r < 0)
		return r;
	tell_device(hearing);
	hearing->classes = hearing->model_classes + words_count(hearing->words);
	hearing->is_gated = config->is_gated;
	choose_hop(hearing, config->hop_ms);
	hearing_listen_anew(hearing);
	return open_spot(hearing, config, err);
}

struct hearing *hearing_open(const struct hearing_config *config, struct atoll_error *err)
{
	struct hearing *hearing = calloc(1, sizeof(*hearing));

	if (!hearing) {
		atoll_error_set(err, -ENOMEM, "%s: out of memory", config->model_path);
		return NULL;
	}
	if (open_all(hearing, config, err) < 0) {
		hearing_close(hearing);
		return NULL;
	}
	return hearing;
}

void hearing_close(struct hearing *hearing)
{
	if (!hearing)
		return;
	atoll_session_close(hearing->session);
	atoll_model_free(hearing->model);
	atoll_model_free(hearing->twin);
	atoll_features_free(hearing->features);
	atoll_spot_free(hearing->spot);
	vocabulary_free(hearing->vocabulary);
	words_free(hearing->words);
	free(hearing->score);
	free(hearing->vector);
	free(hearing->name);
	free(hearing);
}
