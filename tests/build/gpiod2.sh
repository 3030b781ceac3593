#!/bin/sh
# Builds corridord against libgpiod 2 and runs the GPIO tests with it, on a machine whose own
# libgpiod is 1. The library comes from Debian 13's packages, unpacked to one side: apt
# works in folders of its own, with the machine's mirrors and credentials, and the system's
# packages are not touched.
#
#   tests/build/gpiod2.sh [FOLDER]    default $BUILD/gpiod2; what is in it is used again
#
# Exit 0: it works. 77: cannot be tried here, the last line says why. Else: it is broken.
set -eu

SUITE=trixie
PACKAGES="libgpiod-dev libgpiod3"
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

top=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "${1:-${BUILD:-$top/build}/gpiod2}"
work=$(cd "${1:-${BUILD:-$top/build}/gpiod2}" && pwd)
root=$work/root

skip() {
	echo "skipped: $*"
	exit 77
}

# The first archive of Debian's own that the machine takes packages from.
mirror() {
	# shellcheck disable=SC2016 # apt's own placeholders
	apt-get indextargets --format '$(ORIGIN)|$(COMPONENT)|$(REPO_URI)' 'Created-By: Packages' |
		sed -n 's/^Debian|main|//p' | grep -v security | head -n 1
}

configure_apt() {
	uri=$(mirror)
	[ -n "$uri" ] || skip "apt knows no archive of Debian (apt-get update?)"
	[ -r "$KEYRING" ] || skip "no $KEYRING"
	mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
	: >"$work/apt/status"
	echo "deb [signed-by=$KEYRING] $uri $SUITE main" >"$work/apt/sources.list"
	cat >"$work/apt/apt.conf" <<-END
		Dir::Etc::sourcelist "$work/apt/sources.list";
		Dir::Etc::sourceparts "-";
		Dir::Etc::parts "/etc/apt/apt.conf.d";
		Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
		Dir::State "$work/apt";
		Dir::State::status "$work/apt/status";
		Dir::Cache "$work/apt/cache";
		APT::Sandbox::User "root";
	END
}

fetch() {
	command -v apt-get >/dev/null || skip "no apt-get"
	configure_apt
	export APT_CONFIG="$work/apt/apt.conf"
	apt-get -q update || skip "the package lists of $SUITE cannot be had"
	rm -rf "$work/debs"
	mkdir -p "$work/debs"
	# shellcheck disable=SC2086 # a list
	(cd "$work/debs" && apt-get -q download $PACKAGES) || skip "$PACKAGES cannot be had"
	unset APT_CONFIG
	rm -rf "$root.new"
	for deb in "$work"/debs/*.deb; do
		dpkg -x "$deb" "$root.new"
	done
	mv "$root.new" "$root"
}

# A pkg-config file that points into the unpacked packages.
point_there() {
	pc=$(find "$root" -name libgpiod.pc)
	mkdir -p "$work/pkgconfig"
	sed "s,^prefix=.*,prefix=$root/usr," "$pc" >"$work/pkgconfig/libgpiod.pc"
	libdir=$(dirname "$(dirname "$pc")")
	export PKG_CONFIG_PATH="$work/pkgconfig"
}

if "${PKG_CONFIG:-pkg-config}" --atleast-version=2 libgpiod; then
	echo "this machine's own libgpiod is 2: all tests are with it"
	exit 0
fi
[ -d "$root" ] || fetch
point_there
unset MAKEFLAGS MFLAGS
tests="test_gpio test_gpio_edges test_gpio_library"
targets="$work/build/corridord $work/build/corridord-uplink"
for t in $tests; do
	targets="$targets $work/build/tests/unit/$t"
done
# shellcheck disable=SC2086 # a list
make -C "$top" -j2 --no-print-directory BUILD="$work/build" WERROR=1 $targets

readelf -d "$work/build/corridord" | grep -q 'libgpiod\.so\.3' || {
	echo "corridord was not linked with libgpiod 2"
	exit 1
}
for t in $tests; do
	echo "== $t"
	LD_LIBRARY_PATH=$libdir "$work/build/tests/unit/$t"
done
