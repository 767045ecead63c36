/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EDGETPU_CONFIG_H
#define ATOLL_RUNTIME_EDGETPU_CONFIG_H

#include "board/error.h"
#include "runtime/edgetpu/chip.h"

/*
 * What this machine's administrator says of Edge TPUs, in /etc/atoll/tpu.conf:
 *
 *	clock = medium
 *	firmware = /opt/coral/apex_latest_single_ep.bin
 *
 * and the environment, which goes first: ATOLL_TPU_CLOCK.
 *
 *	struct edgetpu_config config;
 *
 *	r = edgetpu_config_read(NULL, &config, &err);
 *	firmware = edgetpu_firmware_find(config.firmware, &err);
 *	edgetpu_config_free(&config);
 */
#define EDGETPU_CONFIG_FILE "/etc/atoll/tpu.conf"

struct edgetpu_config {
	enum edgetpu_clock clock;  /* max when nobody says otherwise */
	char *firmware;            /* a file; NULL: where firmware is looked for */
};

/* `path` NULL: the usual file, which need not be there. What is wrong is told with
   its place; `config` then is as if nothing had been said. */
int edgetpu_config_read(const char *path, struct edgetpu_config *config,
			struct atoll_error *err);
void edgetpu_config_free(struct edgetpu_config *config);

#endif
