/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/partition_compiler.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apps/stop.h"

/* A search for what can be taken over is several compilations, each of which compilers
   since version 16 give up after three minutes; older ones do not. */
#define LIMIT_MS (60 * 60 * 1000)

/* What a child ends with that could not become the program, where posix_spawn returns
   before that is known (POSIX allows both), and a shell that did not find it. */
#define NOT_STARTED 127

/* --- what it says --- */

static void keep(char *to, size_t room, const char *text)
{
	size_t length = strcspn(text, "\n");

	if (length >= room)
		length = room - 1;
	memcpy(to, text, length);
	to[length] = '\0';
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Of all its ways to say no, the first that was said. */
static void read_why(const char *line, struct compiler_answer *answer)
{
	static const char *const begin[] = {
		"ERROR: ", "Invalid model: ", "Compilation failed: ", "Compilation timeout.",
		"Internal compiler error." };

	if (*answer->why)
		return;
	for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
		if (begins(line, begin[i]))
			keep(answer->why, sizeof(answer->why), line);
}

int compiler_read(const char *words_path, struct compiler_answer *answer,
		  struct atoll_error *err)
{
	static const char off_chip[] =
		"Off-chip memory used for streaming uncached model parameters: ";
	FILE *file = fopen(words_path, "re");
	char *line = NULL;
	size_t room = 0;

	if (!file)
		return atoll_error_set(err, -errno, "%s: %s", atoll_error_path(words_path),
				       strerror(errno));
	*answer->why = *answer->off_chip = '\0';
	while (getline(&line, &room, file) >= 0) {
		read_why(line, answer);
		if (begins(line, off_chip))
			keep(answer->off_chip, sizeof(answer->off_chip),
			     line + strlen(off_chip));
	}
	free(line);
	(void)fclose(file); /* only read */
	return 0;
}

/* --- running it --- */

static int start(const struct compiler *compiler, char *const *argument, pid_t *child)
{
	posix_spawn_file_actions_t actions;
	int r = posix_spawn_file_actions_init(&actions);

	if (r != 0)
		return -r;
	r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, compiler->words,
						     O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	if (r == 0)
		r = posix_spawnp(child, compiler->program, &actions, NULL, argument, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* Until it ends, the user wants to stop, or it takes too long. */
static int wait_for(int process)
{
	struct pollfd items[] = {
		{ .fd = process, .events = POLLIN }, { .fd = stop_fd(), .events = POLLIN } };
	int r;

	do
		r = poll(items, 2, LIMIT_MS);
	while (r < 0 && errno == EINTR && !stop_wanted());
	if (items[0].revents)
		return 0;
	return stop_wanted() || items[1].revents ? -EINTR : r == 0 ? -ETIMEDOUT : -errno;
}

/* Its exit status; 128 and more when a signal ended it. */
static int reap(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(const struct compiler *compiler, char *const *argument, int *status,
	       struct atoll_error *err)
{
	pid_t child;
	int process, r = start(compiler, argument, &child);

	if (r < 0)
		return atoll_error_set(err, r, "%s: %s", compiler->program, strerror(-r));
	process = pidfd_open(child, 0);
	r = process < 0 ? -errno : wait_for(process);
	if (r < 0)
		(void)kill(child, SIGKILL); /* it is there until it is waited for */
	*status = reap(child);
	if (r == 0 && *status == NOT_STARTED)
		r = -ENOENT;
	if (process >= 0)
		(void)close(process);
	return r < 0 ? atoll_error_set(err, r, "%s: %s", compiler->program,
				       r == -EINTR ? "stopped" : strerror(-r)) : 0;
}

int compiler_run(const struct compiler *compiler, const char *model_path, const char *folder,
		 uint32_t segments, struct compiler_answer *answer, struct atoll_error *err)
{
	char number[16], step[16];
	/* What is started does not write to its arguments. */
	char *argument[12] = { (char *)compiler->program, "-o", (char *)folder, "-d", "-k",
			       step };
	int status = 0, next = 6, r;

	snprintf(step, sizeof(step), "%u", compiler->search_step);
	snprintf(number, sizeof(number), "%u", segments);
	if (segments > 0) {
		argument[next++] = "-n";
		argument[next++] = number;
	}
	argument[next] = (char *)model_path;
	*answer = (struct compiler_answer){ 0 };
	r = run(compiler, argument, &status, err);
	if (r < 0)
		return r;
	answer->is_compiled = status == 0;
	return compiler_read(compiler->words, answer, err);
}
