/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of runtime/schema/darwinn.fbs, for verification. */
#include "runtime/schema/darwinn.h"

#include "runtime/schema/tables.h"

TYPE(tensor_shape, [DARWINN_TENSOR_SHAPE_DIMENSION] = STRUCTS("dimension", 8))

TYPE(tensor_layout,
	[DARWINN_TENSOR_LAYOUT_SHAPE] = TABLE("shape", tensor_shape),
	[DARWINN_TENSOR_LAYOUT_STRIDE] = SCALARS("stride", 4))

TYPE(shape_info,
	[DARWINN_SHAPE_INFO_SLICE_LAYOUT] = TABLES("slice_layout", tensor_layout),
	[DARWINN_SHAPE_INFO_SLICE_OFFSET] = SCALARS("slice_offset", 4))

TYPE(layout,
	[DARWINN_LAYOUT_Y_COORDINATE_TO_LINEAR_TILE_ID_MAP] =
		SCALARS("y_coordinate_to_linear_tile_id_map", 4),
	[DARWINN_LAYOUT_X_COORDINATE_TO_LINEAR_TILE_ID_MAP] =
		SCALARS("x_coordinate_to_linear_tile_id_map", 4),
	[DARWINN_LAYOUT_LINEARIZED_TILE_BYTE_OFFSET] =
		SCALARS("linearized_tile_byte_offset", 4),
	[DARWINN_LAYOUT_X_COORDINATE_TO_LOCAL_BYTE_OFFSET] =
		SCALARS("x_coordinate_to_local_byte_offset", 4),
	[DARWINN_LAYOUT_Y_COORDINATE_TO_LOCAL_Y_OFFSET] =
		SCALARS("y_coordinate_to_local_y_offset", 4),
	[DARWINN_LAYOUT_X_COORDINATE_TO_LOCAL_Y_ROW_SIZE] =
		SCALARS("x_coordinate_to_local_y_row_size", 4))

TYPE(output_layer,
	[DARWINN_OUTPUT_LAYOUT] = TABLE("layout", layout),
	[DARWINN_OUTPUT_DATA_TYPE] = SCALAR("data_type", 2),
	[DARWINN_OUTPUT_SHAPE_INFO] = TABLE("shape_info", shape_info))

TYPE(any_layer,
	[DARWINN_LAYER_OUTPUT] = MEMBER("OutputLayer", output_layer),
	[DARWINN_LAYER_INPUT] = EMPTY("InputLayer"))

TYPE(numerics,
	[DARWINN_NUMERICS_ZERO_POINT] = SCALAR("zero_point", 4),
	[DARWINN_NUMERICS_DEQUANTIZATION_FACTOR] = SCALAR("dequantization_factor", 4))

TYPE(layer,
	[DARWINN_LAYER_NAME] = STRING("name"),
	[DARWINN_LAYER_SIZE_BYTES] = SCALAR("size_bytes", 4),
	[DARWINN_LAYER_Y_DIM] = SCALAR("y_dim", 4),
	[DARWINN_LAYER_X_DIM] = SCALAR("x_dim", 4),
	[DARWINN_LAYER_Z_DIM] = SCALAR("z_dim", 4),
	[DARWINN_LAYER_NUMERICS] = TABLE("numerics", numerics),
	[DARWINN_LAYER_DATA_TYPE] = SCALAR("data_type", 2),
	[DARWINN_LAYER_ANY_LAYER_TYPE] = SCALAR("any_layer_type", 1),
	[DARWINN_LAYER_ANY_LAYER] = UNION("any_layer", any_layer),
	[DARWINN_LAYER_EXECUTION_COUNT_PER_INFERENCE] =
		SCALAR("execution_count_per_inference", 4),
	[DARWINN_LAYER_CACHE_ON_DRAM] = SCALAR("cache_on_dram", 1),
	[DARWINN_LAYER_SHAPE] = TABLE("shape", tensor_shape))

TYPE(meta,
	[DARWINN_META_DESC] = SCALAR("desc", 2),
	[DARWINN_META_BATCH] = SCALAR("batch", 4),
	[DARWINN_META_NAME] = STRING("name"),
	[DARWINN_META_POSITION] = SCALAR("position", 2))

TYPE(field_offset,
	[DARWINN_FIELD_META] = TABLE("meta", meta),
	[DARWINN_FIELD_OFFSET_BIT] = SCALAR("offset_bit", 4))

TYPE(bitstream,
	[DARWINN_BITSTREAM_BITSTREAM] = SCALARS("bitstream", 1),
	[DARWINN_BITSTREAM_FIELD_OFFSETS] = TABLES("field_offsets", field_offset))

TYPE(dma_descriptor_hint,
	[DARWINN_DMA_META] = TABLE("meta", meta),
	[DARWINN_DMA_OFFSET_IN_BYTES] = SCALAR("offset_in_bytes", 4),
	[DARWINN_DMA_SIZE_IN_BYTES] = SCALAR("size_in_bytes", 4))

TYPE(instruction_hint,
	[DARWINN_INSTRUCTION_INSTRUCTION_CHUNK_INDEX] = SCALAR("instruction_chunk_index", 4))

TYPE(interrupt_hint, [DARWINN_INTERRUPT_TYPE] = SCALAR("type", 2))

TYPE(any_hint,
	[DARWINN_HINT_DMA_DESCRIPTOR] = MEMBER("DmaDescriptorHint", dma_descriptor_hint),
	[DARWINN_HINT_INSTRUCTION] = MEMBER("InstructionHint", instruction_hint),
	[DARWINN_HINT_INTERRUPT] = MEMBER("InterruptHint", interrupt_hint),
	[DARWINN_HINT_FENCE] = EMPTY("FenceHint"))

TYPE(dma_hint,
	[DARWINN_HINT_ANY_HINT_TYPE] = SCALAR("any_hint_type", 1),
	[DARWINN_HINT_ANY_HINT] = UNION("any_hint", any_hint),
	[DARWINN_HINT_DIRECTION] = SCALAR("direction", 2))

TYPE(dma_hints,
	[DARWINN_HINTS_HINTS] = TABLES("hints", dma_hint),
	[DARWINN_HINTS_FULLY_DETERMINISTIC] = SCALAR("fully_deterministic", 1))

PUBLIC_TYPE(darwinn_executable,
	[DARWINN_EXECUTABLE_VERSION] = SCALAR("version", 4),
	[DARWINN_EXECUTABLE_NAME] = STRING("name"),
	[DARWINN_EXECUTABLE_SERIALIZED_MODEL] = SCALARS("serialized_model", 1),
	[DARWINN_EXECUTABLE_BATCH_SIZE] = SCALAR("batch_size", 4),
	[DARWINN_EXECUTABLE_SCRATCH_SIZE_BYTES] = SCALAR("scratch_size_bytes", 4),
	[DARWINN_EXECUTABLE_INSTRUCTION_BITSTREAMS] =
		TABLES("instruction_bitstreams", bitstream),
	[DARWINN_EXECUTABLE_PARAMETERS] = SCALARS("parameters", 1),
	[DARWINN_EXECUTABLE_DMA_HINTS] = TABLE("dma_hints", dma_hints),
	[DARWINN_EXECUTABLE_INPUT_LAYERS] = TABLES("input_layers", layer),
	[DARWINN_EXECUTABLE_OUTPUT_LAYERS] = TABLES("output_layers", layer),
	[DARWINN_EXECUTABLE_CHIP] = STRING("chip"),
	[DARWINN_EXECUTABLE_ESTIMATED_CYCLES] = SCALAR("estimated_cycles", 4),
	[DARWINN_EXECUTABLE_USED_NARROW_MEMORY_BYTES_PER_TILE] =
		SCALAR("used_narrow_memory_bytes_per_tile", 4),
	[DARWINN_EXECUTABLE_TYPE] = SCALAR("type", 2),
	[DARWINN_EXECUTABLE_PARAMETER_CACHING_TOKEN] = SCALAR("parameter_caching_token", 8),
	[DARWINN_EXECUTABLE_USE_TPU_DRAM_FOR_PARAMETERS] =
		SCALAR("use_tpu_dram_for_parameters", 1),
	[DARWINN_EXECUTABLE_ESTIMATED_CYCLES_64BIT] = SCALAR("estimated_cycles_64bit", 8))

PUBLIC_TYPE(darwinn_multi_executable,
	[DARWINN_MULTI_EXECUTABLE_SERIALIZED_EXECUTABLES] = STRINGS("serialized_executables"))

TYPE(serialized_package, SCALARS("serialized_package", 1))

PUBLIC_TYPE(darwinn_package,
	[DARWINN_PACKAGE_MIN_RUNTIME_VERSION] = SCALAR("min_runtime_version", 4),
	[DARWINN_PACKAGE_SERIALIZED_MULTI_EXECUTABLE] =
		SCALARS("serialized_multi_executable", 1),
	[DARWINN_PACKAGE_SIGNATURE] = SCALARS("signature", 1),
	[DARWINN_PACKAGE_KEYPAIR_VERSION] = SCALAR("keypair_version", 4),
	[DARWINN_PACKAGE_COMPILER_VERSION] = STRING("compiler_version"),
	[DARWINN_PACKAGE_VIRTUAL_CHIP_ID] = SCALAR("virtual_chip_id", 4),
	[DARWINN_PACKAGE_MULTI_CHIP_PACKAGE] =
		TABLES("multi_chip_package", serialized_package),
	[DARWINN_PACKAGE_MODEL_IDENTIFIER] = STRING("model_identifier"))
