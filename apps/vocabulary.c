/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/vocabulary.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "apps/beside.h"
#include "runtime/decode/labels.h"

#define THRESHOLD_USUAL 0.7f
#define THRESHOLD_NEVER 2

/* Room for "class 4294967295". */
#define NUMBER_TEXT 17

struct vocabulary {
	uint32_t classes;
	struct atoll_labels *labels;   /* NULL: none */
	uint32_t offset;               /* classes before the first label */
	bool is_mlperf;
	struct class {
		const char *name;
		char number[NUMBER_TEXT]; /* the name of those that have none */
		float threshold;
	} *class;                      /* [classes] */
	struct atoll_error warning;    /* code 0: none */
};

/* In the order of its outputs, as published with the benchmark. */
static const char *const mlperf_names[] = {
	"Down", "Go", "Left", "No", "Off", "On", "Right", "Stop", "Up", "Yes", "Silence",
	"Unknown",
};

#define MLPERF_CLASSES (sizeof(mlperf_names) / sizeof(*mlperf_names))

/* Names */

bool vocabulary_is_nothing(const char *label)
{
	static const char *const nothing[] = {
		"silence", "unknown", "background", "noise", "negative", "none", "other",
	};
	size_t length;

	while (*label && !isalnum((unsigned char)*label))
		label++;
	length = strlen(label);
	while (length > 0 && !isalnum((unsigned char)label[length - 1]))
		length--;
	for (size_t i = 0; i < sizeof(nothing) / sizeof(*nothing); i++)
		if (strlen(nothing[i]) == length &&
		    strncasecmp(nothing[i], label, length) == 0)
			return true;
	return false;
}

static int load_labels(struct vocabulary *vocabulary, const struct vocabulary_config *config,
		       struct atoll_error *err)
{
	char *beside = NULL;
	const char *path = config->labels_path;
	uint32_t labels;

	if (!path) {
		beside = beside_model(config->model_path, "_labels.txt");
		if (!beside)
			return atoll_error_set(err, -ENOMEM, "out of memory");
		path = beside;
		if (access(path, R_OK) != 0) {
			free(beside);
			return 0;
		}
	}
	vocabulary->labels = atoll_labels_load(path, err);
	labels = atoll_labels_count(vocabulary->labels);
	vocabulary->offset = labels + 1 == vocabulary->classes;
	if (labels + vocabulary->offset != vocabulary->classes)
		(void)atoll_error_set(&vocabulary->warning, -EINVAL,
				      "labels: %s: %u names for %u classes",
				      atoll_error_path(path), labels, vocabulary->classes);
	free(beside);
	return vocabulary->labels ? 0 : -EINVAL;
}

/* NULL: it has none. */
static const char *find_name(const struct vocabulary *vocabulary, uint32_t i)
{
	if (!vocabulary->labels)
		return vocabulary->is_mlperf && i < MLPERF_CLASSES ? mlperf_names[i] : NULL;
	if (i < vocabulary->offset)
		return "negative";
	return atoll_labels_name(vocabulary->labels, i - vocabulary->offset);
}

static void name_all(struct vocabulary *vocabulary, float threshold)
{
	for (uint32_t i = 0; i < vocabulary->classes; i++) {
		struct class *class = &vocabulary->class[i];

		(void)snprintf(class->number, sizeof(class->number), "class %u", i);
		class->name = find_name(vocabulary, i);
		if (!class->name)
			class->name = class->number;
		class->threshold = vocabulary_is_nothing(class->name) ? THRESHOLD_NEVER :
			threshold > 0 ? threshold : THRESHOLD_USUAL;
	}
}

/* Thresholds */

/* "left 0.62", "*  0.7", with the name that has a space in it as well. */
static bool split_line(char *line, const char **name, float *threshold)
{
	char *number, *end;

	line[strcspn(line, "#\r\n")] = '\0';
	for (size_t n = strlen(line); n > 0 && isspace((unsigned char)line[n - 1]); n--)
		line[n - 1] = '\0';
	*name = line + strspn(line, " \t");
	if (**name == '\0')
		return true;
	number = strrchr(line, ' ');
	if (!number || (strrchr(line, '\t') && strrchr(line, '\t') > number))
		number = strrchr(line, '\t');
	if (!number || number < *name)
		return false;
	*threshold = strtof(number + 1, &end);
	while (number > *name && isspace((unsigned char)number[-1]))
		number--;
	*number = '\0';
	return *end == '\0' && *threshold > 0 && *threshold <= 1;
}

static bool set_threshold(struct vocabulary *vocabulary, const char *name, float threshold)
{
	bool is_known = false;

	for (uint32_t i = 0; i < vocabulary->classes; i++)
		if (vocabulary_is_word(vocabulary, i) &&
		    strcmp(vocabulary->class[i].name, name) == 0) {
			vocabulary->class[i].threshold = threshold;
			is_known = true;
		}
	return is_known;
}

/* Lines of `any` first, so that their order does not matter. */
static int read_thresholds(struct vocabulary *vocabulary, FILE *file, bool is_any,
			   const char *path, struct atoll_error *err)
{
	char *line = NULL;
	size_t capacity = 0;
	unsigned number = 0;
	int r = 0;

	rewind(file);
	while (r == 0 && getline(&line, &capacity, file) >= 0) {
		const char *name;
		float threshold = 0;

		number++;
		if (!split_line(line, &name, &threshold))
			r = atoll_error_set(err, -EINVAL, "%s:%u: not 'word 0.7', a word "
					    "and a number above 0, at most 1",
					    atoll_error_path(path), number);
		else if (*name == '\0')
			continue;
		else if (strcmp(name, "*") == 0)
			for (uint32_t i = 0; is_any && i < vocabulary->classes; i++)
				set_threshold(vocabulary, vocabulary->class[i].name,
					      threshold);
		else if (!is_any && !set_threshold(vocabulary, name, threshold))
			r = atoll_error_set(err, -EINVAL, "%s:%u: '%.40s' is no word of the "
					    "model", atoll_error_path(path), number, name);
	}
	if (r == 0 && ferror(file))
		r = atoll_error_set(err, -EIO, "%s: cannot be read", atoll_error_path(path));
	free(line);
	return r;
}

static int load_thresholds(struct vocabulary *vocabulary, const char *model_path,
			   struct atoll_error *err)
{
	char *path = beside_model(model_path, "_thresholds.txt");
	FILE *file;
	int r = 0;

	if (!path)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	file = fopen(path, "re");
	if (file) {
		r = read_thresholds(vocabulary, file, true, path, err);
		if (r == 0)
			r = read_thresholds(vocabulary, file, false, path, err);
		(void)fclose(file); /* only read */
	} else if (errno != ENOENT) {
		r = atoll_error_set(err, -errno, "%s: %s", atoll_error_path(path),
				    strerror(errno));
	}
	free(path);
	return r;
}

static int set_one(struct vocabulary *vocabulary, char *item, struct atoll_error *err)
{
	const char *name;
	float threshold = 0;
	char whole[64];

	(void)snprintf(whole, sizeof(whole), "%s", item + strspn(item, " \t"));
	if (!split_line(item, &name, &threshold) || *name == '\0')
		return atoll_error_set(err, -EINVAL,
				       "thresholds: '%s' is not 'word 0.7', a word and a "
				       "number above 0, at most 1",
				       whole);
	if (!set_threshold(vocabulary, name, threshold))
		return atoll_error_set(err, -EINVAL, "thresholds: '%.40s' is no word of the "
				       "model", name);
	return 0;
}

/* With commas between. */
static int set_thresholds(struct vocabulary *vocabulary, const char *list,
			  struct atoll_error *err)
{
	char *copy = strdup(list), *rest = copy, *item;
	int r = 0;

	if (!copy)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	while (r == 0 && (item = strsep(&rest, ",")))
		r = set_one(vocabulary, item, err);
	free(copy);
	return r;
}

struct vocabulary *vocabulary_load(const struct vocabulary_config *config,
				   struct atoll_error *err)
{
	struct vocabulary *vocabulary = calloc(1, sizeof(*vocabulary));
	int r = 0;

	if (vocabulary)
		vocabulary->class = calloc(config->classes, sizeof(*vocabulary->class));
	if (!vocabulary || !vocabulary->class) {
		r = atoll_error_set(err, -ENOMEM, "out of memory");
	} else {
		vocabulary->classes = config->classes;
		vocabulary->is_mlperf = config->is_mlperf;
		r = load_labels(vocabulary, config, err);
	}
	if (r == 0) {
		name_all(vocabulary, config->threshold);
		if (!(config->threshold > 0))
			r = load_thresholds(vocabulary, config->model_path, err);
	}
	if (r == 0 && config->thresholds)
		r = set_thresholds(vocabulary, config->thresholds, err);
	if (r < 0) {
		vocabulary_free(vocabulary);
		return NULL;
	}
	return vocabulary;
}

void vocabulary_free(struct vocabulary *vocabulary)
{
	if (!vocabulary)
		return;
	atoll_labels_free(vocabulary->labels);
	free(vocabulary->class);
	free(vocabulary);
}

const char *vocabulary_name(const struct vocabulary *vocabulary, uint32_t i)
{
	return vocabulary->class[i].name;
}

bool vocabulary_is_word(const struct vocabulary *vocabulary, uint32_t i)
{
	return vocabulary->class[i].threshold <= 1;
}

float vocabulary_threshold(const struct vocabulary *vocabulary, uint32_t i)
{
	return vocabulary->class[i].threshold;
}

const char *vocabulary_warning(const struct vocabulary *vocabulary)
{
	return vocabulary->warning.code ? vocabulary->warning.text : NULL;
}
