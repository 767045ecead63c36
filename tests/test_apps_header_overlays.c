/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-header overlays, with a /boot of its own and the overlays of the tree. */
#include "apps/header_overlays.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apps/options.h"
#include "tests/check.h"
#include "tests/folder.h"

static struct header_overlays settings;
static char *out, *err;  /* what the last command wrote */

static const char *shipped_here(void)
{
	static char path[256];
	const char *build = getenv("BUILD");

	(void)snprintf(path, sizeof(path), "%s/overlays", build ? build : "build");
	return path;
}

static int enter(void **state)
{
	int r = folder_make(state);

	settings = (struct header_overlays){ .boot = folder, .folder = shipped_here() };
	return r;
}

static int leave(void **state)
{
	free(out);
	free(err);
	out = err = NULL;
	return folder_remove(state);
}

#define IN_BOOT(test) cmocka_unit_test_setup_teardown(test, enter, leave)

static void write_list(const char *text)
{
	FILE *file = fopen(in_folder("overlays.txt"), "wb");

	assert_non_null(file);
	assert_int_not_equal(fputs(text, file), EOF);
	assert_int_equal(fclose(file), 0);
}

static void list_is(const char *text)
{
	size_t size;
	char *found = check_read(in_folder("overlays.txt"), &size);

	assert_string_equal(found, text);
	free(found);
}

static bool is_in_boot(const char *name)
{
	return access(in_folder(name), F_OK) == 0;
}

static void redirect(int fd, const char *name)
{
	int to = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (to < 0 || dup2(to, fd) < 0)
		_exit(99);
}

static char *take_file(const char *name)
{
	size_t size;
	char *text = check_read(in_folder(name), &size);

	assert_int_equal(unlink(in_folder(name)), 0);
	return text;
}

/* The command with up to three words; its exit status. */
static int run(const char *first, const char *second, const char *third)
{
	char *rest[] = { (char *)first, (char *)second, (char *)third };
	int status;
	pid_t child;

	settings.rest = rest;
	settings.rests = !!first + !!second + !!third;
	(void)fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		redirect(STDOUT_FILENO, "out");
		redirect(STDERR_FILENO, "err");
		options_begin("atoll-header");
		status = options_end(header_overlays(&settings));
		exit(status);
	}
	while (waitpid(child, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	assert_true(WIFEXITED(status));
	free(out);
	free(err);
	out = take_file("out");
	err = take_file("err");
	return WEXITSTATUS(status);
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in: %s", part, text);
}

static void all_are_listed_with_pins_and_what_for(void **state)
{
	(void)state;
	write_list("overlay=\n");
	assert_int_equal(run(NULL, NULL, NULL), 0);
	assert_string_equal(err, "");
	assert_string_equal(out,
"overlay       state   pins         function             in conflict with\n"
"gpio-i2c-1    -       3 5          GPIO, no I2C 1       -\n"
"gpio-i2c-2    -       27 28        GPIO, no I2C 2       -\n"
"gpio-i2s      -       12 35 38 40  GPIO, no I2S         -\n"
"gpio-pwm      -       15 32 33     GPIO, no PWM A, B, C -\n"
"gpio-spi      -       19 21 23 24  GPIO, no SPI         -\n"
"gpio-uart-1   -       29 31        GPIO, no UART 1      -\n"
"i2c-1         -       3 5          I2C 1                -\n"
"i2c-2         -       27 28        I2C 2                -\n"
"i2s-0         -       12 35 38 40  I2S 0, sound in      -\n"
"i2s-3         -       12 35 38 40  I2S 3, sound out     -\n"
"pwm-a         -       32           PWM A                -\n"
"pwm-b         -       33           PWM B                -\n"
"pwm-c         -       15           PWM C                -\n"
"spi           -       19 21 23 24  SPI                  -\n"
"uart-1        -       29 31        UART 1               -\n");
}

static void active_ones_and_their_conflicts_are_listed(void **state)
{
	(void)state;
	write_list("overlay=pwm-a pwm-c i2s-3 i2s-0\n");
	assert_int_equal(run("list", NULL, NULL), 0);
	has(out, "\ngpio-pwm      -       15 32 33     GPIO, no PWM A, B, C pwm-a,pwm-c\n");
	has(out, "\npwm-a         active  32           PWM A                -\n");
	has(out, "\ni2s-0         active  12 35 38 40  I2S 0, sound in      i2s-3\n");
	has(out, "\ngpio-i2s      -       12 35 38 40  GPIO, no I2S         i2s-0,i2s-3\n");
	has(err, "atoll-header: pwm-c is active, but the board starts without any overlay: ");
	has(err, "/pwm-c.dtbo: No such file or directory\n");
}

static void json_has_the_same(void **state)
{
	(void)state;
	write_list("overlay=gpio-i2c-1\n");
	settings.wants_json = true;
	assert_int_equal(run("list", NULL, NULL), 0);
	has(out, "{\"name\":\"i2c-1\",\"active\":false,\"installed\":false,"
	    "\"function\":\"I2C 1\",\"pins\":[3,5],\"gpios\":[52,53],"
	    "\"conflicts\":[\"gpio-i2c-1\"]}");
	has(out, "{\"name\":\"gpio-i2c-1\",\"active\":true");
}

static void enable_installs_only_when_asked(void **state)
{
	(void)state;
	write_list("# mine\noverlay=\n");
	assert_int_equal(run("enable", "i2c-1", NULL), 1);
	has(err, "with i2c-1 the board would start without any overlay");
	has(err, "/overlays/i2c-1.dtbo to ");
	has(err, ", or use --install\n");
	assert_string_equal(out, "");
	list_is("# mine\noverlay=\n");
	assert_int_equal(folder_count(), 1);

	settings.installs = true;
	assert_int_equal(run("enable", "i2c-1", NULL), 0);
	assert_string_equal(err, "atoll-header: i2c-1 is active from the next start on\n");
	list_is("# mine\noverlay=i2c-1\n");
	assert_true(is_in_boot("i2c-1.dtbo"));
	assert_true(is_in_boot("overlays.txt.bak"));
	assert_int_equal(folder_count(), 3);

	settings.installs = false;
	assert_int_equal(run("enable", "i2c-1", NULL), 0);
	assert_string_equal(err, "atoll-header: i2c-1 was active already\n");
	list_is("# mine\noverlay=i2c-1\n");
	assert_int_equal(run("list", NULL, NULL), 0);
	assert_string_equal(err, "");
}

static void disable_leaves_everything_but_the_name(void **state)
{
	(void)state;
	write_list("overlay=mine spi\r\n# end");
	assert_int_equal(run("disable", "spi", NULL), 0);
	assert_string_equal(err, "atoll-header: spi is not active from the next start on\n");
	list_is("overlay=mine\r\n# end");
	assert_int_equal(run("disable", "spi", NULL), 0);
	assert_string_equal(err, "atoll-header: spi was not active\n");
	assert_int_equal(run("disable", "mine", NULL), 0);
	list_is("overlay=\r\n# end");
}

static void conflicts_are_refused_with_the_pin(void **state)
{
	(void)state;
	write_list("overlay=pwm-b\n");
	settings.installs = true;
	assert_int_equal(run("enable", "gpio-pwm", NULL), 1);
	assert_string_equal(err,
		"atoll-header: gpio-pwm needs pin 33, which pwm-b has\n"
		"atoll-header: gpio-pwm is not enabled; disable what is in conflict with it, "
		"or use --force\n");
	list_is("overlay=pwm-b\n");
	assert_int_equal(folder_count(), 1);
	settings.is_forced = true;
	assert_int_equal(run("enable", "gpio-pwm", NULL), 0);
	list_is("overlay=pwm-b gpio-pwm\n");
	has(err, "gpio-pwm needs pin 33");
}

static void copy(const char *from, const char *to)
{
	char path[512];
	size_t size;
	char *bytes;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", shipped_here(), from);
	bytes = check_read(path, &size);
	file = fopen(in_folder(to), "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	free(bytes);
}

static void overlays_from_elsewhere_count_as_well(void **state)
{
	(void)state;
	copy("i2c-1.dtbo", "theirs.dtbo");
	write_list("overlay=theirs gone \033[2J\n");
	assert_int_equal(run("list", NULL, NULL), 0);
	has(out, "\ntheirs        active  3 5          I2C 1                -\n");
	has(out, "\ni2c-1         -       3 5          I2C 1                theirs\n");
	has(out, "\ngone          active  -            not known            -\n");
	has(out, "\n?[2J          active  ");
	assert_null(strchr(out, '\033'));
	assert_null(strchr(err, '\033'));
	settings.installs = true;
	assert_int_equal(run("enable", "gpio-i2c-1", NULL), 1);
	has(err, "gpio-i2c-1 needs pin 3, which theirs has\n");
	assert_int_equal(run("enable", "theirs", NULL), 1);
	has(err, "theirs is not one of those in ");
	settings.installs = false;
	assert_int_equal(run("disable", "theirs", NULL), 0);
	list_is("overlay=gone \033[2J\n");
	assert_int_equal(run("enable", "theirs", NULL), 0);
	list_is("overlay=gone \033[2J theirs\n");
}

static void a_broken_overlay_is_not_enabled(void **state)
{
	FILE *file = fopen(in_folder("spi.dtbo"), "wb");

	(void)state;
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	write_list("");
	assert_int_equal(run("enable", "spi", NULL), 1);
	has(err, "/spi.dtbo: not a device tree\n");
	list_is("");
	settings.installs = true;
	assert_int_equal(run("enable", "spi", NULL), 0);
	list_is("overlay=spi\n");
	assert_int_equal(run("list", NULL, NULL), 0);
	assert_string_equal(err, "");
}

static void what_cannot_be_is_said(void **state)
{
	(void)state;
	assert_int_equal(run("list", NULL, NULL), 1);
	has(err, "/overlays.txt: No such file or directory; this is no board whose boot loader "
	    "reads one\n");
	write_list("overlay=\n");
	assert_int_equal(run("enable", "spj", NULL), 1);
	has(err, "atoll-header: there is no overlay 'spj' in ");
	assert_int_equal(run("enable", "../spi", NULL), 1);
	has(err, "there is no overlay '../spi' in ");
	assert_int_equal(run("enable", NULL, NULL), 2);
	has(err, "atoll-header: overlays: enable which?\n");
	assert_int_equal(run("list", "spi", NULL), 2);
	assert_int_equal(run("enable", "spi", "uart-1"), 2);
	has(err, "overlays: 'uart-1' is too much\n");
	assert_int_equal(run("enabel", "spi", NULL), 2);
	has(err, "overlays: 'enabel' is not one of list, enable, disable\n");
	settings.folder = in_folder("none");
	assert_int_equal(run("list", NULL, NULL), 1);
	has(err, "/none: No such file or directory\n");
	list_is("overlay=\n");
}

static void a_list_that_is_none_is_never_touched(void **state)
{
	int fd = open(in_folder("overlays.txt"), O_WRONLY | O_CREAT, 0600);

	(void)state;
	settings.installs = settings.is_forced = true;
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	assert_int_equal(run("enable", "spi", NULL), 1);
	has(err, "/overlays.txt: File too large\n");
	assert_int_equal(ftruncate(fd, 100), 0);
	assert_int_equal(run("enable", "spi", NULL), 1);
	has(err, "/overlays.txt: not text\n");
	assert_int_equal(close(fd), 0);
	assert_int_equal(folder_count(), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_BOOT(all_are_listed_with_pins_and_what_for),
		IN_BOOT(active_ones_and_their_conflicts_are_listed),
		IN_BOOT(json_has_the_same),
		IN_BOOT(enable_installs_only_when_asked),
		IN_BOOT(disable_leaves_everything_but_the_name),
		IN_BOOT(conflicts_are_refused_with_the_pin),
		IN_BOOT(overlays_from_elsewhere_count_as_well),
		IN_BOOT(a_broken_overlay_is_not_enabled),
		IN_BOOT(what_cannot_be_is_said),
		IN_BOOT(a_list_that_is_none_is_never_touched),
	};
	return CHECK_RUN(tests);
}
