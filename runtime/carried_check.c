/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <sha2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/carried_inside.h"

#define CHUNK_BYTES (CARRIED_MAGIC_BYTES + SHA256_DIGEST_LENGTH)

/* How much of everything that is sent has come, as the hints go by. */
struct progress {
	const struct edgetpu_executable *executable;
	uint64_t *input;        /* [inputs] bytes */
	uint64_t *output;       /* [outputs] */
	uint64_t parameters;
};

static bool is_caching(const struct edgetpu_executable *executable)
{
	return executable->type == EDGETPU_CACHING;
}

static int check_chunk(const struct edgetpu_executable *executable,
		       const uint8_t digest[SHA256_DIGEST_LENGTH], struct atoll_error *err)
{
	uint8_t expected[CHUNK_BYTES];
	const struct edgetpu_chunk *chunk = &executable->chunk[0];

	memcpy(expected, CARRIED_MAGIC, CARRIED_MAGIC_BYTES);
	memcpy(expected + CARRIED_MAGIC_BYTES, digest, SHA256_DIGEST_LENGTH);
	if (is_caching(executable))
		expected[0] = 'a';
	if (executable->chunks != 1 || chunk->size < CHUNK_BYTES ||
	    memcmp(chunk->bytes, expected, CARRIED_MAGIC_BYTES) != 0)
		return atoll_error_set(err, -EINVAL, "instructions beside a graph");
	if (memcmp(chunk->bytes, expected, CHUNK_BYTES) != 0)
		return atoll_error_set(err, -EINVAL, "named by another SHA-256");
	for (uint32_t i = CHUNK_BYTES; i < chunk->size; i++)
		if (chunk->bytes[i] != 0)
			return atoll_error_set(err, -EINVAL, "bytes behind its SHA-256");
	return 0;
}

static bool has_all(const struct progress *progress)
{
	const struct edgetpu_executable *executable = progress->executable;

	for (uint32_t i = 0; i < executable->inputs; i++)
		if (progress->input[i] != (uint64_t)executable->input[i].size *
					  executable->input[i].executions)
			return false;
	return progress->parameters == executable->parameter_bytes;
}

/* The next bytes of what the hint is about. */
static int advance(const struct edgetpu_hint *hint, uint64_t *at, struct atoll_error *err)
{
	if (hint->offset != *at)
		return atoll_error_set(err, -EINVAL, "from byte %" PRIu32 ", %" PRIu64
				       " were before it", hint->offset, *at);
	*at += hint->size;
	return 0;
}

static int check_hint(struct progress *progress, uint32_t i, struct atoll_error *err)
{
	const struct edgetpu_hint *hint = &progress->executable->hint[i];

	switch (hint->kind) {
	case EDGETPU_INPUT:
		return advance(hint, &progress->input[hint->index], err);
	case EDGETPU_PARAMETERS:
		return advance(hint, &progress->parameters, err);
	case EDGETPU_OUTPUT:
		if (!has_all(progress))
			return atoll_error_set(err, -EINVAL, "an output before all that it is "
					       "made of");
		return advance(hint, &progress->output[hint->index], err);
	case EDGETPU_INSTRUCTIONS:
		if (i != 0)
			return atoll_error_set(err, -EINVAL, "instructions again");
		return 0;
	case EDGETPU_SCRATCH_IN:
	case EDGETPU_SCRATCH_OUT:
		return atoll_error_set(err, -EINVAL, "scratch, which nothing needs");
	case EDGETPU_INTERRUPT:
	case EDGETPU_FENCE:
		return 0;
	}
	return 0;
}

static int check_hints(struct progress *progress, struct atoll_error *err)
{
	const struct edgetpu_executable *executable = progress->executable;

	if (executable->hints == 0 || executable->hint[0].kind != EDGETPU_INSTRUCTIONS)
		return atoll_error_set(err, -EINVAL, "does not begin with instructions");
	for (uint32_t i = 0; i < executable->hints; i++) {
		int r = check_hint(progress, i, err);

		if (r < 0) {
			atoll_error_prefix(err, "hint %" PRIu32, i);
			return r;
		}
	}
	if (!has_all(progress))
		return atoll_error_set(err, -EINVAL, "transfers end before everything came");
	return 0;
}

static int check_transfers(const struct edgetpu_executable *executable,
			   struct atoll_error *err)
{
	struct progress progress = {
		.executable = executable,
		.input = calloc((size_t)executable->inputs + executable->outputs + 1,
				sizeof(*progress.input)),
	};
	int r;

	if (!progress.input)
		return atoll_error_set(err, -ENOMEM, "no memory");
	progress.output = progress.input + executable->inputs;
	r = check_hints(&progress, err);
	free(progress.input);
	return r;
}

int carried_check(const struct edgetpu_package *package, struct atoll_error *err)
{
	const struct edgetpu_executable *both[2] = { package->main, package->caching };
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX sha;

	SHA256Init(&sha);
	SHA256Update(&sha, package->main->model, package->main->model_bytes);
	for (int i = 1; i >= 0; i--)
		if (both[i])
			SHA256Update(&sha, both[i]->parameters, both[i]->parameter_bytes);
	SHA256Final(digest, &sha);
	for (int i = 0; i < 2 && both[i]; i++) {
		int r = check_chunk(both[i], digest, err);

		if (r == 0)
			r = check_transfers(both[i], err);
		if (r < 0) {
			atoll_error_prefix(err, "%s executable",
					   is_caching(both[i]) ? "caching" : "main");
			return r;
		}
	}
	return 0;
}
