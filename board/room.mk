# board: the ground floor: errors, JSON, words, configuration, files that replace
# others, the loop and the sockets of daemons, what is known of a board, which
# instructions there are.
# Leans on libgpiod, 1.6 or 2, whichever there is.
gpiod := $(if $(shell pkg-config --atleast-version=2 libgpiod 2>/dev/null && echo 2),2,1)
lib += \
	board/address.c \
	board/clock.c \
	board/config.c \
	board/config_lines.c \
	board/cpu.c \
	board/debounce.c \
	board/description.c \
	board/error.c \
	board/events.c \
	board/gpio.c \
	board/gpio_chips.c \
	board/gpio_edges.c \
	board/gpio_find.c \
	board/gpio_holder.c \
	board/gpio_libgpiod$(gpiod).c \
	board/header.c \
	board/header_check.c \
	board/header_pin.c \
	board/header_read.c \
	board/json.c \
	board/led.c \
	board/listener.c \
	board/log.c \
	board/loop.c \
	board/notify.c \
	board/power.c \
	board/power_reset.c \
	board/process.c \
	board/pwm.c \
	board/pwm_software.c \
	board/pwm_sysfs.c \
	board/replacement.c \
	board/sysfs.c
headers += \
	board/address.h \
	board/clock.h \
	board/config.h \
	board/config_lines.h \
	board/description.h \
	board/error.h \
	board/events.h \
	board/gpio.h \
	board/header.h \
	board/json.h \
	board/led.h \
	board/listener.h \
	board/log.h \
	board/loop.h \
	board/notify.h \
	board/power.h \
	board/process.h \
	board/pwm.h \
	board/replacement.h
data += \
	board/boards/coral-dev-board-mini.conf \
	board/boards/coral-dev-board.conf \
	board/boards/raspberry-pi-4.conf \
	board/boards/raspberry-pi-5.conf \
	board/boards/virtual.conf
LDLIBS   += -lgpiod
packages += libgpiod-dev

$(BUILD)/board/%.o: isa = $(small)
