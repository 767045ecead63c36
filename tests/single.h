/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_SINGLE_H
#define ATOLL_TESTS_SINGLE_H

#include <stdbool.h>

#include "tests/check.h"
#include "tests/graph.h"

/*
 * A model of one operator.
 *
 *	struct single s;
 *
 *	single_new(&s, BUILTIN_REVERSE_V2, OPTIONS_REVERSE_V2);
 *	single_input(&s, ATOLL_UINT8, 2, (int32_t[]){ 2, 3 });
 *	single_ints(&s, 1, (int32_t[]){ -1 });
 *	single_output(&s, ATOLL_UINT8);
 *	single_run(&s);                    random bytes in all inputs
 *	... s.in[0]->data, s.out[0]->data
 *	single_free(&s);
 */
#define SINGLE_MAX 32

struct single {
	struct graph graph;
	struct atoll_builder_operator op;
	int32_t input[SINGLE_MAX], output[SINGLE_MAX];
	struct atoll_builder_option option[8];
	struct check_random random;
	float scale;            /* of 8-bit and 16-bit tensors added from now on */
	int64_t zero_point;     /* of 8-bit ones; 16-bit ones have 0 */
	bool is_constant;       /* inputs added from now on, with random contents */

	/* Once it is open: */
	const struct atoll_tensor *in[SINGLE_MAX], *out[SINGLE_MAX];
};

void single_new(struct single *s, uint32_t code, uint8_t options_type);
void single_free(struct single *s);

/* Another operand, in the order of the operator. */
void single_input(struct single *s, enum atoll_type type, uint32_t rank,
		  const int32_t *dims);
void single_ints(struct single *s, uint32_t count, const int32_t *values);
void single_ints_of_shape(struct single *s, uint32_t rank, const int32_t *dims,
			  const int32_t *values);
void single_constant(struct single *s, const struct atoll_builder_tensor *tensor);
void single_output(struct single *s, enum atoll_type type);

/* An int32 option, or an int8 or boolean one. */
void single_option(struct single *s, uint16_t id, int32_t value);
void single_byte_option(struct single *s, uint16_t id, int32_t value);
void single_flag(struct single *s, uint16_t id);

/* Open, with everything that follows from the shapes; fails the test if refused. */
void single_open(struct single *s);

/* Random bytes into an open model's inputs (0 and 1 into booleans, small whole
   numbers into floats, so that sums of them are exact). */
void single_fill(struct single *s);

/* Open, fill, run once. */
void single_run(struct single *s);

/* Expect that it is refused with a sentence that contains `words`; then free. */
void single_refused(struct single *s, const char *words);

/* The 7 types that data movement promises. */
extern const enum atoll_type single_types[7];

/* One of them, any. */
enum atoll_type single_any_type(struct check_random *random);

/* Dimensions of 1 to 5. */
void single_any_dims(struct check_random *random, uint32_t rank, int32_t *dims);

/* Move `index` to the next element in row-major order; false after the last. */
bool single_next(const struct atoll_tensor *tensor, int32_t *index);

/* The address of an element. */
const char *single_at(const struct atoll_tensor *tensor, const int32_t *index);

/* Fails the test with both shapes unless the tensor has this one. */
void single_assert_shape(const struct atoll_tensor *tensor, uint32_t rank,
			 const int32_t *dims);

#endif
