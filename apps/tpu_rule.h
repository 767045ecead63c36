/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_TPU_RULE_H
#define ATOLL_APPS_TPU_RULE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The udev rule that says who may use a USB device.
 *
 *	struct tpu_rule rule;
 *
 *	if (tpu_rule_find("", 0x18d1, 0x9302, &rule))
 *		printf("%s is about it\n", rule.path);
 *
 * Rules are not carried out: one is about a device when it names the vendor, no
 * other product, and a mode, a group or whoever sits at the machine.
 */
struct tpu_rule {
	char path[256];
	bool is_for_seat;  /* "uaccess": for who is logged in at the machine itself */
};

/* The first in the folders of udev below `root`, files of one name hiding those in
   folders behind. `rule` is written only when there is one. */
bool tpu_rule_find(const char *root, uint16_t vendor, uint16_t product,
		   struct tpu_rule *rule);

#endif
