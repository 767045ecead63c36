/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_EMULATOR_ORDERS_H
#define ATOLL_APPS_EMULATOR_ORDERS_H

#include "board/error.h"
#include "board/loop.h"
#include "runtime/emulator/usbip.h"

/*
 * Orders on standard input, one a line, each for the device that is named or for
 * all of them:
 *
 *	status [BUSID]
 *	unplug [BUSID]              replug [BUSID]
 *	faults [BUSID] [SCRIPT]     temperature [BUSID] DEGREES
 *	fatal | hot | too-hot [BUSID]
 *
 *	struct emulator_orders *orders = emulator_orders_new(loop, server, &err);
 *	...
 *	emulator_orders_free(orders);
 *
 * Answers go to standard output; what is wrong with an order to standard error. An
 * input that nobody can wait for, such as a file, is not read.
 */
struct emulator_orders;

struct emulator_orders *emulator_orders_new(struct atoll_loop *loop,
					    struct usbip_server *server,
					    struct atoll_error *err);
void emulator_orders_free(struct emulator_orders *orders); /* NULL is allowed */

#endif
