/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EDGETPU_RELAYOUT_H
#define ATOLL_RUNTIME_EDGETPU_RELAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/edgetpu/package.h"

/*
 * Between tensors and what goes over the wire. The device counts without signs
 * and delivers pictures tile by tile.
 *
 *	edgetpu_to_wire(input, tensor, wire);         send `wire`
 *	edgetpu_from_wire(output, wire, tensor);      what was received
 *	edgetpu_outward(output, tensor, wire);        the other way, for an emulator
 *
 * `wire` is `size * executions` bytes of the layer, `tensor` is `bytes`. Bytes of
 * the wire that no element has are written 0 and mean nothing when read.
 */

/* The wire carries exactly the tensor's bytes: nothing needs to be copied. */
bool edgetpu_is_plain(const struct edgetpu_layer *layer);

void edgetpu_to_wire(const struct edgetpu_layer *input, const void *tensor, uint8_t *wire);
void edgetpu_from_wire(const struct edgetpu_layer *output, const uint8_t *wire, void *tensor);

/*
 * Old models have flat outputs of EDGETPU_SINGLE or EDGETPU_UINT16 for tensors of
 * uint8, a byte for each number: real ones are divided by the layer's scale, moved
 * by its zero point and cut, whole ones taken as signed; both end at 0 and 255.
 */
void edgetpu_from_wire_uint8(const struct edgetpu_layer *output, const uint8_t *wire,
			     uint8_t *tensor);

/* The inverse of the first two, for the device side. */
void edgetpu_inward(const struct edgetpu_layer *input, const uint8_t *wire, void *tensor);
void edgetpu_outward(const struct edgetpu_layer *output, const void *tensor, uint8_t *wire);

#endif
