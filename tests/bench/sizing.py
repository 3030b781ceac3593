"""What a lorry costs: events, room in the journal, bytes written to the card, bytes on the link. The
numbers of the table in doc/operations.md.

    BUILD=build /usr/bin/python3 tests/bench/sizing.py

One lane by the shipped profiles, a real broker behind a link that counts. Passages follow each other as fast
as the broker hears of their steps, which a card does not mind: each step is a transaction of its own.
"""

import contextlib
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "system")]

from rig import conf  # noqa: E402
from rig.broker import Broker  # noqa: E402
from rig.crossing import cross  # noqa: E402
from rig.daemon import Daemon  # noqa: E402
from rig.subscriber import Subscriber  # noqa: E402
from rig.waiting import until  # noqa: E402
from sim.lane import Lane  # noqa: E402
from sim.link import DOWN, UP, Link  # noqa: E402

PASSAGES = 50
WHAT = ("up", "down", "written to the disk")
SETTLE_S, IDLE_S = 100, 180  # a minute after the last event the log goes into the file


class Figures:
    def __init__(self, folder):
        self.broker = Broker(folder / "broker").start()
        self.link = Link(self.broker.port).start()
        self.lane = Lane().start()
        self.subscriber = Subscriber(self.broker).start()
        text = conf.head(self.link.port, keepalive="30s") + conf.lane(self.lane.server.port)
        self.daemon = Daemon(folder / "gateway", text)

    def close(self):
        if self.daemon.running():
            self.daemon.stop()
        self.subscriber.stop()
        self.lane.stop()
        self.link.close()
        self.broker.stop()

    def written(self):
        lines = Path(f"/proc/{self.daemon.pid}/io").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))

    def now(self):
        return self.link.bytes(UP), self.link.bytes(DOWN), self.written(), time.monotonic()

    def room(self):
        """Bytes of the pages in use; the daemon is stopped."""
        with contextlib.closing(sqlite3.connect(self.daemon.folder / "journal.db")) as journal:
            pages, free = (journal.execute(f"PRAGMA {q}").fetchone()[0] for q in ("page_count", "freelist_count"))
        return (pages - free) * 4096


def per(before, after, count):
    return [(b - a) / count for a, b in zip(before[:3], after[:3])]


def main():
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        figures = Figures(Path(folder))
        try:
            measure(figures)
        finally:
            figures.close()


def measure(figures):
    figures.daemon.start()
    figures.subscriber.wait_event("barrier.closed")
    time.sleep(SETTLE_S)
    before = figures.now()
    time.sleep(IDLE_S)
    up, down, disk = per(before, figures.now(), IDLE_S)
    a_day = [f"{each * 86400 / 1e6:.2f} MB {what}" for each, what in zip((up, down, disk), WHAT)]
    print("idle, a day:", ", ".join(a_day))
    figures.daemon.stop()
    empty = figures.room()
    figures.daemon.start()
    mark = figures.subscriber.mark
    before = figures.now()
    for number in range(PASSAGES):
        cross(figures.lane, figures.subscriber, f"GE-{number:07}")
    after = figures.now()
    events = len({e.key for e in figures.subscriber.events(since=mark)})
    payload = sum(len(m.payload) for m in figures.subscriber.of("event", mark)) / events
    up, down, disk = per(before, after, PASSAGES)
    costs = [f"{each:.0f} bytes {what}" for each, what in zip((up, down, disk), WHAT)]
    print(f"a passage: {events / PASSAGES:.1f} events of {payload:.0f} bytes,", ", ".join(costs))
    figures.daemon.stop()
    room = figures.room() - empty
    print(f"room in the journal: {room / PASSAGES:.0f} bytes a passage, {room / events:.0f} an event")
    backlog(figures)


def backlog(figures):
    """The same events of a day without a link, sent when it is back: by what a new broker is told of old ones."""
    figures.link.refuse()
    figures.daemon.start()
    crossed = PASSAGES // 2
    for number in range(crossed):
        steps(figures.lane, f"GT-{number:07}")
    figures.lane.barrier("closed")
    mark, before = figures.subscriber.mark, figures.now()
    figures.link.heal()
    figures.subscriber.wait_status(state="online")
    until(lambda: len(figures.subscriber.events("barrier.closed", mark)) >= crossed, "the backlog")
    up, down, _ = per(before, figures.now(), crossed)
    print(f"a passage of a backlog: {up:.0f} bytes up, {down:.0f} down")


def steps(lane, seal):
    """As cross(), without anybody to hear of it: by the time it takes to be read."""
    for step in (lane.truck_arrives, lambda: lane.seal_read(seal), lambda: lane.barrier("opening"),
                 lambda: lane.barrier("open"), lane.truck_leaves, lane.seal_gone,
                 lambda: lane.barrier("closing"), lambda: lane.barrier("closed")):  # fmt: skip
        step()
        time.sleep(0.3)


if __name__ == "__main__":
    main()
