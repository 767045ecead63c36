/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/listen_tell.h"

#include "board/json.h"

static void tell_line(const struct listen_tell *tell, const char *source,
		      const struct hearing_word *word)
{
	if (tell->has_names)
		fprintf(tell->file, "%s\t", source);
	fprintf(tell->file, "%.2f\t%s\t%.4f\n", (double)word->start_ms / 1e3, word->label,
		(double)word->score);
}

static void tell_json(const struct listen_tell *tell, const char *source,
		      const struct hearing_word *word, bool is_live)
{
	struct atoll_json json = { .file = tell->file };

	atoll_json_object(&json, NULL);
	atoll_json_string(&json, "event", "word");
	atoll_json_string(&json, "source", source);
	atoll_json_string(&json, "word", word->label);
	atoll_json_integer(&json, "index", word->index);
	atoll_json_real(&json, "score", (double)word->score);
	atoll_json_real(&json, "start_s", (double)word->start_ms / 1e3);
	atoll_json_real(&json, "end_s", (double)word->end_ms / 1e3);
	if (is_live)
		atoll_json_real(&json, "latency_ms", word->latency_ms);
	atoll_json_bool(&json, "is_taught", word->is_taught);
	atoll_json_end(&json);
}

void listen_tell_word(const struct listen_tell *tell, const char *source,
		      const struct hearing_word *word, bool is_live)
{
	if (tell->is_json)
		tell_json(tell, source, word, is_live);
	else
		tell_line(tell, source, word);
	(void)fflush(tell->file); /* the end of the program looks for errors */
}

void listen_tell_status(const struct listen_tell *tell, const struct listen_source *source,
			const struct hearing_counts *counts)
{
	static const char *const states[] = {
		[LISTEN_HEARS] = "hears",
		[LISTEN_AWAY] = "away",
		[LISTEN_ENDED] = "ended",
	};
	const struct atoll_sound_counts sound = atoll_sound_counts(source->sound);
	struct atoll_json json = { .file = tell->file };

	if (!tell->is_json)
		return;
	atoll_json_object(&json, NULL);
	atoll_json_string(&json, "event", "status");
	atoll_json_string(&json, "source", atoll_sound_name(source->sound));
	atoll_json_string(&json, "state", states[source->state]);
	atoll_json_real(&json, "at_s", (double)source->at_ms / 1e3);
	atoll_json_integer(&json, "words", (int64_t)counts->words);
	atoll_json_integer(&json, "overruns", (int64_t)sound.overruns);
	atoll_json_real(&json, "lost_s", (double)sound.lost / ATOLL_SOUND_RATE);
	atoll_json_integer(&json, "returns", (int64_t)sound.returns);
	atoll_json_integer(&json, "inferences", (int64_t)counts->inferences);
	atoll_json_integer(&json, "gated", (int64_t)counts->gated);
	atoll_json_integer(&json, "failed", (int64_t)counts->failed);
	atoll_json_end(&json);
	(void)fflush(tell->file);
}
