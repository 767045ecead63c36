/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/tensor.h"

#include <errno.h>
#include <inttypes.h>
#include <sha2.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	size_t bytes;
} types[] = {
	[ATOLL_FLOAT32] = { "float32", 4 },
	[ATOLL_FLOAT16] = { "float16", 2 },
	[ATOLL_INT32] = { "int32", 4 },
	[ATOLL_UINT8] = { "uint8", 1 },
	[ATOLL_INT64] = { "int64", 8 },
	[ATOLL_STRING] = { "string", 0 },
	[ATOLL_BOOL] = { "bool", 1 },
	[ATOLL_INT16] = { "int16", 2 },
	[ATOLL_COMPLEX64] = { "complex64", 8 },
	[ATOLL_INT8] = { "int8", 1 },
	[ATOLL_FLOAT64] = { "float64", 8 },
	[ATOLL_COMPLEX128] = { "complex128", 16 },
	[ATOLL_UINT64] = { "uint64", 8 },
	[ATOLL_RESOURCE] = { "resource", 0 },
	[ATOLL_VARIANT] = { "variant", 0 },
	[ATOLL_UINT32] = { "uint32", 4 },
	[ATOLL_UINT16] = { "uint16", 2 },
	[ATOLL_INT4] = { "int4", 0 },
};

static const unsigned types_known = sizeof(types) / sizeof(types[0]);

ATOLL_API size_t atoll_type_bytes(enum atoll_type type)
{
	return (unsigned)type < types_known ? types[type].bytes : 0;
}

ATOLL_API const char *atoll_type_name(enum atoll_type type)
{
	return (unsigned)type < types_known ? types[type].name : "unknown";
}

ATOLL_API const char *atoll_shape_text(uint32_t rank, const int32_t *dims,
				       char text[ATOLL_SHAPE_TEXT])
{
	size_t used = 0;

	if (rank == 0)
		return strcpy(text, "scalar");
	text[0] = '\0';
	for (uint32_t i = 0; i < rank && used < ATOLL_SHAPE_TEXT; i++)
		used += (size_t)snprintf(text + used, ATOLL_SHAPE_TEXT - used,
					 "%s%" PRId32, i ? "x" : "", dims[i]);
	return text;
}

/*
 * User space ends at 2^47 on the machines we know. The bound holds for shapes with
 * a 0 in them too, so that kernels can multiply dimensions as they like.
 */
#define TENSOR_BYTES_MAX (UINT64_C(1) << 47)

ATOLL_API int atoll_tensor_reshape(struct atoll_tensor *tensor, uint32_t rank,
				   const int32_t *dims, struct atoll_error *err)
{
	size_t width = atoll_type_bytes(tensor->type);
	uint64_t extent = width ? width : 1; /* bytes, with 1 in place of 0 */
	size_t elements = 1;

	if (rank > ATOLL_RANK_MAX)
		return atoll_error_set(err, -EINVAL,
				       "tensor %s: %u dimensions, at most %d are supported",
				       tensor->name, rank, ATOLL_RANK_MAX);
	for (uint32_t i = 0; i < rank; i++) {
		if (dims[i] < 0)
			return atoll_error_set(err, -EINVAL,
					       "tensor %s: dimension %u is %" PRId32,
					       tensor->name, i, dims[i]);
		if (__builtin_mul_overflow(extent, (uint64_t)(dims[i] ? dims[i] : 1), &extent) ||
		    extent > TENSOR_BYTES_MAX)
			return atoll_error_set(err, -EINVAL,
				"tensor %s: its shape is larger than memory can be",
				tensor->name);
		elements *= (size_t)dims[i];
	}

	tensor->rank = rank;
	if (rank > 0) /* a scalar may come without dims */
		memmove(tensor->dims, dims, rank * sizeof(*dims));
	tensor->elements = elements;
	tensor->bytes = elements * width;
	return 0;
}

ATOLL_API void atoll_tensor_digest(const struct atoll_tensor *tensor,
				   char digits[ATOLL_DIGEST_TEXT])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX sha;

	SHA256Init(&sha);
	SHA256Update(&sha, tensor->data, tensor->bytes);
	SHA256Final(digest, &sha);
	for (size_t i = 0; i < sizeof(digest); i++)
		(void)snprintf(digits + 2 * i, 3, "%02x", digest[i]);
}
