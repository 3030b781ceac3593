"""Handovers that carry the signature of the gateway that announces them, and what the next one makes of
those that do not: by two gateways, a broker, and whoever may write to it."""

import json
import subprocess

import pytest
from rig import vouching
from rig.daemon import BUILD
from rig.legs import FIRST, FOURTH, FROM, NEXT, SEALS, SECOND, THIRD, TO, Site, consignment, depart, now
from rig.published import validator
from rig.waiting import until

KIND = "corridor-handover/v1"


def new_key(folder, place):
    words = [BUILD / "corridord-signer", "--new-key", folder / f"{place}.pem", f"corridor/{place}/gw1"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def tools(closing, new_subscriber, new_daemon, tmp_path):
    return closing, new_subscriber, new_daemon, tmp_path


@pytest.fixture
def key(tmp_path):
    return new_key(tmp_path, FROM)


@pytest.fixture
def here(key, broker, tools, tmp_path):
    site = Site(FROM, broker, tools, more=f'signer {{ key = "{tmp_path}/{FROM}.pem"  ledger = "ledger" }}\n')
    site.knows(*map(consignment, SEALS))
    return site.start()


@pytest.fixture
def handovers(broker, new_subscriber):
    """All that comes on the topic of the next checkpoint's handovers."""
    return new_subscriber(broker, topic=f"corridor/v1/{TO}/handover/+", name="handovers")


def payloads(handovers):
    return [bytes(m.payload) for m in handovers.messages if m.payload]


def signed(payload):
    return vouching.MARK in payload


def wait_signed(handovers, ucr):
    def look():
        return [p for p in payloads(handovers) if json.loads(p)["ucr"] == ucr and signed(p)]

    return until(look, f"{ucr} is announced with a signature")[-1]


def starts(site):
    mark = site.subscriber.mark
    site.daemon.start()
    site.subscriber.wait_event("barrier.closed", since=mark)


def topic(ucr):
    return f"{TO}/handover/{ucr}"


def test_what_leaves_is_announced_with_a_signature_and_never_without(here, handovers, key):
    depart(here, FIRST)
    payload = wait_signed(handovers, FIRST)
    validator("handover").validate(json.loads(payload))
    by, when = vouching.check(key, KIND, topic(FIRST), payload)
    assert by == f"corridor/{FROM}/gw1/{json.loads(payload)['epoch']}" and when > 0
    plain, _ = vouching.without_note(payload)
    assert [*json.loads(plain), "note"] == list(json.loads(payload))
    assert vouching.check(key, KIND, topic(SECOND), payload) is None
    assert vouching.check(key, KIND, topic(FIRST), payload.replace(b'"open":3', b'"open":4')) is None
    here.daemon.stop()
    starts(here)
    until(lambda: len(payloads(handovers)) > 1, "it is announced again")
    assert all(map(signed, payloads(handovers)))


def test_one_that_cannot_be_signed_goes_without_until_it_can(here, handovers, key, tmp_path):
    pem = tmp_path / f"{FROM}.pem"
    here.daemon.stop()
    pem.rename(pem.with_suffix(".away"))
    starts(here)
    depart(here, FIRST)
    (payload,) = until(lambda: payloads(handovers), "it is announced without", 60)
    assert not signed(payload)
    pem.with_suffix(".away").rename(pem)
    assert vouching.check(key, KIND, topic(FIRST), wait_signed(handovers, FIRST))


LONG_BEFORE, LONG_FROM, LONG_TO, LONG_GATEWAY = "b", "f" * 63, "t" * 63, "g" * 63
LONG_UCR = "6GE" + "X" * 19 + "." * 13
LONG_LEVEL = LONG_UCR.replace(".", "%2E")
LONG_SEALS = [f"{i:02}" + "S" * 8 for i in range(15)]


def largest():
    """A consignment whose announcement is as long as any."""
    window = {"from": now(-3600), "until": now(3600)}
    stops = [{"checkpoint": name} | window for name in (LONG_BEFORE, LONG_FROM, LONG_TO)]
    seals = [{"number": number} for number in [SEALS[FIRST], *LONG_SEALS]]
    return {"ucr": LONG_UCR, "flow": "transit", "seals": seals, "itinerary": stops}


def counted_before():
    """The checkpoint before read the counters of seals that no reader sees from there on."""
    moment = {"utc": now(-600), "clock": "synced", "mono_ns": 1}
    seals = [
        {"number": number, "state": "intact", "open": 2**40, "tamper": 2**40, "seen": now(-600)}
        for number in [SEALS[FIRST], *LONG_SEALS]
    ]
    return json.dumps({
        "schema": "corridord.handover/1", "checkpoint": LONG_BEFORE, "gateway": "gw1", "epoch": "5f0c31a2b47d9e60", "seq": 1,
        "boot": "b", "recorded": moment, "ucr": LONG_UCR, "to": LONG_FROM, "binding": "seal",
        "departed": {"utc": moment["utc"], "clock": "synced"}, "seals": seals,
    })


def test_the_largest_is_signed_with_both_keys(broker, tools, new_subscriber, tmp_path):
    name = f"corridor/{LONG_FROM}/{LONG_GATEWAY}"
    keys = []
    for file in ("old", "new"):
        words = [BUILD / "corridord-signer", "--new-p256-key", tmp_path / file, name]
        keys.append(subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip())
    signer = f'signer {{ key = "{tmp_path}/new"  old_key = "{tmp_path}/old"  ledger = "ledger" }}\n'
    site = Site(LONG_FROM, broker, tools, more=signer, gateway=LONG_GATEWAY)
    handovers = new_subscriber(broker, topic=f"corridor/v1/{LONG_TO}/handover/+", name="handovers")
    site.knows(largest())
    site.start()
    before = f"corridor/v1/{LONG_FROM}/handover/{LONG_LEVEL}"
    handovers.client.publish(before, counted_before(), qos=1, retain=True)
    site.heard_of(LONG_UCR)
    depart(site, FIRST)
    payload = until(lambda: payloads(handovers), "it is announced")[0]
    assert signed(payload) and json.loads(payload)["seals_more"] > 0
    assert len(payload) > 4096, "no larger than it was before there was room"
    validator("handover").validate(json.loads(payload))
    for key in keys:
        by, _ = vouching.check(key, KIND, f"{LONG_TO}/handover/{LONG_LEVEL}", payload)
        assert by == f"{name}/{json.loads(payload)['epoch']}"
    there = next_site(broker, tools, f'keys = {{"{keys[0]}"}}  require = true', LONG_TO)
    there.heard_of(LONG_UCR)


# ---- the next checkpoint ---------------------------------------------------------------------


@pytest.fixture
def there(key, broker, tools):
    return next_site(broker, tools, f'keys = {{"{key}"}}')


def next_site(broker, tools, handover, name=TO):
    site = Site(name, broker, tools, handover=handover)
    site.knows(*map(consignment, SEALS))
    return site.start()


def publish(handovers, ucr, payload):
    handovers.client.publish(f"corridor/v1/{topic(ucr)}", payload, qos=1, retain=True).wait_for_publish()


def critical(site):
    return [e["type"] for e in site.subscriber.events() if e["severity"] in ("critical", "major")]


def signatures(site, kind):
    return [e["leg"]["signature"] for e in site.subscriber.events(kind)]


def test_what_is_rightly_signed_is_compared_and_says_so(here, there, handovers):
    depart(here, FIRST)
    there.heard_of(FIRST)
    there.arrives(FIRST, opened=5)
    arrived = there.subscriber.wait_event("leg.arrived")
    assert arrived["leg"]["signature"] == "good" and arrived["leg"]["continuity"] == "broken"
    assert there.subscriber.wait_event("leg.broken")["leg"]["signature"] == "good"
    assert not there.subscriber.events("leg.unsigned")


def forgeries(payloads):
    """Announcements as somebody makes them who has the broker and not the key."""
    plain, note = zip(*map(vouching.without_note, payloads))
    worse = [p.replace(b'"open":3', b'"open":1') for p in plain]
    by = f"corridor/{FROM}/gw1/{json.loads(plain[0])['epoch']}"
    other = vouching.Key(f"corridor/{FROM}/gw1", b"x" * 32)
    return [
        ("none", worse[0]),
        ("wrong", vouching.with_note(worse[1], note[1])),
        ("unknown_key", vouching.vouched(other, KIND, topic(THIRD), worse[2], by=by)),
        ("wrong", vouching.with_note(worse[3], note[3][:-30] + "\n")),
    ]


def test_what_is_forged_is_told_and_raises_no_alarm(here, broker, tools, handovers, key):
    for ucr in SEALS:
        depart(here, ucr)
    genuine = [wait_signed(handovers, ucr) for ucr in SEALS]
    here.daemon.stop()
    for ucr, (_, forged) in zip(SEALS, forgeries(genuine)):
        publish(handovers, ucr, forged)
    there = next_site(broker, tools, f'keys = {{"{key}"}}')
    told = until(lambda: there.subscriber.events("leg.unsigned")[3:], "all are told", 60)
    assert told and not there.subscriber.events("leg.unsigned")[4:]
    for ucr, (signature, _) in zip(SEALS, forgeries(genuine)):
        (unsigned,) = [e for e in there.subscriber.events("leg.unsigned") if e["consignment"]["ucr"] == ucr]
        validator("event").validate(unsigned.data)
        assert unsigned["leg"]["signature"] == signature and unsigned["severity"] == "minor" and not unsigned["refused"]
        mark = there.arrives(ucr, opened=3)
        arrived = there.subscriber.wait_event("leg.arrived", since=mark)
        validator("event").validate(arrived.data)
        assert arrived["leg"]["signature"] == signature and arrived["leg"]["continuity"] == "unknown"
        assert arrived["leg"]["seals"]["findings"][0]["result"] == "reopened"
        assert there.subscriber.wait_event("leg.unknown", since=mark)["leg"]["signature"] == signature
        there.leaves(mark)
    assert "its signature is: none" in there.daemon.logged()
    assert not critical(there)


def test_a_forged_one_does_not_take_the_place_of_the_one_that_was_heard(here, there, handovers):
    depart(here, FIRST)
    payload = wait_signed(handovers, FIRST)
    there.heard_of(FIRST)
    plain, _ = vouching.without_note(payload)
    publish(handovers, FIRST, plain.replace(b'"open":3', b'"open":5'))
    there.subscriber.wait_event("leg.unsigned")
    there.arrives(FIRST, opened=5)
    assert there.subscriber.wait_event("leg.broken")["leg"]["signature"] == "good"


def test_one_that_was_sent_before_or_for_another_place_is_no_news(here, there, handovers):
    depart(here, FIRST)
    payload = wait_signed(handovers, FIRST)
    publish(handovers, SECOND, payload.replace(FIRST.encode(), SECOND.encode()))
    unsigned = there.subscriber.wait_event("leg.unsigned")
    assert unsigned["consignment"]["ucr"] == SECOND and unsigned["leg"]["signature"] == "wrong"
    mark = there.arrives(FIRST)
    there.subscriber.wait_event("leg.arrived", since=mark)
    there.leaves(mark)
    publish(handovers, FIRST, payload)
    until(lambda: handovers.messages[-1].payload == b"", "it is taken back once more")
    assert signatures(there, "leg.arrived") == ["good"]


def test_where_signatures_are_required_others_are_refused(here, broker, tools, handovers, key):
    there = next_site(broker, tools, f'keys = {{"{key}"}}  require = true')
    depart(here, FIRST)
    payload = wait_signed(handovers, FIRST)
    there.heard_of(FIRST)
    plain, _ = vouching.without_note(payload)
    publish(handovers, SECOND, plain.replace(FIRST.encode(), SECOND.encode()))
    publish(handovers, SECOND, plain.replace(FIRST.encode(), SECOND.encode()).replace(FROM.encode(), b"am-sadakhlo"))
    told = until(lambda: there.subscriber.events("leg.unsigned")[1:], "both are refused")
    assert told[0]["refused"] and told[0]["leg"]["from"] == "am-sadakhlo"
    assert '"' + SECOND + '": expected' not in there.daemon.logged()
    there.arrives(FIRST)
    assert there.subscriber.wait_event("leg.arrived")["leg"]["continuity"] == "kept"


def word_of(payload, ucr, **members):
    """What takes the announcement back, as a gateway of its next checkpoint would say."""
    said = json.loads(payload)
    kept = {name: said[name] for name in ("schema", "epoch", "seq", "boot", "recorded")}
    back = {"from": said["checkpoint"], "departed": said["departed"]["utc"], "because": "arrived"}
    word = {**kept, "checkpoint": TO, "gateway": "gw2", "ucr": ucr, "to": TO, "takes_back": back, **members}
    return json.dumps(word, separators=(",", ":")).encode()


SIBLING = vouching.Key(f"corridor/{TO}/gw2", b"s" * 32)


@pytest.fixture
def strict(broker, tools, key):
    """The next checkpoint, which requires signatures and knows its other gateway."""
    return next_site(broker, tools, f'keys = {{"{key}", "{SIBLING.verifier}"}}  require = true')


def refused_words(payload):
    word = word_of(payload, FIRST)
    other = vouching.Key(SIBLING.name, b"x" * 32)
    said = json.loads(payload)
    stranger = word_of(payload, FIRST, checkpoint="am-sadakhlo")
    earlier = {**json.loads(word)["takes_back"], "departed": "2026-01-01T00:00:00.000000Z"}
    return [
        b"",
        word,
        vouching.vouched(other, KIND, topic(FIRST), word, by=f"{other.name}/{said['epoch']}"),
        vouching.vouched(SIBLING, KIND, topic(FIRST), stranger, by=f"{SIBLING.name}/{said['epoch']}"),
        vouching.vouched(SIBLING, KIND, topic(SECOND), word, by=f"{SIBLING.name}/{said['epoch']}"),
        vouching.vouched(
            SIBLING, KIND, topic(FIRST), word_of(payload, FIRST, takes_back=earlier), by=f"{SIBLING.name}/{said['epoch']}"
        ),
    ]


def test_where_signatures_are_required_nobody_else_takes_an_announcement_back(here, strict, handovers):
    depart(here, FIRST)
    payload = wait_signed(handovers, FIRST)
    strict.heard_of(FIRST)
    here.daemon.stop()
    for word in refused_words(payload):
        publish(handovers, FIRST, word)
    depart_marker(here, strict)
    strict.arrives(FIRST, opened=5)
    assert strict.subscriber.wait_event("leg.broken")["leg"]["signature"] == "good"
    assert "is not taken back by an empty message" in strict.daemon.logged()


def depart_marker(here, strict):
    """What was published before is heard when this is."""
    starts(here)
    depart(here, THIRD)
    strict.heard_of(THIRD)


def test_another_gateway_of_the_checkpoint_takes_it_back_with_its_signature(here, strict, handovers):
    for ucr in (FIRST, SECOND):
        depart(here, ucr)
        strict.heard_of(ucr)
    payload = wait_signed(handovers, FIRST)
    here.door.shut()
    by = f"{SIBLING.name}/{json.loads(payload)['epoch']}"
    word = vouching.vouched(SIBLING, KIND, topic(FIRST), word_of(payload, FIRST), by=by)
    validator("handover").validate(json.loads(word))
    publish(handovers, FIRST, word)
    publish(handovers, FIRST, payload)  # once more, by who kept it
    until(lambda: not handovers.messages[-1].payload, "it is not waited for")
    mark = strict.arrives(FIRST, opened=5)
    strict.leaves(mark)
    strict.arrives(SECOND)
    assert strict.subscriber.wait_event("leg.arrived")["consignment"]["ucr"] == SECOND
    assert not strict.subscriber.events("leg.broken")


def test_who_signs_takes_back_what_arrived_in_words(here, broker, tools, handovers, key, tmp_path):
    own = new_key(tmp_path, TO)
    there = Site(
        TO, broker, tools, handover=f'keys = {{"{key}"}}  require = true',
        more=f'signer {{ key = "{tmp_path}/{TO}.pem"  ledger = "ledger" }}\n',
    )
    there.knows(*map(consignment, SEALS))
    there.start()
    depart(here, FIRST)
    there.heard_of(FIRST)
    there.arrives(FIRST)
    there.subscriber.wait_event("leg.arrived")

    def words():
        return [p for p in payloads(handovers) if b'"takes_back"' in p]

    word = until(words, "it is taken back")[0]
    validator("handover").validate(json.loads(word))
    by, _ = vouching.check(own, KIND, topic(FIRST), word)
    assert by.startswith(f"corridor/{TO}/gw1/") and json.loads(word)["takes_back"]["because"] == "arrived"
    assert handovers.messages[-1].payload == word
    here.daemon.stop()
    starts(here)  # it announces once more, for it does not know
    until(lambda: words()[1:], "it is taken back once more")
    there.daemon.stop()
    heard = len(handovers.messages)
    starts(there)
    depart(here, SECOND)
    until(lambda: [p for p in payloads(handovers) if json.loads(p)["ucr"] == SECOND], "the next one is announced")
    assert len(handovers.messages) == heard + 1, "it had heard that it is taken back"


def test_what_is_sent_elsewhere_is_taken_back_in_words_where_it_was_announced(here, strict, handovers, key):
    depart(here, FIRST)
    depart(here, SECOND)
    strict.heard_of(SECOND)
    elsewhere = consignment(FIRST)
    elsewhere["itinerary"] = [{"checkpoint": FROM}, {"checkpoint": NEXT}]
    here.knows(elsewhere, *map(consignment, (SECOND, THIRD, FOURTH)))
    here.subscriber.wait_event("leg.redirected")
    word = until(lambda: [p for p in payloads(handovers) if b'"takes_back"' in p], "it is taken back")[0]
    validator("handover").validate(json.loads(word))
    assert vouching.check(key, KIND, topic(FIRST), word)
    assert json.loads(word)["takes_back"] | {"departed": 0} == {
        "from": FROM, "departed": 0, "because": "redirected", "goes_to": NEXT, "departed_clock": "synced"
    }
    depart(here, THIRD)
    strict.heard_of(THIRD)  # and so of what was said before
    mark = strict.arrives(FIRST)
    strict.leaves(mark)
    strict.arrives(SECOND)
    assert strict.subscriber.wait_event("leg.arrived")["consignment"]["ucr"] == SECOND


def test_without_a_key_all_is_as_it_was(here, broker, tools, handovers):
    there = next_site(broker, tools, "")
    depart(here, FIRST)
    there.heard_of(FIRST)
    there.arrives(FIRST)
    arrived = there.subscriber.wait_event("leg.arrived")
    assert arrived["leg"]["continuity"] == "kept" and "signature" not in arrived["leg"]
