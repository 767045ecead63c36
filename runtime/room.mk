# runtime: model files, kernels, sessions, Edge TPUs. Uses board; leans on flatc
# to build, on libmd for SHA-256 and on libusb.
lib += \
	runtime/background.c \
	runtime/builder.c \
	runtime/cache.c \
	runtime/carried.c \
	runtime/carried_check.c \
	runtime/carried_restore.c \
	runtime/compiler/allocate.c \
	runtime/compiler/archive.c \
	runtime/compiler/blocks.c \
	runtime/compiler/blocks_plain.c \
	runtime/compiler/blocks_rows.c \
	runtime/compiler/carry.c \
	runtime/compiler/compile.c \
	runtime/compiler/emit_emulator.c \
	runtime/compiler/emit_layers.c \
	runtime/compiler/emit_like.c \
	runtime/compiler/emit_model.c \
	runtime/compiler/emit_silicon.c \
	runtime/compiler/estimate.c \
	runtime/compiler/graph.c \
	runtime/compiler/legal.c \
	runtime/compiler/legal_axes.c \
	runtime/compiler/legal_rules.c \
	runtime/compiler/legal_shapes.c \
	runtime/compiler/likeness.c \
	runtime/compiler/partition.c \
	runtime/compiler/rewrite.c \
	runtime/compiler/segment.c \
	runtime/compiler/segment_cut.c \
	runtime/compiler/silicon_chain.c \
	runtime/compiler/silicon_conv.c \
	runtime/compiler/silicon_conv_sizes.c \
	runtime/compiler/silicon_dense.c \
	runtime/compiler/silicon_image.c \
	runtime/compiler/silicon_layer.c \
	runtime/compiler/silicon_mac.c \
	runtime/compiler/silicon_scalar.c \
	runtime/compiler/silicon_tiles.c \
	runtime/compiler/silicon_words.c \
	runtime/compiler/spread.c \
	runtime/copy.c \
	runtime/decode/best.c \
	runtime/decode/boxes.c \
	runtime/decode/classes.c \
	runtime/decode/labels.c \
	runtime/decode/mask.c \
	runtime/decode/outputs.c \
	runtime/decode/poses.c \
	runtime/delegate.c \
	runtime/devices.c \
	runtime/edgetpu/attach.c \
	runtime/edgetpu/chip.c \
	runtime/edgetpu/config.c \
	runtime/edgetpu/device.c \
	runtime/edgetpu/dfu.c \
	runtime/edgetpu/executable.c \
	runtime/edgetpu/executable_write.c \
	runtime/edgetpu/firmware.c \
	runtime/edgetpu/layer.c \
	runtime/edgetpu/layer_write.c \
	runtime/edgetpu/layout.c \
	runtime/edgetpu/package.c \
	runtime/edgetpu/package_write.c \
	runtime/edgetpu/program.c \
	runtime/edgetpu/recover.c \
	runtime/edgetpu/relayout.c \
	runtime/edgetpu/run.c \
	runtime/edgetpu/turn.c \
	runtime/edgetpu/usb.c \
	runtime/edgetpu/usb_libusb.c \
	runtime/edgetpu/usb_nodes.c \
	runtime/edgetpu/walk.c \
	runtime/emulator/bus.c \
	runtime/emulator/carried.c \
	runtime/emulator/descriptors.c \
	runtime/emulator/dfu.c \
	runtime/emulator/emulator.c \
	runtime/emulator/faults.c \
	runtime/emulator/layers.c \
	runtime/emulator/pattern.c \
	runtime/emulator/port.c \
	runtime/emulator/program.c \
	runtime/emulator/registers.c \
	runtime/emulator/silicon.c \
	runtime/emulator/silicon_host.c \
	runtime/emulator/silicon_mac.c \
	runtime/emulator/silicon_memory.c \
	runtime/emulator/silicon_mesh.c \
	runtime/emulator/silicon_moves.c \
	runtime/emulator/silicon_read.c \
	runtime/emulator/silicon_run.c \
	runtime/emulator/silicon_walk.c \
	runtime/emulator/stream.c \
	runtime/emulator/taught.c \
	runtime/emulator/twin.c \
	runtime/emulator/usbip.c \
	runtime/emulator/usbip_connection.c \
	runtime/emulator/usbip_port.c \
	runtime/emulator/usbip_wire.c \
	runtime/emulator/vhci.c \
	runtime/extract.c \
	runtime/extract_twin.c \
	runtime/fill.c \
	runtime/flatbuf.c \
	runtime/flatwrite.c \
	runtime/flexbuf.c \
	runtime/graph.c \
	runtime/isa/access.c \
	runtime/isa/caching.c \
	runtime/isa/caching_forms.c \
	runtime/isa/caching_place.c \
	runtime/isa/caching_read.c \
	runtime/isa/caching_write.c \
	runtime/isa/check.c \
	runtime/isa/fields.c \
	runtime/isa/instruction.c \
	runtime/isa/text.c \
	runtime/kernels/activation.c \
	runtime/kernels/add.c \
	runtime/kernels/arg.c \
	runtime/kernels/batch_matmul.c \
	runtime/kernels/broadcast.c \
	runtime/kernels/cast.c \
	runtime/kernels/compare.c \
	runtime/kernels/concat.c \
	runtime/kernels/conv.c \
	runtime/kernels/custom.c \
	runtime/kernels/depthwise.c \
	runtime/kernels/detection.c \
	runtime/kernels/fill.c \
	runtime/kernels/fixed.c \
	runtime/kernels/floats.c \
	runtime/kernels/fully.c \
	runtime/kernels/gather.c \
	runtime/kernels/kernels.c \
	runtime/kernels/lstm.c \
	runtime/kernels/lstm_float.c \
	runtime/kernels/lstm_integer.c \
	runtime/kernels/move.c \
	runtime/kernels/mul.c \
	runtime/kernels/norm.c \
	runtime/kernels/pad.c \
	runtime/kernels/plain.c \
	runtime/kernels/pool.c \
	runtime/kernels/posenet.c \
	runtime/kernels/product.c \
	runtime/kernels/quantize.c \
	runtime/kernels/reduce.c \
	runtime/kernels/reshape.c \
	runtime/kernels/resize.c \
	runtime/kernels/shape.c \
	runtime/kernels/sigmoid.c \
	runtime/kernels/slice.c \
	runtime/kernels/softmax.c \
	runtime/kernels/space.c \
	runtime/kernels/table.c \
	runtime/kernels/tile.c \
	runtime/kernels/transpose.c \
	runtime/kernels/transpose_conv.c \
	runtime/kernels/unary.c \
	runtime/kernels/vector.c \
	runtime/kernels/weights.c \
	runtime/kernels/window.c \
	runtime/layout.c \
	runtime/learn/append.c \
	runtime/learn/base.c \
	runtime/learn/classifier.c \
	runtime/learn/embedding.c \
	runtime/learn/head.c \
	runtime/learn/imprinting.c \
	runtime/learn/network.c \
	runtime/learn/regression.c \
	runtime/learn/softmax.c \
	runtime/memory.c \
	runtime/model.c \
	runtime/pipeline/pipeline.c \
	runtime/pipeline/sets.c \
	runtime/pipeline/wires.c \
	runtime/plan.c \
	runtime/pool.c \
	runtime/quant.c \
	runtime/reader.c \
	runtime/schema/darwinn.c \
	runtime/schema/tflite.c \
	runtime/serve/choose.c \
	runtime/serve/client.c \
	runtime/serve/connect.c \
	runtime/serve/crew.c \
	runtime/serve/engine_cpu.c \
	runtime/serve/engine_tpu.c \
	runtime/serve/load.c \
	runtime/serve/peer.c \
	runtime/serve/plug.c \
	runtime/serve/program.c \
	runtime/serve/protocol.c \
	runtime/serve/queue.c \
	runtime/serve/server.c \
	runtime/serve/status.c \
	runtime/serve/worker.c \
	runtime/session.c \
	runtime/support.c \
	runtime/tensor.c \
	runtime/tpu.c \
	runtime/twin.c
headers += \
	runtime/builder.h \
	runtime/compiler/compile.h \
	runtime/compiler/estimate.h \
	runtime/compiler/segment.h \
	runtime/decode/boxes.h \
	runtime/decode/classes.h \
	runtime/decode/labels.h \
	runtime/decode/mask.h \
	runtime/decode/outputs.h \
	runtime/decode/poses.h \
	runtime/devices.h \
	runtime/fill.h \
	runtime/flatbuf.h \
	runtime/learn/embedding.h \
	runtime/learn/imprinting.h \
	runtime/learn/regression.h \
	runtime/model.h \
	runtime/pipeline/pipeline.h \
	runtime/schema/tflite.h \
	runtime/session.h \
	runtime/support.h \
	runtime/tensor.h
schemas  += runtime/schema/darwinn.fbs runtime/schema/tflite.fbs
LDLIBS   += -lmd -lusb-1.0
packages += flatbuffers-compiler libmd-dev libusb-1.0-0-dev

# Plain loops that the compiler puts into vector registers when asked to; clang
# does so at -O2, and gcc's -O3 would double the code for nothing measurable.
loops := $(addprefix runtime/kernels/, depthwise.c floats.c lstm_float.c lstm_integer.c \
	plain.c pool.c product.c transpose_conv.c) runtime/edgetpu/relayout.c \
	runtime/emulator/silicon_mac.c
$(loops:%.c=$(BUILD)/%.o): isa = -O2 -ftree-vectorize \
	$(if $(findstring clang,$(CC)),,-fvect-cost-model=dynamic)

# What runs before all inferences, in place of a device, or waits for one.
$(BUILD)/runtime/compiler/%.o $(BUILD)/runtime/edgetpu/%.o $(BUILD)/runtime/emulator/%.o \
$(BUILD)/runtime/isa/%.o $(BUILD)/runtime/learn/%.o $(BUILD)/runtime/pipeline/%.o \
$(BUILD)/runtime/schema/%.o $(BUILD)/runtime/serve/%.o: \
	isa = $(small)

# Advanced SIMD is part of every arm64; the Dev Board Mini has Cortex-A35s.
ifeq ($(arch),aarch64)
neon := runtime/kernels/gemm_neon.c runtime/kernels/depthwise_neon.c \
	runtime/kernels/small_neon.c
lib  += $(neon)
$(neon:%.c=$(BUILD)/%.o): isa = -O3 -mtune=cortex-a35
endif

# Chosen at run time; the rest of the tree runs on any x86-64. clang 14 takes ten
# minutes over the tiles with all checks in them; gcc's sanitizers see them.
ifeq ($(arch),x86_64)
avx2 := runtime/kernels/gemm_avx2.c runtime/kernels/depthwise_avx2.c \
	runtime/kernels/scale_avx2.c runtime/kernels/small_avx2.c
vnni := runtime/kernels/gemm_vnni.c runtime/kernels/depthwise_vnni.c \
	runtime/kernels/scale_vnni.c
lib  += $(avx2) $(vnni) runtime/kernels/x86.c runtime/kernels/depthwise_x86.c \
	runtime/kernels/vector_x86.c
$(avx2:%.c=$(BUILD)/%.o): isa = -O3 -mavx2
$(vnni:%.c=$(BUILD)/%.o): isa = -O3 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni \
	$(if $(findstring clang,$(CC)),-fno-sanitize=undefined)
endif
