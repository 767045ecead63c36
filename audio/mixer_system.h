/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_MIXER_SYSTEM_H
#define ATOLL_AUDIO_MIXER_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/mixer.h"
#include "board/error.h"

/*
 * What is asked of a card's controls, and the entrance for tests that bring controls of
 * their own. Inside the room only.
 */
enum mixer_kind { MIXER_OTHER, MIXER_SWITCH, MIXER_NUMBER, MIXER_CHOICE };

struct mixer_control {
	uint32_t number;          /* how the card knows it */
	char name[64];
	enum mixer_kind kind;
	uint32_t values;          /* one for each channel */
	int64_t low, high;        /* of a number */
	uint32_t items;           /* of a choice */
	bool is_writable;
};

struct mixer;

/* Each call returns 0 or a negative errno. */
struct mixer_system {
	int (*open)(const char *card, struct mixer **mixer);
	void (*close)(struct mixer *mixer);
	/* All of them, for free. */
	int (*list)(struct mixer *mixer, struct mixer_control **controls, uint32_t *count);
	/* What the choice's item is called. */
	int (*item)(struct mixer *mixer, const struct mixer_control *control, uint32_t item,
		    char *name, size_t size);
	/* All of its values to this one. */
	int (*set)(struct mixer *mixer, const struct mixer_control *control, int64_t value);
};

extern const struct mixer_system mixer_alsa;

int mixer_apply_on(const struct mixer_system *system, const char *card, const char *preset,
		   struct atoll_error *err);

#endif
