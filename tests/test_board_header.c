/* SPDX-License-Identifier: Apache-2.0 */
#include "board/header.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/check.h"
#include "tests/folder.h"

/* What atoll_header_check said. */
struct told {
	int count;
	char sentence[4][192];
};

static void tell(void *data, const char *sentence)
{
	struct told *told = data;

	if (told->count < 4)
		(void)snprintf(told->sentence[told->count], sizeof(told->sentence[0]), "%s",
			       sentence);
	told->count++;
}

static struct atoll_board *load(const char *path)
{
	struct atoll_error err;
	struct atoll_board *board = atoll_board_load(path, &err);

	if (!board)
		fail_msg("%s", err.text);
	return board;
}

static struct atoll_header *open_header(const struct atoll_board *board)
{
	struct atoll_error err;
	struct atoll_header *header = atoll_header_open(board, &err);

	if (!header)
		fail_msg("%s", err.text);
	return header;
}

static void write_bytes(const char *name, const char *bytes, size_t size)
{
	FILE *file = fopen(in_folder(name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

/* A description that begins with the three lines every one has. */
static struct atoll_board *board_of(const char *text)
{
	static const char start[] = "[board]\nid = x\nname = X\n";
	size_t size = sizeof(start) + strlen(text);
	char *all = malloc(size);

	assert_non_null(all);
	(void)snprintf(all, size, "%s%s", start, text);
	write_bytes("x.conf", all, size - 1);
	free(all);
	return load(in_folder("x.conf"));
}

/* Lines 4 to 10; pins begin in line 11. */
#define HEAD \
	"[gpiochip.soc]\nlabel = chip\nlines = 32\n" \
	"[header]\nrows = 2\ncolumns = 1\n[pins]\n"
#define PINS "1 = power 3.3V\n2 = gpio A D1 line=soc:1\n" /* 11 and 12 */

static void a_pin_is_what_its_line_says(void **state)
{
	static const char text[] =
		"[pins]\n"
		"1  =  power\t3.3V \n"
		"2 = gpio EINT0 D23 IO line=soc:31 functions=pwm.b,i2s2.bck "
		"cautions=jtag,no-bias # as it is\n"
		"3 = fixed RESET\n"
		"4 = gpio SDA line=soc:0 role=i2c.1.sda\n"
		"[notes]\n2 = Mind the step.\n"
		"[gpiochip.soc]\nparent = 1.gpio\nlabel = chip\nlines = 32\n"
		"[i2c.1]\ndevice = 1.i2c\nfallback = /dev/i2c-3\npins = 4\n"
		"bit-banged = yes\nnote = Slow.\ncolour = green\n"
		"[header]\nrows = 2\ncolumns = 2\n";
	struct atoll_board *board = board_of(text);
	struct atoll_header *header = open_header(board);
	const struct atoll_pin *pin = atoll_header_pin(header, 2);
	const struct atoll_bus *bus = atoll_header_bus(header, 0);

	(void)state;
	assert_int_equal(atoll_header_rows(header), 2);
	assert_int_equal(atoll_header_columns(header), 2);
	assert_null(atoll_header_pin(header, 0));
	assert_null(atoll_header_pin(header, 5));
	assert_int_equal(atoll_header_pin(header, 1)->kind, ATOLL_PIN_POWER);
	assert_string_equal(atoll_header_pin(header, 1)->name, "3.3V");
	assert_null(atoll_header_pin(header, 1)->role);
	assert_null(atoll_header_pin(header, 1)->chip);
	assert_int_equal(atoll_header_pin(header, 3)->kind, ATOLL_PIN_FIXED);
	assert_int_equal(pin->number, 2);
	assert_int_equal(pin->kind, ATOLL_PIN_GPIO);
	assert_string_equal(pin->name, "EINT0");
	assert_string_equal(pin->aliases[0], "D23");
	assert_string_equal(pin->aliases[1], "IO");
	assert_null(pin->aliases[2]);
	assert_string_equal(pin->chip->alias, "soc");
	assert_string_equal(pin->chip->parent, "1.gpio");
	assert_string_equal(pin->chip->label, "chip");
	assert_int_equal(pin->chip->lines, 32);
	assert_int_equal(pin->line, 31);
	assert_string_equal(pin->role, "gpio");
	assert_string_equal(pin->functions[0], "pwm.b");
	assert_string_equal(pin->functions[1], "i2s2.bck");
	assert_null(pin->functions[2]);
	assert_int_equal(pin->cautions, ATOLL_CAUTION_JTAG | ATOLL_CAUTION_NO_BIAS);
	assert_string_equal(pin->note, "Mind the step.");
	assert_int_equal(bus->kind, ATOLL_BUS_I2C);
	assert_string_equal(bus->name, "i2c.1");
	assert_string_equal(bus->device, "1.i2c");
	assert_string_equal(bus->node, "/dev/i2c-3");
	assert_string_equal(bus->note, "Slow.");
	assert_true(bus->is_bit_banged && !bus->is_console);
	assert_int_equal(bus->pins[0], 4);
	assert_int_equal(bus->pins[1], 0);
	assert_null(atoll_header_bus(header, 1));
	assert_null(atoll_header_pwm(header, 0));
	atoll_header_close(header);
	atoll_header_close(NULL);
	atoll_board_free(board);
}

static void a_pin_is_found_by_every_name_it_has(void **state)
{
	static const char *const names[] = { "16", "eint0", "EINT0", "D23", "d23", "GPIO0" };
	struct atoll_board *board = load("board/boards/coral-dev-board-mini.conf");
	struct atoll_header *header = open_header(board);

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_ptr_equal(atoll_header_find(header, names[i], NULL),
				 atoll_header_pin(header, 16));
	for (uint32_t number = 1; number <= 40; number++) {
		const struct atoll_pin *pin = atoll_header_pin(header, number);

		if (pin->kind != ATOLL_PIN_GPIO)
			continue;
		assert_ptr_equal(atoll_header_find(header, pin->name, NULL), pin);
		for (uint32_t i = 0; pin->aliases[i]; i++)
			assert_ptr_equal(atoll_header_find(header, pin->aliases[i], NULL), pin);
		if (strcmp(pin->role, "gpio") != 0)
			assert_ptr_equal(atoll_header_find(header, pin->role, NULL), pin);
	}
	atoll_header_close(header);
	atoll_board_free(board);
}

static void what_is_no_pin_is_told_with_what_there_is(void **state)
{
	static const struct {
		const char *name;
		int code;
		const char *sentence;
	} strangers[] = {
		{ "0", -ENOENT, "header: pin 0: there are 1 to 40" },
		{ "41", -ENOENT, "header: pin 41: there are 1 to 40" },
		{ "4294967312", -ENOENT, "header: pin 4294967312: there are 1 to 40" },
		{ "99999999999999999999", -ENOENT,
		  "header: pin 99999999999999999999: there are 1 to 40" },
		{ "relay", -ENOENT, "header: 'relay': no pin is called that; there are 1 to 40, "
		  "and pin 3 is also called SDA1 and D2" },
		{ "", -ENOENT, "header: '': no pin is called that; there are 1 to 40, and pin 3 "
		  "is also called SDA1 and D2" },
		{ "-1", -ENOENT, "header: '-1': no pin is called that; there are 1 to 40, and "
		  "pin 3 is also called SDA1 and D2" },
		{ "gnd", -EINVAL, "header: 'gnd': pins 6, 9 and maybe more are called that; say "
		  "a number" },
		{ "gpio", -EINVAL, "header: 'gpio': pins 7, 11 and maybe more are called that; "
		  "say a number" },
	};
	struct atoll_board *board = load("board/boards/virtual.conf");
	struct atoll_header *header = open_header(board);
	struct atoll_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		assert_null(atoll_header_find(header, strangers[i].name, &err));
		assert_int_equal(err.code, strangers[i].code);
		assert_string_equal(err.text, strangers[i].sentence);
		assert_null(atoll_header_find(header, strangers[i].name, NULL));
	}
	atoll_header_close(header);
	atoll_board_free(board);
}

static void a_board_without_a_header_says_so(void **state)
{
	const char *const folders[] = { "/nowhere", NULL };
	const struct atoll_board_places places = { folders, "/nowhere" };
	struct atoll_board *board;
	struct atoll_error err;

	(void)state;
	unsetenv("ATOLL_BOARD");
	board = atoll_board_detect(&places, &err);
	assert_non_null(board);
	assert_null(atoll_header_open(board, &err));
	assert_int_equal(err.code, -ENOENT);
	assert_string_equal(err.text,
			    "board: generic: it has no pin header, or none is described");
	assert_null(atoll_header_open(board, NULL));
	assert_int_equal(atoll_header_check(board, NULL, NULL), 0);
	atoll_board_free(board);
}

static void a_drop_in_of_the_administrator_replaces_a_pin(void **state)
{
	static const char mine[] = "[pins]\n2 = gpio LAMP line=soc:7\n";
	struct atoll_board *board;
	struct atoll_header *header;

	(void)state;
	atoll_board_free(board_of(HEAD PINS));
	assert_int_equal(mkdir(in_folder("x.conf.d"), 0700), 0);
	write_bytes("x.conf.d/mine.conf", mine, strlen(mine));
	board = load(in_folder("x.conf"));
	header = open_header(board);
	assert_int_equal(atoll_header_find(header, "lamp", NULL)->line, 7);
	assert_int_equal(atoll_header_check(board, NULL, NULL), 0);
	atoll_header_close(header);
	atoll_board_free(board);
}

/* Each has one fault: where it is, and what is said of it. */
static const struct {
	const char *text, *said;
} bad[] = {
	/* the size */
	{ "[pins]\n1 = power 5V\n", ":5: pins need a [header] with rows and columns" },
	{ "[header]\nrows = 1\n", ":5: pins need a [header] with rows and columns" },
	{ "[header]\ncolumns = 1\nrows = 0\n", ":6: header.rows: '0' is not a number from 1 to 100" },
	{ "[header]\ncolumns = 1\nrows = 101\n",
	  ":6: header.rows: '101' is not a number from 1 to 100" },
	{ "[header]\ncolumns = 1\nrows = 4294967297\n",
	  ":6: header.rows: '4294967297' is not a number from 1 to 100" },
	{ "[header]\nrows = 1\ncolumns = 3\n",
	  ":6: header.columns: '3' is not a number from 1 to 2" },
	{ "[header]\nrows = 1\ncolumns = two\n",
	  ":6: header.columns: 'two' is not a number from 1 to 2" },
	/* which pins there are */
	{ HEAD "1 = power 5V\n", ":9: pin 2 is missing: the header has 2" },
	{ HEAD PINS "3 = ground GND\n", ":13: '3' is not a pin from 1 to 2" },
	{ HEAD PINS "0 = ground GND\n", ":13: '0' is not a pin from 1 to 2" },
	{ HEAD PINS "02 = ground GND\n", ":13: '02' is not a pin from 1 to 2" },
	{ HEAD PINS "4294967298 = ground GND\n", ":13: '4294967298' is not a pin from 1 to 2" },
	{ HEAD PINS "two = ground GND\n", ":13: 'two' is not a pin from 1 to 2" },
	{ HEAD PINS "[notes]\n7 = lucky\n", ":14: '7' is not a pin from 1 to 2" },
	/* a pin's line */
	{ HEAD "1 = power 5V\n2 =\n", ":12: pin 2: '' is none of gpio, power, ground, fixed" },
	{ HEAD "1 = power 5V\n2 = gpoi A line=soc:1\n",
	  ":12: pin 2: 'gpoi' is none of gpio, power, ground, fixed" },
	{ HEAD "1 = power\n2 = ground GND\n",
	  ":11: pin 1: it has no name, as in: gpio D23 line=soc:0" },
	{ HEAD "1 = power 5V\n2 = gpio A\n", ":12: pin 2: it is a gpio without line=" },
	{ HEAD "1 = power 5V line=soc:1\n2 = ground GND\n",
	  ":11: pin 1: it has line= and is no gpio" },
	{ HEAD "1 = power 5V\n2 = gpio A line=soc\n", ":12: pin 2: line=soc is not CHIP:LINE" },
	{ HEAD "1 = power 5V\n2 = gpio A line=sco:1\n",
	  ":12: pin 2: line=sco:1: there is no such [gpiochip.]" },
	{ HEAD "1 = power 5V\n2 = gpio A line=soc:32\n",
	  ":12: pin 2: line=soc:32: soc has the lines 0 to 31" },
	{ HEAD "1 = power 5V\n2 = gpio A line=soc:-1\n",
	  ":12: pin 2: line=soc:-1: soc has the lines 0 to 31" },
	{ HEAD "1 = power 5V\n2 = gpio A line=soc:99999999999999999999\n",
	  ":12: pin 2: line=soc:99999999999999999999: soc has the lines 0 to 31" },
	{ HEAD "1 = power 5V\n2 = gpio A line=soc:\n",
	  ":12: pin 2: line=soc:: soc has the lines 0 to 31" },
	{ HEAD "1 = power 5V\n2 = gpio A line=soc:1 caution=console\n",
	  ":12: pin 2: 'caution=' is none of line=, role=, functions=, cautions=" },
	{ HEAD "1 = power 5V\n2 = gpio A line=soc:1 cautions=consol\n",
	  ":12: pin 2: 'consol' is none of console, boot-strap, jtag, shared, no-bias, "
	  "input-only" },
	{ HEAD "1 = power 5V\n2 = gpio A line=soc:1 functions=a,,b\n",
	  ":12: pin 2: functions=: a comma too many" },
	{ HEAD "1 = power 5V\n2 = gpio A line=soc:1 functions=1,2,3,4,5,6,7,8,9,10,11,12,13,14,"
	  "15,16,17\n", ":12: pin 2: more than 16 functions" },
	{ HEAD "1 = power 5V\n2 = gpio A B C D E F G H I J line=soc:1\n",
	  ":12: pin 2: more than 9 names" },
	/* pins together */
	{ HEAD "1 = gpio A line=soc:1\n2 = gpio B line=soc:1\n",
	  ":12: pin 2: line=soc:1 is that of pin 1" },
	{ HEAD "1 = gpio A D1 line=soc:1\n2 = gpio d1 line=soc:2\n",
	  ":12: pin 2: d1 is a name of pin 1, too" },
	{ HEAD "1 = gpio A line=soc:1 role=x\n2 = fixed B role=x\n",
	  ":12: pin 2: x is a name of pin 1, too" },
	{ HEAD "1 = power 5V\n2 = gpio A 16 line=soc:1\n",
	  ":12: pin 2: 16 is a number and no name" },
	/* chips */
	{ HEAD PINS "[gpiochip.b]\nlines = 0\nlabel = b\n",
	  ":14: gpiochip.b.lines: '0' is not a number from 1 to 65535" },
	{ HEAD PINS "[gpiochip.b]\nlines = 5\n", ":14: [gpiochip.b] has neither parent nor label" },
	{ HEAD PINS "[gpiochip.b]\nlabel =\n", ":14: [gpiochip.b] has neither parent nor label" },
	{ HEAD PINS "[gpiochip.b]\nlabel = chip\n",
	  ":14: [gpiochip.b] is the same chip as [gpiochip.soc]" },
	{ HEAD PINS "[gpiochip.a-very-long-name-of-a-chip]\nlabel = b\n",
	  ":14: [gpiochip.a-very-long-name-of-a-...]: longer than 31 letters" },
	/* buses */
	{ HEAD "1 = power 5V\n2 = gpio A line=soc:1 role=i2c.1.sda\n",
	  ":12: pin 2: role=i2c.1.sda: there is no such section" },
	{ HEAD "1 = gpio B line=soc:2 functions=i2c.1.sda\n"
	  "2 = gpio A line=soc:1 role=i2c.1.scl\n[i2c.1]\npins = 1\n",
	  ":12: pin 2: role=i2c.1.scl, but pins of [i2c.1] lacks it" },
	{ HEAD PINS "[spi.0]\npins = 2\n",
	  ":14: [spi.0] lists pin 2, which has no role or function spi.0.*" },
	{ HEAD PINS "[spi.0]\nfallback = /dev/spidev0.0\n", ":14: [spi.0] has no pins" },
	{ HEAD "1 = power 5V\n2 = gpio A line=soc:1 role=spi.0.cs\n[spi.0]\npins = 2 2\n",
	  ":14: [spi.0] lists pin 2 twice" },
	{ HEAD "1 = power 5V\n2 = gpio A line=soc:1 role=spi.0.cs\n[spi.0]\npins = 2 9\n",
	  ":14: spi.0.pins: '9' is not a pin from 1 to 2" },
	{ HEAD "1 = power 5V\n2 = gpio A line=soc:1 role=spi.0.cs\n[spi.0]\npins = 2 2,\n",
	  ":14: spi.0.pins: '2,' is not a pin from 1 to 2" },
	{ HEAD "1 = power 5V\n2 = gpio A line=soc:1 role=uart.0.tx\n[uart.0]\npins = 2\n"
	  "console = yes\n",
	  ":14: [uart.0] is a console, but pin 2 lacks cautions=console" },
	{ HEAD "1 = power 5V\n2 = gpio A line=soc:1 role=uart.0.tx\n[uart.0]\npins = 2\n"
	  "bit-banged = maybe\n", ":15: uart.0.bit-banged: 'maybe' is neither yes nor no" },
	/* PWM */
	{ HEAD "1 = power 5V\n2 = gpio A line=soc:1 role=pwm.a\n",
	  ":12: pin 2: role=pwm.a: there is no such section" },
	{ HEAD "1 = gpio B line=soc:2 functions=pwm.a\n2 = gpio A line=soc:1 role=pwm.a\n"
	  "[pwm.a]\ndevice = d\nchannel = 0\npin = 1\n",
	  ":12: pin 2: role=pwm.a, but [pwm.a] has pin = 1" },
	{ HEAD "1 = power 5V\n2 = gpio A line=soc:1 role=pwm.a\n[pwm.a]\ndevice = d\npin = 2\n",
	  ":14: [pwm.a] needs device, channel and pin" },
	{ HEAD "1 = power 5V\n2 = gpio A line=soc:1 role=pwm.a\n[pwm.a]\ndevice = d\npin = 2\n"
	  "channel = 65536\n", ":16: pwm.a.channel: '65536' is not a number from 0 to 65535" },
	{ HEAD PINS "[pwm.a]\ndevice = d\nchannel = 0\npin = 2\n",
	  ":14: [pwm.a] is on pin 2, which has no role or function pwm.a" },
	{ HEAD "1 = gpio B line=soc:2 role=pwm.b\n2 = gpio A line=soc:1 role=pwm.a\n"
	  "[pwm.a]\ndevice = d\nchannel = 0\npin = 2\n[pwm.b]\ndevice = d\nchannel = 0\npin = 1\n",
	  ":18: [pwm.b] is the same channel as [pwm.a]" },
};

static void every_fault_is_told_with_its_line_and_the_header_refused(void **state)
{
	int differ = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct atoll_board *board = board_of(bad[i].text);
		struct told told = { 0 };
		struct atoll_error err = { 0 };
		char expected[256];

		(void)snprintf(expected, sizeof(expected), "%s%s", in_folder("x.conf"),
			       bad[i].said);
		(void)atoll_header_check(board, tell, &told);
		if (told.count != 1 || strcmp(told.sentence[0], expected) != 0) {
			print_error("%d said, '%s'\n  instead of '%s'\n", told.count,
				    told.sentence[0], expected);
			differ++;
		}
		assert_null(atoll_header_open(board, &err));
		assert_int_equal(err.code, -EINVAL);
		assert_string_equal(err.text, told.sentence[0]);
		atoll_board_free(board);
	}
	assert_int_equal(differ, 0);
}

/* These are no reason not to use the header. */
static const struct {
	const char *text, *said;
} doubtful[] = {
	{ HEAD "1 = power 5V\n1 = power 3.3V\n2 = ground GND\n", ":12: pins.1 is in line 11 already" },
	{ "[camera.0]\nmatch = /dev/video0\n",
	  ":5: camera.0.match: '/dev/video0' has a number that changes from boot to boot" },
	{ "[gpiochip.soc]\nlabel = gpiochip0\n",
	  ":5: gpiochip.soc.label: 'gpiochip0' has a number that changes from boot to boot" },
	{ "[x]\ndevice = /sys/class/pwm/pwmchip2\n", ":5: x.device: '/sys/class/pwm/pwmchip2' has "
	  "a number that changes from boot to boot" },
};

static void doubts_about_a_description_are_told_without_refusing_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(doubtful) / sizeof(doubtful[0]); i++) {
		struct atoll_board *board = board_of(doubtful[i].text);
		struct told told = { 0 };
		struct atoll_error err = { 0 };
		char expected[256];

		(void)snprintf(expected, sizeof(expected), "%s%s", in_folder("x.conf"),
			       doubtful[i].said);
		assert_int_equal(atoll_header_check(board, tell, &told), 1);
		assert_string_equal(told.sentence[0], expected);
		atoll_header_close(atoll_header_open(board, &err));
		assert_int_not_equal(err.code, -EINVAL);
		atoll_board_free(board);
	}
}

static void several_faults_are_all_told(void **state)
{
	struct atoll_board *board = board_of(HEAD "1 = what\n2 = gpio A\n[spi.0]\nnote = x\n");
	struct told told = { 0 };

	(void)state;
	assert_int_equal(atoll_header_check(board, tell, &told), 3);
	assert_non_null(strstr(told.sentence[0], ":11: pin 1: 'what'"));
	assert_non_null(strstr(told.sentence[1], ":12: pin 2: it is a gpio without"));
	assert_non_null(strstr(told.sentence[2], ":14: [spi.0] has no pins"));
	atoll_board_free(board);
	board = board_of("[header]\nrows = 1\nrows = 2\n");
	told.count = 0;
	assert_int_equal(atoll_header_check(board, tell, &told), 2);
	assert_non_null(strstr(told.sentence[0], ":6: header.rows is in line 5 already"));
	assert_non_null(strstr(told.sentence[1], ":6: pins need a [header]"));
	atoll_board_free(board);
}

static void a_sentence_that_is_too_long_shows_that_it_was_cut(void **state)
{
	char text[512] = HEAD "1 = power 5V\n2 = gpio A line=soc:1 ";
	struct told told = { 0 };
	struct atoll_board *board;

	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(text, "y");
	strcat(text, "=x\n");
	board = board_of(text);
	assert_int_equal(atoll_header_check(board, tell, &told), 1);
	assert_true(strlen(told.sentence[0]) < 192);
	assert_non_null(strstr(told.sentence[0], "pin 2: 'yyyyyyyyyy"));
	atoll_board_free(board);
}

/* Whatever was done to a description, it is refused with a reason or opened whole. */
static void survive(const struct atoll_board *board)
{
	struct atoll_error err = { 0 };
	struct atoll_header *header = atoll_header_open(board, &err);
	uint32_t pins;

	(void)atoll_header_check(board, NULL, NULL);
	if (!header) {
		assert_true(err.code < 0 && *err.text);
		return;
	}
	pins = atoll_header_rows(header) * atoll_header_columns(header);
	for (uint32_t number = 1; number <= pins; number++) {
		const struct atoll_pin *pin = atoll_header_pin(header, number);

		assert_true(*pin->name);
		assert_true((pin->kind == ATOLL_PIN_GPIO) == (pin->chip != NULL));
	}
	atoll_header_close(header);
}

static void mutilated_descriptions_are_survived(void **state)
{
	struct check_random random = { 6 };
	size_t size;
	char *text = check_read("board/boards/virtual.conf", &size);

	(void)state;
	for (int round = 0; round < 300; round++) {
		char *copy = malloc(size);
		struct atoll_board *board;

		assert_non_null(copy);
		memcpy(copy, text, size);
		for (int i = 0; i < 4; i++)
			copy[check_random(&random) % size] =
				" \n=.:,[]#0123456789aip"[check_random(&random) % 22];
		write_bytes("virtual.conf", copy, size);
		free(copy);
		board = atoll_board_load(in_folder("virtual.conf"), NULL);
		if (board)
			survive(board);
		atoll_board_free(board);
	}
	free(text);
}

/* `before` and then `much`, repeated to some 4000 bytes of one line. */
static void survive_long(const char *before, const char *much)
{
	static char text[8192];
	struct atoll_board *board;

	(void)snprintf(text, sizeof(text), "%s", before);
	for (size_t i = 0; i < 4000 / strlen(much); i++)
		strcat(text, much);
	strcat(text, "\n");
	board = board_of(text);
	survive(board);
	atoll_board_free(board);
}

static void lines_of_four_kilobytes_are_survived(void **state)
{
	(void)state;
	survive_long(HEAD "2 = ground GND\n1 = gpio ", "A ");
	survive_long(HEAD "2 = ground GND\n1 = gpio ", "A");
	survive_long(HEAD "2 = ground GND\n1 = gpio A line=", "soc:");
	survive_long(HEAD "2 = ground GND\n1 = gpio A line=soc:", "9");
	survive_long(HEAD "2 = ground GND\n1 = gpio A line=soc:1 ", "line=soc:1 ");
	survive_long(HEAD "2 = ground GND\n1 = gpio A line=soc:1 functions=", ",");
	survive_long(HEAD "2 = ground GND\n1 = gpio A line=soc:1 cautions=", "jtag,");
	survive_long(HEAD "2 = ground GND\n1 = ", "=");
	survive_long(HEAD PINS "[i2c.1]\npins = ", "1 ");
	survive_long(HEAD PINS "[i2c.1]\npins = ", "1");
	survive_long(HEAD PINS "[notes]\n1 = ", "x");
	survive_long("[header]\nrows = ", "9");
}

static void more_sections_than_there_is_room_for_are_told(void **state)
{
	static char text[32768];
	struct atoll_board *board;
	struct told told = { 0 };

	(void)state;
	strcpy(text, HEAD PINS);
	for (int i = 0; i < 33; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
			       "[pwm.%d]\ndevice = d\nchannel = %d\npin = 2\n[i2c.%d]\npins = 2\n"
			       "[gpiochip.%d]\nlabel = l%d\n", i, i, i, i, i);
	board = board_of(text);
	(void)atoll_header_check(board, tell, &told);
	assert_true(told.count > 4);
	assert_non_null(strstr(told.sentence[0], "[gpiochip.15]: more than 16 of its kind"));
	survive(board);
	atoll_board_free(board);
}

static void every_shipped_board_is_without_a_complaint(void **state)
{
	glob_t found;
	size_t headers = 0;

	(void)state;
	assert_int_equal(glob("board/boards/*.conf", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct atoll_board *board = load(found.gl_pathv[i]);
		struct atoll_header *header = open_header(board);
		struct told told = { 0 };

		if (atoll_header_check(board, tell, &told) != 0)
			fail_msg("%s", told.sentence[0]);
		assert_int_equal(told.count, 0);
		assert_int_equal(atoll_header_rows(header), 20);
		assert_int_equal(atoll_header_columns(header), 2);
		atoll_header_close(header);
		atoll_board_free(board);
		headers++;
	}
	assert_int_equal(headers, 5);
	globfree(&found);
}

/* Between the first .Bd and .Ed of the manual. */
static void the_example_of_the_manual_is_without_a_complaint(void **state)
{
	size_t size;
	char *page = check_read("apps/man/atoll-board.5", &size);
	char *example = strstr(page, "\n[board]\n"), *end = strstr(page, "\n.Ed\n");
	struct told told = { 0 };
	struct atoll_board *board;

	(void)state;
	assert_true(example && end && example < end);
	write_bytes("my-board.conf", example, (size_t)(end - example) + 1);
	free(page);
	board = load(in_folder("my-board.conf"));
	if (atoll_header_check(board, tell, &told) != 0)
		fail_msg("%s", told.sentence[0]);
	atoll_header_close(open_header(board));
	atoll_board_free(board);
}

/* What the pins of a Dev Board Mini are after boot, in numbers. */
static void the_mini_has_the_pins_it_has(void **state)
{
	static const struct {
		const char *role;
		uint32_t pins;
	} roles[] = { { "gpio", 13 }, { "pwm.", 3 }, { "i2c.", 4 }, { "spi.", 4 }, { "uart.", 4 } };
	struct atoll_board *board = load("board/boards/coral-dev-board-mini.conf");
	struct atoll_header *header = open_header(board);
	uint32_t count[5] = { 0 }, power = 0, ground = 0;

	(void)state;
	for (uint32_t number = 1; number <= 40; number++) {
		const struct atoll_pin *pin = atoll_header_pin(header, number);

		power += pin->kind == ATOLL_PIN_POWER;
		ground += pin->kind == ATOLL_PIN_GROUND;
		for (size_t i = 0; pin->role && i < 5; i++)
			count[i] += strncmp(pin->role, roles[i].role, strlen(roles[i].role)) == 0;
	}
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(count[i], roles[i].pins);
	assert_int_equal(power, 4);
	assert_int_equal(ground, 8);
	for (uint32_t number = 8; number <= 10; number += 2)
		assert_int_equal(atoll_header_pin(header, number)->cautions,
				 ATOLL_CAUTION_CONSOLE);
	for (uint32_t i = 0; i < 3; i++) {
		static const uint32_t pins[] = { 32, 33, 15 }, lines[] = { 12, 25, 11 };
		const struct atoll_pwm_place *pwm = atoll_header_pwm(header, i);

		assert_int_equal(pwm->channel, i);
		assert_int_equal(pwm->pin, pins[i]);
		assert_string_equal(pwm->device, "11008000.pwm");
		assert_int_equal(atoll_header_pin(header, pins[i])->line, lines[i]);
	}
	atoll_header_close(header);
	atoll_board_free(board);
}

static void a_raspberry_pi_counts_lines_as_it_counts_gpios(void **state)
{
	static const char *const boards[] = {
		"board/boards/raspberry-pi-4.conf", "board/boards/raspberry-pi-5.conf",
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct atoll_board *board = load(boards[i]);
		struct atoll_header *header = open_header(board);

		for (uint32_t gpio = 0; gpio < 28; gpio++) {
			char name[8];

			(void)snprintf(name, sizeof(name), "GPIO%u", gpio);
			assert_int_equal(atoll_header_find(header, name, NULL)->line, gpio);
			(void)snprintf(name, sizeof(name), "D%u", gpio);
			assert_int_equal(atoll_header_find(header, name, NULL)->line, gpio);
		}
		atoll_header_close(header);
		atoll_board_free(board);
	}
}

static void the_virtual_board_has_one_of_each_kind(void **state)
{
	struct atoll_board *board = load("board/boards/virtual.conf");
	struct atoll_header *header = open_header(board);
	uint32_t cautions = 0;

	(void)state;
	for (uint32_t number = 1; number <= 40; number++) {
		const struct atoll_pin *pin = atoll_header_pin(header, number);

		cautions |= pin->cautions;
		if (pin->chip) {
			assert_string_equal(pin->chip->label, "atoll-header");
			assert_int_equal(pin->line, 40 + number);
		}
	}
	assert_int_equal(cautions, 2 * ATOLL_CAUTION_INPUT_ONLY - 1);
	for (uint32_t i = 0; i < 5; i++)
		assert_non_null(atoll_header_bus(header, i));
	assert_non_null(atoll_header_pwm(header, 2));
	atoll_header_close(header);
	atoll_board_free(board);
}

static void cautions_have_names(void **state)
{
	(void)state;
	assert_string_equal(atoll_caution_name(ATOLL_CAUTION_CONSOLE), "console");
	assert_string_equal(atoll_caution_name(ATOLL_CAUTION_INPUT_ONLY), "input-only");
	assert_string_equal(atoll_caution_name(0), "");
	assert_string_equal(atoll_caution_name(3), "");
	assert_string_equal(atoll_caution_name(UINT32_MAX), "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FOLDER(a_pin_is_what_its_line_says),
		cmocka_unit_test(a_pin_is_found_by_every_name_it_has),
		cmocka_unit_test(what_is_no_pin_is_told_with_what_there_is),
		cmocka_unit_test(a_board_without_a_header_says_so),
		IN_FOLDER(a_drop_in_of_the_administrator_replaces_a_pin),
		IN_FOLDER(every_fault_is_told_with_its_line_and_the_header_refused),
		IN_FOLDER(doubts_about_a_description_are_told_without_refusing_it),
		IN_FOLDER(several_faults_are_all_told),
		IN_FOLDER(a_sentence_that_is_too_long_shows_that_it_was_cut),
		IN_FOLDER(mutilated_descriptions_are_survived),
		IN_FOLDER(lines_of_four_kilobytes_are_survived),
		IN_FOLDER(more_sections_than_there_is_room_for_are_told),
		cmocka_unit_test(every_shipped_board_is_without_a_complaint),
		IN_FOLDER(the_example_of_the_manual_is_without_a_complaint),
		cmocka_unit_test(the_mini_has_the_pins_it_has),
		cmocka_unit_test(a_raspberry_pi_counts_lines_as_it_counts_gpios),
		cmocka_unit_test(the_virtual_board_has_one_of_each_kind),
		cmocka_unit_test(cautions_have_names),
	};

	return CHECK_RUN(tests);
}
