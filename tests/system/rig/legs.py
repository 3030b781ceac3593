"""Two checkpoints on the way of a consignment, each with its lane and gateway."""

import json
import sqlite3
from datetime import datetime, timedelta, timezone

from rig import conf, crossing
from rig.daemon import FAKE_CLOCK_BINARY
from rig.door import Door
from rig.waiting import until
from sim.lane import Lane

FROM, TO, NEXT = "az-ganja", "ge-red-bridge", "ge-poti"
SEALS = {f"6GE204567891-INV000{i}": f"GE-004711{i}" for i in range(1, 5)}
FIRST, SECOND, THIRD, FOURTH = SEALS


def now(seconds=0):
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat()


def consignment(ucr, until_s=3600):
    stops = [
        {"checkpoint": FROM},
        {"checkpoint": TO, "from": now(-3600), "until": now(until_s)},
        {"checkpoint": NEXT},
    ]
    return {
        "ucr": ucr, "flow": "transit", "seals": [{"number": SEALS[ucr]}], "itinerary": stops,
    }


class Site:
    """A checkpoint: its lane, its gateway behind a door to the broker, and who listens to it."""

    def __init__(self, name, broker, tools, more="", handover="", gateway="gw1"):
        closing, new_subscriber, new_daemon, folder = tools
        self.lane = closing(Lane()).start()
        self.door = closing(Door(broker.port)).open()
        self.list = folder / f"{name}.jsonl"
        self.subscriber = new_subscriber(broker, topic=f"corridor/v1/{name}/{gateway}/#", name=name)
        head = conf.head(self.door.port).replace("ge-red-bridge", name)
        head = head.replace('id = "gw1"', f'id = "{gateway}"  log_level = "debug"')
        text = (
            head
            + f"registry {{ {conf.options({'files': [str(self.list)], 'check_every': '100ms'})} }}\n"
            + f"handover {{ overdue_after = 1s {handover} }}\n" + more
            + conf.lane(self.lane.server.port)
        )
        self.daemon = new_daemon(text, folder=name[:20], binary=FAKE_CLOCK_BINARY)

    def knows(self, *records):
        head = {"list": {"kind": "consignment", "version": now(), "as_of": now()}}
        new = self.list.with_suffix(".new")
        new.write_text("".join(json.dumps(line) + "\n" for line in [head, *records]))
        new.rename(self.list)

    def start(self):
        mark = self.subscriber.mark
        self.daemon.start()
        self.subscriber.wait_event("registry.list", since=mark)
        self.subscriber.wait_event("barrier.closed", since=mark)
        return self

    def arrives(self, ucr, opened=3):
        mark = self.subscriber.mark
        self.lane.truck_arrives()
        self.subscriber.wait_event("presence.detected", since=mark)
        self.lane.seal_read(SEALS[ucr], opened=opened)
        self.subscriber.wait_event("passage.identified", since=mark)
        return mark

    def leaves(self, mark):
        crossing.drives_through(self.lane, self.subscriber, mark)

    def wait_journalled(self, kind):
        """While nobody can hear it. A copy of a file in use may not be readable: again, then."""

        def look():
            try:
                return [e for e in self.daemon.journal.events() if e["type"] == kind]
            except (sqlite3.DatabaseError, OSError):
                return []

        return until(look, f"{kind} is journalled")[-1]

    def heard_of(self, ucr):
        until(lambda: f'"{ucr}": expected' in self.daemon.logged(), f"{ucr} is expected")


def depart(site, ucr, opened=3):
    mark = site.arrives(ucr, opened)
    site.leaves(mark)
    return mark
