/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attach a device of a USB/IP server on this machine as if a bad cable had made
 * full speed, 12 Mbit/s, of it:
 *
 *	full_speed 3240 1-1
 *
 * usbip(8) would attach it at the speed that the server says.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/emulator/usbip_wire.h"
#include "runtime/emulator/vhci.h"

static int connect_to(const char *port)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		err(1, "port %s", port);
	return fd;
}

/* Its number to the server. */
static uint32_t import(int fd, const char *busid)
{
	uint8_t ask[USBIP_OPERATION_BYTES + USBIP_BUSID_BYTES] = { 0 };
	uint8_t answer[USBIP_OPERATION_BYTES + USBIP_RECORD_BYTES];
	const uint8_t *bus = answer + USBIP_OPERATION_BYTES + 256 + USBIP_BUSID_BYTES;

	usbip_write_operation(ask, USBIP_ASK_IMPORT, 0);
	strncpy((char *)ask + USBIP_OPERATION_BYTES, busid, USBIP_BUSID_BYTES - 1);
	if (send(fd, ask, sizeof(ask), 0) != sizeof(ask) ||
	    recv(fd, answer, sizeof(answer), MSG_WAITALL) != sizeof(answer))
		errx(1, "%s cannot be imported", busid);
	return (uint32_t)(bus[2] << 24 | bus[3] << 16 | bus[6] << 8 | bus[7]);
}

int main(int argc, char **argv)
{
	struct atoll_error error;
	int fd, port;

	if (argc != 3)
		errx(2, "usage: full_speed PORT BUSID");
	fd = connect_to(argv[1]);
	port = vhci_port(VHCI_ROOT, USB_FULL, -1, &error);
	if (port < 0 || vhci_attach(VHCI_ROOT, port, fd, import(fd, argv[2]), USB_FULL,
				    &error) < 0)
		errx(1, "%s", error.text);
	return 0; /* the kernel has the connection now */
}
