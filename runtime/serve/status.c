/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/serve/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/serve/connect.h"
#include "runtime/serve/protocol.h"

/* No daemon has so many of anything. */
#define ROWS_MAX 65536

ATOLL_API void serve_status_free(struct serve_status *status)
{
	if (!status)
		return;
	free(status->tpu);
	free(status->client);
	free(status->program);
	free(status);
}

struct serve_status *serve_status_new(uint32_t tpus, uint32_t clients, uint32_t programs)
{
	struct serve_status *status = calloc(1, sizeof(*status));

	if (!status)
		return NULL;
	status->numbers.version = SERVE_STATUS_VERSION;
	status->numbers.tpus = tpus;
	status->numbers.clients = clients;
	status->numbers.programs = programs;
	/* One more, so that NULL always means that there is no memory. */
	status->tpu = calloc(tpus + 1, sizeof(*status->tpu));
	status->client = calloc(clients + 1, sizeof(*status->client));
	status->program = calloc(programs + 1, sizeof(*status->program));
	if (status->tpu && status->client && status->program)
		return status;
	serve_status_free(status);
	return NULL;
}

static size_t packed_bytes(const struct serve_numbers *numbers)
{
	return sizeof(struct serve_numbers) + numbers->tpus * sizeof(struct serve_tpu) +
	       numbers->clients * sizeof(struct serve_client) +
	       numbers->programs * sizeof(struct serve_program);
}

static uint8_t *put(uint8_t *to, const void *from, size_t bytes)
{
	memcpy(to, from, bytes);
	return to + bytes;
}

int serve_status_pack(const struct serve_status *status, size_t *bytes)
{
	const struct serve_numbers *numbers = &status->numbers;
	uint8_t *row, *at;
	int fd;

	*bytes = packed_bytes(numbers);
	row = malloc(*bytes);
	if (!row)
		return -ENOMEM;
	at = put(row, numbers, sizeof(*numbers));
	at = put(at, status->tpu, numbers->tpus * sizeof(*status->tpu));
	at = put(at, status->client, numbers->clients * sizeof(*status->client));
	(void)put(at, status->program, numbers->programs * sizeof(*status->program));
	fd = serve_memory_copy("atoll-status", row, *bytes);
	free(row);
	return fd;
}

static const uint8_t *get(void *to, const uint8_t *from, size_t bytes)
{
	memcpy(to, from, bytes);
	return from + bytes;
}

static void end_texts(struct serve_status *status)
{
	for (uint32_t i = 0; i < status->numbers.tpus; i++) {
		status->tpu[i].name[sizeof(status->tpu[i].name) - 1] = '\0';
		status->tpu[i].why[sizeof(status->tpu[i].why) - 1] = '\0';
	}
	for (uint32_t i = 0; i < status->numbers.clients; i++)
		status->client[i].name[sizeof(status->client[i].name) - 1] = '\0';
	for (uint32_t i = 0; i < status->numbers.programs; i++) {
		struct serve_program *program = &status->program[i];

		program->digest[sizeof(program->digest) - 1] = '\0';
		program->name[sizeof(program->name) - 1] = '\0';
	}
}

static struct serve_status *unpack(const uint8_t *row, size_t bytes, struct atoll_error *err)
{
	struct serve_status *status;
	struct serve_numbers numbers;
	const uint8_t *at;

	if (bytes < sizeof(numbers)) {
		(void)atoll_error_set(err, -EPROTO, "status: %zu bytes", bytes);
		return NULL;
	}
	at = get(&numbers, row, sizeof(numbers));
	if (numbers.version != SERVE_STATUS_VERSION || numbers.tpus > ROWS_MAX ||
	    numbers.clients > ROWS_MAX || numbers.programs > ROWS_MAX ||
	    bytes != packed_bytes(&numbers)) {
		(void)atoll_error_set(err, -EPROTO,
				      "status: version %u, this program reads version %d",
				      numbers.version, SERVE_STATUS_VERSION);
		return NULL;
	}
	status = serve_status_new(numbers.tpus, numbers.clients, numbers.programs);
	if (!status) {
		(void)atoll_error_set(err, -ENOMEM, "status: %s", strerror(ENOMEM));
		return NULL;
	}
	status->numbers = numbers;
	at = get(status->tpu, at, numbers.tpus * sizeof(*status->tpu));
	at = get(status->client, at, numbers.clients * sizeof(*status->client));
	(void)get(status->program, at, numbers.programs * sizeof(*status->program));
	end_texts(status);
	return status;
}

struct serve_status *serve_status_unpack(int fd, size_t bytes, struct atoll_error *err)
{
	struct serve_status *status;
	void *row;

	if (serve_memory_check(fd, bytes, true, "status", err) < 0)
		return NULL;
	row = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	if (row == MAP_FAILED) {
		(void)atoll_error_set(err, -errno, "status: map: %s", strerror(errno));
		return NULL;
	}
	status = unpack(row, bytes, err);
	(void)munmap(row, bytes); /* only read from */
	return status;
}

static struct serve_status *ask(int fd, struct atoll_error *err)
{
	const struct serve_ask message = { .head = SERVE_HEAD(SERVE_STATUS) };
	struct serve_status *status = NULL;
	struct serve_received got;

	if (connect_exchange(fd, &message, sizeof(message), NULL, 0, &got, err) < 0)
		return NULL;
	if (got.message.head.kind == SERVE_STATE && got.fds == 1)
		status = serve_status_unpack(got.fd[0], got.message.state.bytes, err);
	else
		(void)connect_wrong_answer(&got, err);
	serve_received_close(&got);
	return status;
}

ATOLL_API struct serve_status *serve_status_ask(const char *socket, uint32_t timeout_ms,
						struct atoll_error *err)
{
	struct serve_status *status;
	int fd = connect_daemon(socket, timeout_ms, err);

	if (fd < 0)
		return NULL;
	status = ask(fd, err);
	(void)close(fd); /* nothing is left to say */
	return status;
}

ATOLL_API int serve_status_pid(const char *socket, uint32_t timeout_ms,
			       struct atoll_error *err)
{
	struct ucred owner = { .pid = 0 };
	socklen_t bytes = sizeof(owner);
	int fd = connect_daemon(socket, timeout_ms, err);

	if (fd < 0)
		return fd;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &owner, &bytes) < 0 || owner.pid <= 1)
		owner.pid = -ESRCH;
	(void)close(fd); /* nothing was said */
	if (owner.pid < 0)
		return atoll_error_set(err, -ESRCH, "serve: nobody has the socket");
	return owner.pid;
}
