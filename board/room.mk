# board: the ground floor, errors, JSON, words. Leans on nothing.
lib += \
	board/error.c \
	board/json.c \
	board/log.c
headers += \
	board/error.h \
	board/json.h \
	board/log.h
