/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/x86.h"

const struct vector_ops vector_avx2 = {
	.name = "avx2",
	.gemm_packed_bytes = avx2_gemm_packed_bytes,
	.gemm_pack = avx2_gemm_pack,
	.gemm_scratch_bytes = avx2_gemm_scratch_bytes,
	.gemm_run = avx2_gemm_run,
	.depthwise_packed_bytes = avx2_depthwise_packed_bytes,
	.depthwise_pack = avx2_depthwise_pack,
	.depthwise_scratch_bytes = avx2_depthwise_scratch_bytes,
	.depthwise_run = avx2_depthwise_run,
	.average_pool_run = avx2_average_pool_run,
	.add_run = avx2_add_run,
	.quantize_run = avx2_quantize_run,
	.requantize_run = avx2_requantize_run,
};

/* The small ones wait for memory rather than for wider registers. */
const struct vector_ops vector_vnni = {
	.name = "vnni",
	.gemm_packed_bytes = vnni_gemm_packed_bytes,
	.gemm_pack = vnni_gemm_pack,
	.gemm_scratch_bytes = vnni_gemm_scratch_bytes,
	.gemm_run = vnni_gemm_run,
	.depthwise_packed_bytes = vnni_depthwise_packed_bytes,
	.depthwise_pack = vnni_depthwise_pack,
	.depthwise_scratch_bytes = vnni_depthwise_scratch_bytes,
	.depthwise_run = vnni_depthwise_run,
	.average_pool_run = avx2_average_pool_run,
	.add_run = avx2_add_run,
	.quantize_run = avx2_quantize_run,
	.requantize_run = avx2_requantize_run,
};
