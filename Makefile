# corridord: build, test, install. `make help` lists the targets.
#
# Variables a packager sets:
#   DESTDIR          staging root of `make install`
#   PREFIX           default /usr
#   SYSCONFDIR       default /etc
#   UNITDIR          default $(PREFIX)/lib/systemd/system
#   CC CFLAGS LDFLAGS  as usual; what the code needs is added to them
# Variables a developer sets:
#   BUILD            build folder, default build
#   SAN              sanitizers: address,undefined or thread
#   WERROR=1         warnings are errors (what CI does)
#   PYTHON           Debian's interpreter, for the tests

PREFIX     ?= /usr
SYSCONFDIR ?= /etc
UNITDIR    ?= $(PREFIX)/lib/systemd/system
BUILD      ?= build
CC         := $(if $(filter default,$(origin CC)),gcc,$(CC))
CFLAGS     ?= -O2 -g
PKG_CONFIG ?= pkg-config
PYTHON     ?= /usr/bin/python3

VERSION    := 0.1.0
LIBS       := libsystemd libmodbus libgpiod libmosquitto sqlite3 libconfuse nettle
GPIOD      := $(shell $(PKG_CONFIG) --atleast-version=2 libgpiod 2>/dev/null && echo 2 || echo 1)

WARNINGS   := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
              -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wformat=2 \
              $(if $(WERROR),-Werror)
SANITIZE   := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
ALL_CFLAGS  = -std=gnu11 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DSYSCONFDIR='"$(SYSCONFDIR)"' \
              -DDATADIR='"$(PREFIX)/share/corridord"' -Idaemon -fPIE -pthread -MMD -MP \
              $(WARNINGS) $(SANITIZE) $(shell $(PKG_CONFIG) --cflags $(LIBS)) $(CFLAGS)
ALL_LDFLAGS = -pthread -pie $(SANITIZE) $(LDFLAGS)
LDLIBS      = $(shell $(PKG_CONFIG) --libs $(LIBS)) -lm

SOURCES    := $(filter-out daemon/main.c,$(wildcard daemon/*.c daemon/transit/*.c)) \
              $(filter-out drivers/gpio_v1.c drivers/gpio_v2.c,$(wildcard drivers/*.c)) \
              drivers/gpio_v$(GPIOD).c
OBJECTS    := $(SOURCES:%.c=$(BUILD)/%.o)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test_*.c))

all: $(BUILD)/corridord

$(BUILD)/corridord: $(BUILD)/daemon/main.o $(BUILD)/libcorridor.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/libcorridor.a: $(OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libcorridor.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

unit-tests: $(UNIT_TESTS)
	@set -e; for t in $(UNIT_TESTS); do $$t; done

clean:
	rm -rf $(BUILD)

.PHONY: all unit-tests clean
.SECONDARY:
-include $(OBJECTS:.o=.d) $(UNIT_TESTS:=.d) $(BUILD)/daemon/main.d
