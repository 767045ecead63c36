/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/firmware.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board/replacement.h"
#include "runtime/edgetpu/firmware_images.h"

/* Both as published in the vendor's repository of libedgetpu, driver/usb. */
static const struct firmware_image published[] = {
	{ 10783, false, "3b07311b174b81fd14fd2c887f40d646c0ebf2f140cc5ee5cf8befa0f3e3dc7f" },
	{ 12117, true, "f95e0b348e3a38e1191ec81baa80c7c3c331556da6ca8be59c01d66769c3c415" },
};
static const struct firmware_known known_ones = {
	published, sizeof(published) / sizeof(published[0]),
};

/* libedgetpu.so.1 has 1 to 2 MB. */
#define FILE_BYTES_MAX (64 << 20)

/* The controller is an 8051, whose programs usually begin with a long jump. */
#define LONG_JUMP 0x02

/* What compilers align a constant array of this size to, at least. */
#define ARRAY_ALIGNMENT 4

/* How many places of a file are hashed before it is given up: 0.8 s on a desk, for
   a file that has many ids and no image. One that has an image needs some hundred. */
#define HASHES_MAX 16384

struct search {
	const struct firmware_known *known;
	const uint8_t *bytes;
	size_t size;
	uint32_t hashes;
	const struct firmware_image *image; /* found: NULL, multi- or single-endpoint */
	size_t offset;                      /* of it */
};

static bool is_over(const struct search *search)
{
	return (search->image && !search->image->is_multi_endpoint) ||
	       search->hashes >= HASHES_MAX;
}

/* Does an image begin here? One pass gives the sums of all sizes. */
static void try_offset(struct search *search, size_t offset)
{
	const uint8_t *bytes = search->bytes + offset;
	const size_t left = search->size - offset;
	char digits[SHA256_DIGEST_STRING_LENGTH];
	SHA2_CTX sha, sum;
	size_t done = 0;

	SHA256Init(&sha);
	search->hashes++;
	for (uint32_t i = 0; i < search->known->images; i++) {
		const struct firmware_image *image = &search->known->image[i];

		if (image->size > left)
			return;
		SHA256Update(&sha, bytes + done, image->size - done);
		done = image->size;
		sum = sha;
		if (strcmp(SHA256End(&sum, digits), image->sha256) == 0) {
			search->image = image;
			search->offset = offset;
			return;
		}
	}
}

/*
 * Firmware carries the ids that the running device shows (usb.h) in its
 * descriptors, so an image begins less than its size before a pair of them. Of
 * those places, try each with a long jump, or those without where an array may be.
 */
static void try_before_ids(struct search *search, bool is_jump)
{
	static const uint8_t ids[] = { 0xd1, 0x18, 0x02, 0x93 };
	const uint8_t *end = search->bytes + search->size, *found = search->bytes;
	const size_t most = search->known->image[search->known->images - 1].size;
	size_t next, offset = 0;

	while ((found = memmem(found, (size_t)(end - found), ids, sizeof(ids)))) {
		next = (size_t)(found - search->bytes);
		if (next > most && offset < next - most)
			offset = next - most;
		for (; offset <= next && !is_over(search); offset++)
			if (is_jump ? search->bytes[offset] == LONG_JUMP :
				      search->bytes[offset] != LONG_JUMP &&
				      offset % ARRAY_ALIGNMENT == 0)
				try_offset(search, offset);
		found++;
	}
}

/* A fresh object with `size` bytes of its own. */
static struct edgetpu_firmware *firmware_new(size_t size)
{
	struct edgetpu_firmware *firmware = calloc(1, sizeof(*firmware));

	if (!firmware)
		return NULL;
	firmware->size = size;
	firmware->bytes = malloc(size ? size : 1);
	if (!firmware->bytes) {
		free(firmware);
		return NULL;
	}
	return firmware;
}

ATOLL_API void edgetpu_firmware_free(struct edgetpu_firmware *firmware)
{
	if (!firmware)
		return;
	free(firmware->bytes);
	free(firmware);
}

/* Searches the file's bytes. */
static struct edgetpu_firmware *extract(const struct edgetpu_firmware *file, const char *path,
					const struct firmware_known *known,
					struct atoll_error *err)
{
	struct search search = { .known = known, .bytes = file->bytes, .size = file->size };
	struct edgetpu_firmware *firmware;
	char place[32] = "";

	try_offset(&search, 0);
	if (!is_over(&search))
		try_before_ids(&search, true);
	if (!is_over(&search))
		try_before_ids(&search, false);
	if (!search.image) {
		atoll_error_set(err, -ENODATA, "firmware: %s: there is no Edge TPU firmware "
				"inside whose SHA-256 sum is known", atoll_error_path(path));
		return NULL;
	}
	firmware = firmware_new(search.image->size);
	if (!firmware) {
		atoll_error_set(err, -ENOMEM, "firmware: out of memory");
		return NULL;
	}
	memcpy(firmware->bytes, file->bytes + search.offset, firmware->size);
	firmware->is_multi_endpoint = search.image->is_multi_endpoint;
	if (file->size != firmware->size)
		(void)snprintf(place, sizeof(place), ", byte %zu", search.offset);
	if (strlen(path) + strlen(place) >= sizeof(firmware->origin))
		path = atoll_error_path(path);
	(void)snprintf(firmware->origin, sizeof(firmware->origin), "%s%s", path, place);
	return firmware;
}

static int read_all(int fd, uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t r = read(fd, bytes + at, size - at);

		if (r == 0)
			return -EIO; /* it became shorter while we read */
		if (r < 0 && errno != EINTR)
			return -errno;
		at += r > 0 ? (size_t)r : 0;
	}
	return 0;
}

/* Its size, when it is a file that may hold an image. */
static int check_file(int fd, size_t *size)
{
	struct stat s;

	if (fstat(fd, &s) < 0)
		return -errno;
	if (S_ISDIR(s.st_mode))
		return -EISDIR;
	if (!S_ISREG(s.st_mode))
		return -EINVAL;
	*size = (size_t)s.st_size;
	return s.st_size > FILE_BYTES_MAX ? -EFBIG : 0;
}

/* The whole file, as if it were firmware. */
static struct edgetpu_firmware *load(const char *path, struct atoll_error *err)
{
	/* A pipe without a writer must not hold us up. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct edgetpu_firmware *file = NULL;
	size_t size = 0;
	int r = fd < 0 ? -errno : check_file(fd, &size);

	if (r == 0) {
		file = firmware_new(size);
		r = file ? read_all(fd, file->bytes, size) : -ENOMEM;
	}
	if (fd >= 0)
		(void)close(fd); /* only read */
	if (r == 0)
		return file;
	edgetpu_firmware_free(file);
	atoll_error_set(err, r, "firmware: %s: %s", atoll_error_path(path),
			r == -EINVAL ? "is not a file" : strerror(-r));
	return NULL;
}

struct edgetpu_firmware *firmware_read(const char *path, const struct firmware_known *known,
				       struct atoll_error *err)
{
	struct edgetpu_firmware *file = load(path, err), *firmware;

	if (!file)
		return NULL;
	firmware = extract(file, path, known, err);
	edgetpu_firmware_free(file);
	return firmware;
}

ATOLL_API struct edgetpu_firmware *edgetpu_firmware_read(const char *path,
							 struct atoll_error *err)
{
	return firmware_read(path, &known_ones, err);
}

/* An image of the other kind says so. */
static int refuse_multi(const struct edgetpu_firmware *firmware, struct atoll_error *err)
{
	if (!firmware->is_multi_endpoint)
		return 0;
	return atoll_error_set(err, -EINVAL, "firmware: %s: is for the multi-endpoint mode, "
			       "which is not used here; " EDGETPU_FIRMWARE_NAME " is needed",
			       atoll_error_path(firmware->origin));
}

static struct edgetpu_firmware *read_single(const char *path,
					    const struct firmware_known *known,
					    struct atoll_error *err)
{
	struct edgetpu_firmware *firmware = firmware_read(path, known, err);

	if (!firmware || refuse_multi(firmware, err) == 0)
		return firmware;
	edgetpu_firmware_free(firmware);
	return NULL;
}

/* The files that fit the pattern; true when `visit` has seen enough. */
static bool visit_all(const char *root, const char *pattern,
		      const struct firmware_known *known,
		      const struct edgetpu_firmware_visitor *visitor)
{
	char whole[PATH_MAX];
	glob_t found = { 0 };
	bool is_enough = false;

	if (snprintf(whole, sizeof(whole), "%s%s", root, pattern) >= (int)sizeof(whole))
		return false;
	if (glob(whole, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc && !is_enough; i++) {
			struct atoll_error why = { 0 };
			struct edgetpu_firmware *firmware =
				read_single(found.gl_pathv[i], known, &why);

			is_enough = visitor->visit(visitor->data, found.gl_pathv[i],
						   firmware, &why);
		}
	globfree(&found);
	return is_enough;
}

void firmware_each(const char *root, const struct firmware_known *known,
		   const struct edgetpu_firmware_visitor *visitor)
{
	/* The administrator's, then what was imported, then what packages bring. */
	static const char *const patterns[] = {
		"/etc/atoll/firmware/" EDGETPU_FIRMWARE_NAME,
		EDGETPU_FIRMWARE_FOLDER "/" EDGETPU_FIRMWARE_NAME,
		"/usr/lib/firmware/atoll/" EDGETPU_FIRMWARE_NAME,
		"/usr/share/atoll/firmware/" EDGETPU_FIRMWARE_NAME,
		"/usr/local/lib/libedgetpu.so.1",
		"/usr/lib/*/libedgetpu.so.1",
		"/usr/lib/libedgetpu.so.1",
	};

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (visit_all(root, patterns[i], known, visitor))
			return;
}

ATOLL_API void edgetpu_firmware_each(const struct edgetpu_firmware_visitor *visitor)
{
	firmware_each("", &known_ones, visitor);
}

struct choice {
	struct edgetpu_firmware *firmware;
	struct atoll_error trouble; /* with the first file that was there and no good */
};

static bool take_first(void *data, const char *path, struct edgetpu_firmware *firmware,
		       const struct atoll_error *why)
{
	struct choice *choice = data;

	(void)path;
	choice->firmware = firmware;
	if (!firmware && choice->trouble.code == 0)
		choice->trouble = *why;
	return firmware;
}

struct edgetpu_firmware *firmware_find(const char *root, const char *path,
				       const struct firmware_known *known,
				       struct atoll_error *err)
{
	struct choice choice = { 0 };

	if (path)
		return read_single(path, known, err);
	firmware_each(root, known, &(struct edgetpu_firmware_visitor){ take_first, &choice });
	if (choice.firmware)
		return choice.firmware;
	if (choice.trouble.code < 0)
		atoll_error_set(err, choice.trouble.code, "%s", choice.trouble.text);
	else
		atoll_error_set(err, -ENOENT, "no firmware for the Edge TPU: run \"atoll-tpu "
				"firmware import FILE\" with libedgetpu.so.1 (of the vendor's "
				"package libedgetpu1-std) or " EDGETPU_FIRMWARE_NAME);
	return NULL;
}

ATOLL_API struct edgetpu_firmware *edgetpu_firmware_find(const char *path,
							 struct atoll_error *err)
{
	return firmware_find("", path ? path : getenv("ATOLL_FIRMWARE"), &known_ones, err);
}

/* The folder and those above it. */
static int make_folders(const char *folder)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s", folder) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	for (char *at = path + 1; path[0] && *at; at++)
		if (*at == '/') {
			*at = '\0';
			(void)mkdir(path, 0755); /* the last one tells */
			*at = '/';
		}
	return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/* All of it, readable for everyone, or nothing. */
static int write_to(const char *path, const struct edgetpu_firmware *firmware)
{
	struct atoll_replacement replacement;
	int r = atoll_replacement_open(&replacement, path);

	if (r < 0)
		return r;
	r = fchmod(fileno(replacement.file), 0644) < 0 ? -errno : 0;
	(void)fwrite(firmware->bytes, 1, firmware->size, replacement.file); /* ferror tells */
	return atoll_replacement_close(&replacement, r);
}

ATOLL_API int edgetpu_firmware_store(const struct edgetpu_firmware *firmware,
				     const char *folder, struct atoll_error *err)
{
	char *path = NULL;
	int r = refuse_multi(firmware, err);

	if (r < 0)
		return r;
	r = make_folders(folder);
	if (r == 0 && asprintf(&path, "%s/" EDGETPU_FIRMWARE_NAME, folder) < 0)
		r = -ENOMEM;
	if (r == 0)
		r = write_to(path, firmware);
	free(path);
	return r == 0 ? 0 : atoll_error_set(err, r, "firmware: %s: %s",
					    atoll_error_path(folder), strerror(-r));
}
