/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_LEGAL_RULES_H
#define ATOLL_RUNTIME_COMPILER_LEGAL_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/compiler/legal.h"

/*
 * What each operator asks for, behind compiler_is_legal.
 *
 *	const struct legal_rule *rule = legal_rule_of(op->code);
 *
 *	if (rule && rule->check)
 *		mapping = rule->check(&question);
 */
struct legal_question {
	const struct compiler_graph *graph;
	const struct atoll_operator *op;
	int32_t runtime_version;
	struct compiler_verdict *verdict;
};

/* From no runtime version on, but the types of its tensors are looked at first. */
#define LEGAL_NEVER INT32_MAX

struct legal_rule {
	uint32_t code;
	int32_t since;        /* runtime version that has it, 10: all */
	int32_t version_max;  /* of the operator, the newest understood */
	uint32_t constants;   /* bit i: input i has to be constant, if it is there */
	/* ATOLL_MAPPED, or what legal_refuse returned; NULL: no more conditions. Types,
	   ranks and constants are right when it is asked. */
	enum atoll_mapping (*check)(const struct legal_question *question);
};

/* NULL: unknown. */
const struct legal_rule *legal_rule_of(uint32_t code);

/* What people can do about an operator that is not supported, or NULL. */
const char *legal_substitute(uint32_t code);

/* Fill the verdict and return `mapping`. `advice` lives forever, or is NULL. */
enum atoll_mapping legal_refuse(const struct legal_question *question,
				enum atoll_mapping mapping, const char *advice,
				const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Operands that are there; NULL when left out. */
const struct atoll_tensor *legal_input(const struct legal_question *question, uint32_t i);
const struct atoll_tensor *legal_output(const struct legal_question *question, uint32_t i);

/* Constant axes, sizes, paddings: are they int32 or int64, and the i-th of them. */
bool legal_is_whole(const struct atoll_tensor *list);
int64_t legal_whole(const struct atoll_tensor *list, size_t i);

/* A tensor as the device sees it: the three innermost dimensions. */
struct legal_box {
	int64_t y, x, z;
};

struct legal_box legal_box_of(const struct atoll_tensor *tensor);

/* Rules with more to say than a line, legal_shapes.c: they move data about. */
enum atoll_mapping legal_concatenation(const struct legal_question *question);
enum atoll_mapping legal_reshape(const struct legal_question *question);
enum atoll_mapping legal_resize(const struct legal_question *question);
enum atoll_mapping legal_squeeze(const struct legal_question *question);
enum atoll_mapping legal_strided_slice(const struct legal_question *question);
enum atoll_mapping legal_tile(const struct legal_question *question);
enum atoll_mapping legal_transpose(const struct legal_question *question);

/* Rules about the batch, legal_axes.c. */
enum atoll_mapping legal_mean(const struct legal_question *question);
enum atoll_mapping legal_pack(const struct legal_question *question);
enum atoll_mapping legal_pad(const struct legal_question *question);
enum atoll_mapping legal_reduce(const struct legal_question *question);
enum atoll_mapping legal_split(const struct legal_question *question);

#endif
