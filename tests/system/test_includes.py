"""The house: which room may know which, each library behind one door, no circles."""

import re
import subprocess
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from rig.daemon import BUILD, ROOT

SOURCES = sorted(p for d in ("daemon", "drivers", "net", "uplink", "readers", "ctl", "signer", "verify") for p in (ROOT / d).rglob("*.[ch]"))
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^">]+)[">]', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)

# room: the rooms below it that it may include from; doc/architecture.md says what each owns
ROOMS = {
    "base": "",
    "transit/event": "base",
    "transit/registry": "base transit/event",
    "transit/sensor": "base transit/event transit/registry",
    "transit/legs": "base transit/event transit/registry transit/sensor",
    "transit/lane": "base transit/event transit/registry transit/sensor transit/legs",
    "transit/checkpoint": "base transit/event transit/registry transit/sensor transit/legs transit/lane",
    "transit": "base transit/event transit/registry transit/sensor transit/legs transit/lane transit/checkpoint",
    "config": "base evidence frames inbound transit transit/event transit/registry transit/sensor",
    "bus": "base config transit/event",
    "evidence": "",
    "journal": "base config evidence transit/event",
    "registry/record": "base transit/event transit/registry",
    "registry": "base config evidence inbound registry/record transit/event transit/registry",
    "frames": "base transit/event",
    "outbound": "base config evidence frames transit/event",
    "inbound": "base evidence registry/record transit/event transit/registry transit/lane transit/legs",
    "control": "base transit/event",
    "gateway": "base bus config control inbound journal outbound registry transit transit/event",
    "net": "base frames",
    "uplink": "base frames net transit/event",
    "readers": "apart base bus frames http mapper mqtt net transit/event",
    "signer": "base evidence",
    "verify": "base evidence transit/event",
    "ctl": "base frames modbus registry/record transit/event",
    "apart": "base frames mapper transit/event",
    "gpio": "transit/event",
    "http": "apart base frames mapper transit/event",
    "line": "base mapper transit/event transport",
    "mapper": "base transit/event",
    "modbus": "base transit/event transport",
    "mqtt": "apart base frames mapper transit/event",
    "transport": "base",
}

# Headers between rooms: a caller's side and a called side that need not know each other.
SEAMS = {
    "base/sha256.h",  # whoever makes sums
    "bus/driver.h",  # drivers and the bus
    "config/option.h",  # whoever declares options
    "journal/outlet.h",  # the journal and who publishes
    "outbound/inlet.h",  # the uplink and who listens
    "outbound/uplink.h",  # bounds that both programs keep
    "frames/topic.h",  # whoever names a topic
    "registry/trust.h",  # whose signature a list needs, and corridorctl as below
    "registry/file.h",  # the reader of lists, and corridorctl, which judges one alone
    "drivers.h",  # the cards, and corridorctl, which reads with them alone
}

# main.c puts together, drivers.c is the table of drivers, replay.c a driver of one file
ROOFS = {"uplink/main.c", "readers/main.c", "ctl/main.c", "signer/main.c", "verify/main.c", "daemon/main.c", "daemon/clock_main.c", "drivers/drivers.c", "drivers/drivers.h", "drivers/replay.c"}

# library header: whose files alone may include it
DOORS = {
    r"sqlite3\.h": r"daemon/(journal/\w+|registry/records|base/sqlite)\.[ch]",
    r"(mosquitto|mqtt_protocol)\.h": r"net/client\w*\.[ch]",
    r"microhttpd\.h": r"readers/http(_access)?\.[ch]",
    r"zstd\.h": r"uplink/packer\.c",
    r"seccomp\.h": r"(net|signer)/sandbox\.c",
    r"openssl/.*": r"(net/(tls|client)|uplink/main|signer/(key|chip|engine)|daemon/evidence/keys)\.[ch]",
    r"modbus(/.*)?\.h": r"drivers/modbus/\w+\.[ch]",
    r"gpiod\.h": r"drivers/gpio/\w+\.[ch]",
    r"pcre2\.h": r"drivers/mapper/pattern\.c",
    r"expat\.h": r"drivers/mapper/xml\.c",
    r"nettle/.*": r"daemon/(base/sha256\.h|evidence/(trusted|ecdsa)\.c)",
    r"jansson\.h": r"daemon/(base/members|registry/record/\w+|(inbound|control)/\w+_read)\.[ch]|(ctl|verify)/\w+\.[ch]",
    r"ev\.h": r"daemon/gateway/\w+\.[ch]",
}

# What the pure part may take of the C library: nothing that knows a time, a file or a thread.
PURE_LIBC = {
    *"assert ctype errno fenv float inttypes limits math stdarg stdalign".split(),
    *"stdbool stddef stdint stdio stdlib string time".split(),
}


def includes(path):
    return INCLUDE.findall(path.read_text())


def name(path):
    return str(path.relative_to(ROOT))


def room(path):
    """'transit/lane' of daemon/transit/lane/bind.c, 'gpio' of drivers/gpio/find.c."""
    parts = path.relative_to(ROOT).parts
    return parts[0] if parts[0] in ("net", "uplink", "readers", "ctl", "signer", "verify") else str(Path(*parts[1:-1]))


def included_from(included):
    return room(next(ROOT / top / included for top in ("daemon", "drivers", ".") if (ROOT / top / included).exists()))


def is_pure(path):
    return room(path).split("/")[0] == "transit"


def circle_in(graph):
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as circle:
        return circle.args[1]
    return None


def test_every_room_is_in_the_table():
    assert {room(p) for p in SOURCES if name(p) not in ROOFS} == set(ROOMS)


def test_the_table_of_rooms_has_no_circle():
    assert circle_in({room: below.split() for room, below in ROOMS.items()}) is None


@pytest.mark.parametrize("inside", ROOMS)
def test_a_room_includes_only_what_lies_below_it(inside):
    allowed = {inside, *ROOMS[inside].split()}
    strangers = [
        (name(path), included)
        for path in SOURCES
        if room(path) == inside and name(path) not in ROOFS
        for kind, included in includes(path)
        if kind == '"' and included not in SEAMS and included_from(included) not in allowed
    ]
    assert not strangers


@pytest.mark.parametrize("header", DOORS)
def test_a_library_is_included_behind_its_door_only(header):
    strangers = [
        name(path)
        for path in SOURCES
        for kind, included in includes(path)
        if kind == "<" and re.fullmatch(header, included) and not re.fullmatch(DOORS[header], name(path))
    ]
    assert not strangers


def test_the_core_names_no_driver():
    strangers = [
        (name(path), included)
        for path in SOURCES
        if path.is_relative_to(ROOT / "daemon")
        for kind, included in includes(path)
        if kind == '"' and (ROOT / "drivers" / included).exists()
    ]
    assert not strangers


def test_the_pure_part_includes_nothing_that_knows_the_world():
    allowed = {f"{header}.h" for header in PURE_LIBC}
    below = {
        "base/backoff.h", "base/decimal.h", "base/fold.h", "base/json_writer.h", "base/percent.h",
        "base/sha256.h", "base/time.h", "base/utf8.h",
    }  # fmt: skip
    strangers = [
        (name(path), included)
        for path in filter(is_pure, SOURCES)
        for kind, included in includes(path)
        if included not in (allowed if kind == "<" else below) and not included.startswith("transit/")
    ]
    assert not strangers


def test_the_pure_part_calls_no_clock():
    calls = re.compile(r"\b(clock_gettime|gettimeofday|time|clock_now|clock_mono_ns|nanosleep)\s*\(")
    strangers = [name(p) for p in filter(is_pure, SOURCES) if calls.search(COMMENT.sub("", p.read_text()))]
    assert not strangers


def symbols(objects):
    """{object: (names it defines, names it needs)}, as the linker sees them."""
    listed = subprocess.run(["nm", "-A", "-P", "-g", *objects], capture_output=True, text=True, check=True)
    table = {path: (set(), set()) for path in objects}
    for line in listed.stdout.splitlines():
        where, symbol, kind, *_ = line.split()
        table[Path(where[:-1])][kind == "U"].add(symbol)
    return table


def test_no_files_call_each_other_in_a_circle():
    objects = [
        path
        for path in (BUILD / source.relative_to(ROOT).with_suffix(".o") for source in SOURCES if source.suffix == ".c")
        if path.exists()
    ]
    table = symbols(objects)
    owner = {symbol: path for path, (defined, _) in table.items() for symbol in defined}
    calls = {path: {owner[s] for s in needed & owner.keys()} - {path} for path, (_, needed) in table.items()}
    assert len(objects) > 100, "built by make"
    assert circle_in({name_of(a): map(name_of, b) for a, b in calls.items()}) is None


def name_of(built):
    return str(built.relative_to(BUILD).with_suffix(".c"))
