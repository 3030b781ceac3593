SUMMARY = "Border checkpoint gateway: seals and barriers to MQTT"
DESCRIPTION = "Reads electronic seals, barriers and contacts over Modbus and GPIO, keeps what \
happened in a journal that outlives power cuts, and publishes it over MQTT."
HOMEPAGE = "https://example.invalid/corridord"
SECTION = "net"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57"

# The tarball of `make dist`: in a folder "files" beside this recipe, or where you keep releases.
CORRIDORD_URI ?= "file://corridord-${PV}.tar.gz"
SRC_URI = "${CORRIDORD_URI}"
SRC_URI[sha256sum] = "@SHA256@"

DEPENDS = "expat gmp jansson libev libgpiod libmicrohttpd libmodbus libpcre2 libseccomp mosquitto nettle openssl sqlite3 zstd"

inherit features_check pkgconfig systemd useradd

# Without it nothing would start the daemon, give it its devices, or end it when it hangs.
REQUIRED_DISTRO_FEATURES = "systemd"

# A manual page is printed by what was built, which does not run here.
EXTRA_OEMAKE = "PREFIX=${prefix} SYSCONFDIR=${sysconfdir} UNITDIR=${systemd_system_unitdir} NO_MANUAL=1"

do_compile() {
    oe_runmake all
}

do_install() {
    oe_runmake install DESTDIR=${D}
}

PACKAGES =+ "corridorctl corridor-verify"

FILES:corridorctl = "${bindir}/corridorctl ${datadir}/bash-completion"
FILES:corridor-verify = "${bindir}/corridor-verify"
FILES:${PN} += "${libexecdir} ${nonarch_libdir}/systemd/catalog ${nonarch_libdir}/sysusers.d ${nonarch_libdir}/tmpfiles.d \
    ${nonarch_libdir}/modules-load.d ${nonarch_libdir}/udev ${systemd_system_unitdir}"

CONFFILES:${PN} = "${sysconfdir}/corridord/corridord.conf"

RRECOMMENDS:${PN} = "corridorctl kernel-module-usbserial kernel-module-ftdi-sio kernel-module-cp210x \
    kernel-module-ch341 kernel-module-pl2303 kernel-module-cdc-acm"

USERADD_PACKAGES = "${PN}"
GROUPADD_PARAM:${PN} = "--system gpio; --system corridord"
USERADD_PARAM:${PN} = "--system --no-create-home --home-dir ${localstatedir}/lib/corridord \
    --shell ${base_sbindir}/nologin --gid corridord --groups dialout,gpio corridord"

SYSTEMD_SERVICE:${PN} = "corridord.service corridord-clock.service"
# A site without a name records nothing: enable it in the image that has the configuration.
SYSTEMD_AUTO_ENABLE = "disable"
