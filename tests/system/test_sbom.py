"""The bill of materials that a build makes (`make sbom`), held against what the loader loads."""

import json
import re
import shutil
import subprocess

import pytest
from rig.daemon import BUILD, ROOT

PROGRAMS = {
    "corridord": ["corridord", "corridord-uplink", "corridord-readers", "corridord-signer", "corridord-clock"],
    "corridorctl": ["corridorctl"],
    "corridor-verify": ["corridor-verify"],
}


def loaded(program):
    """{name: file} of the libraries that a program comes to."""
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^\s+(\S+)(?: => (\S+))? \(0x", said, re.MULTILINE)
    return {name.rsplit("/", 1)[-1]: file for name, file in found if "vdso" not in name}


@pytest.fixture(scope="module", params=PROGRAMS)
def bill(request, tmp_path_factory):
    """(name of the package, what is said of it)."""
    for needed in ("readelf", "dpkg-query"):
        if not shutil.which(needed):
            pytest.skip(f"{needed} is not installed")
    if not (BUILD / "flags").exists() or "sanitize" in (BUILD / "flags").read_text():
        pytest.skip("this is no build for users")
    programs = [str(BUILD / name) for name in PROGRAMS[request.param]]
    made = subprocess.run(
        ["sh", ROOT / "debian/sbom.sh", request.param, *programs],
        env={"PATH": "/usr/bin:/bin", "VERSION": "1.2.3", "COMMIT": "abc", "SOURCE_DATE_EPOCH": "0"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert made.stderr == ""
    return request.param, json.loads(made.stdout)


def test_it_names_each_library_that_is_loaded_and_no_other(bill):
    name, said = bill
    expected = {}
    for program in PROGRAMS[name]:
        expected |= loaded(BUILD / program)
    libraries = {c["bom-ref"] for c in said["components"] if c["type"] == "library"}
    assert libraries == set(expected)
    assert {c["name"] for c in said["components"] if c["type"] == "application"} == set(PROGRAMS[name])


def test_each_library_has_a_package_a_version_and_a_licence(bill):
    for component in bill[1]["components"]:
        assert component["licenses"][0]["expression"], component
        if component["type"] == "library":
            installed = subprocess.run(
                ["dpkg-query", "-W", "-f", "${Version}\n", component["name"]],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            assert component["version"] in installed.stdout.splitlines()
            assert component["purl"].startswith(f"pkg:deb/debian/{component['name']}@")


def test_who_links_what_is_told_by_names_that_are_there(bill):
    name, said = bill
    known = {c["bom-ref"] for c in said["components"]} | {f"package:{name}"}
    assert len(known) == len(said["components"]) + 1
    links = {row["ref"]: row["dependsOn"] for row in said["dependencies"]}
    assert len(links) == len(said["dependencies"])
    assert known >= set(links) | {to for row in links.values() for to in row}
    assert set(links[f"package:{name}"]) == set(PROGRAMS[name])
    reached = set()
    ahead = [f"package:{name}"]
    while ahead:
        at = ahead.pop()
        reached.add(at)
        ahead += set(links.get(at, [])) - reached
    assert reached == known


def test_it_says_of_what_it_is(bill):
    name, said = bill
    assert (said["bomFormat"], said["specVersion"]) == ("CycloneDX", "1.5")
    about = said["metadata"]
    assert about["timestamp"] == "1970-01-01T00:00:00Z"
    assert (about["component"]["name"], about["component"]["version"]) == (name, "1.2.3")
