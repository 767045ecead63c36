# apps: every program, its man page, and the shipped model. Uses all rooms.
parts += \
	apps/display.c \
	apps/feed.c \
	apps/options.c \
	apps/vision.c \
	apps/vision_draw.c
programs += \
	apps/atoll-bench.c \
	apps/atoll-classify.c \
	apps/atoll-model.c
manuals += \
	apps/man/atoll-bench.1 \
	apps/man/atoll-classify.1 \
	apps/man/atoll-model.1
data += \
	apps/models/cards/cards.tflite \
	apps/models/cards/cards_labels.txt \
	apps/models/cards/demo/bell.jpg \
	apps/models/cards/demo/car.jpg \
	apps/models/cards/demo/cards.mjpeg \
	apps/models/cards/demo/cat.jpg \
	apps/models/cards/demo/key.jpg \
	apps/models/cards/demo/light-bulb.jpg \
	apps/models/cards/demo/nothing.jpg \
	apps/models/cards/demo/rocket.jpg \
	apps/models/cards/demo/umbrella.jpg

include apps/models/cards/cards.mk
