/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_LISTEN_LIST_H
#define ATOLL_APPS_LISTEN_LIST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "audio/microphone.h"

/*
 * Microphones as lines, or as one array of JSON.
 *
 *	listen_list_print(stdout, list, count, "hw:1,0", false);
 *
 *	auto  hw:1,0    USB Microphone, USB Audio  8000 to 48000 Hz  1 channel  S16
 *	      hw:2,1    Loopback, Loopback PCM  (no microphone)  (Device or resource busy)
 *
 * `automatic` is the device that "auto" stands for, "" for none.
 */
void listen_list_print(FILE *file, const struct atoll_microphone_found *list, uint32_t count,
		       const char *automatic, bool wants_json);

#endif
