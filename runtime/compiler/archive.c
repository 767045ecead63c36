/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A zip archive is read from its end:
 *
 *	files      header, name, contents, one after the other
 *	directory  an entry for each, with the offset of its header
 *	end        entries, bytes and offset of the directory, a comment
 *
 * Offsets count from the start of the file. Archives larger than 4 GiB have another
 * end and are not looked for.
 */
#include "runtime/compiler/archive.h"

#include <stdbool.h>
#include <string.h>

#define FILE_SIGNATURE 0x04034b50
#define ENTRY_SIGNATURE 0x02014b50
#define END_SIGNATURE 0x06054b50

/* Bytes of each, without names and comments, and where the numbers are in them. */
enum { FILE_BYTES = 30, ENTRY_BYTES = 46, END_BYTES = 22 };
enum { ENTRY_LENGTHS = 28, ENTRY_OFFSET = 42 };
enum { END_DISKS = 4, END_ENTRIES = 10, END_SIZE = 12, END_OFFSET = 16, END_COMMENT = 20 };

struct archive {
	const uint8_t *bytes;
	size_t end;              /* where its end begins */
	size_t directory;
	uint32_t entries;
};

static uint32_t get16(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8;
}

static uint32_t get32(const uint8_t *at)
{
	return get16(at) | get16(at + 2) << 16;
}

static void put32(uint8_t *at, size_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* Nothing but its comment may stand behind the end. */
static bool find_end(const uint8_t *bytes, size_t size, size_t *end)
{
	size_t least = size < END_BYTES + UINT16_MAX ? 0 : size - END_BYTES - UINT16_MAX;

	if (size < END_BYTES)
		return false;
	for (size_t at = size - END_BYTES;; at--) {
		if (get32(bytes + at) == END_SIGNATURE &&
		    get16(bytes + at + END_COMMENT) == size - at - END_BYTES) {
			*end = at;
			return true;
		}
		if (at == least)
			return false;
	}
}

static bool open_archive(const uint8_t *bytes, size_t size, struct archive *archive)
{
	const uint8_t *end;
	size_t at, directory_bytes;

	if (!find_end(bytes, size, &at))
		return false;
	end = bytes + at;
	directory_bytes = get32(end + END_SIZE);
	*archive = (struct archive){ .bytes = bytes, .end = at,
				     .directory = get32(end + END_OFFSET),
				     .entries = get16(end + END_ENTRIES) };
	return get32(end + END_DISKS) == 0 && archive->directory <= at &&
	       directory_bytes == at - archive->directory;
}

/* The entry at `at`; 0 when there is none, else where the next is. */
static size_t next_entry(const struct archive *archive, size_t at)
{
	const uint8_t *entry = archive->bytes + at;
	size_t left = archive->end - at, bytes = ENTRY_BYTES;

	if (left < bytes || get32(entry) != ENTRY_SIGNATURE)
		return 0;
	for (int i = 0; i < 3; i++) /* name, extra, comment */
		bytes += get16(entry + ENTRY_LENGTHS + 2 * i);
	return bytes <= left ? at + bytes : 0;
}

static bool is_file(const struct archive *archive, size_t at)
{
	return at <= archive->directory && archive->directory - at >= FILE_BYTES &&
	       get32(archive->bytes + at) == FILE_SIGNATURE;
}

size_t archive_find(const uint8_t *bytes, size_t size)
{
	struct archive archive;
	size_t begin, at;

	if (!open_archive(bytes, size, &archive))
		return size;
	begin = at = archive.directory;
	for (uint32_t i = 0; i < archive.entries; i++) {
		size_t next = next_entry(&archive, at), file;

		if (next == 0)
			return size;
		file = get32(bytes + at + ENTRY_OFFSET);
		if (!is_file(&archive, file))
			return size;
		if (file < begin)
			begin = file;
		at = next;
	}
	return begin;
}

void archive_move(uint8_t *bytes, size_t size, size_t offset)
{
	struct archive archive = { .bytes = bytes };
	size_t at, begin;

	if (!find_end(bytes, size, &archive.end))
		return;
	archive.entries = get16(bytes + archive.end + END_ENTRIES);
	archive.directory = archive.end - get32(bytes + archive.end + END_SIZE);
	/* What it all began with where it came from. */
	begin = get32(bytes + archive.end + END_OFFSET) - archive.directory;
	at = archive.directory;
	for (uint32_t i = 0; i < archive.entries; i++) {
		uint8_t *entry = bytes + at;

		at = next_entry(&archive, at);
		put32(entry + ENTRY_OFFSET, get32(entry + ENTRY_OFFSET) - begin + offset);
	}
	put32(bytes + archive.end + END_OFFSET, archive.directory + offset);
}
