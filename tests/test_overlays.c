/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The overlays of the header, applied by fdtoverlay to two trees of the SoC, alone and
 * in pairs, and what has come out: each pad belongs to one device at most, and each
 * overlay has done what this table says of it.
 */
#include "tests/check.h"

#include <errno.h>
#include <libfdt.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "apps/overlay.h"
#include "board/description.h"
#include "board/header.h"
#include "tests/folder.h"

extern char **environ;

#define PADS 125        /* the SoC's GPIOs are 0 to 124 */
#define NOBODY (-1)

#define PIO "/soc/pinctrl@1000b000"

/* Who has the pads after an overlay, as which functions, and whose device is off. */
static const struct outcome {
	const char *name, *owner, *off;
	uint32_t count, pads[4], functions[4];
} outcomes[] = {
	{ "gpio-i2c-1", PIO, "/soc/i2c@1100a000", 2, { 52, 53 }, { 0, 0 } },
	{ "gpio-i2c-2", PIO, "/soc/i2c@1100b000", 2, { 60, 61 }, { 0, 0 } },
	{ "gpio-i2s", PIO, NULL, 4, { 36, 37, 38, 39 }, { 0, 0, 0, 0 } },
	{ "gpio-pwm", PIO, "/soc/pwm@11008000", 3, { 11, 12, 25 }, { 0, 0, 0 } },
	{ "gpio-spi", PIO, "/soc/spi@1100c000", 4, { 3, 4, 5, 6 }, { 0, 0, 0, 0 } },
	{ "gpio-uart-1", PIO, "/soc/serial@11006000", 2, { 64, 65 }, { 0, 0 } },
	{ "i2c-1", "/soc/i2c@1100a000", NULL, 2, { 52, 53 }, { 1, 1 } },
	{ "i2c-2", "/soc/i2c@1100b000", NULL, 2, { 60, 61 }, { 1, 1 } },
	{ "i2s-0", PIO, NULL, 4, { 36, 37, 38, 39 }, { 3, 3, 3, 3 } },
	{ "i2s-3", PIO, NULL, 4, { 36, 37, 38, 39 }, { 4, 4, 4, 4 } },
	{ "pwm-a", "/soc/pwm@11008000", NULL, 1, { 12 }, { 2 } },
	{ "pwm-b", "/soc/pwm@11008000", NULL, 1, { 25 }, { 5 } },
	{ "pwm-c", "/soc/pwm@11008000", NULL, 1, { 11 }, { 2 } },
	{ "spi", "/soc/spi@1100c000", NULL, 4, { 3, 4, 5, 6 }, { 3, 3, 3, 3 } },
	{ "uart-1", "/soc/serial@11006000", NULL, 2, { 64, 65 }, { 1, 1 } },
};
#define OUTCOMES (sizeof(outcomes) / sizeof(outcomes[0]))

static const char *const trees[] = { "mainline", "vendor" };

/* Below the build folder; overwritten by the next call. */
static const char *built(const char *place, const char *name, const char *ending)
{
	static char path[256];
	const char *build = getenv("BUILD");

	(void)snprintf(path, sizeof(path), "%s/%s%s%s", build ? build : "build", place, name,
		       ending);
	return path;
}

static struct overlays shipped;

static int read_shipped(void **state)
{
	struct atoll_error err;

	(void)state;
	if (overlays_read(&shipped, built("overlays", "", ""), &err) == 0)
		return 0;
	(void)fprintf(stderr, "# %s\n", err.text);
	return -1;
}

static int free_shipped(void **state)
{
	(void)state;
	overlays_free(&shipped);
	return 0;
}

static const struct overlay *find_shipped(const char *name)
{
	for (uint32_t i = 0; i < shipped.count; i++)
		if (strcmp(shipped.each[i].name, name) == 0)
			return &shipped.each[i];
	fail_msg("%s was not built", name);
	return NULL;
}

/* What a tree says of the pads. */
struct claims {
	int owner[PADS];       /* the node, or NOBODY */
	uint32_t function[PADS];
	bool is_doubled;       /* two devices claim one pad */
};

static void *tree;

static bool is_enabled(int node)
{
	const char *status = fdt_getprop(tree, node, "status", NULL);

	return !status || strcmp(status, "okay") == 0;
}

/* The pads of a group, that is, of all the nodes in it. */
static void claim_group(struct claims *claims, int owner, int group)
{
	int pads, bytes;

	fdt_for_each_subnode(pads, tree, group) {
		const fdt32_t *pinmux = fdt_getprop(tree, pads, "pinmux", &bytes);

		assert_non_null(pinmux);
		for (int i = 0; i < bytes / 4; i++) {
			uint32_t value = fdt32_ld(&pinmux[i]), pad = value >> 8;

			assert_in_range(pad, 0, PADS - 1);
			claims->is_doubled |= claims->owner[pad] != NOBODY;
			claims->owner[pad] = owner;
			claims->function[pad] = value & 0xff;
		}
	}
}

static void read_claims(struct claims *claims)
{
	int depth = 0, bytes;

	memset(claims, 0, sizeof(*claims));
	for (int i = 0; i < PADS; i++)
		claims->owner[i] = NOBODY;
	for (int node = 0; node >= 0; node = fdt_next_node(tree, node, &depth)) {
		const fdt32_t *groups = fdt_getprop(tree, node, "pinctrl-0", &bytes);

		if (!groups || !is_enabled(node))
			continue;
		assert_string_equal(fdt_getprop(tree, node, "pinctrl-names", NULL), "default");
		for (int i = 0; i < bytes / 4; i++) {
			int group = fdt_node_offset_by_phandle(tree, fdt32_ld(&groups[i]));

			assert_true(group >= 0);
			claim_group(claims, node, group);
		}
	}
}

static void take_tree(const char *path)
{
	size_t size;

	free(tree);
	tree = check_read(path, &size);
	assert_int_equal(fdt_check_full(tree, size), 0);
}

/* Apply overlays in this order; fdtoverlay fails when one does not fit. */
static void apply(const char *base, const char *const *names, uint32_t count)
{
	char paths[OUTCOMES][256], from[256];
	char *argv[6 + OUTCOMES] = { "fdtoverlay", "-i", from, "-o",
				     (char *)in_folder("result.dtb") };
	pid_t child;
	int status;

	strcpy(from, built("tests/overlays/", base, ".dtb"));
	for (uint32_t i = 0; i < count; i++)
		argv[5 + i] = strcpy(paths[i], built("overlays/", names[i], ".dtbo"));
	assert_int_equal(posix_spawnp(&child, argv[0], NULL, NULL, argv, environ), 0);
	while (waitpid(child, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	assert_int_equal(status, 0);
	take_tree(argv[4]);
}

static bool is_in_effect(const struct outcome *outcome, const struct claims *claims)
{
	int owner = fdt_path_offset(tree, outcome->owner);

	assert_true(owner >= 0);
	for (uint32_t i = 0; i < outcome->count; i++)
		if (claims->owner[outcome->pads[i]] != owner ||
		    claims->function[outcome->pads[i]] != outcome->functions[i])
			return false;
	return is_enabled(owner) &&
	       (!outcome->off || !is_enabled(fdt_path_offset(tree, outcome->off)));
}

static bool share_a_pad(const struct outcome *a, const struct outcome *b)
{
	for (uint32_t i = 0; i < a->count; i++)
		for (uint32_t j = 0; j < b->count; j++)
			if (a->pads[i] == b->pads[j])
				return true;
	return false;
}

static void the_table_has_all_there_are(void **state)
{
	(void)state;
	assert_int_equal(shipped.count, OUTCOMES);
	for (size_t i = 0; i < OUTCOMES; i++)
		assert_string_equal(shipped.each[i].name, outcomes[i].name);
}

/* Pins are those of the board's description, where the lines are the SoC's GPIOs. */
static void each_says_which_pins_it_takes_and_what_for(void **state)
{
	struct atoll_error err = { .text = "" };
	struct atoll_board *board;
	struct atoll_header *header;

	(void)state;
	board = atoll_board_load("board/boards/coral-dev-board-mini.conf", &err);
	header = board ? atoll_header_open(board, &err) : NULL;
	if (!header)
		fail_msg("%s", err.text);
	for (uint32_t i = 0; i < shipped.count; i++) {
		const struct overlay *overlay = &shipped.each[i];

		assert_true(overlay->function[0] != '\0');
		assert_int_equal(overlay->count, outcomes[i].count);
		for (uint32_t j = 0; j < overlay->count; j++) {
			const struct atoll_pin *pin = atoll_header_pin(header, overlay->pins[j]);

			assert_non_null(pin);
			assert_int_equal(pin->kind, ATOLL_PIN_GPIO);
			assert_int_equal(pin->line, overlay->pads[j]);
		}
	}
	atoll_header_close(header);
	atoll_board_free(board);
}

static void the_trees_are_sound_before(void **state)
{
	struct claims claims;

	(void)state;
	for (size_t t = 0; t < 2; t++) {
		take_tree(built("tests/overlays/", trees[t], ".dtb"));
		read_claims(&claims);
		assert_false(claims.is_doubled);
		assert_int_equal(claims.owner[63], fdt_path_offset(tree, "/soc/serial@11005000"));
		assert_true(is_in_effect(&outcomes[6], &claims) == (t == 1)); /* i2c-1 */
		assert_true(is_in_effect(&outcomes[13], &claims) == (t == 1)); /* spi */
	}
}

static void each_does_what_it_says(void **state)
{
	struct claims claims;

	(void)state;
	for (size_t t = 0; t < 2; t++)
		for (size_t i = 0; i < OUTCOMES; i++) {
			apply(trees[t], &outcomes[i].name, 1);
			read_claims(&claims);
			if (claims.is_doubled || !is_in_effect(&outcomes[i], &claims))
				fail_msg("%s on %s", outcomes[i].name, trees[t]);
		}
}

static void spi_has_a_device_for_programs(void **state)
{
	const char *name = "spi";
	int node;

	(void)state;
	apply("mainline", &name, 1);
	node = fdt_path_offset(tree, "/soc/spi@1100c000/spidev@0");
	assert_true(node >= 0);
	assert_string_equal(fdt_getprop(tree, node, "compatible", NULL), "rohm,dh2228fv");
	assert_int_equal(fdt32_ld(fdt_getprop(tree, node, "reg", NULL)), 0);
}

static void a_pwm_overlay_leaves_the_other_channels_pads_alone(void **state)
{
	const char *name = "pwm-a";
	struct claims claims;

	(void)state;
	apply("vendor", &name, 1);
	read_claims(&claims);
	assert_int_equal(claims.owner[25], NOBODY);
	assert_int_equal(claims.owner[11], NOBODY);
}

/* In one order on one tree, in the other on the other: two that share no pad are both
   in effect; of two that share one, one is not, or both claim it. */
static void pairs_work_together_exactly_when_they_share_no_pad(void **state)
{
	uint32_t compatible = 0;
	struct claims claims;

	(void)state;
	for (size_t i = 0; i < OUTCOMES; i++)
		for (size_t j = 0; j < OUTCOMES; j++) {
			const struct outcome *a = &outcomes[i], *b = &outcomes[j];
			bool is_fine;

			if (i == j)
				continue;
			apply(trees[i < j], (const char *[]){ a->name, b->name }, 2);
			read_claims(&claims);
			is_fine = !claims.is_doubled && is_in_effect(a, &claims) &&
				is_in_effect(b, &claims);
			if (is_fine == share_a_pad(a, b))
				fail_msg("%s and %s on %s", a->name, b->name, trees[i < j]);
			compatible += is_fine;
		}
	assert_int_equal(compatible, 2 * (15 * 14 / 2 - 10)); /* ten pairs in conflict */
}

static void conflicts_are_found_without_applying_anything(void **state)
{
	(void)state;
	for (size_t i = 0; i < OUTCOMES; i++)
		for (size_t j = 0; j < OUTCOMES; j++) {
			const struct overlay *a = find_shipped(outcomes[i].name);
			const struct overlay *b = find_shipped(outcomes[j].name);

			assert_true((overlay_clash(a, b) >= 0) ==
				    share_a_pad(&outcomes[i], &outcomes[j]));
		}
	assert_int_equal(overlay_clash(find_shipped("pwm-b"), find_shipped("gpio-pwm")), 0);
	assert_int_equal(overlay_clash(find_shipped("gpio-pwm"), find_shipped("pwm-b")), 2);
}

static void all_functions_work_at_once_and_so_do_all_gpios(void **state)
{
	static const char *const functions[] = { "i2c-1", "i2c-2", "i2s-3", "pwm-a", "pwm-b",
						 "pwm-c", "spi", "uart-1" };
	static const char *const gpios[] = { "gpio-i2c-1", "gpio-i2c-2", "gpio-i2s", "gpio-pwm",
					     "gpio-spi", "gpio-uart-1" };
	struct claims claims;

	(void)state;
	for (size_t t = 0; t < 2; t++) {
		apply(trees[t], functions, 8);
		read_claims(&claims);
		assert_false(claims.is_doubled);
		for (size_t i = 6; i < OUTCOMES; i++)
			assert_true(i == 8 || is_in_effect(&outcomes[i], &claims)); /* i2s-0 */
		apply(trees[t], gpios, 6);
		read_claims(&claims);
		assert_false(claims.is_doubled);
		for (size_t i = 0; i < 6; i++)
			assert_true(is_in_effect(&outcomes[i], &claims));
	}
	free(tree);
	tree = NULL;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_has_all_there_are),
		cmocka_unit_test(each_says_which_pins_it_takes_and_what_for),
		IN_FOLDER(the_trees_are_sound_before),
		IN_FOLDER(each_does_what_it_says),
		IN_FOLDER(spi_has_a_device_for_programs),
		IN_FOLDER(a_pwm_overlay_leaves_the_other_channels_pads_alone),
		IN_FOLDER(pairs_work_together_exactly_when_they_share_no_pad),
		cmocka_unit_test(conflicts_are_found_without_applying_anything),
		IN_FOLDER(all_functions_work_at_once_and_so_do_all_gpios),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, read_shipped, free_shipped) != 0;
}
