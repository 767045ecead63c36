/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/power_watch.h"

#include <string.h>

#include "tests/check.h"
#include "tests/folder.h"
#include "tests/terminal.h"
#include "tests/tree.h"

#define CPU "sys/devices/system/cpu/cpufreq/policy0/"
#define ZONE "sys/class/thermal/thermal_zone"

static struct terminal seen;

static void watch(uint32_t rows, uint32_t columns)
{
	const struct power_watch watch = { .root = folder, .interval_ms = 1, .count = 3 };

	terminal_begin(rows, columns);
	power_watch(&watch);
	terminal_end(&seen);
	assert_false(seen.has_wrapped || seen.has_scrolled || seen.is_odd);
	assert_true(seen.has_cursor);
	assert_int_equal(seen.drawings, 3);
}

static int warm_machine(void **state)
{
	if (folder_make(state) != 0)
		return -1;
	tree_put(CPU "affected_cpus", "0\n");
	tree_put(CPU "scaling_cur_freq", "750000\n");
	tree_put(CPU "cpuinfo_max_freq", "1500000\n");
	tree_put(ZONE "0/type", "cpu-thermal\n");
	tree_put(ZONE "0/temp", "65000\n"); /* half way from 20 to 110 */
	tree_put(ZONE "1/type", "a\033[2Jname that is too long\n");
	return 0;
}

#define WARM(test) cmocka_unit_test_setup_teardown(test, warm_machine, folder_remove)

static void each_value_has_a_plot_beside_it(void **state)
{
	(void)state;
	watch(17, 50);
	assert_string_equal(seen.row[3], "busy               unknown");
	assert_string_equal(seen.row[5], "");
	assert_string_equal(seen.row[6], "                                              :::");
	assert_string_equal(seen.row[7], "CPU                750 MHz                    ###");
	assert_string_equal(seen.row[11], "cpu-thermal         65.0 C                    ###");
	/* What cannot be read has no name either. */
	assert_string_equal(seen.row[15], "                   unknown");
}

static void a_small_terminal_gets_what_fits(void **state)
{
	(void)state;
	watch(6, 40);
	assert_string_equal(seen.row[1], "CPU                750 MHz          :::");
	assert_string_equal(seen.row[2], "cpu-thermal         65.0 C          :::");
	watch(3, 20);
	assert_string_equal(seen.row[1], "CPU");
	assert_string_equal(seen.row[2], "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WARM(each_value_has_a_plot_beside_it),
		WARM(a_small_terminal_gets_what_fits),
	};

	return CHECK_RUN(tests);
}
