# tests: one program per source file with behaviour, and what they share. Leans
# on cmocka, and on jansson to read the golden index files.
check_libs += -lcmocka -ljansson
packages   += libcmocka-dev libjansson-dev
check_parts += \
	apps/camera_pace.c \
	apps/display.c \
	apps/live.c \
	apps/live_options.c \
	apps/live_save.c \
	apps/options.c \
	apps/screen.c \
	apps/stop.c \
	apps/tell.c \
	apps/tpu_owner.c \
	apps/tpud_emulators.c \
	apps/vision.c \
	apps/vision_draw.c \
	apps/visiond_config.c \
	apps/visiond_guard.c \
	apps/visiond_picture.c \
	apps/visiond_tracker.c \
	tests/allocations.c \
	tests/check.c \
	tests/compiled.c \
	tests/compiled_samples.c \
	tests/emulated.c \
	tests/daemon.c \
	tests/exact.c \
	tests/fake_usb.c \
	tests/fake_v4l2.c \
	tests/flatc.c \
	tests/golden.c \
	tests/graph.c \
	tests/layer.c \
	tests/models.c \
	tests/part.c \
	tests/pictures.c \
	tests/plugged.c \
	tests/recorder.c \
	tests/replay.c \
	tests/sample.c \
	tests/seeds.c \
	tests/single.c \
	tests/traces.c
checks += \
	tests/test_apps_camera_pace.c \
	tests/test_apps_live.c \
	tests/test_apps_tpu_owner.c \
	tests/test_apps_vision.c \
	tests/test_apps_visiond_config.c \
	tests/test_apps_visiond_guard.c \
	tests/test_apps_visiond_picture.c \
	tests/test_apps_visiond_tracker.c \
	tests/test_board_address.c \
	tests/test_board_clock.c \
	tests/test_board_config.c \
	tests/test_board_cpu.c \
	tests/test_board_description.c \
	tests/test_board_error.c \
	tests/test_board_events.c \
	tests/test_board_json.c \
	tests/test_board_listener.c \
	tests/test_board_log.c \
	tests/test_board_loop.c \
	tests/test_board_notify.c \
	tests/test_camera_capture.c \
	tests/test_camera_controls.c \
	tests/test_camera_convert.c \
	tests/test_camera_convert_jpeg.c \
	tests/test_camera_draw.c \
	tests/test_camera_encode.c \
	tests/test_camera_find.c \
	tests/test_camera_frame.c \
	tests/test_camera_modes.c \
	tests/test_camera_picture.c \
	tests/test_camera_source.c \
	tests/test_camera_video.c \
	tests/test_edgetpu_attach.c \
	tests/test_edgetpu_chip.c \
	tests/test_edgetpu_device.c \
	tests/test_edgetpu_dfu.c \
	tests/test_edgetpu_firmware.c \
	tests/test_edgetpu_run.c \
	tests/test_edgetpu_turn.c \
	tests/test_edgetpu_usb.c \
	tests/test_edgetpu_usb_libusb.c \
	tests/test_emulator_bus.c \
	tests/test_emulator_emulator.c \
	tests/test_emulator_faults.c \
	tests/test_emulator_stream.c \
	tests/test_emulator_twin.c \
	tests/test_emulator_usbip.c \
	tests/test_emulator_usbip_port.c \
	tests/test_emulator_vhci.c \
	tests/test_golden.c \
	tests/test_kernels_activation.c \
	tests/test_kernels_add.c \
	tests/test_kernels_arg.c \
	tests/test_kernels_batch_matmul.c \
	tests/test_kernels_broadcast.c \
	tests/test_kernels_cast.c \
	tests/test_kernels_compare.c \
	tests/test_kernels_concat.c \
	tests/test_kernels_conv.c \
	tests/test_kernels_custom.c \
	tests/test_kernels_depthwise.c \
	tests/test_kernels_detection.c \
	tests/test_kernels_fill.c \
	tests/test_kernels_fixed.c \
	tests/test_kernels_fully.c \
	tests/test_kernels_gather.c \
	tests/test_kernels_lstm.c \
	tests/test_kernels_move.c \
	tests/test_kernels_mul.c \
	tests/test_kernels_norm.c \
	tests/test_kernels_pad.c \
	tests/test_kernels_pool.c \
	tests/test_kernels_posenet.c \
	tests/test_kernels_quantize.c \
	tests/test_kernels_reduce.c \
	tests/test_kernels_reshape.c \
	tests/test_kernels_resize.c \
	tests/test_kernels_shape.c \
	tests/test_kernels_sigmoid.c \
	tests/test_kernels_slice.c \
	tests/test_kernels_softmax.c \
	tests/test_kernels_space.c \
	tests/test_kernels_table.c \
	tests/test_kernels_tile.c \
	tests/test_kernels_transpose.c \
	tests/test_kernels_transpose_conv.c \
	tests/test_kernels_unary.c \
	tests/test_kernels_vector.c \
	tests/test_runtime_background.c \
	tests/test_runtime_builder.c \
	tests/test_runtime_cache.c \
	tests/test_runtime_decode_boxes.c \
	tests/test_runtime_decode_classes.c \
	tests/test_runtime_decode_labels.c \
	tests/test_runtime_decode_mask.c \
	tests/test_runtime_decode_poses.c \
	tests/test_runtime_delegate.c \
	tests/test_runtime_devices.c \
	tests/test_runtime_extract.c \
	tests/test_runtime_extract_twin.c \
	tests/test_runtime_fill.c \
	tests/test_runtime_flatbuf.c \
	tests/test_runtime_flexbuf.c \
	tests/test_runtime_memory.c \
	tests/test_runtime_model.c \
	tests/test_runtime_model_flatc.c \
	tests/test_runtime_plan.c \
	tests/test_runtime_pool.c \
	tests/test_runtime_quant.c \
	tests/test_runtime_schema.c \
	tests/test_runtime_session.c \
	tests/test_runtime_support.c \
	tests/test_runtime_tensor.c \
	tests/test_runtime_twin.c \
	tests/test_serve_client.c \
	tests/test_serve_queue.c \
	tests/test_traces.c \
	tests/test_twin_golden.c
check_scripts += \
	tests/cli/bench.sh \
	tests/cli/camera.sh \
	tests/cli/classify.sh \
	tests/cli/detect.sh \
	tests/cli/install.sh \
	tests/cli/model.sh \
	tests/cli/tpu-emulator.sh \
	tests/cli/tpu.sh \
	tests/cli/visiond.sh
packages += curl groff-base pkgconf socat
guest_sources += \
	tests/vm/dmabuf.c \
	tests/vm/loopback.c \
	tests/vm/pixels.c
guest_packages := alsa-utils bc bison flex gpiod i2c-tools iproute2 kmod libelf-dev procps \
	strace usbutils v4l-utils xz-utils
guest_packages_arm64 := cpio kmod qemu-system-arm squashfs-tools xz-utils
fuzzers += \
	tests/fuzz_config.c \
	tests/fuzz_convert.c \
	tests/fuzz_model.c \
	tests/fuzz_picture.c \
	tests/fuzz_video.c
