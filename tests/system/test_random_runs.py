"""Three gateways that sign and witness one another, and at random: daemons, uplinks, signers and brokers that are
killed, links that are cut, a broker that answers nobody. Whatever a subscriber has meanwhile is never called
altered, and what it has at the end is whole, signed and witnessed: for corridor-verify, and for the verifier that
was written from doc/verification.md alone.

RANDOM_ROUNDS: how many (100 for a whole run); CORRIDORD_SEED repeats the first of them, the next one is its number more.
"""

import os
import random
import signal
import time

import pytest
from rig import conf, processes
from rig.corridor import PLACES, Gateway
from rig.door import Door
from rig.judging import heard, judge
from rig.waiting import until

ROUNDS = int(os.environ.get("RANDOM_ROUNDS", 3))
SEED = int(os.environ.get("CORRIDORD_SEED", random.randrange(1 << 32)))
SIGNER = "corridord-signer"
STEPS = 8


class Corridor:
    """The three, each behind a door of its own to the broker, and what may happen to them."""

    def __init__(self, chance, broker, subscriber, load, closing, new_daemon, folder):
        self.chance, self.broker, self.subscriber, self.folder = chance, broker, subscriber, folder
        self.gateways = [Gateway(country, closing, folder) for country in PLACES]
        self.keys = [key for one in self.gateways for key in (one.log, one.witness)]
        for one in self.gateways:
            one.door = closing(Door(broker.port)).open()
            others = [other for other in self.gateways if other is not one]
            text = one.site(one.door, others) + conf.counters(load.port, 4, "50ms")
            one.daemon = new_daemon(text, folder=one.country).start()

    def pause(self, most_s=1.0):
        time.sleep(self.chance.uniform(0, most_s))  # how long something lasts is not ours to choose

    def kill_a_daemon(self, one):
        one.daemon.kill()
        self.pause(0.5)
        one.daemon.start(ready=self.chance.random() < 0.7)

    def stop_a_daemon(self, one):
        one.daemon.wait_ready()
        one.daemon.stop()
        self.pause(0.5)
        one.daemon.start()

    def kill_a_child(self, one):
        found = [pid for pid in processes.children(one.daemon.pid) if processes.name(pid) in (processes.UPLINK, SIGNER)]
        if found:
            os.kill(self.chance.choice(found), signal.SIGKILL)

    def lose_the_broker(self, _):
        self.broker.kill()
        self.pause(2)
        self.broker.restart_for(self.subscriber)

    def hold_the_broker(self, _):
        self.broker.freeze()
        self.pause(3)
        self.broker.thaw()

    def cut_a_link(self, one):
        one.door.shut()
        self.pause(2)
        one.door.open()

    def alarm(self, one):
        one.tamper(3)
        self.pause()
        one.tamper(1)

    def step(self):
        happen = self.chance.choice([
            self.kill_a_daemon, self.stop_a_daemon, self.kill_a_child, self.lose_the_broker, self.hold_the_broker,
            self.cut_a_link, self.alarm,
        ])
        one = self.chance.choice(self.gateways)
        print(happen.__name__, one.country, flush=True)
        happen(one)
        self.pause()

    def judge(self, witnesses=0):
        return judge(self.folder / "lines", heard(self.subscriber), self.keys, witnesses)

    def is_witnessed(self):
        """Each log, by one of the others at least, however far."""
        said, _ = self.judge()
        return len(said) == len(self.gateways) and all(one["witnessed"] for one in said.values())

    def is_whole(self):
        """When all have stopped. What is not out by then comes after the next start."""
        for one in self.gateways:
            if one.daemon.process is None:
                one.daemon.start()
        until(self.is_witnessed, "each is witnessed", every_s=1)
        for one in self.gateways:
            one.daemon.wait_ready()
            one.daemon.stop()
        return self.judge(witnesses=1)[1] == 0

    def end(self):
        until(self.is_whole, lambda: f"all of it is good; {self.judge(witnesses=1)}", 600)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_whatever_happens_nothing_is_called_altered(number, broker, subscriber, load, closing, new_daemon, tmp_path):
    print("seed", SEED + number)
    corridor = Corridor(random.Random(SEED + number), broker, subscriber, load, closing, new_daemon, tmp_path)
    for _ in range(STEPS):
        corridor.step()
        said, code = corridor.judge()
        assert code < 2, f"altered, it is said: {said}"
    corridor.end()
    said, _ = corridor.judge(witnesses=1)
    assert not [one for one in said.values() if one["clock_back"] or one["clock_ahead"] or one["missing"]]
    for kind in ("journal.forked", "journal.unproven", "journal.set-aside", "journal.rolled-back", "journal.lost"):
        assert not subscriber.events(kind)
