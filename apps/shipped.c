/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/shipped.h"

const char shipped_cards[] = ATOLL_DATADIR "/models/cards/cards.tflite";
const char shipped_keywords[] = ATOLL_DATADIR "/models/keywords/keywords.tflite";
