/* SPDX-License-Identifier: Apache-2.0 */
/* Which microphones there are, and which one is meant. */
#include "audio/microphone.h"

#include "tests/check.h"
#include "tests/fake_pcm.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct fake_microphone *const fakes = fake_pcm.microphone;

/* A loopback, a webcam, the board's own with two devices, and a screen. */
static int reset(void **state)
{
	static const struct fake_offer offer = { 1U << ATOLL_S16, 16000, 48000, 1, 2 };

	(void)state;
	fake_pcm_reset();
	fakes[0] = (struct fake_microphone){
		.id = "Loopback", .name = "Loopback", .driver = "Loopback",
		.pcm = "Loopback PCM",
	};
	fakes[1] = (struct fake_microphone){
		.id = "C920", .name = "HD Pro Webcam C920", .driver = "USB-Audio",
		.pcm = "USB Audio", .card = 1,
	};
	fakes[2] = (struct fake_microphone){
		.id = "board",
		.name = "Board Card",
		.driver = "board",
		.pcm = "VUL",
		.card = 2,
		.device = 1,
	};
	fakes[3] = fakes[2];
	fakes[3].pcm = "AWB";
	fakes[3].device = 2;
	fakes[4] = (struct fake_microphone){
		.id = "HDMI", .name = "USB Video", .driver = "USB-Audio", .pcm = "HDMI In",
		.card = 3,
	};
	for (int i = 0; i < FAKE_MICROPHONES; i++)
		fakes[i].offer[0] = offer;
	return 0;
}

static int is_clean(void **state)
{
	(void)state;
	assert_int_equal(fake_pcm.opened, 0);
	return 0;
}

static void assert_finds(const char *match, const struct microphone_described *described,
			 const char *device)
{
	struct atoll_microphone_found found;
	struct atoll_error err = { 0 };

	if (microphone_find_on(&fake_pcm_system, match, described, &found, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(found.device, device);
	assert_string_equal(found.trouble, "");
	assert_int_equal(found.rate_max, 48000);
}

static void assert_finds_none(const char *match, int code, const char *sentence)
{
	struct atoll_microphone_found found = { .device = "untouched" };
	struct atoll_error err = { 0 };

	assert_int_equal(
		microphone_find_on(&fake_pcm_system, match, NULL, &found, &err), code);
	assert_string_equal(err.text, sentence);
	assert_string_equal(found.device, "untouched");
}

static void all_are_listed_with_what_they_can_do(void **state)
{
	struct atoll_microphone_found list[FAKE_MICROPHONES];
	uint32_t count;

	(void)state;
	fakes[1].open_error = -EBUSY;
	fakes[1].holder = "zoom, process 7";
	assert_int_equal(microphones_list_on(&fake_pcm_system, list, FAKE_MICROPHONES, &count,
					     NULL), 0);
	assert_int_equal(count, 5);
	assert_string_equal(list[0].device, "hw:0,0");
	assert_string_equal(list[0].id, "Loopback");
	assert_string_equal(list[0].pcm, "Loopback PCM");
	assert_false(list[0].is_microphone);
	assert_int_equal(list[0].rate_min, 16000);
	assert_int_equal(list[0].rate_max, 48000);
	assert_int_equal(list[0].channels_min, 1);
	assert_int_equal(list[0].channels_max, 2);
	assert_int_equal(list[0].formats, 1U << ATOLL_S16);
	assert_string_equal(list[0].trouble, "");
	assert_true(list[1].is_microphone);
	assert_string_equal(list[1].name, "HD Pro Webcam C920");
	assert_string_equal(list[1].trouble, "in use (zoom, process 7)");
	assert_int_equal(list[1].rate_max, 0);
	assert_string_equal(list[3].device, "hw:2,2");
	assert_false(list[4].is_microphone);
}

static void more_than_there_is_room_for_are_counted(void **state)
{
	struct atoll_microphone_found list[3] = { { .device = "" } };
	uint32_t count = 0;

	(void)state;
	assert_int_equal(microphones_list_on(&fake_pcm_system, list, 2, &count, NULL), 0);
	assert_int_equal(count, 5);
	assert_string_equal(list[1].device, "hw:1,0");
	assert_string_equal(list[2].device, "");
	assert_int_equal(microphones_list_on(&fake_pcm_system, NULL, 0, &count, NULL), 0);
	assert_int_equal(count, 5);
}

static void none_at_all_are_an_empty_list(void **state)
{
	struct atoll_microphone_found list[1];
	uint32_t count = 7;

	(void)state;
	memset(fakes, 0, sizeof(fake_pcm.microphone));
	assert_int_equal(microphones_list_on(&fake_pcm_system, list, 1, &count, NULL), 0);
	assert_int_equal(count, 0);
	assert_finds_none("auto", -ENODEV,
			  "microphone: auto: there is no sound card that records");
	assert_finds_none("webcam", -ENODEV,
			  "microphone: webcam: there is no sound card that records");
	assert_finds_none("0", -ENODEV, "microphone: there is no card 0 that records");
}

static void the_first_is_taken_that_hears(void **state)
{
	(void)state;
	assert_finds(NULL, NULL, "hw:1,0");
	assert_finds("auto", NULL, "hw:1,0");
	fakes[1].pcm = "Monitor of USB Audio";
	assert_finds("auto", NULL, "hw:2,1");
}

static void what_the_board_has_comes_first(void **state)
{
	(void)state;
	assert_finds("auto", &(struct microphone_described){ "board", NULL }, "hw:2,1");
	assert_finds("auto", &(struct microphone_described){ "card", "2" }, "hw:2,2");
	assert_finds("auto", &(struct microphone_described){ "Loopback", NULL }, "hw:0,0");
	/* What it has not, it has not. */
	assert_finds("auto", &(struct microphone_described){ "board", "5" }, "hw:1,0");
	assert_finds("auto", &(struct microphone_described){ "elsewhere", NULL }, "hw:1,0");
	/* Who names one, means that. */
	assert_finds("webcam", &(struct microphone_described){ "board", NULL }, "hw:1,0");
}

static void without_a_microphone_what_there_is_is_named(void **state)
{
	(void)state;
	memset(&fakes[1], 0, 3 * sizeof(fakes[1]));
	assert_finds_none(
		"auto", -ENODEV,
		"microphone: auto: no microphone among "
		"hw:0,0 (Loopback), hw:3,0 (USB Video); one of them has to be named");
	fakes[4].trouble = -EACCES;
	assert_finds_none("auto", -EACCES, "microphone: auto: hw:3: no permission; "
			  "is the user in the group audio?");
}

static void cards_go_by_number_id_or_name(void **state)
{
	(void)state;
	assert_finds("1", NULL, "hw:1,0");
	assert_finds("2", NULL, "hw:2,1");
	assert_finds("c920", NULL, "hw:1,0");
	assert_finds("pro webcam", NULL, "hw:1,0");
	assert_finds("CARD", NULL, "hw:2,1");
	assert_finds("loopback", NULL, "hw:0,0");
	/* An id before a part of a name. */
	fakes[0].name = "not the hdmi";
	assert_finds("hdmi", NULL, "hw:3,0");
	assert_finds_none("4", -ENODEV, "microphone: there is no card 4 that records");
	assert_finds_none("01", -ENODEV, "microphone: there is no card 01 that records");
}

static void of_several_that_fit_none_is_taken(void **state)
{
	(void)state;
	fakes[4].name = "Another Webcam";
	assert_finds_none("webcam", -EEXIST, "microphone: 'webcam' fits 2 cards: "
			  "hw:1,0 (HD Pro Webcam C920), hw:3,0 (Another Webcam)");
	memset(&fakes[2], 0, 2 * sizeof(fakes[2]));
	assert_finds_none("guitar", -ENODEV,
			  "microphone: 'guitar' fits none of hw:0,0 (Loopback), "
			  "hw:1,0 (HD Pro Webcam C920), hw:3,0 (Another Webcam)");
}

static void a_long_list_does_not_break_the_sentence(void **state)
{
	char name[90];
	struct atoll_microphone_found found;
	struct atoll_error err = { 0 };

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int i = 0; i < FAKE_MICROPHONES; i++)
		fakes[i].name = name;
	assert_int_equal(microphone_find_on(&fake_pcm_system, "xx", NULL, &found, &err),
			 -EEXIST);
	assert_non_null(strstr(err.text, "fits 4 cards: hw:0,0 (xxx"));
}

static void names_of_alsa_are_left_to_alsa(void **state)
{
	struct atoll_microphone_found found;

	(void)state;
	fakes[1].alias = "default";
	assert_finds("default", NULL, "default");
	assert_finds("hw:board,2", NULL, "hw:board,2");
	fakes[1].alias = "plughw:C920,0";
	assert_finds("plughw:C920,0", NULL, "plughw:C920,0");
	/* One that is in trouble is found all the same, and says why. */
	fakes[1].alias = "pulse";
	fakes[1].open_error = -ECONNREFUSED;
	assert_int_equal(microphone_find_on(&fake_pcm_system, "pulse", NULL, &found, NULL), 0);
	assert_string_equal(found.device, "pulse");
	assert_string_equal(found.trouble, "Connection refused");
	assert_int_equal(
		microphone_find_on(&fake_pcm_system, "hw:9,0", NULL, &found, NULL), 0);
	assert_string_equal(found.trouble, "there is no such device");
}

static void odd_names_fit_nothing(void **state)
{
	char name[80];
	struct atoll_microphone_found found;

	(void)state;
	memset(&fakes[1], 0, 4 * sizeof(fakes[1]));
	assert_finds_none("", -ENODEV, "microphone: '' fits none of hw:0,0 (Loopback)");
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_finds_none(name, -ENODEV,
			  "microphone: nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn...: the name "
			  "is too long");
	assert_int_equal(microphone_find_on(&fake_pcm_system, name, NULL, &found, NULL),
			 -ENODEV);
}

static void a_list_that_fails_says_so(void **state)
{
	(void)state;
	fake_pcm.fails_at = 1;
	assert_finds_none("auto", -EIO, "microphone: list: Input/output error");
}

/* A file of the kernel's, below the folder `proc`. */
static void write_file(const char *proc, const char *path, const char *text)
{
	char whole[200], *slash;
	FILE *file;

	snprintf(whole, sizeof(whole), "%s/%s", proc, path);
	for (slash = strchr(whole + strlen(proc) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(whole, 0700); /* maybe it is there */
		*slash = '/';
	}
	file = fopen(whole, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void the_kernel_says_who_has_a_device(void **state)
{
	char proc[] = "/tmp/atoll-proc-XXXXXX", text[64] = "untouched", command[64];

	(void)state;
	assert_non_null(mkdtemp(proc));
	assert_int_equal(pcm_holder(proc, 1, 0, text, sizeof(text)), -ENOENT);
	write_file(proc, "asound/card1/pcm0c/sub0/status", "closed\n");
	assert_int_equal(pcm_holder(proc, 1, 0, text, sizeof(text)), -ENOENT);
	assert_string_equal(text, "untouched");
	write_file(proc, "asound/card1/pcm0c/sub1/status",
		   "state: RUNNING\nowner_pid   : 4711\ntrigger_time: 12.5\n");
	assert_int_equal(pcm_holder(proc, 1, 0, text, sizeof(text)), 0);
	assert_string_equal(text, "one that ended, process 4711");
	write_file(proc, "4711/comm", "arecord\n");
	assert_int_equal(pcm_holder(proc, 1, 0, text, sizeof(text)), 0);
	assert_string_equal(text, "arecord, process 4711");
	snprintf(command, sizeof(command), "rm -r %s", proc);
	assert_int_equal(system(command), 0);
}

static void devices_can_be_watched_for(void **state)
{
	struct pollfd watch = { .fd = atoll_microphone_watch(), .events = POLLIN };

	(void)state;
	if (watch.fd < 0)
		skip(); /* no inotify here */
	assert_true(poll(&watch, 1, 0) >= 0);
	close(watch.fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reset, is_clean)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(all_are_listed_with_what_they_can_do),
		TEST(more_than_there_is_room_for_are_counted),
		TEST(none_at_all_are_an_empty_list),
		TEST(the_first_is_taken_that_hears),
		TEST(what_the_board_has_comes_first),
		TEST(without_a_microphone_what_there_is_is_named),
		TEST(cards_go_by_number_id_or_name),
		TEST(of_several_that_fit_none_is_taken),
		TEST(a_long_list_does_not_break_the_sentence),
		TEST(names_of_alsa_are_left_to_alsa),
		TEST(odd_names_fit_nothing),
		TEST(a_list_that_fails_says_so),
		TEST(the_kernel_says_who_has_a_device),
		TEST(devices_can_be_watched_for),
	};

	return CHECK_RUN(tests);
}
