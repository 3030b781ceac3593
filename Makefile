# corridord: build, test, install.
#
#   make            the daemon: $(BUILD)/corridord
#   make demo       the main job, shown in half a minute (installs what it lacks)
#   make check      all tests (installs what they lack)
#   make check-rig  the daemon in a machine of its own: real kernel, lines, power cuts
#   make bench      figures, beside a peer or the bare library (installs what it lacks)
#   make install    into DESTDIR; see the variables below
#   make lint       clang-format, clang-tidy, shellcheck;   make fmt   format the code
#   make fuzz       each fuzzer for FUZZ_SECONDS
#   make deps       only install the Debian packages that all of these need
#
# Variables of a packager:
#   DESTDIR          staging root of `make install`
#   PREFIX           default /usr
#   SYSCONFDIR       default /etc
#   UNITDIR          default $(PREFIX)/lib/systemd/system
#   CC CFLAGS CPPFLAGS LDFLAGS   as usual; what the code needs is added to them
# Variables of a developer:
#   BUILD            build folder, default build
#   SAN              sanitizers: address,undefined or thread
#   WERROR=1         warnings are errors
#   V=1              print whole commands
#   PYTHON           Debian's interpreter, for the tests
#   TESTS            for `make check`: pytest arguments, default tests/system
#   RIG_TESTS        for `make check-rig`: the same, default tests/rig
#   RUN              put before what was built and is run: an emulator, for another architecture
# Another architecture: its compiler, and its packages unpacked in ROOT, as tests/rig/test_arm.py
# does: PKG_CONFIG_SYSROOT_DIR=ROOT PKG_CONFIG_LIBDIR=ROOT/usr/lib/TRIPLET/pkgconfig make \
#   CC="TRIPLET-gcc --sysroot=ROOT" AR=TRIPLET-ar RUN="qemu-aarch64-static -L ROOT" unit-tests

PREFIX     ?= /usr
SYSCONFDIR ?= /etc
UNITDIR    ?= $(PREFIX)/lib/systemd/system
BUILD      ?= build
CFLAGS     ?= -O2 -g
PKG_CONFIG ?= pkg-config
PYTHON     ?= /usr/bin/python3
TESTS      ?= tests/system
RIG_TESTS  ?= tests/rig
FUZZ_SECONDS ?= 60

VERSION := 0.1.0
Q       := $(if $(V),,@)

# ---- packages ------------------------------------------------------------------------

LIBS := libmodbus libgpiod libmosquitto sqlite3 libconfuse nettle jansson
BUILD_PACKAGES := gcc libc6-dev pkg-config libev-dev libmodbus-dev libgpiod-dev \
                  libmosquitto-dev libsqlite3-dev libconfuse-dev nettle-dev \
                  libjansson-dev
DEMO_PACKAGES  := $(BUILD_PACKAGES) mosquitto python3 python3-paho-mqtt python3-pymodbus
CHECK_PACKAGES := $(DEMO_PACKAGES) libcmocka-dev python3-pytest python3-serial-asyncio \
                  python3-jsonschema openssl socat
RIG_PACKAGES   := $(CHECK_PACKAGES) qemu-system-x86 busybox-static kmod xz-utils \
                  qemu-system-arm qemu-user-static gcc-aarch64-linux-gnu \
                  gcc-arm-linux-gnueabihf systemd-container mmdebstrap e2fsprogs f2fs-tools \
                  dmsetup gpiod zstd
DEV_PACKAGES   := $(CHECK_PACKAGES) clang libclang-rt-dev clang-format clang-tidy shellcheck

# $(call install-packages,LIST): those that are not there yet, with a word to the user.
install-packages = @missing=; for p in $(1); do \
  dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || \
  dpkg-query -W -f='$${Provides} ' 2>/dev/null | grep -qw $$p || missing="$$missing $$p"; done; \
  if [ -n "$$missing" ]; then echo "installing:$$missing"; \
  as=; [ "$$(id -u)" = 0 ] || as=sudo; \
  $$as apt-get -q -o DPkg::Lock::Timeout=120 update >/dev/null && \
  $$as env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 \
    install --no-install-recommends $$missing >/dev/null; fi

# ---- what is built -------------------------------------------------------------------

GPIOD := $(shell $(PKG_CONFIG) --atleast-version=2 libgpiod 2>/dev/null && echo 2 || echo 1)

WARNINGS   := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
              -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wformat=2 \
              $(if $(WERROR),-Werror)
HARDEN     := -fstack-protector-strong $(if $(SAN),,-D_FORTIFY_SOURCE=2)
SANITIZE   := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
# Without contraction a value times its scale is the same number on every machine.
ALL_CFLAGS  = -std=gnu11 -ffp-contract=off -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DVERSION='"$(VERSION)"' -DSYSCONFDIR='"$(SYSCONFDIR)"' \
              -DDATADIR='"$(PREFIX)/share/corridord"' -Idaemon -fPIE -pthread -MMD -MP \
              $(WARNINGS) $(HARDEN) $(SANITIZE) $(shell $(PKG_CONFIG) --cflags $(LIBS)) \
              $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pthread -pie -Wl,-z,relro $(SANITIZE) $(LDFLAGS)
LDLIBS      = $(shell $(PKG_CONFIG) --libs $(LIBS)) -lev -lm

SOURCES    := $(filter-out daemon/main.c daemon/clock_main.c,$(wildcard daemon/*.c daemon/transit/*.c)) \
              $(filter-out drivers/gpio_v1.c drivers/gpio_v2.c,$(wildcard drivers/*.c)) \
              drivers/gpio_v$(GPIOD).c
OBJECTS    := $(SOURCES:%.c=$(BUILD)/%.o)
FAKE_CLOCK := $(filter-out $(BUILD)/daemon/clock.o,$(OBJECTS)) $(BUILD)/tests/fake/clock.o
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test_*.c))
TEST_TOOLS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/tools/*.c))
BENCHES    := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/bench/*.c))
FUZZERS    := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

all: $(BUILD)/corridord $(BUILD)/corridord-clock

$(BUILD)/corridord: $(BUILD)/daemon/main.o $(BUILD)/libcorridor.a
	@$(if $(V),:,echo '  LD    $@')
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/corridord-clock: $(BUILD)/daemon/clock_main.o $(BUILD)/libcorridor.a
	@$(if $(V),:,echo '  LD    $@')
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^

$(BUILD)/corridord-fakeclock: $(BUILD)/daemon/main.o $(FAKE_CLOCK)
	@$(if $(V),:,echo '  LD    $@')
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/libcorridor.a: $(OBJECTS)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@$(if $(V),:,echo '  CC    $<')
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/libcorridor.a
	@$(if $(V),:,echo '  LD    $@')
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

# ---- tests ---------------------------------------------------------------------------

check:
	$(call install-packages,$(CHECK_PACKAGES))
	@$(MAKE) --no-print-directory unit-tests system-tests

build-tests: $(BUILD)/corridord $(BUILD)/corridord-clock $(BUILD)/corridord-fakeclock $(UNIT_TESTS) $(TEST_TOOLS) $(BENCHES)

unit-tests: $(UNIT_TESTS)
	@failed=; for t in $^; do echo "== $${t##*/}"; $(RUN) $$t || failed="$$failed $${t##*/}"; done; \
	[ -z "$$failed" ] || { echo "failed:$$failed"; exit 1; }

system-tests: $(BUILD)/corridord $(BUILD)/corridord-clock $(BUILD)/corridord-fakeclock $(TEST_TOOLS)
	CORRIDORD=$(abspath $(BUILD)/corridord) BUILD=$(abspath $(BUILD)) \
	$(PYTHON) -m pytest -p no:cacheprovider -q $(TESTS)

# What cannot be installed here is told, and the tests that need it are skipped; with CI=true
# they fail.
check-rig:
	@$(MAKE) --no-print-directory -s rig-packages || echo "the rig's packages cannot all be installed"
	@$(MAKE) --no-print-directory rig-tests

rig-packages:
	$(call install-packages,$(RIG_PACKAGES))

rig-tests: $(BUILD)/corridord $(BUILD)/corridord-clock $(TEST_TOOLS)
	CORRIDORD=$(abspath $(BUILD)/corridord) BUILD=$(abspath $(BUILD)) \
	$(PYTHON) -m pytest -p no:cacheprovider -q -rs $(RIG_TESTS)

demo:
	$(call install-packages,$(DEMO_PACKAGES))
	@$(MAKE) --no-print-directory -s $(BUILD)/corridord-fakeclock
	@BUILD=$(abspath $(BUILD)) $(PYTHON) tests/demo/demo.py

bench:
	$(call install-packages,$(CHECK_PACKAGES))
	@$(MAKE) --no-print-directory run-bench

run-bench: $(BUILD)/corridord $(BENCHES)
	CORRIDORD=$(abspath $(BUILD)/corridord) BUILD=$(abspath $(BUILD)) $(PYTHON) tests/bench/run.py

# The library is built once with the fuzzer's instrumentation, each fuzzer linked against it.
FUZZ_BUILD := $(BUILD)/fuzz
FUZZ_SAN   := fuzzer-no-link,address,undefined

fuzz: $(FUZZERS)

fuzz-library:
	@$(MAKE) --no-print-directory BUILD=$(FUZZ_BUILD) CC=clang SAN=$(FUZZ_SAN) $(FUZZ_BUILD)/libcorridor.a

$(FUZZERS): fuzz-library
	@mkdir -p $(FUZZ_BUILD)/corpus/$@
	@$(MAKE) --no-print-directory BUILD=$(FUZZ_BUILD) CC=clang SAN=$(FUZZ_SAN) $(FUZZ_BUILD)/tests/fuzz/$@.o
	clang -fsanitize=fuzzer,address,undefined -pie -pthread -o $(FUZZ_BUILD)/$@ \
	  $(FUZZ_BUILD)/tests/fuzz/$@.o $(FUZZ_BUILD)/libcorridor.a $(LDLIBS)
	$(FUZZ_BUILD)/$@ -max_total_time=$(FUZZ_SECONDS) -timeout=10 -verbosity=0 \
	  -artifact_prefix=$(FUZZ_BUILD)/ $(FUZZ_BUILD)/corpus/$@ $(wildcard tests/fuzz/seeds/$(@:fuzz_%=%))

# ---- code --------------------------------------------------------------------------------

C_FILES = $(shell git ls-files '*.c' '*.h')

lint:
	$(call install-packages,$(DEV_PACKAGES))
	clang-format --dry-run -Werror $(C_FILES)
	clang-tidy --quiet $(SOURCES) daemon/main.c daemon/clock_main.c -- $(filter-out -MMD -MP,$(ALL_CFLAGS))
	shellcheck .ci/run $(wildcard tests/*/*.sh)

fmt:
	clang-format -i $(C_FILES)

deps:
	$(call install-packages,$(DEV_PACKAGES))

# ---- installation ------------------------------------------------------------------------

install: $(BUILD)/corridord $(BUILD)/corridord-clock
	install -D -m 755 $(BUILD)/corridord $(DESTDIR)$(PREFIX)/sbin/corridord
	install -D -m 755 $(BUILD)/corridord-clock $(DESTDIR)$(PREFIX)/libexec/corridord-clock
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/corridord/profiles etc/profiles/*.conf
	install -d $(DESTDIR)$(SYSCONFDIR)/corridord/conf.d $(DESTDIR)$(SYSCONFDIR)/corridord/profiles
	[ -e $(DESTDIR)$(SYSCONFDIR)/corridord/corridord.conf ] || install -m 644 \
	  etc/corridord.conf $(DESTDIR)$(SYSCONFDIR)/corridord/corridord.conf
	install -d $(DESTDIR)$(UNITDIR)
	sed -e 's,/usr/sbin,$(PREFIX)/sbin,; s,/etc/corridord/corridord.conf,$(SYSCONFDIR)/corridord/corridord.conf,' \
	  systemd/corridord.service > $(DESTDIR)$(UNITDIR)/corridord.service
	sed -e 's,/usr/libexec,$(PREFIX)/libexec,' \
	  systemd/corridord-clock.service > $(DESTDIR)$(UNITDIR)/corridord-clock.service
	install -D -m 644 systemd/corridord.sysusers.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/corridord.conf
	install -D -m 644 systemd/corridord.tmpfiles.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/corridord.conf
	install -D -m 644 systemd/corridord.modules-load.conf $(DESTDIR)$(PREFIX)/lib/modules-load.d/corridord.conf
	install -D -m 644 systemd/60-corridord.rules $(DESTDIR)$(PREFIX)/lib/udev/rules.d/60-corridord.rules
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/corridord/schema schema/*.json
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/corridord/registry etc/registry/*.jsonl
	install -D -m 644 doc/corridord.8 $(DESTDIR)$(PREFIX)/share/man/man8/corridord.8
	install -d $(DESTDIR)$(PREFIX)/share/man/man5
	{ cat doc/corridord.conf.5.in; $(RUN) $(BUILD)/corridord --print-manual; } \
	  > $(DESTDIR)$(PREFIX)/share/man/man5/corridord.conf.5

clean:
	rm -rf $(BUILD)

.PHONY: all check check-rig rig-packages rig-tests build-tests unit-tests system-tests demo bench run-bench fuzz fuzz-library $(FUZZERS) lint fmt deps \
        install clean
.SECONDARY:
-include $(OBJECTS:.o=.d) $(UNIT_TESTS:=.d) $(TEST_TOOLS:=.d) $(BENCHES:=.d) $(BUILD)/daemon/main.d \
         $(BUILD)/daemon/clock_main.d
