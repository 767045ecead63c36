/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/tpu_rule.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"

static char root[64];

static int enter(void **state)
{
	(void)state;
	strcpy(root, "/tmp/atoll-rules-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int delete(const char *path, const struct stat *s, int kind, struct FTW *where)
{
	(void)s, (void)kind, (void)where;
	return remove(path);
}

static int leave(void **state)
{
	(void)state;
	return nftw(root, delete, 8, FTW_DEPTH | FTW_PHYS);
}

/* A file of rules, "/etc/udev/rules.d/60-x.rules", and the folders above it. */
static void write_rules(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s%s", root, name);
	for (char *at = path + strlen(root) + 1; *at; at++)
		if (*at == '/') {
			*at = '\0';
			(void)mkdir(path, 0755); /* it may be there already */
			*at = '/';
		}
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_not_equal(fputs(text, file), EOF);
	assert_int_equal(fclose(file), 0);
}

static bool finds(const char *name)
{
	struct tpu_rule rule;

	return tpu_rule_find(root, 0x18d1, 0x9302, &rule) &&
	       strcmp(rule.path + strlen(root), name) == 0;
}

static bool finds_none(void)
{
	struct tpu_rule rule;

	return !tpu_rule_find(root, 0x18d1, 0x9302, &rule);
}

#define HERE "/etc/udev/rules.d/60-here.rules"

static void a_rule_names_the_device(void **state)
{
	(void)state;
	assert_true(finds_none());
	write_rules("/usr/lib/udev/rules.d/50-other.rules",
		    "SUBSYSTEM==\"usb\", ATTR{idVendor}==\"0403\", MODE=\"0666\"\n");
	assert_true(finds_none());
	write_rules(HERE, "SUBSYSTEM==\"usb\", ATTR{idVendor}==\"18d1\", "
		    "ATTR{idProduct}==\"9302\", GROUP=\"plugdev\"\n");
	assert_true(finds(HERE));
}

static void a_rule_may_name_the_vendor_only(void **state)
{
	(void)state;
	write_rules(HERE, "SUBSYSTEM==\"usb\",ATTRS{idVendor}==\"1a6e\",GROUP=\"plugdev\"\n"
		    "SUBSYSTEM==\"usb\",ATTRS{idVendor}==\"18d1\",GROUP=\"plugdev\"\n");
	assert_true(finds(HERE));
}

static void a_rule_may_go_on_over_several_lines(void **state)
{
	(void)state;
	write_rules(HERE, "ATTR{idVendor}==\"18d1\", \\\n  ATTR{idProduct}==\"9302\", \\\n"
		    "# a remark between\n"
		    "  MODE=\"0660\"");
	assert_true(finds(HERE));
	write_rules(HERE, "ATTR{idVendor}==\"18d1\", \\\n  ATTR{idProduct}==\"9302\"\n"
		    "  MODE=\"0660\"");
	assert_true(finds_none());
}

static void another_product_of_the_vendor_is_another_device(void **state)
{
	(void)state;
	write_rules(HERE, "ATTR{idVendor}==\"18d1\", ATTR{idProduct}==\"4ee1\", MODE=\"0660\"\n"
		    "ATTR{idVendor}==\"1234\", ATTR{idProduct}==\"9302\", MODE=\"0660\"\n");
	assert_true(finds_none());
}

static void a_rule_about_something_else_than_rights_does_not_count(void **state)
{
	(void)state;
	write_rules(HERE, "ATTR{idVendor}==\"18d1\", ATTR{power/autosuspend}=\"-1\"\n"
		    "  # ATTR{idVendor}==\"18d1\", MODE=\"0660\"\n");
	assert_true(finds_none());
}

static void who_sits_at_the_machine_is_told_from_a_group(void **state)
{
	struct tpu_rule rule;

	(void)state;
	write_rules(HERE, "ATTR{idVendor}==\"18d1\", TAG+=\"uaccess\"\n");
	assert_true(tpu_rule_find(root, 0x18d1, 0x9302, &rule));
	assert_true(rule.is_for_seat);
	write_rules(HERE, "ATTR{idVendor}==\"18d1\", MODE=\"0660\", TAG+=\"uaccess\"\n");
	assert_true(tpu_rule_find(root, 0x18d1, 0x9302, &rule));
	assert_false(rule.is_for_seat);
}

static void only_files_of_rules_are_read(void **state)
{
	(void)state;
	write_rules("/etc/udev/rules.d/60-here.rules.bak",
		    "ATTR{idVendor}==\"18d1\", MODE=\"0660\"\n");
	write_rules("/etc/udev/rules.d/.rules", "ATTR{idVendor}==\"18d1\", MODE=\"0660\"\n");
	assert_true(finds_none());
}

/* What an administrator does to have none of a package's rules. */
static void a_file_hides_others_of_its_name(void **state)
{
	(void)state;
	write_rules("/usr/lib/udev/rules.d/60-here.rules",
		    "ATTR{idVendor}==\"18d1\", MODE=\"0660\"\n");
	assert_true(finds("/usr/lib/udev/rules.d/60-here.rules"));
	write_rules(HERE, "");
	assert_true(finds_none());
}

/* Those of package atoll-common, before the device has its firmware and after. */
static void our_own_rules_are_found(void **state)
{
	struct tpu_rule rule;
	char text[8192];
	FILE *file = fopen("debian/atoll-common.udev", "r");

	(void)state;
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	assert_int_equal(fclose(file), 0);
	write_rules("/usr/lib/udev/rules.d/60-atoll-common.rules", text);
	assert_true(finds("/usr/lib/udev/rules.d/60-atoll-common.rules"));
	assert_true(tpu_rule_find(root, 0x1a6e, 0x089a, &rule));
	assert_false(rule.is_for_seat);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_rule_names_the_device),
		TEST(a_rule_may_name_the_vendor_only),
		TEST(a_rule_may_go_on_over_several_lines),
		TEST(another_product_of_the_vendor_is_another_device),
		TEST(a_rule_about_something_else_than_rights_does_not_count),
		TEST(who_sits_at_the_machine_is_told_from_a_group),
		TEST(only_files_of_rules_are_read),
		TEST(a_file_hides_others_of_its_name),
		TEST(our_own_rules_are_found),
	};
	return CHECK_RUN(tests);
}
