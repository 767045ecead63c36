/* SPDX-License-Identifier: Apache-2.0 */
/* Capture devices through libasound. What is decided, is decided elsewhere. */
#include "audio/pcm.h"

#include "audio/alsa.h"
#include "board/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { FDS_MAX = 16 };

struct pcm {
	snd_pcm_t *handle;
	snd_pcm_hw_params_t *hardware; /* scratch of offer, fits and set_up */
	snd_pcm_sw_params_t *software; /* of set_up */
	struct pollfd fds[FDS_MAX];
	unsigned count;
	uint32_t rate, frame_bits;
	snd_pcm_uframes_t offset;      /* of what is in view */
};

static const snd_pcm_format_t formats[] = {
	[ATOLL_S16] = SND_PCM_FORMAT_S16_LE,
	[ATOLL_S24] = SND_PCM_FORMAT_S24_LE,
	[ATOLL_S24_3] = SND_PCM_FORMAT_S24_3LE,
	[ATOLL_S32] = SND_PCM_FORMAT_S32_LE,
	[ATOLL_U8] = SND_PCM_FORMAT_U8,
	[ATOLL_F32] = SND_PCM_FORMAT_FLOAT_LE,
};
enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };

static int open_control(snd_ctl_t **control, int card, snd_config_t *config)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "hw:%d", card);
	return snd_ctl_open_lconf(control, name, SND_CTL_NONBLOCK | SND_CTL_READONLY, config);
}

static int describe_card(snd_ctl_t *control, struct pcm_entry *entry)
{
	snd_ctl_card_info_t *info;
	int r;

	snd_ctl_card_info_alloca(&info);
	r = snd_ctl_card_info(control, info);
	if (r < 0)
		return r;
	alsa_copy_text(entry->id, sizeof(entry->id), snd_ctl_card_info_get_id(info));
	alsa_copy_text(entry->name, sizeof(entry->name), snd_ctl_card_info_get_name(info));
	alsa_copy_text(entry->driver, sizeof(entry->driver),
		       snd_ctl_card_info_get_driver(info));
	return 0;
}

/* Where the entries go, and how many there were. */
struct list {
	struct pcm_entry *entry;
	uint32_t room;
	int count;
};

static void add(struct list *list, const struct pcm_entry *entry)
{
	if ((uint32_t)list->count < list->room)
		list->entry[list->count] = *entry;
	list->count++;
}

static int add_devices(struct list *list, snd_ctl_t *control, struct pcm_entry *entry)
{
	snd_pcm_info_t *info;
	int device = -1, r;

	snd_pcm_info_alloca(&info);
	for (;;) {
		r = snd_ctl_pcm_next_device(control, &device);
		if (r < 0 || device < 0)
			return r;
		snd_pcm_info_set_device(info, (unsigned)device);
		snd_pcm_info_set_subdevice(info, 0);
		snd_pcm_info_set_stream(info, SND_PCM_STREAM_CAPTURE);
		if (snd_ctl_pcm_info(control, info) < 0)
			continue; /* it only plays */
		entry->device = device;
		alsa_copy_text(entry->pcm, sizeof(entry->pcm), snd_pcm_info_get_name(info));
		add(list, entry);
	}
}

static int look_at_card(struct list *list, struct pcm_entry *entry, snd_config_t *config)
{
	snd_ctl_t *control;
	int r = open_control(&control, entry->card, config);

	if (r < 0)
		return r;
	r = describe_card(control, entry);
	if (r == 0)
		r = add_devices(list, control, entry);
	(void)snd_ctl_close(control); /* only looked */
	return r;
}

static void add_card(struct list *list, int card)
{
	struct pcm_entry entry = { .card = card, .device = -1 };
	struct alsa alsa;
	int r = alsa_reach_card(card);

	if (r == 0) {
		r = alsa_begin(&alsa);
		if (r == 0)
			r = look_at_card(list, &entry, alsa.config);
		alsa_end(&alsa);
	}
	if (r < 0 && r != -ENODEV && r != -ENOENT && r != -ENXIO) { /* it left meanwhile */
		entry.trouble = r;
		add(list, &entry);
	}
}

static int list_alsa(struct pcm_entry *list, uint32_t room)
{
	struct list to = { .entry = list, .room = room };

	for (int card = 0; card < ALSA_CARDS_MAX; card++)
		add_card(&to, card);
	return to.count;
}

static void close_alsa(struct pcm *pcm)
{
	snd_local_error_handler_t spoke = alsa_hush();

	if (pcm->handle)
		(void)snd_pcm_close(pcm->handle); /* what was not heard, is not wanted */
	if (pcm->hardware)
		snd_pcm_hw_params_free(pcm->hardware);
	if (pcm->software)
		snd_pcm_sw_params_free(pcm->software);
	free(pcm);
	alsa_unhush(spoke);
}

static int open_alsa(const char *name, struct pcm **pcm)
{
	struct pcm *opened = calloc(1, sizeof(*opened));
	struct alsa alsa;
	int r;

	if (!opened)
		return -ENOMEM;
	r = alsa_begin(&alsa);
	if (r == 0)
		r = snd_pcm_open_lconf(&opened->handle, name, SND_PCM_STREAM_CAPTURE,
				       SND_PCM_NONBLOCK, alsa.config);
	if (r == 0)
		r = snd_pcm_hw_params_malloc(&opened->hardware);
	if (r == 0)
		r = snd_pcm_sw_params_malloc(&opened->software);
	alsa_end(&alsa);
	if (r < 0) {
		close_alsa(opened);
		return alsa_why_no_card(r);
	}
	*pcm = opened;
	return 0;
}

static int describe_alsa(struct pcm *pcm, struct pcm_entry *entry)
{
	struct pcm_entry said = { .card = -1, .device = -1 };
	snd_ctl_t *control;
	snd_pcm_info_t *info;
	struct alsa alsa;
	int r;

	snd_pcm_info_alloca(&info);
	r = alsa_begin(&alsa);
	if (r == 0 && snd_pcm_info(pcm->handle, info) == 0 &&
	    snd_pcm_info_get_card(info) >= 0) {
		said.card = snd_pcm_info_get_card(info);
		said.device = (int)snd_pcm_info_get_device(info);
		alsa_copy_text(said.pcm, sizeof(said.pcm), snd_pcm_info_get_name(info));
		r = open_control(&control, said.card, alsa.config);
		if (r == 0) {
			r = describe_card(control, &said);
			(void)snd_ctl_close(control); /* only looked */
		}
	}
	alsa_end(&alsa);
	if (r < 0)
		return r;
	*entry = said;
	return 0;
}

static bool can_access(struct pcm *pcm, snd_pcm_access_t access)
{
	return snd_pcm_hw_params_test_access(pcm->handle, pcm->hardware, access) == 0;
}

static int ask_offer(struct pcm *pcm, struct pcm_offer *offer)
{
	snd_pcm_hw_params_t *hardware = pcm->hardware;
	unsigned channels_min, channels_max, rate_min, rate_max;
	struct pcm_offer asked = { 0 };
	int r = snd_pcm_hw_params_any(pcm->handle, hardware);

	if (r >= 0)
		r = snd_pcm_hw_params_get_channels_min(hardware, &channels_min);
	if (r >= 0)
		r = snd_pcm_hw_params_get_channels_max(hardware, &channels_max);
	if (r >= 0)
		r = snd_pcm_hw_params_get_rate_min(hardware, &rate_min, NULL);
	if (r >= 0)
		r = snd_pcm_hw_params_get_rate_max(hardware, &rate_max, NULL);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < FORMATS; i++)
		if (snd_pcm_hw_params_test_format(pcm->handle, hardware, formats[i]) == 0)
			asked.formats |= 1U << i;
	asked.rate_min = rate_min;
	asked.rate_max = rate_max;
	asked.channels_min = channels_min;
	asked.channels_max = channels_max;
	asked.is_mappable = can_access(pcm, SND_PCM_ACCESS_MMAP_INTERLEAVED);
	asked.is_readable = can_access(pcm, SND_PCM_ACCESS_RW_INTERLEAVED);
	*offer = asked;
	return 0;
}

static int offer_alsa(struct pcm *pcm, struct pcm_offer *offer)
{
	snd_local_error_handler_t spoke = alsa_hush();
	int r = ask_offer(pcm, offer);

	alsa_unhush(spoke);
	return r;
}

/* Narrow what is possible down to the form. */
static int narrow(struct pcm *pcm, const struct pcm_form *form)
{
	int r = snd_pcm_hw_params_any(pcm->handle, pcm->hardware);

	if (r >= 0)
		r = snd_pcm_hw_params_set_access(pcm->handle, pcm->hardware, form->is_mapped ?
						 SND_PCM_ACCESS_MMAP_INTERLEAVED :
						 SND_PCM_ACCESS_RW_INTERLEAVED);
	if (r >= 0)
		r = snd_pcm_hw_params_set_rate(pcm->handle, pcm->hardware, form->rate, 0);
	if (r >= 0)
		r = snd_pcm_hw_params_set_channels(pcm->handle, pcm->hardware, form->channels);
	if (r >= 0)
		r = snd_pcm_hw_params_set_format(pcm->handle, pcm->hardware,
						 formats[form->samples]);
	return r;
}

static bool fits_alsa(struct pcm *pcm, const struct pcm_form *form)
{
	snd_local_error_handler_t spoke = alsa_hush();
	int r = narrow(pcm, form);

	alsa_unhush(spoke);
	return r >= 0;
}

static int set_hardware(struct pcm *pcm, struct pcm_form *form)
{
	snd_pcm_uframes_t period = form->period, buffer = form->buffer;
	int r = narrow(pcm, form);

	if (r >= 0)
		r = snd_pcm_hw_params_set_period_size_near(pcm->handle, pcm->hardware,
							   &period, NULL);
	if (r >= 0)
		r = snd_pcm_hw_params_set_buffer_size_near(pcm->handle, pcm->hardware,
							   &buffer);
	if (r >= 0)
		r = snd_pcm_hw_params(pcm->handle, pcm->hardware);
	if (r >= 0)
		r = snd_pcm_hw_params_get_period_size(pcm->hardware, &period, NULL);
	if (r >= 0)
		r = snd_pcm_hw_params_get_buffer_size(pcm->hardware, &buffer);
	if (r < 0)
		return r;
	if (period > INT32_MAX || buffer > INT32_MAX)
		return -EINVAL;
	form->period = (uint32_t)period;
	form->buffer = (uint32_t)buffer;
	return 0;
}

/* Woken by whole periods, with the time of the clock everything here is measured by. */
static int set_software(struct pcm *pcm, const struct pcm_form *form)
{
	int r = snd_pcm_sw_params_current(pcm->handle, pcm->software);

	if (r >= 0)
		r = snd_pcm_sw_params_set_avail_min(pcm->handle, pcm->software, form->period);
	if (r >= 0)
		r = snd_pcm_sw_params_set_tstamp_mode(pcm->handle, pcm->software,
						      SND_PCM_TSTAMP_ENABLE);
	if (r >= 0)
		r = snd_pcm_sw_params_set_tstamp_type(pcm->handle, pcm->software,
						      SND_PCM_TSTAMP_TYPE_MONOTONIC);
	return r < 0 ? r : snd_pcm_sw_params(pcm->handle, pcm->software);
}

static int set_descriptors(struct pcm *pcm)
{
	int count = snd_pcm_poll_descriptors_count(pcm->handle);

	if (count <= 0 || count > FDS_MAX)
		return count < 0 ? count : -ENOTSUP;
	count = snd_pcm_poll_descriptors(pcm->handle, pcm->fds, (unsigned)count);
	if (count <= 0)
		return count < 0 ? count : -ENOTSUP;
	pcm->count = (unsigned)count;
	return 0;
}

static int set_up_alsa(struct pcm *pcm, struct pcm_form *form)
{
	snd_local_error_handler_t spoke = alsa_hush();
	int r;

	(void)snd_pcm_hw_free(pcm->handle); /* of an attempt before; else it says so */
	r = set_hardware(pcm, form);
	if (r >= 0)
		r = set_software(pcm, form);
	if (r >= 0)
		r = set_descriptors(pcm);
	pcm->rate = form->rate;
	pcm->frame_bits = form->channels * atoll_samples_bytes(form->samples) * 8;
	alsa_unhush(spoke);
	return r < 0 ? r : 0;
}

static int start_alsa(struct pcm *pcm)
{
	snd_local_error_handler_t spoke = alsa_hush();
	int r;

	(void)snd_pcm_drop(pcm->handle); /* refused by what does not run */
	r = snd_pcm_prepare(pcm->handle);
	if (r >= 0)
		r = snd_pcm_start(pcm->handle);
	alsa_unhush(spoke);
	return r < 0 ? r : 0;
}

static int resume_alsa(struct pcm *pcm)
{
	snd_local_error_handler_t spoke = alsa_hush();
	int r = snd_pcm_resume(pcm->handle);

	alsa_unhush(spoke);
	return r;
}

static int waiting_alsa(struct pcm *pcm, int64_t *first_ns)
{
	snd_local_error_handler_t spoke = alsa_hush();
	snd_pcm_sframes_t frames = snd_pcm_avail_update(pcm->handle);
	snd_pcm_uframes_t then; /* so many there were at that moment, maybe fewer */
	snd_htimestamp_t stamp;

	*first_ns = 0;
	if (frames > 0 && snd_pcm_htimestamp(pcm->handle, &then, &stamp) == 0 &&
	    (stamp.tv_sec || stamp.tv_nsec) && then <= INT32_MAX)
		*first_ns = (int64_t)stamp.tv_sec * 1000000000 + stamp.tv_nsec -
			    (int64_t)then * 1000000000 / pcm->rate;
	alsa_unhush(spoke);
	return (int)frames;
}

static int view_alsa(struct pcm *pcm, const void **data, uint32_t frames)
{
	snd_local_error_handler_t spoke = alsa_hush();
	const snd_pcm_channel_area_t *areas;
	snd_pcm_uframes_t count = frames;
	int r = snd_pcm_mmap_begin(pcm->handle, &areas, &pcm->offset, &count);

	alsa_unhush(spoke);
	if (r < 0)
		return r;
	if (!areas[0].addr || areas[0].step != pcm->frame_bits || areas[0].first % 8)
		return -EPROTO; /* not the frames that were agreed on */
	*data = (const char *)areas[0].addr +
		(areas[0].first + pcm->offset * pcm->frame_bits) / 8;
	return (int)count;
}

static int take_alsa(struct pcm *pcm, uint32_t frames)
{
	snd_local_error_handler_t spoke = alsa_hush();
	snd_pcm_sframes_t r = snd_pcm_mmap_commit(pcm->handle, pcm->offset, frames);

	alsa_unhush(spoke);
	if (r < 0)
		return (int)r;
	return r == (snd_pcm_sframes_t)frames ? 0 : -EPIPE;
}

static int read_alsa(struct pcm *pcm, void *data, uint32_t frames)
{
	snd_local_error_handler_t spoke = alsa_hush();
	snd_pcm_sframes_t r = snd_pcm_readi(pcm->handle, data, frames);

	alsa_unhush(spoke);
	return r == -EAGAIN ? 0 : (int)r;
}

/* Plugins wait for other things than their descriptors say, so they are asked. */
static int wait_alsa(struct pcm *pcm, int timeout_ms)
{
	snd_local_error_handler_t spoke;
	unsigned short events = 0;
	int r = poll(pcm->fds, pcm->count, timeout_ms);

	if (r <= 0)
		return r < 0 ? -errno : 0;
	spoke = alsa_hush();
	r = snd_pcm_poll_descriptors_revents(pcm->handle, pcm->fds, pcm->count, &events);
	alsa_unhush(spoke);
	if (r < 0 || events & (POLLERR | POLLHUP | POLLNVAL))
		return -EIO;
	return events & POLLIN ? 1 : -EAGAIN;
}

static int watch_alsa(struct pcm *pcm)
{
	int fd = epoll_create1(EPOLL_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	for (unsigned i = 0; i < pcm->count; i++) {
		/* On Linux, poll and epoll have the same bits. */
		struct epoll_event event = { .events = (uint32_t)pcm->fds[i].events };

		if (epoll_ctl(fd, EPOLL_CTL_ADD, pcm->fds[i].fd, &event) < 0) {
			r = errno == EPERM ? -ENOTSUP : -errno; /* a file, of plugins */
			(void)close(fd); /* nothing in it */
			return r;
		}
	}
	return fd;
}

static void pause_alsa(int ms)
{
	(void)poll(NULL, 0, ms); /* a signal may cut it short */
}

static int holder_alsa(int card, int device, char *text, size_t size)
{
	return pcm_holder("/proc", card, device, text, size);
}

const struct pcm_system pcm_alsa = {
	.list = list_alsa,
	.open = open_alsa,
	.close = close_alsa,
	.describe = describe_alsa,
	.offer = offer_alsa,
	.fits = fits_alsa,
	.set_up = set_up_alsa,
	.start = start_alsa,
	.resume = resume_alsa,
	.waiting = waiting_alsa,
	.view = view_alsa,
	.take = take_alsa,
	.read = read_alsa,
	.wait = wait_alsa,
	.watch = watch_alsa,
	.pause = pause_alsa,
	.now_ns = atoll_clock_ns,
	.holder = holder_alsa,
};
