# camera: frames from V4L2 devices and picture files, stretched to a model's input.
# Leans on board (errors, files), libjpeg-turbo, libpng and libv4l2.
lib += \
	camera/capture.c \
	camera/choose.c \
	camera/controls.c \
	camera/convert.c \
	camera/convert_colours.c \
	camera/convert_jpeg.c \
	camera/convert_places.c \
	camera/convert_plain.c \
	camera/device.c \
	camera/draw.c \
	camera/encode.c \
	camera/find.c \
	camera/font.c \
	camera/frame.c \
	camera/holder.c \
	camera/jpeg_input.c \
	camera/jpeg_memory.c \
	camera/modes.c \
	camera/picture.c \
	camera/picture_bmp.c \
	camera/picture_exif.c \
	camera/picture_frame.c \
	camera/picture_jpeg.c \
	camera/picture_png.c \
	camera/picture_ppm.c \
	camera/picture_resize.c \
	camera/picture_save.c \
	camera/samples.c \
	camera/source.c \
	camera/source_files.c \
	camera/start.c \
	camera/video.c \
	camera/video_input.c \
	camera/video_mjpeg.c \
	camera/video_write.c \
	camera/video_y4m.c
headers += \
	camera/capture.h \
	camera/controls.h \
	camera/convert.h \
	camera/draw.h \
	camera/encode.h \
	camera/find.h \
	camera/frame.h \
	camera/modes.h \
	camera/picture.h \
	camera/source.h \
	camera/video.h
LDLIBS   += -ljpeg -lpng -lv4l2
packages += libjpeg62-turbo-dev libpng-dev libv4l-dev

# Chosen at run time, as the kernels are.
ifeq ($(arch),x86_64)
lib += camera/convert_avx2.c
$(BUILD)/camera/convert_avx2.o: isa = -O2 -mavx2
endif
ifeq ($(arch),aarch64)
lib += camera/convert_neon.c
$(BUILD)/camera/convert_neon.o: isa = -O3 -mtune=cortex-a35
endif
