/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/emulator/usbip_wire.h"

#include <stdio.h>
#include <string.h>

#define VERSION 0x0111

/* transfer_flags, as in include/linux/usb.h. */
#define SHORT_NOT_OK 0x0001

static uint32_t read_u32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	       (uint32_t)bytes[2] << 8 | bytes[3];
}

static void write_u16(uint8_t *bytes, uint32_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

void usbip_write_u32(uint8_t *bytes, uint32_t value)
{
	write_u16(bytes, value >> 16);
	write_u16(bytes + 2, value);
}

static uint16_t read_little(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

void usbip_read_header(const uint8_t bytes[USBIP_HEADER_BYTES], struct usbip_header *header)
{
	*header = (struct usbip_header){
		.command = read_u32(bytes),
		.sequence = read_u32(bytes + 4),
		.device = read_u32(bytes + 8),
		.is_in = read_u32(bytes + 12) != 0,
		.endpoint = read_u32(bytes + 16),
		.is_short_wrong = read_u32(bytes + 20) & SHORT_NOT_OK,
		.length = read_u32(bytes + 24),
		.packets = read_u32(bytes + 32),
		.setup = {
			.request_type = bytes[40],
			.request = bytes[41],
			.value = read_little(bytes + 42),
			.index = read_little(bytes + 44),
			.length = read_little(bytes + 46),
		},
		.unlinks = read_u32(bytes + 20),
	};
}

static void write_answer(uint8_t bytes[USBIP_HEADER_BYTES], uint32_t command,
			 uint32_t sequence, int32_t status)
{
	memset(bytes, 0, USBIP_HEADER_BYTES);
	usbip_write_u32(bytes, command);
	usbip_write_u32(bytes + 4, sequence);
	usbip_write_u32(bytes + 20, (uint32_t)status);
}

void usbip_write_submitted(uint8_t bytes[USBIP_HEADER_BYTES], uint32_t sequence,
			   int32_t status, uint32_t actual)
{
	write_answer(bytes, USBIP_SUBMITTED, sequence, status);
	usbip_write_u32(bytes + 24, actual);
}

void usbip_write_unlinked(uint8_t bytes[USBIP_HEADER_BYTES], uint32_t sequence,
			  int32_t status)
{
	write_answer(bytes, USBIP_UNLINKED, sequence, status);
}

bool usbip_read_operation(const uint8_t bytes[USBIP_OPERATION_BYTES], uint16_t *code)
{
	*code = (uint16_t)read_u32(bytes);
	return read_u32(bytes) >> 16 == VERSION;
}

void usbip_write_operation(uint8_t bytes[USBIP_OPERATION_BYTES], uint16_t code,
			   uint32_t status)
{
	write_u16(bytes, VERSION);
	write_u16(bytes + 2, code);
	usbip_write_u32(bytes + 4, status);
}

uint32_t usbip_speed(enum usb_speed speed)
{
	switch (speed) {
	case USB_LOW: return 1;
	case USB_FULL: return 2;
	case USB_HIGH: return 3;
	case USB_SUPER: return 5;
	case USB_SPEED_UNKNOWN: break;
	}
	return 0;
}

/*
 *	path:256 busid:32 busnum:4 devnum:4 speed:4 vendor:2 product:2 bcd:2
 *	class subclass protocol configuration configurations interfaces
 */
void usbip_write_record(uint8_t bytes[USBIP_RECORD_BYTES], const struct usbip_record *record)
{
	uint8_t *tail = bytes + 256 + USBIP_BUSID_BYTES;

	memset(bytes, 0, USBIP_RECORD_BYTES);
	(void)snprintf((char *)bytes, 256, "/emulated/%s", record->busid); /* fits */
	memcpy(bytes + 256, record->busid, strnlen(record->busid, USBIP_BUSID_BYTES - 1));
	usbip_write_u32(tail, record->bus);
	usbip_write_u32(tail + 4, record->number);
	usbip_write_u32(tail + 8, usbip_speed(record->speed));
	write_u16(tail + 12, read_little(record->device + 8));
	write_u16(tail + 14, read_little(record->device + 10));
	write_u16(tail + 16, read_little(record->device + 12));
	memcpy(tail + 18, record->device + 4, 3);
	tail[21] = record->configuration[5];
	tail[22] = record->device[17];
	tail[23] = record->configuration[4];
}

void usbip_write_interface(uint8_t bytes[USBIP_INTERFACE_BYTES],
			   const struct usbip_record *record)
{
	memcpy(bytes, record->interface + 5, 3);
	bytes[3] = 0;
}
