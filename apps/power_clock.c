/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/power_clock.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/settings.h"
#include "apps/small_file.h"
#include "board/config.h"
#include "runtime/serve/serve.h"
#include "runtime/serve/status.h"

#define ANSWER_MS 5000

static const char *const files[POWER_CLOCK_USERS] = {
	[POWER_CLOCK_PROGRAMS] = "/etc/atoll/tpu.conf",
	[POWER_CLOCK_DAEMON] = "/etc/atoll/tpud.conf",
};

static int join(char path[PATH_MAX], const char *root, const char *file, const char *rest,
		struct atoll_error *err)
{
	if (snprintf(path, PATH_MAX, "%s%s%s", root, file, rest) < PATH_MAX)
		return 0;
	return atoll_error_set(err, -ENAMETOOLONG, "%s: %s", atoll_error_path(root),
			       strerror(ENAMETOOLONG));
}

int power_clock_read(const char *root, enum power_clock_user user, struct power_clock *clock,
		     struct atoll_error *err)
{
	struct power_clock found = { .level = EDGETPU_CLOCK_MAX };
	char path[PATH_MAX];
	struct atoll_config *file;
	const char *text;
	int r = join(path, root, files[user], "", err);

	if (r < 0)
		return r;
	file = atoll_config_load(path, err);
	if (!file)
		return -EINVAL;
	r = atoll_config_text(file, "clock", &text, err);
	if (r == 1) {
		(void)snprintf(found.place, sizeof(found.place), "%s",
			       settings_place(file, "clock"));
		r = edgetpu_clock_read(text, &found.level);
		if (r < 0)
			(void)settings_wrong(file, "clock",
					     "not low, medium, high or max", err);
	}
	atoll_config_free(file);
	if (r == 0)
		*clock = found;
	return r;
}

/* Of /etc/atoll/tpu.conf.d all three may be missing. */
static void make_folder(const char *root, const char *file)
{
	char path[PATH_MAX];

	if (join(path, root, file, ".d", NULL) < 0)
		return;
	/* What is not there after all is told by whoever writes into it. */
	for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/'));
	     *slash++ = '/') {
		*slash = '\0';
		(void)mkdir(path, 0755);
	}
	(void)mkdir(path, 0755);
}

static int find(char path[PATH_MAX], const char *root, enum power_clock_user user,
		const char *drop_in, struct atoll_error *err)
{
	char below[64];

	(void)snprintf(below, sizeof(below), ".d/%s", drop_in);
	return join(path, root, files[user], below, err);
}

/* A disk that wears out is not written to in vain, nor one that is read-only at all. */
static bool is_said_already(const char *path, const char *text)
{
	struct small_file file;
	bool is_same = small_file_read(&file, path, NULL) == 0 &&
		       strcmp(file.data, text) == 0;

	small_file_free(&file);
	return is_same;
}

int power_clock_put(const char *root, enum power_clock_user user, const char *drop_in,
		    enum edgetpu_clock level, struct atoll_error *err)
{
	struct small_file next;
	char path[PATH_MAX], text[128];
	int r = find(path, root, user, drop_in, err);

	if (r < 0)
		return r;
	next = (struct small_file){ .data = text };
	next.size = (size_t)snprintf(text, sizeof(text),
				     "# By atoll-power, which writes it again as a whole.\n"
				     "clock = %s\n", edgetpu_clock_text(level));
	if (is_said_already(path, text))
		return 0;
	make_folder(root, files[user]);
	return small_file_write(&next, path, err);
}

int power_clock_remove(const char *root, enum power_clock_user user, const char *drop_in,
		       struct atoll_error *err)
{
	char path[PATH_MAX];
	int r = find(path, root, user, drop_in, err);

	if (r < 0 || unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR)
		return r;
	r = -errno;
	/* A read-only file system refuses before it has looked. */
	if (r == -EROFS && access(path, F_OK) < 0)
		return 0;
	return atoll_error_set(err, r, "%s: %s", atoll_error_path(path), strerror(-r));
}

const char *power_clock_socket(const char *root, char path[128])
{
	const char *asked = getenv("ATOLL_TPU_SOCKET");
	const int length = asked ? snprintf(path, 128, "%s", asked) :
				   snprintf(path, 128, "%s%s", root, SERVE_SOCKET);

	return length < 128 && serve_is_there(path) ? path : NULL;
}

int power_clock_tell(const char *root, struct atoll_error *err)
{
	char path[128];
	const char *socket = power_clock_socket(root, path);
	int pid;

	if (!socket)
		return 0;
	pid = serve_status_pid(socket, ANSWER_MS, err);
	if (pid < 0)
		return pid;
	if (kill(pid, SIGHUP) < 0)
		return atoll_error_set(err, -errno, "atoll-tpud, process %d: %s", pid,
				       strerror(errno));
	return 0;
}
