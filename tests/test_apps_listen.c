/* SPDX-License-Identifier: Apache-2.0 */
/* Listening and teaching as programs do it, with a model that hears tones. */
#include "apps/listen.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/options.h"
#include "audio/wav.h"
#include "tests/allocations.h"
#include "tests/check.h"
#include "tests/ears.h"

#define PATH_MAX_HERE 96

/* A folder for each test, which is also the user's home. */
static char folder[32];

static char *path_of(char path[PATH_MAX_HERE], const char *name)
{
	(void)snprintf(path, PATH_MAX_HERE, "%s/%s", folder, name);
	return path;
}

static void save_text(const char *name, const char *text)
{
	char path[PATH_MAX_HERE];
	FILE *file = fopen(path_of(path, name), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Tones of a third of a second, two seconds apart. */
static void save_tones(const char *name, const int *groups, int count, uint64_t seed)
{
	struct ears_sound sound = { .seed = seed };
	char path[PATH_MAX_HERE];

	ears_noise(&sound, 2000, -90);
	for (int i = 0; i < count; i++) {
		ears_tone(&sound, 350, groups[i], -20);
		ears_noise(&sound, 1650, -90);
	}
	assert_int_equal(atoll_wav_write(path_of(path, name), sound.sample, sound.count, NULL), 0);
	ears_free(&sound);
}

#define SAVE_TONES(name, seed, ...) \
	save_tones(name, (const int[]){ __VA_ARGS__ }, \
		   (int)(sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int)), seed)

static int make_folder(void **state)
{
	char path[PATH_MAX_HERE];

	(void)state;
	if (!mkdtemp(strcpy(folder, "/tmp/atoll-listen-XXXXXX")) ||
	    setenv("HOME", folder, 1) < 0 || unsetenv("XDG_DATA_HOME") < 0)
		return -1;
	ears_save(path_of(path, "ears.tflite"), EARS_BOTH, 0);
	save_text("ears_labels.txt", EARS_LABELS);
	return 0;
}

static int remove_folder(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

/* What a run says, and how often it takes memory. */
struct said {
	int status;
	unsigned long allocations;
	char out[2048], err[1024];
};

static void read_back(int fd, char *text, size_t size)
{
	const ssize_t length = pread(fd, text, size - 1, 0);

	assert_true(length >= 0);
	text[length] = '\0';
	(void)close(fd);
}

static int open_into(const char *name, int stream)
{
	char path[PATH_MAX_HERE];
	const int fd = open(path_of(path, name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_true(dup2(fd, stream) >= 0);
	return fd;
}

static struct said run(int (*what)(const struct listen_config *config),
		       struct listen_config config, const char *files)
{
	char model[PATH_MAX_HERE], file[8][PATH_MAX_HERE], *paths[8];
	char names[128];
	const int kept = dup(STDOUT_FILENO), kept_err = dup(STDERR_FILENO);
	struct said said = { 0 };
	int out, err;

	(void)snprintf(names, sizeof(names), "%s", files);
	for (char *name = strtok(names, " "); name; name = strtok(NULL, " ")) {
		paths[config.whats] = path_of(file[config.whats], name);
		config.whats++;
	}
	config.what = paths;
	if (!config.hearing.model_path)
		config.hearing.model_path = path_of(model, "ears.tflite");
	config.hearing.session.device = "cpu";
	config.hearing.session.threads = 1;
	(void)fflush(stdout);
	out = open_into("out", STDOUT_FILENO);
	err = open_into("err", STDERR_FILENO);
	said.allocations = allocations();
	said.status = what(&config);
	said.allocations = allocations() - said.allocations;
	(void)fflush(stdout);
	assert_true(dup2(kept, STDOUT_FILENO) >= 0 && dup2(kept_err, STDERR_FILENO) >= 0);
	(void)close(kept);
	(void)close(kept_err);
	read_back(out, said.out, sizeof(said.out));
	read_back(err, said.err, sizeof(said.err));
	return said;
}

/* The words alone: "low high ". */
static void expect_words(const struct said *said, const char *words)
{
	char text[2048], heard[256] = "";
	int status = said->status;

	(void)snprintf(text, sizeof(text), "%s", said->out);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char *word = strchr(line, '\t'), *score = word ? strchr(word + 1, '\t') : NULL;

		assert_non_null(score);
		*score = '\0';
		(void)snprintf(heard + strlen(heard), sizeof(heard) - strlen(heard), "%s ",
			       word + 1);
	}
	assert_string_equal(heard, words);
	assert_int_equal(status, 0);
}

static void words_of_a_file_are_lines_and_nothing_else(void **state)
{
	struct said said;

	(void)state;
	SAVE_TONES("a.wav", 1, EARS_LOW, EARS_HIGH, EARS_OTHER, EARS_LOW);
	said = run(listen_run, (struct listen_config){ 0 }, "a.wav");
	expect_words(&said, "low high low ");
	assert_string_equal(said.err, "");
	/* About when they began. */
	assert_true(strtod(said.out, NULL) > 1.5 && strtod(said.out, NULL) < 2.5);
}

static void a_word_at_the_very_end_is_heard(void **state)
{
	struct ears_sound sound = { .seed = 1 };
	char path[PATH_MAX_HERE];
	struct said said;

	(void)state;
	ears_noise(&sound, 2000, -90);
	ears_tone(&sound, 350, EARS_HIGH, -20);
	assert_int_equal(atoll_wav_write(path_of(path, "a.wav"), sound.sample, sound.count, NULL),
			 0);
	ears_free(&sound);
	said = run(listen_run, (struct listen_config){ 0 }, "a.wav");
	expect_words(&said, "high ");
}

static void files_do_not_hear_each_other(void **state)
{
	struct said alone, after;

	(void)state;
	SAVE_TONES("a.wav", 1, EARS_LOW, EARS_HIGH);
	alone = run(listen_run, (struct listen_config){ .wants_json = true }, "a.wav");
	after = run(listen_run, (struct listen_config){ .wants_json = true }, "a.wav a.wav");
	assert_int_equal(strlen(after.out), 2 * strlen(alone.out));
	assert_string_equal(after.out + strlen(alone.out), alone.out);
}

static void nothing_is_allocated_per_block(void **state)
{
	struct listen_config config = { .for_ms = 1000 };
	unsigned long few;

	(void)state;
	SAVE_TONES("a.wav", 1, EARS_LOW, EARS_HIGH, EARS_OTHER, EARS_LOW);
	(void)run(listen_run, config, "a.wav"); /* what a program takes only once */
	for (int i = 0; i < 2; i++) {
		config.for_ms = 1000;
		few = run(listen_run, config, "a.wav").allocations;
		assert_true(few > 0);
		config.for_ms = 9000;
		assert_int_equal(run(listen_run, config, "a.wav").allocations, few);
		config.wants_json = true;
	}
}

static void three_examples_in_files_make_a_word(void **state)
{
	struct listen_config teaching = { .teach = "beep", .examples = 5 };
	struct said said;
	struct stat file;
	char path[PATH_MAX_HERE];

	(void)state;
	SAVE_TONES("1.wav", 1, EARS_OTHER);
	SAVE_TONES("2.wav", 2, EARS_OTHER, EARS_OTHER);
	SAVE_TONES("all.wav", 3, EARS_LOW, EARS_OTHER, EARS_ANOTHER);
	said = run(listen_run, (struct listen_config){ 0 }, "all.wav");
	expect_words(&said, "low ");
	said = run(listen_teach, teaching, "1.wav 2.wav");
	assert_int_equal(said.status, 0);
	assert_string_equal(said.out, "");
	assert_non_null(strstr(said.err, "'beep' learnt from 3 examples"));
	said = run(listen_run, (struct listen_config){ 0 }, "all.wav");
	expect_words(&said, "low beep ");
	assert_string_equal(said.err, "");
	/* Nobody else's business. */
	assert_int_equal(stat(path_of(path, ".local/share/atoll"), &file), 0);
	assert_int_equal(file.st_mode & 0777, 0700);
	assert_int_equal(stat(path_of(path, ".local/share/atoll/ears.words"), &file), 0);
}

static void as_many_examples_as_asked_for_are_taken(void **state)
{
	struct said said;

	(void)state;
	SAVE_TONES("4.wav", 1, EARS_OTHER, EARS_OTHER, EARS_OTHER, EARS_OTHER);
	said = run(listen_teach, (struct listen_config){ .teach = "beep", .examples = 3 }, "4.wav");
	assert_int_equal(said.status, 0);
	assert_non_null(strstr(said.err, "from 3 examples"));
	said = run(listen_teach, (struct listen_config){ .teach = "beep", .examples = 5 }, "4.wav");
	assert_non_null(strstr(said.err, "from 4 examples"));
}

static void what_is_not_learnt_leaves_nothing_behind(void **state)
{
	struct listen_config teaching = { .teach = "beep", .examples = 5 };
	char path[PATH_MAX_HERE];
	struct said said;

	(void)state;
	SAVE_TONES("2.wav", 1, EARS_OTHER, EARS_OTHER);
	said = run(listen_teach, teaching, "2.wav nowhere.wav");
	assert_int_equal(said.status, EXIT_COULD_NOT);
	assert_non_null(strstr(said.err, "nowhere.wav: No such file"));
	assert_non_null(strstr(said.err, "2 examples"));
	assert_int_not_equal(access(path_of(path, ".local"), F_OK), 0);
}

static void a_known_word_among_the_examples_is_refused_by_its_file(void **state)
{
	struct listen_config teaching = { .teach = "beep", .examples = 5 };
	struct said said;

	(void)state;
	SAVE_TONES("1.wav", 1, EARS_LOW);
	SAVE_TONES("3.wav", 2, EARS_OTHER, EARS_OTHER, EARS_OTHER);
	said = run(listen_teach, teaching, "1.wav 3.wav");
	assert_int_equal(said.status, EXIT_COULD_NOT);
	assert_non_null(strstr(said.err, "1.wav: "));
	assert_non_null(strstr(said.err, "sounds like 'low'"));
	assert_non_null(strstr(said.err, "'beep' learnt from 3 examples"));
}

static void words_of_an_older_model_do_no_harm(void **state)
{
	struct listen_config mine = { 0 };
	char path[PATH_MAX_HERE];
	struct said said;

	(void)state;
	SAVE_TONES("3.wav", 1, EARS_OTHER, EARS_OTHER, EARS_OTHER);
	SAVE_TONES("all.wav", 2, EARS_LOW, EARS_OTHER);
	said = run(listen_teach, (struct listen_config){ .teach = "beep", .examples = 3 }, "3.wav");
	assert_int_equal(said.status, 0);
	ears_save(path_of(path, "ears.tflite"), EARS_BOTH, 1);
	said = run(listen_run, (struct listen_config){ 0 }, "all.wav");
	expect_words(&said, "low ");
	assert_non_null(strstr(said.err, "ears.words:2: the words were taught to another model"));
	mine.words_path = path_of(path, "mine");
	said = run(listen_run, mine, "all.wav"); /* that is not there yet */
	expect_words(&said, "low ");
	assert_non_null(strstr(said.err, "mine: "));
}

static void until_ends_with_the_word(void **state)
{
	struct said said;

	(void)state;
	SAVE_TONES("a.wav", 1, EARS_LOW, EARS_HIGH, EARS_LOW);
	said = run(listen_run, (struct listen_config){ .until = "high" }, "a.wav nowhere.wav");
	assert_int_equal(said.status, 0);
	assert_string_equal(said.err, "");
	assert_null(strstr(strstr(said.out, "high"), "low"));
	SAVE_TONES("b.wav", 1, EARS_LOW);
	said = run(listen_run, (struct listen_config){ .until = "high" }, "b.wav");
	assert_int_equal(said.status, EXIT_COULD_NOT);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FOLDER(words_of_a_file_are_lines_and_nothing_else),
		IN_FOLDER(a_word_at_the_very_end_is_heard),
		IN_FOLDER(files_do_not_hear_each_other),
		IN_FOLDER(nothing_is_allocated_per_block),
		IN_FOLDER(three_examples_in_files_make_a_word),
		IN_FOLDER(as_many_examples_as_asked_for_are_taken),
		IN_FOLDER(what_is_not_learnt_leaves_nothing_behind),
		IN_FOLDER(a_known_word_among_the_examples_is_refused_by_its_file),
		IN_FOLDER(words_of_an_older_model_do_no_harm),
		IN_FOLDER(until_ends_with_the_word),
	};

	options_begin("test_apps_listen");
	return CHECK_RUN(tests);
}
