/* SPDX-License-Identifier: Apache-2.0 */
/* GPIO chips are found by what they are: their numbers change from boot to boot. */
#include "board/gpio_system.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *gpio_place_name(const struct atoll_chip_place *place)
{
	return place->alias ? place->alias : place->label ? place->label :
	       place->parent ? place->parent : "no name";
}

/* Is one of the folders on the way to the chip called so? */
static bool is_below(const char *device, const char *parent)
{
	size_t length = strlen(parent);

	for (const char *at = device; (at = strstr(at, parent)); at++)
		if (at > device && at[-1] == '/' && at[length] == '/')
			return true;
	return false;
}

static bool fits(const struct gpio_chip *chip, const struct atoll_chip_place *place)
{
	if (place->parent && !is_below(chip->device, place->parent))
		return false;
	if (chip->trouble)
		return true; /* for all we know */
	return (!place->label || strcmp(chip->label, place->label) == 0) &&
	       (!place->lines || chip->lines == place->lines);
}

/* "device 1000b000.pinctrl, label "header", 64 lines" */
static void describe(const struct atoll_chip_place *place, char *text, size_t size)
{
	char lines[24] = "";

	if (place->lines)
		(void)snprintf(lines, sizeof(lines), ", %u lines", place->lines);
	(void)snprintf(text, size, "%s%s%s%s%s%s%s",
		       place->parent ? "device " : "", place->parent ? place->parent : "",
		       place->parent && place->label ? ", " : "",
		       place->label ? "label \"" : "", place->label ? place->label : "",
		       place->label ? "\"" : "", lines);
}

/* Of a chip that cannot be looked at. */
static int is_closed(const struct gpio_chip *chip, const char *name, struct atoll_error *err)
{
	if (chip->trouble != -EACCES && chip->trouble != -EPERM)
		return atoll_error_set(err, chip->trouble, "gpio: %s: %s: %s", name, chip->node,
				       strerror(-chip->trouble));
	if (!chip->group[0])
		return atoll_error_set(err, -EACCES, "gpio: %s: %s is for root alone", name,
				       chip->node);
	return atoll_error_set(err, -EACCES,
			       "gpio: %s: %s is for group %s, which this user is not in",
			       name, chip->node, chip->group);
}

int gpio_find(const struct gpio_system *system, const struct atoll_chip_place *place,
	      struct gpio_chip *chip, struct atoll_error *err)
{
	const struct gpio_chip *found = NULL, *closed = NULL;
	struct gpio_chip list[GPIO_CHIPS_MAX];
	const char *name = gpio_place_name(place);
	int count = system->list(list, GPIO_CHIPS_MAX);
	char what[96];

	if (count < 0)
		return atoll_error_set(err, count, "gpio: %s: looking for chips: %s", name,
				       strerror(-count));
	if (!place->parent && !place->label)
		return atoll_error_set(err, -EINVAL,
				       "gpio: %s: a chip is found by its device or label, and "
				       "neither is known", name);
	describe(place, what, sizeof(what));
	for (int i = 0; i < count && i < GPIO_CHIPS_MAX; i++) {
		if (!fits(&list[i], place))
			continue;
		if (list[i].trouble) {
			closed = &list[i];
			continue;
		}
		if (found)
			return atoll_error_set(err, -ENOTUNIQ, "gpio: %s: %s and %s are both %s",
					       name, found->node, list[i].node, what);
		found = &list[i];
	}
	if (!found && closed)
		return is_closed(closed, name, err);
	if (!found)
		return atoll_error_set(err, -ENODEV, "gpio: %s: of %d GPIO chips none is %s", name,
				       count, what);
	*chip = *found;
	return 0;
}
