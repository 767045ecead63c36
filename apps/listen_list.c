/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-listen --list: what there is to listen with, for people and programs. */
#include "apps/listen_list.h"

#include <stdlib.h>
#include <string.h>

#include "apps/listen.h"
#include "apps/options.h"
#include "board/json.h"

#define LIST_MAX 64

static void print_range(FILE *file, uint32_t low, uint32_t high, const char *unit)
{
	if (low == high)
		fprintf(file, "  %u %s", low, unit);
	else
		fprintf(file, "  %u to %u %s", low, high, unit);
}

static void print_one(FILE *file, const struct atoll_microphone_found *found, bool is_auto)
{
	fprintf(file, "%-4s  %-8s  %s, %s", is_auto ? "auto" : "", found->device, found->name,
		found->pcm);
	if (!*found->trouble) {
		print_range(file, found->rate_min, found->rate_max, "Hz");
		print_range(file, found->channels_min, found->channels_max,
			    found->channels_max == 1 ? "channel" : "channels");
		for (unsigned i = ATOLL_S16; i <= ATOLL_F32; i++)
			if (found->formats & 1u << i)
				fprintf(file, "  %s",
					atoll_samples_name((enum atoll_samples)i));
	}
	if (!found->is_microphone)
		fputs("  (no microphone)", file);
	if (*found->trouble)
		fprintf(file, "  (%s)", found->trouble);
	fputc('\n', file);
}

static void json_one(struct atoll_json *json, const struct atoll_microphone_found *found,
		     bool is_auto)
{
	atoll_json_object(json, NULL);
	atoll_json_string(json, "device", found->device);
	atoll_json_string(json, "id", found->id);
	atoll_json_string(json, "name", found->name);
	atoll_json_string(json, "pcm", found->pcm);
	atoll_json_bool(json, "is_microphone", found->is_microphone);
	atoll_json_bool(json, "is_auto", is_auto);
	atoll_json_array(json, "rate_range");
	atoll_json_integer(json, NULL, found->rate_min);
	atoll_json_integer(json, NULL, found->rate_max);
	atoll_json_end(json);
	atoll_json_array(json, "channel_range");
	atoll_json_integer(json, NULL, found->channels_min);
	atoll_json_integer(json, NULL, found->channels_max);
	atoll_json_end(json);
	atoll_json_array(json, "samples");
	for (unsigned i = ATOLL_S16; i <= ATOLL_F32; i++)
		if (found->formats & 1u << i)
			atoll_json_string(json, NULL,
					  atoll_samples_name((enum atoll_samples)i));
	atoll_json_end(json);
	atoll_json_string(json, "trouble", *found->trouble ? found->trouble : NULL);
	atoll_json_end(json);
}

void listen_list_print(FILE *file, const struct atoll_microphone_found *list, uint32_t count,
		       const char *automatic, bool wants_json)
{
	struct atoll_json json = { .file = file };

	if (wants_json)
		atoll_json_array(&json, NULL);
	for (uint32_t i = 0; i < count; i++) {
		const bool is_auto = strcmp(list[i].device, automatic) == 0;

		if (wants_json)
			json_one(&json, &list[i], is_auto);
		else
			print_one(file, &list[i], is_auto);
	}
	if (wants_json)
		atoll_json_end(&json);
}

int listen_list(const struct listen_config *config)
{
	struct atoll_microphone_found list[LIST_MAX], automatic = { .device = "" };
	struct atoll_error err;
	uint32_t count;

	if (atoll_microphones_list(list, LIST_MAX, &count, &err) < 0)
		options_could_not("%s", err.text);
	count = count < LIST_MAX ? count : LIST_MAX;
	if (count > 0)
		(void)atoll_microphone_find("auto", &automatic, NULL); /* or none is marked */
	listen_list_print(stdout, list, count, automatic.device, config->wants_json);
	if (count == 0 && !config->wants_json)
		options_say("there are no sound devices to record from");
	return EXIT_SUCCESS;
}
