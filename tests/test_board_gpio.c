/* SPDX-License-Identifier: Apache-2.0 */
/* GPIO lines of chips that do everything a kernel may. */
#include "board/gpio.h"

#include "tests/check.h"
#include "tests/fake_gpio.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <string.h>

#define MS INT64_C(1000000)

static struct fake_chip *const chips = fake_gpio.chip;
static const struct atoll_chip_place *const soc = &fake_gpio_place;
static const struct atoll_chip_place expander = { .alias = "expander", .label = "more" };
static const struct atoll_gpio_options output = { .direction = ATOLL_GPIO_OUT };
static const struct atoll_gpio_options hears = {
	.direction = ATOLL_GPIO_IN, .edges = ATOLL_GPIO_BOTH_EDGES,
};
static const struct atoll_gpio_options debounced = {
	.direction = ATOLL_GPIO_IN, .edges = ATOLL_GPIO_BOTH_EDGES, .debounce_ms = 5,
};
static int fds_before;

static int count_fds(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	while (folder && readdir(folder))
		count++;
	if (folder)
		(void)closedir(folder); /* only read */
	return count;
}

static int reset(void **state)
{
	(void)state;
	fake_gpio_reset();
	fds_before = count_fds();
	return 0;
}

static int is_clean(void **state)
{
	(void)state;
	assert_int_equal(fake_gpio.opened, 0);
	assert_int_equal(count_fds(), fds_before);
	return 0;
}

static void plug_expander(void)
{
	chips[1] = (struct fake_chip){
		.label = "more",
		.device = "/sys/devices/platform/11009000.i2c/i2c-3/3-0020/gpiochip1",
		.lines = 16,
	};
}

static struct atoll_gpio *open_lines(const struct atoll_gpio_line *lines, uint32_t count,
				     const struct atoll_gpio_options *options)
{
	struct atoll_error err = { 0 };
	struct atoll_gpio *gpio =
		atoll_gpio_open(&fake_gpio_system, lines, count, options, &err);

	if (!gpio)
		fail_msg("%s", err.text);
	return gpio;
}

static struct atoll_gpio *open_line(uint32_t line, const struct atoll_gpio_options *options)
{
	return open_lines(&(struct atoll_gpio_line){ soc, line }, 1, options);
}

static void assert_refused(const struct atoll_gpio_line *lines, uint32_t count,
			   const struct atoll_gpio_options *options, int code,
			   const char *sentence)
{
	struct atoll_error err = { 0 };

	assert_null(atoll_gpio_open(&fake_gpio_system, lines, count, options, &err));
	assert_string_equal(err.text, sentence);
	assert_int_equal(err.code, code);
	assert_null(atoll_gpio_open(&fake_gpio_system, lines, count, options, NULL));
	assert_int_equal(fake_gpio.opened, 0);
}

static void assert_line_refused(uint32_t line, const struct atoll_gpio_options *options,
				int code, const char *sentence)
{
	assert_refused(&(struct atoll_gpio_line){ soc, line }, 1, options, code, sentence);
}

static uint32_t levels_of(struct atoll_gpio *gpio)
{
	uint32_t levels = 0xdead;

	assert_int_equal(atoll_gpio_get(gpio, &levels, NULL), 0);
	return levels;
}

static struct atoll_gpio_edge next(struct atoll_gpio *gpio, int timeout_ms)
{
	struct atoll_gpio_edge edge = { 0 };
	struct atoll_error err = { 0 };
	int r = atoll_gpio_edge(gpio, timeout_ms, &edge, &err);

	if (r != 1)
		fail_msg("no edge: %d %s", r, err.text);
	return edge;
}

static void assert_quiet(struct atoll_gpio *gpio, int timeout_ms)
{
	struct atoll_gpio_edge edge;

	assert_int_equal(atoll_gpio_edge(gpio, timeout_ms, &edge, NULL), 0);
}

static bool is_readable(const struct atoll_gpio *gpio, int timeout_ms)
{
	struct pollfd watch = { .fd = atoll_gpio_fd(gpio), .events = POLLIN };

	return poll(&watch, 1, timeout_ms) > 0;
}

static void outputs_begin_with_their_levels_and_change_as_set(void **state)
{
	const struct atoll_gpio_line lines[] = { { soc, 3 }, { soc, 9 }, { soc, 4 } };
	struct atoll_gpio_options options = { .direction = ATOLL_GPIO_OUT, .levels = 5 };
	struct atoll_gpio *gpio = open_lines(lines, 3, &options);

	(void)state;
	assert_true(chips[0].line[3].level && !chips[0].line[9].level &&
		    chips[0].line[4].level);
	assert_int_equal(levels_of(gpio), 5);
	assert_int_equal(atoll_gpio_set(gpio, 3, 2, NULL), 0);
	assert_true(!chips[0].line[3].level && chips[0].line[9].level &&
		    chips[0].line[4].level);
	assert_int_equal(levels_of(gpio), 6);
	assert_int_equal(atoll_gpio_set(gpio, 4, 0, NULL), 0);
	assert_int_equal(levels_of(gpio), 2);
	assert_string_equal(chips[0].line[3].by, "atoll");
	assert_int_equal(atoll_gpio_fd(gpio), -1);
	atoll_gpio_close(gpio);
	assert_false(chips[0].line[3].is_ours);
}

static void inputs_are_read_as_they_are_driven(void **state)
{
	const struct atoll_gpio_line lines[] = { { soc, 60 }, { soc, 0 } };
	struct atoll_gpio_options options = {
		.direction = ATOLL_GPIO_IN, .bias = ATOLL_GPIO_PULL_UP, .consumer = "eye",
	};
	struct atoll_gpio *gpio = open_lines(lines, 2, &options);

	(void)state;
	assert_int_equal(levels_of(gpio), 0);
	fake_gpio_drive(0, 0, 1);
	assert_int_equal(levels_of(gpio), 2);
	assert_int_equal(chips[0].line[60].bias, ATOLL_GPIO_PULL_UP);
	assert_string_equal(chips[0].line[60].by, "eye");
	atoll_gpio_close(gpio);
}

static void an_active_low_line_is_on_when_it_is_low(void **state)
{
	struct atoll_gpio_options options = {
		.direction = ATOLL_GPIO_OUT, .is_active_low = true, .levels = 1,
		.drive = ATOLL_GPIO_OPEN_DRAIN,
	};
	struct atoll_gpio *gpio = open_line(7, &options);

	(void)state;
	assert_int_equal(chips[0].line[7].level, 0);
	assert_int_equal(chips[0].line[7].drive, ATOLL_GPIO_OPEN_DRAIN);
	assert_int_equal(atoll_gpio_set(gpio, 1, 0, NULL), 0);
	assert_int_equal(chips[0].line[7].level, 1);
	assert_int_equal(levels_of(gpio), 0);
	atoll_gpio_close(gpio);
}

static void lines_of_several_chips_are_one_handle(void **state)
{
	const struct atoll_gpio_line lines[] = {
		{ soc, 1 }, { &expander, 15 }, { soc, 2 }, { &expander, 0 },
	};
	struct atoll_gpio_options options = { .direction = ATOLL_GPIO_OUT, .levels = 6 };
	struct atoll_gpio *gpio;

	(void)state;
	plug_expander();
	gpio = open_lines(lines, 4, &options);
	assert_int_equal(fake_gpio.opened, 2);
	assert_int_equal(levels_of(gpio), 6);
	assert_true(!chips[0].line[1].level && chips[1].line[15].level &&
		    chips[0].line[2].level && !chips[1].line[0].level);
	assert_int_equal(atoll_gpio_set(gpio, 0xf, 0xa, NULL), 0);
	assert_true(!chips[0].line[1].level && chips[1].line[15].level &&
		    !chips[0].line[2].level && chips[1].line[0].level);
	assert_int_equal(levels_of(gpio), 0xa);
	atoll_gpio_close(gpio);
}

/* Once numbers change, as they do from boot to boot. */
static void a_chip_is_found_by_what_it_is(void **state)
{
	static const struct atoll_chip_place places[] = {
		{ .alias = "x", .label = "more" },
		{ .alias = "x", .parent = "3-0020" },
		{ .alias = "x", .parent = "11009000.i2c", .lines = 16 },
		{ .alias = "x", .parent = "i2c-3", .label = "more", .lines = 16 },
	};

	(void)state;
	plug_expander();
	chips[3] = chips[1];
	chips[1] = chips[0];
	chips[1].label = "decoy";
	chips[1].device = "/sys/devices/platform/11009000.i2c0/x3-0020/3-00200/gpiochip1";
	for (int i = 0; i < 4; i++) {
		struct atoll_gpio_line line = { &places[i], 5 };
		struct atoll_gpio *gpio = open_lines(&line, 1, &output);

		assert_true(chips[3].line[5].is_ours);
		atoll_gpio_close(gpio);
	}
}

static void a_chip_that_is_not_there_is_named_by_what_it_would_be(void **state)
{
	static const struct atoll_chip_place places[] = {
		{ .alias = "soc", .parent = "1000b000.pinctrl", .label = "pins", .lines = 125 },
		{ .parent = "1000b000.pinctrl" },
		{ .alias = "soc", .label = "fake", .lines = 63 },
		{ .alias = "soc", .lines = 64 },
		{ .alias = "soc", .parent = "10000000" },
	};
	static const struct {
		int code;
		const char *sentence;
	} expected[] = {
		{ -ENODEV, "gpio: soc: of 1 GPIO chips none is device 1000b000.pinctrl, "
			   "label \"pins\", 125 lines" },
		{ -ENODEV, "gpio: 1000b000.pinctrl: of 1 GPIO chips none is "
			   "device 1000b000.pinctrl" },
		{ -ENODEV, "gpio: soc: of 1 GPIO chips none is label \"fake\", 63 lines" },
		{ -EINVAL, "gpio: soc: a chip is found by its device or label, and neither is "
			   "known" },
		{ -ENODEV, "gpio: soc: of 1 GPIO chips none is device 10000000" },
	};

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_refused(&(struct atoll_gpio_line){ &places[i], 0 }, 1, &output,
			       expected[i].code, expected[i].sentence);
}

static void two_chips_that_fit_are_one_too_many(void **state)
{
	(void)state;
	chips[2] = chips[0];
	assert_line_refused(0, &output, -ENOTUNIQ, "gpio: soc: /dev/gpiochip0 and "
			    "/dev/gpiochip2 are both label \"fake\"");
}

static void who_may_use_a_chip_is_told(void **state)
{
	(void)state;
	chips[0].trouble = -EACCES;
	chips[0].group = "gpio";
	assert_line_refused(0, &output, -EACCES, "gpio: soc: /dev/gpiochip0 is for group gpio, "
			    "which this user is not in");
	chips[0].group = NULL;
	assert_line_refused(0, &output, -EACCES,
			    "gpio: soc: /dev/gpiochip0 is for root alone");
	chips[0].trouble = -EMFILE;
	assert_line_refused(0, &output, -EMFILE,
			    "gpio: soc: /dev/gpiochip0: Too many open files");
	/* A closed one that cannot be meant is in nobody's way. */
	chips[1] = chips[0];
	chips[0].trouble = 0;
	atoll_gpio_close(open_line(0, &output));
}

static void who_has_a_line_is_named(void **state)
{
	const struct atoll_gpio_line lines[] = { { soc, 1 }, { soc, 7 } };

	(void)state;
	chips[0].line[7].consumer = "relay\n";
	assert_refused(lines, 2, &output, -EBUSY, "gpio: soc: line 7: in use by \"relay?\"");
	chips[0].line[7].holder = "gpioset, process 12";
	assert_refused(lines, 2, &output, -EBUSY,
		       "gpio: soc: line 7: in use by \"relay?\" (gpioset, process 12)");
	chips[0].line[7] = (struct fake_line){ .consumer = "" };
	assert_refused(lines, 2, &output, -EBUSY, "gpio: soc: line 7: in use by the kernel");
	chips[0].line[7].consumer = NULL;
	chips[0].request_error = -EBUSY;
	assert_refused(lines, 2, &output, -EBUSY,
		       "gpio: soc: lines 1, 7: Device or resource busy");
}

static void what_we_have_others_cannot_have(void **state)
{
	struct atoll_gpio *gpio = open_line(7, &output);
	struct atoll_error err;

	(void)state;
	assert_null(atoll_gpio_open(&fake_gpio_system, &(struct atoll_gpio_line){ soc, 7 }, 1,
				    &hears, &err));
	assert_string_equal(err.text, "gpio: soc: line 7: in use by \"atoll\"");
	atoll_gpio_close(gpio);
	atoll_gpio_close(open_line(7, &hears));
}

static void senseless_wishes_are_refused(void **state)
{
	static const struct {
		struct atoll_gpio_options options;
		const char *why;
	} cases[] = {
		{ { .edges = ATOLL_GPIO_RISING }, "gpio: options: edges are told of inputs" },
		{ { .direction = ATOLL_GPIO_IN, .debounce_ms = 5 },
		  "gpio: options: edges are debounced, and none were asked for" },
		{ { .bias = ATOLL_GPIO_PULL_UP },
		  "gpio: options: bias is set together with a direction" },
		{ { .direction = ATOLL_GPIO_IN, .drive = ATOLL_GPIO_OPEN_DRAIN },
		  "gpio: options: drive is for outputs" },
	};
	struct atoll_gpio_line many[ATOLL_GPIO_LINES_MAX + 1] = {
		{ soc, 7 }, { soc, 8 }, { soc, 7 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_line_refused(0, &cases[i].options, -EINVAL, cases[i].why);
	assert_refused(many, 0, &output, -EINVAL,
		       "gpio: 0 lines: 1 to 32 can be opened at once");
	assert_refused(many, ATOLL_GPIO_LINES_MAX + 1, &output, -EINVAL,
		       "gpio: 33 lines: 1 to 32 can be opened at once");
	assert_refused(many, 3, &output, -EINVAL, "gpio: soc: line 7: asked for twice");
	assert_line_refused(64, &output, -EINVAL, "gpio: soc: line 64: it has 64 lines");
}

static void as_many_lines_as_fit_can_be_opened(void **state)
{
	struct atoll_gpio_line lines[ATOLL_GPIO_LINES_MAX];
	struct atoll_gpio *gpio;

	(void)state;
	for (uint32_t i = 0; i < ATOLL_GPIO_LINES_MAX; i++)
		lines[i] = (struct atoll_gpio_line){ soc, 2 * i };
	gpio = open_lines(lines, ATOLL_GPIO_LINES_MAX, &output);
	assert_int_equal(atoll_gpio_set(gpio, 1U << 31 | 1, 1U << 31, NULL), 0);
	assert_int_equal(chips[0].line[62].level, 1);
	assert_int_equal(levels_of(gpio), 1U << 31);
	atoll_gpio_close(gpio);
}

static void what_kernel_and_chip_cannot_do_is_said(void **state)
{
	struct atoll_gpio_options pulled = {
		.direction = ATOLL_GPIO_IN, .bias = ATOLL_GPIO_PULL_DOWN,
	};
	struct atoll_gpio_options drained = {
		.direction = ATOLL_GPIO_OUT, .drive = ATOLL_GPIO_OPEN_DRAIN,
	};

	(void)state;
	chips[0].has_no_bias = chips[0].has_no_interrupts = true;
	assert_line_refused(7, &pulled, -ENOTSUP, "gpio: soc: line 7: bias cannot be set "
			    "(Linux can since 5.5, where the chip can)");
	assert_line_refused(7, &hears, -ENOTSUP,
			    "gpio: soc: line 7: edges cannot be told (it has no interrupt)");
	chips[0].request_error = -524; /* Linux's ENOTSUPP */
	assert_line_refused(7, &drained, -ENOTSUP,
			    "gpio: soc: line 7: this drive cannot be had");
	assert_line_refused(7, &output, -ENOTSUP,
			    "gpio: soc: line 7: the kernel cannot do that");
	chips[0].request_error = -EMFILE;
	assert_line_refused(7, &output, -EMFILE, "gpio: soc: line 7: Too many open files");
}

static void only_outputs_are_set(void **state)
{
	struct atoll_gpio *gpio = open_line(7, &(struct atoll_gpio_options){ 0 });
	struct atoll_error err;

	(void)state;
	assert_int_equal(atoll_gpio_set(gpio, 1, 1, &err), -EPERM);
	assert_string_equal(err.text, "gpio: soc: set: not opened as outputs");
	assert_int_equal(levels_of(gpio), 0);
	atoll_gpio_close(gpio);
	gpio = open_line(7, &output);
	assert_int_equal(atoll_gpio_set(gpio, 2, 2, &err), -EINVAL);
	assert_string_equal(err.text, "gpio: set: mask 0x2: there are 1 lines");
	atoll_gpio_close(gpio);
}

static void a_line_is_looked_at_without_being_touched(void **state)
{
	struct atoll_gpio_line line = { soc, 7 };
	struct atoll_gpio_info info;
	struct atoll_error err;

	(void)state;
	chips[0].line[7] = (struct fake_line){
		.name = "EINT\t7", .consumer = "relay", .is_output = true,
		.bias = ATOLL_GPIO_PULL_UP,
	};
	assert_int_equal(atoll_gpio_look(&fake_gpio_system, &line, &info, NULL), 0);
	assert_string_equal(info.name, "EINT?7");
	assert_string_equal(info.consumer, "relay");
	assert_true(info.is_used && info.is_output && !info.is_active_low);
	assert_int_equal(info.bias, ATOLL_GPIO_PULL_UP);
	line.line = 64;
	assert_int_equal(atoll_gpio_look(&fake_gpio_system, &line, &info, &err), -EINVAL);
	assert_string_equal(err.text, "gpio: soc: line 64: it has 64 lines");
	line.line = 7;
	fake_gpio.fails_at = fake_gpio.calls + 2;
	assert_int_equal(atoll_gpio_look(&fake_gpio_system, &line, &info, &err), -EIO);
	assert_string_equal(err.text, "gpio: soc: line 7: Input/output error");
	fake_gpio_unplug(0);
	assert_int_equal(atoll_gpio_look(&fake_gpio_system, &line, &info, &err), -ENODEV);
	assert_string_equal(info.consumer, "relay");
}

static void edges_come_as_they_happened(void **state)
{
	struct atoll_gpio *gpio = open_line(7, &hears);
	struct atoll_gpio_edge edge;
	struct atoll_error err;

	(void)state;
	assert_quiet(gpio, 0);
	assert_false(is_readable(gpio, 0));
	fake_gpio_drive_at(3, 0, 7, 1);
	fake_gpio_drive_at(9, 0, 7, 0);
	edge = next(gpio, 1000);
	assert_true(edge.index == 0 && edge.is_rising && edge.lost == 0);
	assert_int_equal(edge.time_ns, 1000003 * MS);
	edge = next(gpio, -1);
	assert_true(!edge.is_rising && edge.time_ns == 1000009 * MS);
	assert_quiet(gpio, 50);
	assert_int_equal(fake_gpio.now_ns, 1000059 * MS);
	atoll_gpio_close(gpio);
	gpio = open_line(7, &output);
	assert_int_equal(atoll_gpio_edge(gpio, 0, &edge, &err), -EPERM);
	assert_string_equal(err.text, "gpio: soc: opened without edges");
	atoll_gpio_close(gpio);
}

static void a_signal_ends_a_wait(void **state)
{
	struct atoll_gpio *gpio = open_line(7, &hears);

	(void)state;
	fake_gpio.interruptions = 1;
	assert_quiet(gpio, -1);
	assert_int_equal(fake_gpio.now_ns, 1000000 * MS);
	atoll_gpio_close(gpio);
}

/* The old interface has a queue for each line, and each chip has its own. */
static void edges_of_many_queues_are_told_in_order(void **state)
{
	const struct atoll_gpio_line lines[] = {
		{ soc, 1 }, { &expander, 15 }, { soc, 2 },
	};
	static const uint32_t order[] = { 2, 0, 1, 0, 1, 2 };
	int64_t last_ns = 0;
	struct atoll_gpio *gpio;

	(void)state;
	for (int v2 = 0; v2 < 2; v2++) {
		fake_gpio.is_v2 = v2;
		plug_expander();
		gpio = open_lines(lines, 3, &hears);
		for (int i = 0; i < 6; i++) {
			const struct atoll_gpio_line *line = &lines[order[i]];
			unsigned chip = line->chip == &expander;

			fake_gpio.now_ns += MS;
			fake_gpio_drive(chip, line->line, !chips[chip].line[line->line].level);
		}
		for (int i = 0; i < 6; i++) {
			struct atoll_gpio_edge edge;

			assert_true(is_readable(gpio, 1000));
			edge = next(gpio, 0);
			assert_int_equal(edge.index, order[i]);
			assert_true(edge.time_ns > last_ns);
			last_ns = edge.time_ns;
		}
		assert_quiet(gpio, 0);
		assert_false(is_readable(gpio, 0));
		atoll_gpio_close(gpio);
	}
}

/* As many as are read at once, and as many again, before one of another chip. */
static void a_long_queue_is_told_to_its_end_before_what_is_younger(void **state)
{
	const struct atoll_gpio_line lines[] = { { soc, 1 }, { &expander, 15 } };
	struct atoll_gpio *gpio;

	(void)state;
	fake_gpio.is_v2 = true;
	plug_expander();
	gpio = open_lines(lines, 2, &hears);
	for (int i = 1; i <= 32; i++) {
		fake_gpio.now_ns += MS;
		fake_gpio_drive(0, 1, i & 1);
	}
	fake_gpio.now_ns += MS;
	fake_gpio_drive(1, 15, 1);
	for (int i = 1; i <= 33; i++) {
		struct atoll_gpio_edge edge = next(gpio, 0);

		assert_int_equal(edge.time_ns, (1000000 + i) * MS);
		assert_int_equal(edge.index, i == 33);
	}
	assert_quiet(gpio, 0);
	atoll_gpio_close(gpio);
}

static void time_stamps_never_go_back(void **state)
{
	struct atoll_gpio *gpio = open_line(7, &hears);

	(void)state;
	fake_gpio_drive(0, 7, 1);
	fake_gpio.now_ns -= 5 * MS;
	fake_gpio_drive(0, 7, 0);
	fake_gpio.now_ns += 10 * MS;
	assert_int_equal(next(gpio, 0).time_ns, 1000000 * MS);
	assert_int_equal(next(gpio, 0).time_ns, 1000000 * MS);
	atoll_gpio_close(gpio);
}

static void stamps_of_old_kernels_are_converted(void **state)
{
	struct atoll_gpio *gpio = open_line(7, &hears);

	(void)state;
	fake_gpio.stamps_real = true;
	fake_gpio_drive(0, 7, 1);
	fake_gpio.now_ns += 20 * MS;
	assert_int_equal(next(gpio, 0).time_ns, 1000000 * MS);
	/* The clock on the wall is set back meanwhile: not ahead of now, at least. */
	fake_gpio_drive(0, 7, 0);
	fake_gpio.real_ns -= 3600 * 1000 * MS;
	assert_int_equal(next(gpio, 0).time_ns, 1000020 * MS);
	/* Never set. */
	fake_gpio.real_ns = 0;
	fake_gpio.now_ns += MS;
	fake_gpio_drive(0, 7, 1);
	assert_int_equal(next(gpio, 0).time_ns, 1000021 * MS);
	atoll_gpio_close(gpio);
}

static void numbered_edges_that_were_dropped_are_counted(void **state)
{
	struct atoll_gpio *gpio;
	struct atoll_gpio_edge edge;

	(void)state;
	fake_gpio.is_v2 = true;
	gpio = open_line(7, &hears);
	for (int i = 1; i <= 101; i++) {
		fake_gpio.now_ns += MS;
		fake_gpio_drive(0, 7, i & 1);
	}
	edge = next(gpio, 0);
	assert_int_equal(edge.lost, 69); /* of 101, 32 fit */
	assert_false(edge.is_rising);
	assert_int_equal(edge.time_ns, 1000070 * MS);
	for (int i = 1; i < 32; i++)
		assert_int_equal(next(gpio, 0).lost, 0);
	assert_quiet(gpio, 0);
	atoll_gpio_close(gpio);
}

/* Without numbers, two in a row that go the same way tell of one at least. */
static void of_dropped_edges_without_numbers_one_is_known(void **state)
{
	struct atoll_gpio *gpio = open_line(7, &hears);

	(void)state;
	for (int i = 1; i <= 19; i++)
		fake_gpio_drive(0, 7, i & 1);
	for (int i = 1; i <= 16; i++)
		assert_int_equal(next(gpio, 0).lost, 0);
	fake_gpio_drive(0, 7, 0);
	assert_int_equal(next(gpio, 0).lost, 1);
	fake_gpio_drive(0, 7, 1);
	assert_int_equal(next(gpio, 0).lost, 0);
	atoll_gpio_close(gpio);
}

static void of_one_kind_of_edges_nothing_is_supposed(void **state)
{
	struct atoll_gpio_options rising = {
		.direction = ATOLL_GPIO_IN, .edges = ATOLL_GPIO_RISING,
	};
	struct atoll_gpio *gpio = open_line(7, &rising);

	(void)state;
	for (int i = 0; i < 3; i++) {
		fake_gpio_drive(0, 7, 1);
		fake_gpio_drive(0, 7, 0);
	}
	for (int i = 0; i < 3; i++) {
		struct atoll_gpio_edge edge = next(gpio, 0);

		assert_true(edge.is_rising && edge.lost == 0);
	}
	assert_quiet(gpio, 0);
	atoll_gpio_close(gpio);
}

static void what_bounces_is_one_edge(void **state)
{
	struct atoll_gpio *gpio = open_line(7, &debounced);
	struct atoll_gpio_edge edge;

	(void)state;
	for (int i = 0; i < 9; i++)
		fake_gpio_drive_at(1 + i, 0, 7, !(i & 1));
	edge = next(gpio, 1000);
	assert_true(edge.is_rising && edge.lost == 0);
	assert_int_equal(edge.time_ns, 1000009 * MS); /* where it went to stay */
	assert_int_equal(fake_gpio.now_ns, 1000014 * MS);
	assert_quiet(gpio, 100);
	fake_gpio_drive_at(1, 0, 7, 0);
	fake_gpio_drive_at(4, 0, 7, 1); /* a spike */
	assert_quiet(gpio, 100);
	atoll_gpio_close(gpio);
}

static void a_level_that_stayed_long_ago_is_told_before_what_followed(void **state)
{
	struct atoll_gpio *gpio = open_line(7, &debounced);

	(void)state;
	for (int i = 0; i < 6; i++) {
		fake_gpio.now_ns += (i % 3 ? 1 : 20) * MS;
		fake_gpio_drive(0, 7, !(i & 1));
	}
	/* up at 20, down at 21, up at 22; down at 42, up at 43, down at 44 */
	fake_gpio.now_ns += 20 * MS;
	assert_int_equal(next(gpio, 0).time_ns, 1000022 * MS);
	assert_int_equal(next(gpio, 0).time_ns, 1000044 * MS);
	assert_quiet(gpio, 0);
	atoll_gpio_close(gpio);
}

static void debounced_lines_do_not_wait_for_each_other(void **state)
{
	const struct atoll_gpio_line lines[] = { { soc, 1 }, { soc, 2 } };
	struct atoll_gpio_edge edge;
	struct atoll_gpio *gpio;

	(void)state;
	fake_gpio.is_v2 = true;
	gpio = open_lines(lines, 2, &debounced);
	fake_gpio_drive_at(1, 0, 1, 1);
	for (int i = 0; i < 20; i++)
		fake_gpio_drive_at(i, 0, 2, !(i & 1));
	edge = next(gpio, 1000);
	assert_true(edge.index == 0 && edge.time_ns == 1000001 * MS);
	assert_int_equal(fake_gpio.now_ns, 1000006 * MS);
	assert_quiet(gpio, 100);
	atoll_gpio_close(gpio);
}

static void of_debounced_edges_only_the_wanted_are_told(void **state)
{
	struct atoll_gpio_options falling = debounced;
	struct atoll_gpio *gpio;

	(void)state;
	falling.edges = ATOLL_GPIO_FALLING;
	gpio = open_line(7, &falling);
	assert_int_equal(chips[0].line[7].edges, ATOLL_GPIO_BOTH_EDGES);
	fake_gpio_drive_at(1, 0, 7, 1);
	fake_gpio_drive_at(20, 0, 7, 0);
	assert_false(next(gpio, 1000).is_rising);
	assert_int_equal(fake_gpio.now_ns, 1000025 * MS);
	assert_quiet(gpio, 100);
	atoll_gpio_close(gpio);
}

static void a_line_that_is_on_already_is_not_an_edge(void **state)
{
	struct atoll_gpio *gpio;

	(void)state;
	fake_gpio_drive(0, 7, 1);
	gpio = open_line(7, &debounced);
	fake_gpio_drive_at(1, 0, 7, 0);
	fake_gpio_drive_at(2, 0, 7, 1);
	assert_quiet(gpio, 100);
	atoll_gpio_close(gpio);
}

static void losses_of_a_bouncing_line_are_told_with_what_stayed(void **state)
{
	struct atoll_gpio *gpio;
	struct atoll_gpio_edge edge;

	(void)state;
	fake_gpio.is_v2 = true;
	gpio = open_line(7, &debounced);
	for (int i = 1; i <= 101; i++)
		fake_gpio_drive(0, 7, i & 1);
	edge = next(gpio, 1000);
	assert_true(edge.is_rising);
	assert_int_equal(edge.lost, 69);
	atoll_gpio_close(gpio);
}

/* For loops of others: readable when a level has stayed, though nothing came. */
static void the_descriptor_tells_what_is_due(void **state)
{
	struct atoll_gpio *gpio = open_line(7, &debounced);

	(void)state;
	fake_gpio_drive(0, 7, 1);
	assert_true(is_readable(gpio, 0));
	assert_quiet(gpio, 0);
	assert_true(is_readable(gpio, 10000));
	fake_gpio.now_ns += 5 * MS;
	assert_true(next(gpio, 0).is_rising);
	assert_quiet(gpio, 0);
	assert_false(is_readable(gpio, 0));
	atoll_gpio_close(gpio);
}

static void edges_that_we_keep_are_told_of_too(void **state)
{
	struct atoll_gpio *gpio = open_line(7, &hears);

	(void)state;
	fake_gpio_drive(0, 7, 1);
	fake_gpio_drive(0, 7, 0);
	(void)next(gpio, 0);
	assert_true(is_readable(gpio, 10000));
	(void)next(gpio, 0);
	assert_quiet(gpio, 0);
	assert_false(is_readable(gpio, 0));
	atoll_gpio_close(gpio);
}

static void a_chip_that_is_gone_is_said_to_be_gone(void **state)
{
	const struct atoll_gpio_line lines[] = { { soc, 7 }, { soc, 9 } };
	struct atoll_gpio *gpio = open_lines(lines, 2, &output);
	struct atoll_error err;
	uint32_t levels = 99;

	(void)state;
	fake_gpio_unplug(0);
	assert_int_equal(atoll_gpio_get(gpio, &levels, &err), -ENODEV);
	assert_string_equal(err.text, "gpio: soc: lines 7, 9: the chip is gone");
	assert_int_equal(levels, 99);
	assert_int_equal(atoll_gpio_set(gpio, 1, 1, &err), -ENODEV);
	assert_string_equal(err.text, "gpio: soc: lines 7, 9: the chip is gone");
	atoll_gpio_close(gpio);
	assert_line_refused(7, &output, -ENODEV,
			    "gpio: soc: of 0 GPIO chips none is label \"fake\"");
}

static void who_waits_for_edges_hears_of_a_chip_that_left(void **state)
{
	struct atoll_gpio *gpio = open_line(7, &hears);
	struct atoll_gpio_edge edge;
	struct atoll_error err;

	(void)state;
	fake_gpio_unplug(0);
	assert_true(is_readable(gpio, 0));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(atoll_gpio_edge(gpio, -1, &edge, &err), -ENODEV);
		assert_string_equal(err.text, "gpio: soc: line 7: the chip is gone");
	}
	atoll_gpio_close(gpio);
}

static void one_chip_of_two_that_leaves_is_named(void **state)
{
	const struct atoll_gpio_line lines[] = { { soc, 7 }, { &expander, 15 } };
	struct atoll_gpio_edge edge;
	struct atoll_error err;
	struct atoll_gpio *gpio;

	(void)state;
	plug_expander();
	gpio = open_lines(lines, 2, &hears);
	fake_gpio_drive(0, 7, 1);
	fake_gpio_unplug(1);
	assert_int_equal(next(gpio, -1).index, 0);
	assert_int_equal(atoll_gpio_edge(gpio, -1, &edge, &err), -ENODEV);
	assert_string_equal(err.text, "gpio: expander: line 15: the chip is gone");
	atoll_gpio_close(gpio);
}

/* Edges, two chips, everything on the way. */
static void a_failed_open_leaves_nothing_behind(void **state)
{
	const struct atoll_gpio_line lines[] = { { soc, 7 }, { &expander, 15 }, { soc, 8 } };
	struct atoll_gpio *gpio = NULL;
	struct atoll_error err;
	unsigned failed = 0;

	(void)state;
	plug_expander();
	while (!gpio) {
		fake_gpio.calls = 0;
		fake_gpio.fails_at = failed + 1;
		gpio = atoll_gpio_open(&fake_gpio_system, lines, 3, &debounced, &err);
		if (gpio && fake_gpio.calls > failed) {
			/* Nobody to tell when it leaves is no failure. */
			atoll_gpio_close(gpio);
			gpio = NULL;
		} else if (!gpio) {
			assert_int_equal(err.code, -EIO);
			assert_int_equal(strncmp(err.text, "gpio: ", 6), 0);
		}
		assert_true(gpio || fake_gpio.opened == 0);
		assert_true(gpio || count_fds() == fds_before);
		failed++;
	}
	assert_true(failed > 10);
	atoll_gpio_close(gpio);
}

static void failures_while_open_are_sentences(void **state)
{
	struct atoll_gpio *gpio = open_line(7, &hears);
	struct atoll_gpio_edge edge;
	struct atoll_error err;
	uint32_t levels;

	(void)state;
	fake_gpio.fails_at = fake_gpio.calls + 1;
	assert_int_equal(atoll_gpio_get(gpio, &levels, &err), -EIO);
	assert_string_equal(err.text, "gpio: soc: line 7: Input/output error");
	fake_gpio.fails_at = fake_gpio.calls + 1;
	assert_int_equal(atoll_gpio_edge(gpio, 10, &edge, &err), -EIO);
	assert_string_equal(err.text, "gpio: soc: wait: Input/output error");
	fake_gpio_drive(0, 7, 1);
	fake_gpio.fails_at = fake_gpio.calls + 1;
	assert_int_equal(atoll_gpio_edge(gpio, 10, &edge, &err), -EIO);
	assert_string_equal(err.text, "gpio: soc: line 7: Input/output error");
	atoll_gpio_close(gpio);
	atoll_gpio_close(NULL);
}

#define GPIO_TEST(test) cmocka_unit_test_setup_teardown(test, reset, is_clean)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		GPIO_TEST(outputs_begin_with_their_levels_and_change_as_set),
		GPIO_TEST(inputs_are_read_as_they_are_driven),
		GPIO_TEST(an_active_low_line_is_on_when_it_is_low),
		GPIO_TEST(lines_of_several_chips_are_one_handle),
		GPIO_TEST(a_chip_is_found_by_what_it_is),
		GPIO_TEST(a_chip_that_is_not_there_is_named_by_what_it_would_be),
		GPIO_TEST(two_chips_that_fit_are_one_too_many),
		GPIO_TEST(who_may_use_a_chip_is_told),
		GPIO_TEST(who_has_a_line_is_named),
		GPIO_TEST(what_we_have_others_cannot_have),
		GPIO_TEST(senseless_wishes_are_refused),
		GPIO_TEST(as_many_lines_as_fit_can_be_opened),
		GPIO_TEST(what_kernel_and_chip_cannot_do_is_said),
		GPIO_TEST(only_outputs_are_set),
		GPIO_TEST(a_line_is_looked_at_without_being_touched),
		GPIO_TEST(edges_come_as_they_happened),
		GPIO_TEST(a_signal_ends_a_wait),
		GPIO_TEST(edges_of_many_queues_are_told_in_order),
		GPIO_TEST(a_long_queue_is_told_to_its_end_before_what_is_younger),
		GPIO_TEST(time_stamps_never_go_back),
		GPIO_TEST(stamps_of_old_kernels_are_converted),
		GPIO_TEST(numbered_edges_that_were_dropped_are_counted),
		GPIO_TEST(of_dropped_edges_without_numbers_one_is_known),
		GPIO_TEST(of_one_kind_of_edges_nothing_is_supposed),
		GPIO_TEST(what_bounces_is_one_edge),
		GPIO_TEST(a_level_that_stayed_long_ago_is_told_before_what_followed),
		GPIO_TEST(debounced_lines_do_not_wait_for_each_other),
		GPIO_TEST(of_debounced_edges_only_the_wanted_are_told),
		GPIO_TEST(a_line_that_is_on_already_is_not_an_edge),
		GPIO_TEST(losses_of_a_bouncing_line_are_told_with_what_stayed),
		GPIO_TEST(the_descriptor_tells_what_is_due),
		GPIO_TEST(edges_that_we_keep_are_told_of_too),
		GPIO_TEST(a_chip_that_is_gone_is_said_to_be_gone),
		GPIO_TEST(who_waits_for_edges_hears_of_a_chip_that_left),
		GPIO_TEST(one_chip_of_two_that_leaves_is_named),
		GPIO_TEST(a_failed_open_leaves_nothing_behind),
		GPIO_TEST(failures_while_open_are_sentences),
	};

	return CHECK_RUN(tests);
}
