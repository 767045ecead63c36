/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_LAYER_H
#define ATOLL_TESTS_LAYER_H

#include "tests/single.h"

/*
 * A model of one operator with weights, its scales and zero points random, and
 * what its arithmetic must give, said again with wide integers and doubles.
 *
 *	struct layer l;
 *
 *	layer_new(&l, &dice, BUILTIN_CONV_2D, OPTIONS_CONV_2D, ATOLL_INT8);
 *	layer_input(&l, 4, (int32_t[]){ 1, 8, 8, 3 });
 *	layer_filter(&l, 4, (int32_t[]){ 6, 3, 3, 3 }, 0);
 *	layer_bias(&l);
 *	layer_output(&l);
 *	... options, with single_option(&l.s, ...)
 *	layer_run(&l);
 *	for each output element
 *		for each tap, in order
 *			layer_add(&l, at_in_input, at_in_filter);
 *		layer_expect(&l, at_in_output, channel);
 *	single_free(&l.s);
 *
 * What the fields say may be changed between new and the operand it is about.
 */
struct layer {
	struct single s;
	struct check_random *random;
	enum atoll_type type;
	uint32_t input, filter, bias; /* which operand became which */
	uint32_t channels;
	bool is_per_channel;          /* signed filters: a scale for each output */
	bool is_constant;             /* filter and bias are part of the model */
	bool is_input_constant;
	bool has_bias, has_narrow_bias; /* int16: int32 instead of int64 */
	bool has_round_scales;        /* powers of two, so that ties are met */
	bool is_float_scaled, is_exactly_scaled; /* as in runtime/kernels/weights.h */
	float in_scale, out_scale;
	float filter_scale[512];
	int32_t in_zero, filter_zero, out_zero;
	int8_t activation;

	int64_t sum;                  /* of the element being looked at */
	float float_sum;
	size_t compared;
	size_t inside;                /* of them, neither lowest nor highest */
};

void layer_new(struct layer *l, struct check_random *random, uint32_t code,
	       uint8_t options_type, enum atoll_type type);

/* Let the next sessions use plain C or the machine's best, by chance; does
   nothing when ATOLL_CPU was set from outside. */
void layer_any_cpu(struct check_random *random);

void layer_input(struct layer *l, uint32_t rank, const int32_t *dims);

/* `axis` is the dimension that makes outputs. Also chooses the output's scale so
   that most outputs lie inside the range. */
void layer_filter(struct layer *l, uint32_t rank, const int32_t *dims, uint32_t axis);

/* Nothing when has_bias is off. */
void layer_bias(struct layer *l);
void layer_output(struct layer *l);

/* Open, fill what is no constant, run once. */
void layer_run(struct layer *l);

/* Add input element i times filter element w, without their zero points. */
void layer_add(struct layer *l, size_t i, size_t w);

/* Fails the test unless output element `at` is what became of the sum, and
   starts a new sum. */
void layer_expect(struct layer *l, size_t at, uint32_t channel);

/*
 * `rounds` layers: `round` makes, runs and compares each. Fails the test when most
 * outputs end at the limits of their type, where they prove little.
 */
void layer_repeat(enum atoll_type type, int rounds,
		  void (*round)(struct layer *l, enum atoll_type type));

/* x times `real` as the integer kernels do it. */
int32_t layer_scaled(int64_t x, double real);

/* The stored values that an activation leaves, by a formula of its own. */
void layer_range(enum atoll_type type, int8_t activation, float scale, int32_t zero,
		 int64_t *low, int64_t *high);

/* Windows in one direction: how many, and how many cells before the image the
   first begins. `reach` is from its first to its last cell. */
void layer_window(bool is_same, int32_t in, int32_t reach, int32_t stride, int32_t *out,
		  int32_t *pad);

#endif
