# camera: picture files in, upright RGB rows out, stretched to a model's input.
# Leans on board (errors), libjpeg-turbo and libpng.
lib += \
	camera/frame.c \
	camera/picture.c \
	camera/picture_bmp.c \
	camera/picture_exif.c \
	camera/picture_jpeg.c \
	camera/picture_png.c \
	camera/picture_ppm.c \
	camera/picture_resize.c
headers += \
	camera/frame.h \
	camera/picture.h
LDLIBS   += -ljpeg -lpng
packages += libjpeg62-turbo-dev libpng-dev
