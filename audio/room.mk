# audio: what a microphone or a file hears, and what keyword models make of it.
# Leans on board (errors, descriptions), ALSA and kissfft.
lib += \
	audio/activity.c \
	audio/alsa.c \
	audio/choose.c \
	audio/features.c \
	audio/features_coral.c \
	audio/features_mlperf.c \
	audio/features_own.c \
	audio/fft.c \
	audio/find.c \
	audio/holder.c \
	audio/mel.c \
	audio/microphone.c \
	audio/pcm_alsa.c \
	audio/samples.c \
	audio/spot.c
headers += \
	audio/activity.h \
	audio/block.h \
	audio/features.h \
	audio/microphone.h \
	audio/spot.h
LDLIBS   += -lasound -lkissfft-float
packages += libasound2-dev libkissfft-dev
