/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/mixer_system.h"

#include "audio/alsa.h"

#include <errno.h>
#include <stdlib.h>

struct mixer {
	snd_ctl_t *control;
};

static int open_alsa(const char *card, struct mixer **mixer)
{
	struct mixer *opened = calloc(1, sizeof(*opened));
	struct alsa alsa;
	int r;

	if (!opened)
		return -ENOMEM;
	r = alsa_begin(&alsa);
	if (r == 0)
		r = snd_ctl_open_lconf(&opened->control, card, SND_CTL_NONBLOCK, alsa.config);
	alsa_end(&alsa);
	if (r < 0) {
		free(opened);
		return alsa_why_no_card(r);
	}
	*mixer = opened;
	return 0;
}

static void close_alsa(struct mixer *mixer)
{
	(void)snd_ctl_close(mixer->control); /* what was set, is set */
	free(mixer);
}

static int describe(struct mixer *mixer, uint32_t number, struct mixer_control *control)
{
	snd_ctl_elem_info_t *info;
	int r;

	snd_ctl_elem_info_alloca(&info);
	snd_ctl_elem_info_set_numid(info, number);
	r = snd_ctl_elem_info(mixer->control, info);
	if (r < 0)
		return r;
	*control = (struct mixer_control){
		.number = number,
		.values = snd_ctl_elem_info_get_count(info),
		.is_writable = snd_ctl_elem_info_is_writable(info) != 0,
	};
	alsa_copy_text(control->name, sizeof(control->name), snd_ctl_elem_info_get_name(info));
	switch (snd_ctl_elem_info_get_type(info)) {
	case SND_CTL_ELEM_TYPE_BOOLEAN:
		control->kind = MIXER_SWITCH;
		break;
	case SND_CTL_ELEM_TYPE_INTEGER:
		control->kind = MIXER_NUMBER;
		control->low = snd_ctl_elem_info_get_min(info);
		control->high = snd_ctl_elem_info_get_max(info);
		break;
	case SND_CTL_ELEM_TYPE_INTEGER64:
		control->kind = MIXER_NUMBER;
		control->low = snd_ctl_elem_info_get_min64(info);
		control->high = snd_ctl_elem_info_get_max64(info);
		break;
	case SND_CTL_ELEM_TYPE_ENUMERATED:
		control->kind = MIXER_CHOICE;
		control->items = snd_ctl_elem_info_get_items(info);
		break;
	default:
		break; /* bytes and the like */
	}
	return 0;
}

static int describe_all(struct mixer *mixer, snd_ctl_elem_list_t *list,
			struct mixer_control **controls, uint32_t *count)
{
	uint32_t used = snd_ctl_elem_list_get_used(list), known = 0;
	struct mixer_control *all = calloc(used ? used : 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	for (uint32_t i = 0; i < used; i++)
		if (describe(mixer, snd_ctl_elem_list_get_numid(list, i), &all[known]) == 0)
			known++; /* else it left meanwhile */
	*controls = all;
	*count = known;
	return 0;
}

static int list_alsa(struct mixer *mixer, struct mixer_control **controls, uint32_t *count)
{
	snd_local_error_handler_t spoke = alsa_hush();
	snd_ctl_elem_list_t *list;
	int r;

	snd_ctl_elem_list_alloca(&list);
	r = snd_ctl_elem_list(mixer->control, list);
	if (r >= 0)
		r = snd_ctl_elem_list_alloc_space(list, snd_ctl_elem_list_get_count(list));
	if (r >= 0)
		r = snd_ctl_elem_list(mixer->control, list);
	if (r >= 0)
		r = describe_all(mixer, list, controls, count);
	snd_ctl_elem_list_free_space(list);
	alsa_unhush(spoke);
	return r < 0 ? r : 0;
}

static int item_alsa(struct mixer *mixer, const struct mixer_control *control, uint32_t item,
		     char *name, size_t size)
{
	snd_local_error_handler_t spoke = alsa_hush();
	snd_ctl_elem_info_t *info;
	int r;

	snd_ctl_elem_info_alloca(&info);
	snd_ctl_elem_info_set_numid(info, control->number);
	snd_ctl_elem_info_set_item(info, item);
	r = snd_ctl_elem_info(mixer->control, info);
	if (r >= 0)
		alsa_copy_text(name, size, snd_ctl_elem_info_get_item_name(info));
	alsa_unhush(spoke);
	return r < 0 ? r : 0;
}

static int set_alsa(struct mixer *mixer, const struct mixer_control *control, int64_t value)
{
	snd_local_error_handler_t spoke = alsa_hush();
	snd_ctl_elem_value_t *values;
	snd_ctl_elem_info_t *info;
	int r;

	snd_ctl_elem_info_alloca(&info);
	snd_ctl_elem_value_alloca(&values);
	snd_ctl_elem_info_set_numid(info, control->number);
	r = snd_ctl_elem_info(mixer->control, info);
	snd_ctl_elem_value_set_numid(values, control->number);
	for (uint32_t i = 0; r >= 0 && i < control->values; i++)
		switch (snd_ctl_elem_info_get_type(info)) {
		case SND_CTL_ELEM_TYPE_BOOLEAN:
			snd_ctl_elem_value_set_boolean(values, i, value != 0);
			break;
		case SND_CTL_ELEM_TYPE_INTEGER64:
			snd_ctl_elem_value_set_integer64(values, i, value);
			break;
		case SND_CTL_ELEM_TYPE_ENUMERATED:
			snd_ctl_elem_value_set_enumerated(values, i, (unsigned)value);
			break;
		default:
			snd_ctl_elem_value_set_integer(values, i, (long)value);
			break;
		}
	if (r >= 0)
		r = snd_ctl_elem_write(mixer->control, values);
	alsa_unhush(spoke);
	return r < 0 ? r : 0;
}

const struct mixer_system mixer_alsa = {
	.open = open_alsa,
	.close = close_alsa,
	.list = list_alsa,
	.item = item_alsa,
	.set = set_alsa,
};
