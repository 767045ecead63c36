/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-tpu info and reset: what needs the device for a moment. */
#include "apps/tpu.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "apps/options.h"
#include "board/json.h"

/* What bringing it up has compared with the device's own. */
#define CHIP "089a"

static double megahertz(enum edgetpu_clock clock)
{
	return 62.5 * (1 << clock);
}

static void print_info(const struct tpu_device *tpu, const struct edgetpu_device_state *state,
		       int32_t millidegrees)
{
	printf("%s\n", tpu->name);
	printf("  chip         %s\n", CHIP);
	printf("  speed        %s\n", usb_speed_text(state->speed));
	printf("  clock        %g MHz (%s)\n", megahertz(state->clock),
	       edgetpu_clock_text(state->clock));
	printf("  temperature  %.1f C\n", millidegrees / 1000.0);
	if (tpu_needs_firmware(&tpu->found))
		printf("  firmware     loaded now, from %s\n", tpu->firmware->origin);
	else
		printf("  firmware     was running\n");
	printf("  heat         %" PRIu64 " warnings, %" PRIu64 " shutdowns\n",
	       state->heat_warnings, state->heat_shutdowns);
	printf("  errors       %" PRIu64 " fatal, %" PRIu64 " recoveries\n",
	       state->fatal_errors, state->halts_cleared + state->resets + state->reopens);
}

static void json_info(const struct tpu_device *tpu, const struct edgetpu_device_state *state,
		      int32_t millidegrees)
{
	struct atoll_json json = { .file = stdout };

	atoll_json_object(&json, NULL);
	atoll_json_string(&json, "name", tpu->name);
	atoll_json_string(&json, "chip", CHIP);
	atoll_json_string(&json, "speed", usb_speed_text(state->speed));
	atoll_json_string(&json, "clock", edgetpu_clock_text(state->clock));
	atoll_json_real(&json, "clock_mhz", megahertz(state->clock));
	atoll_json_integer(&json, "temperature_mc", millidegrees);
	atoll_json_string(&json, "firmware_loaded",
			  tpu_needs_firmware(&tpu->found) ? tpu->firmware->origin : NULL);
	atoll_json_integer(&json, "heat_warnings", (int64_t)state->heat_warnings);
	atoll_json_integer(&json, "heat_shutdowns", (int64_t)state->heat_shutdowns);
	atoll_json_integer(&json, "fatal_errors", (int64_t)state->fatal_errors);
	atoll_json_integer(&json, "halts_cleared", (int64_t)state->halts_cleared);
	atoll_json_integer(&json, "resets", (int64_t)state->resets);
	atoll_json_integer(&json, "reopens", (int64_t)state->reopens);
	atoll_json_end(&json);
}

int tpu_info(const struct tpu_settings *settings)
{
	struct tpu_device tpu = tpu_find(settings);
	struct edgetpu_device_state state;
	struct atoll_error err;
	int32_t millidegrees;
	int r;

	tpu_open(&tpu, settings);
	r = edgetpu_device_temperature(tpu.device, &millidegrees, &err);
	edgetpu_device_state(tpu.device, &state);
	if (r == 0 && settings->wants_json)
		json_info(&tpu, &state, millidegrees);
	else if (r == 0)
		print_info(&tpu, &state, millidegrees);
	else
		options_say("%s", err.text);
	tpu_close(&tpu);
	return r == 0 ? EXIT_SUCCESS : EXIT_COULD_NOT;
}

/* Opening begins with a reset, and ends with a device that is awake. */
int tpu_reset(const struct tpu_settings *settings)
{
	struct tpu_device tpu = tpu_find(settings);

	tpu_open(&tpu, settings);
	options_say("%s: was reset, and answers", tpu.name);
	tpu_close(&tpu);
	return EXIT_SUCCESS;
}
