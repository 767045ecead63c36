/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/controls.h"

#include "camera/device.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <linux/videodev2.h>

/* Drivers say where their lists end; one that does not is stopped here. */
enum { CONTROLS_MAX = 1024, CHOICES_MAX = 1024, TEXT_MAX = 4096 };

struct control {
	struct atoll_control shown;
	uint32_t id, type, flags;
	struct atoll_control_choice *choice;
	char *text; /* high + 1 bytes */
};

struct atoll_controls {
	const struct camera_device *device;
	int fd;
	char path[64];
	struct control *control;
	size_t count, room;
};

/*
 * "White Balance, Automatic" becomes "white_balance_automatic": letters and
 * digits, and an underscore for whatever stands between them. The same names as
 * v4l2-ctl's.
 */
static void write_name(const char *said, size_t size, char name[48])
{
	size_t length = 0;
	bool is_between = false;

	for (size_t i = 0; i < size && said[i]; i++) {
		unsigned char letter = (unsigned char)said[i];

		if (letter >= 0x80 || !isalnum(letter)) {
			is_between = length > 0;
			continue;
		}
		if (is_between)
			name[length++] = '_';
		is_between = false;
		name[length++] = (char)tolower(letter);
	}
	name[length] = '\0';
}

static enum atoll_control_kind kind_of(const struct v4l2_query_ext_ctrl *query)
{
	if (query->elems > 1 || query->nr_of_dims > 0)
		return ATOLL_CONTROL_OTHER;
	switch (query->type) {
	case V4L2_CTRL_TYPE_INTEGER:
	case V4L2_CTRL_TYPE_INTEGER64:
	case V4L2_CTRL_TYPE_BITMASK: return ATOLL_CONTROL_INTEGER;
	case V4L2_CTRL_TYPE_BOOLEAN: return ATOLL_CONTROL_BOOLEAN;
	case V4L2_CTRL_TYPE_MENU:
	case V4L2_CTRL_TYPE_INTEGER_MENU: return ATOLL_CONTROL_MENU;
	case V4L2_CTRL_TYPE_BUTTON: return ATOLL_CONTROL_BUTTON;
	case V4L2_CTRL_TYPE_STRING: return ATOLL_CONTROL_TEXT;
	default: return ATOLL_CONTROL_OTHER;
	}
}

static int ask(const struct atoll_controls *controls, unsigned long request, void *argument)
{
	return controls->device->ioctl(controls->fd, request, argument);
}

/* The choices a menu has; drivers leave numbers out. */
static int read_choices(const struct atoll_controls *controls, struct control *control)
{
	struct atoll_control *shown = &control->shown;
	int64_t last = shown->high;

	if (shown->low < 0 || last < shown->low)
		return 0;
	if (last - shown->low >= CHOICES_MAX)
		last = shown->low + CHOICES_MAX - 1;
	control->choice = calloc((size_t)(last - shown->low) + 1, sizeof(*control->choice));
	if (!control->choice)
		return -ENOMEM;
	for (int64_t i = shown->low; i <= last; i++) {
		struct v4l2_querymenu item = { .id = control->id, .index = (uint32_t)i };
		struct atoll_control_choice *choice = &control->choice[shown->choices];

		if (ask(controls, VIDIOC_QUERYMENU, &item) < 0)
			continue;
		choice->value = i;
		if (control->type == V4L2_CTRL_TYPE_INTEGER_MENU)
			(void)snprintf(choice->name, sizeof(choice->name), "%lld",
				       (long long)item.value);
		else
			camera_copy_text(choice->name, sizeof(choice->name), item.name,
					 sizeof(item.name));
		shown->choices++;
	}
	shown->choice = control->choice;
	return 0;
}

static void take_flags(struct control *control, uint32_t flags)
{
	control->flags = flags;
	control->shown.is_read_only = flags & V4L2_CTRL_FLAG_READ_ONLY;
	control->shown.is_inactive = flags & V4L2_CTRL_FLAG_INACTIVE;
}

static int add(struct atoll_controls *controls, const struct v4l2_query_ext_ctrl *query)
{
	struct control *control;

	if (controls->count == controls->room) {
		size_t room = controls->room ? 2 * controls->room : 32;

		control = realloc(controls->control, room * sizeof(*control));
		if (!control)
			return -ENOMEM;
		controls->control = control;
		controls->room = room;
	}
	control = &controls->control[controls->count++];
	*control = (struct control){
		.id = query->id,
		.type = query->type,
		.shown = {
			.kind = kind_of(query),
			.low = query->minimum,
			.high = query->maximum,
			.step = query->step > INT64_MAX ? INT64_MAX : (int64_t)query->step,
			.standard = query->default_value,
			.value = query->default_value,
			.text = "",
		},
	};
	write_name(query->name, sizeof(query->name), control->shown.name);
	take_flags(control, query->flags);
	if (query->type == V4L2_CTRL_TYPE_BITMASK) { /* unsigned, any bit of high */
		control->shown.high = (uint32_t)query->maximum;
		control->shown.standard = (uint32_t)query->default_value;
	}
	if (control->shown.kind == ATOLL_CONTROL_MENU)
		return read_choices(controls, control);
	if (control->shown.kind != ATOLL_CONTROL_TEXT)
		return 0;
	if (query->maximum < 0 || query->maximum > TEXT_MAX) {
		control->shown.kind = ATOLL_CONTROL_OTHER;
		return 0;
	}
	control->text = calloc(1, (size_t)query->maximum + 1);
	return control->text ? 0 : -ENOMEM;
}

static int read_list(struct atoll_controls *controls)
{
	const uint32_t next = V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND;
	struct v4l2_query_ext_ctrl query = { .id = next };
	uint32_t last = 0;
	int r;

	while (controls->count < CONTROLS_MAX) {
		r = ask(controls, VIDIOC_QUERY_EXT_CTRL, &query);
		if (r < 0) /* -EINVAL: the end; -ENOTTY: there are none */
			return r == -EINVAL || r == -ENOTTY ? 0 : r;
		if (query.id <= last)
			return 0; /* it goes round in circles */
		last = query.id;
		if (query.type != V4L2_CTRL_TYPE_CTRL_CLASS &&
		    !(query.flags & V4L2_CTRL_FLAG_DISABLED)) {
			r = add(controls, &query);
			if (r < 0)
				return r;
		}
		query = (struct v4l2_query_ext_ctrl){ .id = last | next };
	}
	return 0;
}

struct atoll_controls *camera_controls_on(const struct camera_device *device,
					  const char *path, struct atoll_error *err)
{
	struct atoll_controls *controls = calloc(1, sizeof(*controls));
	int r = -ENOMEM;

	if (!controls)
		goto fail;
	controls->device = device;
	(void)snprintf(controls->path, sizeof(controls->path), "%s", atoll_error_path(path));
	r = device->open(path);
	controls->fd = r;
	if (r >= 0)
		r = read_list(controls);
	if (r == 0)
		return controls;
fail:
	atoll_error_set(err, r, "camera: %s: controls: %s", atoll_error_path(path),
			strerror(-r));
	atoll_controls_close(controls);
	return NULL;
}

ATOLL_API struct atoll_controls *atoll_controls_open(const char *path,
						     struct atoll_error *err)
{
	return camera_controls_on(&camera_device_real, path, err);
}

ATOLL_API void atoll_controls_close(struct atoll_controls *controls)
{
	if (!controls)
		return;
	for (size_t i = 0; i < controls->count; i++) {
		free(controls->control[i].choice);
		free(controls->control[i].text);
	}
	if (controls->fd >= 0)
		(void)controls->device->close(controls->fd); /* nothing to be lost */
	free(controls->control);
	free(controls);
}

ATOLL_API size_t atoll_controls_count(const struct atoll_controls *controls)
{
	return controls->count;
}

/* Call the driver for one control, VIDIOC_G_EXT_CTRLS or VIDIOC_S_EXT_CTRLS. */
static int pass(const struct atoll_controls *controls, unsigned long request,
		struct v4l2_ext_control *value)
{
	struct v4l2_ext_controls list = {
		.which = V4L2_CTRL_WHICH_CUR_VAL,
		.count = 1,
		.controls = value,
	};

	return ask(controls, request, &list);
}

/* What cannot be read keeps its last value. */
static void read_value(const struct atoll_controls *controls, struct control *control)
{
	struct atoll_control *shown = &control->shown;
	struct v4l2_ext_control value = { .id = control->id };

	if (shown->kind == ATOLL_CONTROL_OTHER || shown->kind == ATOLL_CONTROL_BUTTON ||
	    control->flags & V4L2_CTRL_FLAG_WRITE_ONLY)
		return;
	if (shown->kind == ATOLL_CONTROL_TEXT) {
		value.size = (uint32_t)shown->high + 1;
		value.string = control->text;
		if (pass(controls, VIDIOC_G_EXT_CTRLS, &value) == 0)
			camera_copy_text(control->text, (size_t)shown->high + 1,
					 control->text, (size_t)shown->high);
		shown->text = control->text;
		return;
	}
	if (pass(controls, VIDIOC_G_EXT_CTRLS, &value) < 0)
		return;
	if (control->type == V4L2_CTRL_TYPE_INTEGER64)
		shown->value = value.value64;
	else if (control->type == V4L2_CTRL_TYPE_BITMASK)
		shown->value = (uint32_t)value.value;
	else
		shown->value = value.value;
}

static void read_flags(const struct atoll_controls *controls, struct control *control)
{
	struct v4l2_query_ext_ctrl query = { .id = control->id };

	if (ask(controls, VIDIOC_QUERY_EXT_CTRL, &query) == 0)
		take_flags(control, query.flags);
}

ATOLL_API const struct atoll_control *atoll_controls_at(struct atoll_controls *controls,
							size_t i)
{
	struct control *control;

	if (i >= controls->count)
		return NULL;
	control = &controls->control[i];
	read_flags(controls, control); /* one control may switch another off */
	read_value(controls, control);
	return &control->shown;
}

static struct control *find(struct atoll_controls *controls, const char *name)
{
	for (size_t i = 0; i < controls->count; i++)
		if (strcasecmp(controls->control[i].shown.name, name) == 0)
			return &controls->control[i];
	return NULL;
}

/* What the sentences about one control begin with. */
static int wrong(const struct atoll_controls *controls, const struct control *control,
		 int r, struct atoll_error *err, const char *why)
{
	return atoll_error_set(err, r, "camera: %s: %s: %s", controls->path,
			       control->shown.name, why);
}

static bool read_number(const char *text, int64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoll(text, &end, 0);
	return end != text && !*end && !errno;
}

static int number_for(const struct atoll_controls *controls, const struct control *control,
		      const char *text, int64_t *value, struct atoll_error *err)
{
	const struct atoll_control *shown = &control->shown;
	char why[128];

	if (!read_number(text, value)) {
		(void)snprintf(why, sizeof(why), "'%.32s' is not a number", text);
		return wrong(controls, control, -EINVAL, err, why);
	}
	if (*value < shown->low || *value > shown->high) {
		(void)snprintf(why, sizeof(why), "%lld is not within %lld to %lld",
			       (long long)*value, (long long)shown->low,
			       (long long)shown->high);
		return wrong(controls, control, -ERANGE, err, why);
	}
	if (shown->step > 1 &&
	    ((uint64_t)*value - (uint64_t)shown->low) % (uint64_t)shown->step) {
		(void)snprintf(why, sizeof(why), "%lld is not in steps of %lld from %lld",
			       (long long)*value, (long long)shown->step,
			       (long long)shown->low);
		return wrong(controls, control, -ERANGE, err, why);
	}
	return 0;
}

static int boolean_for(const struct atoll_controls *controls, const struct control *control,
		       const char *text, int64_t *value, struct atoll_error *err)
{
	char why[128];

	if (strcasecmp(text, "on") == 0 || strcmp(text, "1") == 0) {
		*value = 1;
		return 0;
	}
	if (strcasecmp(text, "off") == 0 || strcmp(text, "0") == 0) {
		*value = 0;
		return 0;
	}
	(void)snprintf(why, sizeof(why), "'%.32s' is neither on nor off", text);
	return wrong(controls, control, -EINVAL, err, why);
}

static int choice_for(const struct atoll_controls *controls, const struct control *control,
		      const char *text, int64_t *value, struct atoll_error *err)
{
	const struct atoll_control *shown = &control->shown;
	size_t used;
	int64_t number;
	char why[128];

	for (size_t i = 0; i < shown->choices; i++)
		if (strcasecmp(shown->choice[i].name, text) == 0) {
			*value = shown->choice[i].value;
			return 0;
		}
	for (size_t i = 0; read_number(text, &number) && i < shown->choices; i++)
		if (shown->choice[i].value == number) {
			*value = number;
			return 0;
		}
	used = (size_t)snprintf(why, sizeof(why), "'%.32s' is none of ", text);
	for (size_t i = 0; i < shown->choices && used < sizeof(why); i++)
		used += (size_t)snprintf(why + used, sizeof(why) - used, "%s%s",
					 i ? ", " : "", shown->choice[i].name);
	return wrong(controls, control, -EINVAL, err, why);
}

static int text_for(const struct atoll_controls *controls, const struct control *control,
		    const char *text, struct atoll_error *err)
{
	const struct atoll_control *shown = &control->shown;
	int64_t length = (int64_t)strlen(text);
	char why[128];

	if (length >= shown->low && length <= shown->high &&
	    (shown->step <= 1 || (length - shown->low) % shown->step == 0))
		return 0;
	(void)snprintf(why, sizeof(why), "%lld characters are not within %lld to %lld%s",
		       (long long)length, (long long)shown->low, (long long)shown->high,
		       shown->step > 1 ? " in the driver's steps" : "");
	return wrong(controls, control, -ERANGE, err, why);
}

/* Fill in `value` from `text`, or say what would fit. */
static int value_for(const struct atoll_controls *controls, const struct control *control,
		     const char *text, struct v4l2_ext_control *value,
		     struct atoll_error *err)
{
	int64_t number = 0;
	int r = 0;

	switch (control->shown.kind) {
	case ATOLL_CONTROL_INTEGER:
		r = number_for(controls, control, text, &number, err);
		break;
	case ATOLL_CONTROL_BOOLEAN:
		r = boolean_for(controls, control, text, &number, err);
		break;
	case ATOLL_CONTROL_MENU:
		r = choice_for(controls, control, text, &number, err);
		break;
	case ATOLL_CONTROL_TEXT:
		value->size = (uint32_t)strlen(text) + 1;
		value->string = (char *)text; /* only read from */
		return text_for(controls, control, text, err);
	case ATOLL_CONTROL_BUTTON:
		break;
	case ATOLL_CONTROL_OTHER:
		return wrong(controls, control, -ENOTSUP, err,
			     "a kind of value that cannot be set here");
	}
	if (control->type == V4L2_CTRL_TYPE_INTEGER64)
		value->value64 = number;
	else
		value->value = (int32_t)number;
	return r;
}

static int may_set(const struct atoll_controls *controls, const struct control *control,
		   struct atoll_error *err)
{
	if (control->shown.is_read_only)
		return wrong(controls, control, -EACCES, err, "can only be read");
	if (control->shown.is_inactive)
		return wrong(controls, control, -EACCES, err,
			     "another control (an automatic one?) rules it out");
	if (control->flags & V4L2_CTRL_FLAG_GRABBED)
		return wrong(controls, control, -EBUSY, err, "locked while the camera streams");
	return 0;
}

ATOLL_API int atoll_controls_set(struct atoll_controls *controls, const char *name,
				 const char *value, struct atoll_error *err)
{
	struct control *control = find(controls, name);
	struct v4l2_ext_control passed = { 0 };
	int r;

	if (!control)
		return atoll_error_set(err, -ENOENT, "camera: %s: there is no control '%.48s'",
				       controls->path, name);
	read_flags(controls, control);
	r = may_set(controls, control, err);
	if (r == 0)
		r = value_for(controls, control, value, &passed, err);
	if (r < 0)
		return r;
	passed.id = control->id;
	r = pass(controls, VIDIOC_S_EXT_CTRLS, &passed);
	return r < 0 ? wrong(controls, control, r, err, strerror(-r)) : 0;
}

ATOLL_API const char *atoll_control_kind_name(enum atoll_control_kind kind)
{
	static const char *const names[] = {
		[ATOLL_CONTROL_INTEGER] = "integer", [ATOLL_CONTROL_BOOLEAN] = "boolean",
		[ATOLL_CONTROL_MENU] = "menu", [ATOLL_CONTROL_BUTTON] = "button",
		[ATOLL_CONTROL_TEXT] = "text", [ATOLL_CONTROL_OTHER] = "other",
	};

	return names[kind];
}
