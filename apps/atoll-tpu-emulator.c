/* SPDX-License-Identifier: Apache-2.0 */
/* Emulated Edge TPUs that a kernel takes for USB devices. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/emulator_hub.h"
#include "apps/emulator_lessons.h"
#include "apps/emulator_orders.h"
#include "apps/options.h"
#include "board/address.h"

static const char help[] =
"Usage: atoll-tpu-emulator [OPTION]...\n"
"\n"
"Emulate Edge TPUs that Linux takes for USB devices, through USB/IP (vhci-hcd).\n"
"\n"
"  -m, --model=FILE[,CPU]  know the instructions of a compiled model: with CPU,\n"
"                          the model it is made from, answer what that gives,\n"
"                          else a pattern. Once for each model\n"
"      --grade=GRADE       best, the default: as above; silicon, experimental:\n"
"                          execute the instructions, as far as they are known\n"
"  -l, --listen=ADDRESS    where usbip(8) finds them, default 127.0.0.1:3240, or\n"
"                          nowhere with --attach\n"
"      --attach            attach them to this machine at once, as root\n"
"  -n, --count=N           that many, default 1\n"
"      --speed=SPEED       high (480 Mbit/s, default) or super (5 Gbit/s)\n"
"      --dfu               start without firmware, as freshly plugged in\n"
"      --temperature=DEG   of the chip, default 40\n"
"      --link=RATE         bytes per second that the link carries, default all\n"
"      --faults=SCRIPT     what goes wrong: stall@17 unplug@40+2000 ...\n"
"  -v, --verbose           say who comes and goes and what a host does wrong\n"
"  -h, --help              print this and exit\n"
"      --version           print the version and exit\n"
"\n"
"Orders are read from standard input: status, unplug, replug, faults SCRIPT,\n"
"temperature DEG, hot, too-hot, fatal.\n";

enum {
	GRADE = OPTION_FIRST_OWN, ATTACH, SPEED, DFU, TEMPERATURE, LINK, FAULTS,
};

#define LISTEN "127.0.0.1:3240"
#define PORT 3240

struct settings {
	struct emulator_options tpu;
	struct lessons *lessons;
	enum emulator_grade grade;
	bool has_model;
	const char *listen;          /* NULL: nowhere */
	struct atoll_address address;
	bool attaches, is_verbose;
	uint32_t count;
	uint64_t bytes_per_second;
	struct fault_script faults;
};

struct program {
	struct atoll_loop *loop;
	struct usbip_server *server;
	struct emulator_hub *hub;    /* NULL: not attached by us */
	struct emulator_orders *orders;
};

static enum usb_speed read_speed(const char *text)
{
	if (strcmp(text, "high") == 0)
		return USB_HIGH;
	if (strcmp(text, "super") == 0)
		return USB_SUPER;
	options_wrong("--speed: '%s' is not one of high, super", text);
}

static enum emulator_grade read_grade(const char *text)
{
	if (strcmp(text, "best") == 0)
		return EMULATOR_BEST;
	if (strcmp(text, "silicon") == 0)
		return EMULATOR_SILICON;
	options_wrong("--grade: '%s' is not one of best, silicon", text);
}

static void add_model(struct settings *s, const char *files)
{
	struct atoll_error err;

	if (lessons_add(s->lessons, files, &err) < 0)
		options_could_not("%s", err.text);
	s->has_model = true;
}

static void read_options(int argc, char **argv, struct settings *s)
{
	static const struct option names[] = {
		{ "model", required_argument, NULL, 'm' },
		{ "grade", required_argument, NULL, GRADE },
		{ "listen", required_argument, NULL, 'l' },
		{ "attach", no_argument, NULL, ATTACH },
		{ "count", required_argument, NULL, 'n' },
		{ "speed", required_argument, NULL, SPEED },
		{ "dfu", no_argument, NULL, DFU },
		{ "temperature", required_argument, NULL, TEMPERATURE },
		{ "link", required_argument, NULL, LINK },
		{ "faults", required_argument, NULL, FAULTS },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ 0 },
	};
	struct atoll_error err;
	int c;

	while ((c = getopt_long(argc, argv, "m:l:n:vh", names, NULL)) != -1) {
		switch (c) {
		case 'm': add_model(s, optarg); break;
		case GRADE: s->grade = read_grade(optarg); break;
		case 'l': s->listen = optarg; break;
		case ATTACH: s->attaches = true; break;
		case 'n':
			s->count = (uint32_t)options_number("--count", optarg, 1,
							    USBIP_DEVICES_MAX);
			break;
		case SPEED: s->tpu.speed = read_speed(optarg); break;
		case DFU: s->tpu.is_in_dfu = true; break;
		case TEMPERATURE:
			s->tpu.millidegrees = (int32_t)(1000 * options_real("--temperature",
									    optarg, -50, 150));
			break;
		case LINK:
			s->bytes_per_second = (uint64_t)options_number("--link", optarg, 1000,
								       INT64_C(1000000000000));
			break;
		case FAULTS:
			if (fault_script_read(optarg, &s->faults, &err) < 0)
				options_wrong("--%s", err.text);
			break;
		case 'v': s->is_verbose = true; break;
		case 'h': options_help(help);
		case OPTION_VERSION: options_version();
		default: options_wrong(NULL);
		}
	}
	if (optind < argc)
		options_wrong("'%s' is too much", argv[optind]);
	if (!s->listen && !s->attaches)
		s->listen = LISTEN;
	if (s->listen && atoll_address_read(s->listen, PORT, &s->address, &err) < 0)
		options_wrong("--listen: %s", err.text);
}

static void on_tell(void *data, const char *sentence)
{
	(void)data;
	options_say("%s", sentence);
}

static void on_plug(void *data, uint32_t device)
{
	struct program *program = data;

	if (program->hub)
		emulator_hub_attach_later(program->hub, device);
}

static void on_end(void *data, uint32_t signal)
{
	struct program *program = data;

	(void)signal;
	atoll_loop_stop(program->loop, 0);
}

static int add_device(struct program *program, const struct settings *s,
		      struct atoll_error *err)
{
	struct emulator *tpu = emulator_new(&s->tpu, err);
	int device;

	if (!tpu)
		return -ENOMEM;
	if (lessons_teach(s->lessons, s->grade, tpu, err) < 0) {
		emulator_free(tpu);
		return -EINVAL;
	}
	device = usbip_server_add(program->server, tpu, err);
	if (device >= 0 && s->faults.count)
		usbip_server_set_faults(program->server, (uint32_t)device, &s->faults);
	return device;
}

static int open_all(struct program *program, const struct settings *s,
		    struct atoll_error *err)
{
	const struct usbip_options options = {
		.bytes_per_second = s->bytes_per_second,
		.tell = s->is_verbose ? on_tell : NULL,
		.on_plug = on_plug,
		.data = program,
	};
	int r;

	program->loop = atoll_loop_new(err);
	if (!program->loop)
		return -ENOMEM;
	r = atoll_loop_signal(program->loop, SIGTERM, on_end, program);
	if (r == 0)
		r = atoll_loop_signal(program->loop, SIGINT, on_end, program);
	if (r < 0)
		return atoll_error_set(err, r, "signals: %s", strerror(-r));
	program->server = usbip_server_new(program->loop, &options, err);
	if (!program->server)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->count; i++) {
		r = add_device(program, s, err);
		if (r < 0)
			return r;
	}
	program->orders = emulator_orders_new(program->loop, program->server, err);
	return program->orders ? 0 : -ENOMEM;
}

static int listen_for_importers(struct program *program, struct settings *s,
				struct atoll_error *err)
{
	int fd = atoll_address_listen(&s->address, err);

	return fd < 0 ? fd : usbip_server_listen(program->server, fd, err);
}

static int attach_all(struct program *program, uint32_t count, struct atoll_error *err)
{
	int r = 0;

	program->hub = emulator_hub_new(program->loop, program->server, err);
	if (!program->hub)
		return -ENOMEM;
	for (uint32_t i = 0; i < count && r >= 0; i++)
		r = emulator_hub_attach(program->hub, i, err);
	return r < 0 ? r : 0;
}

static void say_ready(const struct settings *s)
{
	char text[ATOLL_ADDRESS_TEXT];

	printf("ready:%s%s%s\n", s->attaches ? " attached" : "",
	       s->listen ? " listening on " : "",
	       s->listen ? atoll_address_text(&s->address, text) : "");
	(void)fflush(stdout); /* seen at the end */
	if (!s->has_model)
		options_say("no --model: they can be awakened, but know no instructions");
}

int main(int argc, char **argv)
{
	struct settings s = { .tpu.speed = USB_HIGH, .count = 1, .lessons = lessons_new() };
	struct program program = { .loop = NULL };
	struct atoll_error err;
	int r;

	options_begin("atoll-tpu-emulator");
	if (!s.lessons)
		options_could_not("out of memory");
	read_options(argc, argv, &s);
	r = open_all(&program, &s, &err);
	if (r == 0 && s.listen)
		r = listen_for_importers(&program, &s, &err);
	if (r == 0 && s.attaches)
		r = attach_all(&program, s.count, &err);
	if (r < 0) {
		options_say("%s", err.text);
		r = EXIT_COULD_NOT;
	} else {
		say_ready(&s);
		r = atoll_loop_run(program.loop) < 0 ? EXIT_COULD_NOT : EXIT_SUCCESS;
	}
	emulator_orders_free(program.orders);
	emulator_hub_free(program.hub);
	usbip_server_free(program.server);
	atoll_loop_free(program.loop);
	lessons_free(s.lessons);
	return options_end(r);
}
