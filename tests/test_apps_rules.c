/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/check.h"
#include "tests/folder.h"
#include "tests/virtual.h"

static struct atoll_error err;
static char told[4096];

static void note_told(void *data, const char *sentence)
{
	size_t used = strlen(told);

	(void)data;
	(void)snprintf(told + used, sizeof(told) - used, "%s%s", used ? "\n" : "", sentence);
}

static struct rules *load(const char *text)
{
	memset(&err, 0, sizeof(err));
	told[0] = '\0';
	return rules_load_bytes(text, strlen(text), "x.conf", virtual_header, note_told, NULL, &err);
}

static struct rules *load_good(const char *text)
{
	struct rules *rules = load(text);

	if (!rules)
		fail_msg("'%s': %s", text, *told ? told : err.text);
	assert_string_equal(told, "");
	return rules;
}

/* What is read, and what is not, and why. */
static const char *const good[] = {
	"",
	"\n\n# a comment\n   # another\n\t\n",
	"at start -> pin 16 high",
	"at stop -> pin 16 high, pin 18 low, pin 13 safe # comment\r\n",
	"at start->pin 16 high,pin 18 low",
	"  on  voice\t\"lights on\"  ->  pin  IO16  high  ",
	"on voice \"a # b, -> c\" -> pin d23 low",
	"on voice \"stop\" score above 0.8 unless 1.5s -> pin 16 toggle",
	"on voice \"stop\" unless 1h score above 1 -> pin 16 toggle or hold",
	"on vision \"cat\" for 2s unless 30s -> pin 18 pulse 500ms or safe",
	"on vision \"cat\" gone -> pin 18 pulse 1ms low",
	"on vision \"cat\" for 5s gone -> pin 18 blink 10ms",
	"on vision \"cat\" score above 0.123456 -> pin 18 blink 1h times 1000",
	"on vision \"gr\xc3\xbcn\" -> pin 18 high",
	"on pin 11 rising -> pin 13 toggle",
	"on pin 11 falling debounce 20ms pull-up unless 1s -> pin 13 toggle",
	"on pin 11 rising pull-down -> pin 13 high\non pin 11 falling debounce 1ms -> pin 13 low",
	"on pin 7 rising debounce 20ms -> pin 13 high\non pin 7 falling debounce 20ms -> pin 13 low",
	"on pin 36 rising -> pin 13 high\non pin 40 rising -> pin 13 high",
	"lost voice -> pin 16 safe\nfound vision -> pin 16 high then after 2s pin 16 low",
	"source door = /run/door.sock\non door \"open\" for 1min -> pin 16 high\nlost door -> pin 16 low",
	"source voice = /tmp/v # here\ncontrol = /tmp/c#d\ngroup = gpio\nsoftware_pwm = yes",
	"takeover = yes\nsafe pin 16 high\nsafe pin 16 high\nsafe pin 33 low",
	"force pin 8\non pin 8 rising -> pin 16 high\nforce pin 38\nsafe pin 38 low",
	"force pin 3\nforce pin 3\nat start -> pin SDA1 high",
	"at start -> pin 33 pwm 50Hz 7.5%, pin pwm.a servo 90",
	"at start -> pin 33 pwm 0.1Hz 0%, pin 32 pwm 1000000Hz 100%",
	"at start -> pin 33 servo 180 then after 1s pin 33 servo 0.125",
	"software_pwm = yes\nat start -> pin 16 pwm 500Hz 12.3456%",
	"at start -> pin 16 blink 500ms, after 10s pin 16 low",
	"at start -> pin 16 blink 500ms times 3 then pin 18 high then after 0 pin 22 high",
};

static const struct {
	const char *text, *told;
} bad[] = {
	{ "hello", "x.conf:1: 'hello' stands where on, at, lost, found, safe, force or a setting belongs" },
	{ "\n\n -> pin 16 high", "x.conf:3: '->' stands where on, at, lost, found, safe, force or a setting belongs" },
	{ "\"on\" pin 11", "x.conf:1: \"on\" stands where on, at, lost, found, safe, force or a setting belongs" },
	{ "at", "x.conf:1: the line ends where start or stop belongs" },
	{ "at noon -> pin 16 high", "x.conf:1: 'noon' stands where start or stop belongs" },
	{ "at start", "x.conf:1: the line ends where -> belongs" },
	{ "at start pin 16 high", "x.conf:1: 'pin' stands where -> belongs" },
	{ "at start ->", "x.conf:1: the line ends where pin belongs" },
	{ "at start -> 16 high", "x.conf:1: '16' stands where pin belongs" },
	{ "at start -> pin", "x.conf:1: the line ends where the number or a name of a pin belongs" },
	{ "at start -> pin \"16\" high", "x.conf:1: \"16\" stands where the number or a name of a pin belongs" },
	{ "at start -> pin 16", "x.conf:1: the line ends where high, low, toggle, safe, pulse, blink, pwm or servo belongs" },
	{ "at start -> pin 16 hihg", "x.conf:1: 'hihg' stands where high, low, toggle, safe, pulse, blink, pwm or servo belongs" },
	{ "at start -> pin 16 HIGH", "x.conf:1: 'HIGH' stands where high, low, toggle, safe, pulse, blink, pwm or servo belongs" },
	{ "at start -> pin 16 high pin 18 low", "x.conf:1: 'pin' stands where a comma or 'then' belongs" },
	{ "at start -> pin 16 high,", "x.conf:1: the line ends where pin belongs" },
	{ "at start -> pin 16 high then", "x.conf:1: the line ends where pin belongs" },
	{ "at start -> pin 16 high or safe", "x.conf:1: 'or' stands where a comma or 'then' belongs" },
	{ "at start -> pin 16 high, pin 16 low", "x.conf:1: pin 16 is to do two things at the same time" },
	{ "at start -> pin 16 high then pin 16 low", "x.conf:1: pin 16 is to do two things at the same time" },
	{ "at stop -> pin 16 pulse 1s", "x.conf:1: 'pulse' stands where high, low or safe, as at the stop no time is left, belongs" },
	{ "at stop -> after 1s pin 16 low", "x.conf:1: 'after' stands where pin belongs" },
	{ "at stop -> pin 16 low then pin 18 low", "x.conf:1: 'then' stands where a comma belongs" },
	{ "on", "x.conf:1: the line ends where pin, voice, vision or another source named above belongs" },
	{ "on door \"open\" -> pin 16 high", "x.conf:1: 'door' stands where pin, voice, vision or another source named above belongs" },
	{ "on voice stop -> pin 16 low", "x.conf:1: 'stop' stands where a label in quotes belongs" },
	{ "on voice \"\" -> pin 16 low", "x.conf:1: \"\" stands where a label in quotes belongs" },
	{ "on voice \"stop -> pin 16 low", "x.conf:1: \"stop -> pin 16 low has no quote at its end" },
	{ "on voice \"stop\" for 2s -> pin 16 low", "x.conf:1: 'for' stands where score, unless or -> belongs" },
	{ "on voice \"stop\" score 0.8 -> pin 16 low", "x.conf:1: '0.8' stands where above belongs" },
	{ "on voice \"stop\" score above 1.1 -> pin 16 low", "x.conf:1: '1.1' stands where a score like 0.8 (0 to 1) belongs" },
	{ "on voice \"stop\" score above .8 -> pin 16 low", "x.conf:1: '.8' stands where a score like 0.8 (0 to 1) belongs" },
	{ "on voice \"stop\" score above 0.1234567 -> pin 16 low", "x.conf:1: '0.1234567' stands where a score like 0.8 (0 to 1) belongs" },
	{ "on vision \"cat\" within 2s -> pin 16 low", "x.conf:1: 'within' stands where gone, for, score, unless or -> belongs" },
	{ "on vision \"cat\" for -> pin 16 low", "x.conf:1: '->' stands where a time like 2s (1ms to 24h) belongs" },
	{ "on vision \"cat\" for 2 -> pin 16 low", "x.conf:1: '2' stands where a time like 2s (1ms to 24h) belongs" },
	{ "on vision \"cat\" for 0 -> pin 16 low", "x.conf:1: '0' stands where a time like 2s (1ms to 24h) belongs" },
	{ "on vision \"cat\" unless 25h -> pin 16 low", "x.conf:1: '25h' stands where a time like 2s (1ms to 24h) belongs" },
	{ "on vision \"cat\" for 1s for 2s -> pin 16 low", "x.conf:1: 'for' is there twice" },
	{ "on vision \"cat\" gone score above 0.5 -> pin 16 low", "x.conf:1: score goes with neither gone nor for" },
	{ "on vision \"cat\" -> pin 16 low or else", "x.conf:1: 'else' stands where safe or hold belongs" },
	{ "on vision \"cat\" -> pin 16 low and pin 18 high", "x.conf:1: 'and' stands where a comma, 'then' or 'or' belongs" },
	{ "on pin 11 -> pin 16 low", "x.conf:1: '->' stands where rising or falling belongs" },
	{ "on pin 11 rising for 2s -> pin 16 low", "x.conf:1: 'for' stands where debounce, pull-up, pull-down, unless or -> belongs" },
	{ "on pin 11 rising debounce 2s -> pin 16 low", "x.conf:1: '2s' stands where a time like 20ms (1ms to 1s) belongs" },
	{ "on pin 11 rising pull-up pull-down -> pin 16 low", "x.conf:1: pin 11 is pulled up at x.conf:1" },
	{ "on pin 11 rising -> pin 16 low or safe", "x.conf:1: 'or' stands where a comma or 'then' belongs" },
	{ "lost -> pin 16 low", "x.conf:1: '->' stands where voice, vision or another source named above belongs" },
	{ "found voice 2s -> pin 16 low", "x.conf:1: '2s' stands where -> belongs" },
	{ "at start -> pin 16 pulse", "x.conf:1: the line ends where a time like 500ms (1ms to 24h) belongs" },
	{ "at start -> pin 16 pulse 0.5ms", "x.conf:1: '0.5ms' stands where a time like 500ms (1ms to 24h) belongs" },
	{ "at start -> pin 16 pulse 1s high", "x.conf:1: 'high' stands where a comma or 'then' belongs" },
	{ "at start -> pin 16 blink 9ms", "x.conf:1: '9ms' stands where a time like 500ms (10ms to 1h) belongs" },
	{ "at start -> pin 16 blink 1s times 0", "x.conf:1: '0' stands where a number from 1 to 1000 belongs" },
	{ "at start -> pin 16 blink 1s times 99999999999999999999", "x.conf:1: '99999999999999999999' stands where a number from 1 to 1000 belongs" },
	{ "at start -> pin 16 blink 1s then pin 18 high", "x.conf:1: nothing comes after a blinking that has no times" },
	{ "at start -> after -1s pin 16 high", "x.conf:1: '-1s' stands where a time like 2s (0 to 24h) belongs" },
	{ "at start -> pin 33 pwm 50 7.5%", "x.conf:1: '50' stands where a frequency like 50Hz (0.1Hz to 1000000Hz) belongs" },
	{ "at start -> pin 33 pwm 0.09Hz 7.5%", "x.conf:1: '0.09Hz' stands where a frequency like 50Hz (0.1Hz to 1000000Hz) belongs" },
	{ "at start -> pin 33 pwm 50Hz 101%", "x.conf:1: '101%' stands where a share like 7.5% (0% to 100%) belongs" },
	{ "at start -> pin 33 servo 181", "x.conf:1: '181' stands where degrees like 90 (0 to 180) belongs" },
	{ "at start -> pin 16 servo 90", "x.conf:1: pin 16 has no PWM; a line 'software_pwm = yes' above does it by program" },
	{ "software_pwm = yes\nat start -> pin 16 pwm 501Hz 5%", "x.conf:2: pin 16 has no PWM, and software does at most 500Hz" },
	{ "at start -> pin 41 high", "x.conf:1: header: pin 41: there are 1 to 40" },
	{ "at start -> pin IO99 high", "x.conf:1: header: 'IO99': no pin is called that; there are 1 to 40, and pin 3 is also called SDA1 and D2" },
	{ "at start -> pin 1 high", "x.conf:1: pin 1 is 3.3V, which is no GPIO" },
	{ "on pin 6 rising -> pin 16 high", "x.conf:1: pin 6 is GND, which is no GPIO" },
	{ "force pin 1", "x.conf:1: pin 1 is 3.3V, which is no GPIO" },
	{ "force 8", "x.conf:1: '8' stands where pin belongs" },
	{ "takeover = maybe", "x.conf:1: takeover: 'maybe' is neither yes nor no" },
	{ "force pin 8 please", "x.conf:1: 'please' stands where the end of the line belongs" },
	{ "at start -> pin 8 high\nforce pin 8", "x.conf:1: pin 8 is the console; a line 'force pin 8' above allows it" },
	{ "at start -> pin 3 high", "x.conf:1: pin 3 is i2c.1.sda; a line 'force pin 3' above allows it" },
	{ "at start -> pin 38 high", "x.conf:1: pin 38 is shared with something else on the board; a line 'force pin 38' above allows it" },
	{ "force pin 36\nat start -> pin 36 high", "x.conf:2: pin 36 can only be an input" },
	{ "on pin 40 rising pull-up -> pin 16 high", "x.conf:1: pin 40 has no pull resistors" },
	{ "on pin 11 rising -> pin 16 high\n\nat start -> pin 11 high", "x.conf:3: pin 11 is an input at x.conf:1" },
	{ "safe pin 16 low\non pin 16 rising -> pin 11 high", "x.conf:2: pin 16 is an output at x.conf:1" },
	{ "on pin 11 rising -> pin 11 high", "x.conf:1: pin 11 is an input at x.conf:1" },
	{ "on pin 11 rising debounce 20ms -> pin 16 high\non pin 11 falling debounce 30ms -> pin 16 low", "x.conf:2: pin 11 is debounced for 20ms at x.conf:1" },
	{ "on pin 11 rising pull-down -> pin 16 high\non pin 11 falling pull-up -> pin 16 low", "x.conf:2: pin 11 is pulled down at x.conf:1" },
	{ "safe pin 16 low\nsafe pin 16 high", "x.conf:2: pin 16 is safe low at x.conf:1" },
	{ "safe pin 16", "x.conf:1: the line ends where high or low belongs" },
	{ "safe 16 low", "x.conf:1: '16' stands where pin belongs" },
	{ "safe pin 16 low now", "x.conf:1: 'now' stands where the end of the line belongs" },
	{ "colour = blue", "x.conf:1: 'colour' is no setting: control, group, source NAME, software_pwm or takeover" },
	{ "control =", "x.conf:1: control: nothing is behind the =" },
	{ "control = # nowhere", "x.conf:1: control: nothing is behind the =" },
	{ "software_pwm = perhaps", "x.conf:1: software_pwm: 'perhaps' is neither yes nor no" },
	{ "group = 0123456789012345678901234567890123456789", "x.conf:1: group: '0123456789012345678901234567890123456789...' is longer than 31 bytes" },
	{ "source = /x", "x.conf:1: '' is no name for a source: up to 31 letters, digits, '_' and '-', not pin" },
	{ "source pin = /x", "x.conf:1: 'pin' is no name for a source: up to 31 letters, digits, '_' and '-', not pin" },
	{ "source front door = /x", "x.conf:1: 'front door' is no name for a source: up to 31 letters, digits, '_' and '-', not pin" },
	{ "source door =", "x.conf:1: source: nothing is behind the =" },
	{ "at start -> pin 16 high\001", "x.conf:1: byte 0x01 is not text" },
	{ "on voice \"0123456789012345678901234567890123456789012345678901234567890123\" -> pin 16 low",
	  "x.conf:1: '0123456789012345678901234567890123456789...' is longer than 63 bytes" },
	{ "bad\nat start -> pin 16 high\nworse", "x.conf:1: 'bad' stands where on, at, lost, found, safe, force or a setting belongs\n"
	  "x.conf:3: 'worse' stands where on, at, lost, found, safe, force or a setting belongs" },
};

static void every_good_file_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		rules_free(load_good(good[i]));
}

static void every_bad_file_is_refused_with_its_lines_and_why(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rules *rules = load(bad[i].text);

		if (rules || err.code != -EINVAL || strcmp(told, bad[i].told) != 0) {
			print_error("'%s'\n  tells '%s'\n  and not '%s'\n", bad[i].text, told,
				    bad[i].told);
			failed++;
		}
		rules_free(rules);
	}
	assert_int_equal(failed, 0);
}

/* What stands between .Bd and .Ed, one after another. */
static void the_examples_of_the_manual_are_good(void **state)
{
	char *page = check_read("apps/man/atoll-headerd.conf.5", NULL);
	unsigned examples = 0;

	(void)state;
	for (char *at = page; (at = strstr(at, "\n.Bd ")); examples++) {
		char *text = strchr(at + 1, '\n') + 1;

		at = strstr(text, ".Ed");
		assert_non_null(at);
		*at++ = '\0';
		rules_free(load_good(text));
	}
	assert_true(examples >= 5);
	free(page);
}

static void mistakes_are_counted_and_need_not_be_told(void **state)
{
	(void)state;
	assert_null(load("a\nb\nc"));
	assert_string_equal(err.text, "x.conf: 3 mistakes");
	assert_null(rules_load_bytes("a", 1, "x.conf", virtual_header, NULL, NULL, &err));
	assert_string_equal(err.text, "x.conf: 1 mistake");
	assert_null(rules_load_bytes("a", 1, "x.conf", virtual_header, NULL, NULL, NULL));
}

static void a_board_without_a_header_has_no_pins(void **state)
{
	static const char text[] = "control = /c\nsafe pin 16 low\n";
	struct rules *rules;

	(void)state;
	told[0] = '\0';
	assert_null(rules_load_bytes(text, strlen(text), "x.conf", NULL, note_told, NULL, &err));
	assert_string_equal(told, "x.conf:2: pin 16: this board has no header");
	rules = rules_load_bytes(text, 13, "x.conf", NULL, note_told, NULL, &err);
	assert_non_null(rules);
	assert_null(rules_pin(rules, 0));
	rules_free(rules);
}

#define REPEATED_MAX (1 << 16)

/* `line` `count` times, with its number in it. */
static char *repeat(const char *line, int count)
{
	static char text[REPEATED_MAX];
	size_t used = 0;

	for (int i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, line, i);
	return text;
}

static void what_is_too_much_is_refused_with_its_limit(void **state)
{
	static char line[sizeof("at start -> pin 18 low") + REPEATED_MAX];

	(void)state;
	rules_free(load_good(repeat("on voice \"w%d\" -> pin 16 high\n", RULES_MAX)));
	assert_null(load(repeat("on voice \"w%d\" -> pin 16 high\n", RULES_MAX + 1)));
	assert_string_equal(told, "x.conf:129: more than 128 rules");

	(void)snprintf(line, sizeof(line), "at start -> pin 18 low%s",
		       repeat(", after %ds pin 16 toggle", RULES_ACTIONS_MAX - 1));
	rules_free(load_good(line));
	(void)snprintf(line, sizeof(line), "at start -> pin 18 low%s",
		       repeat(", after %ds pin 16 toggle", RULES_ACTIONS_MAX));
	assert_null(load(line));
	assert_string_equal(told, "x.conf:1: more than 8 actions in a rule");

	/* Voice and vision are there. */
	rules_free(load_good(repeat("source s%d = /s\n", RULES_SOURCES_MAX - 2)));
	assert_null(load(repeat("source s%d = /s\n", RULES_SOURCES_MAX - 1)));
	assert_string_equal(told, "x.conf:7: more than 8 sources");

	memset(line, ' ', 1023);
	line[1023] = '\0';
	rules_free(load_good(line));
	line[1023] = ' ';
	line[1024] = '\0';
	assert_null(load(line));
	assert_string_equal(told, "x.conf:1: longer than 1023 bytes");
	memset(line, 'x', 109);
	memcpy(line, "control = ", 10);
	line[117] = '\0';
	rules_free(load_good(line));
	line[117] = 'x';
	line[118] = '\0';
	assert_null(load(line));
	assert_string_equal(told, "x.conf:1: control: "
			    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...' is longer than 107 bytes");
}

/* As no board has. */
static void there_are_pins_for_all_boards_and_a_limit_to_them(void **state)
{
	char expected[128];
	struct atoll_board *board;
	struct atoll_header *wide;
	struct rules *rules;
	FILE *file = fopen(in_folder("wide.conf"), "w");

	(void)state;
	assert_non_null(file);
	(void)fputs("[board]\nid = wide\nname = Wide\n[gpiochip.soc]\nlabel = soc\nlines = 100\n"
		    "[header]\nrows = 35\ncolumns = 2\n[pins]\n", file);
	for (int i = 1; i <= 70; i++)
		(void)fprintf(file, "%d = gpio P%d line=soc:%d\n", i, i, i);
	assert_int_equal(fclose(file), 0);
	board = atoll_board_load(in_folder("wide.conf"), &err);
	assert_non_null(board);
	wide = atoll_header_open(board, &err);
	assert_non_null(wide);

	for (int count = RULES_PINS_MAX; count <= RULES_PINS_MAX + 1; count++)
		for (int is_force = 0; is_force < 2; is_force++) {
			const char *text = repeat(is_force ? "force pin P%d\n" : "safe pin P%d low\n",
						  count + 1);

			text = strchr(text, '\n') + 1; /* there is no pin 0 */
			told[0] = '\0';
			rules = rules_load_bytes(text, strlen(text), "x.conf", wide, note_told, NULL,
						 &err);
			(void)snprintf(expected, sizeof(expected), "x.conf:65: more than 64 pins%s",
				       is_force ? " are forced" : "");
			assert_string_equal(told, count == RULES_PINS_MAX ? "" : expected);
			assert_true(!rules == (count > RULES_PINS_MAX));
			rules_free(rules);
		}
	atoll_header_close(wide);
	atoll_board_free(board);
}

static void a_file_without_end_is_refused(void **state)
{
	size_t size = (1 << 20) + 1;
	char *text = malloc(size);

	(void)state;
	assert_non_null(text);
	memset(text, '\n', size);
	rules_free(rules_load_bytes(text, size - 1, "x.conf", virtual_header, NULL, NULL, &err));
	assert_null(rules_load_bytes(text, size, "x.conf", virtual_header, NULL, NULL, &err));
	assert_string_equal(err.text, "x.conf: larger than 1 MiB");
	assert_int_equal(err.code, -EFBIG);
	free(text);
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(in_folder(name), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void drop_ins_follow_by_name_and_a_mistake_in_one_is_a_mistake_in_all(void **state)
{
	struct rules *rules;
	char expected[256];

	(void)state;
	rules = rules_load(in_folder("h.conf"), virtual_header, note_told, NULL, &err);
	assert_non_null(rules);
	assert_null(rules_pin(rules, 0));
	rules_free(rules);

	write_file("h.conf", "control = /main\nforce pin 8\n");
	assert_int_equal(mkdir(in_folder("h.conf.d"), 0700), 0);
	write_file("h.conf.d/20.conf", "control = /second\nsafe pin 8 low\n");
	write_file("h.conf.d/10.conf", "control = /first\ngroup = users\n");
	write_file("h.conf.d/30.conf.old", "wrong\n");
	rules = rules_load(in_folder("h.conf"), virtual_header, note_told, NULL, &err);
	assert_non_null(rules);
	assert_string_equal(rules_settings(rules)->control, "/second");
	assert_string_equal(rules_settings(rules)->group, "users");
	assert_int_equal(rules_pin(rules, 0)->pin->number, 8);
	rules_free(rules);

	told[0] = '\0';
	write_file("h.conf.d/30.conf", "group = gpio\nsafe pin 8 high\n");
	assert_null(rules_load(in_folder("h.conf"), virtual_header, note_told, NULL, &err));
	(void)snprintf(expected, sizeof(expected),
		       "%s/h.conf.d/30.conf:2: pin 8 is safe low at %s/h.conf.d/20.conf:2", folder,
		       folder);
	assert_string_equal(told, expected);
	(void)snprintf(expected, sizeof(expected), "%s/h.conf: 1 mistake", folder);
	assert_string_equal(err.text, expected);
}

static void what_cannot_be_read_is_told_in_the_error(void **state)
{
	char expected[256];

	(void)state;
	assert_int_equal(mkdir(in_folder("h.conf"), 0700), 0);
	told[0] = '\0';
	assert_null(rules_load(in_folder("h.conf"), virtual_header, note_told, NULL, &err));
	(void)snprintf(expected, sizeof(expected), "%s/h.conf: Is a directory", folder);
	assert_string_equal(err.text, expected);
	assert_int_equal(err.code, -EISDIR);
	assert_string_equal(told, "");

	write_file("g.conf", "");
	write_file("g.conf.d", "");
	assert_null(rules_load(in_folder("g.conf"), virtual_header, note_told, NULL, &err));
	(void)snprintf(expected, sizeof(expected), "%s/g.conf.d: Not a directory", folder);
	assert_string_equal(err.text, expected);
}

static void pins_are_told_as_they_have_to_be_opened(void **state)
{
	struct rules *rules = load_good("safe pin 16 high\n"
					"on pin 11 falling debounce 20ms pull-up -> pin 16 high\n"
					"on pin 11 rising -> pin 33 servo 0\n"
					"on pin 7 rising pull-down -> pin 16 low\n");
	const struct rules_pin *pin = rules_pin(rules, 0);

	(void)state;
	assert_int_equal(pin->pin->number, 16);
	assert_true(pin->is_output && pin->is_high && !pin->is_pwm);
	pin = rules_pin(rules, 1);
	assert_int_equal(pin->pin->number, 11);
	assert_true(!pin->is_output && pin->rising && pin->falling && pin->is_pull_up);
	assert_false(pin->is_pull_down);
	assert_int_equal(pin->debounce_ms, 20);
	pin = rules_pin(rules, 2);
	assert_int_equal(pin->pin->number, 33);
	assert_true(pin->is_output && pin->is_pwm && !pin->is_high);
	pin = rules_pin(rules, 3);
	assert_int_equal(pin->pin->number, 7);
	assert_true(pin->rising && !pin->falling && pin->is_pull_down && !pin->is_pull_up);
	assert_int_equal(pin->debounce_ms, 0);
	assert_null(rules_pin(rules, 4));
	rules_free(rules);
}

static void only_sources_that_rules_use_are_waited_for(void **state)
{
	struct rules *rules = load_good("source door = /door\nsource bell = /bell\n"
					"source vision = /elsewhere\n"
					"on bell \"ring\" -> pin 16 high\n"
					"lost vision -> pin 16 low\n");
	struct rules_source source;

	(void)state;
	assert_true(rules_source(rules, 0, &source));
	assert_string_equal(source.name, "vision");
	assert_string_equal(source.path, "/elsewhere");
	assert_true(rules_source(rules, 1, &source));
	assert_string_equal(source.name, "bell");
	assert_string_equal(source.path, "/bell");
	assert_false(rules_source(rules, 2, &source));
	assert_null(rules_settings(rules)->control);
	assert_null(rules_settings(rules)->group);
	rules_free(rules);

	rules = load_good("on voice \"go\" -> pin 16 high\nfound vision -> pin 16 low\n");
	assert_true(rules_source(rules, 0, &source));
	assert_string_equal(source.path, "/run/atoll/listend.sock");
	assert_true(rules_source(rules, 1, &source));
	assert_string_equal(source.path, "/run/atoll/visiond.sock");
	rules_free(rules);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_good_file_is_read),
		cmocka_unit_test(every_bad_file_is_refused_with_its_lines_and_why),
		cmocka_unit_test(the_examples_of_the_manual_are_good),
		cmocka_unit_test(mistakes_are_counted_and_need_not_be_told),
		cmocka_unit_test(a_board_without_a_header_has_no_pins),
		cmocka_unit_test(what_is_too_much_is_refused_with_its_limit),
		IN_FOLDER(there_are_pins_for_all_boards_and_a_limit_to_them),
		cmocka_unit_test(a_file_without_end_is_refused),
		IN_FOLDER(drop_ins_follow_by_name_and_a_mistake_in_one_is_a_mistake_in_all),
		IN_FOLDER(what_cannot_be_read_is_told_in_the_error),
		cmocka_unit_test(pins_are_told_as_they_have_to_be_opened),
		cmocka_unit_test(only_sources_that_rules_use_are_waited_for),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, virtual_open, virtual_close) != 0;
}
