/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/overlay.h"

#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/check.h"
#include "tests/folder.h"

/* An overlay as dtc would make one; NULL words and no pins: of somebody else. */
struct recipe {
	const char *function;
	uint32_t pinmux[40], pinmuxes;
	uint32_t pins[40], pin_count;
	bool has_no_fragment;
};

static char made[4096];

static void put_cells(const char *name, const uint32_t *values, uint32_t count)
{
	fdt32_t cells[40];

	for (uint32_t i = 0; i < count; i++)
		cells[i] = cpu_to_fdt32(values[i]);
	assert_int_equal(fdt_property(made, name, cells, (int)(count * sizeof(cells[0]))), 0);
}

static size_t make(const struct recipe *recipe)
{
	assert_int_equal(fdt_create(made, sizeof(made)), 0);
	assert_int_equal(fdt_finish_reservemap(made), 0);
	assert_int_equal(fdt_begin_node(made, ""), 0);
	if (recipe->function)
		assert_int_equal(fdt_property(made, "atoll,function", recipe->function,
					      (int)strlen(recipe->function) + 1), 0);
	if (recipe->pin_count)
		put_cells("atoll,pins", recipe->pins, recipe->pin_count);
	assert_int_equal(fdt_begin_node(made, recipe->has_no_fragment ? "soc" : "fragment@0"), 0);
	assert_int_equal(fdt_begin_node(made, "__overlay__"), 0);
	put_cells("pinmux", recipe->pinmux, recipe->pinmuxes);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(fdt_end_node(made), 0);
	assert_int_equal(fdt_finish(made), 0);
	return fdt_totalsize(made);
}

static void write_bytes(const char *name, const void *bytes, size_t size)
{
	FILE *file = fopen(in_folder(name), "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void write_recipe(const char *name, const struct recipe *recipe)
{
	write_bytes(name, made, make(recipe));
}

static const struct recipe pair = {
	.function = "a pair", .pinmux = { 52 << 8 | 1, 53 << 8 | 1 }, .pinmuxes = 2,
	.pins = { 3, 5 }, .pin_count = 2,
};

static void pads_pins_and_words_are_read(void **state)
{
	struct overlay overlay;

	(void)state;
	write_recipe("pair.dtbo", &pair);
	assert_int_equal(overlay_read(&overlay, folder, "pair", NULL), 0);
	assert_string_equal(overlay.name, "pair");
	assert_string_equal(overlay.function, "a pair");
	assert_int_equal(overlay.count, 2);
	assert_int_equal(overlay.pads[0], 52);
	assert_int_equal(overlay.pads[1], 53);
	assert_int_equal(overlay.pins[0], 3);
	assert_int_equal(overlay.pins[1], 5);
}

static void an_overlay_of_somebody_else_has_pads_only(void **state)
{
	static const struct recipe other = { .pinmux = { 53 << 8 | 7 }, .pinmuxes = 1 };
	struct overlay overlay, ours;

	(void)state;
	write_recipe("other.dtbo", &other);
	write_recipe("pair.dtbo", &pair);
	assert_int_equal(overlay_read(&overlay, folder, "other", NULL), 0);
	assert_int_equal(overlay_read(&ours, folder, "pair", NULL), 0);
	assert_string_equal(overlay.function, "");
	assert_int_equal(overlay.pads[0], 53);
	assert_int_equal(overlay.pins[0], 0);
	assert_int_equal(overlay_clash(&ours, &overlay), 1);
	assert_int_equal(overlay_clash(&overlay, &ours), 0);
	overlay.pads[0] = 54;
	assert_int_equal(overlay_clash(&ours, &overlay), -1);
}

static void words_are_cut_and_made_harmless(void **state)
{
	char words[200];
	struct recipe recipe = pair;
	struct overlay overlay;

	(void)state;
	memset(words, 'w', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	memcpy(words, "\033[2J\n", 5);
	recipe.function = words;
	write_recipe("long.dtbo", &recipe);
	assert_int_equal(overlay_read(&overlay, folder, "long", NULL), 0);
	assert_int_equal(strlen(overlay.function), sizeof(overlay.function) - 1);
	assert_int_equal(strncmp(overlay.function, "?[2J?w", 6), 0);
}

static void refuse(const char *name, int code, const char *why)
{
	struct overlay overlay;
	struct atoll_error err = { .code = 0 };

	assert_int_equal(overlay_read(&overlay, folder, name, &err), code);
	assert_int_equal(err.code, code);
	if (!strstr(err.text, why))
		fail_msg("%s", err.text);
}

static void what_is_no_overlay_is_refused_with_the_reason(void **state)
{
	struct recipe wrong = pair;

	(void)state;
	refuse("none", -ENOENT, "/none.dtbo: No such file or directory");
	refuse("../pair", -EINVAL, "'../pair' cannot be an overlay");
	write_bytes("text.dtbo", "hello\n", 6);
	refuse("text", -EINVAL, "/text.dtbo: not a device tree");
	write_bytes("empty.dtbo", "", 0);
	refuse("empty", -EINVAL, "not a device tree");
	/* What the fuzzer found: libfdt fell over a tree of this version. */
	(void)make(&pair);
	fdt_set_version(made, 2);
	write_bytes("old.dtbo", made, fdt_totalsize(made));
	refuse("old", -EINVAL, "not a device tree");
	wrong.has_no_fragment = true;
	write_recipe("tree.dtbo", &wrong);
	refuse("tree", -EINVAL, "a device tree, but not an overlay");
	wrong = pair;
	wrong.pin_count = 1;
	write_recipe("pins.dtbo", &wrong);
	refuse("pins", -EINVAL, "does not name as many pins as it sets pads");
	wrong.pinmuxes = OVERLAY_PADS + 1;
	write_recipe("pads.dtbo", &wrong);
	refuse("pads", -E2BIG, "sets more pads than there can be");
	assert_int_equal(mkdir(in_folder("folder.dtbo"), 0700), 0);
	refuse("folder", -EISDIR, "Is a directory");
}

static void a_cut_or_bent_file_is_read_or_refused(void **state)
{
	size_t size = make(&pair);
	char bytes[sizeof(made)];
	struct overlay overlay;

	(void)state;
	for (size_t i = 0; i < size; i++) {
		write_bytes("cut.dtbo", made, i);
		assert_int_equal(overlay_read(&overlay, folder, "cut", NULL), -EINVAL);
		for (unsigned bit = 0; bit < 8; bit += 7) {
			memcpy(bytes, made, size);
			bytes[i] = (char)(bytes[i] ^ 1 << bit);
			write_bytes("bent.dtbo", bytes, size);
			if (overlay_read(&overlay, folder, "bent", NULL) == 0)
				assert_in_range(overlay.count, 0, OVERLAY_PADS);
		}
	}
}

static void names_are_those_of_files_and_one_word(void **state)
{
	static const char *const good[] = { "i2c-1", "spi", "A.b_c+d,e@f", "0" };
	static const char *const bad[] = { "", ".", "..", "../x", "a/b", "a b", "-x", ".x",
					   "a\n", "a;b", "\xc3\xa4", "a=b" };
	char name[OVERLAY_NAME_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(overlay_is_name(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(overlay_is_name(bad[i]));
	memset(name, 'n', sizeof(name));
	name[OVERLAY_NAME_BYTES] = '\0';
	assert_false(overlay_is_name(name));
	name[OVERLAY_NAME_BYTES - 1] = '\0';
	assert_true(overlay_is_name(name));
}

static void a_folder_is_read_in_the_order_of_names(void **state)
{
	struct overlays overlays;
	struct atoll_error err;

	(void)state;
	assert_int_equal(overlays_read(&overlays, folder, &err), 0);
	assert_int_equal(overlays.count, 0);
	overlays_free(&overlays);
	write_recipe("b.dtbo", &pair);
	write_recipe("a.dtbo", &pair);
	write_bytes("README", "a", 1);
	write_bytes(".dtbo", "a", 1);
	assert_int_equal(overlays_read(&overlays, folder, &err), 0);
	assert_int_equal(overlays.count, 2);
	assert_string_equal(overlays.each[0].name, "a");
	assert_string_equal(overlays.each[1].name, "b");
	overlays_free(&overlays);
	write_bytes("c.dtbo", "a", 1);
	assert_int_equal(overlays_read(&overlays, folder, &err), -EINVAL);
	assert_non_null(strstr(err.text, "/c.dtbo: not a device tree"));
	assert_int_equal(overlays_read(&overlays, in_folder("none"), &err), -ENOENT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FOLDER(pads_pins_and_words_are_read),
		IN_FOLDER(an_overlay_of_somebody_else_has_pads_only),
		IN_FOLDER(words_are_cut_and_made_harmless),
		IN_FOLDER(what_is_no_overlay_is_refused_with_the_reason),
		IN_FOLDER(a_cut_or_bent_file_is_read_or_refused),
		cmocka_unit_test(names_are_those_of_files_and_one_word),
		IN_FOLDER(a_folder_is_read_in_the_order_of_names),
	};
	return CHECK_RUN(tests);
}
