"""The recipes of contrib/, and Debian's, name what this source links, its version and its licence. That they build
shows `make check-package`."""

import hashlib
import re
import subprocess

import pytest
from rig.daemon import ROOT
from rig.recipe import Recipe

VERSION = re.search(r"^VERSION := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
BUILDROOT = ROOT / "contrib/buildroot/corridord"
LICENSE = (ROOT / "LICENSE").read_bytes()
# What pkg-config knows by another name.
YOCTO = {"hogweed": "nettle", "libpcre2-8": "libpcre2", "libmosquitto": "mosquitto", "libssl": "openssl",
         "libcrypto": "openssl", "libzstd": "zstd"}  # fmt: skip
PACKAGES = {"hogweed": "nettle", "libgpiod": "libgpiod2", "libpcre2-8": "pcre2", "libmosquitto": "mosquitto",
            "libssl": "openssl", "libcrypto": "openssl", "libzstd": "zstd",
            "sqlite3": "sqlite"}  # fmt: skip


def made(*arguments):
    done = subprocess.run(
        ["make", "-s", *arguments], env={"PATH": "/usr/bin:/bin"}, check=True,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return done.stdout.split()


@pytest.fixture(scope="module")
def libraries():
    """pkg-config's names of what the Makefile links."""
    every = sorted(set(re.findall(r"^(\w*LIBS) := ", (ROOT / "Makefile").read_text(), re.MULTILINE)))
    shown = " ".join(f"$({name})" for name in every)
    return {*made("-C", ROOT, "--eval", f"show: ; @echo {shown}", "show"), "libev"}


def test_debians_packages_are_built_of_what_the_makefile_installs():
    control = (ROOT / "debian/control").read_text()
    needs = re.search(r"^Build-Depends:(.*?)^\S", control, re.MULTILINE | re.DOTALL)[1]
    named = set(re.findall(r"[\w.+-]+-dev\b", needs)) - {"libcmocka-dev"}
    installed = made("-C", ROOT, "--eval", "show: ; @echo $(BUILD_PACKAGES)", "show")
    assert named == {name for name in installed if name.endswith("-dev")} - {"libc6-dev"}


def test_the_recipe_of_yocto(libraries):
    (path,) = (ROOT / "contrib/yocto").rglob("*.bb")
    recipe = Recipe(path)
    assert path.name == f"corridord_{VERSION}.bb"
    wanted = {YOCTO.get(name, name) for name in libraries}
    assert set(recipe.value("DEPENDS").split()) == wanted
    sum_ = hashlib.md5(LICENSE).hexdigest()
    assert recipe.value("LIC_FILES_CHKSUM") == f"file://LICENSE;md5={sum_}"
    assert recipe.value("SRC_URI") == f"file://corridord-{VERSION}.tar.gz"
    assert "--groups dialout,gpio" in recipe.value("USERADD_PARAM:${PN}")
    units = {path.name for path in (ROOT / "systemd").glob("*.service")}
    assert set(recipe.value("SYSTEMD_SERVICE:${PN}").split()) == units


def test_the_package_of_buildroot(libraries):
    show = "show: ; @echo $(CORRIDORD_DEPENDENCIES) $(CORRIDORD_SOURCE) $(CORRIDORD_VERSION)"
    about = made("--eval", "generic-package =", "-f", BUILDROOT / "corridord.mk", "--eval", show, "show")
    *depends, source, version = about
    assert (source, version) == (f"corridord-{VERSION}.tar.gz", VERSION)
    wanted = {PACKAGES.get(name, name) for name in libraries}
    assert set(depends) - {"host-pkgconf"} == wanted
    config = (BUILDROOT / "Config.in").read_text()
    selected = re.findall(r"^\tselect BR2_PACKAGE_(\w+)$", config, re.MULTILINE)
    assert {name.lower() for name in selected} == wanted
    for line in config.splitlines():
        assert re.match(r"(config|comment) |\t(bool|depends on|select|help)\b|\t\t|\t  |$", line), line
    assert hashlib.sha256(LICENSE).hexdigest() in (BUILDROOT / "corridord.hash").read_text()
