/* SPDX-License-Identifier: Apache-2.0 */
/* libasound itself, as far as that goes without a sound card. */
#include "audio/alsa.h"

#include "audio/mixer.h"
#include "audio/pcm.h"
#include "tests/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int heard;

static void hear(const char *file, int line, const char *function, int err, const char *format,
		 va_list arguments)
{
	(void)file;
	(void)line;
	(void)function;
	(void)err;
	(void)format;
	(void)arguments;
	heard++;
}

/* ALSA's own sink, which gives silence to who listens; it comes with ALSA's
   configuration. */
static struct pcm *open_null(void)
{
	struct pcm *pcm = NULL;

	if (pcm_alsa.open("null", &pcm) < 0)
		skip();
	return pcm;
}

static void no_word_is_said_and_no_trace_is_left(void **state)
{
	char said[256] = "";
	int kept = dup(STDERR_FILENO), ends[2];
	struct pcm *pcm;

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	(void)dup2(ends[1], STDERR_FILENO);
	assert_true(pcm_alsa.open("no such device", &pcm) < 0);
	assert_true(pcm_alsa.open("hw:no-such-card,0", &pcm) < 0);
	assert_true(pcm_alsa.open("hw:(,{", &pcm) < 0);
	assert_true(atoll_mixer_apply("hw:no-such-card", "a=b", NULL) < 0);
	(void)dup2(kept, STDERR_FILENO);
	(void)close(kept);
	(void)read(ends[0], said, sizeof(said) - 1);
	(void)close(ends[0]);
	(void)close(ends[1]);
	assert_string_equal(said, "");
	/* What snd_pcm_open would have kept for everybody. */
	assert_null(snd_config);
}

static void who_listens_to_alsa_s_words_goes_on_to_do_so(void **state)
{
	struct pcm *pcm;

	(void)state;
	(void)snd_lib_error_set_local(hear);
	assert_true(pcm_alsa.open("no such device", &pcm) < 0);
	assert_int_equal(heard, 0);
	SNDERR("something of the program's own");
	assert_int_equal(heard, 1);
	assert_ptr_equal(snd_lib_error_set_local(NULL), hear);
}

static void a_device_is_opened_asked_and_closed(void **state)
{
	struct pcm_form form = {
		.samples = ATOLL_S24_3, .rate = 44100, .channels = 3,
		.period = 882, .buffer = 22050,
	};
	struct pcm *pcm = open_null();
	struct pcm_entry entry;
	struct pcm_offer offer;

	(void)state;
	assert_int_equal(pcm_alsa.offer(pcm, &offer), 0);
	assert_int_equal(offer.formats, (1U << 6) - 1);
	assert_true(offer.is_readable);
	assert_true(pcm_alsa.fits(pcm, &form));
	assert_int_equal(pcm_alsa.set_up(pcm, &form), 0);
	assert_int_equal(form.period, 882);
	assert_int_equal(form.buffer, 22050);
	form.is_mapped = true;
	form.samples = ATOLL_S16;
	assert_int_equal(pcm_alsa.set_up(pcm, &form), 0); /* again */
	assert_int_equal(pcm_alsa.start(pcm), 0);
	assert_int_equal(pcm_alsa.describe(pcm, &entry), 0);
	assert_int_equal(entry.card, -1);
	pcm_alsa.close(pcm);
}

static void names_of_devices_cannot_move_the_cursor(void **state)
{
	char name[8];

	(void)state;
	alsa_copy_text(name, sizeof(name), "a\033[2J\x7f");
	assert_string_equal(name, "a?[2J?");
	alsa_copy_text(name, sizeof(name), "longer than that");
	assert_string_equal(name, "longer ");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_word_is_said_and_no_trace_is_left),
		cmocka_unit_test(who_listens_to_alsa_s_words_goes_on_to_do_so),
		cmocka_unit_test(a_device_is_opened_asked_and_closed),
		cmocka_unit_test(names_of_devices_cannot_move_the_cursor),
	};

	return CHECK_RUN(tests);
}
