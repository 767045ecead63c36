/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EDGETPU_USB_NODES_H
#define ATOLL_RUNTIME_EDGETPU_USB_NODES_H

#include <stdint.h>

/*
 * Whether anything was plugged in or pulled out, by the names of nodes alone: a device
 * that comes, or comes back, has a number that none had lately.
 *
 *	uint64_t sum = usb_nodes_sum("/dev/bus/usb");
 *
 *	if (sum == 0 || sum != before)
 *		look around;
 */

/* Of the nodes in the folders of `folder`; 0 when there are none, and nobody can tell. */
uint64_t usb_nodes_sum(const char *folder);

#endif
