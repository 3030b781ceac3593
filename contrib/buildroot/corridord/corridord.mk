################################################################################
#
# corridord
#
################################################################################

CORRIDORD_VERSION = 0.1.0
# Where you keep releases: the tarball of `make dist`.
CORRIDORD_SITE = $(BR2_EXTERNAL_CORRIDORD_PATH)/dl
CORRIDORD_SITE_METHOD = file
CORRIDORD_LICENSE = Apache-2.0
CORRIDORD_LICENSE_FILES = LICENSE

CORRIDORD_DEPENDENCIES = \
	host-pkgconf \
	expat gmp jansson libev libgpiod2 libmicrohttpd libmodbus libseccomp mosquitto nettle \
	openssl pcre2 sqlite zstd

# A manual page is printed by what was built, which does not run here.
CORRIDORD_MAKE_OPTS = \
	$(TARGET_CONFIGURE_OPTS) \
	PREFIX=/usr \
	SYSCONFDIR=/etc \
	NO_MANUAL=1

define CORRIDORD_BUILD_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) $(CORRIDORD_MAKE_OPTS) -C $(@D) all
endef

define CORRIDORD_INSTALL_TARGET_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) $(CORRIDORD_MAKE_OPTS) -C $(@D) \
		DESTDIR=$(TARGET_DIR) install
endef

define CORRIDORD_USERS
	corridord -1 corridord -1 * /var/lib/corridord - dialout,gpio Border checkpoint gateway
endef

$(eval $(generic-package))
