# audio: what a microphone or a file hears, and what keyword models make of it.
# Leans on board (errors, descriptions, files), ALSA, kissfft and speexdsp.
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
	audio/mixer.c \
	audio/mixer_alsa.c \
	audio/pcm_alsa.c \
	audio/resample.c \
	audio/samples.c \
	audio/sound_files.c \
	audio/sound_live.c \
	audio/source.c \
	audio/spot.c \
	audio/wav.c \
	audio/wav_header.c \
	audio/wav_input.c \
	audio/wav_write.c
headers += \
	audio/activity.h \
	audio/block.h \
	audio/features.h \
	audio/microphone.h \
	audio/mixer.h \
	audio/resample.h \
	audio/source.h \
	audio/spot.h \
	audio/wav.h
LDLIBS   += -lasound -lkissfft-float -lspeexdsp
packages += libasound2-dev libkissfft-dev libspeexdsp-dev
