"""What -n says of files that a configuration names: whether they are there, belong together, and can
be read by who will run."""

import os
import subprocess

import pytest
from rig.daemon import BINARY

GOOD = "main.conf: good: 0 devices on 0 buses, 0 lanes\n"


def certify(folder, name):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "60", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    (folder / f"{name}.key").chmod(0o644)


@pytest.fixture
def folder(tmp_path):
    for name in ("ca", "gw1"):
        certify(tmp_path, name)
    (tmp_path / "pw").write_text("secret\n")
    (tmp_path / "empty").write_text("")
    return tmp_path


def check(folder, uplink="", checkpoint='id = "cp"', journal="", more=""):
    (folder / "main.conf").write_text(
        f'checkpoint {{ {checkpoint} }}\ngateway {{ id = "gw" }}\njournal {{ {journal} }}\n'
        f'uplink {{ host = "127.0.0.1" {uplink} }}\n{more}'
    )
    ran = subprocess.run(
        [BINARY, "-n", "-c", "main.conf"], cwd=folder, text=True, capture_output=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def tls(**files):
    return "tls { " + " ".join(f'{option} = "{name}"' for option, name in files.items()) + " }"


def test_nothing_is_said_of_files_that_are_right(folder):
    right = tls(ca="ca.pem", cert="gw1.pem", key="gw1.key") + ' username = "g" password_file = "pw"'
    assert check(folder, right) == GOOD


@pytest.mark.parametrize(
    "given, words",
    [
        ({"uplink": tls(ca="ca.crt")}, "uplink tls ca: {}/ca.crt: No such file or directory"),
        ({"uplink": 'username = "g" password_file = "pwd"'}, "uplink password_file: {}/pwd: No such"),
        ({"uplink": 'username = "g" password_file = "empty"'}, "{}/empty is empty"),
        ({"journal": 'path = "none/journal.db"'}, "journal path: there is no folder {}/none"),
        (
            {"more": 'registry { files = {"/nowhere/aeo.csv"} }'},
            "registry files: /nowhere/aeo.csv: No such file",
        ),
        ({"checkpoint": 'id = "unnamed"'}, 'id is still "unnamed"'),
    ],
)
def test_what_is_wrong_with_a_file_is_a_note_with_its_path(folder, given, words):
    said = check(folder, **given)
    assert words.replace("{}", str(folder)) in said
    assert said.endswith(GOOD)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root reads what others cannot")
def test_root_is_told_what_the_service_cannot_read(folder):
    (folder / "conf.d").mkdir()
    (folder / "conf.d/10-lane.conf").write_text("# a lane\n")
    assert check(folder) == GOOD
    (folder / "conf.d/10-lane.conf").chmod(0o600)
    (folder / "pw").chmod(0o600)
    said = check(folder, 'username = "g" password_file = "pw"')
    assert "conf.d/10-lane.conf: the service's account \"corridord\" cannot read it" in said
    assert f"{folder}/pw: the service's account" in said
