"""A release: its tarball, its bill of materials held against CycloneDX's schema, and the recipes of
contrib/, which are run here as their build systems would: with a plain cross compiler, a folder of the
target's libraries, and the variables that they set."""

import fnmatch
import hashlib
import json
import os
import re
import shutil
import tarfile
from pathlib import Path

import jsonschema
import pytest
from lib.availability import or_skip
from lib.cross import Target
from lib.debian import Unavailable, run
from rig.recipe import Recipe

from machine import TOP

VERSION = re.search(r"^VERSION := (.*)$", (TOP / "Makefile").read_text(), re.MULTILINE)[1]
BUILD = Path(os.environ.get("BUILD", TOP / "build")).resolve()
NAME = f"corridord-{VERSION}"
# As a make that runs this does not say to others.
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
SCHEMAS = "@cyclonedx/cyclonedx-library@10.3.0"
ARM64 = b"\x7fELF\x02"


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """The folder that `make dist` fills."""
    if not (TOP / ".git").exists() or not shutil.which("git"):
        pytest.skip("this is no checkout")
    return dist(tmp_path_factory.mktemp("release"))


def dist(build):
    run("make", "-s", "-C", TOP, f"BUILD={build}", "dist", env=ENVIRONMENT)
    return build / "dist"


@pytest.fixture(scope="module")
def staging():
    """Variables of a build for arm64, as both build systems pass them."""
    target = or_skip(lambda: Target("arm64", BUILD / "rig"))
    triplet = target.architecture.triplet
    return {
        "CC": f"{triplet}-gcc --sysroot={target.root}",
        "AR": f"{triplet}-ar",
        "CFLAGS": "-O2 -pipe",
        "PKG_CONFIG_SYSROOT_DIR": str(target.root),
        "PKG_CONFIG_LIBDIR": f"{target.root}/usr/lib/{triplet}/pkgconfig",
    }


@pytest.fixture
def unpacked(release, tmp_path):
    with tarfile.open(release / f"{NAME}.tar.gz") as tar:
        tar.extractall(tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return tmp_path / NAME


# ---- the tarball ----


def test_it_is_made_twice_the_same_and_says_its_commit(release, unpacked, tmp_path):
    again = dist(tmp_path / "again")
    name = f"{NAME}.tar.gz"
    assert (again / name).read_bytes() == (release / name).read_bytes()
    commit = run("git", "-C", TOP, "rev-parse", "--short=12", "HEAD").strip()
    assert (unpacked / "COMMIT").read_text().strip() == commit
    names = run("git", "-C", TOP, "ls-tree", "-r", "--name-only", "HEAD").split("\n")
    assert all((unpacked / name).exists() for name in names if name)


def test_the_recipes_beside_it_have_its_sum(release):
    tar = (release / f"{NAME}.tar.gz").read_bytes()
    for beside in (release / "contrib").rglob("*.tar.gz"):
        assert beside.read_bytes() == tar
    for recipe in ("yocto/corridord/corridord_0.1.0.bb", "buildroot/corridord/corridord.hash"):
        text = (release / "contrib" / recipe.replace("0.1.0", VERSION)).read_text()
        assert hashlib.sha256(tar).hexdigest() in text and "@SHA256@" not in text


# ---- Yocto ----


@pytest.fixture
def recipe(release):
    (path,) = (release / "contrib/yocto").rglob("*.bb")
    assert path.name == f"corridord_{VERSION}.bb"
    return Recipe(path)


def test_the_recipe_builds_for_arm64_and_packages_every_file_once(recipe, unpacked, staging, tmp_path):
    image = tmp_path / "image"
    variables = "\n".join(f"export {name}='{value}'" for name, value in recipe.FOLDERS.items())
    tasks = recipe.bodies["do_compile"] + recipe.bodies["do_install"]
    oe_runmake = f'oe_runmake() {{ make -j2 {recipe.value("EXTRA_OEMAKE")} "$@"; }}'
    script = f"set -e\n{variables}\nD={image}\n{oe_runmake}\n{tasks}"
    run("sh", "-c", script, cwd=unpacked, env=ENVIRONMENT | staging)
    check_image(image)
    for file in installed(image):
        owners = [
            package
            for package, patterns in recipe.packages().items()
            if any(fnmatch.fnmatch(file, p) or file.startswith(f"{p}/") for p in patterns)
        ]
        assert owners, f"{file} is installed and in no package"
        assert len(owners) == 1 or owners[0] != "corridord", f"{file}: {owners}"


def installed(image):
    return sorted("/" + str(path.relative_to(image)) for path in image.rglob("*") if path.is_file())


def check_image(image):
    helpers = [f"libexec/corridord-{name}" for name in ("uplink", "readers", "signer", "clock")]
    for program in ("sbin/corridord", "bin/corridorctl", "bin/corridor-verify", *helpers):
        head = (image / "usr" / program).read_bytes()[:20]
        assert head.startswith(ARM64) and head[18] == 183
    for file in ("lib/systemd/system/corridord.service", "lib/udev/rules.d/60-corridord.rules"):
        assert (image / "usr" / file).exists()
    assert (image / "etc/corridord/corridord.conf").exists()


# ---- Buildroot ----

# What Buildroot's own makefiles say around a package's.
AROUND = """
TARGET_MAKE_ENV =
TARGET_CONFIGURE_OPTS = CC="{CC}" AR="{AR}" CFLAGS="{CFLAGS}" PKG_CONFIG=pkg-config
TARGET_DIR = {image}
generic-package =
include {package}
build: ; $(CORRIDORD_BUILD_CMDS)
\t$(CORRIDORD_INSTALL_TARGET_CMDS)
"""


@pytest.fixture
def buildroot(release, staging, tmp_path):
    """(the package's folder, how to run its makefile)"""
    folder = release / "contrib/buildroot/corridord"
    around = tmp_path / "buildroot.mk"
    text = AROUND.format(**staging, image=tmp_path / "image", package=folder / "corridord.mk")
    around.write_text(text)
    return folder, lambda target, **where: run(
        "make", "-s", "-f", around, target, env=ENVIRONMENT | staging, **where
    )


def test_the_package_builds_for_arm64(buildroot, unpacked, tmp_path):
    # Buildroot's $(@D) is where the package was unpacked.
    around = tmp_path / "buildroot.mk"
    around.write_text(around.read_text().replace("build: ;", f"{unpacked}/build: ;"))
    buildroot[1](f"{unpacked}/build")
    check_image(tmp_path / "image")


# ---- the bill of materials ----


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    """CycloneDX's validator, from the package of its own library."""
    folder = tmp_path_factory.mktemp("schema")

    def fetch():
        if not shutil.which("npm"):
            raise Unavailable("npm is not installed")
        try:
            packed = run("npm", "pack", "--silent", SCHEMAS, cwd=folder, env=ENVIRONMENT).strip()
        except RuntimeError as error:
            raise Unavailable(str(error)) from None
        run("tar", "-xzf", packed, "-C", folder, cwd=folder)

    or_skip(fetch)
    read = {
        name: json.loads((folder / f"package/res/schema/{name}.SNAPSHOT.schema.json").read_text())
        for name in ("bom-1.5", "jsf-0.82", "spdx")
    }
    store = {text["$id"]: text for text in read.values()}
    resolver = jsonschema.RefResolver.from_schema(read["bom-1.5"], store=store)
    return jsonschema.Draft7Validator(read["bom-1.5"], resolver=resolver), set(read["spdx"]["enum"])


def test_the_bills_of_materials_are_as_cyclonedx_says(schema, tmp_path):
    validator, licences = schema
    run("make", "-s", "-C", TOP, "-j2", f"BUILD={BUILD}", "sbom", env=ENVIRONMENT)
    bills = sorted(BUILD.glob("*.cdx.json"))
    assert len(bills) == 3
    for path in bills:
        bill = json.loads(path.read_text())
        assert not list(validator.iter_errors(bill))
        for component in bill["components"]:
            named = re.split(r" (?:OR|AND|WITH) ", component["licenses"][0]["expression"])
            assert set(named) <= licences
    bill["components"][0]["type"] = "nonsense"
    assert list(validator.iter_errors(bill))

