/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/shipped.h"

#include <stddef.h>

/* Descriptions of boards lie in another room of the tree. */
#ifndef ATOLL_BOARDS
#define ATOLL_BOARDS ATOLL_DATADIR "/boards"
#endif

/* Overlays are compiled: those of the tree are in the build folder. */
#ifndef ATOLL_OVERLAYS
#define ATOLL_OVERLAYS ATOLL_DATADIR "/overlays"
#endif

const char shipped_cards[] = ATOLL_DATADIR "/models/cards/cards.tflite";
const char shipped_keywords[] = ATOLL_DATADIR "/models/keywords/keywords.tflite";
const char shipped_overlays[] = ATOLL_OVERLAYS;
const char *const shipped_boards[] = { "/etc/atoll/boards", ATOLL_BOARDS, NULL };
