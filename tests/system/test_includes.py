"""Who may know whom: one direction, and each library behind one door."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(p for d in ("daemon", "drivers") for p in (ROOT / d).rglob("*.[ch]"))
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)

LIBC = {
    *("assert ctype errno fenv float inttypes limits locale math setjmp signal stdarg").split(),
    *("stdalign stdatomic stdbool stddef stdint stdio stdlib string strings time wchar").split(),
}

# library header: whose files alone may include it
DOORS = {
    r"sqlite3\.h": r"daemon/journal\w*\.[ch]",
    r"mosquitto\.h": r"daemon/uplink\w*\.[ch]",
    r"modbus(/.*)?\.h": r"drivers/modbus\w*\.[ch]",
    r"gpiod\.h": r"drivers/gpio\w*\.[ch]",
    r"confuse\.h": r"daemon/conf\w*\.[ch]",
    r"nettle/.*": r"daemon/transit/event\.c",
    r"jansson\.h": r"daemon/(registry_record|handover_read|request_read)\w*\.[ch]",
    r"ev\.h": r"daemon/gateway\w*\.[ch]",
}


def includes(path):
    return INCLUDE.findall(path.read_text())


def name(path):
    return str(path.relative_to(ROOT))


def test_sources_were_found():
    assert len(SOURCES) > 20


@pytest.mark.parametrize("header", DOORS)
def test_only_its_own_module_includes(header):
    strangers = [
        name(path)
        for path in SOURCES
        for kind, included in includes(path)
        if kind == "<" and re.fullmatch(header, included) and not re.fullmatch(DOORS[header], name(path))
    ]
    assert not strangers


def test_transit_includes_nothing_but_itself_and_the_c_library():
    allowed = {f"{h}.h" for h in LIBC} | {"nettle/sha2.h"}
    strangers = []
    for path in (p for p in SOURCES if p.parent.name == "transit"):
        for kind, included in includes(path):
            inside = kind == '"' and (path.parent / included).resolve().parent == path.parent
            if not inside and not (kind == "<" and included in allowed):
                strangers.append((name(path), included))
    assert not strangers


def test_a_driver_includes_driver_h_and_its_own_headers_only():
    strangers = []
    for path in (p for p in SOURCES if p.parent.name == "drivers"):
        family = path.stem.split("_")[0]
        allowed = {"driver.h", "conf_option.h", "transit/reading.h"}
        if family == "replay":
            allowed.add("transit/trace.h")
        for kind, included in includes(path):
            own = re.fullmatch(rf"{family}(_\w+)?\.h", included)
            if kind == '"' and included not in allowed and not own:
                strangers.append((name(path), included))
    assert not strangers


def test_the_core_includes_no_driver():
    strangers = [
        (name(path), included)
        for path in SOURCES
        if path.parent.name != "drivers"
        for kind, included in includes(path)
        if kind == '"' and ("drivers/" in included or (ROOT / "drivers" / included).exists())
    ]
    assert not strangers


def test_the_pure_part_calls_no_clock():
    calls = re.compile(r"\b(clock_gettime|gettimeofday|time|clock_now|clock_mono_ns|nanosleep)\s*\(")
    strangers = [
        name(path)
        for path in SOURCES
        if path.parent.name == "transit" and calls.search(COMMENT.sub("", path.read_text()))
    ]
    assert not strangers
