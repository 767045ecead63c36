# apps: every program, its man page, and the shipped model. Uses all rooms.
parts += \
	apps/beside.c \
	apps/display.c \
	apps/options.c \
	apps/vision.c \
	apps/vision_draw.c
programs += \
	apps/atoll-bench.c \
	apps/atoll-camera.c \
	apps/atoll-classify.c \
	apps/atoll-detect.c \
	apps/atoll-listen.c \
	apps/atoll-model.c \
	apps/atoll-tpu-emulator.c \
	apps/atoll-tpu.c
manuals += \
	apps/man/atoll-bench.1 \
	apps/man/atoll-board.5 \
	apps/man/atoll-camera.1 \
	apps/man/atoll-classify.1 \
	apps/man/atoll-demo.1 \
	apps/man/atoll-detect.1 \
	apps/man/atoll-events.7 \
	apps/man/atoll-listen.1 \
	apps/man/atoll-model.1 \
	apps/man/atoll-tpu-emulator.1 \
	apps/man/atoll-tpu.1 \
	apps/man/atoll.7
data += \
	apps/demo/pins.conf \
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
	apps/models/cards/demo/umbrella.jpg \
	apps/models/keywords/demo/words.wav \
	apps/models/keywords/keywords.tflite \
	apps/models/keywords/keywords_labels.txt

# atoll-bench has a part of its own.
bench := $(BUILD)/atoll-bench $(BUILD)/installed/atoll-bench
$(bench): $(BUILD)/apps/bench_pipeline.o

# atoll-camera has parts of its own.
camera_parts := \
	apps/camera_pace.c \
	apps/camera_show.c \
	apps/camera_take.c
camera := $(BUILD)/atoll-camera $(BUILD)/installed/atoll-camera
$(camera): $(camera_parts:%.c=$(BUILD)/%.o)

# atoll-compile has parts of its own, and a page, whose style is a file of its own.
programs += apps/atoll-compile.c
manuals  += apps/man/atoll-compile.1
compile_parts := \
	apps/compile_check.c \
	apps/compile_child.c \
	apps/compile_cut.c \
	apps/compile_files.c \
	apps/compile_graph.c \
	apps/compile_json.c \
	apps/compile_options.c \
	apps/compile_page.c \
	apps/compile_report.c \
	apps/compile_run.c \
	apps/compile_stops.c \
	apps/compile_style.c
compile := $(BUILD)/atoll-compile $(BUILD)/installed/atoll-compile
$(compile): $(compile_parts:%.c=$(BUILD)/%.o)
$(BUILD)/apps/compile_style.o: apps/web/compile.css

# Rules from events to pins, and where events come from.
manuals += apps/man/atoll-headerd.conf.5
rules_parts := \
	apps/json_read.c \
	apps/rules_actions.c \
	apps/rules_check.c \
	apps/rules_load.c \
	apps/rules_parse.c \
	apps/rules_parser.c \
	apps/rules_run.c \
	apps/rules_settings.c \
	apps/rules_words.c \
	apps/subscriber.c

# atoll-header has parts of its own, and reads overlays with libfdt, named in full: its
# -dev package, which has the short name, is there for one machine at a time.
programs += apps/atoll-header.c
manuals  += apps/man/atoll-header.1
packages += libfdt-dev
header_parts := \
	apps/header_buses.c \
	apps/header_find.c \
	apps/header_lines.c \
	apps/header_overlays.c \
	apps/header_pinout.c \
	apps/header_pins.c \
	apps/header_pulses.c \
	apps/header_show.c \
	apps/header_try.c \
	apps/header_watch.c \
	apps/lines.c \
	apps/overlay.c \
	apps/overlay_list.c \
	apps/panel.c \
	apps/small_file.c \
	apps/stop.c
header := $(BUILD)/atoll-header $(BUILD)/installed/atoll-header
$(header): $(patsubst %.c,$(BUILD)/%.o,$(rules_parts) $(header_parts))
$(header): private LDLIBS += -l:libfdt.so.1

# atoll-model has parts of its own.
model := $(BUILD)/atoll-model $(BUILD)/installed/atoll-model
$(model): $(BUILD)/apps/model_compiled.o $(BUILD)/apps/model_disasm.o

# atoll-partition has parts of its own.
programs += apps/atoll-partition.c
manuals  += apps/man/atoll-partition.1
partition_parts := \
	apps/beside.c \
	apps/partition_compiler.c \
	apps/partition_measure.c \
	apps/partition_profile.c \
	apps/partition_search.c \
	apps/partition_write.c \
	apps/stop.c
partition := $(BUILD)/atoll-partition $(BUILD)/installed/atoll-partition
$(partition): $(partition_parts:%.c=$(BUILD)/%.o)

# atoll-tpu has a part for each command.
tpu_parts := \
	apps/doctor_report.c \
	apps/doctor_rights.c \
	apps/tpu_bench.c \
	apps/tpu_device.c \
	apps/tpu_doctor.c \
	apps/tpu_firmware.c \
	apps/tpu_info.c \
	apps/tpu_list.c \
	apps/tpu_model.c \
	apps/tpu_owner.c \
	apps/tpu_rule.c
tpu := $(BUILD)/atoll-tpu $(BUILD)/installed/atoll-tpu
$(tpu): $(tpu_parts:%.c=$(BUILD)/%.o)

emulator_parts := \
	apps/emulator_hub.c \
	apps/emulator_lessons.c \
	apps/emulator_orders.c
emulator := $(BUILD)/atoll-tpu-emulator $(BUILD)/installed/atoll-tpu-emulator
$(emulator): $(emulator_parts:%.c=$(BUILD)/%.o)

# atoll-classify and atoll-detect share a body.
live_parts := \
	apps/live.c \
	apps/live_options.c \
	apps/live_save.c \
	apps/panel.c \
	apps/screen.c \
	apps/stop.c \
	apps/tell.c
live := $(foreach name,classify detect,$(BUILD)/atoll-$(name) $(BUILD)/installed/atoll-$(name))
$(live): $(live_parts:%.c=$(BUILD)/%.o)

# atoll-teach has parts of its own.
programs += apps/atoll-teach.c
manuals  += apps/man/atoll-teach.1
teach_parts := \
	apps/panel.c \
	apps/stop.c \
	apps/teach_add.c \
	apps/teach_look.c \
	apps/teach_new.c \
	apps/teach_project.c \
	apps/teach_save.c \
	apps/teach_test.c \
	apps/teach_train.c \
	apps/teach_variants.c \
	apps/teach_view.c \
	apps/text_reader.c
teach := $(BUILD)/atoll-teach $(BUILD)/installed/atoll-teach
$(teach): $(teach_parts:%.c=$(BUILD)/%.o)

# What daemons share.
daemon_parts := \
	apps/lines.c \
	apps/service.c \
	apps/settings.c

# What listens has a keyword model and words that were taught to it.
hearing_parts := \
	apps/hearing.c \
	apps/hearing_open.c \
	apps/lesson.c \
	apps/text_reader.c \
	apps/vocabulary.c \
	apps/words.c

# atoll-listen has parts of its own.
listen_parts := \
	apps/listen.c \
	apps/listen_list.c \
	apps/listen_meter.c \
	apps/listen_options.c \
	apps/listen_show.c \
	apps/listen_source.c \
	apps/listen_teach.c \
	apps/listen_tell.c \
	apps/panel.c \
	apps/preset.c \
	apps/stop.c
listen := $(BUILD)/atoll-listen $(BUILD)/installed/atoll-listen
$(listen): $(patsubst %.c,$(BUILD)/%.o,$(hearing_parts) $(listen_parts))

# atoll-tpud has parts of its own.
programs += apps/atoll-tpud.c
manuals  += apps/man/atoll-tpud.8
tpud_parts := \
	apps/tpud_config.c \
	apps/tpud_emulators.c \
	apps/tpud_status.c
tpud := $(BUILD)/atoll-tpud $(BUILD)/installed/atoll-tpud
$(tpud): $(patsubst %.c,$(BUILD)/%.o,$(daemon_parts) $(tpud_parts))

# atoll-listend has parts of its own.
programs += apps/atoll-listend.c
manuals  += apps/man/atoll-listend.8
listend_parts := \
	apps/listend_config.c \
	apps/listend_ear.c \
	apps/listend_lines.c \
	apps/listend_listener.c \
	apps/preset.c
listend := $(BUILD)/atoll-listend $(BUILD)/installed/atoll-listend
$(listend): $(patsubst %.c,$(BUILD)/%.o,$(daemon_parts) $(hearing_parts) $(listend_parts))

# atoll-headerd has parts of its own.
programs += apps/atoll-headerd.c
manuals  += apps/man/atoll-headerd.8
headerd_parts := \
	apps/headerd_control.c \
	apps/headerd_pins.c \
	apps/headerd_sources.c
headerd := $(BUILD)/atoll-headerd $(BUILD)/installed/atoll-headerd
$(headerd): $(patsubst %.c,$(BUILD)/%.o,$(daemon_parts) $(rules_parts) $(headerd_parts))

# atoll-power has parts of its own.
programs += apps/atoll-power.c
manuals  += apps/man/atoll-power.1
power_parts := \
	apps/panel.c \
	apps/plot.c \
	apps/power_clock.c \
	apps/power_config.c \
	apps/power_govern.c \
	apps/power_heat.c \
	apps/power_profile.c \
	apps/power_show.c \
	apps/power_watch.c \
	apps/small_file.c \
	apps/stop.c
power := $(BUILD)/atoll-power $(BUILD)/installed/atoll-power
$(power): $(patsubst %.c,$(BUILD)/%.o,$(daemon_parts) $(power_parts))

# atoll-visiond has parts of its own, and a page, which libmicrohttpd serves.
programs += apps/atoll-visiond.c
manuals  += apps/man/atoll-visiond.8
packages += libmicrohttpd-dev
visiond_parts := \
	apps/visiond_config.c \
	apps/visiond_eye.c \
	apps/visiond_guard.c \
	apps/visiond_lines.c \
	apps/visiond_page.c \
	apps/visiond_picture.c \
	apps/visiond_tracker.c \
	apps/visiond_viewers.c \
	apps/visiond_web.c
visiond := $(BUILD)/atoll-visiond $(BUILD)/installed/atoll-visiond
$(visiond): $(patsubst %.c,$(BUILD)/%.o,$(daemon_parts) $(visiond_parts))
$(visiond): private LDLIBS += -lmicrohttpd
$(BUILD)/apps/visiond_page.o: apps/web/index.html

include apps/models/cards/cards.mk
include apps/models/keywords/keywords.mk
