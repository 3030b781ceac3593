"""Events once more, for who asks: also what a broker acknowledged and lost, over restarts of the
gateway, and whatever is asked."""

import json
import subprocess
import sys
import uuid

import pytest
from rig import conf
from rig.asker import BASE, Asker
from rig.daemon import ROOT
from rig.waiting import until

SLOW = "20KiB"  # bytes a second: a replay that a test can catch under way


@pytest.fixture
def asker(broker, closing):
    return closing(Asker(broker)).start()


def site(broker, load, **uplink):
    return conf.head(broker.port, **{"requests": True, "again_rate": "0B"} | uplink) + conf.counters(load.port)


def status(asker):
    return asker.ask("status")["journal"]


def wait_seq(asker, seq):
    return until(lambda: (now := status(asker))["seq"] >= seq and now, f"event {seq}", every_s=0.1)


def delivered(asker):
    return until(lambda: (now := status(asker))["backlog"] == 0 and now, "no backlog", every_s=0.1)


def lacks(asker, daemon, upto):
    """Of the journal, up to that number, what the asker has not, or not as it is."""
    daemon.stop()
    held = daemon.journal.payloads()
    return [key for key, payload in held.items() if key[1] <= upto and asker.events.get(key) != payload]


def ranges(epoch, *pairs):
    return [{"epoch": epoch, "first": first, "last": last} for first, last in pairs]


def test_what_a_broker_acknowledged_and_lost_comes_again(broker, load, new_daemon, closing):
    """mosquitto without persistence, killed with all that it has: there was no subscriber."""
    asker = closing(Asker(broker)).start()
    daemon = new_daemon(site(broker, load)).start()
    for seq in (300, 600, 900):
        wait_seq(asker, seq)
        broker.kill()
        asker.stop()
        broker.start()
        asker = closing(Asker(broker)).start()
    now = wait_seq(asker, 1000)
    answer, done = asker.ask_until_done(since={"epoch": now["epoch"], "seq": 0})
    assert answer["accepted"][0]["first"] == 1 and answer["accepted"][0]["last"] >= 1000
    assert answer["evicted"] == answer["expired"] == answer["unknown"] == [] and not answer["more"]
    last = answer["accepted"][0]["last"]
    assert done["events"] == last == len(asker.events) and not asker.garbled
    assert lacks(asker, daemon, last) == []


def test_ranges_come_and_nothing_else(broker, asker, load, new_daemon):
    daemon = new_daemon(site(broker, load)).start()
    now = wait_seq(asker, 200)
    wanted = ranges(now["epoch"], (150, 160), (5, 5), (155, 170), (10, 20))
    answer, done = asker.ask_until_done(ranges=wanted)
    seqs = [5, *range(10, 21), *range(150, 171)]
    assert [a.key[1] for a in asker.arrivals] == seqs and done["events"] == len(seqs)
    assert [r["first"] for r in answer["accepted"]] == [150, 5, 155, 10]
    assert not [k for k in lacks(asker, daemon, 200) if k[1] in seqs] and not asker.garbled


def test_what_is_not_there_is_said(broker, asker, load, new_daemon):
    new_daemon(site(broker, load)).start()
    now = wait_seq(asker, 50)
    far = 2**40 - 1
    wanted = ranges(now["epoch"], (40, far)) + ranges("00000000000000e1", (1, 7))
    answer = asker.ask(ranges=wanted)
    (accepted,) = answer["accepted"]
    assert accepted["first"] == 40 and accepted["last"] >= 50
    assert answer["unknown"] == [
        *ranges(now["epoch"], (accepted["last"] + 1, far)),
        *ranges("00000000000000e1", (1, 7)),
    ]
    assert asker.wait_done(answer["id"])["events"] == accepted["last"] - 39
    answer = asker.ask(since={"epoch": "00000000000000e1", "seq": 0})
    assert answer["accepted"] == [] and len(answer["unknown"]) == 1


def test_two_askers_get_each_their_own(broker, load, new_daemon, closing):
    askers = [closing(Asker(broker, name)).start() for name in ("centre", "archive-2")]
    daemon = new_daemon(site(broker, load)).start()
    now = wait_seq(askers[0], 600)
    answers = [a.ask(ranges=ranges(now["epoch"], span)) for a, span in zip(askers, [(1, 400), (200, 600)])]
    for asker, answer in zip(askers, answers):
        assert asker.wait_done(answer["id"])["events"] == len(asker.events) in (400, 401)
        assert not asker.garbled
    daemon.stop()
    held = daemon.journal.payloads()
    assert all(held[key] == payload for asker in askers for key, payload in asker.events.items())


def test_a_gateway_that_is_killed_goes_on_with_it(broker, asker, load, new_daemon):
    daemon = new_daemon(site(broker, load, again_rate=SLOW)).start()
    now = wait_seq(asker, 400)
    answer = asker.ask(ranges=ranges(now["epoch"], (1, 400)))
    until(lambda: len(asker.events) > 40, "some have come")
    daemon.kill()
    before = len(asker.events)
    assert before < 350, "it was to be caught under way"
    daemon.start()
    assert asker.wait_done(answer["id"])["events"] >= 400 - before
    assert sorted(key[1] for key in asker.events) == list(range(1, 401)) and not asker.garbled
    assert lacks(asker, daemon, 400) == []


def test_a_connection_that_is_lost_loses_nothing_of_it(broker, load, new_daemon, closing):
    asker = closing(Asker(broker)).start()
    daemon = new_daemon(site(broker, load, again_rate=SLOW)).start()
    now = wait_seq(asker, 400)
    answer = asker.ask(ranges=ranges(now["epoch"], (1, 400)))
    until(lambda: len(asker.events) > 40, "some have come")
    broker.freeze()  # the asker goes on with what it had: nothing is lost between it and this broker
    daemon.wait_log("nothing is acknowledged any more")
    broker.thaw()
    done = asker.wait_done(answer["id"])
    assert done["events"] == 400 == len(asker.events) and not asker.garbled


def test_live_events_and_alerts_go_before_it(broker, asker, readings, subscriber, new_daemon):
    text = conf.head(broker.port, requests=True, again_rate=SLOW) + readings.conf()
    new_daemon(text).start()
    now = wait_seq(asker, 400)
    answer = asker.ask(ranges=ranges(now["epoch"], (1, 400)))
    until(lambda: len(asker.events) > 10, "some have come")
    mark = subscriber.mark
    readings.set_seal("tampered")
    subscriber.wait(lambda: subscriber.alerts("seal.tampered", since=mark), "the alert")
    subscriber.wait(lambda: len(subscriber.events(since=mark)) > 20, "live events")
    assert not asker.done, "live ones waited for it"
    assert asker.wait_done(answer["id"])["events"] == 400


def test_the_newest_word_of_an_asker_counts(broker, asker, load, new_daemon):
    new_daemon(site(broker, load, again_rate=SLOW)).start()
    now = wait_seq(asker, 500)
    asker.ask(ranges=ranges(now["epoch"], (1, 400)))
    answer, done = asker.ask_until_done(ranges=ranges(now["epoch"], (490, 500)))
    assert len(asker.done) == 1 and done["events"] == 11
    assert {key[1] for key in asker.events} >= set(range(490, 501)) and len(asker.events) < 400


@pytest.mark.parametrize(
    "changed, word",
    [
        ({"asker": "a/b"}, "asker"),
        ({"asker": "+"}, "asker"),
        ({"asker": "#"}, "asker"),
        ({"asker": "a b"}, "asker"),
        ({"asker": ""}, "asker"),
        ({"asker": "x" * 33}, "asker"),
        ({"asker": 7}, "asker"),
        ({"ranges": []}, "ranges"),
        ({"ranges": "all"}, "ranges"),
        ({"ranges": [{"epoch": "0" * 16, "first": 1, "last": 2}] * 17}, "ranges"),
        ({"ranges": [{"epoch": "0" * 16, "first": 0, "last": 2}]}, "first"),
        ({"ranges": [{"epoch": "0" * 16, "first": 2, "last": 1}]}, "last"),
        ({"ranges": [{"epoch": "0" * 16, "first": 1, "last": 2**63 - 1}]}, "last"),
        ({"ranges": [{"epoch": "0" * 16, "first": 1.5, "last": 2}]}, "first"),
        ({"ranges": [{"epoch": "../etc", "first": 1, "last": 2}]}, "epoch"),
        ({"ranges": [7]}, "range"),
        ({"since": {"epoch": "0" * 16, "seq": 1}}, "either"),
        ({"ranges": None, "since": {"epoch": "0" * 16, "seq": -1}}, "since"),
        ({"ranges": None}, "either"),
        ({"officer": "O. Beridze"}, "officer"),
    ],
)
def test_what_is_not_well_formed_is_refused_in_words(broker, asker, load, new_daemon, changed, word):
    new_daemon(site(broker, load)).start()
    wait_seq(asker, 1)
    request = {"id": str(uuid.uuid4()), "asker": "centre", "ranges": ranges("0" * 16, (1, 2))} | changed
    asker.send("replay", {name: value for name, value in request.items() if value is not None})
    answer = until(lambda: asker.answers.get(request["id"]), "an answer")
    assert answer["code"] == "bad_request" and word in answer["error"]
    assert wait_seq(asker, 1) and not asker.events


def test_endless_asking_stops_nothing(broker, asker, load, subscriber, new_daemon):
    """A hundred askers, and one that never stops: capture goes on, and who waited is served."""
    daemon = new_daemon(site(broker, load, again_rate=SLOW)).start()
    now = wait_seq(asker, 100)
    for n in range(400):
        payload = {"id": f"n{n}", "asker": f"a{n % 100}", "ranges": ranges(now["epoch"], (1, 2**40 - 1))}
        asker.client.publish(f"{BASE}/request/replay", json.dumps(payload), 0)
    mark = subscriber.mark
    subscriber.wait(lambda: len(subscriber.events(since=mark)) > 100, "live events")
    until(lambda: any(a.get("code") == "busy" for a in asker.answers.values()), "some are told to come later")
    assert daemon.running() and delivered(asker)
    assert daemon.logged().count("asks for events once more") <= 400


def test_the_documented_consumer_ends_with_the_whole_list(broker, load, new_daemon, closing, tmp_path):
    """It comes late, to a broker that has lost what it acknowledged, and asks."""
    asker = closing(Asker(broker)).start()
    daemon = new_daemon(site(broker, load, metrics_every="1s")).start()
    wait_seq(asker, 300)
    broker.kill()
    asker.stop()
    broker.start()
    asker = closing(Asker(broker)).start()
    wait_seq(asker, 400)
    kept = tmp_path / "kept"
    arguments = [sys.executable, ROOT / "doc/consumer.py", "127.0.0.1", str(broker.port), kept]
    consumer = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    try:
        until(lambda: kept.exists() and kept.read_bytes().count(b'"corridord.event/1"') > 400, "events", every_s=0.5)
        upto = status(asker)["seq"]
        wait_seq(asker, upto + 10)

        def whole():
            lines = set(kept.read_bytes().split(b"\n"))
            seqs = {json.loads(line)["seq"] for line in lines if b'"corridord.event/1"' in line[:40]}
            return seqs >= set(range(1, upto + 1)) and lines

        lines = until(whole, "the whole list", every_s=0.5)
    finally:
        consumer.kill()
        consumer.wait()
    daemon.stop()
    assert {payload for key, payload in daemon.journal.payloads().items() if key[1] <= upto} <= lines
