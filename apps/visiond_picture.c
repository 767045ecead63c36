/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/visiond_picture.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "board/clock.h"
#include "camera/encode.h"

struct buffer {
	uint8_t *bytes;
	size_t size, room;
};

/* One JPEG that is the newest, or that somebody still reads. */
struct slot {
	struct buffer jpeg;
	uint64_t number;
	uint32_t takers;         /* under lock */
};

struct visiond_picture {
	void (*ready)(void *data);
	void *data;
	struct atoll_encoder *encoder; /* the encoder thread's */
	pthread_t thread;
	bool has_thread;
	int64_t due_ns;          /* the offering thread's: when the next may be taken */

	pthread_mutex_t lock;
	pthread_cond_t changed;  /* there is a raw frame, or it is time to stop */
	uint32_t watchers;       /* under lock, as all below */
	uint32_t rate_mhz;
	int quality;
	bool is_stopping;
	bool is_raw_full;        /* the raw frame is the encoder's while this is set,
				    the offering thread's otherwise */
	struct atoll_frame raw;
	struct buffer raw_bytes;
	uint64_t count, failures;
	uint32_t newest;         /* slot; of no meaning while count is 0 */
	uint32_t slots;
	struct slot slot[];      /* one per taker, the newest, and one to fill */
};

static bool hold(struct buffer *buffer, const void *bytes, size_t size)
{
	if (size > buffer->room) {
		uint8_t *larger = realloc(buffer->bytes, size);

		if (!larger)
			return false;
		buffer->bytes = larger;
		buffer->room = size;
	}
	memcpy(buffer->bytes, bytes, size);
	buffer->size = size;
	return true;
}

/* A slot nobody reads and that is not the newest. There always is one, and it
   stays so until it is published, for only one thread at a time fills. */
static struct slot *free_slot(struct visiond_picture *picture)
{
	for (uint32_t i = 0; i < picture->slots; i++)
		if (picture->slot[i].takers == 0 &&
		    (picture->count == 0 || i != picture->newest))
			return &picture->slot[i];
	return NULL;
}

static void publish(struct visiond_picture *picture, const void *bytes, size_t size)
{
	struct slot *slot;
	bool is_held;

	(void)pthread_mutex_lock(&picture->lock);
	slot = free_slot(picture);
	(void)pthread_mutex_unlock(&picture->lock);

	is_held = slot && hold(&slot->jpeg, bytes, size);

	(void)pthread_mutex_lock(&picture->lock);
	if (is_held) {
		slot->number = ++picture->count;
		picture->newest = (uint32_t)(slot - picture->slot);
	} else {
		picture->failures++;
	}
	(void)pthread_mutex_unlock(&picture->lock);
	if (is_held)
		picture->ready(picture->data);
}

static void *encode(void *data)
{
	struct visiond_picture *picture = data;

	(void)pthread_mutex_lock(&picture->lock);
	for (;;) {
		const uint8_t *jpeg;
		size_t size;
		int quality, r;

		while (!picture->is_stopping && !picture->is_raw_full)
			(void)pthread_cond_wait(&picture->changed, &picture->lock);
		if (picture->is_stopping)
			break;
		quality = picture->quality;
		(void)pthread_mutex_unlock(&picture->lock);

		r = atoll_encode_jpeg(picture->encoder, &picture->raw, quality, &jpeg, &size);
		if (r == 0)
			publish(picture, jpeg, size);

		(void)pthread_mutex_lock(&picture->lock);
		picture->is_raw_full = false;
		if (r < 0)
			picture->failures++;
	}
	(void)pthread_mutex_unlock(&picture->lock);
	return NULL;
}

struct visiond_picture *visiond_picture_new(uint32_t takers_max,
					    void (*ready)(void *data), void *data,
					    struct atoll_error *err)
{
	uint32_t slots = takers_max + 2;
	struct visiond_picture *picture =
		calloc(1, sizeof(*picture) + slots * sizeof(picture->slot[0]));
	int r;

	if (!picture) {
		(void)atoll_error_set(err, -ENOMEM, "pictures: %s", strerror(ENOMEM));
		return NULL;
	}
	/* Neither can fail with default attributes on Linux. */
	(void)pthread_mutex_init(&picture->lock, NULL);
	(void)pthread_cond_init(&picture->changed, NULL);
	picture->ready = ready;
	picture->data = data;
	picture->slots = slots;
	picture->rate_mhz = 15000;
	picture->quality = 75;
	picture->encoder = atoll_encoder_new(err);
	if (!picture->encoder)
		goto fail;
	r = pthread_create(&picture->thread, NULL, encode, picture);
	if (r != 0) {
		(void)atoll_error_set(err, -r, "pictures: start a thread: %s", strerror(r));
		goto fail;
	}
	picture->has_thread = true;
	return picture;

fail:
	visiond_picture_free(picture);
	return NULL;
}

void visiond_picture_free(struct visiond_picture *picture)
{
	if (!picture)
		return;
	if (picture->has_thread) {
		(void)pthread_mutex_lock(&picture->lock);
		picture->is_stopping = true;
		(void)pthread_cond_signal(&picture->changed);
		(void)pthread_mutex_unlock(&picture->lock);
		(void)pthread_join(picture->thread, NULL);
	}
	for (uint32_t i = 0; i < picture->slots; i++)
		free(picture->slot[i].jpeg.bytes);
	free(picture->raw_bytes.bytes);
	atoll_encoder_free(picture->encoder);
	(void)pthread_cond_destroy(&picture->changed);
	(void)pthread_mutex_destroy(&picture->lock);
	free(picture);
}

void visiond_picture_set(struct visiond_picture *picture, uint32_t rate_mhz, int quality)
{
	(void)pthread_mutex_lock(&picture->lock);
	picture->rate_mhz = rate_mhz;
	picture->quality = quality;
	(void)pthread_mutex_unlock(&picture->lock);
}

/* Is it time for a picture? Keeps the rate in the long run although frames come
   when they come: what is early by less than a quarter of a period is taken. */
static bool is_due(struct visiond_picture *picture, uint32_t rate_mhz)
{
	int64_t period_ns = INT64_C(1000000000000) / rate_mhz;
	int64_t now = atoll_clock_ns();

	if (now < picture->due_ns - period_ns / 4 && picture->due_ns - now <= 2 * period_ns)
		return false;
	picture->due_ns = llabs(now - picture->due_ns) < period_ns ?
			  picture->due_ns + period_ns : now + period_ns;
	return true;
}

/* The planes lie in one piece, the first at its beginning (camera/frame.h). */
static bool copy_frame(struct visiond_picture *picture, const struct atoll_frame *frame)
{
	picture->raw = *frame;
	if (!hold(&picture->raw_bytes, frame->plane[0], frame->bytes))
		return false;
	for (int i = 0; i < 3; i++)
		if (frame->plane[i])
			picture->raw.plane[i] = picture->raw_bytes.bytes +
						(frame->plane[i] - frame->plane[0]);
	return true;
}

void visiond_picture_offer(struct visiond_picture *picture, const struct atoll_frame *frame)
{
	uint32_t rate_mhz;
	bool is_wanted;

	(void)pthread_mutex_lock(&picture->lock);
	rate_mhz = picture->rate_mhz;
	is_wanted = picture->watchers > 0 && !picture->is_raw_full;
	(void)pthread_mutex_unlock(&picture->lock);
	if (!is_wanted || !is_due(picture, rate_mhz))
		return;

	if (frame->pixels == ATOLL_PIXELS_JPEG) {
		publish(picture, frame->plane[0], frame->bytes);
		return;
	}
	if (!copy_frame(picture, frame))
		return;
	(void)pthread_mutex_lock(&picture->lock);
	picture->is_raw_full = true;
	(void)pthread_cond_signal(&picture->changed);
	(void)pthread_mutex_unlock(&picture->lock);
}

void visiond_picture_watch(struct visiond_picture *picture, bool watches)
{
	(void)pthread_mutex_lock(&picture->lock);
	picture->watchers += watches ? 1 : UINT32_MAX;
	(void)pthread_mutex_unlock(&picture->lock);
}

bool visiond_picture_take(struct visiond_picture *picture, uint64_t seen,
			  struct visiond_jpeg *jpeg)
{
	bool is_newer;

	(void)pthread_mutex_lock(&picture->lock);
	is_newer = picture->count > seen;
	if (is_newer) {
		struct slot *slot = &picture->slot[picture->newest];

		slot->takers++;
		*jpeg = (struct visiond_jpeg){
			.bytes = slot->jpeg.bytes,
			.size = slot->jpeg.size,
			.number = slot->number,
			.slot = picture->newest,
		};
	}
	(void)pthread_mutex_unlock(&picture->lock);
	return is_newer;
}

void visiond_picture_release(struct visiond_picture *picture,
			     const struct visiond_jpeg *jpeg)
{
	(void)pthread_mutex_lock(&picture->lock);
	picture->slot[jpeg->slot].takers--;
	(void)pthread_mutex_unlock(&picture->lock);
}

uint64_t visiond_picture_count(struct visiond_picture *picture)
{
	uint64_t count;

	(void)pthread_mutex_lock(&picture->lock);
	count = picture->count;
	(void)pthread_mutex_unlock(&picture->lock);
	return count;
}

uint64_t visiond_picture_failures(struct visiond_picture *picture)
{
	uint64_t failures;

	(void)pthread_mutex_lock(&picture->lock);
	failures = picture->failures;
	(void)pthread_mutex_unlock(&picture->lock);
	return failures;
}
