/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/listen_tell.h"

#include <stdlib.h>

#include "tests/check.h"

static const struct hearing_word word = {
	.label = "yes", .index = 3, .score = 0.9765625f, .start_ms = 354, .end_ms = 920,
	.latency_ms = 12.5, .is_taught = true,
};

/* One word, told to memory. */
static char *told(struct listen_tell tell, bool is_live)
{
	char *text = NULL;
	size_t size;

	tell.file = open_memstream(&text, &size);
	assert_non_null(tell.file);
	listen_tell_word(&tell, "a\"b.wav", &word, is_live);
	assert_int_equal(fclose(tell.file), 0);
	return text;
}

static void a_word_is_a_line_of_time_word_and_score(void **state)
{
	char *text = told((struct listen_tell){ 0 }, false);

	(void)state;
	assert_string_equal(text, "0.35\tyes\t0.9766\n");
	free(text);
}

static void of_several_files_the_name_comes_first(void **state)
{
	char *text = told((struct listen_tell){ .has_names = true }, false);

	(void)state;
	assert_string_equal(text, "a\"b.wav\t0.35\tyes\t0.9766\n");
	free(text);
}

static void in_json_a_word_is_an_event(void **state)
{
	char *text = told((struct listen_tell){ .is_json = true }, true);

	(void)state;
	assert_string_equal(text,
		"{\"event\":\"word\",\"source\":\"a\\\"b.wav\",\"word\":\"yes\",\"index\":3,"
		"\"score\":0.9765625,\"start_s\":0.354,\"end_s\":0.92,\"latency_ms\":12.5,"
		"\"is_taught\":true}\n");
	free(text);
}

static void latency_is_of_microphones_alone(void **state)
{
	char *text = told((struct listen_tell){ .is_json = true }, false);

	(void)state;
	assert_string_equal(text,
		"{\"event\":\"word\",\"source\":\"a\\\"b.wav\",\"word\":\"yes\",\"index\":3,"
		"\"score\":0.9765625,\"start_s\":0.354,\"end_s\":0.92,\"is_taught\":true}\n");
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_is_a_line_of_time_word_and_score),
		cmocka_unit_test(of_several_files_the_name_comes_first),
		cmocka_unit_test(in_json_a_word_is_an_event),
		cmocka_unit_test(latency_is_of_microphones_alone),
	};

	return CHECK_RUN(tests);
}
