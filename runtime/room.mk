# runtime: model files, kernels, sessions. Uses board; leans on flatc to build.
lib += runtime/cpu.c runtime/quant.c runtime/tensor.c
headers += runtime/flatbuf.h runtime/model.h runtime/session.h runtime/tensor.h \
	runtime/builder.h
