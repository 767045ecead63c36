/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_SERVE_STATUS_H
#define ATOLL_RUNTIME_SERVE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"

/*
 * How the daemon is, at one moment.
 *
 *	struct serve_status *status = serve_status_ask(NULL, 5000, &err);
 *
 *	for (uint32_t i = 0; i < status->numbers.tpus; i++)
 *		puts(status->tpu[i].name);
 *	serve_status_free(status);
 *
 * The same structs go from the daemon to whoever asks: in one row in sealed
 * memory, the numbers first.
 */
#define SERVE_STATUS_VERSION 1

enum serve_tpu_state {
	SERVE_TPU_RISING,  /* brought up, or back */
	SERVE_TPU_IDLE,
	SERVE_TPU_BUSY,
	SERVE_TPU_DOWN,    /* that failed, and is tried again later */
};

struct serve_tpu {
	char name[48];             /* "usb:1-1.4"; "cpu" when that may step in */
	uint32_t state;            /* enum serve_tpu_state */
	uint32_t programs;         /* loaded there */
	uint32_t speed_mbit;       /* of the link, 0: unknown */
	uint32_t clock;            /* enum edgetpu_clock */
	int32_t millidegrees;
	uint32_t has_temperature;
	uint64_t runs, failures;
	uint64_t recoveries;       /* halts cleared, resets, reopened, firmware again */
	uint64_t busy_ns;
	uint64_t token;            /* of the parameters on the chip, or 0 */
	char why[192];             /* the last trouble, "" for none */
};

struct serve_client {
	uint32_t pid, uid;
	char name[16];             /* of the process, "" when unknown */
	uint32_t priority;         /* enum serve_priority, the highest it uses */
	uint32_t programs;
	uint32_t busy;             /* of them, how many wait or run */
	uint32_t zero;
	uint64_t bytes;            /* of memory shared with it */
	uint64_t requests, failures;
};

struct serve_program {
	char digest[24];           /* the beginning of it */
	char name[64];
	uint32_t users;
	uint32_t has_twin;
	uint32_t holders;          /* TPUs that have it loaded */
	uint32_t zero;
	uint64_t bytes, token, runs;
};

/* Of the requests of one priority that had their turn. */
struct serve_wait {
	uint64_t requests, total_ns, longest_ns;
};

#define SERVE_PRIORITIES 3
struct serve_numbers {
	uint32_t version;
	uint32_t pid;
	uint64_t up_ns;
	uint32_t tpus, clients, programs; /* how many follow, in this order */
	uint32_t waiting, running;
	uint32_t zero;
	uint64_t requests, failures; /* answered */
	uint64_t moved;              /* tried a second time elsewhere */
	uint64_t refused;            /* connections ended for what they said */
	struct serve_wait wait[SERVE_PRIORITIES]; /* by enum serve_priority */
};

struct serve_status {
	struct serve_numbers numbers;
	struct serve_tpu *tpu;
	struct serve_client *client;
	struct serve_program *program;
};

/* Ask the daemon at `socket` (NULL: SERVE_SOCKET). NULL with a sentence. */
struct serve_status *serve_status_ask(const char *socket, uint32_t timeout_ms,
				      struct atoll_error *err);

/* Who has the socket, by the kernel's word and not by its own: a process to be signalled.
   Or a negative errno with a sentence. */
int serve_status_pid(const char *socket, uint32_t timeout_ms, struct atoll_error *err);

/* Zeroed, with room for so many. NULL when out of memory. */
struct serve_status *serve_status_new(uint32_t tpus, uint32_t clients, uint32_t programs);

/* NULL is allowed. */
void serve_status_free(struct serve_status *status);

/* As one row of bytes in sealed memory: its descriptor, or a negative errno. */
int serve_status_pack(const struct serve_status *status, size_t *bytes);
/* The other way. NULL with a sentence for what was not packed by us. */
struct serve_status *serve_status_unpack(int fd, size_t bytes, struct atoll_error *err);

#endif
