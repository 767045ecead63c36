/* SPDX-License-Identifier: Apache-2.0 */
/* Name what is in pictures. */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/display.h"
#include "apps/feed.h"
#include "apps/options.h"
#include "board/json.h"
#include "camera/picture.h"
#include "runtime/decode/classes.h"
#include "runtime/decode/labels.h"
#include "runtime/session.h"

static const char help[] =
"Usage: atoll-classify [OPTION]... MODEL PICTURE...\n"
"\n"
"Name what is in pictures, with a .tflite image classifier.\n"
"\n"
"  -l, --labels=FILE      one name per line, in the order of the model's outputs;\n"
"                         default: MODEL without .tflite and with _labels.txt,\n"
"                         if there is such a file\n"
"  -n, --top=N            tell the N likeliest (default 3)\n"
"      --threshold=SCORE  leave out scores below (default 0)\n"
"  -d, --device=DEVICE    cpu (default)\n"
"  -t, --threads=N        threads, 0 chooses (default)\n"
"      --cache=DIR        keep prepared weights in this private directory\n"
"      --pixels=N         refuse pictures of more pixels (default 67108864)\n"
"      --show             draw each picture and a bar chart\n"
"      --json             one JSON object per picture and line\n"
"      --profile          at the end, say where the time went\n"
"  -h, --help             print this and exit\n"
"      --version          print the version and exit\n"
"\n"
"PICTURE is a JPEG, PNG, BMP or PPM file, or - for standard input. For each\n"
"one, lines of picture, score and name, separated by tabs.\n";

#define TOP_MAX 1000
#define SHOW_COLUMNS 32
#define BAR_CELLS 30

struct settings {
	struct atoll_session_options session;
	const char *model_path, *labels_path;
	uint32_t top;
	float threshold;
	uint64_t pixels_max;
	bool wants_json, wants_show;
};

struct classifier {
	struct settings settings;
	struct atoll_model *model;
	struct atoll_session *session;
	struct atoll_labels *labels; /* NULL: tell indices */
};

static const char *class_name(const struct classifier *c, uint32_t index, char room[16])
{
	const char *name = atoll_labels_name(c->labels, index);

	if (name)
		return name;
	(void)snprintf(room, 16, "class %u", index);
	return room;
}

static void tell_text(const struct classifier *c, const char *path,
		      const struct atoll_class *best, int found)
{
	char room[16];

	for (int i = 0; i < found; i++)
		printf("%s\t%.4f\t%s\n", path, (double)best[i].score,
		       class_name(c, best[i].index, room));
}

static void tell_json(const struct classifier *c, const char *path,
		      const struct atoll_class *best, int found, double time_ms)
{
	struct atoll_json json = { .file = stdout };

	atoll_json_object(&json, NULL);
	atoll_json_string(&json, "picture", path);
	atoll_json_real(&json, "time_ms", time_ms);
	atoll_json_array(&json, "classes");
	for (int i = 0; i < found; i++) {
		atoll_json_object(&json, NULL);
		atoll_json_integer(&json, "index", best[i].index);
		if (atoll_labels_name(c->labels, best[i].index))
			atoll_json_string(&json, "label",
					  atoll_labels_name(c->labels, best[i].index));
		atoll_json_real(&json, "score", (double)best[i].score);
		atoll_json_end(&json);
	}
	atoll_json_end(&json);
	atoll_json_end(&json);
}

static void show(const struct classifier *c, const char *path,
		 const struct atoll_picture *picture, const struct atoll_class *best,
		 int found, double time_ms)
{
	char room[16];

	display_picture(picture, SHOW_COLUMNS);
	printf("%s  %ux%u, %.2f ms\n", path, picture->width, picture->height, time_ms);
	for (int i = 0; i < found; i++) {
		printf("  %5.1f %%  %-20s ", 100 * (double)best[i].score,
		       class_name(c, best[i].index, room));
		display_bar((double)best[i].score, BAR_CELLS);
		putchar('\n');
	}
	putchar('\n');
}

static bool classify(struct classifier *c, const char *path)
{
	const struct settings *settings = &c->settings;
	struct atoll_class best[TOP_MAX];
	struct atoll_error err;
	struct atoll_picture *picture =
		atoll_picture_load(path, settings->pixels_max, &err);
	double time_ms;
	int found = -1, r;

	if (!picture || feed_picture(picture, atoll_session_input(c->session, 0), &err) < 0) {
		options_say("%s", err.text);
		atoll_picture_free(picture);
		return false;
	}
	time_ms = display_now_ms();
	r = atoll_session_invoke(c->session);
	time_ms = display_now_ms() - time_ms;
	if (r == 0)
		found = atoll_classes_top(atoll_session_output(c->session, 0),
					  settings->threshold, best, settings->top);
	if (r < 0)
		options_say("%s: %s: %s", settings->model_path, path, strerror(-r));
	else if (settings->wants_json)
		tell_json(c, path, best, found, time_ms);
	else if (settings->wants_show)
		show(c, path, picture, best, found, time_ms);
	else
		tell_text(c, path, best, found);
	atoll_picture_free(picture);
	return r == 0;
}

/* "cards.tflite" has its names in "cards_labels.txt", if anywhere. */
static char *labels_beside(const char *model_path)
{
	size_t length = strlen(model_path);
	const size_t suffix = strlen(".tflite");
	char *path = NULL;

	if (length <= suffix || strcmp(model_path + length - suffix, ".tflite") != 0)
		return NULL;
	if (asprintf(&path, "%.*s_labels.txt", (int)(length - suffix), model_path) < 0)
		options_could_not("out of memory");
	if (access(path, R_OK) != 0) {
		free(path);
		return NULL;
	}
	return path;
}

static void load_labels(struct classifier *c)
{
	char *beside = c->settings.labels_path ? NULL : labels_beside(c->settings.model_path);
	const char *path = beside ? beside : c->settings.labels_path;
	size_t outputs = atoll_session_output(c->session, 0)->elements;
	struct atoll_error err;

	if (!path)
		return;
	c->labels = atoll_labels_load(path, &err);
	if (!c->labels)
		options_could_not("%s", err.text);
	if (atoll_labels_count(c->labels) != outputs)
		options_say("labels: %s: %u names for %zu classes", path,
			    atoll_labels_count(c->labels), outputs);
	free(beside);
}

/* A classifier has one picture as input and one row of scores as output. */
static void check_shape(const struct classifier *c)
{
	const struct atoll_tensor *output = atoll_session_output(c->session, 0);
	struct atoll_error err;
	struct atoll_class best;

	if (atoll_session_inputs(c->session) != 1 || !output)
		options_could_not("%s: %u inputs and %u outputs, a classifier has one each",
				  c->settings.model_path, atoll_session_inputs(c->session),
				  atoll_session_outputs(c->session));
	if (feed_check(atoll_session_input(c->session, 0), &err) < 0)
		options_could_not("%s: %s", c->settings.model_path, err.text);
	if (output->rank == 0 ||
	    output->elements != (size_t)output->dims[output->rank - 1] ||
	    atoll_classes_top(output, 0, &best, 1) < 0)
		options_could_not("%s: output %s is not a row of uint8, int8 or float32 scores",
				  c->settings.model_path, output->name);
}

static void open_classifier(struct classifier *c)
{
	struct atoll_error err;

	c->model = atoll_model_load(c->settings.model_path, &err);
	if (c->model)
		c->session = atoll_session_open(c->model, &c->settings.session, &err);
	if (!c->session)
		options_could_not("%s", err.text);
	check_shape(c);
	load_labels(c);
}

static void close_classifier(struct classifier *c)
{
	atoll_labels_free(c->labels);
	atoll_session_close(c->session);
	atoll_model_free(c->model);
}

enum {
	OPTION_THRESHOLD = OPTION_FIRST_OWN,
	OPTION_CACHE,
	OPTION_PIXELS,
	OPTION_SHOW,
	OPTION_JSON,
	OPTION_PROFILE,
};

static void read_options(int argc, char **argv, struct settings *settings)
{
	static const struct option names[] = {
		{ "labels", required_argument, NULL, 'l' },
		{ "top", required_argument, NULL, 'n' },
		{ "threshold", required_argument, NULL, OPTION_THRESHOLD },
		{ "device", required_argument, NULL, 'd' },
		{ "threads", required_argument, NULL, 't' },
		{ "cache", required_argument, NULL, OPTION_CACHE },
		{ "pixels", required_argument, NULL, OPTION_PIXELS },
		{ "show", no_argument, NULL, OPTION_SHOW },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "profile", no_argument, NULL, OPTION_PROFILE },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "l:n:d:t:h", names, NULL)) != -1) {
		switch (c) {
		case 'l': settings->labels_path = optarg; break;
		case 'n':
			settings->top = (uint32_t)options_number("--top", optarg, 1, TOP_MAX);
			break;
		case OPTION_THRESHOLD:
			settings->threshold =
				(float)options_real("--threshold", optarg, -1e30, 1e30);
			break;
		case 'd': settings->session.device = optarg; break;
		case 't':
			settings->session.threads =
				(uint32_t)options_number("--threads", optarg, 0, 64);
			break;
		case OPTION_CACHE: settings->session.cache = optarg; break;
		case OPTION_PIXELS:
			settings->pixels_max =
				(uint64_t)options_number("--pixels", optarg, 1, INT64_MAX);
			break;
		case OPTION_SHOW: settings->wants_show = true; break;
		case OPTION_JSON: settings->wants_json = true; break;
		case OPTION_PROFILE: settings->session.is_profiled = true; break;
		case 'h': options_help(help);
		case OPTION_VERSION: options_version();
		default: options_wrong(NULL);
		}
	}
	if (optind == argc)
		options_wrong("which model?");
	settings->model_path = argv[optind++];
	if (optind == argc)
		options_wrong("which pictures?");
}

int main(int argc, char **argv)
{
	struct classifier c = { .settings = { .top = 3 } };
	struct display_progress progress;
	int status = EXIT_SUCCESS;

	(void)setlocale(LC_CTYPE, ""); /* only what the terminal can show hangs on it */
	options_begin("atoll-classify");
	read_options(argc, argv, &c.settings);
	open_classifier(&c);
	progress = display_progress_begin("pictures", (uint32_t)(argc - optind));
	for (int i = optind; i < argc; i++) {
		display_progress_hide(&progress);
		if (!classify(&c, argv[i]))
			status = EXIT_COULD_NOT;
		display_progress_step(&progress);
	}
	display_progress_hide(&progress);
	if (c.settings.session.is_profiled)
		display_profile(atoll_session_plan(c.session));
	close_classifier(&c);
	return options_end(status);
}
