/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_TRACES_H
#define ATOLL_TESTS_TRACES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/edgetpu/usb.h"

/*
 * Conversations with an Edge TPU: read from files of JSON lines, or recorded by
 * tests/recorder.h, and compared.
 *
 *	struct trace *expected = trace_read(path);
 *	struct trace *actual = trace_new();
 *	char why[TRACE_TEXT];
 *
 *	... record into `actual` ...
 *	if (!trace_is_equal(expected, actual, true, why))
 *		fail_msg("%s", why);
 *
 * Records are in the order in which things were begun. What is read from a file
 * may have many reads folded into one record. What cannot be read or allocated
 * fails the test.
 */
enum trace_kind { TRACE_MARK, TRACE_API, TRACE_CONTROL, TRACE_OUT, TRACE_IN };

#define TRACE_SHA256 65
#define TRACE_TEXT 512

struct trace_record {
	enum trace_kind kind;
	uint32_t line;              /* of the file, or counted from 1 */
	char what[32];              /* mark: its text; api: "open", "claim_interface" */
	int32_t argument;           /* api: product id or interface, -1 when none */
	struct usb_setup setup;     /* control */
	uint8_t endpoint;           /* in and out */
	bool is_complete;           /* in and out: not cancelled, not failed */
	uint32_t requested;         /* in: bytes asked for, by each read */
	uint32_t moved;             /* bytes in all */
	uint32_t reads;             /* in: 1, or how many full ones this stands for */
	char sha256[TRACE_SHA256];  /* of what was moved; of instructions, before the
				       vendor's runtime wrote addresses into them */
	char start[17];             /* the first 8 bytes, "" when not known; for people */
	uint8_t *bytes;             /* recorded, in: what came; malloc'ed */
	json_t *json;               /* read from a file: the line */
};

struct trace {
	struct trace_record *record;
	uint32_t records, room;
};

struct trace *trace_new(void);
struct trace *trace_read(const char *path);
void trace_free(struct trace *trace);

/* A new last record, zero but for `kind`, `line` and `reads`; valid until the next. */
struct trace_record *trace_add(struct trace *trace, enum trace_kind kind);

/* Fill in sha256, moved and start. */
void trace_set_bytes(struct trace_record *record, const void *bytes, uint32_t size);

void trace_sha256(const void *bytes, size_t size, char digits[TRACE_SHA256]);

/*
 * What does not depend on the timing of the host: calls and control transfers in
 * order, what was sent in order, both between the same "invoke begin" and "invoke
 * end", and what came on each endpoint. What the configuration of the boot ROM says
 * is left out, and with `knows_firmware` false what the blocks of firmware hold.
 * When false, `why` says what the first difference is.
 */
bool trace_is_equal(const struct trace *expected, const struct trace *actual,
		    bool knows_firmware, char why[TRACE_TEXT]);

#endif
