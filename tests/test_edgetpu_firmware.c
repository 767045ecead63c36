/* SPDX-License-Identifier: Apache-2.0 */
/* The vendor's images are not ours to carry, so most of this looks for others, with
   sums of their own. ATOLL_FIRMWARE may name the real one. */
#include "runtime/edgetpu/firmware.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/edgetpu/firmware_images.h"
#include "tests/check.h"
#include "tests/folder.h"

#define SINGLE_BYTES 1000
#define MULTI_BYTES 1203
#define FILE_BYTES 30000

static uint8_t single[SINGLE_BYTES], multi[MULTI_BYTES], file[FILE_BYTES];
static char single_sum[SHA256_DIGEST_STRING_LENGTH], multi_sum[SHA256_DIGEST_STRING_LENGTH];
static const struct firmware_image images[] = {
	{ SINGLE_BYTES, false, single_sum }, { MULTI_BYTES, true, multi_sum },
};
static const struct firmware_known known = { images, 2 };
static struct atoll_error err;

static void fill(uint8_t *bytes, size_t size, uint64_t seed)
{
	struct check_random random = { seed };

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)check_random(&random);
}

/* Random bytes with what firmware has: a first byte, and the ids. */
static void make_images(uint8_t first)
{
	static const uint8_t ids[] = { 0xd1, 0x18, 0x02, 0x93 };

	fill(single, sizeof(single), 1);
	fill(multi, sizeof(multi), 2);
	single[0] = multi[0] = first;
	memcpy(single + 700, ids, sizeof(ids));
	memcpy(multi + MULTI_BYTES - sizeof(ids), ids, sizeof(ids));
	SHA256Data(single, sizeof(single), single_sum);
	SHA256Data(multi, sizeof(multi), multi_sum);
}

static int enter(void **state)
{
	make_images(0x02);
	fill(file, sizeof(file), 3);
	memset(&err, 0, sizeof(err));
	return folder_make(state);
}

/* With the folders it is in. */
static const char *write_file(const char *name, const void *bytes, size_t size)
{
	char path[PATH_MAX];
	FILE *out;

	(void)snprintf(path, sizeof(path), "%s", in_folder(name));
	for (char *at = path + strlen(folder) + 1; *at; at++)
		if (*at == '/') {
			*at = '\0';
			(void)mkdir(path, 0755);
			*at = '/';
		}
	out = fopen(path, "wb");
	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, size, out), size);
	assert_int_equal(fclose(out), 0);
	return in_folder(name);
}

static void gives(struct edgetpu_firmware *firmware, const uint8_t *bytes, size_t size)
{
	if (!firmware)
		fail_msg("%s", err.text);
	assert_int_equal(firmware->size, size);
	assert_memory_equal(firmware->bytes, bytes, size);
	assert_int_equal(firmware->is_multi_endpoint, bytes == multi);
	edgetpu_firmware_free(firmware);
}

static void fails(struct edgetpu_firmware *firmware, int code, const char *words)
{
	assert_null(firmware);
	assert_int_equal(err.code, code);
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
}

static void an_image_is_read_and_says_where_it_came_from(void **state)
{
	const char *path = write_file("image.bin", single, sizeof(single));
	struct edgetpu_firmware *firmware = firmware_read(path, &known, &err);

	(void)state;
	assert_non_null(firmware);
	assert_string_equal(firmware->origin, path);
	gives(firmware, single, sizeof(single));
}

static void an_image_inside_a_file_is_found_at_any_offset(void **state)
{
	static const size_t offsets[] = {
		1, 17777, 4096, FILE_BYTES - SINGLE_BYTES, FILE_BYTES - SINGLE_BYTES - 1,
	};
	char place[32];

	(void)state;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		struct edgetpu_firmware *firmware;

		fill(file, sizeof(file), 4 + i);
		memcpy(file + offsets[i], single, sizeof(single));
		firmware = firmware_read(write_file("lib.so", file, sizeof(file)), &known, &err);
		if (!firmware)
			fail_msg("offset %zu: %s", offsets[i], err.text);
		(void)snprintf(place, sizeof(place), "lib.so, byte %zu", offsets[i]);
		assert_non_null(strstr(firmware->origin, place));
		gives(firmware, single, sizeof(single));
	}
}

static void an_image_that_begins_otherwise_is_found_where_arrays_lie(void **state)
{
	(void)state;
	make_images(0x75);
	memcpy(file + 20004, single, sizeof(single));
	gives(firmware_read(write_file("lib.so", file, sizeof(file)), &known, &err), single,
	      sizeof(single));
}

static void of_two_kinds_the_single_endpoint_one_is_taken(void **state)
{
	(void)state;
	memcpy(file + 64, multi, sizeof(multi));
	memcpy(file + 64 + sizeof(multi) + 5, single, sizeof(single));
	gives(firmware_read(write_file("lib.so", file, sizeof(file)), &known, &err), single,
	      sizeof(single));
}

static void a_multi_endpoint_image_is_recognised_and_refused(void **state)
{
	static const char words[] = "is for the multi-endpoint mode, which is not used here";
	struct edgetpu_firmware *firmware;
	const char *path;

	(void)state;
	memcpy(file + 99, multi, sizeof(multi));
	gives(firmware_read(write_file("lib.so", file, sizeof(file)), &known, &err), multi,
	      sizeof(multi));
	path = write_file("multi.bin", multi, sizeof(multi));
	fails(firmware_find("", path, &known, &err), -EINVAL, words);

	firmware = firmware_read(path, &known, &err);
	assert_non_null(firmware);
	memset(&err, 0, sizeof(err));
	assert_int_equal(edgetpu_firmware_store(firmware, in_folder("new"), &err), -EINVAL);
	assert_non_null(strstr(err.text, words));
	assert_int_equal(access(in_folder("new"), F_OK), -1);
	edgetpu_firmware_free(firmware);
}

static void one_bit_makes_another_image(void **state)
{
	static const size_t bytes[] = { 0, 1, 500, SINGLE_BYTES - 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		single[bytes[i]] ^= 1;
		fails(firmware_read(write_file("image.bin", single, sizeof(single)), &known, &err),
		      -ENODATA, "image.bin: there is no Edge TPU firmware inside");
		single[bytes[i]] ^= 1;
	}
	fails(firmware_read(write_file("image.bin", single, sizeof(single) - 1), &known, &err),
	      -ENODATA, "no Edge TPU firmware");
	fails(firmware_read(write_file("empty", "", 0), &known, &err), -ENODATA,
	      "no Edge TPU firmware");
}

static void only_published_images_are_taken_by_others(void **state)
{
	const char *path = write_file("image.bin", single, sizeof(single));

	(void)state;
	fails(edgetpu_firmware_read(path, &err), -ENODATA, "whose SHA-256 sum is known");
	fails(edgetpu_firmware_find(path, &err), -ENODATA, "whose SHA-256 sum is known");
}

static void the_published_image_is_taken(void **state)
{
	const char *path = getenv("ATOLL_FIRMWARE");
	struct edgetpu_firmware *firmware;

	(void)state;
	if (!path) {
		print_message("# ATOLL_FIRMWARE does not name the vendor's image\n");
		skip();
	}
	firmware = edgetpu_firmware_find(NULL, &err);
	if (!firmware)
		fail_msg("%s", err.text);
	assert_int_equal(firmware->size, 10783);
	edgetpu_firmware_free(firmware);
}

static void a_file_made_to_be_slow_is_given_up(void **state)
{
	static const uint8_t ids[] = { 0xd1, 0x18, 0x02, 0x93 };

	(void)state;
	memset(file, 0x02, sizeof(file)); /* anything may begin anywhere */
	for (size_t i = 0; i < sizeof(file); i += 500)
		memcpy(file + i, ids, sizeof(ids));
	memcpy(file + sizeof(file) - sizeof(single), single, sizeof(single));
	fails(firmware_read(write_file("slow", file, sizeof(file)), &known, &err), -ENODATA,
	      "no Edge TPU firmware");
}

static void what_is_no_file_is_said(void **state)
{
	const char *pipe_path;

	(void)state;
	fails(firmware_read(in_folder("nothing"), &known, &err), -ENOENT,
	      "nothing: No such file or directory");
	fails(firmware_read(folder, &known, &err), -EISDIR, "Is a directory");
	pipe_path = in_folder("pipe");
	assert_int_equal(mkfifo(pipe_path, 0600), 0);
	fails(firmware_read(pipe_path, &known, &err), -EINVAL, "pipe: is not a file");
	assert_int_equal(truncate(write_file("huge", "", 0), (64 << 20) + 1), 0);
	fails(firmware_read(in_folder("huge"), &known, &err), -EFBIG, "huge: File too large");
}

/* From the last to the first: each goes before those that were there. */
static void places_are_looked_at_in_their_order(void **state)
{
	static const char *const places[] = {
		"usr/lib/libedgetpu.so.1",
		"usr/lib/aarch64-linux-gnu/libedgetpu.so.1",
		"usr/local/lib/libedgetpu.so.1",
		"usr/share/atoll/firmware/apex_latest_single_ep.bin",
		"usr/lib/firmware/atoll/apex_latest_single_ep.bin",
		"var/lib/atoll/firmware/apex_latest_single_ep.bin",
		"etc/atoll/firmware/apex_latest_single_ep.bin",
	};
	struct edgetpu_firmware *firmware;

	(void)state;
	memcpy(file + 1234, single, sizeof(single));
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (i < 3)
			write_file(places[i], file, sizeof(file));
		else
			write_file(places[i], single, sizeof(single));
		firmware = firmware_find(folder, NULL, &known, &err);
		if (!firmware)
			fail_msg("%s: %s", places[i], err.text);
		assert_non_null(strstr(firmware->origin, places[i]));
		gives(firmware, single, sizeof(single));
	}
}

static void a_bad_file_is_passed_over_but_told_when_there_is_no_other(void **state)
{
	(void)state;
	write_file("etc/atoll/firmware/apex_latest_single_ep.bin", multi, sizeof(multi));
	write_file("usr/lib/libedgetpu.so.1", file, sizeof(file));
	fails(firmware_find(folder, NULL, &known, &err), -EINVAL,
	      "is for the multi-endpoint mode");
	write_file("usr/share/atoll/firmware/apex_latest_single_ep.bin", single,
		   sizeof(single));
	gives(firmware_find(folder, NULL, &known, &err), single, sizeof(single));
}

static void a_path_is_that_file_or_nothing(void **state)
{
	(void)state;
	write_file("etc/atoll/firmware/apex_latest_single_ep.bin", single, sizeof(single));
	fails(firmware_find(folder, in_folder("other"), &known, &err), -ENOENT,
	      "other: No such");
}

static void without_firmware_one_sentence_says_what_to_do(void **state)
{
	(void)state;
	fails(firmware_find(folder, NULL, &known, &err), -ENOENT,
	      "run \"atoll-tpu firmware import FILE\" with libedgetpu.so.1");
	assert_non_null(strstr(err.text, "or apex_latest_single_ep.bin"));
	/* Room for who tells it to say which device. */
	assert_true(strlen(err.text) + strlen("usb:1-1.4.4: ") < sizeof(err.text));
}

static int count, odd;

static int count_files(const char *path, const struct stat *s, int kind, struct FTW *where)
{
	(void)path, (void)where;
	count += kind == FTW_F;
	odd += kind == FTW_F && (s->st_mode & 0777) != 0644;
	return 0;
}

static void what_is_stored_is_found_and_nothing_else_is_left(void **state)
{
	struct edgetpu_firmware *firmware;

	(void)state;
	memcpy(file + 5000, single, sizeof(single));
	firmware = firmware_read(write_file("lib.so", file, sizeof(file)), &known, &err);
	assert_non_null(firmware);
	assert_int_equal(unlink(in_folder("lib.so")), 0);
	for (int i = 0; i < 2; i++) /* again over the first */
		if (edgetpu_firmware_store(firmware, in_folder("var/lib/atoll/firmware"),
					   &err) < 0)
			fail_msg("%s", err.text);
	edgetpu_firmware_free(firmware);
	count = odd = 0;
	assert_int_equal(nftw(folder, count_files, 8, FTW_PHYS), 0);
	assert_int_equal(count, 1);
	assert_int_equal(odd, 0);
	gives(firmware_find(folder, NULL, &known, &err), single, sizeof(single));
}

static void what_cannot_be_stored_names_the_folder(void **state)
{
	struct edgetpu_firmware *firmware =
		firmware_read(write_file("image.bin", single, sizeof(single)), &known, &err);

	(void)state;
	assert_non_null(firmware);
	assert_int_equal(edgetpu_firmware_store(firmware, in_folder("image.bin/x"), &err),
			 -ENOTDIR);
	assert_non_null(strstr(err.text, "image.bin/x: Not a directory"));
	/* Where the file should go there is a folder that is not empty. */
	write_file("to/apex_latest_single_ep.bin/x", "x", 1);
	assert_true(edgetpu_firmware_store(firmware, in_folder("to"), &err) < 0);
	edgetpu_firmware_free(firmware);
	count = 0;
	assert_int_equal(nftw(folder, count_files, 8, FTW_PHYS), 0);
	assert_int_equal(count, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, folder_remove)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(an_image_is_read_and_says_where_it_came_from),
		TEST(an_image_inside_a_file_is_found_at_any_offset),
		TEST(an_image_that_begins_otherwise_is_found_where_arrays_lie),
		TEST(of_two_kinds_the_single_endpoint_one_is_taken),
		TEST(a_multi_endpoint_image_is_recognised_and_refused),
		TEST(one_bit_makes_another_image),
		TEST(only_published_images_are_taken_by_others),
		TEST(the_published_image_is_taken),
		TEST(a_file_made_to_be_slow_is_given_up),
		TEST(what_is_no_file_is_said),
		TEST(places_are_looked_at_in_their_order),
		TEST(a_bad_file_is_passed_over_but_told_when_there_is_no_other),
		TEST(a_path_is_that_file_or_nothing),
		TEST(without_firmware_one_sentence_says_what_to_do),
		TEST(what_is_stored_is_found_and_nothing_else_is_left),
		TEST(what_cannot_be_stored_names_the_folder),
	};
	return CHECK_RUN(tests);
}
