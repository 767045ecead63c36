/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tell what a daemon of Atoll notices, as it happens: atoll-events(7). The library watches
 * the socket; nothing more is needed than to read lines.
 *
 *	cc -o hear_events hear_events.c $(pkg-config --cflags --libs atoll)
 *	hear_events /run/atoll/visiond.sock
 */
#include <atoll/board/loop.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct ear {
	int fd;
	struct atoll_loop *loop;
};

static void on_lines(void *data, uint32_t events)
{
	struct ear *ear = data;
	char text[4096];
	ssize_t n = read(ear->fd, text, sizeof(text));

	(void)events;
	if (n > 0) {
		fwrite(text, 1, (size_t)n, stdout);
		fflush(stdout);
	} else if (n == 0) {
		atoll_loop_stop(ear->loop, 0);  /* the daemon ended */
	} else if (errno != EINTR) {
		atoll_loop_stop(ear->loop, -errno);
	}
}

static void on_interrupt(void *loop, uint32_t signal)
{
	(void)signal;
	atoll_loop_stop(loop, 0);
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct ear ear = { .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	struct atoll_error why;

	if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path))
		errx(2, "SOCKET");
	strcpy(address.sun_path, argv[1]);
	if (ear.fd < 0 || connect(ear.fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		err(1, "%s", argv[1]);
	ear.loop = atoll_loop_new(&why);
	if (!ear.loop)
		errx(1, "%s", why.text);
	if (atoll_loop_watch(ear.loop, ear.fd, EPOLLIN, on_lines, &ear) < 0 ||
	    atoll_loop_signal(ear.loop, SIGINT, on_interrupt, ear.loop) < 0)
		errx(1, "the loop cannot have them");
	int status = atoll_loop_run(ear.loop);

	atoll_loop_free(ear.loop);
	close(ear.fd);
	return status < 0;
}
