/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/visiond_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/shipped.h"

#define EVENTS_PATH "/run/atoll/visiond.sock"
#define LISTEN "127.0.0.1:8080"

/* Nobody guesses 16 characters at the rate at which we answer. */
#define TOKEN_LENGTH_MIN 16
#define TOKEN_LENGTH_MAX 128

/* A whole number within low..high, read to the end of the text. */
static bool read_number(const char *text, const char *end, unsigned long low,
			unsigned long high, uint32_t *value)
{
	unsigned long number = 0;

	if (text == end || end - text > 9)
		return false;
	for (; text < end; text++) {
		if (*text < '0' || *text > '9')
			return false;
		number = number * 10 + (unsigned long)(*text - '0');
	}
	if (number < low || number > high)
		return false;
	*value = (uint32_t)number;
	return true;
}

int visiond_listen_read(const char *text, struct visiond_listen *listen,
			struct atoll_error *err)
{
	struct visiond_listen found = { .is_off = strcmp(text, "off") == 0 };

	if (!found.is_off && atoll_address_read(text, 8080, &found.address, err) < 0)
		return -EINVAL;
	*listen = found;
	return 0;
}

static int read_size(struct visiond_config *config, struct atoll_error *err)
{
	struct atoll_camera_config *camera = &config->source.camera;
	const char *text = NULL, *cross;
	int r = atoll_config_text(config->file, "size", &text, err);

	if (r <= 0)
		return r;
	cross = strchr(text, 'x');
	if (!cross ||
	    !read_number(text, cross, 16, ATOLL_FRAME_SIDE_MAX, &camera->width) ||
	    !read_number(cross + 1, text + strlen(text), 16, ATOLL_FRAME_SIDE_MAX,
			 &camera->height))
		return settings_wrong(config->file, "size", "not a size as 640x480", err);
	return 0;
}

/* Pictures per second, in thousandths. */
static int read_rate(struct visiond_config *config, const char *key, double low,
		     double high, uint32_t *rate_mhz, struct atoll_error *err)
{
	double rate = 0;
	int r = atoll_config_real(config->file, key, low, high, &rate, err);

	if (r == 1)
		*rate_mhz = (uint32_t)(rate * 1000 + 0.5);
	return r < 0 ? r : 0;
}

static int read_source(struct visiond_config *config,
		       const struct visiond_overrides *overrides, struct atoll_error *err)
{
	const char *camera = NULL, *source = NULL, *pixels = NULL;
	int length;

	if (atoll_config_text(config->file, "camera", &camera, err) < 0 ||
	    atoll_config_text(config->file, "source", &source, err) < 0 ||
	    atoll_config_text(config->file, "pixels", &pixels, err) < 0 ||
	    read_size(config, err) < 0 ||
	    read_rate(config, "rate", 0.1, 1000, &config->source.camera.frame_rate_mhz,
		      err) < 0)
		return -EINVAL;
	if (overrides->source)
		source = overrides->source;
	else if (camera && source)
		return settings_wrong(config->file, "source", "there is a camera already",
				      err);

	if (pixels) {
		config->source.camera.pixels = atoll_pixels_by_name(pixels);
		if (config->source.camera.pixels == ATOLL_PIXELS_NONE)
			return settings_wrong(config->file, "pixels",
					      "not a format as YUYV or MJPG", err);
	}
	if (source)
		length = snprintf(config->what, sizeof(config->what), "%s", source);
	else if (camera && strcmp(camera, "auto") != 0)
		length = snprintf(config->what, sizeof(config->what), "camera:%s", camera);
	else
		length = snprintf(config->what, sizeof(config->what), "camera");
	if (length >= (int)sizeof(config->what))
		return settings_wrong(config->file, source ? "source" : "camera",
				      "too long", err);

	config->is_camera = strcmp(config->what, "camera") == 0 ||
			    strncmp(config->what, "camera:", 7) == 0;
	config->source.what = config->what;
	config->source.wants_newest = true;
	config->source.is_paced = true;
	config->source.repeats = true;
	return 0;
}

static int read_habits(struct visiond_config *config, const char *prefix,
		       struct visiond_model *model, struct atoll_error *err)
{
	struct visiond_habits *habits = &model->habits;
	struct atoll_config *file = config->file;
	const int64_t hour_ms = 3600 * 1000;
	char key[SETTINGS_KEY_BYTES];

	if (settings_share(file, settings_key(key, prefix, "appear"), 0.01,
			   &habits->appear, err) < 0 ||
	    settings_count(file, settings_key(key, prefix, "appear_results"), 1, 1000,
			   &habits->appear_results, err) < 0 ||
	    atoll_config_duration(file, settings_key(key, prefix, "appear_time"), 0,
				  hour_ms, &habits->appear_ms, err) < 0 ||
	    settings_share(file, settings_key(key, prefix, "disappear"), 0.01,
			   &habits->disappear, err) < 0 ||
	    settings_count(file, settings_key(key, prefix, "disappear_results"), 1, 1000,
			   &habits->disappear_results, err) < 0 ||
	    atoll_config_duration(file, settings_key(key, prefix, "disappear_time"), 0,
				  hour_ms, &habits->disappear_ms, err) < 0 ||
	    settings_share(file, settings_key(key, prefix, "change"), 0.01,
			   &habits->change_score, err) < 0 ||
	    settings_share(file, settings_key(key, prefix, "change_overlap"), 0,
			   &habits->change_overlap, err) < 0 ||
	    atoll_config_duration(file, settings_key(key, prefix, "change_time"), 0,
				  hour_ms, &habits->change_ms, err) < 0 ||
	    atoll_config_text(file, settings_key(key, prefix, "ignore"), &habits->ignored,
			      err) < 0 ||
	    atoll_config_duration(file, settings_key(key, prefix, "every"), 0, hour_ms,
				  &model->every_ms, err) < 0)
		return -EINVAL;
	if (habits->disappear > habits->appear)
		return settings_wrong(file, settings_key(key, prefix, "disappear"),
				      "above the score at which things appear", err);
	return 0;
}

static int read_fit(struct visiond_config *config, const char *key, enum atoll_fit *fit,
		    struct atoll_error *err)
{
	static const char *const names[] = {
		[ATOLL_FIT_STRETCH] = "stretch",
		[ATOLL_FIT_CROP] = "crop",
		[ATOLL_FIT_LETTERBOX] = "letterbox",
	};
	const char *text = NULL;
	int r = atoll_config_text(config->file, key, &text, err);

	if (r <= 0)
		return r;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i]) == 0) {
			*fit = (enum atoll_fit)i;
			return 0;
		}
	return settings_wrong(config->file, key, "not stretch, crop or letterbox", err);
}

static int read_model(struct visiond_config *config, struct visiond_model *model,
		      struct atoll_error *err)
{
	struct atoll_config *file = config->file;
	char prefix[64], key[SETTINGS_KEY_BYTES];
	struct vision_config *vision = &model->vision;

	(void)snprintf(prefix, sizeof(prefix), "model.%s.", model->name);
	if (atoll_config_text(file, settings_key(key, prefix, "file"), &vision->model_path,
			      err) < 0 ||
	    atoll_config_text(file, settings_key(key, prefix, "labels"),
			      &vision->labels_path, err) < 0 ||
	    atoll_config_text(file, settings_key(key, prefix, "twin"), &vision->twin_path,
			      err) < 0 ||
	    atoll_config_text(file, settings_key(key, prefix, "device"),
			      &vision->session.device, err) < 0 ||
	    atoll_config_text(file, settings_key(key, prefix, "cache"),
			      &vision->session.cache, err) < 0 ||
	    settings_count(file, settings_key(key, prefix, "threads"), 0, 64,
			   &vision->session.threads, err) < 0 ||
	    settings_count(file, settings_key(key, prefix, "top"), 1, VISIOND_THINGS_MAX,
			   &vision->top, err) < 0 ||
	    read_fit(config, settings_key(key, prefix, "fit"), &vision->fit, err) < 0 ||
	    read_habits(config, prefix, model, err) < 0)
		return -EINVAL;
	if (!vision->model_path)
		return atoll_error_set(err, -EINVAL, "model %s: no file is given",
				       model->name);
	return 0;
}

/* Each section [model.NAME] is a model, in the order of the file; without any there
   is the shipped one. */
static int name_models(struct visiond_config *config, struct atoll_error *err)
{
	char name[VISIOND_MODELS_MAX][SETTINGS_NAME_BYTES];
	int count = settings_sections(config->file, "model", name, VISIOND_MODELS_MAX, err);

	if (count < 0)
		return count;
	if (count == 0)
		(void)snprintf(name[count++], SETTINGS_NAME_BYTES, "cards");
	for (int i = 0; i < count; i++)
		memcpy(config->model[i].name, name[i], SETTINGS_NAME_BYTES);
	config->models = (uint32_t)count;
	return 0;
}

static int read_models(struct visiond_config *config,
		       const struct visiond_overrides *overrides, struct atoll_error *err)
{
	/* A card is held up for a second or more; a picture is told apart ten times a
	   second and more on the slowest board. */
	struct visiond_model all = {
		.habits = {
			.appear = 0.6f,
			.disappear = 0.4f,
			.appear_results = 3,
			.disappear_results = 3,
			.disappear_ms = 300,
			.change_score = 0.25f,
			.change_overlap = 0.6f,
			.change_ms = 500,
			.ignored = "nothing", /* what the shipped model says of no card */
		},
	};

	if (read_habits(config, "", &all, err) < 0 || name_models(config, err) < 0)
		return -EINVAL;
	for (uint32_t i = 0; i < config->models; i++) {
		struct visiond_model *model = &config->model[i];

		model->habits = all.habits;
		model->every_ms = all.every_ms;
		if (strcmp(model->name, "cards") == 0)
			model->vision.model_path = shipped_cards;
		if (read_model(config, model, err) < 0)
			return -EINVAL;
	}
	if (overrides->model) {
		config->models = 1;
		config->model[0].vision.model_path = overrides->model;
		config->model[0].vision.labels_path = NULL;
		(void)snprintf(config->model[0].name, sizeof(config->model[0].name), "model");
	}
	if (overrides->labels)
		config->model[0].vision.labels_path = overrides->labels;
	/* What is below cannot matter, except that it may be told as nothing. */
	for (uint32_t i = 0; i < config->models; i++)
		config->model[i].vision.threshold = config->model[i].habits.disappear;
	return 0;
}

/* A token goes into addresses as it is. */
static bool is_plain(const char *text)
{
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~")] == '\0';
}

static int read_page(struct visiond_config *config,
		     const struct visiond_overrides *overrides, struct atoll_error *err)
{
	const char *listen = LISTEN;
	uint32_t quality = 75;
	int r = atoll_config_text(config->file, "listen", &listen, err);

	config->viewers = 4;
	config->page_rate_mhz = 15000;
	if (r < 0 ||
	    atoll_config_text(config->file, "token", &config->token, err) < 0 ||
	    settings_count(config->file, "viewers", 1, 64, &config->viewers, err) < 0 ||
	    read_rate(config, "page_rate", 0.1, 60, &config->page_rate_mhz, err) < 0 ||
	    settings_count(config->file, "page_quality", 1, 100, &quality, err) < 0)
		return -EINVAL;
	config->page_quality = (int)quality;

	if (overrides->listen)
		listen = overrides->listen;
	if (visiond_listen_read(listen, &config->listen, err) < 0) {
		(void)atoll_error_prefix(err, "%s", overrides->listen ? "--listen" :
					 settings_place(config->file, "listen"));
		return -EINVAL;
	}
	config->listen.is_chosen = r == 1 || overrides->listen;
	if (config->token && (strlen(config->token) < TOKEN_LENGTH_MIN ||
			      strlen(config->token) > TOKEN_LENGTH_MAX ||
			      !is_plain(config->token)))
		return settings_wrong(config->file, "token",
				      "not 16 to 128 letters, digits and - _ . ~", err);
	if (!config->token && !config->listen.is_off && !config->listen.address.is_loopback)
		return atoll_error_set(err, -EINVAL,
				       "%s: listen: %s can be reached from other machines: "
				       "that needs a token", overrides->listen ? "--listen" :
				       settings_place(config->file, "listen"), listen);
	return 0;
}

struct visiond_config *visiond_config_load(const char *path,
					   const struct visiond_overrides *overrides,
					   const struct atoll_log *log,
					   struct atoll_error *err)
{
	static const struct visiond_overrides none;
	struct visiond_config *config = calloc(1, sizeof(*config));

	if (!config) {
		(void)atoll_error_set(err, -ENOMEM, "%s: %s", path, strerror(ENOMEM));
		return NULL;
	}
	if (!overrides)
		overrides = &none;
	config->file = atoll_config_load(path, err);
	if (!config->file || read_source(config, overrides, err) < 0 ||
	    read_models(config, overrides, err) < 0 ||
	    settings_events(config->file, overrides->events, EVENTS_PATH, &config->events,
			    err) < 0 ||
	    read_page(config, overrides, err) < 0) {
		visiond_config_free(config);
		return NULL;
	}
	settings_pass_over(config->file, log);
	return config;
}

void visiond_config_free(struct visiond_config *config)
{
	if (!config)
		return;
	atoll_config_free(config->file);
	free(config);
}
