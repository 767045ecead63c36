/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-tpu list: what is plugged in, without touching it. */
#include "apps/tpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/options.h"
#include "apps/tpu_owner.h"
#include "board/json.h"

static const char *state_of(const struct usb_found *found)
{
	return tpu_needs_firmware(found) ? "needs firmware" : "ready";
}

static void print_one(const char *name, const struct usb_found *found,
		      const struct tpu_owner *owner)
{
	printf("%-12s  %04x:%04x  %-14s  %s", name, found->vendor, found->product,
	       state_of(found), usb_speed_text(found->speed));
	if (owner->pid)
		printf("  in use by %s (%d)", owner->name, owner->pid);
	putchar('\n');
}

static void json_one(struct atoll_json *json, const char *name,
		     const struct usb_found *found, const struct tpu_owner *owner,
		     uint32_t unseen)
{
	char ids[16];

	(void)snprintf(ids, sizeof(ids), "%04x:%04x", found->vendor, found->product);
	atoll_json_object(json, NULL);
	atoll_json_string(json, "name", name);
	atoll_json_string(json, "ids", ids);
	atoll_json_string(json, "state", state_of(found));
	atoll_json_string(json, "speed", usb_speed_text(found->speed));
	atoll_json_integer(json, "bus", found->place.bus);
	atoll_json_integer(json, "address", found->address);
	atoll_json_string(json, "owner", owner->pid ? owner->name : NULL);
	if (owner->pid)
		atoll_json_integer(json, "owner_pid", owner->pid);
	atoll_json_bool(json, "owner_is_sure", owner->pid || unseen == 0);
	atoll_json_end(json);
}

int tpu_list(const struct tpu_settings *settings)
{
	struct atoll_json json = { .file = stdout };
	struct usb_found found[USB_FOUND_MAX];
	struct atoll_error err;
	struct usb_bus *bus = tpu_bus(settings->device, &err);
	uint32_t count;

	if (!bus || bus->ops->list(bus, found, USB_FOUND_MAX, &count, &err) < 0)
		options_could_not("%s", err.text);
	if (settings->wants_json)
		atoll_json_array(&json, NULL);
	for (uint32_t i = 0; i < count; i++) {
		char name[USB_PLACE_TEXT + 8];
		char node[TPU_NODE_TEXT];
		struct tpu_owner owner;
		uint32_t unseen;

		tpu_name(settings->device, &found[i], name);
		(void)tpu_owner_find("/proc", tpu_node(&found[i], node), &owner, &unseen);
		if (settings->wants_json)
			json_one(&json, name, &found[i], &owner, unseen);
		else
			print_one(name, &found[i], &owner);
	}
	if (settings->wants_json)
		atoll_json_end(&json);
	else if (count == 0)
		options_say("there is no Edge TPU on USB");
	bus->ops->free(bus);
	return EXIT_SUCCESS;
}
