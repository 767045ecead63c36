/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_LONE_H
#define ATOLL_TESTS_LONE_H

#include "runtime/compiler/legal.h"
#include "tests/graph.h"

/*
 * A model of one operator, operand by operand, and whether the Edge TPU takes it.
 *
 *	struct lone l = lone_new(BUILTIN_MEAN);
 *
 *	lone_in(&l, DIMS(1, 8, 8, 4));
 *	lone_ints(&l, DIMS(1, 2));
 *	lone_out(&l, DIMS(1, 4));
 *	lone_mapped(&l);
 *
 * Nobody looks whether the CPU would run it.
 */
#define LONE_NEWEST 14 /* runtime version */

#define DIMS(...) sizeof((int32_t[]){ __VA_ARGS__ }) / sizeof(int32_t), \
	(const int32_t[]){ __VA_ARGS__ }

struct lone {
	struct graph g;
	struct atoll_builder_operator op;
	int32_t input[32], output[8];
	struct atoll_builder_option option[8];
	enum atoll_type type;      /* of tensors added from now on, first int8 */
	float scale;               /* of those of 8 and 16 bits */
	struct compiler_graph graph;
	struct compiler_verdict verdict;
};

struct lone lone_new(uint32_t code);
void lone_free(struct lone *l);

/* One input, one output, both 1x8x8x4. */
struct lone lone_plain(uint32_t code);

/* Operands, in order: one that comes at run time; a constant, filled with that byte;
   constant int32 in one row; a state; one that is left out. */
void lone_in(struct lone *l, size_t rank, const int32_t *dims);
void lone_constant(struct lone *l, uint8_t byte, size_t rank, const int32_t *dims);
void lone_ints(struct lone *l, size_t count, const int32_t *values);
void lone_state(struct lone *l, enum atoll_type type, int32_t cells);
void lone_nothing(struct lone *l);
void lone_out(struct lone *l, size_t rank, const int32_t *dims);

/* An option of 8 bits, and one of 32. */
void lone_byte(struct lone *l, uint16_t id, int32_t value);
void lone_option(struct lone *l, uint16_t id, int32_t value);

/* May be asked for several runtime versions; the verdict is the last one's. */
enum atoll_mapping lone_judge(struct lone *l, int32_t runtime_version);

/* It is mapped, or not and the reason contains `words`. Without a runtime version it is
   the newest, and the model is freed. */
void lone_mapped_at(struct lone *l, int32_t runtime_version);
void lone_mapped(struct lone *l);
void lone_refused_at(struct lone *l, int32_t runtime_version, enum atoll_mapping mapping,
		     const char *words);
void lone_refused(struct lone *l, enum atoll_mapping mapping, const char *words);
void lone_limited(struct lone *l, const char *words);

#endif
