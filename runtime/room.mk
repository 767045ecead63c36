# runtime: model files, kernels, sessions. Uses board; leans on flatc to build
# and on libmd for SHA-256.
lib += \
	runtime/background.c \
	runtime/cache.c \
	runtime/cpu.c \
	runtime/memory.c \
	runtime/plan.c \
	runtime/pool.c \
	runtime/quant.c \
	runtime/session.c \
	runtime/decode/labels.c \
	runtime/decode/classes.c \
	runtime/support.c \
	runtime/fill.c \
	runtime/tensor.c \
	runtime/kernels/fixed.c \
	runtime/kernels/kernels.c \
	runtime/kernels/plain.c \
	runtime/kernels/vector.c
headers += \
	runtime/builder.h \
	runtime/flatbuf.h \
	runtime/model.h \
	runtime/session.h \
	runtime/decode/labels.h \
	runtime/decode/classes.h \
	runtime/support.h \
	runtime/fill.h \
	runtime/tensor.h
LDLIBS   += -lmd
packages += libmd-dev
