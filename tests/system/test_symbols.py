"""No function of ours has the name of one in a library: the dynamic linker would give ours to the
library too."""

import re
import subprocess

from rig.daemon import BUILD


def symbols(*arguments):
    run = subprocess.run(["nm", "--defined-only", *arguments], check=True, capture_output=True, text=True)
    rows = (line.split() for line in run.stdout.splitlines())
    return {row[2].split("@")[0] for row in rows if len(row) == 3 and row[1] in "TDBRVW"}


def test_no_name_of_ours_is_one_of_a_library():
    listed = subprocess.run(["ldd", BUILD / "corridord"], check=True, capture_output=True, text=True)
    libraries = set(re.findall(r"=> (/\S+)", listed.stdout))
    assert any("jansson" in path for path in libraries)
    ours = symbols("--extern-only", str(BUILD / "libcorridor.a"))
    assert len(ours) > 100
    taken = {path: ours & symbols("--dynamic", path) for path in libraries if "san.so" not in path}
    assert not {path: names for path, names in taken.items() if names}
