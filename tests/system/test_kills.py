"""The daemon killed at random moments under load: what a committed journal holds is never
lost nor renumbered, and the chain verifies from what the subscriber received alone."""

import os
import random
import time

from rig import conf

ROUNDS = 20
SEED = int(os.environ.get("CORRIDORD_SEED", random.randrange(1 << 32)))


def outage(round_number):
    """Rounds in which no broker answers: a long outage, and single ones."""
    return round_number in (5, 6, 7, 8, 13, 16)


def set_broker(broker, subscriber, up):
    if up == broker.up:
        return
    broker.up = up
    if not up:
        broker.kill()
        return
    broker.restart_for(subscriber)


def test_twenty_kills_at_random_moments_lose_and_renumber_nothing(
    load, broker, subscriber, new_daemon
):
    chance = random.Random(SEED)
    print("seed", SEED)
    broker.up = True
    daemon = new_daemon(conf.head(broker.port) + conf.counters(load.port, 16, "10ms"))
    committed = {}
    for number in range(ROUNDS):
        set_broker(broker, subscriber, not outage(number))
        daemon.start(ready=chance.random() < 0.8)
        time.sleep(chance.uniform(0, 0.7))  # the moment of death is not ours to choose
        daemon.kill()
        held = daemon.journal.payloads()
        for key, payload in held.items():
            assert committed.setdefault(key, payload) == payload, f"{key} was rewritten"
        missing = set(committed) - set(held)
        assert not missing, f"kill {number}: {len(missing)} events gone from the journal"
    set_broker(broker, subscriber, True)
    daemon.start()
    subscriber.wait(
        lambda: set(committed) <= {e.key for e in subscriber.events()}, "all that was committed"
    )
    daemon.stop()
    events = subscriber.verified()
    assert len({event["epoch"] for event in events}) == 1, "a kill is no reason for a new epoch"
    received = {event.key: event.message.payload for event in events}
    assert all(received[key] == payload for key, payload in committed.items())
    starts = [e for e in events if e["type"] == "gateway.started"]
    assert [e["observed"]["unclean"] for e in starts] == [False] + [True] * (len(starts) - 1)
    assert len(committed) > 500, "there was no load"


def test_a_kill_during_the_first_start_leaves_a_journal_that_can_be_used(
    load, broker, subscriber, new_daemon
):
    chance = random.Random(SEED)
    text = conf.head(broker.port) + conf.counters(load.port, 4, "10ms")
    for number in range(8):
        daemon = new_daemon(text, folder=f"gateway-{number}")
        daemon.start(ready=False)
        time.sleep(chance.uniform(0, 0.06))  # nor here
        daemon.kill()
    mark = subscriber.mark
    daemon.start()
    subscriber.wait_event("meter.value", since=mark)
    assert not subscriber.events("journal.set-aside", since=mark)
    daemon.stop()
