/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-teach test: what the learnt model says to pictures whose class is known. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/options.h"
#include "apps/stop.h"
#include "apps/teach.h"
#include "apps/vision.h"
#include "board/json.h"

struct testing {
	const struct teach_settings *settings;
	struct vision *vision;
	const char *label;
	uint32_t right, pictures;
	int status;
};

static void tell(const struct testing *testing, const char *name,
		 const struct vision_thing *best, bool is_right)
{
	struct atoll_json json = { .file = stdout };

	if (!testing->settings->wants_json) {
		printf("%s\t%.4f\t%s\t%s\n", name, (double)best->score, best->label,
		       is_right ? "right" : "wrong");
		return;
	}
	atoll_json_object(&json, NULL);
	atoll_json_string(&json, "picture", name);
	atoll_json_string(&json, "label", best->label);
	atoll_json_real(&json, "score", (double)best->score);
	atoll_json_bool(&json, "right", is_right);
	atoll_json_end(&json);
}

static void look(struct testing *testing, const struct atoll_frame *frame, const char *name)
{
	const struct vision_result *result;
	struct atoll_error err;
	bool is_right;

	if (vision_look(testing->vision, frame, &err) < 0) {
		options_say("%s: %s", name, err.text);
		testing->status = EXIT_COULD_NOT;
		return;
	}
	result = vision_result(testing->vision);
	if (result->things == 0)
		return;
	is_right = strcmp(result->thing[0].label, testing->label) == 0;
	tell(testing, name, &result->thing[0], is_right);
	testing->right += is_right;
	testing->pictures++;
}

static void test_all_of(struct testing *testing, const char *what)
{
	struct atoll_source_config config = testing->settings->source;
	struct atoll_source *source;
	struct atoll_frame frame;
	struct atoll_error err;
	int r = 0;

	config.what = what;
	source = atoll_source_open(&config, &err);
	if (!source) {
		options_say("%s", err.text);
		testing->status = EXIT_COULD_NOT;
		return;
	}
	while (r != -ENODATA && r != -ENODEV && !stop_wanted()) {
		r = atoll_source_next(source, -1, &frame);
		if (r == 0) {
			look(testing, &frame, atoll_source_name(source));
			(void)atoll_source_release(source, &frame); /* or it is gone */
		} else if (r != -ENODATA && !stop_wanted()) {
			options_say("%s", atoll_source_error(source)->text);
			testing->status = EXIT_COULD_NOT;
		}
	}
	atoll_source_close(source);
}

static struct vision *open_learnt(const struct teach_settings *settings,
				  const struct teach_project *project,
				  struct atoll_devices *devices)
{
	char *path = teach_learnt(project);
	struct vision_config config = {
		.model_path = path, .session = settings->session, .fit = settings->fit,
		.top = 1, .threshold = VISION_THRESHOLD_USUAL,
	};
	struct vision *vision;
	struct atoll_error err;

	config.session.devices = devices;
	vision = vision_open(&config, &err);
	if (!vision)
		options_could_not("%s", err.text);
	free(path);
	return vision;
}

static void sum_up(const struct testing *testing)
{
	struct atoll_json json = { .file = stdout };

	if (!testing->settings->wants_json) {
		options_say("%s: %u of %u right", testing->label, testing->right,
			    testing->pictures);
		return;
	}
	atoll_json_object(&json, NULL);
	atoll_json_integer(&json, "right", testing->right);
	atoll_json_integer(&json, "pictures", testing->pictures);
	atoll_json_end(&json);
}

int teach_test(const struct teach_settings *settings)
{
	struct atoll_devices *devices = options_devices(settings->clock);
	struct teach_project *project = teach_open(settings);
	struct testing testing = {
		.settings = settings, .vision = open_learnt(settings, project, devices),
		.label = settings->rest[0],
	};

	if (!vision_knows(testing.vision, testing.label))
		options_could_not("'%s' is none of the classes that were learnt",
				  testing.label);
	stop_begin();
	for (int i = 1; i < settings->rests && !stop_wanted(); i++)
		test_all_of(&testing, settings->rest[i]);
	stop_end();
	sum_up(&testing);
	vision_close(testing.vision);
	teach_project_free(project);
	atoll_devices_free(devices);
	return testing.status;
}
