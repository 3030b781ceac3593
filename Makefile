# corridord: build, test, install.
#
#   make            the daemon: $(BUILD)/corridord
#   make demo       the main job, shown in half a minute (installs what it lacks)
#   make check      all tests (installs what they lack)
#   make check-rig  the daemon in a machine of its own: real kernel, lines, power cuts
#   make check-bare  both commands on a Debian that has nothing but git, make and apt
#   make bench      figures, beside a peer or the bare library (installs what it lacks)
#   make install    into DESTDIR; see the variables below
#   make deb        Debian packages in $(BUILD)/deb, for this Debian, and this architecture or ARCH
#   make check-package  packages of Debian 12 and 13: upgraded, taken back, removed, for other architectures, in an arm64 machine
#   make dist       the release's tarball in $(BUILD), from what is committed
#   make sbom       what each package links, in $(BUILD)/*.cdx.json (CycloneDX)
#   make lint       clang-format, clang-tidy, shellcheck;   make fmt   format the code
#   make fuzz       each fuzzer for FUZZ_SECONDS
#   make deps       only install the Debian packages that all of these need
#
# Variables of a packager:
#   DESTDIR          staging root of `make install`
#   PREFIX           default /usr
#   SYSCONFDIR       default /etc
#   UNITDIR          default $(PREFIX)/lib/systemd/system
#   NO_MANUAL=1      no manual pages: what was built prints one of them, and may not run here
#   CC CFLAGS CPPFLAGS LDFLAGS   as usual; what the code needs is added to them
# Variables of a developer:
#   BUILD            build folder, default build
#   SAN              sanitizers: address,undefined or thread
#   WERROR=1         warnings are errors
#   V=1              print whole commands
#   PYTHON           Debian's interpreter, for the tests
#   TESTS            for `make check`: pytest arguments, default tests/system
#   RIG_TESTS        for `make check-rig`: the same, default tests/rig
#   TOGETHER         tests at a time, default 4: most of them wait, most of the time
#   RIG_TOGETHER     machines of the rig at a time, default 2: one file of tests each
#   SUITE            for `make check-bare`: which Debian, default trixie (13)
#   SUITES           for `make check-package`: the same, default bookworm trixie
#   ARCH             for `make deb`: another architecture of Debian's (doc/operations.md)
#   LINT_NODES       how far clang's analyzer follows a function, default 75000; it takes 225000 by itself,
#                    and three times as long
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
PYTEST      = $(PYTHON) -m pytest -q -rs $(if $(CI),--durations=15)
# With AGAIN=2 only those tests are run that failed the last time, where each stands by itself.
REMEMBER    = -o cache_dir=$(abspath $(BUILD))/pytest-$@ $(if $(filter 2,$(AGAIN)),--last-failed)
RIG_TESTS  ?= tests/rig
BARE_TESTS ?= $(patsubst %,tests/bare/test_%.py,commands package upgrade)
PACKAGE_TESTS ?= $(patsubst %,tests/bare/test_%.py,package upgrade first_start cross board release)
TOGETHER   ?= 4
RIG_TOGETHER ?= 2
SUITE      ?= trixie
SUITES     ?= bookworm trixie
FUZZ_SECONDS ?= 60
LINT_NODES ?= 75000

VERSION := 0.1.0
# Of the checkout, or as a package's source was made from.
COMMIT  := $(or $(file <COMMIT),$(shell git rev-parse --short=12 HEAD 2>/dev/null))
Q       := $(if $(V),,@)
# For a make within: all processors, unless the one around it was told how many.
PARALLEL = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

# ---- packages ------------------------------------------------------------------------

LIBS := libmodbus libgpiod sqlite3 hogweed gmp nettle jansson libpcre2-8 expat
# What speaks to the network is a program of its own, and links nothing of these but nettle.
UPLINK_LIBS := libmosquitto libssl libcrypto libseccomp libzstd nettle
# So is what hears devices over a network.
READERS_LIBS := libmosquitto libmicrohttpd libssl libcrypto libseccomp nettle libpcre2-8 expat
# The evidence key is in a program that has nothing else.
SIGNER_LIBS := libcrypto libseccomp nettle
# What judges a list of events knows neither the journal's library nor MQTT's.
VERIFY_LIBS := libcrypto jansson nettle
# Nor does the technician's tool, which speaks to the daemon alone.
CTL_LIBS := jansson libmodbus hogweed gmp nettle
BUILD_PACKAGES := gcc libc6-dev pkg-config libev-dev libmodbus-dev libgpiod-dev \
                  libmosquitto-dev libmicrohttpd-dev libssl-dev libseccomp-dev libzstd-dev libsqlite3-dev \
                  nettle-dev libgmp-dev libjansson-dev libpcre2-dev libexpat1-dev
DEMO_PACKAGES  := $(BUILD_PACKAGES) mosquitto python3 python3-paho-mqtt python3-pymodbus
# Tests that need 100 MB for a promtool, or keys in a token and in a TPM, both made of software, are run
# where these are. Debian 12 has no provider for PKCS #11.
CI_PACKAGES    := prometheus softhsm2 opensc swtpm tpm2-openssl tpm2-tools \
                  $(if $(findstring VERSION_ID="12",$(file </etc/os-release)),libengine-pkcs11-openssl,pkcs11-provider)
CHECK_PACKAGES := $(DEMO_PACKAGES) libcmocka-dev python3-pytest python3-serial-asyncio \
                  python3-pytest-xdist python3-jsonschema python3-cryptography openssl socat zstd \
                  $(if $(CI),$(CI_PACKAGES))
RIG_PACKAGES   := $(CHECK_PACKAGES) qemu-system-x86 busybox-static kmod xz-utils \
                  qemu-system-arm qemu-user-static gcc-aarch64-linux-gnu \
                  gcc-arm-linux-gnueabihf systemd-container mmdebstrap e2fsprogs f2fs-tools \
                  dmsetup gpiod
DEB_PACKAGES   := debhelper dpkg-dev build-essential \
                  $(if $(ARCH),crossbuild-essential-$(ARCH) qemu-user-static pkgconf:$(ARCH) \
                  $(addsuffix :$(ARCH),$(filter %-dev,$(BUILD_PACKAGES))),$(BUILD_PACKAGES))
BARE_PACKAGES  := python3-pytest mmdebstrap systemd-container mosquitto python3-paho-mqtt
PACKAGE_PACKAGES := $(RIG_PACKAGES)
DEV_PACKAGES   := $(CHECK_PACKAGES) clang libclang-rt-dev clang-format clang-tidy shellcheck

# $(call install-packages,LIST): those that are not there yet, with a word to the user.
install-packages = @BUILD=$(BUILD) sh tests/build/packages.sh install $(1)

# ---- what is built -------------------------------------------------------------------

GPIOD := $(shell $(PKG_CONFIG) --atleast-version=2 libgpiod 2>/dev/null && echo 2 || echo 1)

WARNINGS   := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
              -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wformat=2
HARDEN     := -fstack-protector-strong $(if $(SAN)$(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),,-D_FORTIFY_SOURCE=2)
SANITIZE   := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
# Asked once.
PKG_CFLAGS  = $(eval PKG_CFLAGS := $$(shell $(PKG_CONFIG) --cflags $(LIBS) $(UPLINK_LIBS) $(READERS_LIBS) 2>/dev/null))$(PKG_CFLAGS)
UPLINK_PKG_LIBS = $(eval UPLINK_PKG_LIBS := $$(shell $(PKG_CONFIG) --libs $(UPLINK_LIBS) 2>/dev/null))$(UPLINK_PKG_LIBS)
READERS_PKG_LIBS = $(eval READERS_PKG_LIBS := $$(shell $(PKG_CONFIG) --libs $(READERS_LIBS) 2>/dev/null))$(READERS_PKG_LIBS)
SIGNER_PKG_LIBS = $(eval SIGNER_PKG_LIBS := $$(shell $(PKG_CONFIG) --libs $(SIGNER_LIBS) 2>/dev/null))$(SIGNER_PKG_LIBS)
VERIFY_PKG_LIBS = $(eval VERIFY_PKG_LIBS := $$(shell $(PKG_CONFIG) --libs $(VERIFY_LIBS) 2>/dev/null))$(VERIFY_PKG_LIBS)
CTL_PKG_LIBS = $(eval CTL_PKG_LIBS := $$(shell $(PKG_CONFIG) --libs $(CTL_LIBS) 2>/dev/null))$(CTL_PKG_LIBS)
# A start reads all relocations, and those pages stay: packed, where linker and C library can do that, they
# take a kilobyte instead of 60.
PACK_FLAG  := -Wl,-z,pack-relative-relocs
PACKED      = $(eval PACKED := $$(shell printf '\043include <features.h>\n\043if !__GLIBC_PREREQ(2,36)\n\043error\n\043endif\n' \
              | $(CC) $(CPPFLAGS) $(CFLAGS) -nostdlib -shared -Wl,--fatal-warnings $(PACK_FLAG) -x c - -o /dev/null 2>/dev/null \
              && echo $(PACK_FLAG)))$(PACKED)
PKG_LIBS    = $(eval PKG_LIBS := $$(shell $(PKG_CONFIG) --libs $(LIBS) 2>/dev/null))$(PKG_LIBS)
# Without contraction a value times its scale is the same number on every machine.
ALL_CFLAGS  = -std=gnu11 -ffp-contract=off -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DVERSION='"$(VERSION)"' \
              -iquote daemon -iquote drivers -iquote . -fPIE -pthread -MMD -MP \
              $(WARNINGS) $(HARDEN) $(SANITIZE) $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pthread -pie -Wl,-z,relro $(PACKED) $(SANITIZE) $(LDFLAGS)
LDLIBS      = $(PKG_LIBS) -lev -lm
UPLINK_LDLIBS = $(UPLINK_PKG_LIBS)
READERS_LDLIBS = $(READERS_PKG_LIBS) -lm
SIGNER_LDLIBS = $(SIGNER_PKG_LIBS)
VERIFY_LDLIBS = $(VERIFY_PKG_LIBS)
CTL_LDLIBS    = $(CTL_PKG_LIBS) -lm
# Where things are installed, for the few files that ask.
ALL_PLACES  = -DSYSCONFDIR='"$(SYSCONFDIR)"' -DDATADIR='"$(PREFIX)/share/corridord"' -DLIBEXECDIR='"$(PREFIX)/libexec"'
PLACED     := $(addprefix $(BUILD)/,daemon/main.o daemon/config/build_profile.o daemon/base/child.o signer/key.o ctl/main.o ctl/likeness.o ctl/scan.o tests/unit/test_config_bad.o)

# Folders of C, three deep at most.
ROOMS      := daemon $(patsubst %/,%,$(wildcard daemon/*/ daemon/*/*/) drivers $(wildcard drivers/*/))
SOURCES    := $(filter-out daemon/main.c daemon/clock_main.c drivers/gpio/v1.c drivers/gpio/v2.c, \
              $(wildcard $(addsuffix /*.c,$(ROOMS)))) drivers/gpio/v$(GPIOD).c
# What programs that speak to the network share.
NET_SOURCES := $(wildcard net/*.c)
UPLINK_SOURCES := $(filter-out uplink/main.c,$(wildcard uplink/*.c))
READERS_SOURCES := $(filter-out readers/main.c,$(wildcard readers/*.c))
SIGNER_SOURCES := $(wildcard signer/*.c)
VERIFY_SOURCES := $(wildcard verify/*.c)
CTL_SOURCES := $(wildcard ctl/*.c)
OBJECTS    := $(SOURCES:%.c=$(BUILD)/%.o)
FAKE_CLOCK := $(filter-out $(BUILD)/daemon/base/clock.o $(BUILD)/daemon/evidence/keys.o,$(OBJECTS)) $(BUILD)/tests/fake/clock.o
UNIT_RIG   := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/unit/rig/*.c))
TRACES     := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/traces/*.c))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test_*.c))
TEST_TOOLS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/tools/*.c))
BENCHES    := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/bench/*.c))
FUZZERS    := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

PROGRAMS   := $(addprefix $(BUILD)/,corridord corridord-uplink corridord-readers corridord-signer corridord-clock corridorctl corridor-verify)

all: $(PROGRAMS)

$(BUILD)/corridord: $(BUILD)/daemon/main.o $(BUILD)/libcorridor.a
	@$(if $(V),:,echo '  LD    $@')
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/corridord-uplink: $(BUILD)/uplink/main.o $(BUILD)/libuplink.a $(BUILD)/libnet.a $(BUILD)/libcorridor.a
	@$(if $(V),:,echo '  LD    $@')
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(UPLINK_LDLIBS)

$(BUILD)/libuplink.a: $(UPLINK_SOURCES:%.c=$(BUILD)/%.o)
$(BUILD)/libreaders.a: $(READERS_SOURCES:%.c=$(BUILD)/%.o)
$(BUILD)/libnet.a: $(NET_SOURCES:%.c=$(BUILD)/%.o)

$(BUILD)/corridord-readers: $(BUILD)/readers/main.o $(BUILD)/libreaders.a $(BUILD)/libnet.a $(BUILD)/libcorridor.a
	@$(if $(V),:,echo '  LD    $@')
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(READERS_LDLIBS)

$(BUILD)/corridord-signer: $(SIGNER_SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/libcorridor.a
	@$(if $(V),:,echo '  LD    $@')
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(SIGNER_LDLIBS)

$(BUILD)/corridor-verify: $(VERIFY_SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/libcorridor.a
	@$(if $(V),:,echo '  LD    $@')
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(VERIFY_LDLIBS)

$(BUILD)/corridord-clock: $(BUILD)/daemon/clock_main.o $(BUILD)/libcorridor.a
	@$(if $(V),:,echo '  LD    $@')
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^

$(BUILD)/corridorctl: $(CTL_SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/libcorridor.a
	@$(if $(V),:,echo '  LD    $@')
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(CTL_LDLIBS)

$(BUILD)/corridord-fakeclock: $(BUILD)/daemon/main.o $(FAKE_CLOCK)
	@$(if $(V),:,echo '  LD    $@')
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/libcorridor.a: $(OBJECTS)
$(BUILD)/libunitrig.a: $(UNIT_RIG)
$(BUILD)/libtraces.a: $(TRACES)
$(BUILD)/%.a:
	@rm -f $@
	$(Q)$(AR) qcs $@ $^

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@$(if $(V),:,echo '  CC    $<')
	$(Q)$(CC) $(ALL_CFLAGS) $(PLACES) $(if $(WERROR),-Werror) -c -o $@ $<

$(BUILD)/uplink/packer.o: $(wildcard schema/*.zdict)

$(PLACED): PLACES = $(ALL_PLACES)
$(PLACED): $(BUILD)/places

# $(call keep,TEXT): the target holds this text, and is touched when that has changed. Then what
# was built otherwise is built anew.
define keep
	$(shell mkdir -p $(@D))$(file >$@.new,$(1))@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
endef

# What cannot be built for want of packages is told; what is found in another way is not missing.
$(BUILD)/flags: FORCE
	@{ printf '\043include <ev.h>\n' | $(CC) $(CPPFLAGS) $(CFLAGS) -E - && $(PKG_CONFIG) --exists $(LIBS) $(UPLINK_LIBS) $(READERS_LIBS); } \
	  >/dev/null 2>&1 || sh tests/build/packages.sh missing $(BUILD_PACKAGES)
	$(call keep,$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(LDLIBS))

$(BUILD)/daemon/base/version.o: PLACES = -DCOMMIT='$(if $(COMMIT)," ($(COMMIT))","")'
$(BUILD)/daemon/base/version.o: $(BUILD)/commit
$(BUILD)/commit: FORCE
	$(call keep,$(COMMIT))

$(BUILD)/places: FORCE
	$(call keep,$(ALL_PLACES))

$(BUILD)/tests/fake/%.so: tests/fake/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) -shared -fPIC -D_GNU_SOURCE $(WARNINGS) -Wno-missing-prototypes $(CFLAGS) -o $@ $<

$(BUILD)/tests/unit/test_uplink_connect: | $(BUILD)/tests/fake/names.so
$(BUILD)/tests/unit/test_uplink_connect.o: CPPFLAGS += -DNAMES_LIBRARY='"$(abspath $(BUILD))/tests/fake/names.so"'

# They start these programs as the daemon does: from beside themselves.
BESIDE := $(BUILD)/corridord-uplink $(BUILD)/corridord-readers
link-beside = @ln -sf $(abspath $(BESIDE)) $(@D)/

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libunitrig.a $(BUILD)/libtraces.a $(BUILD)/libuplink.a $(BUILD)/libreaders.a $(BUILD)/libnet.a $(BUILD)/libcorridor.a | $(BESIDE)
	@$(if $(V),:,echo '  LD    $@')
	$(link-beside)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS) $(UPLINK_LDLIBS) $(READERS_LDLIBS) -lcmocka

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/libtraces.a $(BUILD)/libuplink.a $(BUILD)/libreaders.a $(BUILD)/libnet.a $(BUILD)/libcorridor.a | $(BESIDE)
	@$(if $(V),:,echo '  LD    $@')
	$(link-beside)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS) $(UPLINK_LDLIBS) $(READERS_LDLIBS) -lcmocka

# ---- tests ---------------------------------------------------------------------------

check:
	$(call install-packages,$(CHECK_PACKAGES))
	@$(MAKE) --no-print-directory $(PARALLEL) build-tests
	@$(MAKE) --no-print-directory unit-tests
	@$(MAKE) --no-print-directory system-tests

build-tests: $(PROGRAMS) $(BUILD)/corridord-fakeclock $(UNIT_TESTS) $(TEST_TOOLS) $(BENCHES)

unit-tests: $(UNIT_TESTS)
	@bash tests/side_by_side.sh $(TOGETHER) $(^:%="$(if $(RUN),$(RUN) )%")

system-tests: $(PROGRAMS) $(BUILD)/corridord-fakeclock $(TEST_TOOLS)
	CORRIDORD=$(abspath $(BUILD)/corridord) BUILD=$(abspath $(BUILD)) \
	$(PYTEST) $(REMEMBER) $(if $(filter-out 1,$(TOGETHER)),-n $(TOGETHER)) $(TESTS)

# What cannot be installed here is told, and the tests that need it are skipped; with CI=true
# they fail.
check-rig:
	@$(MAKE) --no-print-directory -s rig-packages || echo "the rig's packages cannot all be installed"
	@$(MAKE) --no-print-directory rig-tests

rig-packages:
	$(call install-packages,$(RIG_PACKAGES))

rig-tests: $(PROGRAMS) $(TEST_TOOLS)
	CORRIDORD=$(abspath $(BUILD)/corridord) BUILD=$(abspath $(BUILD)) \
	$(PYTEST) $(REMEMBER) $(if $(filter-out 1,$(RIG_TOGETHER)),-n $(RIG_TOGETHER) --dist loadfile) $(RIG_TESTS)

# As check-rig.
check-bare:
	@$(MAKE) --no-print-directory -s bare-packages || echo "what this needs cannot all be installed"
	BUILD=$(abspath $(BUILD)) SUITE=$(SUITE) \
	$(PYTEST) -p no:cacheprovider $(BARE_TESTS)

bare-packages:
	$(call install-packages,$(BARE_PACKAGES))

# As check-rig. What of it CI runs too, check-bare has.
check-package:
	@$(MAKE) --no-print-directory -s package-packages || echo "what this needs cannot all be installed"
	for suite in $(SUITES); do BUILD=$(abspath $(BUILD)) SUITE=$$suite \
	  $(PYTEST) -p no:cacheprovider $(PACKAGE_TESTS) || exit; done

package-packages:
	$(call install-packages,$(BARE_PACKAGES) $(PACKAGE_PACKAGES))

demo:
	$(call install-packages,$(DEMO_PACKAGES))
	@$(MAKE) --no-print-directory -s $(PARALLEL) $(PROGRAMS) $(BUILD)/corridord-fakeclock
	@BUILD=$(abspath $(BUILD)) $(PYTHON) -B tests/demo/demo.py

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
	@$(MAKE) --no-print-directory BUILD=$(FUZZ_BUILD) CC=clang SAN=$(FUZZ_SAN) $(FUZZ_BUILD)/libcorridor.a \
	  $(FUZZ_BUILD)/libuplink.a $(FUZZ_BUILD)/libreaders.a $(FUZZ_BUILD)/libnet.a

$(FUZZERS): fuzz-library
	@mkdir -p $(FUZZ_BUILD)/corpus/$@
	@$(MAKE) --no-print-directory BUILD=$(FUZZ_BUILD) CC=clang SAN=$(FUZZ_SAN) $(FUZZ_BUILD)/tests/fuzz/$@.o
	clang -fsanitize=fuzzer,address,undefined -pie -pthread -o $(FUZZ_BUILD)/$@ \
	  $(FUZZ_BUILD)/tests/fuzz/$@.o $(FUZZ_BUILD)/libuplink.a $(FUZZ_BUILD)/libreaders.a \
	  $(FUZZ_BUILD)/libnet.a $(FUZZ_BUILD)/libcorridor.a $(LDLIBS) $(UPLINK_LDLIBS) $(READERS_LDLIBS)
	$(FUZZ_BUILD)/$@ -max_total_time=$(FUZZ_SECONDS) -timeout=10 -verbosity=0 \
	  -artifact_prefix=$(FUZZ_BUILD)/ $(FUZZ_BUILD)/corpus/$@ $(wildcard tests/fuzz/seeds/$(@:fuzz_%=%))

# ---- code --------------------------------------------------------------------------------

C_FILES = $(shell git ls-files '*.c' '*.h')

lint:
	$(call install-packages,$(DEV_PACKAGES))
	clang-format --dry-run -Werror $(C_FILES)
	@$(MAKE) --no-print-directory $(PARALLEL) -O tidy
	shellcheck .ci/run debian/sbom.sh $(wildcard tests/*.sh tests/*/*.sh)

TIDY := $(addprefix tidy/,$(SOURCES) $(NET_SOURCES) $(UPLINK_SOURCES) $(READERS_SOURCES) $(SIGNER_SOURCES) $(VERIFY_SOURCES) $(CTL_SOURCES) daemon/main.c daemon/clock_main.c uplink/main.c readers/main.c)

tidy: $(TIDY)

$(TIDY): tidy/%:
	@$(if $(V),:,echo '  TIDY  $*')
	$(Q)clang-tidy --quiet $* -- $(filter-out -MMD -MP,$(ALL_CFLAGS)) $(ALL_PLACES) \
	  -Xclang -analyzer-config -Xclang max-nodes=$(LINT_NODES)

fmt:
	clang-format -i $(C_FILES)

# From the events of the traces; what has another id is another file, the old ones stay.
dictionary:
	$(PYTHON) schema/train.py doc/events.md tests/traces schema/corridord-40001.zdict

deps:
	$(call install-packages,$(DEV_PACKAGES))

# ---- installation ------------------------------------------------------------------------

install: $(PROGRAMS) $(if $(NO_MANUAL),,install-manual)
	install -D -m 755 $(BUILD)/corridord $(DESTDIR)$(PREFIX)/sbin/corridord
	install -D -m 755 $(BUILD)/corridorctl $(DESTDIR)$(PREFIX)/bin/corridorctl
	install -D -m 755 $(BUILD)/corridor-verify $(DESTDIR)$(PREFIX)/bin/corridor-verify
	install -D -m 755 $(BUILD)/corridord-clock $(DESTDIR)$(PREFIX)/libexec/corridord-clock
	install -D -m 755 $(BUILD)/corridord-uplink $(DESTDIR)$(PREFIX)/libexec/corridord-uplink
	install -D -m 755 $(BUILD)/corridord-readers $(DESTDIR)$(PREFIX)/libexec/corridord-readers
	install -D -m 755 $(BUILD)/corridord-signer $(DESTDIR)$(PREFIX)/libexec/corridord-signer
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
	install -D -m 644 systemd/corridord.catalog $(DESTDIR)$(PREFIX)/lib/systemd/catalog/corridord.catalog
	install -D -m 644 systemd/60-corridord.rules $(DESTDIR)$(PREFIX)/lib/udev/rules.d/60-corridord.rules
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/corridord/schema schema/*.json schema/*.zdict
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/corridord/registry etc/registry/*.jsonl
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/corridord/prometheus etc/prometheus/*.yml etc/prometheus/*.json
	install -D -m 644 ctl/corridorctl.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/corridorctl

install-manual: $(BUILD)/corridord
	install -D -m 644 doc/corridor-verify.1 $(DESTDIR)$(PREFIX)/share/man/man1/corridor-verify.1
	install -D -m 644 doc/corridorctl.1 $(DESTDIR)$(PREFIX)/share/man/man1/corridorctl.1
	install -D -m 644 doc/corridord.8 $(DESTDIR)$(PREFIX)/share/man/man8/corridord.8
	install -d $(DESTDIR)$(PREFIX)/share/man/man5
	{ cat doc/corridord.conf.5.in; $(RUN) $(BUILD)/corridord --print-manual; } \
	  > $(DESTDIR)$(PREFIX)/share/man/man5/corridord.conf.5

# ---- packages and releases -----------------------------------------------------------

SBOMS := $(patsubst %,$(BUILD)/%.cdx.json,corridord corridorctl corridor-verify)

sbom: $(SBOMS)

$(BUILD)/corridord.cdx.json: $(filter-out %/corridorctl %/corridor-verify,$(PROGRAMS))
$(BUILD)/corridorctl.cdx.json: $(BUILD)/corridorctl
$(BUILD)/corridor-verify.cdx.json: $(BUILD)/corridor-verify
$(SBOMS): debian/sbom.sh debian/licences
	$(Q)CC="$(CC)" VERSION="$(VERSION)" COMMIT="$(COMMIT)" sh debian/sbom.sh $(@F:.cdx.json=) \
	  $(filter $(BUILD)/%,$^) >$@.new && mv $@.new $@

# In a copy, so that nothing of it is left in the source. Its tests are `make check`.
DEB_SOURCE = $(BUILD)/deb/corridord-$(VERSION)

deb:
	$(call install-packages,$(DEB_PACKAGES))
	rm -rf $(BUILD)/deb
	mkdir -p $(DEB_SOURCE)
	tar -c --exclude=./.git --exclude=./build --exclude=./$(BUILD) . | tar -x -C $(DEB_SOURCE)
	echo "$(COMMIT)" > $(DEB_SOURCE)/COMMIT
	cd $(DEB_SOURCE) && env -u MAKEFLAGS -u MAKELEVEL -u BUILD -u ARCH \
	  DEB_BUILD_PROFILES="$(if $(ARCH),cross )nocheck" DEB_BUILD_OPTIONS="nocheck parallel=$(shell nproc)" \
	  dpkg-buildpackage --build=binary --no-sign $(if $(ARCH),--host-arch=$(ARCH))
	rm -rf $(DEB_SOURCE)

# Twice the same, on whatever machine: names, rights and times are those of the commit. Beside it the
# recipes of contrib/, with its sum.
DIST := corridord-$(VERSION)

dist:
	@git diff --quiet HEAD || echo "what is not committed is not in it"
	@mkdir -p $(BUILD)/dist
	@printf '%s\n' "$$(git rev-parse --short=12 HEAD)" > $(BUILD)/dist/COMMIT && chmod 644 $(BUILD)/dist/COMMIT
	git -c tar.umask=0022 archive --format=tar --prefix=$(DIST)/ --add-file=$(BUILD)/dist/COMMIT HEAD \
	  | gzip -9n > $(BUILD)/dist/$(DIST).tar.gz
	cd $(BUILD)/dist && sha256sum $(DIST).tar.gz | tee $(DIST).tar.gz.sha256
	rm -rf $(BUILD)/dist/contrib && cp -r contrib $(BUILD)/dist/contrib
	for there in yocto/corridord/files buildroot/dl; do \
	  install -D -m 644 -t $(BUILD)/dist/contrib/$$there $(BUILD)/dist/$(DIST).tar.gz; done
	sed -i "s/@SHA256@/$$(cut -d' ' -f1 $(BUILD)/dist/$(DIST).tar.gz.sha256)/" $$(grep -rl @SHA256@ $(BUILD)/dist/contrib)

clean:
	rm -rf $(BUILD)

.PHONY: all install-manual check check-bare bare-packages check-rig rig-packages rig-tests build-tests unit-tests system-tests demo bench run-bench tidy $(TIDY) fuzz fuzz-library $(FUZZERS) lint fmt dictionary deps \
        install deb dist sbom check-package package-packages clean FORCE
.SECONDARY:
-include $(OBJECTS:.o=.d) $(UPLINK_SOURCES:%.c=$(BUILD)/%.d) $(NET_SOURCES:%.c=$(BUILD)/%.d) $(READERS_SOURCES:%.c=$(BUILD)/%.d) $(BUILD)/readers/main.d $(CTL_SOURCES:%.c=$(BUILD)/%.d) $(SIGNER_SOURCES:%.c=$(BUILD)/%.d) $(VERIFY_SOURCES:%.c=$(BUILD)/%.d) $(BUILD)/uplink/main.d $(UNIT_RIG:.o=.d) $(TRACES:.o=.d) $(UNIT_TESTS:=.d) $(TEST_TOOLS:=.d) $(BENCHES:=.d) $(BUILD)/daemon/main.d \
         $(BUILD)/daemon/clock_main.d
