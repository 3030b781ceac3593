#!/bin/sh
# The Debian packages that a make target needs.
#
#   packages.sh missing PACKAGE...   1 if some are not installed; says how they are
#   packages.sh install PACKAGE...   installs what is not there, as root or through sudo
#
# Debian runs mosquitto as a service as soon as its package is there, and at each boot. The
# tests need the program alone: that service is neither started nor enabled. What was brought is
# noted in $BUILD/packages, for whoever wants to be rid of it.
set -eu

POLICY=/usr/sbin/policy-rc.d # asked by Debian before it starts a service

missing_of() {
	installed=$(dpkg-query -W -f='${db:Status-Abbrev} ${Package} ${Package}:${Architecture} ${Provides}\n' 2>/dev/null |
		sed -n 's/^.i //p' | tr -cs 'a-z0-9.+:-' '\n') || true
	for package; do
		printf '%s\n' "$installed" | grep -qxF -e "$package" || printf '%s ' "$package"
	done
}

tell_how() {
	echo "not installed here: $*"
	command -v apt-get >/dev/null || {
		echo "these are the names of Debian's packages, and there is no apt-get"
		return
	}
	if [ "$(id -u)" = 0 ]; then
		echo "install them:"
	else
		echo "as root, install them:"
	fi
	echo "    apt-get update"
	echo "    apt-get install --no-install-recommends $*"
}

may_sudo() {
	command -v sudo >/dev/null || return 1
	sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }
}

keep_broker_still() {
	[ ! -e "$POLICY" ] || return 0
	trap 'rm -f "$POLICY"' EXIT
	# shellcheck disable=SC2016 # the other script's
	printf '#!/bin/sh\n[ "${1%%.service}" != mosquitto ] || exit 101\n' >"$POLICY"
	chmod 755 "$POLICY"
}

forget_broker() {
	if [ -d /run/systemd/system ]; then
		systemctl --quiet disable --now mosquitto.service
	else
		deb-systemd-helper disable mosquitto.service >/dev/null 2>&1 || true
		update-rc.d mosquitto disable >/dev/null 2>&1 || true
	fi
	echo "mosquitto is there as a program alone, not as a service: systemctl enable --now mosquitto"
}

install_as_root() {
	export DEBIAN_FRONTEND=noninteractive
	broker=$(printf '%s\n' "$@" | grep -x mosquitto || true)
	[ -z "$broker" ] || keep_broker_still
	apt-get -q -o DPkg::Lock::Timeout=120 update >/dev/null
	apt-get -q -y -o DPkg::Lock::Timeout=120 install --no-install-recommends "$@" >/dev/null
	[ -z "$broker" ] || forget_broker
}

install() {
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		sh "$0" --as-root "$@"
	elif may_sudo; then
		sudo sh "$0" --as-root "$@"
	else
		tell_how "$@"
		exit 1
	fi
	mkdir -p "${BUILD:-build}"
	printf '%s\n' "$@" >>"${BUILD:-build}/packages"
}

what=$1
shift
# shellcheck disable=SC2046 # names, parted by blanks
[ "$what" = --as-root ] || set -- $(missing_of "$@")
[ $# -gt 0 ] || exit 0
case $what in
missing)
	tell_how "$@" >&2
	exit 1
	;;
install)
	echo "installing: $*"
	install "$@"
	;;
--as-root)
	install_as_root "$@"
	;;
esac
