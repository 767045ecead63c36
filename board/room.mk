# board: the ground floor, errors, words and JSON. Leans on nothing.
lib     += board/error.c
headers += board/error.h
