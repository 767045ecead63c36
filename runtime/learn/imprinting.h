/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_LEARN_IMPRINTING_H
#define ATOLL_RUNTIME_LEARN_IMPRINTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/model.h"

/*
 * Teaching a model new classes on the spot, from a few examples and without any
 * training: the weights of a class are the mean direction of its examples' embeddings
 * (weight imprinting).
 *
 *	base = atoll_imprinting_base(cards, &err);
 *	imprinting = atoll_imprinting_new(base, false, &err);
 *	extractor = atoll_imprinting_extractor(imprinting, &err);
 *	session = atoll_session_open(extractor, NULL, &err);
 *	output = atoll_session_output(session, 0);
 *
 *	for each example, of class 0, 1, ...
 *		run it through the session
 *		atoll_embedding_read(output, x, size);
 *		atoll_imprinting_train(imprinting, x, size, class, &err);
 *	r = atoll_imprinting_finish(imprinting, &bytes, &bytes_size, &err);
 *	if (r == 0)
 *		fwrite(bytes, 1, bytes_size, file);
 *
 * The extractor may be compiled for an Edge TPU meanwhile; embeddings count, wherever
 * they come from. What was learnt is in the model that finish gives: it can be opened
 * here again and learn more.
 *
 * After H. Qi, M. Brown, D. Lowe: Low-Shot Learning with Imprinted Weights, 2018.
 */
struct atoll_imprinting;

/*
 * A model to teach. It ends in L2_NORMALIZATION (output [1, 1, 1, D]), at most one
 * QUANTIZE, CONV_2D, MUL, RESHAPE and SOFTMAX (output [1, C]); all behind the first is
 * uint8. The model must outlive what is returned. NULL with a sentence when it is not
 * like that; atoll_imprinting_base() makes such a model of any classifier.
 *
 * With `keeps_classes` it goes on knowing what it knows: classes that were imprinted, as
 * the description of the model says, can learn more, all others stay as they are.
 * Without it begins with no class.
 */
struct atoll_imprinting *atoll_imprinting_new(const struct atoll_model *model,
					      bool keeps_classes, struct atoll_error *err);
void atoll_imprinting_free(struct atoll_imprinting *imprinting); /* NULL is allowed */

/* Numbers of an embedding, and classes so far. */
uint32_t atoll_imprinting_size(const struct atoll_imprinting *imprinting);
uint32_t atoll_imprinting_classes(const struct atoll_imprinting *imprinting);

/* Can this class learn more? Not those that were there before and never imprinted. */
bool atoll_imprinting_is_trainable(const struct atoll_imprinting *imprinting,
				   uint32_t class_index);

/* The model up to its embedding, [1, 1, 1, D]; the caller's to free. NULL with a
   sentence. */
struct atoll_model *atoll_imprinting_extractor(const struct atoll_imprinting *imprinting,
					       struct atoll_error *err);

/*
 * One more example, [size] real numbers, of a class that can learn or of the next new
 * one. 0; -EINVAL for another size than the model's, a class too far, or one that
 * stays as it is; -ENOMEM.
 */
int atoll_imprinting_train(struct atoll_imprinting *imprinting, const float *embedding,
			   uint32_t size, uint32_t class_index, struct atoll_error *err);

/*
 * The model with what was learnt, as a file: `*bytes` is malloc'ed and the caller's.
 * Its description has a line for each class that can learn more, "INDEX LENGTH", from
 * which they go on. -EINVAL when there is no class; or as atoll_builder_finish.
 */
int atoll_imprinting_finish(const struct atoll_imprinting *imprinting, void **bytes,
			    size_t *size, struct atoll_error *err);

/*
 * A model that can be taught, made of a classifier: what follows its embedding is
 * replaced. Where the embedding is a mean over the picture it becomes the largest value
 * instead, which holds on to the thing shown and not to what is behind it. It has one
 * class that knows nothing, not to be kept. NULL with a sentence for models that
 * atoll_embedding_model() would refuse, too.
 */
struct atoll_model *atoll_imprinting_base(const struct atoll_model *classifier,
					  struct atoll_error *err);

#endif
