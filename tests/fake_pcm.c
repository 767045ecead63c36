/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake_pcm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#define NS INT64_C(1000000000)

struct pcm {
	struct fake_microphone *microphone;
	bool is_stale; /* what it was opened for has left */
};

struct fake_pcm fake_pcm;

/* Of every device that is open. */
static struct pcm *pcms[16];

void fake_pcm_reset(void)
{
	fake_pcm = (struct fake_pcm){
		.fails_with = -EIO, .watch_fd = -1, .now_ns = 1000 * NS,
	};
	for (int i = 0; i < FAKE_MICROPHONES; i++)
		fake_pcm.microphone[i].card = i;
	fake_pcm.microphone[0] = (struct fake_microphone){
		.id = "Fake",
		.name = "Fake Microphone",
		.driver = "USB-Audio",
		.pcm = "USB Audio",
		.offer = { { 1U << ATOLL_S16 | 1U << ATOLL_S32, 8000, 48000, 1, 2 } },
	};
}

static bool fails(void)
{
	return ++fake_pcm.calls == fake_pcm.fails_at;
}

static void describe_it(const struct fake_microphone *microphone, struct pcm_entry *entry)
{
	*entry = (struct pcm_entry){ .card = microphone->card, .device = microphone->device };
	(void)snprintf(entry->id, sizeof(entry->id), "%s", microphone->id);
	(void)snprintf(entry->name, sizeof(entry->name), "%s", microphone->name);
	(void)snprintf(entry->driver, sizeof(entry->driver), "%s", microphone->driver);
	(void)snprintf(entry->pcm, sizeof(entry->pcm), "%s", microphone->pcm);
	entry->trouble = microphone->trouble;
	if (entry->trouble)
		entry->device = -1;
}

static int fake_list(struct pcm_entry *list, uint32_t room)
{
	int count = 0;

	if (fails())
		return fake_pcm.fails_with;
	for (int i = 0; i < FAKE_MICROPHONES; i++) {
		if (!fake_pcm.microphone[i].id)
			continue;
		if ((uint32_t)count < room)
			describe_it(&fake_pcm.microphone[i], &list[count]);
		count++;
	}
	return count;
}

static bool opens(const struct fake_microphone *microphone, const char *name)
{
	char by_number[32], by_id[32];

	(void)snprintf(by_number, sizeof(by_number), "hw:%d,%d", microphone->card,
		       microphone->device);
	(void)snprintf(by_id, sizeof(by_id), "hw:%s,%d", microphone->id, microphone->device);
	return strcmp(name, by_number) == 0 || strcmp(name, by_id) == 0 ||
	       (microphone->alias && strcmp(name, microphone->alias) == 0);
}

static int fake_open(const char *name, struct pcm **pcm)
{
	size_t place = 0;

	for (int i = 0; i < FAKE_MICROPHONES; i++) {
		struct fake_microphone *microphone = &fake_pcm.microphone[i];

		if (!microphone->id || !opens(microphone, name))
			continue;
		if (fails())
			return fake_pcm.fails_with;
		if (microphone->open_error)
			return microphone->open_error;
		while (pcms[place])
			place++;
		pcms[place] = *pcm = calloc(1, sizeof(**pcm));
		(*pcm)->microphone = microphone;
		microphone->opened++;
		fake_pcm.opened++;
		return 0;
	}
	return strchr(name, ':') ? -ENODEV : -ENOENT;
}

static void fake_close(struct pcm *pcm)
{
	struct fake_microphone *microphone = pcm->microphone;
	size_t place = 0;

	while (pcms[place] != pcm)
		place++;
	pcms[place] = NULL;
	fake_pcm.opened--;
	if (!pcm->is_stale && --microphone->opened == 0) {
		free(microphone->ring);
		microphone->ring = NULL;
		microphone->is_running = microphone->is_overrun = false;
	}
	free(pcm);
}

static int fake_describe(struct pcm *pcm, struct pcm_entry *entry)
{
	if (fails())
		return fake_pcm.fails_with;
	describe_it(pcm->microphone, entry);
	return 0;
}

static int fake_offer(struct pcm *pcm, struct pcm_offer *offer)
{
	const struct fake_microphone *microphone = pcm->microphone;
	struct pcm_offer all = { .rate_min = UINT32_MAX, .channels_min = UINT32_MAX };

	if (fails())
		return fake_pcm.fails_with;
	for (int i = 0; i < FAKE_OFFERS && microphone->offer[i].rate_max; i++) {
		const struct fake_offer *one = &microphone->offer[i];

		all.formats |= one->formats;
		all.rate_min = one->rate_min < all.rate_min ? one->rate_min : all.rate_min;
		all.rate_max = one->rate_max > all.rate_max ? one->rate_max : all.rate_max;
		all.channels_min = one->channels_min < all.channels_min ?
			one->channels_min : all.channels_min;
		all.channels_max = one->channels_max > all.channels_max ?
			one->channels_max : all.channels_max;
	}
	all.is_mappable = !microphone->is_not_mappable;
	all.is_readable = !microphone->is_not_readable;
	*offer = all;
	return 0;
}

static bool fake_fits(struct pcm *pcm, const struct pcm_form *form)
{
	for (int i = 0; i < FAKE_OFFERS; i++) {
		const struct fake_offer *one = &pcm->microphone->offer[i];

		if (one->formats & 1U << form->samples && form->rate >= one->rate_min &&
		    form->rate <= one->rate_max && form->channels >= one->channels_min &&
		    form->channels <= one->channels_max)
			return true;
	}
	return false;
}

static int fake_set_up(struct pcm *pcm, struct pcm_form *form)
{
	struct fake_microphone *microphone = pcm->microphone;

	if (fails())
		return fake_pcm.fails_with;
	if (microphone->set_up_error)
		return microphone->set_up_error;
	if (!fake_fits(pcm, form))
		return -EINVAL;
	if (form->is_mapped && microphone->map_error)
		return microphone->map_error;
	if (microphone->buffer) {
		form->period = microphone->period;
		form->buffer = microphone->buffer;
	}
	microphone->form = *form;
	microphone->frame_bytes = form->channels * atoll_samples_bytes(form->samples);
	free(microphone->ring);
	microphone->ring = calloc(form->buffer ? form->buffer : 1, microphone->frame_bytes);
	return 0;
}

static int fake_start(struct pcm *pcm)
{
	struct fake_microphone *microphone = pcm->microphone;

	if (pcm->is_stale)
		return -ENODEV;
	if (fails())
		return fake_pcm.fails_with;
	if (microphone->start_error)
		return microphone->start_error;
	microphone->is_running = true;
	microphone->is_overrun = microphone->is_suspended = false;
	microphone->written = microphone->taken = 0;
	microphone->starts++;
	return 0;
}

static int fake_resume(struct pcm *pcm)
{
	struct fake_microphone *microphone = pcm->microphone;

	if (microphone->naps) {
		microphone->naps--;
		return -EAGAIN;
	}
	if (microphone->resume_error)
		return microphone->resume_error;
	microphone->is_suspended = false;
	return 0;
}

static int fake_waiting(struct pcm *pcm, int64_t *first_ns)
{
	struct fake_microphone *microphone = pcm->microphone;
	uint64_t waiting = microphone->written - microphone->taken;

	if (pcm->is_stale)
		return -ENODEV;
	if (microphone->errors) {
		microphone->errors--;
		return -EIO;
	}
	if (microphone->is_suspended)
		return -ESTRPIPE;
	if (microphone->is_overrun)
		return -EPIPE;
	*first_ns = microphone->has_no_stamp ? 0 :
		microphone->last_ns - (int64_t)waiting * NS / microphone->form.rate +
		microphone->stamp_error_ns;
	return (int)waiting;
}

static int fake_view(struct pcm *pcm, const void **data, uint32_t frames)
{
	struct fake_microphone *microphone = pcm->microphone;
	uint32_t place = (uint32_t)(microphone->taken % microphone->form.buffer);

	if (frames > microphone->form.buffer - place)
		frames = microphone->form.buffer - place;
	*data = microphone->ring + (size_t)place * microphone->frame_bytes;
	return (int)(frames + microphone->view_lie);
}

static int fake_take(struct pcm *pcm, uint32_t frames)
{
	if (pcm->is_stale)
		return -ENODEV;
	if (pcm->microphone->is_overrun)
		return -EPIPE;
	pcm->microphone->taken += frames;
	return 0;
}

static int fake_read(struct pcm *pcm, void *data, uint32_t frames)
{
	struct fake_microphone *microphone = pcm->microphone;
	uint32_t done = 0;

	while (done < frames) {
		const void *piece;
		int count = fake_view(pcm, &piece, frames - done);

		memcpy((uint8_t *)data + (size_t)done * microphone->frame_bytes, piece,
		       (size_t)count * microphone->frame_bytes);
		microphone->taken += (uint32_t)count;
		done += (uint32_t)count;
	}
	return (int)done;
}

static int fake_wait(struct pcm *pcm, int timeout_ms)
{
	struct fake_microphone *microphone = pcm->microphone;

	if (pcm->is_stale || microphone->is_overrun || microphone->is_suspended)
		return -EIO;
	if (microphone->interruptions) {
		microphone->interruptions--;
		return -EINTR;
	}
	if (microphone->wakes_for_nothing || microphone->written - microphone->taken >=
	    microphone->form.period)
		return 1;
	if (timeout_ms < 0)
		abort(); /* for ever */
	fake_pcm.now_ns += timeout_ms * (NS / 1000);
	return 0;
}

/* Closed as a file, by whoever asked for it. */
static int fake_watch(struct pcm *pcm)
{
	(void)pcm;
	if (fails())
		return fake_pcm.fails_with;
	fake_pcm.watch_fd = eventfd(0, EFD_CLOEXEC);
	return fake_pcm.watch_fd;
}

static void fake_pause(int ms)
{
	fake_pcm.now_ns += ms * (NS / 1000);
}

static int64_t fake_now_ns(void)
{
	return fake_pcm.now_ns;
}

static int fake_holder(int card, int device, char *text, size_t size)
{
	for (int i = 0; i < FAKE_MICROPHONES; i++) {
		const struct fake_microphone *microphone = &fake_pcm.microphone[i];

		if (microphone->card == card && microphone->device == device &&
		    microphone->holder) {
			(void)snprintf(text, size, "%s", microphone->holder);
			return 0;
		}
	}
	return -ENOENT;
}

const struct pcm_system fake_pcm_system = {
	.list = fake_list,
	.open = fake_open,
	.close = fake_close,
	.describe = fake_describe,
	.offer = fake_offer,
	.fits = fake_fits,
	.set_up = fake_set_up,
	.start = fake_start,
	.resume = fake_resume,
	.waiting = fake_waiting,
	.view = fake_view,
	.take = fake_take,
	.read = fake_read,
	.wait = fake_wait,
	.watch = fake_watch,
	.pause = fake_pause,
	.now_ns = fake_now_ns,
	.holder = fake_holder,
};

void fake_pcm_sound(unsigned i, uint32_t frames)
{
	struct fake_microphone *microphone = &fake_pcm.microphone[i];
	uint32_t bytes = atoll_samples_bytes(microphone->form.samples);

	fake_pcm.now_ns += (int64_t)frames * NS / microphone->form.rate;
	for (uint32_t f = 0; f < frames && microphone->is_running; f++) {
		uint64_t number = microphone->written++;
		uint64_t place = number % microphone->form.buffer;
		uint8_t *frame = microphone->ring + place * microphone->frame_bytes;

		for (uint32_t c = 0; c < microphone->form.channels; c++)
			memcpy(frame + c * bytes, &number, bytes); /* little-endian */
		if (microphone->written - microphone->taken < microphone->form.buffer)
			continue;
		microphone->is_overrun = true;
		microphone->is_running = false;
	}
	microphone->last_ns = fake_pcm.now_ns;
}

void fake_pcm_unplug(unsigned i)
{
	struct fake_microphone *microphone = &fake_pcm.microphone[i];

	for (size_t p = 0; p < sizeof(pcms) / sizeof(pcms[0]); p++)
		if (pcms[p] && pcms[p]->microphone == microphone)
			pcms[p]->is_stale = true;
	free(microphone->ring);
	*microphone = (struct fake_microphone){ .alias = microphone->id };
}

void fake_pcm_plug(unsigned i, int card)
{
	struct fake_microphone *microphone = &fake_pcm.microphone[i];

	*microphone = (struct fake_microphone){
		.id = microphone->alias,
		.name = "Fake Microphone",
		.driver = "USB-Audio",
		.pcm = "USB Audio",
		.card = card,
		.offer = { { 1U << ATOLL_S16, 8000, 48000, 1, 2 } },
	};
}
