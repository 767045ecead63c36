# board: the ground floor, errors and JSON. Leans on nothing.
lib += \
	board/error.c \
	board/json.c
headers += \
	board/error.h \
	board/json.h
