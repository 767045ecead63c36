/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/emulator/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
 * The boot ROM: takes an image in blocks of 256 bytes, ended by an empty one, and
 * gives it back from memory that is always 32 KiB (USB DFU 1.1, class requests).
 *
 *   dfuIDLE --DNLOAD--> dnloadSYNC --GETSTATUS--> dnloadIDLE --DNLOAD--> ...
 *   dnloadIDLE --DNLOAD of nothing--> manifestSYNC --GETSTATUS--> dfuIDLE, complete
 *   dfuIDLE --UPLOAD--> uploadIDLE --UPLOAD, short--> dfuIDLE
 *
 * What hosts observe of the real one: status 0 throughout, dfuIDLE after the
 * manifestation, no resuming of a failed download.
 */

enum { DETACH, DNLOAD, UPLOAD, GETSTATUS, CLRSTATUS, GETSTATE, ABORT };
enum {
	APP_IDLE = 0, APP_DETACH = 1, DFU_IDLE = 2, DNLOAD_SYNC = 3, DNLOAD_IDLE = 5,
	MANIFEST_SYNC = 6, UPLOAD_IDLE = 9, DFU_ERROR = 10,
};
#define STATUS_STALLED 0x0f

void emulator_dfu_reset(struct emulator *emulator)
{
	emulator->dfu.state = DFU_IDLE;
	emulator->dfu.status = 0;
	emulator->dfu.block = 0;
	emulator->dfu.size = 0;
	emulator->dfu.is_complete = false;
	memset(emulator->dfu.memory, 0, sizeof(emulator->dfu.memory));
}

__attribute__((format(printf, 2, 3)))
static int wrong(struct emulator *emulator, const char *format, ...)
{
	char what[64];
	va_list words;

	va_start(words, format);
	(void)vsnprintf(what, sizeof(what), format, words);
	va_end(words);
	emulator->dfu.state = DFU_ERROR;
	emulator->dfu.status = STATUS_STALLED;
	return emulator_complain(emulator, "DFU: %s", what);
}

static int download(struct emulator *emulator, const struct usb_setup *setup,
		    const uint8_t *data)
{
	if (emulator->dfu.state == DFU_IDLE)
		emulator_dfu_reset(emulator);
	else if (emulator->dfu.state != DNLOAD_IDLE)
		return wrong(emulator, "a block in state %u", emulator->dfu.state);
	if (setup->value != emulator->dfu.block)
		return wrong(emulator, "block %u instead of %u", setup->value,
			     emulator->dfu.block);
	if (setup->length > DFU_BLOCK)
		return wrong(emulator, "a block of %u bytes, more than %u", setup->length,
			     DFU_BLOCK);
	if (setup->length > DFU_MEMORY - emulator->dfu.size)
		return wrong(emulator, "more than %u bytes", DFU_MEMORY);
	if (!setup->length && !emulator->dfu.size)
		return wrong(emulator, "an empty image");
	if (setup->length && emulator->dfu.size % DFU_BLOCK)
		return wrong(emulator, "block %u after a short one", setup->value);
	if (setup->length)
		memcpy(emulator->dfu.memory + emulator->dfu.size, data, setup->length);
	emulator->dfu.size += setup->length;
	emulator->dfu.block++;
	emulator->dfu.state = setup->length ? DNLOAD_SYNC : MANIFEST_SYNC;
	return setup->length;
}

static int upload(struct emulator *emulator, const struct usb_setup *setup, uint8_t *data)
{
	uint32_t offset = setup->value * DFU_BLOCK;
	uint32_t size = offset < DFU_MEMORY ? DFU_MEMORY - offset : 0;

	if (emulator->dfu.state != DFU_IDLE && emulator->dfu.state != UPLOAD_IDLE)
		return wrong(emulator, "an upload in state %u", emulator->dfu.state);
	if (setup->length != DFU_BLOCK)
		return wrong(emulator, "an upload of %u bytes, not %u", setup->length,
			     DFU_BLOCK);
	if (size > DFU_BLOCK)
		size = DFU_BLOCK;
	if (size) {
		memcpy(data, emulator->dfu.memory + offset, size);
		if (emulator_is_flawed(emulator, FLAW_VERIFY))
			data[0] ^= 0x10;
	}
	emulator->dfu.state = size < DFU_BLOCK ? DFU_IDLE : UPLOAD_IDLE;
	return (int)size;
}

static int get_status(struct emulator *emulator, const struct usb_setup *setup, uint8_t *data)
{
	if (setup->length != 6)
		return wrong(emulator, "a status of %u bytes, not 6", setup->length);
	if (emulator->dfu.state == DNLOAD_SYNC) {
		emulator->dfu.state = DNLOAD_IDLE;
	} else if (emulator->dfu.state == MANIFEST_SYNC) {
		emulator->dfu.state = DFU_IDLE;
		emulator->dfu.is_complete = true;
	}
	memset(data, 0, 6);
	data[0] = emulator->dfu.status;
	data[4] = emulator->dfu.state;
	return 6;
}

/* The application knows one request: the way back into the boot ROM. */
static int detach(struct emulator *emulator, const struct usb_setup *setup)
{
	if (emulator->is_application && setup->length)
		return emulator_complain(emulator, "DFU: DETACH with data");
	emulator->will_detach = emulator->is_application;
	return 0;
}

int emulator_dfu(struct emulator *emulator, const struct usb_setup *setup, uint8_t *data)
{
	bool is_in = setup->request == UPLOAD || setup->request == GETSTATUS ||
		     setup->request == GETSTATE;

	if (setup->request_type != (is_in ? 0xa1 : 0x21) || setup->index)
		return emulator_complain(emulator,
					 "DFU: request %u of type 0x%02x to interface %u",
					 setup->request, setup->request_type, setup->index);
	if (setup->request == DETACH)
		return detach(emulator, setup);
	if (emulator->is_application)
		return emulator_complain(emulator, "DFU: request %u to the application",
					 setup->request);
	switch (setup->request) {
	case DNLOAD:
		return download(emulator, setup, data);
	case UPLOAD:
		return upload(emulator, setup, data);
	case GETSTATUS:
		return get_status(emulator, setup, data);
	case CLRSTATUS:
		if (emulator->dfu.state != DFU_ERROR)
			return wrong(emulator, "CLRSTATUS in state %u", emulator->dfu.state);
		emulator_dfu_reset(emulator);
		return 0;
	case GETSTATE:
		if (setup->length != 1)
			return wrong(emulator, "a state of %u bytes, not 1", setup->length);
		data[0] = emulator->dfu.state;
		return 1;
	case ABORT:
		if (emulator->dfu.state == DFU_ERROR)
			return wrong(emulator, "ABORT after an error");
		emulator->dfu.state = DFU_IDLE;
		return 0;
	default:
		return wrong(emulator, "no request %u", setup->request);
	}
}
