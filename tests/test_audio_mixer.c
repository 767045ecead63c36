/* SPDX-License-Identifier: Apache-2.0 */
/* Presets, on a card with one control of each kind. */
#include "audio/mixer.h"

#include "audio/mixer_system.h"
#include "tests/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VOLUME, BOOST, MUX, SWITCH, SECOND_SWITCH, STATE, BYTES, CONTROLS };
enum { UNSET = -999 };

static const struct mixer_control card[CONTROLS] = {
	[VOLUME] = { 1, "PGA Capture Volume", MIXER_NUMBER, 2, 0, 5, 0, true },
	[BOOST] = { 2, "Boost = Loud", MIXER_NUMBER, 1, -12, 12, 0, true },
	[MUX] = { 3, "AIF TX Mux", MIXER_CHOICE, 1, 0, 0, 3, true },
	[SWITCH] = { 4, "Capture Switch", MIXER_SWITCH, 2, 0, 0, 0, true },
	[SECOND_SWITCH] = { 5, "Capture Switch", MIXER_SWITCH, 2, 0, 0, 0, true },
	[STATE] = { 6, "Jack", MIXER_SWITCH, 1, 0, 0, 0, false },
	[BYTES] = { 7, "Coefficients", MIXER_OTHER, 64, 0, 0, 0, true },
};

static struct {
	int64_t value[CONTROLS];
	int open_error, list_error, item_error, set_error;
	int opened, sets;
} fake;

static int fake_open(const char *name, struct mixer **mixer)
{
	assert_string_equal(name, "hw:0");
	if (fake.open_error)
		return fake.open_error;
	*mixer = NULL;
	fake.opened++;
	return 0;
}

static void fake_close(struct mixer *mixer)
{
	(void)mixer;
	fake.opened--;
}

static int fake_list(struct mixer *mixer, struct mixer_control **controls, uint32_t *count)
{
	(void)mixer;
	if (fake.list_error)
		return fake.list_error;
	*controls = malloc(sizeof(card));
	memcpy(*controls, card, sizeof(card));
	*count = CONTROLS;
	return 0;
}

static int fake_item(struct mixer *mixer, const struct mixer_control *control, uint32_t item,
		     char *name, size_t size)
{
	static const char *const names[] = { "Analog MIC", "Digital MIC", "2" };

	(void)mixer;
	assert_int_equal(control->number, card[MUX].number);
	assert_true(item < 3);
	if (fake.item_error)
		return fake.item_error;
	(void)strncpy(name, names[item], size);
	return 0;
}

static int fake_set(struct mixer *mixer, const struct mixer_control *control, int64_t value)
{
	(void)mixer;
	if (fake.set_error)
		return fake.set_error;
	fake.sets++;
	fake.value[control->number - 1] = value;
	return 0;
}

static const struct mixer_system system_of_fakes = {
	fake_open, fake_close, fake_list, fake_item, fake_set,
};

static int reset(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	for (int i = 0; i < CONTROLS; i++)
		fake.value[i] = UNSET;
	return 0;
}

static int is_clean(void **state)
{
	(void)state;
	assert_int_equal(fake.opened, 0);
	return 0;
}

static void apply(const char *preset)
{
	struct atoll_error err = { 0 };

	if (mixer_apply_on(&system_of_fakes, "hw:0", preset, &err) < 0)
		fail_msg("%s", err.text);
}

static void assert_refused(const char *preset, int code, const char *sentence)
{
	struct atoll_error err = { 0 };
	int sets = fake.sets;

	assert_int_equal(mixer_apply_on(&system_of_fakes, "hw:0", preset, &err), code);
	assert_string_equal(err.text, sentence);
	assert_int_equal(mixer_apply_on(&system_of_fakes, "hw:0", preset, NULL), code);
	assert_int_equal(fake.sets, sets);
}

static void all_of_a_preset_is_set_and_nothing_else(void **state)
{
	(void)state;
	apply(" PGA Capture Volume=4; AIF TX Mux = Digital MIC ;\tCapture Switch=on;");
	assert_int_equal(fake.value[VOLUME], 4);
	assert_int_equal(fake.value[MUX], 1);
	assert_int_equal(fake.value[BOOST], UNSET);
	assert_int_equal(fake.value[STATE], UNSET);
	apply("");
	apply(" ; ");
	assert_int_equal(fake.sets, 4);
}

static void controls_of_one_name_are_all_set(void **state)
{
	(void)state;
	apply("Capture Switch=off");
	assert_int_equal(fake.value[SWITCH], 0);
	assert_int_equal(fake.value[SECOND_SWITCH], 0);
}

static void the_last_of_two_values_counts(void **state)
{
	(void)state;
	apply("PGA Capture Volume=1;PGA Capture Volume=2");
	assert_int_equal(fake.value[VOLUME], 2);
	assert_int_equal(fake.sets, 1);
}

static void numbers_may_be_shares_of_their_range(void **state)
{
	static const struct { const char *text; int64_t value; } cases[] = {
		{ "0%", 0 }, { "100%", 5 }, { "75%", 4 }, { "50%", 3 }, { "5", 5 }, { "0", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char preset[64] = "PGA Capture Volume=";

		apply(strcat(preset, cases[i].text));
		assert_int_equal(fake.value[VOLUME], cases[i].value);
	}
}

static void choices_go_by_name_or_number(void **state)
{
	(void)state;
	apply("AIF TX Mux=analog mic");
	assert_int_equal(fake.value[MUX], 0);
	apply("AIF TX Mux=1");
	assert_int_equal(fake.value[MUX], 1);
	apply("AIF TX Mux=2"); /* both */
	assert_int_equal(fake.value[MUX], 2);
}

static void switches_are_on_or_off(void **state)
{
	(void)state;
	apply("Capture Switch=ON");
	assert_int_equal(fake.value[SWITCH], 1);
	apply("Capture Switch=0");
	assert_int_equal(fake.value[SWITCH], 0);
	apply("Capture Switch=1");
	assert_int_equal(fake.value[SWITCH], 1);
}

static void what_does_not_fit_is_named_and_nothing_is_set(void **state)
{
	static const char *const wrong[] = { "6", "-1", "101%", "-1%", "4x", "", "%", "on",
					     "99999999999999999999" };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char preset[96] = "Capture Switch=on;PGA Capture Volume=", sentence[160];

		strcat(preset, wrong[i]);
		snprintf(sentence, sizeof(sentence),
			 "mixer: hw:0: PGA Capture Volume: '%s' is not "
			 "within 0 to 5, nor 0%% to 100%%",
			 wrong[i]);
		assert_refused(preset, -EINVAL, sentence);
	}
	assert_refused("Capture Switch=on;AIF TX Mux=Line", -EINVAL,
		       "mixer: hw:0: AIF TX Mux: 'Line' is not one of Analog MIC, "
		       "Digital MIC, 2");
	assert_refused("AIF TX Mux=3", -EINVAL,
		       "mixer: hw:0: AIF TX Mux: '3' is not one of Analog MIC, Digital "
		       "MIC, 2");
	assert_refused("Capture Switch=2", -EINVAL,
		       "mixer: hw:0: Capture Switch: '2' is not on or off");
	assert_refused("Capture Switch=on;Coefficients=1", -EINVAL,
		       "mixer: hw:0: Coefficients: is no number, switch or choice");
	assert_refused("Capture Switch=on;Jack=on", -EPERM,
		       "mixer: hw:0: Jack: can only be read");
	assert_refused("Capture Switch=on;Gain=1", -ENOENT,
		       "mixer: hw:0: there is no control 'Gain'");
	assert_refused("Capture Switch=on;Capture", -EINVAL,
		       "mixer: 'Capture' is not NAME=VALUE");
	assert_refused("=4", -ENOENT, "mixer: hw:0: there is no control ''");
}

static void what_the_card_says_is_told(void **state)
{
	(void)state;
	fake.set_error = -EIO;
	assert_refused("PGA Capture Volume=4", -EIO,
		       "mixer: hw:0: PGA Capture Volume: Input/output error");
	fake.item_error = -EIO;
	assert_refused("AIF TX Mux=4", -EIO,
		       "mixer: hw:0: AIF TX Mux: item 0: Input/output error");
	fake.list_error = -ENOMEM;
	assert_refused("PGA Capture Volume=4", -ENOMEM,
		       "mixer: hw:0: list: Cannot allocate memory");
	fake.open_error = -EACCES;
	assert_refused("PGA Capture Volume=4", -EACCES,
		       "mixer: hw:0: no permission; is the user in the group audio?");
	fake.open_error = -ENODEV;
	assert_refused("PGA Capture Volume=4", -ENODEV, "mixer: hw:0: there is no such card");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reset, is_clean)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(all_of_a_preset_is_set_and_nothing_else),
		TEST(controls_of_one_name_are_all_set),
		TEST(the_last_of_two_values_counts),
		TEST(numbers_may_be_shares_of_their_range),
		TEST(choices_go_by_name_or_number),
		TEST(switches_are_on_or_off),
		TEST(what_does_not_fit_is_named_and_nothing_is_set),
		TEST(what_the_card_says_is_told),
	};

	return CHECK_RUN(tests);
}
