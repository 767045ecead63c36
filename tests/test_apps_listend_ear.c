/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ear between a microphone, models and a clock that do what the tests say: what is
 * below stands here for audio/source.c, apps/hearing.c, apps/preset.c and board/clock.c.
 */
#include "tests/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "apps/listend_ear.h"
#include "apps/preset.h"
#include "board/clock.h"

#define SECOND_NS INT64_C(1000000000)
#define PIECE 800

/* The clock. */

static int64_t now_ns;

int64_t atoll_clock_ns(void)
{
	return now_ns;
}

int64_t atoll_clock_ms(void)
{
	return now_ns / 1000000;
}

/* The microphone: what each call of next gives, and what came of it. */

struct atoll_sound {
	int fd;
};

static struct {
	bool is_there;
	int result[32];
	int results, taken;
	bool is_after_gap;
	struct atoll_error error;
	struct atoll_sound_counts counts;
	int opened, reopened, closed, watched, presets;
	int preset_result;
	int watch_fd;
} mic;

static int wake(int fd)
{
	const uint64_t one = 1;

	return write(fd, &one, sizeof(one)) == sizeof(one) ? 0 : -errno;
}

static void calm(int fd)
{
	uint64_t count;

	(void)!read(fd, &count, sizeof(count)); /* nothing there is as good */
}

static int refuse(struct atoll_error *err)
{
	return atoll_error_set(err, mic.error.code, "%s", mic.error.text);
}

static struct atoll_sound *the_sound;

struct atoll_sound *atoll_sound_open(const struct atoll_sound_config *config,
				     struct atoll_error *err)
{
	(void)config;
	if (!mic.is_there) {
		(void)refuse(err);
		return NULL;
	}
	the_sound = calloc(1, sizeof(*the_sound));
	assert_non_null(the_sound);
	the_sound->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_true(the_sound->fd >= 0);
	mic.opened++;
	return the_sound;
}

void atoll_sound_close(struct atoll_sound *sound)
{
	if (!sound)
		return;
	mic.closed++;
	close(sound->fd);
	free(sound);
	the_sound = NULL;
}

int atoll_sound_next(struct atoll_sound *sound, int timeout_ms, struct atoll_block *block)
{
	static const float silence[PIECE];
	int r;

	assert_int_equal(timeout_ms, 0);
	if (mic.taken == mic.results) {
		calm(sound->fd);
		return -ETIMEDOUT;
	}
	r = mic.result[mic.taken++];
	if (r < 0)
		return r;
	*block = (struct atoll_block){
		.sample = silence,
		.count = PIECE,
		.at = mic.counts.samples,
		.time_ns = now_ns,
		.is_after_gap = mic.is_after_gap,
	};
	mic.is_after_gap = false;
	mic.counts.samples += PIECE;
	return 0;
}

int atoll_sound_fd(const struct atoll_sound *sound)
{
	return sound->fd;
}

int atoll_sound_reopen(struct atoll_sound *sound, struct atoll_error *err)
{
	(void)sound;
	if (!mic.is_there)
		return refuse(err);
	mic.reopened++;
	return 0;
}

const struct atoll_error *atoll_sound_error(const struct atoll_sound *sound)
{
	(void)sound;
	return &mic.error;
}

const char *atoll_sound_name(const struct atoll_sound *sound)
{
	(void)sound;
	return "Pretended, 16000 Hz, 1 channel";
}

struct atoll_sound_counts atoll_sound_counts(const struct atoll_sound *sound)
{
	(void)sound;
	return mic.counts;
}

int atoll_microphone_watch(void)
{
	mic.watched++;
	mic.watch_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return mic.watch_fd;
}

int preset_apply(const char *preset, const char *match, struct atoll_error *err)
{
	assert_string_equal(preset, "board");
	assert_string_equal(match, "auto");
	mic.presets++;
	return mic.preset_result < 0 ?
		atoll_error_set(err, mic.preset_result, "mixer: no such control") : 0;
}

/* The model. */

struct hearing {
	int fd;
};

static struct {
	struct hearing hearing;
	bool is_refused, is_running;
	int start_result, finish_result;
	struct hearing_word word;
	struct hearing_counts counts;
	uint64_t heard, gaps;
} model;

struct hearing *hearing_open(const struct hearing_config *config, struct atoll_error *err)
{
	(void)config;
	if (model.is_refused) {
		(void)atoll_error_set(err, -EINVAL, "m.tflite: is no model");
		return NULL;
	}
	model.hearing.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_true(model.hearing.fd >= 0);
	return &model.hearing;
}

void hearing_close(struct hearing *hearing)
{
	if (hearing)
		close(hearing->fd);
}

const char *hearing_warning(const struct hearing *hearing)
{
	(void)hearing;
	return NULL;
}

int hearing_start(struct hearing *hearing, const struct atoll_block *block,
		  struct atoll_error *err)
{
	(void)hearing;
	model.heard += block->count;
	model.gaps += block->is_after_gap;
	return model.start_result < 0 ?
		atoll_error_set(err, model.start_result, "cannot start") : 0;
}

int hearing_fd(const struct hearing *hearing)
{
	return hearing->fd;
}

bool hearing_is_running(const struct hearing *hearing)
{
	(void)hearing;
	return model.is_running;
}

int hearing_finish(struct hearing *hearing, struct atoll_error *err)
{
	calm(hearing->fd);
	model.is_running = false;
	if (model.finish_result < 0)
		return atoll_error_set(err, model.finish_result, "the device is gone");
	return model.finish_result;
}

const struct hearing_word *hearing_word(const struct hearing *hearing, int i)
{
	(void)hearing;
	assert_int_equal(i, 0);
	return &model.word;
}

struct hearing_counts hearing_counts(const struct hearing *hearing)
{
	(void)hearing;
	return model.counts;
}

/* The ear, and what it said. */

static struct listend_config config;
static struct listend_ear *ear;
static struct atoll_loop *loop;
static struct atoll_log words;
static char said[4096];
static int told, words_told, losses_told;
static struct listend_loss loss;
static int64_t word_start_ns;

static void on_word(void *data, const struct listend_listener *listener,
		    const struct hearing_word *word, int64_t start_ns)
{
	(void)data;
	assert_string_equal(listener->model->name, "m");
	assert_string_equal(word->label, "yes");
	word_start_ns = start_ns;
	words_told++;
}

static void on_loss(void *data, const struct listend_loss *lost)
{
	(void)data;
	loss = *lost;
	losses_told++;
}

static void on_microphone(void *data)
{
	(void)data;
	told++;
}

static int set_up(void **state)
{
	static const struct listend_ear_calls calls = {
		.word = on_word, .loss = on_loss, .microphone = on_microphone,
	};
	struct atoll_error err;

	(void)state;
	now_ns = 100 * SECOND_NS;
	memset(&mic, 0, sizeof(mic));
	memset(&model, 0, sizeof(model));
	memset(said, 0, sizeof(said));
	told = words_told = losses_told = 0;
	mic.is_there = true;
	mic.error = (struct atoll_error){ .code = -ENODEV, .text = "microphone: is gone" };
	config = (struct listend_config){ .microphone = "auto", .what = "mic:auto", .models = 1 };
	(void)snprintf(config.model[0].name, sizeof(config.model[0].name), "m");
	words = atoll_log_new("ear", ATOLL_LOG_INFO);
	words.is_journal = false;
	words.file = fmemopen(said, sizeof(said), "w");
	loop = atoll_loop_new(NULL);
	ear = listend_ear_new(&config, NULL, &calls, &words, &err);
	return !words.file || !loop || !ear;
}

static int tear_down(void **state)
{
	(void)state;
	listend_ear_close(ear);
	atoll_loop_free(loop);
	return fclose(words.file);
}

static void stop(void *data, uint32_t times)
{
	(void)times;
	atoll_loop_stop(data, 0);
}

/* Let the loop see to what is ready within so much time. */
static void turn_for(uint32_t time_ms)
{
	assert_true(atoll_loop_after(loop, time_ms, stop, loop) >= 0);
	assert_int_equal(atoll_loop_run(loop), 0);
	assert_int_equal(fflush(words.file), 0);
}

static void turn(void)
{
	turn_for(2);
}

static void open_ear(void)
{
	struct atoll_error err = { .text = "" };

	if (listend_ear_open(ear, loop, &err) < 0)
		fail_msg("%s", err.text);
	turn();
}

/* The microphone gives this next. */
static void give(int result)
{
	mic.result[mic.results++] = result;
	assert_int_equal(wake(the_sound->fd), 0);
	turn();
}

static void tick(int64_t after_ns)
{
	now_ns += after_ns;
	listend_ear_tick(ear);
	assert_int_equal(fflush(words.file), 0);
}

static void finish_run(int result)
{
	model.finish_result = result;
	model.is_running = true;
	assert_int_equal(wake(model.hearing.fd), 0);
	turn();
}

static void something_comes_in_dev(void)
{
	assert_int_equal(wake(mic.watch_fd), 0);
	turn_for(120); /* it is asked after 100 */
}

static enum listend_hearing state_of(void)
{
	return listend_ear_state(ear).hearing;
}

static int times_said(const char *text)
{
	int times = 0;

	for (const char *at = said; (at = strstr(at, text)); at++)
		times++;
	return times;
}

static void a_microphone_is_there_once_sound_comes_from_it(void **state)
{
	(void)state;
	open_ear();
	assert_int_equal(state_of(), LISTEND_OPENS);
	assert_int_equal(told, 0);
	give(0);
	assert_int_equal(state_of(), LISTEND_HEARS);
	assert_int_equal(told, 1);
	assert_string_equal(said, "ear: listening to Pretended, 16000 Hz, 1 channel\n");
	give(0);
	assert_int_equal(told, 1);
	assert_int_equal(model.heard, 2 * PIECE);
}

static void one_that_is_not_there_is_waited_for_and_that_is_said_once(void **state)
{
	(void)state;
	mic.is_there = false;
	open_ear();
	assert_int_equal(state_of(), LISTEND_WAITS);
	assert_int_equal(told, 1);
	assert_string_equal(listend_ear_state(ear).why, "microphone: is gone");
	for (int i = 0; i < 3; i++)
		something_comes_in_dev();
	assert_int_equal(times_said("microphone: is gone"), 1);
	mic.is_there = true;
	something_comes_in_dev();
	assert_int_equal(state_of(), LISTEND_OPENS);
	assert_int_equal(told, 1);
	give(0);
	assert_int_equal(told, 2);
	assert_int_equal(state_of(), LISTEND_HEARS);
}

static void another_reason_to_wait_is_news(void **state)
{
	(void)state;
	mic.is_there = false;
	open_ear();
	mic.error = (struct atoll_error){ .code = -EBUSY, .text = "microphone: in use" };
	something_comes_in_dev();
	something_comes_in_dev();
	assert_int_equal(times_said("microphone: is gone"), 1);
	assert_int_equal(times_said("microphone: in use"), 1);
	assert_string_equal(listend_ear_state(ear).why, "microphone: in use");
}

static void one_that_goes_is_taken_up_again_and_its_models_begin_anew(void **state)
{
	(void)state;
	open_ear();
	give(0);
	model.gaps = 0;
	give(-ENODEV);
	assert_int_equal(state_of(), LISTEND_WAITS);
	assert_int_equal(told, 2);
	assert_int_equal(mic.closed, 0);
	something_comes_in_dev();
	assert_int_equal(mic.reopened, 1);
	give(0);
	assert_int_equal(told, 3);
	assert_int_equal(state_of(), LISTEND_HEARS);
	assert_int_equal(model.gaps, 1);
	give(0);
	assert_int_equal(model.gaps, 1);
}

static void one_that_gives_no_sound_is_let_go_and_asked_again(void **state)
{
	(void)state;
	open_ear();
	tick(2 * SECOND_NS);
	assert_int_equal(state_of(), LISTEND_OPENS);
	tick(2 * SECOND_NS);
	assert_int_equal(state_of(), LISTEND_WAITS);
	assert_int_equal(mic.closed, 1);
	assert_int_equal(told, 1);
	/* And again, without another word about it. */
	something_comes_in_dev();
	assert_int_equal(mic.opened, 2);
	tick(4 * SECOND_NS);
	assert_int_equal(state_of(), LISTEND_WAITS);
	assert_int_equal(times_said("no sound comes from it"), 1);
	something_comes_in_dev();
	give(0);
	assert_int_equal(state_of(), LISTEND_HEARS);
}

static void a_failure_of_sound_is_said_when_it_begins_and_ends(void **state)
{
	(void)state;
	open_ear();
	give(0);
	mic.error = (struct atoll_error){ .code = -EIO, .text = "microphone: broken" };
	give(-EIO);
	give(-EIO);
	assert_int_equal(times_said("microphone: broken"), 1);
	give(0);
	assert_int_equal(times_said("microphone: works again"), 1);
	assert_int_equal(state_of(), LISTEND_HEARS);
	assert_int_equal(told, 1);
}

static void sound_that_is_lost_is_told_when_it_begins_and_counted_when_it_ends(void **state)
{
	(void)state;
	open_ear();
	give(0);
	tick(SECOND_NS);
	mic.counts.overruns = 1;
	mic.counts.lost = 8000;
	mic.is_after_gap = true;
	give(0);
	assert_int_equal(losses_told, 1);
	assert_false(loss.is_over);
	tick(SECOND_NS);
	mic.counts.overruns = 3;
	mic.counts.lost = 24000;
	mic.is_after_gap = true;
	give(0);
	tick(SECOND_NS);
	assert_int_equal(losses_told, 1);
	give(0);
	tick(SECOND_NS);
	assert_int_equal(losses_told, 2);
	assert_true(loss.is_over);
	assert_int_equal(loss.overruns, 3);
	assert_int_equal(loss.lost_ms, 1500);
	assert_int_equal(loss.for_ms, 3000);
	assert_int_equal(times_said("3 overruns in 3 s, 1500 ms of sound lost"), 1);
	give(0);
	tick(SECOND_NS);
	assert_int_equal(losses_told, 2);
}

static void sound_is_not_whole_before_some_came(void **state)
{
	(void)state;
	open_ear();
	give(0);
	tick(SECOND_NS / 20);
	mic.counts.overruns = 1;
	tick(SECOND_NS / 20);
	assert_int_equal(losses_told, 1);
	assert_false(loss.is_over);
	tick(SECOND_NS / 20);
	assert_int_equal(losses_told, 1);
	mic.counts.lost = 24000;
	mic.is_after_gap = true;
	give(0);
	tick(SECOND_NS / 20);
	assert_int_equal(losses_told, 2);
	assert_true(loss.is_over);
	assert_int_equal(loss.lost_ms, 1500);
}

static void words_are_told_with_when_they_began(void **state)
{
	(void)state;
	open_ear();
	give(0); /* sample 0 was taken now */
	now_ns += SECOND_NS;
	model.word = (struct hearing_word){ .label = "yes", .start_ms = 20 };
	finish_run(1);
	assert_int_equal(words_told, 1);
	assert_true(word_start_ns == 100 * SECOND_NS + 20000000);
	finish_run(0);
	assert_int_equal(words_told, 1);
}

static void a_model_that_fails_says_so_when_it_begins_and_ends(void **state)
{
	(void)state;
	open_ear();
	give(0);
	finish_run(-EIO);
	finish_run(-EIO);
	assert_int_equal(times_said("model m: the device is gone"), 1);
	model.counts.failed = 2;
	finish_run(0);
	assert_int_equal(times_said("model m: works again, 2 failures so far"), 1);
	model.start_result = -ENOMEM;
	give(0);
	assert_int_equal(times_said("model m: cannot start"), 1);
	assert_int_equal(state_of(), LISTEND_HEARS);
}

static void a_model_that_is_too_slow_says_so_when_it_begins_and_ends(void **state)
{
	(void)state;
	open_ear();
	give(0);
	tick(SECOND_NS);
	model.counts.late = 3;
	give(0);
	tick(SECOND_NS);
	model.counts.late = 5;
	give(0);
	tick(SECOND_NS);
	assert_int_equal(times_said("model m: cannot keep up"), 1);
	give(0);
	tick(SECOND_NS);
	assert_int_equal(times_said("model m: 5 runs left out in 2 s, keeps up again"), 1);
	give(0);
	tick(SECOND_NS);
	assert_int_equal(times_said("keeps up again"), 1);
}

static void a_file_that_ends_is_the_end_of_it(void **state)
{
	(void)state;
	config.microphone = NULL;
	open_ear();
	give(0);
	give(-ENODATA);
	assert_int_equal(state_of(), LISTEND_ENDED);
	assert_int_equal(told, 2);
	tick(10 * SECOND_NS);
	assert_int_equal(state_of(), LISTEND_ENDED);
}

static void a_file_that_is_not_there_is_not_waited_for(void **state)
{
	struct atoll_error err;

	(void)state;
	config.microphone = NULL;
	mic.is_there = false;
	assert_int_equal(listend_ear_open(ear, loop, &err), -ENODEV);
	assert_string_equal(err.text, "microphone: is gone");
}

static void the_mixer_is_set_each_time_the_microphone_comes(void **state)
{
	(void)state;
	config.mixer = "board";
	mic.is_there = false;
	open_ear();
	something_comes_in_dev();
	assert_int_equal(mic.presets, 0);
	mic.is_there = true;
	something_comes_in_dev();
	assert_int_equal(mic.presets, 1);
	give(0);
	give(-ENODEV);
	mic.preset_result = -EINVAL;
	something_comes_in_dev();
	assert_int_equal(mic.presets, 2);
	assert_int_equal(times_said("mixer: no such control; going on"), 1);
	give(0);
	assert_int_equal(state_of(), LISTEND_HEARS);
}

static void a_model_that_does_not_open_is_named(void **state)
{
	const struct listend_ear_calls calls = { .word = on_word };
	struct atoll_error err;

	(void)state;
	model.is_refused = true;
	assert_null(listend_ear_new(&config, NULL, &calls, &words, &err));
	assert_string_equal(err.text, "model m: m.tflite: is no model");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_microphone_is_there_once_sound_comes_from_it),
		TEST(one_that_is_not_there_is_waited_for_and_that_is_said_once),
		TEST(another_reason_to_wait_is_news),
		TEST(one_that_goes_is_taken_up_again_and_its_models_begin_anew),
		TEST(one_that_gives_no_sound_is_let_go_and_asked_again),
		TEST(a_failure_of_sound_is_said_when_it_begins_and_ends),
		TEST(sound_that_is_lost_is_told_when_it_begins_and_counted_when_it_ends),
		TEST(sound_is_not_whole_before_some_came),
		TEST(words_are_told_with_when_they_began),
		TEST(a_model_that_fails_says_so_when_it_begins_and_ends),
		TEST(a_model_that_is_too_slow_says_so_when_it_begins_and_ends),
		TEST(a_file_that_ends_is_the_end_of_it),
		TEST(a_file_that_is_not_there_is_not_waited_for),
		TEST(the_mixer_is_set_each_time_the_microphone_comes),
		TEST(a_model_that_does_not_open_is_named),
	};

	return CHECK_RUN(tests);
}
