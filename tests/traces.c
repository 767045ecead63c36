/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/traces.h"

#include <inttypes.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

struct trace *trace_new(void)
{
	struct trace *trace = calloc(1, sizeof(*trace));

	assert_non_null(trace);
	return trace;
}

void trace_free(struct trace *trace)
{
	for (uint32_t i = 0; trace && i < trace->records; i++) {
		free(trace->record[i].bytes);
		json_decref(trace->record[i].json);
	}
	if (trace)
		free(trace->record);
	free(trace);
}

struct trace_record *trace_add(struct trace *trace, enum trace_kind kind)
{
	struct trace_record *record;

	if (trace->records == trace->room) {
		trace->room = trace->room ? 2 * trace->room : 256;
		trace->record = realloc(trace->record, trace->room * sizeof(*trace->record));
		assert_non_null(trace->record);
	}
	record = &trace->record[trace->records++];
	*record = (struct trace_record){ .kind = kind, .line = trace->records,
					 .argument = -1, .reads = 1 };
	return record;
}

static void write_digits(const uint8_t *bytes, size_t size, char *digits)
{
	for (size_t i = 0; i < size; i++)
		(void)sprintf(digits + 2 * i, "%02x", bytes[i]);
}

static void end_sha256(SHA2_CTX *sha, char digits[TRACE_SHA256])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	SHA256Final(digest, sha);
	write_digits(digest, sizeof(digest), digits);
}

void trace_sha256(const void *bytes, size_t size, char digits[TRACE_SHA256])
{
	SHA2_CTX sha;

	SHA256Init(&sha);
	SHA256Update(&sha, bytes, size);
	end_sha256(&sha, digits);
}

void trace_set_bytes(struct trace_record *record, const void *bytes, uint32_t size)
{
	record->moved = size;
	trace_sha256(bytes, size, record->sha256);
	record->start[0] = '\0';
	write_digits(bytes, size < 8 ? size : 8, record->start);
}

/* --- reading --- */

static const char *text_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "";
}

static uint32_t number_of(const json_t *json, const char *key)
{
	return (uint32_t)json_integer_value(json_object_get(json, key));
}

static const struct { const char *text; enum trace_kind kind; } kinds[] = {
	{ "mark", TRACE_MARK }, { "api", TRACE_API }, { "control", TRACE_CONTROL },
	{ "bulk_out", TRACE_OUT }, { "bulk_in", TRACE_IN }, { "interrupt_in", TRACE_IN },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void read_setup(const json_t *json, struct usb_setup *setup)
{
	*setup = (struct usb_setup){
		.request_type = (uint8_t)number_of(json, "bmRequestType"),
		.request = (uint8_t)number_of(json, "bRequest"),
		.value = (uint16_t)number_of(json, "wValue"),
		.index = (uint16_t)number_of(json, "wIndex"),
		.length = (uint16_t)number_of(json, "wLength"),
	};
}

/* Takes `json` over. */
static void add_line(struct trace *trace, json_t *json, const char *path, uint32_t line)
{
	const char *kind = text_of(json, "kind"), *unpatched = text_of(json, "sha256_unpatched");
	struct trace_record *record;
	size_t k = 0;

	while (k < KINDS && strcmp(kinds[k].text, kind) != 0)
		k++;
	if (k == KINDS)
		fail_msg("%s: line %u: kind \"%s\"", path, (unsigned)line, kind);
	record = trace_add(trace, kinds[k].kind);
	record->json = json;
	record->line = line;
	(void)snprintf(record->what, sizeof(record->what), "%s",
		       record->kind == TRACE_API ? text_of(json, "call") : text_of(json, "text"));
	if (json_object_get(json, "arg"))
		record->argument = (int32_t)number_of(json, "arg");
	read_setup(json, &record->setup);
	record->endpoint = (uint8_t)number_of(json, "ep");
	record->is_complete = strcmp(text_of(json, "status"), "completed") == 0;
	record->requested = number_of(json, "req_len");
	record->moved = number_of(json, "len");
	(void)snprintf(record->sha256, sizeof(record->sha256), "%s",
		       *unpatched ? unpatched : text_of(json, "sha256"));
	(void)snprintf(record->start, sizeof(record->start), "%.16s", text_of(json, "data"));
	if (json_object_get(json, "repeat")) {
		record->reads = number_of(json, "repeat");
		record->moved = number_of(json, "total_len");
	}
}

struct trace *trace_read(const char *path)
{
	struct trace *trace = trace_new();
	char *text = check_read(path, NULL), *at = text, *end;
	json_error_t why;
	json_t *json;

	for (uint32_t line = 1; *at; line++, at = end) {
		end = at + strcspn(at, "\n");
		json = json_loadb(at, (size_t)(end - at), 0, &why);
		if (!json)
			fail_msg("%s: line %u: %s", path, (unsigned)line, why.text);
		add_line(trace, json, path, line);
		end += *end == '\n';
	}
	free(text);
	return trace;
}

/* --- comparing --- */

enum stream { CALLS, SENT, OUTPUT, EVENTS, INTERRUPTS, STREAMS };

static bool belongs(const struct trace_record *record, enum stream stream)
{
	static const uint8_t endpoints[STREAMS] = {
		[OUTPUT] = 0x81, [EVENTS] = 0x82, [INTERRUPTS] = 0x83,
	};

	if (record->kind == TRACE_IN)
		return record->is_complete && endpoints[stream] == record->endpoint;
	if (record->kind == TRACE_MARK)
		return (stream == CALLS || stream == SENT) &&
		       strncmp(record->what, "invoke ", 7) == 0;
	return stream == (record->kind == TRACE_OUT ? SENT : CALLS);
}

/* The next record of a stream, from `at` on; NULL at the end. */
static const struct trace_record *next(const struct trace *trace, enum stream stream,
				       uint32_t *at)
{
	while (*at < trace->records) {
		const struct trace_record *record = &trace->record[(*at)++];

		if (belongs(record, stream))
			return record;
	}
	return NULL;
}

/* Only the boot ROM is asked for it. What it has is not public: the one in the traces
   was invented, and draws more from a SuperSpeed port than Linux lets it. */
static bool is_configuration(const struct usb_setup *setup)
{
	return setup->request_type == 0x80 && setup->request == 6 && setup->value == 0x0200;
}

static bool is_block_of_firmware(const struct usb_setup *setup)
{
	return (setup->request_type == 0x21 && setup->request == 1) ||
	       (setup->request_type == 0xa1 && setup->request == 2);
}

static bool is_same_setup(const struct usb_setup *a, const struct usb_setup *b)
{
	return a->request_type == b->request_type && a->request == b->request &&
	       a->value == b->value && a->index == b->index && a->length == b->length;
}

static bool is_same(const struct trace_record *a, const struct trace_record *b,
		    bool knows_firmware)
{
	if (a->kind != b->kind || strcmp(a->what, b->what) != 0 || a->argument != b->argument ||
	    a->endpoint != b->endpoint || a->requested != b->requested || a->moved != b->moved ||
	    a->is_complete != b->is_complete || !is_same_setup(&a->setup, &b->setup))
		return false;
	if (a->kind == TRACE_CONTROL && is_block_of_firmware(&a->setup) && !knows_firmware)
		return true;
	if (a->kind == TRACE_CONTROL && is_configuration(&a->setup))
		return true;
	return strcmp(a->sha256, b->sha256) == 0;
}

/* `reads` reads of `actual`, the first of which is `record`, as one. */
static bool fold(const struct trace *actual, enum stream stream, uint32_t *at,
		 const struct trace_record *record, uint32_t reads, struct trace_record *folded)
{
	SHA2_CTX sha;

	*folded = *record;
	folded->moved = 0;
	SHA256Init(&sha);
	for (uint32_t i = 0; i < reads; i++) {
		if (!record || record->moved != record->requested ||
		    record->requested != folded->requested)
			return false;
		SHA256Update(&sha, record->bytes, record->moved);
		folded->moved += record->moved;
		if (i + 1 < reads)
			record = next(actual, stream, at);
	}
	end_sha256(&sha, folded->sha256);
	folded->reads = reads;
	return true;
}

static int describe(const struct trace_record *record, char *text, size_t room)
{
	const struct usb_setup *setup;

	if (!record)
		return snprintf(text, room, "nothing more");
	setup = &record->setup;
	switch (record->kind) {
	case TRACE_MARK:
		return snprintf(text, room, "%u: %s", (unsigned)record->line, record->what);
	case TRACE_API:
		return snprintf(text, room, "%u: %s %" PRIx32, (unsigned)record->line,
				record->what, (uint32_t)record->argument);
	case TRACE_CONTROL:
		return snprintf(text, room, "%u: control %02x %02x %04x %04x %u: %u bytes %s... "
				"sha256 %.8s", (unsigned)record->line, setup->request_type,
				setup->request, setup->value, setup->index, setup->length,
				(unsigned)record->moved, record->start, record->sha256);
	default:
		return snprintf(text, room, "%u: endpoint 0x%02x: %u bytes of %u x %u, %s... "
				"sha256 %.8s", (unsigned)record->line, record->endpoint,
				(unsigned)record->moved, (unsigned)record->reads,
				(unsigned)record->requested, record->start, record->sha256);
	}
}

static bool stream_is_equal(const struct trace *expected, const struct trace *actual,
			    enum stream stream, bool knows_firmware, char why[TRACE_TEXT])
{
	uint32_t i = 0, k = 0;

	for (;;) {
		const struct trace_record *wanted = next(expected, stream, &i);
		const struct trace_record *found = next(actual, stream, &k);
		struct trace_record folded;
		int used;

		if (!wanted && !found)
			return true;
		if (wanted && found && wanted->reads > 1 && found->bytes &&
		    fold(actual, stream, &k, found, wanted->reads, &folded))
			found = &folded;
		if (wanted && found && is_same(wanted, found, knows_firmware))
			continue;
		used = snprintf(why, TRACE_TEXT, "expected ");
		used += describe(wanted, why + used, TRACE_TEXT - (size_t)used);
		used += snprintf(why + used, TRACE_TEXT - (size_t)used, "; found ");
		(void)describe(found, why + used, TRACE_TEXT - (size_t)used);
		return false;
	}
}

bool trace_is_equal(const struct trace *expected, const struct trace *actual,
		    bool knows_firmware, char why[TRACE_TEXT])
{
	for (enum stream stream = 0; stream < STREAMS; stream++)
		if (!stream_is_equal(expected, actual, stream, knows_firmware, why))
			return false;
	return true;
}
