# board: the ground floor, errors, JSON, words, which instructions there are.
# Leans on nothing.
lib += \
	board/cpu.c \
	board/error.c \
	board/json.c \
	board/log.c
headers += \
	board/error.h \
	board/json.h \
	board/log.h
