/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/emulator/emulator.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/emulator/state.h"

#define DEFAULT_MILLIDEGREES 40000
#define CLOCK_GATED 0x00150000 /* scu_ctrl_2 */

static void lock(const struct emulator *emulator)
{
	(void)pthread_mutex_lock((pthread_mutex_t *)&emulator->lock);
}

static void unlock(const struct emulator *emulator)
{
	(void)pthread_mutex_unlock((pthread_mutex_t *)&emulator->lock);
}

int emulator_complain(struct emulator *emulator, const char *format, ...)
{
	va_list words;

	va_start(words, format);
	(void)vsnprintf(emulator->complaint, sizeof(emulator->complaint), format, words);
	va_end(words);
	emulator->complaints++;
	return -EPIPE;
}

bool emulator_is_flawed(struct emulator *emulator, enum emulator_flaw flaw)
{
	bool is = emulator->flaw[flaw] != NEVER;

	if (emulator->flaw[flaw] == ONCE)
		emulator->flaw[flaw] = NEVER;
	return is;
}

void emulator_stop_core(struct emulator *emulator, uint32_t errors)
{
	*emulator_core(emulator, REG_HIB_ERROR) |= errors;
	if (!*emulator_core(emulator, REG_HIB_FIRST_ERROR))
		*emulator_core(emulator, REG_HIB_FIRST_ERROR) = errors;
	*emulator_core(emulator, REG_FATAL_CONTROL + 8) = 1;
	emulator->word |= EMULATOR_FATAL;
	emulator_drop_run(emulator);
}

static bool is_stopped(struct emulator *emulator)
{
	return *emulator_core(emulator, REG_HIB_ERROR) != 0;
}

uint32_t emulator_halt_bit(uint8_t endpoint)
{
	uint32_t number = endpoint & 0x7f;

	if (number < 1 || number > 3)
		return 0;
	return 1u << (number - 1 + (endpoint & 0x80 ? 3 : 0));
}

/* Whatever was under way on the bus. */
static void quiet(struct emulator *emulator)
{
	emulator->halted = 0;
	emulator->configuration = 1; /* as a kernel will set it at once */
	emulator->will_detach = false;
	emulator->events = 0;
	emulator->word = 0;
	emulator_drop_item(emulator);
	emulator_drop_run(emulator);
	emulator_forget_parameters(emulator);
}

ATOLL_API struct emulator *emulator_new(const struct emulator_options *options,
					struct atoll_error *err)
{
	struct emulator *emulator = calloc(1, sizeof(*emulator));

	if (!emulator) {
		atoll_error_set(err, -ENOMEM, "emulator: no memory");
		return NULL;
	}
	(void)pthread_mutex_init(&emulator->lock, NULL); /* cannot fail on Linux */
	emulator->options = *options;
	if (options->speed != USB_HIGH)
		emulator->options.speed = USB_SUPER;
	emulator->millidegrees = options->millidegrees ? options->millidegrees :
							 DEFAULT_MILLIDEGREES;
	emulator->is_application = !options->is_in_dfu;
	emulator_dfu_reset(emulator);
	emulator_registers_power_on(emulator, !options->is_fresh && !options->is_in_dfu);
	if (options->is_clock_gated)
		*emulator_system(emulator, REG_SCU_CTRL_2) = CLOCK_GATED;
	quiet(emulator);
	return emulator;
}

ATOLL_API void emulator_free(struct emulator *emulator)
{
	if (!emulator)
		return;
	while (emulator->taught)
		emulator_unteach(emulator, emulator->taught->package);
	(void)pthread_mutex_destroy(&emulator->lock);
	free(emulator->item.room);
	free(emulator->answer.room);
	free(emulator);
}

ATOLL_API int emulator_control(struct emulator *emulator, const struct usb_setup *setup,
			       uint8_t *data)
{
	int r;

	lock(emulator);
	switch (setup->request_type >> 5 & 3) {
	case 0:
		r = emulator_standard(emulator, setup, data);
		break;
	case 1:
		r = emulator_dfu(emulator, setup, data);
		break;
	default:
		r = emulator_register(emulator, setup, data);
	}
	unlock(emulator);
	return r;
}

/* Whether the endpoint can be used at all: 0, or -EPIPE. */
static int check_endpoint(struct emulator *emulator, uint8_t endpoint)
{
	uint32_t bit = emulator_halt_bit(endpoint);

	if (!emulator->is_application || !bit)
		return emulator_complain(emulator, "there is no endpoint 0x%02x", endpoint);
	return emulator->halted & bit ? -EPIPE : 0;
}

ATOLL_API int emulator_out(struct emulator *emulator, uint8_t endpoint, const uint8_t *bytes,
			   uint32_t size)
{
	int r;

	lock(emulator);
	r = check_endpoint(emulator, endpoint);
	if (r == 0) {
		if (endpoint != 0x01)
			r = emulator_complain(emulator, "data on endpoint 0x%02x in "
					      "single-endpoint mode", endpoint);
		else if (is_stopped(emulator))
			r = -EAGAIN;
		else
			r = emulator_receive(emulator, bytes, size);
		if (r == -EPIPE)
			emulator->halted |= emulator_halt_bit(endpoint);
	}
	unlock(emulator);
	return r;
}

static int give_word(struct emulator *emulator, uint8_t *bytes, uint32_t room)
{
	uint32_t word = emulator_enabled_word(emulator);

	if (!word)
		return -EAGAIN;
	if (room < 4) {
		(void)emulator_complain(emulator, "a read of %u bytes for an interrupt word",
					room);
		return -EOVERFLOW;
	}
	for (uint32_t i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(word >> (8 * i));
	emulator->word &= ~word;
	return 4;
}

ATOLL_API int emulator_in(struct emulator *emulator, uint8_t endpoint, uint8_t *bytes,
			  uint32_t room)
{
	int r;

	lock(emulator);
	r = check_endpoint(emulator, endpoint);
	if (r == 0)
		r = endpoint == 0x83 ? give_word(emulator, bytes, room) :
				       emulator_answer(emulator, endpoint, bytes, room);
	unlock(emulator);
	return r;
}

ATOLL_API uint32_t emulator_packet(const struct emulator *emulator, uint8_t endpoint)
{
	if (endpoint == 0x83)
		return 64;
	return emulator->options.speed == USB_HIGH ? 512 : 1024;
}

ATOLL_API bool emulator_reset(struct emulator *emulator)
{
	bool was_application, is_application;

	lock(emulator);
	was_application = emulator->is_application;
	if (was_application)
		emulator->is_application = !emulator->will_detach;
	else
		emulator->is_application = emulator->dfu.is_complete;
	is_application = emulator->is_application;
	quiet(emulator);
	emulator_dfu_reset(emulator);
	unlock(emulator);
	return is_application != was_application;
}

ATOLL_API void emulator_power_cycle(struct emulator *emulator)
{
	lock(emulator);
	emulator->is_application = false;
	quiet(emulator);
	emulator_dfu_reset(emulator);
	emulator_registers_power_on(emulator, false);
	unlock(emulator);
}

ATOLL_API int emulator_clear_halt(struct emulator *emulator, uint8_t endpoint)
{
	const struct usb_setup setup = {
		.request_type = 0x02, .request = 1, .index = endpoint };

	return emulator_control(emulator, &setup, NULL);
}

ATOLL_API uint16_t emulator_vendor(const struct emulator *emulator)
{
	uint16_t vendor;

	lock(emulator);
	vendor = emulator->is_application ? USB_APPLICATION_VENDOR : USB_DFU_VENDOR;
	unlock(emulator);
	return vendor;
}

ATOLL_API uint16_t emulator_product(const struct emulator *emulator)
{
	uint16_t product;

	lock(emulator);
	product = emulator->is_application ? USB_APPLICATION_PRODUCT : USB_DFU_PRODUCT;
	unlock(emulator);
	return product;
}

ATOLL_API enum usb_speed emulator_speed(const struct emulator *emulator)
{
	return emulator->options.speed;
}

void emulator_raise(struct emulator *emulator, uint32_t word)
{
	lock(emulator);
	if (word & EMULATOR_FATAL && emulator->is_application && emulator_is_awake(emulator))
		emulator_stop_core(emulator, HIB_INBOUND_PAGE_FAULT);
	for (uint32_t i = 0; i < 4; i++)
		if (word & 2u << i)
			*emulator_core(emulator, REG_TOP_LEVEL_CONTROL + 16 * i + 8) = 1;
	if (word & EMULATOR_THERMAL_SHUTDOWN)
		*emulator_system(emulator, REG_OMC0_DC) |= 1u << 30;
	if (word & EMULATOR_THERMAL_WARNING)
		*emulator_system(emulator, REG_OMC0_DC) |= 1u << 31;
	emulator->word |= word & ~(uint32_t)EMULATOR_FATAL;
	unlock(emulator);
}

ATOLL_API void emulator_interrupt(struct emulator *emulator, uint32_t word)
{
	emulator_raise(emulator, word);
	if (emulator->changed)
		emulator->changed(emulator->changed_context);
}

void emulator_on_change(struct emulator *emulator, void (*changed)(void *context),
			void *context)
{
	lock(emulator);
	emulator->changed_context = context;
	emulator->changed = changed;
	unlock(emulator);
}

ATOLL_API void emulator_set_temperature(struct emulator *emulator, int32_t millidegrees)
{
	lock(emulator);
	emulator->millidegrees = millidegrees;
	unlock(emulator);
}

void emulator_set_flaw(struct emulator *emulator, enum emulator_flaw flaw,
		       enum emulator_often often)
{
	lock(emulator);
	emulator->flaw[flaw] = often;
	/* One that was announced already and waits is the run's too. */
	if (flaw == FLAW_NO_EVENT && often == ONCE && emulator->events) {
		emulator->events--;
		emulator->flaw[flaw] = NEVER;
	}
	unlock(emulator);
}

void emulator_halt(struct emulator *emulator, uint8_t endpoint)
{
	lock(emulator);
	emulator->halted |= emulator_halt_bit(endpoint);
	unlock(emulator);
}

ATOLL_API uint64_t emulator_complaints(const struct emulator *emulator)
{
	uint64_t complaints;

	lock(emulator);
	complaints = emulator->complaints;
	unlock(emulator);
	return complaints;
}

ATOLL_API const char *emulator_complaint(const struct emulator *emulator)
{
	return emulator->complaint;
}

ATOLL_API uint64_t emulator_runs(const struct emulator *emulator)
{
	uint64_t runs;

	lock(emulator);
	runs = emulator->runs;
	unlock(emulator);
	return runs;
}
