/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/listend_lines.h"

#include "board/clock.h"

/* Milliseconds, in thousandths: more is noise. */
static double rounded_ms(double ms)
{
	return (double)(int64_t)(ms * 1e3 + 0.5) / 1e3;
}

struct line listend_lines_word(struct lines *lines, const struct listend_listener *listener,
			       const struct hearing_word *word, int64_t start_ns)
{
	struct atoll_json *json = lines_begin(lines);

	atoll_json_string(json, "event", "word");
	atoll_json_string(json, "model", listener->model->name);
	atoll_json_integer(json, "index", word->index);
	atoll_json_string(json, "word", word->label);
	atoll_json_real(json, "score", (double)word->score);
	if (word->is_taught)
		atoll_json_bool(json, "taught", true);
	atoll_json_integer(json, "start_ns", start_ns);
	lines_stamp(json, atoll_clock_ns());
	atoll_json_real(json, "latency_ms", rounded_ms(word->latency_ms));
	return lines_end(lines);
}

static void add_microphone(struct atoll_json *json, const struct listend_ear *ear)
{
	static const char *const names[] = {
		[LISTEND_OPENS] = "opens",
		[LISTEND_HEARS] = "hears",
		[LISTEND_WAITS] = "waits",
		[LISTEND_ENDED] = "ended",
	};
	const struct listend_ear_state state = listend_ear_state(ear);

	atoll_json_string(json, "microphone", names[state.hearing]);
	atoll_json_string(json, "name", state.name);
	if (*state.why)
		atoll_json_string(json, "why", state.why);
}

struct line listend_lines_microphone(struct lines *lines, const struct listend_ear *ear)
{
	const struct listend_ear_state state = listend_ear_state(ear);
	struct atoll_json *json = lines_begin(lines);

	atoll_json_string(json, "event", "microphone");
	atoll_json_string(json, "state", state.hearing == LISTEND_HEARS ? "back" : "lost");
	atoll_json_string(json, "name", state.name);
	lines_stamp(json, atoll_clock_ns());
	return lines_end(lines);
}

struct line listend_lines_loss(struct lines *lines, const struct listend_loss *loss)
{
	struct atoll_json *json = lines_begin(lines);

	atoll_json_string(json, "event", "overrun");
	atoll_json_string(json, "state", loss->is_over ? "end" : "begin");
	atoll_json_integer(json, "overruns", (int64_t)loss->overruns);
	atoll_json_integer(json, "lost_ms", (int64_t)loss->lost_ms);
	atoll_json_integer(json, "for_ms", loss->for_ms);
	lines_stamp(json, atoll_clock_ns());
	return lines_end(lines);
}

static void add_words(struct atoll_json *json, const struct hearing *hearing)
{
	atoll_json_array(json, "words");
	for (uint32_t i = 0; i < hearing_classes(hearing); i++)
		if (hearing_is_word(hearing, i))
			atoll_json_string(json, NULL, hearing_label(hearing, i));
	atoll_json_end(json);
}

struct line listend_lines_state(struct lines *lines, const struct listend_ear *ear)
{
	struct atoll_json *json = lines_begin(lines);
	const struct listend_listener *listener;

	atoll_json_string(json, "event", "state");
	add_microphone(json, ear);
	atoll_json_array(json, "models");
	for (uint32_t i = 0; (listener = listend_ear_listener(ear, i)); i++) {
		atoll_json_object(json, NULL);
		atoll_json_string(json, "name", listener->model->name);
		add_words(json, listener->hearing);
		atoll_json_end(json);
	}
	atoll_json_end(json);
	lines_stamp(json, atoll_clock_ns());
	return lines_end(lines);
}

static void add_listener(struct atoll_json *json, const struct listend_listener *listener)
{
	const struct hearing_counts counts = hearing_counts(listener->hearing);
	const struct atoll_session_plan *plan = hearing_plan(listener->hearing);

	atoll_json_object(json, NULL);
	atoll_json_string(json, "name", listener->model->name);
	atoll_json_string(json, "device", plan->device);
	atoll_json_integer(json, "words", (int64_t)counts.words);
	atoll_json_integer(json, "runs", (int64_t)counts.inferences);
	atoll_json_integer(json, "rested", (int64_t)counts.gated);
	atoll_json_integer(json, "late", (int64_t)counts.late);
	atoll_json_integer(json, "failures", (int64_t)counts.failed);
	if (counts.inferences > 0)
		atoll_json_real(json, "run_ms", rounded_ms((double)counts.model_ns / 1e6 /
							   (double)counts.inferences));
	atoll_json_end(json);
}

struct line listend_lines_status(struct lines *lines, const struct listend_ear *ear,
				 const struct listend_numbers *numbers)
{
	const struct listend_ear_state state = listend_ear_state(ear);
	struct atoll_json *json = lines_begin(lines);
	const struct listend_listener *listener;

	atoll_json_string(json, "event", "status");
	add_microphone(json, ear);
	atoll_json_real(json, "level_db", (double)state.level.rms_db);
	atoll_json_real(json, "peak_db", (double)state.level.peak_db);
	atoll_json_integer(json, "heard_ms",
			   (int64_t)(state.counts.samples * 1000 / ATOLL_SOUND_RATE));
	atoll_json_integer(json, "overruns", (int64_t)state.counts.overruns);
	atoll_json_integer(json, "lost_ms",
			   (int64_t)(state.counts.lost * 1000 / ATOLL_SOUND_RATE));
	atoll_json_integer(json, "returns", (int64_t)state.counts.returns);
	atoll_json_array(json, "models");
	for (uint32_t i = 0; (listener = listend_ear_listener(ear, i)); i++)
		add_listener(json, listener);
	atoll_json_end(json);
	atoll_json_integer(json, "clients", numbers->clients);
	atoll_json_integer(json, "dropped", (int64_t)numbers->dropped);
	atoll_json_integer(json, "up_ms", numbers->up_ms);
	lines_stamp(json, atoll_clock_ns());
	return lines_end(lines);
}
