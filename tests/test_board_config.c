/* SPDX-License-Identifier: Apache-2.0 */
#include "board/config.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/check.h"
#include "tests/folder.h"

static struct atoll_error err;

/* What is wrong with a file of these bytes. */
static const char *wrong_bytes(const void *bytes, size_t size)
{
	memset(&err, 0, sizeof(err));
	assert_null(atoll_config_load_bytes(bytes, size, "x.conf", &err));
	assert_true(err.code < 0);
	return err.text;
}

static const char *wrong(const char *text)
{
	return wrong_bytes(text, strlen(text));
}

static struct atoll_config *read_text(const char *text)
{
	struct atoll_config *config =
		atoll_config_load_bytes(text, strlen(text), "x.conf", &err);

	if (!config)
		fail_msg("%s", err.text);
	return config;
}

static const char *text_of(struct atoll_config *config, const char *key)
{
	const char *value = NULL;
	int found = atoll_config_text(config, key, &value, &err);

	assert_int_equal(found, value != NULL);
	return value;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(in_folder(name), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static struct atoll_config *load(const char *name)
{
	struct atoll_config *config = atoll_config_load(in_folder(name), &err);

	if (!config)
		fail_msg("%s", err.text);
	return config;
}

static const char *wrong_file(const char *name)
{
	memset(&err, 0, sizeof(err));
	assert_null(atoll_config_load(in_folder(name), &err));
	assert_true(err.code < 0);
	return err.text + (strncmp(err.text, folder, strlen(folder)) == 0 ? strlen(folder) : 0);
}

static void a_value_is_what_stands_between_the_blanks(void **state)
{
	struct atoll_config *config = read_text("a=1\n"
						"  b \t=  two words = one value\t\n"
						"c =\n"
						"d = \"quoted\"\r\n"
						"e = last");

	(void)state;
	assert_string_equal(text_of(config, "a"), "1");
	assert_string_equal(text_of(config, "b"), "two words = one value");
	assert_string_equal(text_of(config, "c"), "");
	assert_string_equal(text_of(config, "d"), "\"quoted\"");
	assert_string_equal(text_of(config, "e"), "last");
	assert_null(text_of(config, "f"));
	atoll_config_free(config);
}

static void a_comment_begins_at_the_start_or_after_a_blank(void **state)
{
	struct atoll_config *config = read_text("# a = 0\n"
						"\t# a = 1\n"
						"#\n"
						"\n"
						"a = 2 # not 3\n"
						"colour = a#b\t#c\n"
						"none = # nothing\n");

	(void)state;
	assert_string_equal(text_of(config, "a"), "2");
	assert_string_equal(text_of(config, "colour"), "a#b");
	assert_string_equal(text_of(config, "none"), "");
	atoll_config_free(config);
}

static void a_key_in_a_section_has_the_section_in_front(void **state)
{
	struct atoll_config *config = read_text("name = outside\n"
						"[camera.0]\n"
						"name = inside\n"
						"[ tpu ] # blanks do not matter\n"
						"name = other\n"
						"usb.path = 2-1\n");

	(void)state;
	assert_string_equal(text_of(config, "name"), "outside");
	assert_string_equal(text_of(config, "camera.0.name"), "inside");
	assert_string_equal(text_of(config, "tpu.name"), "other");
	assert_string_equal(text_of(config, "tpu.usb.path"), "2-1");
	atoll_config_free(config);
}

static void the_last_value_of_a_key_counts_and_stands_where_the_first_stood(void **state)
{
	struct atoll_config *config = read_text("a = 1\nb = 2\na = 3\n");

	(void)state;
	assert_string_equal(atoll_config_at(config, 0)->key, "a");
	assert_string_equal(atoll_config_at(config, 0)->value, "3");
	assert_string_equal(atoll_config_at(config, 0)->place, "x.conf:3");
	assert_string_equal(atoll_config_at(config, 1)->key, "b");
	assert_null(atoll_config_at(config, 2));
	atoll_config_free(config);
}

static void the_line_that_is_wrong_is_named(void **state)
{
	(void)state;
	assert_string_equal(wrong("a = 1\n\nhello\n"),
		"x.conf:3: 'hello' is neither key = value nor a [section]");
	assert_string_equal(wrong("[open\n"),
		"x.conf:1: '[open' is neither key = value nor a [section]");
	assert_string_equal(wrong("[]"),
		"x.conf:1: '' is no section: up to 128 letters, digits, '_', '-' and '.'");
	assert_string_equal(wrong("= 1"),
		"x.conf:1: '' is no key: up to 128 letters, digits, '_', '-' and '.'");
	assert_string_equal(wrong("\na b = 1"),
		"x.conf:2: 'a b' is no key: up to 128 letters, digits, '_', '-' and '.'");
	assert_string_equal(wrong("\xc3\xa4 = 1"), "x.conf:1: '\xc3\xa4' is no key: "
		"up to 128 letters, digits, '_', '-' and '.'");
}

static void control_characters_are_refused(void **state)
{
	(void)state;
	assert_string_equal(wrong_bytes("a = 1\nb\0 = 2\n", 13),
			    "x.conf:2: byte 0x00 is not text");
	assert_string_equal(wrong("a = \033[2J\n"), "x.conf:1: byte 0x1b is not text");
	assert_string_equal(wrong("# \x7f\n"), "x.conf:1: byte 0x7f is not text");
	assert_string_equal(wrong("a = 1\rb = 2\n"), "x.conf:1: byte 0x0d is not text");
}

static void long_lines_are_refused_and_those_of_the_limit_read(void **state)
{
	char line[4096 + 3];
	struct atoll_config *config;

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "a=", 2);
	memcpy(line + 4096, "\n", 2);
	config = read_text(line);
	assert_int_equal(strlen(text_of(config, "a")), 4094);
	atoll_config_free(config);
	memcpy(line + 4096, "x\n", 3);
	assert_string_equal(wrong(line), "x.conf:1: longer than 4096 bytes");
}

static void long_keys_are_refused_and_those_of_the_limit_read(void **state)
{
	char text[300], key[130];
	struct atoll_config *config;

	(void)state;
	memset(key, 'k', sizeof(key));
	key[126] = '\0';
	(void)snprintf(text, sizeof(text), "[s]\n%s = 1\n", key);
	config = read_text(text);
	assert_int_equal(strlen(atoll_config_at(config, 0)->key), 128);
	atoll_config_free(config);
	(void)snprintf(text, sizeof(text), "[st]\n%s = 1\n", key);
	assert_string_equal(wrong(text), "x.conf:2: the key "
		"'st.kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk...' is longer than 128 bytes");
	memset(key, 'k', sizeof(key));
	(void)snprintf(text, sizeof(text), "%.129s = 1\n", key);
	assert_non_null(strstr(wrong(text), "is no key"));
	(void)snprintf(text, sizeof(text), "[%.129s]\n", key);
	assert_non_null(strstr(wrong(text), "is no section"));
}

static void too_many_settings_and_too_many_bytes_are_refused(void **state)
{
	char *many = malloc((1 << 20) + 2);
	struct atoll_config *config;
	int used = 0;

	(void)state;
	assert_non_null(many);
	for (int i = 0; i < 4096; i++)
		used += sprintf(many + used, "k%d =\n", i);
	config = read_text(many);
	assert_non_null(atoll_config_at(config, 4095));
	atoll_config_free(config);
	strcpy(many + used, "k0 = again is no more\n");
	atoll_config_free(read_text(many));
	strcpy(many + used, "k4096 =\n");
	assert_string_equal(wrong(many), "x.conf:4097: more than 4096 settings");

	memset(many, '\n', (1 << 20) + 1);
	many[(1 << 20) + 1] = '\0';
	assert_string_equal(wrong(many), "x.conf: larger than 1 MiB");
	many[1 << 20] = '\0';
	atoll_config_free(read_text(many));
	free(many);
}

static void numbers_are_read_whole_and_within_their_limits(void **state)
{
	struct atoll_config *config = read_text("port = 8080\nlow = -3\nhex = 0x10\n"
						"words = 10 apples\nempty =\n"
						"huge = 99999999999999999999\n");
	int64_t value = 7;

	(void)state;
	assert_int_equal(atoll_config_integer(config, "port", 1, 65535, &value, &err), 1);
	assert_int_equal(value, 8080);
	assert_int_equal(atoll_config_integer(config, "low", -3, 3, &value, &err), 1);
	assert_int_equal(value, -3);
	assert_int_equal(atoll_config_integer(config, "none", 1, 2, &value, &err), 0);
	assert_int_equal(atoll_config_integer(config, "port", 1, 8079, &value, &err), -EINVAL);
	assert_string_equal(err.text,
		"x.conf:1: port: '8080' is not a whole number from 1 to 8079");
	assert_int_equal(atoll_config_integer(config, "low", -2, 3, &value, NULL), -EINVAL);
	assert_int_equal(atoll_config_integer(config, "hex", 0, 99, &value, NULL), -EINVAL);
	assert_int_equal(atoll_config_integer(config, "words", 0, 99, &value, NULL), -EINVAL);
	assert_int_equal(atoll_config_integer(config, "empty", 0, 99, &value, NULL), -EINVAL);
	assert_int_equal(atoll_config_integer(config, "huge", INT64_MIN, INT64_MAX, &value,
					      NULL), -EINVAL);
	assert_int_equal(value, -3); /* as it was */
	atoll_config_free(config);
}

static void reals_have_a_decimal_point_in_every_locale(void **state)
{
	static const char *const names[] = {
		"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "es_ES.UTF-8", "C",
	};
	struct atoll_config *config = read_text("good = 0.25\ncomma = 0,25\nnan = nan\n"
						"endless = inf\nexponent = -1e-3\n");
	double value = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (setlocale(LC_NUMERIC, names[i]))
			break;
	assert_int_equal(atoll_config_real(config, "good", 0, 1, &value, &err), 1);
	assert_true(value == 0.25);
	assert_int_equal(atoll_config_real(config, "exponent", -1, 1, &value, &err), 1);
	assert_true(value == -1e-3);
	assert_int_equal(atoll_config_real(config, "comma", 0, 1, &value, &err), -EINVAL);
	setlocale(LC_NUMERIC, "C");
	assert_int_equal(atoll_config_real(config, "good", 0.5, 1, &value, &err), -EINVAL);
	assert_string_equal(err.text, "x.conf:1: good: '0.25' is not a number from 0.5 to 1");
	assert_int_equal(atoll_config_real(config, "nan", 0, 1, &value, NULL), -EINVAL);
	assert_int_equal(atoll_config_real(config, "endless", 0, HUGE_VAL, &value, NULL),
			 -EINVAL);
	assert_int_equal(atoll_config_real(config, "none", 0, 1, &value, NULL), 0);
	assert_true(value == -1e-3);
	atoll_config_free(config);
}

static void truth_has_four_names_and_so_has_falsehood(void **state)
{
	struct atoll_config *config = read_text("t.a = yes\nt.b = True\nt.c = on\nt.d = 1\n"
						"f.a = no\nf.b = false\nf.c = OFF\nf.d = 0\n"
						"x = maybe\n");

	(void)state;
	for (char letter = 'a'; letter <= 'd'; letter++) {
		const char is_true[] = { 't', '.', letter, '\0' };
		const char is_false[] = { 'f', '.', letter, '\0' };
		bool value = false;

		assert_int_equal(atoll_config_bool(config, is_true, &value, &err), 1);
		assert_true(value);
		assert_int_equal(atoll_config_bool(config, is_false, &value, &err), 1);
		assert_false(value);
		assert_int_equal(atoll_config_bool(config, "none", &value, &err), 0);
		assert_int_equal(atoll_config_bool(config, "x", &value, &err), -EINVAL);
		assert_string_equal(err.text, "x.conf:9: x: 'maybe' is neither yes nor no");
		assert_false(value);
	}
	atoll_config_free(config);
}

static void durations_are_a_number_with_its_unit(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
		{ "250ms", 250 }, { "2s", 2000 }, { "1.5s", 1500 }, { "10min", 600000 },
		{ "2h", 7200000 }, { "0", 0 }, { "0s", 0 }, { "0.25s", 250 },
		{ "0.333h", 1198800 }, { "1.0ms", 1 }, { "007s", 7000 },
	};
	static const char *const bad[] = {
		"", "5", "s", "-1s", "+1s", ".5s", "1.s", "1,5s", "1.5.5s", "1.5ms", "0.0001s",
		"2 s", "2S", "2sec", "s2", "99999999999999999999s", "9223372036854775807h",
		"0.00000000000000000000s",
	};
	int64_t value_ms = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(atoll_duration_ms(good[i].text, &value_ms), 0);
		assert_int_equal(value_ms, good[i].ms);
	}
	value_ms = 7;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (atoll_duration_ms(bad[i], &value_ms) != -EINVAL)
			fail_msg("'%s' was read", bad[i]);
	assert_int_equal(value_ms, 7);
}

static void a_duration_out_of_its_limits_is_refused(void **state)
{
	struct atoll_config *config = read_text("hold = 2s\nodd = 2\n");
	int64_t value_ms = 7;

	(void)state;
	assert_int_equal(atoll_config_duration(config, "hold", 0, 2000, &value_ms, &err), 1);
	assert_int_equal(value_ms, 2000);
	assert_int_equal(atoll_config_duration(config, "none", 0, 1, &value_ms, &err), 0);
	assert_int_equal(atoll_config_duration(config, "hold", 0, 1999, &value_ms, &err),
			 -EINVAL);
	assert_string_equal(err.text, "x.conf:1: hold: '2s' is not from 0ms to 1999ms");
	assert_int_equal(atoll_config_duration(config, "odd", 0, 1999, &value_ms, &err),
			 -EINVAL);
	assert_string_equal(err.text,
		"x.conf:2: odd: '2' is not a duration like 250ms, 1.5s, 10min or 2h");
	assert_int_equal(value_ms, 2000);
	atoll_config_free(config);
}

static void what_nobody_asked_for_is_told_once(void **state)
{
	struct atoll_config *config = read_text("a = 1\nb = 2\nc = x\nd = 4\n");
	int64_t value;

	(void)state;
	assert_non_null(text_of(config, "a"));
	/* Asked for in vain is asked for too: the message about it has been given. */
	assert_int_equal(atoll_config_integer(config, "c", 0, 9, &value, NULL), -EINVAL);
	assert_string_equal(atoll_config_unread(config)->key, "b");
	assert_string_equal(atoll_config_unread(config)->place, "x.conf:4");
	assert_null(atoll_config_unread(config));
	assert_null(atoll_config_unread(config));
	atoll_config_free(config);
}

static void drop_ins_follow_in_the_order_of_their_names(void **state)
{
	struct atoll_config *config;

	(void)state;
	write_file("x.conf", "a = file\nb = file\nc = file\n[s]\nd = file\n");
	assert_int_equal(mkdir(in_folder("x.conf.d"), 0700), 0);
	write_file("x.conf.d/20-late.conf", "b = late\nc = late\n");
	write_file("x.conf.d/10-early.conf", "c = early\nd = early\n");
	write_file("x.conf.d/30-ignored.conf~", "a = backup\n");
	write_file("x.conf.d/.hidden.conf", "a = hidden\n");
	write_file("x.conf.d/README", "a = readme\n");
	config = load("x.conf");
	assert_string_equal(text_of(config, "a"), "file");
	assert_string_equal(text_of(config, "b"), "late");
	assert_string_equal(text_of(config, "c"), "late");
	assert_string_equal(text_of(config, "d"), "early"); /* no section any more */
	assert_string_equal(text_of(config, "s.d"), "file");
	assert_non_null(strstr(atoll_config_at(config, 1)->place, "/20-late.conf:1"));
	atoll_config_free(config);

	write_file("x.conf.d/20-late.conf", "b = late\nwrong\n");
	assert_string_equal(wrong_file("x.conf"), "/x.conf.d/20-late.conf:2: "
			    "'wrong' is neither key = value nor a [section]");
}

static void a_key_that_is_twice_in_one_file_is_told_apart_from_a_drop_in(void **state)
{
	struct atoll_config *config;

	(void)state;
	write_file("a.conf", "once = 1\ntwice = 1\n\ntwice = 2\n");
	assert_int_equal(mkdir(in_folder("a.conf.d"), 0700), 0);
	write_file("a.conf.d/1.conf", "once = 3\n");
	config = load("a.conf");
	assert_int_equal(atoll_config_at(config, 0)->earlier, 0);
	assert_int_equal(atoll_config_at(config, 1)->earlier, 2);
	atoll_config_free(config);
}

static void a_missing_file_is_empty_and_its_drop_ins_are_read(void **state)
{
	struct atoll_config *config;

	(void)state;
	config = load("x.conf");
	assert_null(atoll_config_at(config, 0));
	assert_null(atoll_config_unread(config));
	atoll_config_free(config);
	assert_int_equal(mkdir(in_folder("x.conf.d"), 0700), 0);
	write_file("x.conf.d/a.conf", "a = 1\n");
	config = load("x.conf");
	assert_string_equal(text_of(config, "a"), "1");
	atoll_config_free(config);
}

static void what_cannot_be_read_is_named(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in_folder("folder.conf"), 0700), 0);
	assert_string_equal(wrong_file("folder.conf"), "/folder.conf: Is a directory");
	assert_int_equal(err.code, -EISDIR);
	write_file("file", "");
	assert_string_equal(wrong_file("file/x.conf"), "/file/x.conf: Not a directory");
	write_file("x.conf", "");
	write_file("x.conf.d", "");
	assert_string_equal(wrong_file("x.conf"), "/x.conf.d: Not a directory");
}

static void an_endless_file_is_refused(void **state)
{
	(void)state;
	assert_null(atoll_config_load("/dev/zero", &err));
	assert_string_equal(err.text, "/dev/zero: larger than 1 MiB");
	assert_int_equal(err.code, -EFBIG);
}

static void the_place_of_a_long_path_keeps_its_end(void **state)
{
	char name[200];
	struct atoll_config *config;
	const char *text = "a = x\n";

	(void)state;
	memset(name, 'd', sizeof(name));
	strcpy(name + 180, "/visiond.conf");
	config = atoll_config_load_bytes(text, strlen(text), name, &err);
	assert_non_null(config);
	assert_string_equal(atoll_config_at(config, 0)->place, "/visiond.conf:1");
	atoll_config_free(config);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_what_stands_between_the_blanks),
		cmocka_unit_test(a_comment_begins_at_the_start_or_after_a_blank),
		cmocka_unit_test(a_key_in_a_section_has_the_section_in_front),
		cmocka_unit_test(the_last_value_of_a_key_counts_and_stands_where_the_first_stood),
		cmocka_unit_test(the_line_that_is_wrong_is_named),
		cmocka_unit_test(control_characters_are_refused),
		cmocka_unit_test(long_lines_are_refused_and_those_of_the_limit_read),
		cmocka_unit_test(long_keys_are_refused_and_those_of_the_limit_read),
		cmocka_unit_test(too_many_settings_and_too_many_bytes_are_refused),
		cmocka_unit_test(numbers_are_read_whole_and_within_their_limits),
		cmocka_unit_test(reals_have_a_decimal_point_in_every_locale),
		cmocka_unit_test(truth_has_four_names_and_so_has_falsehood),
		cmocka_unit_test(durations_are_a_number_with_its_unit),
		cmocka_unit_test(a_duration_out_of_its_limits_is_refused),
		cmocka_unit_test(what_nobody_asked_for_is_told_once),
		IN_FOLDER(drop_ins_follow_in_the_order_of_their_names),
		IN_FOLDER(a_key_that_is_twice_in_one_file_is_told_apart_from_a_drop_in),
		IN_FOLDER(a_missing_file_is_empty_and_its_drop_ins_are_read),
		IN_FOLDER(what_cannot_be_read_is_named),
		cmocka_unit_test(an_endless_file_is_refused),
		cmocka_unit_test(the_place_of_a_long_path_keeps_its_end),
	};

	return CHECK_RUN(tests);
}
