# board: the ground floor, errors, JSON, words, configuration, which instructions there are.
# Leans on nothing.
lib += \
	board/config.c \
	board/cpu.c \
	board/error.c \
	board/json.c \
	board/log.c
headers += \
	board/config.h \
	board/error.h \
	board/json.h \
	board/log.h
