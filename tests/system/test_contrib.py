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
    assert "features_check" in recipe.inherits and recipe.value("REQUIRED_DISTRO_FEATURES") == "systemd"
    units = {path.name for path in (ROOT / "systemd").glob("*.service")}
    assert set(recipe.value("SYSTEMD_SERVICE:${PN}").split()) == units


def test_the_package_of_buildroot(libraries):
    show = "show: ; @echo $(CORRIDORD_DEPENDENCIES) $(CORRIDORD_SOURCE) $(CORRIDORD_VERSION)"
    about = made("--eval", "generic-package =", "-f", BUILDROOT / "corridord.mk", "--eval", show, "show")
    *depends, version = about  # the tarball's name is what Buildroot takes for it unasked
    assert version == VERSION and f"  corridord-{VERSION}.tar.gz" in (BUILDROOT / "corridord.hash").read_text()
    wanted = {PACKAGES.get(name, name) for name in libraries}
    assert set(depends) - {"host-pkgconf"} == wanted
    config = (BUILDROOT / "Config.in").read_text()
    selected = re.findall(r"^\tselect BR2_PACKAGE_(\w+)$", config, re.MULTILINE)
    assert {name.lower() for name in selected} == wanted
    for line in config.splitlines():
        assert re.match(r"(config|comment) |\t(bool|depends on|select|help)\b|\t\t|\t  |$", line), line
    assert hashlib.sha256(LICENSE).hexdigest() in (BUILDROOT / "corridord.hash").read_text()


# Of the packages that are selected: what they depend on themselves, in Buildroot's own tree (2024.02 to 2026.08), and
# choices there that would be ours to lose by.
CONDITIONS = {
    "!BR2_STATIC_LIBS": "gnutls, the daemon's own processes",
    "BR2_USE_WCHAR": "gnutls",
    "BR2_PACKAGE_LIBSECCOMP_ARCH_SUPPORTS": "libseccomp",
    "!BR2_PACKAGE_LIBGPIOD": "libgpiod2",
    "!BR2_PACKAGE_SQLITE_NO_SYNC": "sqlite: no fsync, evidence would go with the power",
}


def test_what_buildroots_packages_depend_on_is_depended_on():
    config = (BUILDROOT / "Config.in").read_text()
    entry = config[: config.index("\ncomment ")]
    depends = set(re.findall(r"^\tdepends on (\S+)", entry, re.MULTILINE))
    assert depends >= set(CONDITIONS)
    assert "BR2_TOOLCHAIN_HEADERS_AT_LEAST_5_13" in depends  # Landlock; libgpiod2 wants 5.10
    # LibreSSL, the other one of that choice, has no OSSL_STORE_open().
    assert "\tselect BR2_PACKAGE_OPENSSL_FORCE_LIBOPENSSL" in entry
    # What is not there to be chosen says why.
    told = re.findall(r'^comment "corridord needs .*"\n((?:\t.*\n)+)', config, re.MULTILINE)
    for condition in depends:
        name = condition.lstrip("!")
        assert any(name in text for text in told) or condition == "BR2_USE_MMU", condition


def test_the_files_are_as_buildroots_own_check_of_packages_wants_them():
    """Its utils/check-package, as far as it can find anything in such files."""
    mk = (BUILDROOT / "corridord.mk").read_text()
    rule = "#" * 80
    assert mk.startswith(f"{rule}\n#\n# corridord\n#\n{rule}\n\n")
    assert "CORRIDORD_SOURCE" not in mk  # what it would be anyway
    assert not re.search(r"^ |\$\{|\s\s\\$|[ \t]$", mk, re.MULTILINE)
    named = set(re.findall(r"^(?:define )?([A-Z0-9]+)_[A-Z0-9_]+", mk, re.MULTILINE))
    assert named == {"CORRIDORD"}
    config = (BUILDROOT / "Config.in").read_text()
    help_ = config[config.index("\thelp\n") + 6 : config.index("\ncomment ")]
    assert all(re.match(r"\t  \S.{,61}$", line) for line in help_.strip("\n").splitlines())
    order = ["bool", "depends", "select", "help"]
    seen = re.findall(r"^\t(bool|depends|select|help)\b", config[: config.index("\ncomment ")], re.MULTILINE)
    assert seen == sorted(seen, key=order.index)
    for line in (BUILDROOT / "corridord.hash").read_text().splitlines():
        assert line.startswith("#") or re.fullmatch(r"sha256  ([0-9a-f]{64}|@SHA256@)  \S+", line), line


# ---- nettle 4, which Yocto's newest releases have and no Debian has yet ----

NETTLE_4 = ("-DNETTLE_VERSION_H_INCLUDED", "-DNETTLE_VERSION_MAJOR=4", "-DNETTLE_USE_MINI_GMP=0")
NETTLE_4_SHA2 = """#define NETTLE_SHA2_H_INCLUDED
#include <stddef.h>
#include <stdint.h>
#define SHA256_DIGEST_SIZE 32
struct sha256_ctx { uint32_t state[8]; };
void sha256_init(struct sha256_ctx *ctx);
void sha256_update(struct sha256_ctx *ctx, size_t length, const uint8_t *data);
void sha256_digest(struct sha256_ctx *ctx, uint8_t *digest);
"""


def test_sums_are_made_by_nettle_4_too(tmp_path):
    (tmp_path / "nettle").mkdir()
    (tmp_path / "nettle/sha2.h").write_text(NETTLE_4_SHA2)
    flags = ("-std=gnu11", "-D_GNU_SOURCE", "-Werror", "-fsyntax-only", f"-I{tmp_path}", *NETTLE_4)
    places = ("-iquote", ROOT / "daemon", "-iquote", ROOT)
    tops = ("daemon", "readers", "uplink", "verify", "signer", "ctl", "net")
    users = [path for top in tops for path in (ROOT / top).rglob("*.c") if "sha256_init" in path.read_text()]
    assert users
    subprocess.run(["gcc", *flags, *places, *users], check=True)
