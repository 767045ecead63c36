/* SPDX-License-Identifier: Apache-2.0 */
#include "board/led.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "board/sysfs.h"

/* The kernel's list of triggers is one for each CPU, network and disk as well, and
   passes a page on large machines. */
#define TRIGGERS_BYTES 16384

#define LEDS_MAX 256

static int find_folder(char path[SYSFS_PATH_BYTES], const char *sysfs, const char *name,
		       struct atoll_error *err)
{
	char leds[SYSFS_PATH_BYTES];
	int r = sysfs_path(leds, sysfs ? sysfs : "/sys", "class/leds", err);

	if (r < 0 || !name)
		return r < 0 ? r : snprintf(path, SYSFS_PATH_BYTES, "%s", leds);
	if (!*name || *name == '.' || strchr(name, '/'))
		return atoll_error_set(err, -ENOENT, "led: '%s' is not a name", name);
	return sysfs_path(path, leds, name, err);
}

/* Of "none timer [heartbeat]" the one in brackets. */
static void pick_trigger(char *triggers, char *trigger, size_t room)
{
	char *begin = strchr(triggers, '['), *end = begin ? strchr(begin, ']') : NULL;

	if (!end)
		return;
	*end = '\0';
	(void)snprintf(trigger, room, "%s", begin + 1);
}

/* One that has no brightness is no LED. */
static int look(const char *folder, const char *name, struct atoll_led *led,
		struct atoll_error *err)
{
	char triggers[TRIGGERS_BYTES];
	int64_t now, most = 255; /* LED_FULL of the kernel */
	int r = sysfs_number(folder, "brightness", 0, UINT32_MAX, &now, err);

	if (r < 0)
		return r;
	r = sysfs_number(folder, "max_brightness", 1, UINT32_MAX, &most, err);
	if (r < 0 && r != -ENOENT)
		return r;
	*led = (struct atoll_led){
		.brightness = (uint32_t)now, .brightness_max = (uint32_t)most };
	(void)snprintf(led->name, sizeof(led->name), "%s", name);
	strcpy(led->trigger, "none");
	/* A kernel without triggers has no such file. */
	if (sysfs_text(folder, "trigger", triggers, sizeof(triggers), NULL) > 0)
		pick_trigger(triggers, led->trigger, sizeof(led->trigger));
	return 0;
}

ATOLL_API int atoll_led_list(const char *sysfs, struct atoll_led *leds, uint32_t room,
			     struct atoll_error *err)
{
	char names[LEDS_MAX][SYSFS_NAME_BYTES], all[SYSFS_PATH_BYTES], path[SYSFS_PATH_BYTES];
	int found, r = find_folder(all, sysfs, NULL, err);
	uint32_t count = 0;

	if (r < 0)
		return r;
	found = sysfs_list(all, "", names, LEDS_MAX, err);
	for (int i = 0; i < found && count < room; i++)
		if (sysfs_path(path, all, names[i], NULL) == 0 &&
		    look(path, names[i], &leds[count], NULL) == 0)
			count++;
	return found < 0 ? found : (int)count;
}

/* A LED that is there but cannot be read is told as such, not as missing. */
static int find(char path[SYSFS_PATH_BYTES], const char *sysfs, const char *name,
		struct atoll_led *led, struct atoll_error *err)
{
	struct atoll_error why;
	int r = find_folder(path, sysfs, name, err);

	if (r < 0)
		return r;
	r = look(path, name, led, &why);
	if (r == -ENOENT || r == -ENOTDIR)
		return atoll_error_set(err, -ENOENT, "led: no LED is called %s", name);
	return r < 0 ? atoll_error_set(err, r, "led: %s", why.text) : 0;
}

static int tell(struct atoll_error *err, int r)
{
	if (r < 0)
		(void)atoll_error_prefix(err, "led");
	return r;
}

ATOLL_API int atoll_led_set(const char *sysfs, const char *name, double share,
			    struct atoll_error *err)
{
	char path[SYSFS_PATH_BYTES];
	struct atoll_led led;
	double brightness;
	int r;

	if (!(share >= 0 && share <= 1))
		return atoll_error_set(err, -EINVAL, "led: %s: %g is not within 0 to 1", name,
				       share);
	r = find(path, sysfs, name, &led, err);
	if (r < 0)
		return r;
	/* The trigger first: it would go on, with the new brightness. */
	if (strcmp(led.trigger, "none") != 0)
		r = sysfs_put(path, "trigger", "none", err);
	brightness = round(share * led.brightness_max);
	if (share > 0 && brightness < 1)
		brightness = 1; /* a little is not nothing */
	if (r == 0)
		r = sysfs_put_number(path, "brightness", (uint64_t)brightness, err);
	return tell(err, r);
}

ATOLL_API int atoll_led_trigger(const char *sysfs, const char *name, const char *trigger,
				struct atoll_error *err)
{
	char path[SYSFS_PATH_BYTES];
	struct atoll_led led;
	int r = find(path, sysfs, name, &led, err);

	if (r < 0)
		return r;
	r = sysfs_put(path, "trigger", trigger, err);
	if (r == -EINVAL)
		return atoll_error_set(err, r,
				       "led: %s: this kernel has no trigger '%.40s'",
				       name, trigger);
	return tell(err, r);
}
