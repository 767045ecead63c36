# SPDX-License-Identifier: Apache-2.0
# Everything the tree builds, from one make that sees the whole graph.
#
#   make               library and programs, into build/
#   make demo          install what is missing, build, name the demo pictures and
#                      the cards shown in a short film, hear the words of a recording
#   make check         install what is missing, build, run every test that needs
#                      no hardware
#   make check-asan    the same tests under address and undefined sanitizers
#   make check-arm64   the same tests, cross-built, under qemu-user
#   make check-web     the page of atoll-visiond in a browser, Chromium
#   make check-vm-quick  what was just built, against the kernel's own drivers in
#                      a guest (User Mode Linux)
#   make check-vm      the same for arm64, against Debian's kernel (QEMU), and our
#                      packages on a board with systemd
#   make check-power-cut  CUTS=20: the power of that board is cut while it works
#   make check-golden  MODELS=DIR GOLDEN=DIR: every tensor against golden files
#   make check-traces  MODELS=DIR TRACES=DIR: what the vendor's runtime says to an
#                      Edge TPU, said again by our driver
#   make check-pairs   MODELS=DIR: what the vendor's compiler made of models, made
#                      again by ours; pairs are X.tflite and X_edgetpu.tflite
#   make check-teach   three new classes from 5 pictures each: how many of 20 others
#                      of each are told right
#   make check-isa     MODELS=DIR: programs for the Edge TPU, taken apart and put
#                      together again
#   make check-gpiod2  GPIOD2=DIR: GPIO by the other libgpiod, 2, below whose DIR are
#                      include/ and lib/
#   make fuzz-smoke    FUZZ_SECONDS=60: fuzz the readers of untrusted files
#   make bench         speed and size, against Debian's XNNPACK and libyuv
#   make mca           cycles of the NEON loops on a Cortex-A35, by llvm-mca
#   make train-cards   train the shipped model again (developers)
#   make evaluate-cards  how often it is right, on scenes it never saw
#   make install       to $(DESTDIR)$(prefix)
#   make deb ARCH=arm64  Debian packages, into build/deb/ARCH; without ARCH, for this
#                      machine. VERSION=0.1.0+1 instead of what debian/changelog says
#   make check-deb     the same, then tests of what is in them; ARCH=arm64 too
#   make apt-repo      the packages that are there as an apt repository, signed with a
#                      key made here, in build/apt; tells how a board uses it
#
# Each room says in its room.mk what it adds. CC, CFLAGS, CPPFLAGS and LDFLAGS
# belong to the caller (dpkg-buildflags sets them) and are only added to.

prefix     ?= /usr/local
bindir     ?= $(prefix)/bin
sbindir    ?= $(prefix)/sbin
libdir     ?= $(prefix)/lib
includedir ?= $(prefix)/include/atoll
mandir     ?= $(prefix)/share/man
datadir    ?= $(prefix)/share/atoll
completiondir ?= $(prefix)/share/bash-completion/completions

.DEFAULT_GOAL := all

BUILD ?= build

comma := ,

version   := 0.1.0
soversion := 0
manual_date := November 21, 2026

CFLAGS ?= -O2 -g
# No fused multiply-add behind our back: results are the same on every machine.
# Tables for unwinding would be a tenth of the library; debuggers have their own. Some
# compilers make them for two reasons, and both have to be denied.
cflags  = -std=c17 -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
          -fPIC -fvisibility=hidden -ffp-contract=off -pthread \
          -fno-asynchronous-unwind-tables -fno-unwind-tables \
          -D_GNU_SOURCE -DATOLL_VERSION='"$(version)"' -DATOLL_DATADIR='"$(datadir)"' \
          -I. $(CPPFLAGS) $(CFLAGS) $(isa)
arch   := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null)))
# Relocations as a bitmap (glibc 2.36 reads it): 30 KB less on x86-64. Debian 12's
# linker has it for no other machine we build for. For arm64 it expects pages of 64 KiB,
# whose ends would be a quarter of what is installed; Debian's kernels have 4 or 16.
layout := $(if $(filter x86_64,$(arch)),-Wl$(comma)-z$(comma)pack-relative-relocs) \
	$(if $(filter aarch64,$(arch)),-Wl$(comma)-z$(comma)max-page-size=16384)

# In place of -O2, where nothing runs often.
small := $(if $(filter -O2,$(CFLAGS)),-Os)

lib         :=   # sources of libatoll
headers     :=   # the doors: what other rooms and packages may include
programs    :=   # one source file each, named like the program
parts       :=   # what every program links beside the library
data        :=   # files the programs read, installed under $(datadir)
manuals     :=   # man pages, each for the section its name ends in
overlays    :=   # device-tree overlays, compiled, installed under $(datadir)
schemas     :=   # FlatBuffers schemas, compiled to check them and for the tests
checks      :=   # one source file each, run by make check
check_parts :=   # helpers every check may link
check_libs  :=   # and what they lean on
check_scripts := # likewise run, not compiled
guest_sources := # one each: what tests in guests need beside the programs
fuzzers     :=   # libFuzzer entry points
packages    := gcc make libc6-dev
LDLIBS      := -lm

rooms := board/room.mk audio/room.mk camera/room.mk runtime/room.mk overlays/room.mk \
         apps/room.mk tests/room.mk
include $(rooms)

objects = $(patsubst %.c,$(BUILD)/%.o,$(1))
# A word for each file; `make V=1` shows the commands.
say = @$(if $(V),:,echo "  $(1)")
Q  := $(if $(V),,@)
shared := $(BUILD)/libatoll.so.$(version)
static := $(BUILD)/libatoll.a
links  := $(BUILD)/libatoll.so.$(soversion) $(BUILD)/libatoll.so
binaries := $(patsubst apps/%.c,$(BUILD)/%,$(programs))
tests    := $(patsubst %.c,$(BUILD)/%,$(checks))
compiled_schemas := $(schemas:%.fbs=$(BUILD)/%.bfbs)
compiled_overlays := $(overlays:%.dts=$(BUILD)/%.dtbo)

all: $(links) $(binaries) $(compiled_schemas) $(compiled_overlays)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC    $<)
	$(Q)$(CC) $(cflags) -MMD -MP -c $< -o $@

# What is made of a list is made again when a list changes.
$(shared): $(call objects,$(lib)) $(rooms) libatoll.map
	$(call say,LINK  $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -shared -pthread -Wl,-soname,libatoll.so.$(soversion) \
		-Wl,--version-script=libatoll.map -Wl,--no-undefined \
		-Wl,-Bsymbolic-functions $(layout) \
		$(filter %.o,$^) $(LDLIBS) -o $@

$(links): $(shared)
	@ln -sf $(notdir $<) $@

$(static): $(call objects,$(lib)) $(rooms)
	@rm -f $@
	$(call say,AR    $@)
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

# Programs see what any user of the package sees: the doors and the .so. The
# ones in the build folder find it beside themselves, and models when they are
# started in the root of the tree. Of the parts they share each takes what it calls.
$(BUILD)/apps/%.o: isa = $(small) -ffunction-sections -fdata-sections

$(binaries): $(BUILD)/%: $(BUILD)/apps/%.o $(call objects,$(parts)) \
		$(BUILD)/apps/shipped_here.o $(links)
	$(call say,LINK  $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--gc-sections $(layout) -Wl,-rpath,'$$ORIGIN' \
		$(filter %.o,$^) -L$(BUILD) -latoll $(LDLIBS) -o $@

$(BUILD)/apps/shipped_here.o: apps/shipped.c
	@mkdir -p $(@D)
	$(call say,CC    $<)
	$(Q)$(CC) $(cflags) -UATOLL_DATADIR -DATOLL_DATADIR='"apps"' \
		-DATOLL_BOARDS='"board/boards"' -DATOLL_OVERLAYS='"$(BUILD)/overlays"' \
		-MMD -MP -c $< -o $@

$(BUILD)/installed/%: $(BUILD)/apps/%.o $(call objects,$(parts)) \
		$(BUILD)/apps/shipped.o $(links)
	@mkdir -p $(@D)
	$(call say,LINK  $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--gc-sections $(layout) $(filter %.o,$^) \
		-L$(BUILD) -latoll $(LDLIBS) -o $@

# Checks link the archive, so that they can also look inside a room.
$(tests): %: %.o $(BUILD)/tests/libcheck.a $(static)
	$(call say,LINK  $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -pthread $^ $(LDLIBS) $(check_libs) -o $@

$(BUILD)/tests/libcheck.a: $(call objects,$(check_parts)) $(rooms)
	@rm -f $@
	$(call say,AR    $@)
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

$(BUILD)/%.bfbs: %.fbs
	@mkdir -p $(@D)
	$(call say,FLATC $<)
	$(Q)flatc --binary --schema -o $(@D) $<

# dtc has words only for what is wrong.
define compile_tree
@mkdir -p $(@D)
$(call say,DTC   $<)
$(Q)words=$$(dtc -@ -I dts -O dtb -o $@ $< 2>&1) && [ -z "$$words" ] || \
	{ echo "$$words" >&2; exit 1; }
endef

$(BUILD)/%.dtbo: %.dts
	$(compile_tree)

$(BUILD)/%.dtb: %.dts
	$(compile_tree)

# Manual pages of section 3 are made of the headers.
header_pages := $(BUILD)/man/made

$(header_pages): $(headers) apps/man/header-pages.awk $(rooms)
	@rm -rf $(@D) && mkdir -p $(@D)
	$(call say,MAN   $(@D))
	$(Q)awk -f apps/man/header-pages.awk -v into=$(@D) -v date='$(manual_date)' $(headers)
	@touch $@

packages:
	@tests/packages.sh $(packages)

check: packages
	@$(MAKE) --no-print-directory BUILD=$(BUILD) check-built

check-built: all $(tests)
	@BUILD=$(BUILD) CC='$(CC)' RUN='$(RUN)' tests/run.sh $(tests) $(check_scripts)

# What dh_auto_test finds: the same, installing nothing.
test: check-built

sanitize := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
            -fno-omit-frame-pointer

check-asan: packages
	@$(MAKE) --no-print-directory BUILD=build-asan CFLAGS='$(sanitize)' check-built

# Of libfdt-dev one machine's can be there at a time; its headers serve both.
packages_arm64 := $(patsubst libfdt-dev,libfdt1,$(filter lib%-dev,$(filter-out libc6-dev,$(packages))))

packages-arm64:
	@tests/packages.sh --foreign arm64 device-tree-compiler flatbuffers-compiler qemu-user \
		gcc-aarch64-linux-gnu libc6-dev-arm64-cross libfdt-dev $(packages_arm64:%=%:arm64)

check-arm64: packages-arm64
	@$(MAKE) --no-print-directory BUILD=build-arm64 CC=aarch64-linux-gnu-gcc \
		RUN=qemu-aarch64 check-built

demo: packages
	@$(MAKE) --no-print-directory BUILD=$(BUILD) all
	@apps/demo/atoll-demo --tree=$(BUILD)

guest_tools := $(guest_sources:%.c=$(BUILD)/%)

$(guest_tools): %: %.o $(BUILD)/tests/libcheck.a $(static)
	$(call say,LINK  $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -pthread $^ $(LDLIBS) -o $@

guest-built: all $(guest_tools)

check-vm-quick:
	@tests/packages.sh $(packages) $(guest_packages)
	@$(MAKE) --no-print-directory BUILD=$(BUILD) guest-built
	@BUILD=$(BUILD) tests/vm/run uml $(TESTS)

check-vm: packages-arm64
	@tests/packages.sh $(guest_packages_arm64)
	@$(MAKE) --no-print-directory BUILD=build-arm64 CC=aarch64-linux-gnu-gcc guest-built
	@[ -n '$(TESTS)' ] || $(MAKE) --no-print-directory deb ARCH=arm64
	@[ -n '$(TESTS)' ] || $(MAKE) --no-print-directory apt-repo
	@BUILD=build-arm64 tests/vm/run 'arm64 board' $(TESTS)

check-power-cut: packages-arm64
	@tests/packages.sh $(guest_packages_arm64)
	@$(MAKE) --no-print-directory deb ARCH=arm64
	@CUTS='$(or $(CUTS),20)' tests/vm/power-cut

check-golden: packages
	@$(MAKE) --no-print-directory BUILD=$(BUILD) $(BUILD)/tests/test_golden
	@MODELS='$(MODELS)' GOLDEN='$(GOLDEN)' RUN='$(RUN)' tests/run.sh $(BUILD)/tests/test_golden

check-traces: packages
	@$(MAKE) --no-print-directory BUILD=$(BUILD) $(BUILD)/tests/test_traces
	@MODELS='$(MODELS)' TRACES='$(TRACES)' RUN='$(RUN)' tests/run.sh $(BUILD)/tests/test_traces

pairs_tests := test_pairs test_compiler_segment test_pipeline_cuts

check-pairs: packages
	@$(MAKE) --no-print-directory BUILD=$(BUILD) $(pairs_tests:%=$(BUILD)/tests/%)
	@MODELS='$(MODELS)' RUN='$(RUN)' tests/run.sh $(pairs_tests:%=$(BUILD)/tests/%)

isa_tests := test_isa_streams test_isa_caching test_emulator_silicon test_silicon_layers \
	test_silicon_core test_silicon_mac test_silicon_mesh test_silicon_moves \
	test_silicon_pipeline test_silicon_run test_compiler_silicon test_compiler_silicon_conv \
	test_compiler_silicon_dense

check-isa: packages
	@$(MAKE) --no-print-directory BUILD=$(BUILD) $(isa_tests:%=$(BUILD)/tests/%)
	@MODELS='$(MODELS)' RUN='$(RUN)' tests/run.sh $(isa_tests:%=$(BUILD)/tests/%)

check-teach: packages
	@$(MAKE) --no-print-directory BUILD=$(BUILD) $(BUILD)/tests/test_learn_cards
	@RUN='$(RUN)' tests/run.sh $(BUILD)/tests/test_learn_cards

check-web: packages
	@tests/packages.sh chromium chromium-driver curl jq
	@$(MAKE) --no-print-directory BUILD=$(BUILD) $(BUILD)/atoll-visiond
	@BUILD=$(BUILD) tests/run.sh tests/web/page.sh

# Debian 12 has libgpiod 1.6. Of another its package, unpacked anywhere, will do; it is
# linked as an archive, since nothing would find it later.
gpiod2_lib   := $(firstword $(wildcard $(addprefix $(GPIOD2)/lib/,libgpiod.a */libgpiod.a)))
gpiod2_parts := board/clock.c board/debounce.c board/error.c board/gpio.c board/gpio_chips.c \
	board/gpio_edges.c board/gpio_find.c board/gpio_holder.c board/gpio_libgpiod2.c \
	board/process.c
gpiod2_built := build-gpiod2/tests/test_board_gpio build-gpiod2/tests/vm/gpio

check-gpiod2:
	@if [ -z '$(GPIOD2)' ] || [ ! -f '$(gpiod2_lib)' ]; then \
		echo 'ok 1 - libgpiod 2 # SKIP there is none below GPIOD2=$(GPIOD2)'; \
		echo '0 passed, 0 failed, 1 skipped'; exit; fi; \
	tests/packages.sh $(packages) $(guest_packages) && \
	$(MAKE) --no-print-directory $(gpiod2_built) && \
	tests/run.sh build-gpiod2/tests/test_board_gpio && \
	BUILD=build-gpiod2 tests/vm/run uml tests/vm/gpio/*.sh

$(gpiod2_built): build-gpiod2/%: %.c $(gpiod2_parts) tests/fake_gpio.c tests/check.c
	@mkdir -p $(@D)
	$(call say,CC    $@)
	$(Q)$(CC) -isystem $(GPIOD2)/include $(cflags) $(LDFLAGS) $^ $(gpiod2_lib) -lcmocka -o $@

FUZZ_SECONDS ?= 60
fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all

fuzz-smoke:
	@tests/packages.sh $(packages) clang libclang-rt-14-dev
	@$(MAKE) --no-print-directory BUILD=build-fuzz CC=clang CFLAGS='$(fuzz)' fuzz-built

fuzz-built: $(fuzzers:%.c=$(BUILD)/%)
	@tests/fuzz.sh $(FUZZ_SECONDS) $^

$(fuzzers:%.c=$(BUILD)/%): %: %.o $(BUILD)/tests/libcheck.a $(static)
	$(call say,LINK  $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -pthread $^ $(LDLIBS) $(check_libs) -o $@

bench:
	@tests/packages.sh $(packages) libxnnpack-dev libpthreadpool-dev libyuv-dev \
		llvm clang gcc-aarch64-linux-gnu valgrind
	@$(MAKE) --no-print-directory BUILD=$(BUILD) all $(BUILD)/tests/bench/xnnpack \
		$(BUILD)/tests/bench/convert $(BUILD)/tests/bench/features \
		$(BUILD)/tests/bench/compile $(BUILD)/tests/bench/learn \
		$(BUILD)/tests/bench/listen $(BUILD)/tests/bench/live \
		$(BUILD)/tests/bench/pipeline $(BUILD)/tests/bench/serve $(BUILD)/tests/bench/tpu \
		$(BUILD)/tests/bench/visiond
	@BUILD=$(BUILD) tests/bench/run.sh

mca:
	@tests/packages.sh llvm gcc-aarch64-linux-gnu libc6-dev-arm64-cross
	@tests/bench/mca.sh

$(BUILD)/tests/bench/xnnpack: $(BUILD)/tests/bench/xnnpack.o $(static)
	$(call say,LINK  $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -pthread $^ -lXNNPACK $(LDLIBS) -o $@

$(BUILD)/tests/bench/convert: $(BUILD)/tests/bench/convert.o $(static)
	$(call say,LINK  $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -pthread $^ -lyuv $(LDLIBS) -o $@

$(BUILD)/tests/bench/compile $(BUILD)/tests/bench/features $(BUILD)/tests/bench/learn \
$(BUILD)/tests/bench/listen $(BUILD)/tests/bench/live $(BUILD)/tests/bench/pipeline \
$(BUILD)/tests/bench/serve $(BUILD)/tests/bench/tpu $(BUILD)/tests/bench/visiond: %: %.o \
		$(BUILD)/tests/libcheck.a $(static)
	$(call say,LINK  $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -pthread $^ $(LDLIBS) $(check_libs) -o $@

# Programs with a manual in section 8 are for administrators.
installed := $(binaries:$(BUILD)/%=$(BUILD)/installed/%)
daemons   := $(filter $(patsubst apps/man/%.8,$(BUILD)/installed/%,$(manuals)),$(installed))

fill_in = sed -e 's|@includedir@|$(includedir)|' -e 's|@libdir@|$(libdir)|' \
	-e 's|@sbindir@|$(sbindir)|' -e 's|@datadir@|$(datadir)|' -e 's|@libs@|$(LDLIBS)|' \
	-e 's|@version@|$(version)|'

install: all $(static) $(installed) $(header_pages)
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(sbindir) $(DESTDIR)$(libdir)/pkgconfig
	install -m 755 $(filter-out $(daemons),$(installed)) $(DESTDIR)$(bindir)
	install -m 755 $(daemons) $(DESTDIR)$(sbindir)
	install -m 644 $(shared) $(static) $(DESTDIR)$(libdir)
	cp -d $(links) $(DESTDIR)$(libdir)
	for file in $(manuals); do \
		install -D -m 644 -t $(DESTDIR)$(mandir)/man$${file##*.} $$file || exit 1; done
	install -d $(DESTDIR)$(mandir)/man3
	install -m 644 $(BUILD)/man/*.3 $(DESTDIR)$(mandir)/man3
	install -D -m 644 -t $(DESTDIR)$(completiondir) apps/completion/atoll
	for name in $(notdir $(installed)); do \
		ln -sf atoll $(DESTDIR)$(completiondir)/$$name || exit 1; done
	for file in $(headers); do \
		install -D -m 644 $$file $(DESTDIR)$(includedir)/$$file || exit 1; done
	for file in $(data); do \
		install -D -m 644 $$file $(DESTDIR)$(datadir)/$${file#*/} || exit 1; done
	install -d $(DESTDIR)$(datadir)/overlays
	install -m 644 $(compiled_overlays) $(DESTDIR)$(datadir)/overlays
	$(fill_in) apps/atoll.pc.in > $(DESTDIR)$(libdir)/pkgconfig/atoll.pc
	$(fill_in) apps/demo/atoll-demo > $(DESTDIR)$(bindir)/atoll-demo
	chmod 755 $(DESTDIR)$(bindir)/atoll-demo
	[ -n "$(DESTDIR)" ] || ldconfig

# What debian/control asks for beside what a build needs anyway.
this_machine := $(shell dpkg --print-architecture 2>/dev/null)
ARCH ?= $(this_machine)

packages-deb-$(this_machine): packages
	@tests/packages.sh build-essential debhelper dpkg-dev

packages-deb-%: packages packages-%
	@tests/packages.sh build-essential debhelper dpkg-dev pkgconf:$*

deb: packages-deb-$(ARCH)
	@tests/deb/build $(ARCH) build/deb/$(ARCH) $(VERSION)

check-deb: deb
	@tests/packages.sh apt-utils gpg gpg-agent lintian xz-utils
	@ARCH=$(ARCH) tests/run.sh tests/deb/packages.sh

apt-repo:
	@[ -d build/deb ] || $(MAKE) --no-print-directory deb
	@tests/packages.sh apt-utils gpg gpg-agent xz-utils
	@tests/deb/repository build/apt build/deb/*

clean:
	rm -rf build build-*

-include $(shell find $(BUILD) -name '*.d' -type f 2>/dev/null)

.PHONY: all apt-repo packages packages-arm64 check check-built check-deb check-asan check-arm64 check-web \
	check-power-cut check-vm check-vm-quick guest-built check-gpiod2 check-golden check-traces deb demo bench mca fuzz-smoke fuzz-built install test clean
.SECONDARY:
.DELETE_ON_ERROR:
