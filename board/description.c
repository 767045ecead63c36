/* SPDX-License-Identifier: Apache-2.0 */
#include "board/description.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board/config.h"

struct atoll_board {
	struct atoll_config *config;
	const char *id, *name, *compatible, *model; /* the config's */
};

/* A machine of which nothing is known. */
static const char generic[] = "[board]\nid = generic\nname = a machine without description\n";

static const char *const folders[] = {
	"/etc/atoll/boards", ATOLL_DATADIR "/boards", NULL,
};

static const struct atoll_board_places real = { folders, "/proc/device-tree" };

/* Two properties of the device tree: `compatible` holds several strings, each
   with its NUL. */
struct tree {
	char compatible[1024], model[256];
};

static void read_property(const char *device_tree, const char *name, char *value, size_t size)
{
	char path[512];
	int fd;

	memset(value, 0, size);
	(void)snprintf(path, sizeof(path), "%s/%s", device_tree, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* most machines have no device tree */
	if (read(fd, value, size - 2) < 0) /* two NULs end the list */
		value[0] = '\0';
	(void)close(fd); /* read only */
}

/* How well a board fits a machine, less is better: the entries of `compatible` go
   from the board itself to the family of its chip (Devicetree Specification 0.4,
   section 2.3.1), and the model is a sentence for people. */
enum { FITS_BY_MODEL = 1000, FITS_NOT };

static int rank(const struct atoll_board *board, const struct tree *tree)
{
	int place = 0;

	if (board->compatible)
		for (const char *entry = tree->compatible; *entry;
		     entry += strlen(entry) + 1, place++)
			if (strcmp(entry, board->compatible) == 0)
				return place;
	return board->model && strstr(tree->model, board->model) ? FITS_BY_MODEL : FITS_NOT;
}

/* "FOLDER/NAME.conf" is NAME's. */
static bool is_named_after(const char *path, const char *id)
{
	const char *name = strrchr(path, '/');
	size_t length = strlen(id);

	name = name ? name + 1 : path;
	return strncmp(name, id, length) == 0 && strcmp(name + length, ".conf") == 0;
}

/* Takes `config` over. */
static struct atoll_board *of_config(struct atoll_config *config, struct atoll_error *err)
{
	struct atoll_board *board = config ? calloc(1, sizeof(*board)) : NULL;

	if (!config)
		return NULL;
	if (!board) {
		atoll_config_free(config);
		atoll_error_set(err, -ENOMEM, "board: out of memory");
		return NULL;
	}
	board->config = config;
	board->id = atoll_board_get(board, "board.id");
	board->name = atoll_board_get(board, "board.name");
	board->compatible = atoll_board_get(board, "board.compatible");
	board->model = atoll_board_get(board, "board.model");
	return board;
}

ATOLL_API struct atoll_board *atoll_board_load(const char *path, struct atoll_error *err)
{
	struct atoll_board *board;

	if (access(path, R_OK) != 0) {
		atoll_error_set(err, -errno, "board: %s: %s", atoll_error_path(path),
				strerror(errno));
		return NULL;
	}
	board = of_config(atoll_config_load(path, err), err);
	if (!board)
		return NULL;
	if (!board->id || !board->name || !is_named_after(path, board->id)) {
		atoll_error_set(err, -EINVAL,
				"board: %s: [board] must have a name, and an id that is "
				"the file's name without .conf", atoll_error_path(path));
		atoll_board_free(board);
		return NULL;
	}
	return board;
}

ATOLL_API void atoll_board_free(struct atoll_board *board)
{
	if (!board)
		return;
	atoll_config_free(board->config);
	free(board);
}

ATOLL_API const char *atoll_board_id(const struct atoll_board *board)
{
	return board->id;
}

ATOLL_API const char *atoll_board_name(const struct atoll_board *board)
{
	return board->name;
}

ATOLL_API const char *atoll_board_get(const struct atoll_board *board, const char *key)
{
	const char *value = NULL;

	(void)atoll_config_text(board->config, key, &value, NULL); /* absent: NULL */
	return value;
}

ATOLL_API const struct atoll_config_entry *atoll_board_entry(const struct atoll_board *board,
							     size_t i)
{
	return atoll_config_at(board->config, i);
}

static bool is_hidden(const glob_t *found, size_t i)
{
	const char *name = strrchr(found->gl_pathv[i], '/');

	for (size_t j = 0; j < i; j++)
		if (strcmp(strrchr(found->gl_pathv[j], '/'), name) == 0)
			return true;
	return false;
}

/* The description files of all folders, in the order of the folders and of their
   names within. */
static int list(const char *const *where, glob_t *found, struct atoll_error *err)
{
	for (; *where; where++) {
		char pattern[512];
		int r;

		(void)snprintf(pattern, sizeof(pattern), "%s/*.conf", *where);
		r = glob(pattern, found->gl_pathc ? GLOB_APPEND : 0, NULL, found);
		if (r == GLOB_NOSPACE)
			return atoll_error_set(err, -ENOMEM, "board: out of memory");
	}
	return 0;
}

static struct atoll_board *unknown(struct atoll_error *err)
{
	return of_config(atoll_config_load_bytes(generic, sizeof(generic) - 1, "generic", err),
			 err);
}

static struct atoll_board *by_tree(const glob_t *found, const char *device_tree,
				   struct atoll_error *err)
{
	struct atoll_board *best = NULL;
	int best_rank = FITS_NOT;
	struct tree tree;

	read_property(device_tree, "compatible", tree.compatible, sizeof(tree.compatible));
	read_property(device_tree, "model", tree.model, sizeof(tree.model));
	for (size_t i = 0; i < found->gl_pathc; i++) {
		struct atoll_board *board;

		if (is_hidden(found, i))
			continue;
		board = atoll_board_load(found->gl_pathv[i], err);
		if (!board) {
			atoll_board_free(best);
			return NULL;
		}
		if (rank(board, &tree) < best_rank) {
			best_rank = rank(board, &tree);
			atoll_board_free(best);
			best = board;
		} else {
			atoll_board_free(board);
		}
	}
	return best ? best : unknown(err);
}

/* "FOLDER/coral-dev-board-mini.conf" also belongs to "dev-board-mini". */
static bool ends_in(const char *path, const char *name)
{
	for (const char *dash = strrchr(path, '/'); dash && (dash = strchr(dash, '-')); )
		if (is_named_after(++dash, name))
			return true;
	return false;
}

/* The only one whose id ends so; NULL: there is none, or there are several. */
static const char *by_end(const glob_t *found, const char *name)
{
	const char *path = NULL;

	for (size_t i = 0; i < found->gl_pathc; i++) {
		if (is_hidden(found, i) || !ends_in(found->gl_pathv[i], name))
			continue;
		if (path)
			return NULL;
		path = found->gl_pathv[i];
	}
	return path;
}

static struct atoll_board *by_name(const glob_t *found, const char *name,
				   struct atoll_error *err)
{
	const char *path;

	for (size_t i = 0; i < found->gl_pathc; i++)
		if (is_named_after(found->gl_pathv[i], name))
			return atoll_board_load(found->gl_pathv[i], err);
	if (strcmp(name, "generic") == 0)
		return unknown(err);
	path = by_end(found, name);
	if (path)
		return atoll_board_load(path, err);
	atoll_error_set(err, -ENOENT, "board: ATOLL_BOARD: no description called %s", name);
	return NULL;
}

ATOLL_API struct atoll_board *atoll_board_detect(const struct atoll_board_places *places,
						 struct atoll_error *err)
{
	const char *name = getenv("ATOLL_BOARD");
	struct atoll_board *board = NULL;
	glob_t found = { 0 };

	if (!places)
		places = &real;
	if (name && strchr(name, '/'))
		return atoll_board_load(name, err);
	if (list(places->folders, &found, err) == 0)
		board = name && *name ? by_name(&found, name, err) :
					by_tree(&found, places->device_tree, err);
	globfree(&found);
	return board;
}
