/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/listen_list.h"

#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

static const struct atoll_microphone_found found[] = {
	{
		.device = "hw:1,0", .id = "Mic", .name = "USB Microphone", .pcm = "USB Audio",
		.is_microphone = true, .rate_min = 8000, .rate_max = 48000,
		.channels_min = 1, .channels_max = 2,
		.formats = 1u << ATOLL_S16 | 1u << ATOLL_S24_3,
	}, {
		.device = "hw:2,1", .id = "Loopback", .name = "Loopback",
		.pcm = "Loopback PCM", .trouble = "Device or resource busy",
	}, {
		.device = "hw:3,0", .id = "Fixed", .name = "Fixed", .pcm = "One",
		.is_microphone = true, .rate_min = 16000, .rate_max = 16000,
		.channels_min = 1, .channels_max = 1, .formats = 1u << ATOLL_S32,
	},
};

static char *printed(uint32_t count, const char *automatic, bool wants_json)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	listen_list_print(file, found, count, automatic, wants_json);
	assert_int_equal(fclose(file), 0);
	return text;
}

static void each_is_a_line_and_one_is_auto(void **state)
{
	char *text = printed(3, "hw:1,0", false);

	(void)state;
	assert_string_equal(text,
		"auto  hw:1,0    USB Microphone, USB Audio  8000 to 48000 Hz  "
		"1 to 2 channels  S16  S24_3\n"
		"      hw:2,1    Loopback, Loopback PCM  (no microphone)  "
		"(Device or resource busy)\n"
		"      hw:3,0    Fixed, One  16000 Hz  1 channel  S32\n");
	free(text);
}

static void programs_get_one_array(void **state)
{
	char *text = printed(2, "hw:1,0", true);

	(void)state;
	assert_string_equal(text,
		"[{\"device\":\"hw:1,0\",\"id\":\"Mic\",\"name\":\"USB Microphone\","
		"\"pcm\":\"USB Audio\",\"is_microphone\":true,\"is_auto\":true,"
		"\"rate_range\":[8000,48000],\"channel_range\":[1,2],"
		"\"samples\":[\"S16\",\"S24_3\"],\"trouble\":null},"
		"{\"device\":\"hw:2,1\",\"id\":\"Loopback\",\"name\":\"Loopback\","
		"\"pcm\":\"Loopback PCM\",\"is_microphone\":false,\"is_auto\":false,"
		"\"rate_range\":[0,0],\"channel_range\":[0,0],\"samples\":[],"
		"\"trouble\":\"Device or resource busy\"}]\n");
	free(text);
}

static void none_are_an_empty_array(void **state)
{
	char *text = printed(0, "", true);

	(void)state;
	assert_string_equal(text, "[]\n");
	free(text);
	text = printed(0, "", false);
	assert_string_equal(text, "");
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_a_line_and_one_is_auto),
		cmocka_unit_test(programs_get_one_array),
		cmocka_unit_test(none_are_an_empty_array),
	};

	return CHECK_RUN(tests);
}
