/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_CAMERA_CONTROLS_H
#define ATOLL_CAMERA_CONTROLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "camera/capture.h"

/*
 * A camera's knobs, by name.
 *
 *	struct atoll_controls *controls = atoll_controls_open("/dev/video0", &err);
 *
 *	for (size_t i = 0; i < atoll_controls_count(controls); i++)
 *		puts(atoll_controls_at(controls, i)->name);
 *	atoll_controls_set(controls, "brightness", "128", &err);
 *	atoll_controls_close(controls);
 *
 * Works while the camera streams, here or in another program. A name is the
 * driver's in small letters with underscores ("white_balance_automatic").
 */
enum atoll_control_kind {
	ATOLL_CONTROL_INTEGER,
	ATOLL_CONTROL_BOOLEAN, /* 0 or 1 */
	ATOLL_CONTROL_MENU,    /* one of its choices */
	ATOLL_CONTROL_BUTTON,  /* any value presses it */
	ATOLL_CONTROL_TEXT,
	ATOLL_CONTROL_OTHER,   /* listed, neither read nor set here */
};

struct atoll_control {
	char name[48];
	enum atoll_control_kind kind;
	int64_t low, high, step, standard, value; /* of numbers and menus; a text's
					  low and high are its length */
	bool is_read_only, is_inactive; /* inactive: another control rules it out */
	size_t choices;                 /* of a menu */
	const struct atoll_control_choice {
		int64_t value;
		char name[32];
	} *choice;
	const char *text;               /* of a text; "" for the others */
};

struct atoll_controls;

/* "integer", "boolean", "menu", "button", "text", "other". */
const char *atoll_control_kind_name(enum atoll_control_kind kind);

/* NULL with what the driver said, or -ENOMEM. */
struct atoll_controls *atoll_controls_open(const char *path, struct atoll_error *err);

/* NULL is allowed. */
void atoll_controls_close(struct atoll_controls *controls);

/* How many it has, those that are neither read nor set among them. */
size_t atoll_controls_count(const struct atoll_controls *controls);

/* With its value read just now. NULL past the end. Lives until the next call. */
const struct atoll_control *atoll_controls_at(struct atoll_controls *controls, size_t i);

/*
 * Set the control called `name`; `value` is a number, "on" or "off" for a
 * boolean, a choice's name or else its number for a menu, the text of a text.
 * Names are read in either case. -ENOENT for an unknown name, -EINVAL and -ERANGE
 * for a value that does not fit, with a sentence that says what does; -EACCES for
 * a control that is read-only or ruled out by another; -EBUSY for one that is
 * locked while the camera streams; -ENODEV.
 */
int atoll_controls_set(struct atoll_controls *controls, const char *name,
		       const char *value, struct atoll_error *err);

#endif
