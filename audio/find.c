/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/microphone.h"

#include "audio/pcm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* Of more devices than these, nobody is looked for by name. */
enum { ENTRIES_MAX = 256 };

static const struct microphone_described nothing;

static void write_device(const struct pcm_entry *entry, char *device, size_t size)
{
	if (entry->device < 0)
		(void)snprintf(device, size, "hw:%d", entry->card);
	else
		(void)snprintf(device, size, "hw:%d,%d", entry->card, entry->device);
}

/* What cards and devices that hear nothing around them call themselves. */
static bool is_microphone(const struct pcm_entry *entry)
{
	static const char *const others[] = {
		"loopback", "hdmi", "displayport", "monitor", "s/pdif", "spdif", "iec958",
	};

	if (entry->trouble)
		return false;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcasestr(entry->driver, others[i]) ||
		    strcasestr(entry->name, others[i]) ||
		    strcasestr(entry->pcm, others[i]))
			return false;
	return true;
}

void microphone_trouble(const struct pcm_system *system, const struct pcm_entry *entry, int r,
			char *text, size_t size)
{
	char holder[64];

	switch (r) {
	case -EBUSY:
		if (entry->device >= 0 && system->holder(entry->card, entry->device, holder,
							 sizeof(holder)) == 0)
			(void)snprintf(text, size, "in use (%s)", holder);
		else
			(void)snprintf(text, size, "in use by another program");
		return;
	case -EACCES:
	case -EPERM:
		(void)snprintf(text, size, "no permission; is the user in the group audio?");
		return;
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		(void)snprintf(text, size, "there is no such device");
		return;
	default:
		(void)snprintf(text, size, "%s", strerror(-r));
	}
}

/* Open it to see what it can do. */
static void look(const struct pcm_system *system, const char *device, struct pcm_entry *entry,
		 struct atoll_microphone_found *found)
{
	struct atoll_microphone_found seen = { 0 };
	struct pcm_offer offer = { 0 };
	int r = entry->trouble;
	struct pcm *pcm;

	if (r == 0)
		r = system->open(device, &pcm);
	if (r == 0) {
		if (entry->card < 0)
			(void)system->describe(pcm, entry); /* else it stays without a card */
		r = system->offer(pcm, &offer);
		system->close(pcm);
	}
	if (r < 0)
		microphone_trouble(system, entry, r, seen.trouble, sizeof(seen.trouble));
	(void)snprintf(seen.device, sizeof(seen.device), "%s", device);
	memcpy(seen.id, entry->id, sizeof(seen.id));
	memcpy(seen.name, entry->name, sizeof(seen.name));
	memcpy(seen.pcm, entry->pcm, sizeof(seen.pcm));
	seen.is_microphone = is_microphone(entry);
	seen.rate_min = offer.rate_min;
	seen.rate_max = offer.rate_max;
	seen.channels_min = offer.channels_min;
	seen.channels_max = offer.channels_max;
	seen.formats = offer.formats;
	*found = seen;
}

/* All that there are, up to `room`; `entries` is for free. */
static int list_entries(const struct pcm_system *system, uint32_t room,
			struct pcm_entry **entries, struct atoll_error *err)
{
	struct pcm_entry *list = calloc(room ? room : 1, sizeof(*list));
	int count;

	if (!list)
		return atoll_error_set(err, -ENOMEM, "microphone: list: out of memory");
	count = system->list(list, room);
	if (count < 0) {
		free(list);
		return atoll_error_set(err, count, "microphone: list: %s", strerror(-count));
	}
	*entries = list;
	return count;
}

int microphones_list_on(const struct pcm_system *system, struct atoll_microphone_found *list,
			uint32_t room, uint32_t *count, struct atoll_error *err)
{
	struct pcm_entry *entries;
	int listed = list_entries(system, room, &entries, err);
	char device[64];

	if (listed < 0)
		return listed;
	for (uint32_t i = 0; i < room && i < (uint32_t)listed; i++) {
		write_device(&entries[i], device, sizeof(device));
		look(system, device, &entries[i], &list[i]);
	}
	free(entries);
	*count = (uint32_t)listed;
	return 0;
}

ATOLL_API int atoll_microphones_list(struct atoll_microphone_found *list, uint32_t room,
				     uint32_t *count, struct atoll_error *err)
{
	return microphones_list_on(&pcm_alsa, list, room, count, err);
}

static bool is_named(const struct pcm_entry *entry, const char *match)
{
	return strcasecmp(entry->id, match) == 0 || strcasestr(entry->name, match);
}

/* "hw:0,0 (USB Microphone), hw:1,0 (Loopback)" of those named like `match`; NULL: all. */
static void write_names(const struct pcm_entry *entries, int count, const char *match,
			char *text, size_t size)
{
	char device[64];
	size_t used = 0;

	*text = '\0';
	for (int i = 0; i < count && used < size; i++) {
		if (match && !is_named(&entries[i], match))
			continue;
		write_device(&entries[i], device, sizeof(device));
		used += (size_t)snprintf(text + used, size - used, "%s%s (%s)",
					 used ? ", " : "", device, entries[i].name);
	}
}

static const struct pcm_entry *board_s_own(const struct pcm_entry *entries, int count,
					   const struct microphone_described *described)
{
	for (int i = 0; i < count && described->match; i++) {
		char device[16];

		(void)snprintf(device, sizeof(device), "%d", entries[i].device);
		if (is_named(&entries[i], described->match) &&
		    (!described->capture || strcmp(described->capture, device) == 0))
			return &entries[i];
	}
	return NULL;
}

static int none_at_all(const struct pcm_system *system, const struct pcm_entry *entries,
		       int count, const char *match, struct atoll_error *err)
{
	char text[128], device[64];

	if (count == 0)
		return atoll_error_set(err, -ENODEV,
				       "microphone: %s: there is no sound card that records",
				       match);
	for (int i = 0; i < count; i++) {
		if (!entries[i].trouble)
			continue;
		write_device(&entries[i], device, sizeof(device));
		microphone_trouble(system, &entries[i], entries[i].trouble, text,
				   sizeof(text));
		return atoll_error_set(err, entries[i].trouble,
				       "microphone: %s: %s: %s", match, device, text);
	}
	write_names(entries, count, NULL, text, sizeof(text));
	return atoll_error_set(err, -ENODEV,
			       "microphone: %s: no microphone among %s; one of them "
			       "has to be named",
			       match, text);
}

static int choose_auto(const struct pcm_system *system, const struct pcm_entry *entries,
		       int count, const struct microphone_described *described,
		       const struct pcm_entry **chosen, struct atoll_error *err)
{
	*chosen = board_s_own(entries, count, described);
	for (int i = 0; i < count && !*chosen; i++)
		if (is_microphone(&entries[i]))
			*chosen = &entries[i];
	return *chosen ? 0 : none_at_all(system, entries, count, "auto", err);
}

static int choose_numbered(const struct pcm_entry *entries, int count, const char *match,
			   const struct pcm_entry **chosen, struct atoll_error *err)
{
	for (int i = 0; i < count; i++) {
		char card[16];

		(void)snprintf(card, sizeof(card), "%d", entries[i].card);
		if (strcmp(card, match) == 0) {
			*chosen = &entries[i];
			return 0;
		}
	}
	return atoll_error_set(err, -ENODEV,
			       "microphone: there is no card %s that records", match);
}

/* 0 with the first device of the card; 1 when no card is called so. */
static int choose_named(const struct pcm_entry *entries, int count, const char *match,
			const struct pcm_entry **chosen, struct atoll_error *err)
{
	int cards = 0, last = -1;
	char names[128];

	for (int i = 0; i < count; i++)
		if (strcasecmp(entries[i].id, match) == 0) {
			*chosen = &entries[i];
			return 0;
		}
	for (int i = 0; i < count; i++) {
		if (!is_named(&entries[i], match) || entries[i].card == last)
			continue;
		last = entries[i].card;
		if (cards++ == 0)
			*chosen = &entries[i];
	}
	if (cards <= 1)
		return cards == 0;
	write_names(entries, count, match, names, sizeof(names));
	return atoll_error_set(err, -EEXIST, "microphone: '%s' fits %d cards: %s",
			       match, cards, names);
}

/* A name from ALSA's configuration, such as "default", or a word that fits nothing. */
static int try_configured(const struct pcm_system *system, const struct pcm_entry *entries,
			  int count, const char *match, struct atoll_error *err)
{
	struct pcm *pcm;
	char names[128];
	int r = system->open(match, &pcm);

	if (r == 0)
		system->close(pcm);
	if (r != -ENOENT && r != -ENODEV)
		return 0; /* whoever opens it says what it is */
	if (count == 0)
		return none_at_all(system, entries, count, match, err);
	write_names(entries, count, NULL, names, sizeof(names));
	return atoll_error_set(err, -ENODEV, "microphone: '%s' fits none of %s", match, names);
}

static int pick_of(const struct pcm_system *system, const struct pcm_entry *entries, int count,
		   const char *match, const struct microphone_described *described,
		   const struct pcm_entry **chosen, struct atoll_error *err)
{
	int r;

	if (!match || strcmp(match, "auto") == 0)
		return choose_auto(system, entries, count, described, chosen, err);
	if (*match && strspn(match, "0123456789") == strlen(match))
		return choose_numbered(entries, count, match, chosen, err);
	r = *match ? choose_named(entries, count, match, chosen, err) : 1;
	return r == 1 ? try_configured(system, entries, count, match, err) : r;
}

int microphone_pick(const struct pcm_system *system, const char *match,
		    const struct microphone_described *described, char *device, size_t size,
		    struct pcm_entry *entry, struct atoll_error *err)
{
	const struct pcm_entry *chosen = NULL;
	struct pcm_entry *entries;
	int count, r;

	if (match && strlen(match) >= size)
		return atoll_error_set(err, -ENODEV,
				       "microphone: %.32s...: the name is too long",
				       match);
	*entry = (struct pcm_entry){ .card = -1, .device = -1 };
	if (match && strpbrk(match, ":=")) {
		(void)snprintf(device, size, "%s", match);
		return 0;
	}
	count = list_entries(system, ENTRIES_MAX, &entries, err);
	if (count < 0)
		return count;
	if (count > ENTRIES_MAX)
		count = ENTRIES_MAX;
	r = pick_of(system, entries, count, match, described ? described : &nothing,
		    &chosen, err);
	if (chosen && r == 0) {
		*entry = *chosen;
		write_device(chosen, device, size);
	} else if (r == 0) {
		(void)snprintf(device, size, "%s", match);
	}
	free(entries);
	return r;
}

int microphone_find_on(const struct pcm_system *system, const char *match,
		       const struct microphone_described *described,
		       struct atoll_microphone_found *found, struct atoll_error *err)
{
	struct pcm_entry entry;
	char device[64];
	int r = microphone_pick(system, match, described, device, sizeof(device), &entry, err);

	if (r < 0)
		return r;
	look(system, device, &entry, found);
	return 0;
}

/* Without a description, or with one that is wrong, there still is a first microphone;
   whoever else reads the description says what is wrong with it. */
struct atoll_board *microphone_board(const char *match, struct microphone_described *described)
{
	struct atoll_board *board = match && strcmp(match, "auto") != 0 ? NULL :
		atoll_board_detect(NULL, NULL);

	*described = nothing;
	if (board) {
		described->match = atoll_board_get(board, "audio.0.match");
		described->capture = atoll_board_get(board, "audio.0.capture");
	}
	return board;
}

ATOLL_API int atoll_microphone_find(const char *match, struct atoll_microphone_found *found,
				    struct atoll_error *err)
{
	struct microphone_described described;
	struct atoll_board *board = microphone_board(match, &described);
	int r = microphone_find_on(&pcm_alsa, match, &described, found, err);

	atoll_board_free(board);
	return r;
}

ATOLL_API int atoll_microphone_watch(void)
{
	/* A new node is usable only once udev has set its permissions. */
	const uint32_t events = IN_CREATE | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF;
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd < 0)
		return -1;
	/* Before the first driver there is no such folder. */
	if (inotify_add_watch(fd, "/dev/snd", events) < 0 &&
	    inotify_add_watch(fd, "/dev", IN_CREATE) < 0) {
		(void)close(fd); /* nothing in it */
		return -1;
	}
	return fd;
}
