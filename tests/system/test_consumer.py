"""The subscriber that doc/mqtt.md prints, as printed, against what may happen to events on their way."""

import hashlib
import json
import random
import re

import pytest
from rig import published
from rig.daemon import ROOT

ZEROS = "0" * 64
EPOCH = "00000000000000e1"


@pytest.fixture(scope="module")
def page():
    (text,) = re.findall(r"```python\n(#!/usr/bin/python3.*?)```", (ROOT / "doc/mqtt.md").read_text(), re.S)
    return text


@pytest.fixture
def consumer(page):
    names = {"__name__": "consumer"}
    exec(compile(page, "doc/mqtt.md", "exec"), names)
    return names


def digest(payload):
    return hashlib.sha256(payload).hexdigest()


def event(seq, prev, epoch=EPOCH, kind="meter.value", **members):
    said = {
        "schema": "corridord.event/1", "checkpoint": "cp", "gateway": "gw1", "epoch": epoch, "seq": seq, "prev": prev,
        "type": kind, **members,
    }
    return json.dumps(said, separators=(",", ":")).encode()


def chain(count, epoch=EPOCH, **members):
    made, prev = [], ZEROS
    for seq in range(1, count + 1):
        made.append(event(seq, prev, epoch, value=seq, **(members if seq == 1 else {})))
        prev = digest(made[-1])
    return made


def ends(events):
    return {EPOCH: (len(events), digest(events[-1]))}


def told(consumer, events, at=None):
    heads = {}
    words = [consumer["take"](heads, payload) for payload in events]
    return words, consumer["findings"](heads, at or {}), heads


def test_the_page_prints_the_file(page):
    assert (ROOT / "doc/consumer.py").read_text() == page


def test_a_chain_is_taken_and_a_repetition_dropped(consumer):
    whole = chain(50)
    words, found, heads = told(consumer, whole + whole[10:20], ends(whole))
    assert words == ["taken"] * 50 + ["repeated"] * 10
    assert found == [] and heads[EPOCH]["head"] == 50


def test_what_comes_late_fills_its_gap(consumer):
    whole = chain(50)
    words, found, heads = told(consumer, whole[:20] + whole[30:] + whole[20:30], ends(whole))
    assert words == ["taken"] * 20 + ["gap"] * 20 + ["taken"] * 10
    assert found == [] and heads[EPOCH]["head"] == 50


def test_any_order_ends_the_same(consumer):
    whole, dice = chain(60), random.Random(1)
    for _ in range(20):
        mixed = dice.sample(whole, len(whole))
        words, found, heads = told(consumer, mixed, ends(whole))
        assert "repeated" not in words and found == [] and heads[EPOCH]["head"] == 60


def test_a_removed_event_is_missing_and_can_be_asked_for(consumer):
    whole = chain(50)
    _, found, heads = told(consumer, whole[:20] + whole[23:], ends(whole))
    assert consumer["missing"](heads, ends(whole)) == [(EPOCH, 21, 23)]
    assert f"{EPOCH}: 21 to 23 are missing" in found
    assert heads[EPOCH]["head"] == 20


def test_a_cut_tail_is_missing(consumer):
    whole = chain(50)
    _, found, _ = told(consumer, whole[:40], ends(whole))
    assert found == [f"{EPOCH}: 41 to 50 are missing"]


def test_of_two_copies_the_one_wins_that_the_next_names(consumer):
    whole = chain(50)
    forged = whole[30].replace(b'"value":31', b'"value":13')
    for order in ([forged, whole[30]], [whole[30], forged]):
        words, found, heads = told(consumer, whole[:30] + order + whole[31:], ends(whole))
        assert words[31] == "differs" and "repeated" not in words
        assert consumer["right"](heads[EPOCH])[31] == digest(whole[30])
        assert heads[EPOCH]["head"] == 50
        (one,) = found
        assert one.endswith(f"31 came in 2 versions, the right one is {digest(whole[30])}")


def test_of_two_newest_ones_the_status_names_the_right_one(consumer):
    whole = chain(50)
    forged = whole[-1].replace(b'"value":50', b'"value":5')
    for order in ([forged, whole[-1]], [whole[-1], forged]):
        _, found, heads = told(consumer, whole[:-1] + order, ends(whole))
        assert consumer["right"](heads[EPOCH], ends(whole)[EPOCH])[50] == digest(whole[-1])
        assert len(found) == 1 and "2 versions" in found[0]


def test_an_altered_event_is_told_and_can_be_asked_for(consumer):
    whole = chain(50)
    altered = whole[30].replace(b'"value":31', b'"value":13')
    _, found, _ = told(consumer, whole[:30] + [altered] + whole[31:], ends(whole))
    assert found[0] == f"{EPOCH}: 31 to 31 are missing" and "31 is not what the one behind it names" in found[1]


def test_the_newest_altered_is_seen_by_the_status(consumer):
    whole = chain(50)
    altered = whole[-1].replace(b'"value":50', b'"value":5')
    _, found, _ = told(consumer, whole[:-1] + [altered], ends(whole))
    assert found == [f"{EPOCH}: 50 to 50 are missing", f"{EPOCH}: 50 is not what the status names"]


def test_a_forged_number_blinds_nobody(consumer):
    whole = chain(50)
    forged = event(10**9, "a" * 64)
    words, found, heads = told(consumer, whole[:10] + [forged] + whole[10:], ends(whole))
    assert words == ["taken"] * 10 + ["gap"] + ["taken"] * 40
    assert heads[EPOCH]["head"] == 50 and consumer["missing"](heads, ends(whole)) == []
    assert len(found) == 1 and found[0].startswith(f"{EPOCH}: {10**9} is not")


def with_tombstone(whole, first, last, **changed):
    gap = {"first": first, "last": last, "events": last - first + 1, "hash": digest(whole[last - 1]), **changed}
    observed = {"epoch": EPOCH, "ranges": [gap]}
    stone = event(len(whole) + 1, digest(whole[-1]), kind="journal.evicted", observed=observed)
    return whole[: first - 1] + whole[last:] + [stone], {EPOCH: (len(whole) + 1, digest(stone))}


def test_what_a_tombstone_names_is_not_missing(consumer):
    there, at = with_tombstone(chain(50), 10, 20)
    _, found, heads = told(consumer, there, at)
    assert found == [] and heads[EPOCH]["head"] == 51
    _, found, _ = told(consumer, there[:5] + there[7:], at)
    assert found == [f"{EPOCH}: 6 to 7 are missing"]


def test_a_forged_tombstone_hides_nothing(consumer):
    whole = chain(50)
    gap = {"first": 10, "last": 20, "events": 11, "hash": digest(whole[19])}
    forged = event(40, digest(whole[38]), kind="journal.evicted", observed={"epoch": EPOCH, "ranges": [gap]})
    _, found, _ = told(consumer, whole[:9] + whole[20:] + [forged], ends(whole))
    assert f"{EPOCH}: 10 to 20 are given up by an event that is not right" in found


def follows(events, epoch=EPOCH):
    return [{"epoch": epoch, "seq": len(events), "hash": digest(events[-1]), "why": "return"}]


def test_epochs_follow_one_another(consumer):
    old = chain(20)
    new = chain(20, "00000000000000e2", follows=follows(old))
    _, found, _ = told(consumer, old + new)
    assert found == []


@pytest.mark.parametrize("how, word", [("none", "follows none"), ("other", "another end"), ("unknown", "nothing came")])
def test_an_epoch_put_in_place_of_another_is_seen(consumer, how, word):
    old = chain(20)
    said = {
        "none": {},
        "other": {"follows": follows([b"x"] * 20)},
        "unknown": {"follows": follows(old, "00000000000000e9")},
    }[how]
    _, found, _ = told(consumer, old + chain(20, "00000000000000e2", **said))
    assert len(found) == 1 and word in found[0]


# ---- from topics ---------------------------------------------------------------------------

ROOT_TOPIC = "corridor/v1"


def topic(payload, stream="event"):
    said = json.loads(payload)
    return f"{ROOT_TOPIC}/{said['checkpoint']}/{said['gateway']}/{stream}/{said['type'].replace('.', '/')}"


@pytest.fixture
def store(consumer, tmp_path):
    return consumer["Store"](tmp_path / "lines")


def hear(store, payload, where=None, retained=False):
    return store.hear(ROOT_TOPIC, where or topic(payload), payload, retained)


def test_topic_and_payload_must_agree_and_nothing_is_retained(store):
    one, two = chain(2)
    assert hear(store, one) is None
    for wrong in ("cp/gw2/event/meter/value", "cq/gw1/event/meter/value", "cp/gw1/event/seal/opened"):
        assert "the payload is of" in hear(store, two, f"{ROOT_TOPIC}/{wrong}")
    assert "never retained" in hear(store, two, retained=True)
    assert list(store.heads["cp", "gw1"][EPOCH]["copies"]) == [1]


@pytest.mark.parametrize("payload", [
    b"{", b"[]", b"7", b"{}", b"\xff", b'{"schema":"corridord.event/1"}',
    event(0, ZEROS), event(-1, ZEROS), event(True, ZEROS), event("1", ZEROS), event(2**60, ZEROS), event(1.5, ZEROS),
    event(1, ZEROS, epoch=7), event(1, ZEROS).replace(b",", b",\n"),
])
def test_what_is_no_event_is_told_and_harms_nothing(store, payload):
    assert hear(store, payload, f"{ROOT_TOPIC}/cp/gw1/event/meter/value")
    assert hear(store, chain(1)[0]) is None


def test_an_alert_is_compared_with_its_event(store):
    whole = chain(5)
    assert hear(store, whole[0], topic(whole[0], "alert")) is None
    assert hear(store, whole[0]) is None
    other = whole[0].replace(b'"value":1', b'"value":2')
    assert hear(store, other).endswith("differs")


def replay_topic(payload):
    return topic(payload, "replay/centre/event")


def test_what_stays_missing_is_asked_for_once_and_comes(store):
    old, gateway = chain(30), ("cp", "gw1")
    new = chain(10, "00000000000000e2", follows=follows(old))
    status = {"schema": "corridord.status/1", "checkpoint": "cp", "gateway": "gw1", "state": "online"}
    status = json.dumps(status | {"epoch": "00000000000000e2", "seq": 10, "hash": digest(new[-1])}).encode()
    for payload in old[:10] + old[20:25] + new[:1] + new[2:]:
        hear(store, payload)
    hear(store, status, f"{ROOT_TOPIC}/cp/gw1/status", True)
    assert store.request(gateway, "centre") is None  # it may be on its way
    request = store.request(gateway, "centre")
    assert {(r["epoch"], r["first"], r["last"]) for r in request["ranges"]} == {
        (EPOCH, 11, 20), (EPOCH, 26, 30), ("00000000000000e2", 2, 2),
    }  # fmt: skip
    published.validator("request").validate(request)
    gone = [{"epoch": EPOCH, "first": 11, "last": 15}]
    store.answered(gateway, json.dumps({"evicted": gone, "expired": [], "unknown": []}))
    assert {(e, first, last) for e, first, last in store.lacking(gateway)} == {
        (EPOCH, 16, 20), (EPOCH, 26, 30), ("00000000000000e2", 2, 2),
    }  # fmt: skip
    assert "the payload is of" in hear(store, old[15], replay_topic(new[1]).replace("meter", "seal"))
    for payload in old[15:20] + old[25:] + [new[1]]:
        hear(store, payload, replay_topic(payload))
    assert store.lacking(gateway) == [] and store.request(gateway, "centre") is None


def test_what_was_stored_is_known_after_a_restart(consumer, store, tmp_path):
    whole = chain(20)
    for payload in [*whole, whole[3]]:
        assert hear(store, payload) is None
    status = {"schema": "corridord.status/1", "checkpoint": "cp", "gateway": "gw1", "state": "online", "epoch": EPOCH}
    status = json.dumps(status | {"seq": 20, "hash": digest(whole[-1])}).encode()
    assert hear(store, status, f"{ROOT_TOPIC}/cp/gw1/status", True) is None
    assert (tmp_path / "lines").read_bytes().split(b"\n") == [*whole, status, b""]
    again = consumer["Store"](tmp_path / "lines")
    assert again.heads == store.heads and again.ends == store.ends == {("cp", "gw1"): ends(whole)}
