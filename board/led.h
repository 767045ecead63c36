/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_LED_H
#define ATOLL_BOARD_LED_H

#include <stdint.h>

#include "board/error.h"

/*
 * The kernel's LEDs.
 *
 *	struct atoll_led leds[16];
 *	int count = atoll_led_list(NULL, leds, 16, &err);
 *
 *	r = atoll_led_set(NULL, leds[0].name, 1.0, &err);
 *	r = atoll_led_trigger(NULL, leds[0].name, "heartbeat", &err);
 *
 * `sysfs` is "/sys" where NULL.
 */
struct atoll_led {
	char name[64];           /* "green:status" */
	uint32_t brightness, brightness_max;
	char trigger[32];        /* what switches it, "none" */
};

/* At most `room` of them; how many there are, 0 without any. */
int atoll_led_list(const char *sysfs, struct atoll_led *leds, uint32_t room,
		   struct atoll_error *err);
/* From 0 off to 1; whatever triggered it does no more. -ENOENT, -EACCES. */
int atoll_led_set(const char *sysfs, const char *name, double share,
		  struct atoll_error *err);
int atoll_led_trigger(const char *sysfs, const char *name, const char *trigger,
		      struct atoll_error *err);

#endif
