"""The next version of the project, as far as packages and files on the disk see it: another
number, and a journal that got a table more."""

import re
import shutil

from machine import HOME, went_well

VERSION = "0.2.0"
FOLDER = "/root/newer"
ENTRY = """corridord ({version}) unstable; urgency=medium

  * The next.

 -- corridord maintainers <corridord@localhost.localdomain>  Mon, 30 Nov 2026 00:00:00 +0000

"""


def changed(path, pattern, by):
    text, count = re.subn(pattern, by, path.read_text(), flags=re.MULTILINE)
    assert count == 1, f"{path}: {pattern} is there {count} times"
    path.write_text(text)


def source(machine):
    """Where the machine has it."""
    there = machine.path(FOLDER)
    if there.exists():
        return FOLDER
    made = str(machine.path(HOME))
    shutil.copytree(
        made, there, symlinks=True, ignore=lambda at, _: {"build"} if at == made else set()
    )
    changed(there / "Makefile", r"^VERSION := .*$", f"VERSION := {VERSION}")
    log = there / "debian/changelog"
    log.write_text(ENTRY.format(version=VERSION) + log.read_text())
    changed(
        there / "daemon/journal/db.h",
        r"^#define DB_ADDITIONS(\s+)(\d+)",
        lambda found: f"#define DB_ADDITIONS{found[1]}{int(found[2]) + 1}",
    )
    changed(
        there / "daemon/journal/db.c",
        r"^static const char \*const additions\[\] = \{",
        r'\g<0>\n\t"CREATE TABLE IF NOT EXISTS later(id INTEGER PRIMARY KEY)",',
    )
    return FOLDER


def packages(machine, architecture=None):
    """The folder of its packages."""
    there = source(machine)
    went_well(machine, f"make -C {there} deb {f'ARCH={architecture}' if architecture else ''}")
    return machine.path(f"{there}/build/deb")
