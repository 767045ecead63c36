# tests: one program per source file with behaviour, and what they share.
check_parts += \
	tests/check.c \
	tests/graph.c \
	tests/pictures.c
checks += \
	tests/test_camera_picture.c \
	tests/test_kernels_fixed.c
