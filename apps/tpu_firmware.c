/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-tpu firmware: which is used, which there are, and one to keep. */
#include "apps/tpu.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/options.h"
#include "board/json.h"

static void json_firmware(struct atoll_json *json, const char *path,
			  const struct edgetpu_firmware *firmware, const char *why)
{
	atoll_json_object(json, NULL);
	atoll_json_string(json, "path", path);
	if (firmware)
		atoll_json_integer(json, "bytes", (int64_t)firmware->size);
	atoll_json_string(json, "why_not", why);
	atoll_json_end(json);
}

static int show(const struct tpu_settings *settings)
{
	struct atoll_json json = { .file = stdout };
	struct atoll_error err;
	struct edgetpu_firmware *firmware =
		edgetpu_firmware_find(settings->config.firmware, &err);

	if (!firmware)
		options_could_not("%s", err.text);
	if (settings->wants_json)
		json_firmware(&json, firmware->origin, firmware, NULL);
	else
		printf("%s\n", firmware->origin);
	edgetpu_firmware_free(firmware);
	return EXIT_SUCCESS;
}

struct tally {
	struct atoll_json *json; /* or NULL */
	uint32_t files, good;
};

static bool tell(void *data, const char *path, struct edgetpu_firmware *firmware,
		 const struct atoll_error *why)
{
	struct tally *tally = data;

	tally->files++;
	tally->good += firmware ? 1 : 0;
	if (tally->json)
		json_firmware(tally->json, firmware ? firmware->origin : path, firmware,
			      firmware ? NULL : why->text);
	else if (firmware)
		printf("%s\n", firmware->origin);
	else
		options_say("%s", why->text);
	edgetpu_firmware_free(firmware);
	return false;
}

static int find(const struct tpu_settings *settings)
{
	struct atoll_json json = { .file = stdout };
	struct tally tally = { .json = settings->wants_json ? &json : NULL };

	if (settings->wants_json)
		atoll_json_array(&json, NULL);
	edgetpu_firmware_each(&(struct edgetpu_firmware_visitor){ tell, &tally });
	if (settings->wants_json)
		atoll_json_end(&json);
	if (tally.files == 0)
		options_say("there is none where firmware is looked for");
	return tally.good ? EXIT_SUCCESS : EXIT_COULD_NOT;
}

static bool is_forbidden(int r)
{
	return r == -EACCES || r == -EPERM || r == -EROFS;
}

static int import(const struct tpu_settings *settings, const char *path)
{
	struct atoll_error err;
	struct edgetpu_firmware *firmware = edgetpu_firmware_read(path, &err);

	if (!firmware)
		options_could_not("%s", err.text);
	if (edgetpu_firmware_store(firmware, settings->folder, &err) < 0)
		options_could_not("%s%s", err.text, is_forbidden(err.code) ?
				  "; root may, and --to=DIR names another place" : "");
	printf("%s/%s\n", settings->folder, EDGETPU_FIRMWARE_NAME);
	edgetpu_firmware_free(firmware);
	return EXIT_SUCCESS;
}

int tpu_firmware(const struct tpu_settings *settings)
{
	const char *verb = settings->rests ? settings->rest[0] : "show";
	bool imports = strcmp(verb, "import") == 0;

	if (imports && settings->rests < 2)
		options_wrong("firmware import: which file?");
	if (imports)
		return import(settings, settings->rest[1]);
	if (settings->rests > 1)
		options_wrong("firmware: '%s' is too much", settings->rest[1]);
	if (strcmp(verb, "show") == 0)
		return show(settings);
	if (strcmp(verb, "find") == 0)
		return find(settings);
	options_wrong("firmware: '%s' is not one of show, find, import", verb);
}
