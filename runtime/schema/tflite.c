/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of runtime/schema/tflite.fbs, for verification and for printing.
 * Fields that C code reads carry their id from the header; where none is read
 * the order is enough.
 */
#include "runtime/schema/tflite.h"

#include "runtime/model.h"
#include "runtime/schema/tables.h"

TYPE(custom_quantization, SCALARS("custom", 1))

TYPE(blockwise_quantization,
	SCALAR("scales", 4),
	SCALAR("zero_points", 4),
	SCALAR("block_size", 4))

TYPE(quantization_details,
	[1] = MEMBER("CustomQuantization", custom_quantization),
	[2] = MEMBER("BlockwiseQuantization", blockwise_quantization),
	[3] = EMPTY("MultiAxisQuantization"))

TYPE(int32_vector, SCALARS("values", 4))
TYPE(uint16_vector, SCALARS("values", 2))
TYPE(uint8_vector, SCALARS("values", 1))

TYPE(sparse_index_vector,
	[1] = MEMBER("Int32Vector", int32_vector),
	[2] = MEMBER("Uint16Vector", uint16_vector),
	[3] = MEMBER("Uint8Vector", uint8_vector))

TYPE(conv_2d,
	[CONV_2D_PADDING] = SCALAR("padding", 1),
	[CONV_2D_STRIDE_W] = SCALAR("stride_w", 4),
	[CONV_2D_STRIDE_H] = SCALAR("stride_h", 4),
	[CONV_2D_FUSED_ACTIVATION] = SCALAR("fused_activation", 1),
	[CONV_2D_DILATION_W] = SCALAR("dilation_w", 4),
	[CONV_2D_DILATION_H] = SCALAR("dilation_h", 4),
	[CONV_2D_QUANTIZED_BIAS_TYPE] = SCALAR("quantized_bias_type", 1))

TYPE(depthwise_conv_2d,
	[DEPTHWISE_CONV_2D_PADDING] = SCALAR("padding", 1),
	[DEPTHWISE_CONV_2D_STRIDE_W] = SCALAR("stride_w", 4),
	[DEPTHWISE_CONV_2D_STRIDE_H] = SCALAR("stride_h", 4),
	[DEPTHWISE_CONV_2D_DEPTH_MULTIPLIER] = SCALAR("depth_multiplier", 4),
	[DEPTHWISE_CONV_2D_FUSED_ACTIVATION] = SCALAR("fused_activation", 1),
	[DEPTHWISE_CONV_2D_DILATION_W] = SCALAR("dilation_w", 4),
	[DEPTHWISE_CONV_2D_DILATION_H] = SCALAR("dilation_h", 4))

TYPE(pool_2d,
	[POOL_2D_PADDING] = SCALAR("padding", 1),
	[POOL_2D_STRIDE_W] = SCALAR("stride_w", 4),
	[POOL_2D_STRIDE_H] = SCALAR("stride_h", 4),
	[POOL_2D_FILTER_WIDTH] = SCALAR("filter_width", 4),
	[POOL_2D_FILTER_HEIGHT] = SCALAR("filter_height", 4),
	[POOL_2D_FUSED_ACTIVATION] = SCALAR("fused_activation", 1))

TYPE(svdf,
	[SVDF_RANK] = SCALAR("rank", 4),
	[SVDF_FUSED_ACTIVATION] = SCALAR("fused_activation", 1),
	[SVDF_ASYMMETRIC_QUANTIZE_INPUTS] = SCALAR("asymmetric_quantize_inputs", 1))

TYPE(fully_connected,
	[FULLY_CONNECTED_FUSED_ACTIVATION] = SCALAR("fused_activation", 1),
	[FULLY_CONNECTED_WEIGHTS_FORMAT] = SCALAR("weights_format", 1),
	[FULLY_CONNECTED_KEEP_NUM_DIMS] = SCALAR("keep_num_dims", 1),
	[FULLY_CONNECTED_ASYMMETRIC_QUANTIZE_INPUTS] = SCALAR("asymmetric_quantize_inputs", 1),
	[FULLY_CONNECTED_QUANTIZED_BIAS_TYPE] = SCALAR("quantized_bias_type", 1))

TYPE(softmax, [SOFTMAX_BETA] = SCALAR("beta", 4))

TYPE(concatenation,
	[CONCATENATION_AXIS] = SCALAR("axis", 4),
	[CONCATENATION_FUSED_ACTIVATION] = SCALAR("fused_activation", 1))

TYPE(add,
	[ADD_FUSED_ACTIVATION] = SCALAR("fused_activation", 1),
	[ADD_POT_SCALE_INT16] = SCALAR("pot_scale_int16", 1))

TYPE(l2_norm, [L2_NORM_FUSED_ACTIVATION] = SCALAR("fused_activation", 1))

TYPE(lstm,
	[LSTM_FUSED_ACTIVATION] = SCALAR("fused_activation", 1),
	[LSTM_CELL_CLIP] = SCALAR("cell_clip", 4),
	[LSTM_PROJ_CLIP] = SCALAR("proj_clip", 4),
	[LSTM_KERNEL_TYPE] = SCALAR("kernel_type", 1),
	[LSTM_ASYMMETRIC_QUANTIZE_INPUTS] = SCALAR("asymmetric_quantize_inputs", 1))

TYPE(resize_bilinear,
	[RESIZE_BILINEAR_ALIGN_CORNERS] = SCALAR("align_corners", 1),
	[RESIZE_BILINEAR_HALF_PIXEL_CENTERS] = SCALAR("half_pixel_centers", 1))

TYPE(call, SCALAR("subgraph", 4))
TYPE(reshape, [RESHAPE_NEW_SHAPE] = SCALARS("new_shape", 4))
TYPE(space_to_depth, [SPACE_TO_DEPTH_BLOCK_SIZE] = SCALAR("block_size", 4))
TYPE(mul, [MUL_FUSED_ACTIVATION] = SCALAR("fused_activation", 1))

TYPE(gather,
	[GATHER_AXIS] = SCALAR("axis", 4),
	[GATHER_BATCH_DIMS] = SCALAR("batch_dims", 4))

TYPE(reducer, [REDUCER_KEEP_DIMS] = SCALAR("keep_dims", 1))

TYPE(sub,
	[SUB_FUSED_ACTIVATION] = SCALAR("fused_activation", 1),
	[SUB_POT_SCALE_INT16] = SCALAR("pot_scale_int16", 1))

TYPE(div, [DIV_FUSED_ACTIVATION] = SCALAR("fused_activation", 1))
TYPE(squeeze, [SQUEEZE_SQUEEZE_DIMS] = SCALARS("squeeze_dims", 4))

TYPE(sequence_rnn,
	SCALAR("time_major", 1),
	SCALAR("fused_activation", 1),
	SCALAR("asymmetric_quantize_inputs", 1))

TYPE(strided_slice,
	[STRIDED_SLICE_BEGIN_MASK] = SCALAR("begin_mask", 4),
	[STRIDED_SLICE_END_MASK] = SCALAR("end_mask", 4),
	[STRIDED_SLICE_ELLIPSIS_MASK] = SCALAR("ellipsis_mask", 4),
	[STRIDED_SLICE_NEW_AXIS_MASK] = SCALAR("new_axis_mask", 4),
	[STRIDED_SLICE_SHRINK_AXIS_MASK] = SCALAR("shrink_axis_mask", 4),
	[STRIDED_SLICE_OFFSET] = SCALAR("offset", 1))

TYPE(split, [SPLIT_NUM_SPLITS] = SCALAR("num_splits", 4))

TYPE(cast,
	[CAST_IN_TYPE] = SCALAR("in_type", 1),
	[CAST_OUT_TYPE] = SCALAR("out_type", 1))

TYPE(arg_max, [ARG_MAX_OUTPUT_TYPE] = SCALAR("output_type", 1))

TYPE(transpose_conv,
	[TRANSPOSE_CONV_PADDING] = SCALAR("padding", 1),
	[TRANSPOSE_CONV_STRIDE_W] = SCALAR("stride_w", 4),
	[TRANSPOSE_CONV_STRIDE_H] = SCALAR("stride_h", 4),
	[TRANSPOSE_CONV_FUSED_ACTIVATION] = SCALAR("fused_activation", 1),
	[TRANSPOSE_CONV_QUANTIZED_BIAS_TYPE] = SCALAR("quantized_bias_type", 1))

TYPE(sparse_to_dense, SCALAR("validate_indices", 1))
TYPE(shape, [SHAPE_OUT_TYPE] = SCALAR("out_type", 1))
TYPE(arg_min, [ARG_MIN_OUTPUT_TYPE] = SCALAR("output_type", 1))

TYPE(fake_quant,
	[FAKE_QUANT_MIN] = SCALAR("min", 4),
	[FAKE_QUANT_MAX] = SCALAR("max", 4),
	[FAKE_QUANT_NUM_BITS] = SCALAR("num_bits", 4),
	[FAKE_QUANT_NARROW_RANGE] = SCALAR("narrow_range", 1))

TYPE(pack,
	[PACK_VALUES_COUNT] = SCALAR("values_count", 4),
	[PACK_AXIS] = SCALAR("axis", 4))

TYPE(one_hot, [ONE_HOT_AXIS] = SCALAR("axis", 4))

TYPE(unpack,
	[UNPACK_NUM] = SCALAR("num", 4),
	[UNPACK_AXIS] = SCALAR("axis", 4))

TYPE(bidirectional_sequence_lstm,
	[BIDIRECTIONAL_SEQUENCE_LSTM_FUSED_ACTIVATION] = SCALAR("fused_activation", 1),
	[BIDIRECTIONAL_SEQUENCE_LSTM_CELL_CLIP] = SCALAR("cell_clip", 4),
	[BIDIRECTIONAL_SEQUENCE_LSTM_PROJ_CLIP] = SCALAR("proj_clip", 4),
	[BIDIRECTIONAL_SEQUENCE_LSTM_MERGE_OUTPUTS] = SCALAR("merge_outputs", 1),
	[BIDIRECTIONAL_SEQUENCE_LSTM_TIME_MAJOR] = SCALAR("time_major", 1),
	[BIDIRECTIONAL_SEQUENCE_LSTM_ASYMMETRIC_QUANTIZE_INPUTS] =
		SCALAR("asymmetric_quantize_inputs", 1))

TYPE(bidirectional_sequence_rnn,
	SCALAR("time_major", 1),
	SCALAR("fused_activation", 1),
	SCALAR("merge_outputs", 1),
	SCALAR("asymmetric_quantize_inputs", 1))

TYPE(unidirectional_sequence_lstm,
	[UNIDIRECTIONAL_SEQUENCE_LSTM_FUSED_ACTIVATION] = SCALAR("fused_activation", 1),
	[UNIDIRECTIONAL_SEQUENCE_LSTM_CELL_CLIP] = SCALAR("cell_clip", 4),
	[UNIDIRECTIONAL_SEQUENCE_LSTM_PROJ_CLIP] = SCALAR("proj_clip", 4),
	[UNIDIRECTIONAL_SEQUENCE_LSTM_TIME_MAJOR] = SCALAR("time_major", 1),
	[UNIDIRECTIONAL_SEQUENCE_LSTM_ASYMMETRIC_QUANTIZE_INPUTS] =
		SCALAR("asymmetric_quantize_inputs", 1),
	[UNIDIRECTIONAL_SEQUENCE_LSTM_DIAGONAL_RECURRENT_TENSORS] =
		SCALAR("diagonal_recurrent_tensors", 1))

TYPE(resize_nearest_neighbor,
	[RESIZE_NEAREST_NEIGHBOR_ALIGN_CORNERS] = SCALAR("align_corners", 1),
	[RESIZE_NEAREST_NEIGHBOR_HALF_PIXEL_CENTERS] = SCALAR("half_pixel_centers", 1))

TYPE(leaky_relu, [LEAKY_RELU_ALPHA] = SCALAR("alpha", 4))
TYPE(mirror_pad, [MIRROR_PAD_MODE] = SCALAR("mode", 1))
TYPE(split_v, [SPLIT_V_NUM_SPLITS] = SCALAR("num_splits", 4))
TYPE(unique, [UNIQUE_IDX_OUT_TYPE] = SCALAR("idx_out_type", 1))

TYPE(reverse_sequence,
	[REVERSE_SEQUENCE_SEQ_DIM] = SCALAR("seq_dim", 4),
	[REVERSE_SEQUENCE_BATCH_DIM] = SCALAR("batch_dim", 4))

TYPE(if,
	[IF_THEN_SUBGRAPH_INDEX] = SCALAR("then_subgraph_index", 4),
	[IF_ELSE_SUBGRAPH_INDEX] = SCALAR("else_subgraph_index", 4))

TYPE(while,
	[WHILE_COND_SUBGRAPH_INDEX] = SCALAR("cond_subgraph_index", 4),
	[WHILE_BODY_SUBGRAPH_INDEX] = SCALAR("body_subgraph_index", 4))

TYPE(depth_to_space, [DEPTH_TO_SPACE_BLOCK_SIZE] = SCALAR("block_size", 4))

TYPE(batch_matmul,
	[BATCH_MATMUL_ADJ_X] = SCALAR("adj_x", 1),
	[BATCH_MATMUL_ADJ_Y] = SCALAR("adj_y", 1),
	[BATCH_MATMUL_ASYMMETRIC_QUANTIZE_INPUTS] = SCALAR("asymmetric_quantize_inputs", 1))

TYPE(cumsum,
	[CUMSUM_EXCLUSIVE] = SCALAR("exclusive", 1),
	[CUMSUM_REVERSE] = SCALAR("reverse", 1))

TYPE(call_once, [CALL_ONCE_INIT_SUBGRAPH_INDEX] = SCALAR("init_subgraph_index", 4))
TYPE(gelu, [GELU_APPROXIMATE] = SCALAR("approximate", 1))

/* The options of the operators. */
TYPE(builtin_options_2, [1] = EMPTY("UnknownOptions2"))

PUBLIC_TYPE(tflite_options,
	[OPTIONS_CONV_2D] = MEMBER("Conv2DOptions", conv_2d),
	[OPTIONS_DEPTHWISE_CONV_2D] = MEMBER("DepthwiseConv2DOptions", depthwise_conv_2d),
	[OPTIONS_POOL_2D] = MEMBER("Pool2DOptions", pool_2d),
	[OPTIONS_SVDF] = MEMBER("SVDFOptions", svdf),
	[OPTIONS_FULLY_CONNECTED] = MEMBER("FullyConnectedOptions", fully_connected),
	[OPTIONS_SOFTMAX] = MEMBER("SoftmaxOptions", softmax),
	[OPTIONS_CONCATENATION] = MEMBER("ConcatenationOptions", concatenation),
	[OPTIONS_ADD] = MEMBER("AddOptions", add),
	[OPTIONS_L2_NORM] = MEMBER("L2NormOptions", l2_norm),
	[OPTIONS_LSTM] = MEMBER("LSTMOptions", lstm),
	[OPTIONS_RESIZE_BILINEAR] = MEMBER("ResizeBilinearOptions", resize_bilinear),
	[OPTIONS_CALL] = MEMBER("CallOptions", call),
	[OPTIONS_RESHAPE] = MEMBER("ReshapeOptions", reshape),
	[OPTIONS_SPACE_TO_DEPTH] = MEMBER("SpaceToDepthOptions", space_to_depth),
	[OPTIONS_MUL] = MEMBER("MulOptions", mul),
	[OPTIONS_PAD] = EMPTY("PadOptions"),
	[OPTIONS_GATHER] = MEMBER("GatherOptions", gather),
	[OPTIONS_BATCH_TO_SPACE_ND] = EMPTY("BatchToSpaceNDOptions"),
	[OPTIONS_SPACE_TO_BATCH_ND] = EMPTY("SpaceToBatchNDOptions"),
	[OPTIONS_TRANSPOSE] = EMPTY("TransposeOptions"),
	[OPTIONS_REDUCER] = MEMBER("ReducerOptions", reducer),
	[OPTIONS_SUB] = MEMBER("SubOptions", sub),
	[OPTIONS_DIV] = MEMBER("DivOptions", div),
	[OPTIONS_SQUEEZE] = MEMBER("SqueezeOptions", squeeze),
	[OPTIONS_SEQUENCE_RNN] = MEMBER("SequenceRNNOptions", sequence_rnn),
	[OPTIONS_STRIDED_SLICE] = MEMBER("StridedSliceOptions", strided_slice),
	[OPTIONS_EXP] = EMPTY("ExpOptions"),
	[OPTIONS_TOPK_V2] = EMPTY("TopKV2Options"),
	[OPTIONS_SPLIT] = MEMBER("SplitOptions", split),
	[OPTIONS_LOG_SOFTMAX] = EMPTY("LogSoftmaxOptions"),
	[OPTIONS_CAST] = MEMBER("CastOptions", cast),
	[OPTIONS_DEQUANTIZE] = EMPTY("DequantizeOptions"),
	[OPTIONS_MAXIMUM_MINIMUM] = EMPTY("MaximumMinimumOptions"),
	[OPTIONS_ARG_MAX] = MEMBER("ArgMaxOptions", arg_max),
	[OPTIONS_LESS] = EMPTY("LessOptions"),
	[OPTIONS_NEG] = EMPTY("NegOptions"),
	[OPTIONS_PADV2] = EMPTY("PadV2Options"),
	[OPTIONS_GREATER] = EMPTY("GreaterOptions"),
	[OPTIONS_GREATER_EQUAL] = EMPTY("GreaterEqualOptions"),
	[OPTIONS_LESS_EQUAL] = EMPTY("LessEqualOptions"),
	[OPTIONS_SELECT] = EMPTY("SelectOptions"),
	[OPTIONS_SLICE] = EMPTY("SliceOptions"),
	[OPTIONS_TRANSPOSE_CONV] = MEMBER("TransposeConvOptions", transpose_conv),
	[OPTIONS_SPARSE_TO_DENSE] = MEMBER("SparseToDenseOptions", sparse_to_dense),
	[OPTIONS_TILE] = EMPTY("TileOptions"),
	[OPTIONS_EXPAND_DIMS] = EMPTY("ExpandDimsOptions"),
	[OPTIONS_EQUAL] = EMPTY("EqualOptions"),
	[OPTIONS_NOT_EQUAL] = EMPTY("NotEqualOptions"),
	[OPTIONS_SHAPE] = MEMBER("ShapeOptions", shape),
	[OPTIONS_POW] = EMPTY("PowOptions"),
	[OPTIONS_ARG_MIN] = MEMBER("ArgMinOptions", arg_min),
	[OPTIONS_FAKE_QUANT] = MEMBER("FakeQuantOptions", fake_quant),
	[OPTIONS_PACK] = MEMBER("PackOptions", pack),
	[OPTIONS_LOGICAL_OR] = EMPTY("LogicalOrOptions"),
	[OPTIONS_ONE_HOT] = MEMBER("OneHotOptions", one_hot),
	[OPTIONS_LOGICAL_AND] = EMPTY("LogicalAndOptions"),
	[OPTIONS_LOGICAL_NOT] = EMPTY("LogicalNotOptions"),
	[OPTIONS_UNPACK] = MEMBER("UnpackOptions", unpack),
	[OPTIONS_FLOOR_DIV] = EMPTY("FloorDivOptions"),
	[OPTIONS_SQUARE] = EMPTY("SquareOptions"),
	[OPTIONS_ZEROS_LIKE] = EMPTY("ZerosLikeOptions"),
	[OPTIONS_FILL] = EMPTY("FillOptions"),
	[OPTIONS_BIDIRECTIONAL_SEQUENCE_LSTM] =
		MEMBER("BidirectionalSequenceLSTMOptions", bidirectional_sequence_lstm),
	[OPTIONS_BIDIRECTIONAL_SEQUENCE_RNN] =
		MEMBER("BidirectionalSequenceRNNOptions", bidirectional_sequence_rnn),
	[OPTIONS_UNIDIRECTIONAL_SEQUENCE_LSTM] =
		MEMBER("UnidirectionalSequenceLSTMOptions", unidirectional_sequence_lstm),
	[OPTIONS_FLOOR_MOD] = EMPTY("FloorModOptions"),
	[OPTIONS_RANGE] = EMPTY("RangeOptions"),
	[OPTIONS_RESIZE_NEAREST_NEIGHBOR] =
		MEMBER("ResizeNearestNeighborOptions", resize_nearest_neighbor),
	[OPTIONS_LEAKY_RELU] = MEMBER("LeakyReluOptions", leaky_relu),
	[OPTIONS_SQUARED_DIFFERENCE] = EMPTY("SquaredDifferenceOptions"),
	[OPTIONS_MIRROR_PAD] = MEMBER("MirrorPadOptions", mirror_pad),
	[OPTIONS_ABS] = EMPTY("AbsOptions"),
	[OPTIONS_SPLIT_V] = MEMBER("SplitVOptions", split_v),
	[OPTIONS_UNIQUE] = MEMBER("UniqueOptions", unique),
	[OPTIONS_REVERSE_V2] = EMPTY("ReverseV2Options"),
	[OPTIONS_ADD_N] = EMPTY("AddNOptions"),
	[OPTIONS_GATHER_ND] = EMPTY("GatherNdOptions"),
	[OPTIONS_COS] = EMPTY("CosOptions"),
	[OPTIONS_WHERE] = EMPTY("WhereOptions"),
	[OPTIONS_RANK] = EMPTY("RankOptions"),
	[OPTIONS_REVERSE_SEQUENCE] = MEMBER("ReverseSequenceOptions", reverse_sequence),
	[OPTIONS_QUANTIZE] = EMPTY("QuantizeOptions"),
	[OPTIONS_HARD_SWISH] = EMPTY("HardSwishOptions"),
	[OPTIONS_IF] = MEMBER("IfOptions", if),
	[OPTIONS_WHILE] = MEMBER("WhileOptions", while),
	[OPTIONS_DEPTH_TO_SPACE] = MEMBER("DepthToSpaceOptions", depth_to_space),
	[OPTIONS_NON_MAX_SUPPRESSION_V4] = EMPTY("NonMaxSuppressionV4Options"),
	[OPTIONS_NON_MAX_SUPPRESSION_V5] = EMPTY("NonMaxSuppressionV5Options"),
	[OPTIONS_SCATTER_ND] = EMPTY("ScatterNdOptions"),
	[OPTIONS_SELECT_V2] = EMPTY("SelectV2Options"),
	[OPTIONS_DENSIFY] = EMPTY("DensifyOptions"),
	[OPTIONS_SEGMENT_SUM] = EMPTY("SegmentSumOptions"),
	[OPTIONS_BATCH_MATMUL] = MEMBER("BatchMatMulOptions", batch_matmul),
	[OPTIONS_CUMSUM] = MEMBER("CumsumOptions", cumsum),
	[OPTIONS_CALL_ONCE] = MEMBER("CallOnceOptions", call_once),
	[OPTIONS_BROADCAST_TO] = EMPTY("BroadcastToOptions"),
	[OPTIONS_GELU] = MEMBER("GeluOptions", gelu))

TYPE(operator_code,
	[OPERATOR_CODE_DEPRECATED_BUILTIN_CODE] = SCALAR("deprecated_builtin_code", 1),
	[OPERATOR_CODE_CUSTOM_CODE] = STRING("custom_code"),
	[OPERATOR_CODE_VERSION] = SCALAR("version", 4),
	[OPERATOR_CODE_BUILTIN_CODE] = SCALAR("builtin_code", 4))

TYPE(quantization,
	[QUANTIZATION_MIN] = SCALARS("min", 4),
	[QUANTIZATION_MAX] = SCALARS("max", 4),
	[QUANTIZATION_SCALE] = SCALARS("scale", 4),
	[QUANTIZATION_ZERO_POINT] = SCALARS("zero_point", 8),
	[QUANTIZATION_DETAILS_TYPE] = SCALAR("details_type", 1),
	[QUANTIZATION_DETAILS] = UNION("details", quantization_details),
	[QUANTIZATION_QUANTIZED_DIMENSION] = SCALAR("quantized_dimension", 4))

TYPE(dimension_metadata,
	SCALAR("format", 1),
	SCALAR("dense_size", 4),
	SCALAR("array_segments_type", 1),
	UNION("array_segments", sparse_index_vector),
	SCALAR("array_indices_type", 1),
	UNION("array_indices", sparse_index_vector))

TYPE(sparsity_parameters,
	SCALARS("traversal_order", 4),
	SCALARS("block_map", 4),
	TABLES("dim_metadata", dimension_metadata))

TYPE(variant_sub_type,
	SCALARS("shape", 4),
	SCALAR("type", 1),
	SCALAR("has_rank", 1))

TYPE(tensor,
	[TENSOR_SHAPE] = SCALARS("shape", 4),
	[TENSOR_TYPE] = SCALAR("type", 1),
	[TENSOR_BUFFER] = SCALAR("buffer", 4),
	[TENSOR_NAME] = STRING("name"),
	[TENSOR_QUANTIZATION] = TABLE("quantization", quantization),
	[TENSOR_IS_VARIABLE] = SCALAR("is_variable", 1),
	[TENSOR_SPARSITY] = TABLE("sparsity", sparsity_parameters),
	[TENSOR_SHAPE_SIGNATURE] = SCALARS("shape_signature", 4),
	[TENSOR_HAS_RANK] = SCALAR("has_rank", 1),
	[TENSOR_VARIANT_TENSORS] = TABLES("variant_tensors", variant_sub_type),
	[TENSOR_EXTERNAL_BUFFER] = SCALAR("external_buffer", 4))

TYPE(operator,
	[OPERATOR_OPCODE_INDEX] = SCALAR("opcode_index", 4),
	[OPERATOR_INPUTS] = SCALARS("inputs", 4),
	[OPERATOR_OUTPUTS] = SCALARS("outputs", 4),
	[OPERATOR_BUILTIN_OPTIONS_TYPE] = SCALAR("builtin_options_type", 1),
	[OPERATOR_BUILTIN_OPTIONS] = UNION("builtin_options", tflite_options),
	[OPERATOR_CUSTOM_OPTIONS] = SCALARS("custom_options", 1),
	[OPERATOR_CUSTOM_OPTIONS_FORMAT] = SCALAR("custom_options_format", 1),
	[OPERATOR_MUTATING_VARIABLE_INPUTS] = SCALARS("mutating_variable_inputs", 1),
	[OPERATOR_INTERMEDIATES] = SCALARS("intermediates", 4),
	[OPERATOR_LARGE_CUSTOM_OPTIONS_OFFSET] = SCALAR("large_custom_options_offset", 8),
	[OPERATOR_LARGE_CUSTOM_OPTIONS_SIZE] = SCALAR("large_custom_options_size", 8),
	[OPERATOR_BUILTIN_OPTIONS_2_TYPE] = SCALAR("builtin_options_2_type", 1),
	[OPERATOR_BUILTIN_OPTIONS_2] = UNION("builtin_options_2", builtin_options_2),
	[OPERATOR_DEBUG_METADATA_INDEX] = SCALAR("debug_metadata_index", 4))

TYPE(subgraph,
	[SUBGRAPH_TENSORS] = TABLES("tensors", tensor),
	[SUBGRAPH_INPUTS] = SCALARS("inputs", 4),
	[SUBGRAPH_OUTPUTS] = SCALARS("outputs", 4),
	[SUBGRAPH_OPERATORS] = TABLES("operators", operator),
	[SUBGRAPH_NAME] = STRING("name"),
	[SUBGRAPH_DEBUG_METADATA_INDEX] = SCALAR("debug_metadata_index", 4))

TYPE(buffer,
	[BUFFER_DATA] = SCALARS("data", 1),
	[BUFFER_OFFSET] = SCALAR("offset", 8),
	[BUFFER_SIZE] = SCALAR("size", 8))

TYPE(metadata,
	[METADATA_NAME] = STRING("name"),
	[METADATA_BUFFER] = SCALAR("buffer", 4))

TYPE(tensor_map,
	[TENSOR_MAP_NAME] = STRING("name"),
	[TENSOR_MAP_TENSOR_INDEX] = SCALAR("tensor_index", 4))

TYPE(signature_def,
	[SIGNATURE_DEF_INPUTS] = TABLES("inputs", tensor_map),
	[SIGNATURE_DEF_OUTPUTS] = TABLES("outputs", tensor_map),
	[SIGNATURE_DEF_SIGNATURE_KEY] = STRING("signature_key"),
	[SIGNATURE_DEF_SUBGRAPH_INDEX] = SCALAR("subgraph_index", 4))

TYPE(external_buffer_group, STRING("name"))

TYPE(external_buffer,
	SCALAR("id", 4),
	SCALAR("group", 4),
	SCALAR("offset", 8),
	SCALAR("length", 8),
	STRING("packing"))

PUBLIC_TYPE(tflite_model,
	[MODEL_VERSION] = SCALAR("version", 4),
	[MODEL_OPERATOR_CODES] = TABLES("operator_codes", operator_code),
	[MODEL_SUBGRAPHS] = TABLES("subgraphs", subgraph),
	[MODEL_DESCRIPTION] = STRING("description"),
	[MODEL_BUFFERS] = TABLES("buffers", buffer),
	[MODEL_METADATA_BUFFER] = SCALARS("metadata_buffer", 4),
	[MODEL_METADATA] = TABLES("metadata", metadata),
	[MODEL_SIGNATURE_DEFS] = TABLES("signature_defs", signature_def),
	[MODEL_EXTERNAL_BUFFER_GROUPS] = TABLES("external_buffer_groups", external_buffer_group),
	[MODEL_EXTERNAL_BUFFERS] = TABLES("external_buffers", external_buffer))

#define OPERATOR(operator, table) \
	[BUILTIN_##operator] = { #operator, OPTIONS_##table }

/* Every operator with the only options table that it reads. */
static const struct {
	const char *name;
	uint8_t options;
} operators[] = {
	OPERATOR(ADD, ADD), OPERATOR(AVERAGE_POOL_2D, POOL_2D),
	OPERATOR(CONCATENATION, CONCATENATION), OPERATOR(CONV_2D, CONV_2D),
	OPERATOR(DEPTHWISE_CONV_2D, DEPTHWISE_CONV_2D),
	OPERATOR(DEPTH_TO_SPACE, DEPTH_TO_SPACE), OPERATOR(DEQUANTIZE, DEQUANTIZE),
	OPERATOR(EMBEDDING_LOOKUP, NONE), OPERATOR(FLOOR, NONE),
	OPERATOR(FULLY_CONNECTED, FULLY_CONNECTED),
	OPERATOR(HASHTABLE_LOOKUP, NONE), OPERATOR(L2_NORMALIZATION, L2_NORM),
	OPERATOR(L2_POOL_2D, POOL_2D), OPERATOR(LOCAL_RESPONSE_NORMALIZATION, NONE),
	OPERATOR(LOGISTIC, NONE), OPERATOR(LSH_PROJECTION, NONE),
	OPERATOR(LSTM, LSTM), OPERATOR(MAX_POOL_2D, POOL_2D), OPERATOR(MUL, MUL),
	OPERATOR(RELU, NONE), OPERATOR(RELU_N1_TO_1, NONE), OPERATOR(RELU6, NONE),
	OPERATOR(RESHAPE, RESHAPE), OPERATOR(RESIZE_BILINEAR, RESIZE_BILINEAR),
	OPERATOR(RNN, NONE), OPERATOR(SOFTMAX, SOFTMAX),
	OPERATOR(SPACE_TO_DEPTH, SPACE_TO_DEPTH), OPERATOR(SVDF, SVDF),
	OPERATOR(TANH, NONE), OPERATOR(CONCAT_EMBEDDINGS, NONE),
	OPERATOR(SKIP_GRAM, NONE), OPERATOR(CALL, CALL), OPERATOR(CUSTOM, NONE),
	OPERATOR(EMBEDDING_LOOKUP_SPARSE, NONE), OPERATOR(PAD, PAD),
	OPERATOR(UNIDIRECTIONAL_SEQUENCE_RNN, SEQUENCE_RNN),
	OPERATOR(GATHER, GATHER), OPERATOR(BATCH_TO_SPACE_ND, BATCH_TO_SPACE_ND),
	OPERATOR(SPACE_TO_BATCH_ND, SPACE_TO_BATCH_ND),
	OPERATOR(TRANSPOSE, TRANSPOSE), OPERATOR(MEAN, REDUCER), OPERATOR(SUB, SUB),
	OPERATOR(DIV, DIV), OPERATOR(SQUEEZE, SQUEEZE),
	OPERATOR(UNIDIRECTIONAL_SEQUENCE_LSTM, UNIDIRECTIONAL_SEQUENCE_LSTM),
	OPERATOR(STRIDED_SLICE, STRIDED_SLICE),
	OPERATOR(BIDIRECTIONAL_SEQUENCE_RNN, BIDIRECTIONAL_SEQUENCE_RNN),
	OPERATOR(EXP, EXP), OPERATOR(TOPK_V2, TOPK_V2), OPERATOR(SPLIT, SPLIT),
	OPERATOR(LOG_SOFTMAX, LOG_SOFTMAX), OPERATOR(DELEGATE, NONE),
	OPERATOR(BIDIRECTIONAL_SEQUENCE_LSTM, BIDIRECTIONAL_SEQUENCE_LSTM),
	OPERATOR(CAST, CAST), OPERATOR(PRELU, NONE),
	OPERATOR(MAXIMUM, MAXIMUM_MINIMUM), OPERATOR(ARG_MAX, ARG_MAX),
	OPERATOR(MINIMUM, MAXIMUM_MINIMUM), OPERATOR(LESS, LESS),
	OPERATOR(NEG, NEG), OPERATOR(PADV2, PADV2), OPERATOR(GREATER, GREATER),
	OPERATOR(GREATER_EQUAL, GREATER_EQUAL), OPERATOR(LESS_EQUAL, LESS_EQUAL),
	OPERATOR(SELECT, SELECT), OPERATOR(SLICE, SLICE), OPERATOR(SIN, NONE),
	OPERATOR(TRANSPOSE_CONV, TRANSPOSE_CONV),
	OPERATOR(SPARSE_TO_DENSE, SPARSE_TO_DENSE), OPERATOR(TILE, TILE),
	OPERATOR(EXPAND_DIMS, EXPAND_DIMS), OPERATOR(EQUAL, EQUAL),
	OPERATOR(NOT_EQUAL, NOT_EQUAL), OPERATOR(LOG, NONE), OPERATOR(SUM, REDUCER),
	OPERATOR(SQRT, NONE), OPERATOR(RSQRT, NONE), OPERATOR(SHAPE, SHAPE),
	OPERATOR(POW, POW), OPERATOR(ARG_MIN, ARG_MIN),
	OPERATOR(FAKE_QUANT, FAKE_QUANT), OPERATOR(REDUCE_PROD, REDUCER),
	OPERATOR(REDUCE_MAX, REDUCER), OPERATOR(PACK, PACK),
	OPERATOR(LOGICAL_OR, LOGICAL_OR), OPERATOR(ONE_HOT, ONE_HOT),
	OPERATOR(LOGICAL_AND, LOGICAL_AND), OPERATOR(LOGICAL_NOT, LOGICAL_NOT),
	OPERATOR(UNPACK, UNPACK), OPERATOR(REDUCE_MIN, REDUCER),
	OPERATOR(FLOOR_DIV, FLOOR_DIV), OPERATOR(REDUCE_ANY, REDUCER),
	OPERATOR(SQUARE, SQUARE), OPERATOR(ZEROS_LIKE, ZEROS_LIKE),
	OPERATOR(FILL, FILL), OPERATOR(FLOOR_MOD, FLOOR_MOD),
	OPERATOR(RANGE, RANGE),
	OPERATOR(RESIZE_NEAREST_NEIGHBOR, RESIZE_NEAREST_NEIGHBOR),
	OPERATOR(LEAKY_RELU, LEAKY_RELU),
	OPERATOR(SQUARED_DIFFERENCE, SQUARED_DIFFERENCE),
	OPERATOR(MIRROR_PAD, MIRROR_PAD), OPERATOR(ABS, ABS),
	OPERATOR(SPLIT_V, SPLIT_V), OPERATOR(UNIQUE, UNIQUE), OPERATOR(CEIL, NONE),
	OPERATOR(REVERSE_V2, REVERSE_V2), OPERATOR(ADD_N, ADD_N),
	OPERATOR(GATHER_ND, GATHER_ND), OPERATOR(COS, COS), OPERATOR(WHERE, WHERE),
	OPERATOR(RANK, RANK), OPERATOR(ELU, NONE),
	OPERATOR(REVERSE_SEQUENCE, REVERSE_SEQUENCE), OPERATOR(MATRIX_DIAG, NONE),
	OPERATOR(QUANTIZE, QUANTIZE), OPERATOR(MATRIX_SET_DIAG, NONE),
	OPERATOR(ROUND, NONE), OPERATOR(HARD_SWISH, HARD_SWISH), OPERATOR(IF, IF),
	OPERATOR(WHILE, WHILE),
	OPERATOR(NON_MAX_SUPPRESSION_V4, NON_MAX_SUPPRESSION_V4),
	OPERATOR(NON_MAX_SUPPRESSION_V5, NON_MAX_SUPPRESSION_V5),
	OPERATOR(SCATTER_ND, SCATTER_ND), OPERATOR(SELECT_V2, SELECT_V2),
	OPERATOR(DENSIFY, DENSIFY), OPERATOR(SEGMENT_SUM, SEGMENT_SUM),
	OPERATOR(BATCH_MATMUL, BATCH_MATMUL), OPERATOR(CUMSUM, CUMSUM),
	OPERATOR(CALL_ONCE, CALL_ONCE), OPERATOR(BROADCAST_TO, BROADCAST_TO),
	OPERATOR(RFFT2D, NONE), OPERATOR(CONV_3D, NONE),
	OPERATOR(REDUCE_ALL, REDUCER), OPERATOR(CONV_3D_TRANSPOSE, NONE),
	OPERATOR(VAR_HANDLE, NONE), OPERATOR(READ_VARIABLE, NONE),
	OPERATOR(ASSIGN_VARIABLE, NONE), OPERATOR(BROADCAST_ARGS, NONE),
	OPERATOR(GELU, GELU), OPERATOR(DYNAMIC_UPDATE_SLICE, NONE),
	OPERATOR(RELU_0_TO_1, NONE), OPERATOR(ATAN2, NONE), OPERATOR(SIGN, NONE),
	OPERATOR(BITCAST, NONE), OPERATOR(BITWISE_XOR, NONE),
	OPERATOR(RIGHT_SHIFT, NONE), OPERATOR(DILATE, NONE),
};

uint8_t tflite_operator_options(uint32_t code)
{
	return code < COUNT(operators) ? operators[code].options : OPTIONS_NONE;
}

ATOLL_API const char *atoll_operator_name(uint32_t code)
{
	return code < COUNT(operators) ? operators[code].name : NULL;
}
