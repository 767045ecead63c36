# audio: what a microphone or a file hears, and what keyword models make of it.
# Leans on board (errors) and kissfft.
lib += \
	audio/activity.c \
	audio/features.c \
	audio/features_coral.c \
	audio/features_mlperf.c \
	audio/features_own.c \
	audio/fft.c \
	audio/mel.c \
	audio/samples.c \
	audio/spot.c
headers += \
	audio/activity.h \
	audio/block.h \
	audio/features.h \
	audio/microphone.h \
	audio/spot.h
LDLIBS   += -lkissfft-float
packages += libkissfft-dev
