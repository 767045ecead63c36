/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/emulator_orders.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "apps/options.h"

#define LINE_MAX_BYTES 1024
#define BLANKS " \t\r"

struct emulator_orders {
	struct atoll_loop *loop;
	struct usbip_server *server;
	char line[LINE_MAX_BYTES];
	size_t length;
	bool is_too_long;     /* the rest of the line is passed over */
};

/* Each of these does it to one device; -EINVAL with a sentence when `text`, what
   follows on the line, is wrong. */

static int show(struct usbip_server *server, uint32_t device, const char *text,
		struct atoll_error *err)
{
	const struct emulator *tpu = usbip_server_emulator(server, device);
	struct usbip_state state = usbip_server_state(server, device);
	uint64_t complaints = emulator_complaints(tpu);

	if (*text)
		return atoll_error_set(err, -EINVAL, "'%s' is too much", text);
	printf("%s: %04x:%04x, %s, %" PRIu64 " runs, %" PRIu64 " transfers, %" PRIu64
	       " complaints%s%s\n", state.busid, emulator_vendor(tpu), emulator_product(tpu),
	       !state.is_plugged ? "unplugged" : state.is_imported ? "in use" : "free",
	       emulator_runs(tpu), state.transfers, complaints,
	       complaints ? ", the last: " : "", emulator_complaint(tpu));
	return 0;
}

static int unplug(struct usbip_server *server, uint32_t device, const char *text,
		  struct atoll_error *err)
{
	if (*text)
		return atoll_error_set(err, -EINVAL, "'%s' is too much", text);
	usbip_server_unplug(server, device);
	return 0;
}

static int replug(struct usbip_server *server, uint32_t device, const char *text,
		  struct atoll_error *err)
{
	if (*text)
		return atoll_error_set(err, -EINVAL, "'%s' is too much", text);
	usbip_server_replug(server, device);
	return 0;
}

static int set_faults(struct usbip_server *server, uint32_t device, const char *text,
		      struct atoll_error *err)
{
	struct fault_script script;
	int r = fault_script_read(text, &script, err);

	if (r == 0)
		usbip_server_set_faults(server, device, &script);
	return r;
}

static int set_temperature(struct usbip_server *server, uint32_t device, const char *text,
			   struct atoll_error *err)
{
	char *end;
	double degrees = strtod(text, &end);

	if (end == text || *end || !(degrees >= -50 && degrees <= 150))
		return atoll_error_set(err, -EINVAL, "'%s' is not a temperature within -50 "
				       "to 150", text);
	emulator_set_temperature(usbip_server_emulator(server, device),
				 (int32_t)(degrees * 1000));
	return 0;
}

static int interrupt(struct usbip_server *server, uint32_t device, const char *text,
		     uint32_t word, struct atoll_error *err)
{
	if (*text)
		return atoll_error_set(err, -EINVAL, "'%s' is too much", text);
	emulator_interrupt(usbip_server_emulator(server, device), word);
	return 0;
}

static int fail(struct usbip_server *server, uint32_t device, const char *text,
		struct atoll_error *err)
{
	return interrupt(server, device, text, EMULATOR_FATAL, err);
}

static int warn_of_heat(struct usbip_server *server, uint32_t device, const char *text,
			struct atoll_error *err)
{
	return interrupt(server, device, text, EMULATOR_THERMAL_WARNING, err);
}

static int stop_for_heat(struct usbip_server *server, uint32_t device, const char *text,
			 struct atoll_error *err)
{
	return interrupt(server, device, text, EMULATOR_THERMAL_SHUTDOWN, err);
}

static const struct order {
	const char *name;
	int (*obey)(struct usbip_server *server, uint32_t device, const char *text,
		    struct atoll_error *err);
} known[] = {
	{ "status", show },
	{ "unplug", unplug },
	{ "replug", replug },
	{ "faults", set_faults },
	{ "temperature", set_temperature },
	{ "fatal", fail },
	{ "hot", warn_of_heat },
	{ "too-hot", stop_for_heat },
};

/* The first word of `*text`, cut off, and what follows it. */
static char *next_word(char **text)
{
	char *word = *text + strspn(*text, BLANKS);
	char *end = word + strcspn(word, BLANKS);

	*text = end + strspn(end, BLANKS);
	*end = '\0';
	return word;
}

static const struct order *find_order(const char *name)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, name) == 0)
			return &known[i];
	return NULL;
}

/* The device that is named first in `*text`, which is moved on; or -1. */
static int find_device(struct usbip_server *server, char **text)
{
	size_t length = strcspn(*text, BLANKS);

	for (uint32_t i = 0; i < usbip_server_devices(server); i++) {
		struct usbip_state state = usbip_server_state(server, i);

		if (strlen(state.busid) != length || strncmp(*text, state.busid, length) != 0)
			continue;
		*text += length;
		*text += strspn(*text, BLANKS);
		return (int)i;
	}
	return -1;
}

static void obey(struct usbip_server *server, char *line)
{
	char *text = line, *name = next_word(&text);
	const struct order *order = find_order(name);
	struct atoll_error err;
	uint32_t first = 0, last = usbip_server_devices(server);
	int device, r = 0;

	if (!*name)
		return;
	if (!order) {
		options_say("'%s' is not one of status, unplug, replug, faults, temperature, "
			    "fatal, hot, too-hot", name);
		return;
	}
	device = find_device(server, &text);
	if (device >= 0) {
		first = (uint32_t)device;
		last = first + 1;
	}
	for (uint32_t i = first; i < last && r == 0; i++)
		r = order->obey(server, i, text, &err);
	if (r < 0)
		options_say("%s: %s", name, err.text);
	(void)fflush(stdout); /* seen at the end */
}

static void take(struct emulator_orders *o, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] != '\n') {
			if (o->length == sizeof(o->line) - 1)
				o->is_too_long = true;
			else
				o->line[o->length++] = bytes[i];
			continue;
		}
		o->line[o->length] = '\0';
		if (o->is_too_long)
			options_say("an order of more than %d bytes is passed over",
				    LINE_MAX_BYTES - 1);
		else
			obey(o->server, o->line);
		o->length = 0;
		o->is_too_long = false;
	}
}

/* The end of the input is not the end of the program, which may go on without. */
static void on_input(void *data, uint32_t events)
{
	struct emulator_orders *o = data;
	char bytes[512];
	ssize_t r = read(STDIN_FILENO, bytes, sizeof(bytes));

	(void)events;
	if (r > 0)
		take(o, bytes, (size_t)r);
	else if (r == 0 || (errno != EAGAIN && errno != EINTR))
		atoll_loop_forget(o->loop, STDIN_FILENO);
}

struct emulator_orders *emulator_orders_new(struct atoll_loop *loop,
					    struct usbip_server *server,
					    struct atoll_error *err)
{
	struct emulator_orders *o = calloc(1, sizeof(*o));
	int r;

	if (!o) {
		atoll_error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	o->loop = loop;
	o->server = server;
	/* In the background of a terminal, reading fails rather than stops us. */
	(void)signal(SIGTTIN, SIG_IGN);
	r = atoll_loop_watch(loop, STDIN_FILENO, EPOLLIN, on_input, o);
	if (r < 0 && r != -EPERM) {
		atoll_error_set(err, r, "standard input: %s", strerror(-r));
		free(o);
		return NULL;
	}
	return o;
}

void emulator_orders_free(struct emulator_orders *orders)
{
	if (!orders)
		return;
	atoll_loop_forget(orders->loop, STDIN_FILENO);
	free(orders);
}
