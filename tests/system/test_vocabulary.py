"""One vocabulary: the table in the code, the schemas and the page for subscribers agree, and what
the pure part makes of all traces is valid by the schemas."""

import copy
import json
import re
import subprocess

import pytest
from rig.daemon import BUILD, ROOT
from rig.published import validator

TOOL = BUILD / "tests/tools/print_events"
PAGE = (ROOT / "doc/events.md").read_text()


def schema(name):
    return json.loads((ROOT / f"schema/{name}.schema.json").read_text())


def tool(*arguments):
    run = subprocess.run([TOOL, *arguments], check=True, capture_output=True, text=True)
    return run.stdout.splitlines()


@pytest.fixture(scope="module")
def vocabulary():
    return [json.loads(line) for line in tool("vocabulary")]


@pytest.fixture(scope="module")
def payloads():
    """Every event and state of every trace."""
    return [json.loads(line) for line in tool(*sorted(ROOT.glob("tests/traces/*.trace")))]


@pytest.fixture(scope="module")
def events(payloads):
    return [p for p in payloads if p["schema"].startswith("corridord.event/")]


@pytest.fixture(scope="module")
def states(payloads):
    return [p for p in payloads if p["schema"].startswith("corridord.state/")]


@pytest.fixture(scope="module")
def handovers(payloads):
    return [p for p in payloads if p["schema"].startswith("corridord.handover/")]


def row(entry):
    cells = [
        f"`{entry['type']}`", entry["severity"], "yes" if entry["latched"] else "", entry["class"],
        entry["kind"], entry["eaeu"] or "", entry["ncts"] or "", entry["summary"],
    ]
    return "| " + " | ".join(cells) + " |"


def test_the_page_has_the_table_of_the_code_row_by_row(vocabulary):
    table = re.search(r"\| type \| severity \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE).group(1)
    assert table.splitlines() == [row(entry) for entry in vocabulary]


def test_the_schema_has_the_types_of_the_code_with_severity_and_latching(vocabulary):
    event = schema("event")
    assert event["properties"]["type"]["enum"] == [entry["type"] for entry in vocabulary]
    rows = [one["properties"] for one in event["oneOf"]]
    any_severity = {"enum": event["properties"]["severity"]["enum"]}
    assert rows == [
        {
            "type": {"const": entry["type"]},
            "severity": any_severity if entry["settable"] else {"const": entry["severity"]},
            "latched": {"const": entry["latched"]},
        }
        for entry in vocabulary
    ]


def test_each_type_has_exactly_one_form_in_the_schema(vocabulary):
    forms = [t for one in schema("event")["allOf"] for t in one["if"]["properties"]["type"]["enum"]]
    assert sorted(forms) == sorted(entry["type"] for entry in vocabulary)


def test_reasons_are_those_of_the_code_and_each_is_explained():
    reasons = tool("reasons")
    assert schema("event")["$defs"]["reason"]["enum"] == reasons
    assert schema("event")["$defs"]["state_reason"]["enum"][: len(reasons)] == reasons
    for reason in schema("event")["$defs"]["state_reason"]["enum"]:
        assert f"`{reason}`" in PAGE, reason


def test_both_schemas_mean_the_same_by_the_same_word():
    event, state = schema("event")["$defs"], schema("state")["$defs"]
    assert {name: event[name] for name in state} == state


def test_an_alarm_of_a_sensor_can_be_in_its_retained_state(vocabulary):
    alarms = schema("state")["properties"]["alarms"]["items"]["enum"]
    families = ("barrier.", "presence.", "seal.", "passage.")
    assert alarms == [
        e["type"] for e in vocabulary if e["kind"] == "alarm" and e["type"].startswith(families)
    ]


def test_each_member_the_schema_knows_is_explained():
    members = set()

    def walk(part):
        if isinstance(part, dict):
            members.update(part.get("properties", {}))
            for inner in part.values():
                walk(inner)
        elif isinstance(part, list):
            for inner in part:
                walk(inner)

    walk(schema("event"))
    walk(schema("state"))
    unexplained = [m for m in sorted(members) if not re.search(rf"[`\".]{m}[`\"]", PAGE)]
    assert not unexplained


def test_what_the_traces_give_is_valid(events, states, handovers):
    assert len(events) > 200 and len(states) > 200 and len(handovers) > 5
    for name, messages in (("event", events), ("state", states), ("handover", handovers)):
        check = validator(name)
        for message in messages:
            check.validate(message)


def test_the_traces_show_each_type_that_a_sensor_or_an_input_can_make(vocabulary, events):
    shown = {event["type"] for event in events}
    families = (
        "barrier.", "presence.", "seal.", "passage.", "identifier.", "seal-check.", "contact.", "meter.", "input.",
        "device.", "route.", "leg.",
    )
    possible = {e["type"] for e in vocabulary if e["type"].startswith(families)}
    assert possible == shown & possible


def spoil(message, path, value):
    spoilt = copy.deepcopy(message)
    *parents, last = path.split(".")
    target = spoilt
    for parent in parents:
        target = target[parent]
    if value is None:
        del target[last]
    else:
        target[last] = value
    return spoilt


@pytest.mark.parametrize(
    "kind, path, value",
    [
        ("barrier.closed", "severity", "major"),
        ("barrier.closed", "latched", True),
        ("barrier.closed", "type", "barrier.shut"),
        ("barrier.closed", "state", "shut"),
        ("barrier.closed", "initial", False),
        ("barrier.closed", "observed.status", {}),
        ("barrier.closed", "observed.seal", "x"),
        ("barrier.closed", "vehicles", 3),
        ("barrier.closed", "occurred", None),
        ("barrier.closed", "occurred.utc", "2026-03-02 06:00:00"),
        ("barrier.closed", "prev", "0" * 63),
        ("barrier.closed", "seq", 0),
        ("barrier.closed", "lane", "Entry 1"),
        ("barrier.unknown", "reason", "lost"),
        ("barrier.tailgate", "vehicles", 1),
        ("seal.reopened", "before", {}),
        ("seal.reopened", "counter_reset", None),
        ("seal.battery-low", "alarm", "set"),
        ("device.down", "alarm", None),
        ("input.fault", "point", "beam"),
        ("meter.value", "lane", "entry-1"),
        ("contact.major", "state", "Lost"),
        ("contact.critical", "latched", False),
        ("contact.unknown", "observed.use", "gate"),
        ("barrier.closed", "occurred.utc", "2026-02-29T06:00:00.000000Z"),
        ("barrier.closed", "occurred.utc", "2026-04-31T06:00:00.000000Z"),
        ("barrier.closed", "occurred.utc", "2026-03-02T24:00:00.000000Z"),
        ("barrier.closed", "occurred.mono_ns", -5),
        ("barrier.closed", "boot", ""),
        ("barrier.closed", "seq", 2**60),
        ("barrier.opening", "state", "open"),
        ("barrier.opening", "previous", "opening"),
        ("seal.opened", "state", "intact"),
        ("seal.opened", "previous", "opened"),
        ("seal-check.opened", "result", "intact"),
        ("seal-check.intact", "observed", None),
        ("seal-check.tampered", "because", None),
        ("contact.unknown", "state", "present"),
        ("contact.major", "previous", "lost"),
    ],
)
def test_what_is_not_as_said_is_not_valid(events, kind, path, value):
    event = next(e for e in events if e["type"] == kind)
    check = validator("event")
    assert check.is_valid(event)
    assert not check.is_valid(spoil(event, path, value))


def test_only_the_first_event_has_no_past(events):
    check = validator("event")
    first = next(e for e in events if e["seq"] == 1)
    later = next(e for e in events if e["seq"] > 1)
    ended = [{"epoch": "0" * 16, "seq": 3, "hash": "a" * 64, "why": "return"}]
    assert check.is_valid(first) and check.is_valid(first | {"follows": ended}) and check.is_valid(later)
    assert not check.is_valid(first | {"prev": "a" * 64})
    assert not check.is_valid(later | {"prev": "0" * 64})
    assert not check.is_valid(later | {"follows": ended})


def test_dates_are_those_of_the_calendar(events):
    check, event = validator("event"), events[0]
    for date, valid in (
        ("2024-02-29", True), ("2000-02-29", True), ("2100-02-29", False), ("12000-02-29", True),
        ("2026-00-10", False), ("2026-13-10", False), ("2026-12-31", True), ("2026-11-31", False),
    ):
        moment = dict(event["occurred"], utc=f"{date}T23:59:59.999999Z")
        assert check.is_valid(event | {"occurred": moment}) == valid, date


@pytest.mark.parametrize(
    "path, value",
    [
        ("kind", "gate"),
        ("state", "intact"),
        ("quality", "bad"),
        ("alarms", ["seal.opened"]),
        ("since", None),
        ("observed.battery", 3),
        ("more", 1),
    ],
)
def test_a_state_that_is_not_as_said_is_not_valid(states, path, value):
    state = next(s for s in states if s["kind"] == "barrier")
    check = validator("state")
    assert check.is_valid(state)
    assert not check.is_valid(spoil(state, path, value))
