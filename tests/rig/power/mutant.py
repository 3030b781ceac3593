"""The daemon with a fault in it, so that a test is known to be able to fail."""

import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def build(name, source, wanted, instead, objects, folder):
    """Replaces wanted by instead in one source file of a copy; what was built into objects is
    built no second time. Returns the binary."""
    tree = Path(folder) / name
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    for part in ("Makefile", "daemon", "drivers"):
        subprocess.run(["cp", "-a", ROOT / part, tree / part], check=True)
    (tree / "build").mkdir()
    for part in ("daemon", "drivers"):
        subprocess.run(["cp", "-a", Path(objects) / part, tree / "build" / part], check=True)
    text = (tree / source).read_text()
    assert text.count(wanted) == 1, f"{source} is no longer what {name!r} was made for"
    (tree / source).write_text(text.replace(wanted, instead))
    # The uplink serves nobody but a daemon of its own commit.
    version = subprocess.check_output([Path(objects) / "corridord-uplink", "--version"], text=True)
    commit = "".join(re.findall(r"\((\w+)\)", version))
    env = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    subprocess.run(
        ["make", "-s", "-C", tree, "BUILD=build", f"COMMIT={commit}", "build/corridord"],
        check=True, env=env, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return tree / "build" / "corridord"
