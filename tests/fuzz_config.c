/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a configuration file whose settings are read as everything they
 * could be, as the description of a board, and as what a device tree says.
 *
 *	fuzz_config --seeds DIR    write configurations to start from
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board/config.h"
#include "board/description.h"
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
	static const char *const names[] = { "fuzz.conf", "compatible", "model" };
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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	read_config(bytes, size);
	read_board(bytes, size);
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
	static const char tree[] = "acme,fuzz\0acme,soc\0";

	if (seeds_wanted(*argc, *argv)) {
		write_seed((*argv)[2], "settings", settings, sizeof(settings) - 1);
		write_seed((*argv)[2], "board", board, sizeof(board) - 1);
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
