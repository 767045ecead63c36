/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a configuration file whose settings are read as everything they
 * could be, as the description of a board and its header, and as what a device tree
 * says.
 *
 *	fuzz_config --seeds DIR    write configurations to start from
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board/config.h"
#include "board/description.h"
#include "board/header.h"
#include "tests/seeds.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static void read_every_way(struct atoll_config *config, const char *key)
{
	struct atoll_error err;
	const char *text;
	int64_t number;
	double real;
	bool truth;

	if (atoll_config_text(config, key, &text, &err) != 1)
		abort(); /* every entry can be asked for by its own name */
	(void)atoll_config_integer(config, key, -100, 100, &number, &err);
	(void)atoll_config_real(config, key, -100, 100, &real, &err);
	(void)atoll_config_bool(config, key, &truth, &err);
	(void)atoll_config_duration(config, key, 0, 1000, &number, &err);
}

static void read_config(const uint8_t *bytes, size_t size)
{
	struct atoll_config *config = atoll_config_load_bytes(bytes, size, "fuzz.conf", NULL);
	const struct atoll_config_entry *entry;

	if (!config)
		return;
	for (size_t i = 0; (entry = atoll_config_at(config, i)); i++)
		read_every_way(config, entry->key);
	if (atoll_config_unread(config))
		abort(); /* all have been asked for */
	atoll_config_free(config);
}

/* A folder in memory where there is one. */
static char folder[] = "/dev/shm/atoll-fuzz-XXXXXX";

static void remove_folder(void)
{
	static const char *const names[] = { "fuzz.conf", "header.conf", "compatible", "model" };
	char path[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path); /* may not have been written yet */
	}
	(void)rmdir(folder); /* as above */
}

static void put(const char *name, const uint8_t *bytes, size_t size)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		abort();
	(void)close(fd); /* written above */
}

static void read_board(const uint8_t *bytes, size_t size)
{
	const char *const folders[] = { folder, NULL };
	const struct atoll_board_places places = { folders, folder };
	struct atoll_board *board;

	put("fuzz.conf", bytes, size);
	put("compatible", bytes, size);
	put("model", bytes, size);
	board = atoll_board_detect(&places, NULL);
	atoll_board_free(board);
}

/* A header is whole: its pins have names, by which they are found. */
static void read_pins(const struct atoll_header *header)
{
	const struct atoll_pin *pin;

	for (uint32_t number = 1; (pin = atoll_header_pin(header, number)); number++) {
		bool is_gpio = pin->kind == ATOLL_PIN_GPIO;

		if (!*pin->name || is_gpio != (pin->chip != NULL) ||
		    (is_gpio && atoll_header_find(header, pin->name, NULL) != pin))
			abort();
	}
}

/* What was complained of is not opened; of the rest nothing else is asked. */
static void read_header(const uint8_t *bytes, size_t size)
{
	static const char start[] = "[board]\nid = header\nname = Header\n";
	struct atoll_header *header;
	struct atoll_board *board;
	struct atoll_error err;
	char path[64];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/header.conf", folder);
	file = fopen(path, "we");
	if (!file || fputs(start, file) < 0 || fwrite(bytes, 1, size, file) != size ||
	    fclose(file) != 0)
		abort();
	board = atoll_board_load(path, NULL);
	if (!board)
		return;
	header = atoll_header_open(board, &err);
	if (header)
		read_pins(header);
	else if (err.code != -ENOENT && atoll_header_check(board, NULL, NULL) == 0)
		abort();
	atoll_header_close(header);
	atoll_board_free(board);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	read_config(bytes, size);
	read_board(bytes, size);
	read_header(bytes, size);
	return 0;
}

static void write_seed(const char *into, const char *name, const char *text, size_t size)
{
	seeds_write(into, name, (const uint8_t *)text, size);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char settings[] =
		"# comment\nport = 8080\nlisten = 127.0.0.1 # here\n\n"
		"threshold = 0.5\nhold = 1.5s\nevents = yes\nempty =\n";
	static const char board[] =
		"[board]\nid = fuzz\nname = Fuzz\ncompatible = acme,fuzz\nmodel = fuzz\n"
		"[camera.0]\nmatch = vivid\r\n[pin.header.12]\nline=36\n";
	static const char header[] =
		"[gpiochip.soc]\nparent = 1.gpio\nlines = 8\n[header]\nrows = 2\ncolumns = 2\n"
		"[pins]\n1 = power 3.3V\n2 = gpio SDA D2 line=soc:2 role=i2c.1.sda functions=a,b\n"
		"3 = gpio TX line=soc:1 role=uart.0.tx cautions=console,jtag\n"
		"4 = gpio A line=soc:0 role=pwm.a\n[notes]\n1 = Mind the step.\n"
		"[i2c.1]\ndevice = 1.i2c\nfallback = /dev/i2c-3\npins = 2\nbit-banged = yes\n"
		"[uart.0]\npins = 3\nconsole = yes\n"
		"[pwm.a]\ndevice = 1.pwm\nchannel = 0\npin = 4\n";
	static const char tree[] = "acme,fuzz\0acme,soc\0";

	if (seeds_wanted(*argc, *argv)) {
		write_seed((*argv)[2], "settings", settings, sizeof(settings) - 1);
		write_seed((*argv)[2], "board", board, sizeof(board) - 1);
		write_seed((*argv)[2], "header", header, sizeof(header) - 1);
		write_seed((*argv)[2], "tree", tree, sizeof(tree) - 1);
		exit(0);
	}
	unsetenv("ATOLL_BOARD");
	if (access("/dev/shm", W_OK) != 0)
		memcpy(folder, "/var/tmp", 8);
	if (!mkdtemp(folder) || atexit(remove_folder) != 0)
		abort();
	return 0;
}
