# audio: what a microphone or a file hears, and what keyword models make of it.
# Leans on board (errors) and kissfft.
lib += \
	audio/features.c \
	audio/features_coral.c \
	audio/features_mlperf.c \
	audio/features_own.c \
	audio/fft.c \
	audio/mel.c \
	audio/samples.c
headers += \
	audio/block.h \
	audio/features.h \
	audio/microphone.h
LDLIBS   += -lkissfft-float
packages += libkissfft-dev
