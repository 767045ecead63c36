/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EMULATOR_USBIP_WIRE_H
#define ATOLL_RUNTIME_EMULATOR_USBIP_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/edgetpu/usb.h"

/*
 * The bytes of USB/IP, version 1.1.1, as the documentation of Linux has them
 * (usbip_protocol.rst). Everything is big-endian but the setup packet, which is
 * as on a USB.
 *
 *	operation   version:2 code:2 status:4              before a device is imported
 *	            + busid:32                             asking to import one
 *	            + record:312                           what it is
 *	packet      header:48 + data                       from then on
 */
#define USBIP_OPERATION_BYTES 8
#define USBIP_BUSID_BYTES 32
#define USBIP_RECORD_BYTES 312
#define USBIP_INTERFACE_BYTES 4
#define USBIP_HEADER_BYTES 48

enum usbip_operation {
	USBIP_ASK_IMPORT = 0x8003,
	USBIP_ANSWER_IMPORT = 0x0003,
	USBIP_ASK_LIST = 0x8005,
	USBIP_ANSWER_LIST = 0x0005,
};

/* Of operations. */
enum usbip_status { USBIP_OK = 0, USBIP_BUSY = 2, USBIP_NO_DEVICE = 4 };

enum usbip_command { USBIP_SUBMIT = 1, USBIP_UNLINK, USBIP_SUBMITTED, USBIP_UNLINKED };

/* What a host asks of a device. */
struct usbip_header {
	uint32_t command, sequence, device;
	bool is_in;
	uint32_t endpoint;        /* its number, whatever it may be */
	/* SUBMIT: */
	bool is_short_wrong;      /* a short answer is an error (URB_SHORT_NOT_OK) */
	uint32_t length, packets; /* packets: of isochronous ones, else 0 or 0xffffffff */
	struct usb_setup setup;
	/* UNLINK: */
	uint32_t unlinks;         /* the sequence number of what to take back */
};

void usbip_read_header(const uint8_t bytes[USBIP_HEADER_BYTES], struct usbip_header *header);

/* The answers to them. `status` is 0 or a negative errno, in the numbers of Linux
   on most machines, which the protocol has taken over. */
void usbip_write_submitted(uint8_t bytes[USBIP_HEADER_BYTES], uint32_t sequence,
			   int32_t status, uint32_t actual);
void usbip_write_unlinked(uint8_t bytes[USBIP_HEADER_BYTES], uint32_t sequence,
			  int32_t status);

/* False when it is of another version. */
bool usbip_read_operation(const uint8_t bytes[USBIP_OPERATION_BYTES], uint16_t *code);
void usbip_write_operation(uint8_t bytes[USBIP_OPERATION_BYTES], uint16_t code,
			   uint32_t status);

struct usbip_record {
	char busid[USBIP_BUSID_BYTES];
	uint32_t bus, number;        /* device id: bus << 16 | number */
	enum usb_speed speed;
	uint8_t device[18];          /* descriptors, as from the device */
	uint8_t configuration[9];
	uint8_t interface[9];        /* the only one */
};

void usbip_write_record(uint8_t bytes[USBIP_RECORD_BYTES], const struct usbip_record *record);
/* Follows each record in a list. */
void usbip_write_interface(uint8_t bytes[USBIP_INTERFACE_BYTES],
			   const struct usbip_record *record);
void usbip_write_u32(uint8_t *bytes, uint32_t value);

/* usb_device_speed of Linux. */
uint32_t usbip_speed(enum usb_speed speed);

#endif
