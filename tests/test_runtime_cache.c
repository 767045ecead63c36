/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/cache.h"
#include "runtime/fill.h"
#include "runtime/session.h"
#include "tests/check.h"
#include "tests/sample.h"

/* A model, its scores, and a folder that only we may enter. */
struct fixture {
	struct graph g;
	uint8_t scores[10];
	char folder[64];
};

static void set_up(struct fixture *f)
{
	f->g = sample_classifier();
	graph_open(&f->g);
	atoll_fill(ATOLL_FILL_LCG, 0, atoll_session_input(f->g.session, 0));
	graph_run(&f->g);
	memcpy(f->scores, graph_data(&f->g, f->g.output[0]), sizeof(f->scores));
	strcpy(f->folder, "/tmp/atoll-cache-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
}

/* Call `visit` for each file; returns how many there are. */
static int each_file(const struct fixture *f, void (*visit)(const char *path))
{
	DIR *folder = opendir(f->folder);
	struct dirent *entry;
	int files = 0;

	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		char path[sizeof(f->folder) + sizeof(entry->d_name) + 1];

		if (*entry->d_name == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", f->folder, entry->d_name);
		if (visit)
			visit(path);
		files++;
	}
	closedir(folder);
	return files;
}

static void delete(const char *path)
{
	assert_int_equal(unlink(path), 0);
}

static void tear_down(struct fixture *f)
{
	each_file(f, delete);
	rmdir(f->folder);
	graph_free(&f->g);
}

/* Run with the cache; the scores are right whatever state it is in. Returns
   whether it was used. */
static bool run_cached_in(struct fixture *f, const char *folder)
{
	const struct atoll_session_options options = { .threads = 1, .cache = folder };
	struct atoll_error err;
	struct atoll_session *session = atoll_session_open(f->g.model, &options, &err);
	bool is_from_cache;

	if (!session)
		fail_msg("%s", err.text);
	is_from_cache = atoll_session_plan(session)->is_from_cache;
	atoll_fill(ATOLL_FILL_LCG, 0, atoll_session_input(session, 0));
	assert_int_equal(atoll_session_invoke(session), 0);
	assert_memory_equal(atoll_session_output(session, 0)->data, f->scores, 10);
	atoll_session_close(session);
	return is_from_cache;
}

static bool run_cached(struct fixture *f)
{
	return run_cached_in(f, f->folder);
}

/* The bytes of the one cache file, and putting others in its place. */
static char file_path[512];

static void remember_path(const char *path)
{
	assert_true(strlen(path) < sizeof(file_path));
	strcpy(file_path, path);
}

static uint8_t *cache_file(const struct fixture *f, size_t *size)
{
	assert_int_equal(each_file(f, remember_path), 1);
	return check_read(file_path, size);
}

static void rewrite(const uint8_t *bytes, size_t size)
{
	FILE *file = fopen(file_path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void the_second_session_reads_what_the_first_packed(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	assert_true(atoll_session_plan(f.g.session)->packed_bytes > 0);
	assert_false(run_cached(&f));
	assert_int_equal(each_file(&f, NULL), 1); /* and no draft left */
	assert_true(run_cached(&f));
	assert_true(run_cached(&f));
	assert_int_equal(each_file(&f, NULL), 1);
	tear_down(&f);
}

static void each_instruction_set_has_a_file_of_its_own(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	if (strcmp(atoll_session_plan(f.g.session)->instructions, "plain") == 0) {
		tear_down(&f);
		print_message("# skipped: this machine has plain instructions only\n");
		skip();
	}
	assert_false(run_cached(&f));
	setenv("ATOLL_CPU", "plain", 1);
	(void)run_cached(&f); /* plain may pack nothing and need no file */
	unsetenv("ATOLL_CPU");
	assert_true(run_cached(&f));
	tear_down(&f);
}

static void two_models_do_not_mix(void **state)
{
	struct fixture f;
	struct graph other = sample_classifier();
	const struct atoll_session_options options = { .cache = f.folder };
	struct atoll_session *session;
	char our_file[sizeof(file_path)];

	(void)state;
	set_up(&f);
	other.options.keeps_tensors = false;
	/* One more output: another file, so another fingerprint. */
	other.output[other.outputs++] = other.input[0];
	graph_open(&other);
	assert_false(run_cached(&f));
	each_file(&f, remember_path);
	strcpy(our_file, file_path);
	session = atoll_session_open(other.model, &options, NULL);
	assert_non_null(session);
	assert_false(atoll_session_plan(session)->is_from_cache);
	atoll_session_close(session);
	assert_int_equal(each_file(&f, NULL), 2);
	assert_true(run_cached(&f));

	/* The other's file under our name is still not ours. */
	delete(our_file);
	each_file(&f, remember_path);
	assert_int_equal(rename(file_path, our_file), 0);
	assert_false(run_cached(&f));
	graph_free(&other);
	tear_down(&f);
}

static void a_folder_is_made_when_its_parent_is_there(void **state)
{
	struct fixture f;
	char below[96];
	struct stat s;

	(void)state;
	set_up(&f);
	(void)snprintf(below, sizeof(below), "%s/cache", f.folder);
	assert_false(run_cached_in(&f, below));
	assert_int_equal(stat(below, &s), 0);
	assert_int_equal(s.st_mode & 0777, 0700);
	assert_true(run_cached_in(&f, below));
	strcpy(f.folder, below);
	tear_down(&f);
	*strrchr(below, '/') = '\0';
	assert_int_equal(rmdir(below), 0);
}

static void a_folder_that_cannot_be_is_ignored(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	assert_false(run_cached_in(&f, "/nowhere/at/all"));
	assert_false(run_cached_in(&f, "/dev/null"));
	assert_false(run_cached_in(&f, ""));
	tear_down(&f);
}

static void a_folder_open_to_others_is_neither_read_nor_written(void **state)
{
	static const mode_t modes[] = { 0755, 0750, 0710, 0701, 0777 };
	struct fixture f;

	(void)state;
	set_up(&f);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(f.folder, modes[i]), 0);
		assert_false(run_cached(&f));
		assert_int_equal(each_file(&f, NULL), 0);
	}
	assert_int_equal(chmod(f.folder, 0700), 0);
	assert_false(run_cached(&f));
	assert_int_equal(chmod(f.folder, 0755), 0);
	assert_false(run_cached(&f));
	assert_int_equal(chmod(f.folder, 0700), 0);
	assert_true(run_cached(&f));
	tear_down(&f);
}

static void a_file_open_to_others_is_ignored(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	assert_false(run_cached(&f));
	each_file(&f, remember_path);
	assert_int_equal(chmod(file_path, 0644), 0);
	assert_false(run_cached(&f));
	assert_true(run_cached(&f)); /* written anew */
	tear_down(&f);
}

static void a_link_in_place_of_the_file_is_not_followed(void **state)
{
	struct fixture f;
	char elsewhere[sizeof(file_path) + 8];

	(void)state;
	set_up(&f);
	assert_false(run_cached(&f));
	each_file(&f, remember_path);
	(void)snprintf(elsewhere, sizeof(elsewhere), "%s.moved", file_path);
	assert_int_equal(rename(file_path, elsewhere), 0);
	assert_int_equal(symlink(elsewhere, file_path), 0);
	assert_false(run_cached(&f));
	assert_true(run_cached(&f)); /* the link was replaced */
	tear_down(&f);
}

static void a_folder_that_takes_no_file_costs_nothing(void **state)
{
	struct fixture f;

	(void)state;
	/* Root may write everywhere; user 65534 is nobody. */
	if (getuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	set_up(&f);
	assert_int_equal(chmod(f.folder, 0500), 0);
	assert_false(run_cached(&f));
	assert_false(run_cached(&f));
	assert_int_equal(chmod(f.folder, 0700), 0);
	assert_int_equal(each_file(&f, NULL), 0);
	tear_down(&f);
	assert_int_equal(seteuid(getuid()), 0);
}

static void a_file_cut_short_is_ignored_and_mended(void **state)
{
	struct fixture f;
	uint8_t *bytes;
	size_t size;

	(void)state;
	set_up(&f);
	assert_false(run_cached(&f));
	bytes = cache_file(&f, &size);
	for (size_t cut = 0; cut < size; cut += 1 + size / 40) {
		rewrite(bytes, cut);
		assert_false(run_cached(&f));
		assert_true(run_cached(&f));
	}
	rewrite(bytes, size - 1);
	assert_false(run_cached(&f));
	free(bytes);
	tear_down(&f);
}

static void a_file_that_grew_is_ignored(void **state)
{
	struct fixture f;
	uint8_t *bytes;
	size_t size;

	(void)state;
	set_up(&f);
	assert_false(run_cached(&f));
	bytes = cache_file(&f, &size); /* with a zero behind it */
	rewrite(bytes, size + 1);
	assert_false(run_cached(&f));
	free(bytes);
	tear_down(&f);
}

/* Each byte of the header, the sizes and the first blocks, then samples. Bytes
   between blocks do not count, so a file may stay good; results stay right. */
static void a_flipped_byte_never_changes_results(void **state)
{
	struct fixture f;
	uint8_t *bytes;
	size_t size;
	int ignored = 0, flipped = 0;

	(void)state;
	set_up(&f);
	assert_false(run_cached(&f));
	bytes = cache_file(&f, &size);
	for (size_t at = 0; at < size; at += at < 200 ? 1 : 397) {
		bytes[at] ^= 0x21;
		rewrite(bytes, size);
		ignored += !run_cached(&f);
		flipped++;
		bytes[at] ^= 0x21;
	}
	print_message("# %d of %d files with a flipped byte were ignored\n", ignored, flipped);
	assert_true(ignored > flipped / 2);
	free(bytes);
	tear_down(&f);
}

/* Offset 8: the version of the packing, which stands behind the magic. */
static void a_file_of_another_version_is_ignored(void **state)
{
	struct fixture f;
	uint8_t *bytes;
	size_t size;

	(void)state;
	set_up(&f);
	assert_false(run_cached(&f));
	bytes = cache_file(&f, &size);
	assert_memory_equal(bytes, "atollpk", 8);
	bytes[8]++;
	rewrite(bytes, size);
	assert_false(run_cached(&f));
	assert_true(run_cached(&f));
	free(bytes);
	tear_down(&f);
}

static void a_file_of_huge_numbers_is_ignored(void **state)
{
	struct fixture f;
	uint8_t *bytes;
	size_t size;

	(void)state;
	set_up(&f);
	assert_false(run_cached(&f));
	bytes = cache_file(&f, &size);
	for (size_t at = 8; at + 8 <= 160; at += 8) {
		uint8_t was[8];

		memcpy(was, bytes + at, 8);
		memset(bytes + at, 0xff, 8);
		rewrite(bytes, size);
		(void)run_cached(&f); /* is right */
		memcpy(bytes + at, was, 8);
	}
	free(bytes);
	tear_down(&f);
}

static void blocks_of_another_size_end_the_use_of_the_file(void **state)
{
	const struct atoll_model model = { .bytes = (const uint8_t *)"model", .size = 5 };
	const uint8_t a[10] = "first", b[20] = "second", c[10] = "third";
	const struct cache_block blocks[] = {
		{ a, sizeof(a) }, { b, sizeof(b) }, { c, sizeof(c) } };
	struct fixture f;
	struct cache *cache;

	(void)state;
	set_up(&f);
	cache = cache_open(f.folder, &model, CPU_PLAIN);
	assert_non_null(cache);
	assert_null(cache_next(cache, sizeof(a)));
	cache_store(cache, blocks, 3);
	cache_close(cache);

	cache = cache_open(f.folder, &model, CPU_PLAIN);
	assert_memory_equal(cache_next(cache, sizeof(a)), a, sizeof(a));
	assert_memory_equal(cache_next(cache, sizeof(b)), b, sizeof(b));
	assert_false(cache_is_complete(cache));
	assert_memory_equal(cache_next(cache, sizeof(c)), c, sizeof(c));
	assert_true(cache_is_complete(cache));
	assert_null(cache_next(cache, sizeof(a)));
	cache_close(cache);

	cache = cache_open(f.folder, &model, CPU_PLAIN);
	assert_non_null(cache_next(cache, sizeof(a)));
	assert_null(cache_next(cache, sizeof(c)));
	assert_null(cache_next(cache, sizeof(b)));
	assert_false(cache_is_complete(cache));
	cache_close(cache);
	tear_down(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_second_session_reads_what_the_first_packed),
		cmocka_unit_test(each_instruction_set_has_a_file_of_its_own),
		cmocka_unit_test(two_models_do_not_mix),
		cmocka_unit_test(a_folder_is_made_when_its_parent_is_there),
		cmocka_unit_test(a_folder_that_cannot_be_is_ignored),
		cmocka_unit_test(a_folder_open_to_others_is_neither_read_nor_written),
		cmocka_unit_test(a_file_open_to_others_is_ignored),
		cmocka_unit_test(a_link_in_place_of_the_file_is_not_followed),
		cmocka_unit_test(a_folder_that_takes_no_file_costs_nothing),
		cmocka_unit_test(a_file_cut_short_is_ignored_and_mended),
		cmocka_unit_test(a_file_that_grew_is_ignored),
		cmocka_unit_test(a_flipped_byte_never_changes_results),
		cmocka_unit_test(a_file_of_another_version_is_ignored),
		cmocka_unit_test(a_file_of_huge_numbers_is_ignored),
		cmocka_unit_test(blocks_of_another_size_end_the_use_of_the_file),
	};

	return CHECK_RUN(tests);
}
