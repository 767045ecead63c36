/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_SERVE_PROTOCOL_H
#define ATOLL_RUNTIME_SERVE_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"

/*
 * What goes between atoll-tpud and its clients; PROTOCOL.md tells it in words.
 *
 *	struct serve_run run = { .head = SERVE_HEAD(SERVE_RUN), .number = 1 };
 *	struct serve_received got;
 *
 *	r = serve_send(fd, &run, sizeof(run), NULL, 0);
 *	r = serve_receive(fd, &got);
 *	if (r == 1 && got.message.head.kind == SERVE_DONE)
 *		use(got.message.done.result);
 *	serve_received_close(&got);
 */
#define SERVE_VERSION 1

enum serve_kind {
	SERVE_LOAD = 1,    /* client: here is a program */
	SERVE_RUN = 2,     /* client: run it */
	SERVE_STATUS = 3,  /* client: how are things? */
	SERVE_LOADED = 17, /* daemon: there is your memory */
	SERVE_DONE = 18,   /* daemon: the run is over */
	SERVE_STATE = 19,  /* daemon: so they are */
	SERVE_REFUSED = 20, /* daemon: no, and nothing more */
};

struct serve_head {
	uint32_t kind;
	uint32_t version;
};

#define SERVE_HEAD(what) { .kind = (what), .version = SERVE_VERSION }

/* With one descriptor, or two when there is a twin. */
struct serve_load {
	struct serve_head head;
	uint32_t priority;       /* enum serve_priority */
	uint32_t zero;
	uint64_t options_bytes;
	uint64_t twin_bytes;     /* 0: none */
};

struct serve_run {
	struct serve_head head;
	uint64_t number;         /* comes back with the answer */
};

struct serve_ask {
	struct serve_head head;
};

/* More than any compiled model that was seen has, in and out together. */
#define SERVE_TENSORS_MAX 128

struct serve_tensor {
	uint64_t offset;         /* in the shared memory */
	uint64_t bytes;          /* of one inference */
	uint64_t is_state;       /* an input that the daemon writes after a run */
};

/* With the descriptor of the shared memory; inputs first, states not among the
   outputs; only so many tensors as there are. */
struct serve_loaded {
	struct serve_head head;
	uint32_t inputs, outputs;
	uint64_t memory_bytes;
	struct serve_tensor tensor[SERVE_TENSORS_MAX];
};

#define SERVE_TEXT 192
struct serve_done {
	struct serve_head head;
	uint64_t number;
	int32_t result;          /* 0 or a negative errno */
	uint32_t zero;
	uint64_t waited_ns;      /* until it was its turn */
	uint64_t run_ns;
	char device[48];         /* where it ran, "usb:1-1.4" */
	char text[SERVE_TEXT];   /* of a failure */
};

/* With the descriptor of the state, see status.h. */
struct serve_state {
	struct serve_head head;
	uint64_t bytes;
};

struct serve_refused {
	struct serve_head head;
	int32_t result;          /* a negative errno */
	uint32_t zero;
	char text[SERVE_TEXT];
};

#define SERVE_FDS_MAX 2

struct serve_received {
	size_t bytes;
	uint32_t fds;
	int fd[SERVE_FDS_MAX];
	union {
		struct serve_head head;
		struct serve_load load;
		struct serve_run run;
		struct serve_loaded loaded;
		struct serve_done done;
		struct serve_state state;
		struct serve_refused refused;
	} message;
};

/* One message, whole, with descriptors. 0 or a negative errno. */
int serve_send(int fd, const void *message, size_t bytes, const int *fds, uint32_t count);

/* 1, 0 at the end of the connection, or a negative errno: -EPROTO for what is no
   message of ours by its length. Only with 1 there are descriptors to close. */
int serve_receive(int fd, struct serve_received *got);
void serve_received_close(struct serve_received *got);

/* The length that a message of this kind has; `got` tells more of LOADED. */
bool serve_is_whole(const struct serve_received *got);

/*
 * Memory to share. New: zeroed, of a size that nobody can change any more, mapped
 * at `*memory`. Copy: its bytes cannot be changed either. The descriptor, or a
 * negative errno.
 */
int serve_memory_new(const char *name, size_t bytes, void **memory);
int serve_memory_copy(const char *name, const void *bytes, size_t size);

/*
 * Whether memory from the other side can be trusted to stay as it is: its size
 * always, its contents if asked. -EPERM, -EINVAL with a sentence about `what`.
 */
int serve_memory_check(int fd, size_t bytes, bool is_constant, const char *what,
		       struct atoll_error *err);

/* As strncpy, with a NUL at the end: text in messages is of fixed length. */
void serve_text(char *to, size_t room, const char *from);

#endif
