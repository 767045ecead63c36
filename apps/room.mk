# apps: every program, its man page, and the shipped model. Uses all rooms.
parts += \
	apps/display.c \
	apps/options.c
programs += \
	apps/atoll-model.c
