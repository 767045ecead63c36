/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 *	header | sizes u64[blocks] | padding | block | padding | block ...
 *
 * Blocks begin at multiples of 64 and are followed by at least 64 bytes of the
 * file, so that kernels may load whole vectors. `sum` covers the blocks'
 * contents. Numbers are the machine's own: the file never leaves it.
 */
#define ALIGNMENT 64

/* Changes whenever a kernel packs differently within one release. */
#define PACKING_VERSION 1

struct header {
	char magic[8];
	uint32_t packing_version;
	uint32_t level;
	uint8_t fingerprint[SHA256_DIGEST_LENGTH]; /* of our version and the model's bytes */
	uint64_t blocks;
	uint64_t bytes; /* of the file */
	uint64_t sum;
};

static const char magic[8] = "atollpk";

struct cache {
	char *path;
	int folder_fd;
	struct header header; /* what the file's must be, then what it is */
	const uint8_t *map; /* NULL: nothing usable on disk */
	size_t map_bytes;
	uint64_t next;      /* block */
	size_t offset;      /* of it */
};

static size_t align(size_t offset)
{
	return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Not against attackers, who cannot write here, but against broken disks. */
static uint64_t add_to_sum(uint64_t sum, const void *data, size_t bytes)
{
	const uint8_t *at = data;
	uint64_t word;

	for (; bytes >= sizeof(word); at += sizeof(word), bytes -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		sum ^= sum >> 29;
	}
	for (; bytes > 0; at++, bytes--)
		sum = (sum ^ *at) * UINT64_C(0x9e3779b97f4a7c15);
	return sum;
}

static bool is_private(int fd)
{
	struct stat s;

	return fstat(fd, &s) == 0 && s.st_uid == geteuid() &&
	       (s.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

/* The announced blocks lie inside the file and their sum is right. */
static bool blocks_are_good(const uint8_t *map, const struct header *header)
{
	uint64_t offset, size, sum = 0;

	if (header->blocks > (header->bytes - sizeof(*header)) / sizeof(size))
		return false;
	offset = sizeof(*header) + header->blocks * sizeof(size);
	for (uint64_t i = 0; i < header->blocks; i++) {
		memcpy(&size, map + sizeof(*header) + i * sizeof(size), sizeof(size));
		offset = align(offset);
		if (offset > header->bytes || size > header->bytes - offset)
			return false;
		sum = add_to_sum(sum, map + offset, size);
		offset += size;
	}
	return header->bytes - offset >= ALIGNMENT && sum == header->sum;
}

static bool is_usable(const struct cache *cache, const uint8_t *map, size_t bytes)
{
	struct header header;

	if (bytes < sizeof(header))
		return false;
	memcpy(&header, map, sizeof(header));
	return memcmp(header.magic, magic, sizeof(magic)) == 0 &&
	       header.packing_version == PACKING_VERSION &&
	       header.level == cache->header.level &&
	       memcmp(header.fingerprint, cache->header.fingerprint,
		      sizeof(header.fingerprint)) == 0 &&
	       header.bytes == bytes && blocks_are_good(map, &header);
}

static void map_file(struct cache *cache)
{
	int fd = openat(cache->folder_fd, cache->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat s;
	void *map;

	if (fd < 0)
		return;
	if (is_private(fd) && fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_size > 0) {
		map = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map != MAP_FAILED && !is_usable(cache, map, (size_t)s.st_size)) {
			(void)munmap(map, (size_t)s.st_size);
		} else if (map != MAP_FAILED) {
			cache->map = map;
			cache->map_bytes = (size_t)s.st_size;
			memcpy(&cache->header, map, sizeof(cache->header));
			cache->offset = align(sizeof(struct header) +
					      cache->header.blocks * sizeof(uint64_t));
		}
	}
	(void)close(fd); /* only read */
}

static char *file_name(const struct header *header)
{
	char digits[2 * SHA256_DIGEST_LENGTH + 1];
	char *name = NULL;

	for (size_t i = 0; i < SHA256_DIGEST_LENGTH; i++)
		(void)snprintf(digits + 2 * i, 3, "%02x", header->fingerprint[i]);
	return asprintf(&name, "%s.%s", digits,
			cpu_level_name((enum cpu_level)header->level)) < 0 ? NULL : name;
}

static int open_folder(const char *folder)
{
	if (mkdir(folder, S_IRWXU) < 0 && errno != EEXIST)
		return -1;
	return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

struct cache *cache_open(const char *folder, const struct atoll_model *model,
			 enum cpu_level level)
{
	struct cache *cache = calloc(1, sizeof(*cache));
	SHA2_CTX sha;

	if (!cache)
		return NULL;
	memcpy(cache->header.magic, magic, sizeof(magic));
	cache->header.packing_version = PACKING_VERSION;
	cache->header.level = (uint32_t)level;
	SHA256Init(&sha);
	SHA256Update(&sha, (const uint8_t *)ATOLL_VERSION, sizeof(ATOLL_VERSION));
	SHA256Update(&sha, model->bytes, model->size);
	SHA256Final(cache->header.fingerprint, &sha);

	cache->folder_fd = open_folder(folder);
	cache->path = file_name(&cache->header);
	if (cache->folder_fd < 0 || !is_private(cache->folder_fd) || !cache->path) {
		cache_close(cache);
		return NULL;
	}
	map_file(cache);
	return cache;
}

void cache_close(struct cache *cache)
{
	if (!cache)
		return;
	if (cache->map)
		(void)munmap((void *)(uintptr_t)cache->map, cache->map_bytes);
	if (cache->folder_fd >= 0)
		(void)close(cache->folder_fd); /* only read */
	free(cache->path);
	free(cache);
}

const void *cache_next(struct cache *cache, size_t bytes)
{
	const void *block;
	uint64_t size;

	if (!cache || !cache->map || cache->next >= cache->header.blocks)
		return NULL;
	memcpy(&size, cache->map + sizeof(struct header) + cache->next * sizeof(size),
	       sizeof(size));
	if (size != bytes) {
		/* Packed by other rules: what follows is not ours either. */
		cache->next = cache->header.blocks + 1;
		return NULL;
	}
	block = cache->map + cache->offset;
	cache->offset = align(cache->offset + bytes);
	cache->next++;
	return block;
}

bool cache_is_complete(const struct cache *cache)
{
	return cache && cache->map && cache->next == cache->header.blocks;
}

/* False when the disk does not take it. */
static bool put(FILE *file, struct header *header, const void *data, size_t bytes)
{
	header->bytes += bytes;
	return fwrite(data, 1, bytes, file) == bytes;
}

static bool write_all(FILE *file, struct header header,
		      const struct cache_block *blocks, size_t count)
{
	static const uint8_t zeros[ALIGNMENT];
	bool is_good;

	header.blocks = count;
	header.bytes = sizeof(header);
	header.sum = 0;
	is_good = fseek(file, (long)sizeof(header), SEEK_SET) == 0;
	for (size_t i = 0; i < count && is_good; i++)
		is_good = put(file, &header, &(uint64_t){ blocks[i].bytes },
			      sizeof(uint64_t));
	for (size_t i = 0; i < count && is_good; i++) {
		header.sum = add_to_sum(header.sum, blocks[i].data, blocks[i].bytes);
		is_good = put(file, &header, zeros, align(header.bytes) - header.bytes) &&
			  put(file, &header, blocks[i].data, blocks[i].bytes);
	}
	/* Down to the disk, or after a power cut the name might show half of it. */
	return is_good && put(file, &header, zeros, ALIGNMENT) &&
	       fseek(file, 0, SEEK_SET) == 0 &&
	       fwrite(&header, sizeof(header), 1, file) == 1 &&
	       fflush(file) == 0 && fsync(fileno(file)) == 0;
}

void cache_store(struct cache *cache, const struct cache_block *blocks, size_t count)
{
	char *draft = NULL;
	FILE *file;
	int fd;

	if (!cache || asprintf(&draft, "%s.%ld", cache->path, (long)getpid()) < 0)
		return;
	fd = openat(cache->folder_fd, draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    S_IRUSR | S_IWUSR);
	file = fd < 0 ? NULL : fdopen(fd, "wb");
	if (file) {
		bool is_good = write_all(file, cache->header, blocks, count);

		if (fclose(file) != 0 || !is_good ||
		    renameat(cache->folder_fd, draft, cache->folder_fd, cache->path) < 0)
			(void)unlinkat(cache->folder_fd, draft, 0);
	} else if (fd >= 0) {
		(void)close(fd);
		(void)unlinkat(cache->folder_fd, draft, 0);
	}
	free(draft);
}
