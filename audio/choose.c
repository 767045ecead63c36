/* SPDX-License-Identifier: Apache-2.0 */
/* What of all that a microphone offers has to be changed least. */
#include "audio/pcm.h"

#include "audio/block.h"

#include <errno.h>
#include <string.h>

enum { PERIOD_MS = 20, BUFFER_MS = 500, MS_MAX = 10000, PERIOD_MS_MAX = 1000 };

/* Ours; then those that are divided by a whole number; then those that hold all of the
   sound, the least work first; then what is left of it. */
static const uint32_t rates[] = {
	ATOLL_SOUND_RATE, 32000, 48000, 96000, 64000, 192000, 22050, 24000, 44100,
	88200, 176400, 384000, 12000, 11025, 8000,
};

/* What most drivers have first; eight bits only for want of others. */
static const enum atoll_samples order[] = {
	ATOLL_S16, ATOLL_S32, ATOLL_S24, ATOLL_S24_3, ATOLL_F32, ATOLL_U8,
};

enum { RATES = sizeof(rates) / sizeof(rates[0]), KINDS = sizeof(order) / sizeof(order[0]) };

static bool has_samples(const struct pcm_system *system, struct pcm *pcm,
			const struct pcm_offer *offer, struct pcm_form *form)
{
	for (uint32_t i = 0; i < KINDS; i++) {
		form->samples = order[i];
		if (offer->formats & 1U << order[i] && system->fits(pcm, form))
			return true;
	}
	return false;
}

static bool has_channels(const struct pcm_system *system, struct pcm *pcm,
			 const struct pcm_offer *offer, uint32_t wanted, struct pcm_form *form)
{
	uint32_t least = wanted ? wanted : offer->channels_min;
	uint32_t most = wanted ? wanted : offer->channels_max;

	if (most > ATOLL_CHANNELS_MAX)
		most = ATOLL_CHANNELS_MAX;
	for (form->channels = least; form->channels <= most; form->channels++)
		if (has_samples(system, pcm, offer, form))
			return true;
	return false;
}

static bool has_rate(const struct pcm_system *system, struct pcm *pcm,
		     const struct pcm_offer *offer,
		     const struct atoll_microphone_config *config, uint32_t rate,
		     struct pcm_form *form)
{
	form->rate = rate;
	return rate >= offer->rate_min && rate <= offer->rate_max &&
	       has_channels(system, pcm, offer, config->channels, form);
}

static bool has_any(const struct pcm_system *system, struct pcm *pcm,
		    const struct pcm_offer *offer,
		    const struct atoll_microphone_config *config, struct pcm_form *form)
{
	if (config->rate)
		return has_rate(system, pcm, offer, config, config->rate, form);
	for (uint32_t i = 0; i < RATES; i++)
		if (has_rate(system, pcm, offer, config, rates[i], form))
			return true;
	/* Of the odd ones only the ends are known. */
	return has_rate(system, pcm, offer, config, offer->rate_max, form) ||
	       has_rate(system, pcm, offer, config, offer->rate_min, form);
}

/* Why nothing fits: what was asked for, or the device as a whole. */
static int refuse(const char *device, const struct pcm_offer *offer,
		  const struct atoll_microphone_config *config, struct atoll_error *err)
{
	if (!offer->formats)
		return atoll_error_set(err, -ENOTSUP, "microphone: %s: none of its formats is "
				       "known here; ALSA's plughw may convert them", device);
	if (config->rate && (config->rate < offer->rate_min || config->rate > offer->rate_max))
		return atoll_error_set(err, -ENOTSUP, "microphone: %s: does not give %u Hz, "
				       "only %u to %u", device, config->rate, offer->rate_min,
				       offer->rate_max);
	if (config->channels && (config->channels < offer->channels_min ||
				 config->channels > offer->channels_max))
		return atoll_error_set(err, -ENOTSUP,
				       "microphone: %s: does not give %u channels, "
				       "only %u to %u",
				       device, config->channels, offer->channels_min,
				       offer->channels_max);
	if (offer->channels_min > ATOLL_CHANNELS_MAX)
		return atoll_error_set(err, -ENOTSUP,
				       "microphone: %s: gives %u channels at least; "
				       "%d are the most here",
				       device, offer->channels_min, ATOLL_CHANNELS_MAX);
	if (!config->rate && !config->channels)
		return atoll_error_set(err, -ENOTSUP,
				       "microphone: %s: gives none of the usual rates",
				       device);
	return atoll_error_set(err, -ENOTSUP,
			       "microphone: %s: does not give %u Hz and %u channels "
			       "together (0: any)",
			       device, config->rate, config->channels);
}

static int check(const struct atoll_microphone_config *config, struct atoll_error *err)
{
	if (config->channels > ATOLL_CHANNELS_MAX)
		return atoll_error_set(err, -EINVAL,
				       "microphone: %u channels are more than %d",
				       config->channels, ATOLL_CHANNELS_MAX);
	if (config->period_ms > PERIOD_MS_MAX || config->buffer_ms > MS_MAX)
		return atoll_error_set(err, -EINVAL,
				       "microphone: periods of %u ms in a buffer of "
				       "%u ms are more than %d and %d",
				       config->period_ms, config->buffer_ms,
				       PERIOD_MS_MAX, MS_MAX);
	return 0;
}

static uint32_t frames_of(uint32_t ms, uint32_t rate)
{
	uint64_t frames = (uint64_t)ms * rate / 1000;

	return frames > INT32_MAX ? INT32_MAX : frames ? (uint32_t)frames : 1;
}

int microphone_choose(const struct pcm_system *system, struct pcm *pcm, const char *device,
		      const struct atoll_microphone_config *config, struct pcm_form *form,
		      struct atoll_error *err)
{
	uint32_t period_ms = config->period_ms ? config->period_ms : PERIOD_MS;
	uint32_t buffer_ms = config->buffer_ms ? config->buffer_ms : BUFFER_MS;
	struct pcm_form chosen = { 0 };
	struct pcm_offer offer;
	int r = check(config, err);

	if (r < 0)
		return r;
	r = system->offer(pcm, &offer);
	if (r < 0)
		return atoll_error_set(err, r, "microphone: %s: what does it offer: %s",
				       device, strerror(-r));
	if (!offer.is_mappable && !offer.is_readable)
		return atoll_error_set(err, -ENOTSUP,
				       "microphone: %s: gives each channel apart, which "
				       "is not supported; ALSA's plughw may join them",
				       device);
	chosen.is_mapped = offer.is_mappable && (!config->without_mmap || !offer.is_readable);
	if (!has_any(system, pcm, &offer, config, &chosen))
		return refuse(device, &offer, config, err);
	if (buffer_ms < 2 * period_ms)
		buffer_ms = 2 * period_ms;
	chosen.period = frames_of(period_ms, chosen.rate);
	chosen.buffer = frames_of(buffer_ms, chosen.rate);
	*form = chosen;
	return 0;
}
