"""Three trucks at the border between Romania and Moldova. The first one's carrier is an AEO that is
recognised on the other side; the second one's seal is opened on the way; the third one's is cut
while nobody can hear it.

Starts a broker and two checkpoints on this machine, each with the devices of one lane and its
gateway, listens as a subscriber would, and prints what it hears in plain words. Takes half a
minute; its exit code is 0 only if everything that was expected arrived.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
import textwrap
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "system")]

from rig.broker import Broker  # noqa: E402
from rig.daemon import BUILD, FAKE_CLOCK_BINARY, Daemon  # noqa: E402
from rig.subscriber import Subscriber  # noqa: E402
from sim.lane import Lane  # noqa: E402

LONGEST_S = 180  # on a machine that is busy with other things
PATIENCE_S = 30
PACE_S = 0.7  # so that people can follow
HERE_ID, THERE_ID = "ro-albita", "md-leuseni"
FIRST_SEAL, SECOND_SEAL, THIRD_SEAL = "RO-0047115", "RO-0047116", "AZ-0311902"
GOOD_AEO, BAD_AEO = "ROAEOF000017", "ROAEOF000042"
FIRST, SECOND = "6RO204567891-INV0001", "6RO204567891-INV0002"


# ---- what is known of consignments and operators ------------------------------------------


def now(hours=0):
    return (datetime.now(timezone.utc) + timedelta(hours=hours)).isoformat()


def consignment(ucr, seal, aeo):
    return {
        "ucr": ucr,
        "flow": "transit",
        "seals": [{"number": seal, "affixed_by": "RO"}],
        "parties": [{"role": "carrier", "aeo": {"country": "RO", "scheme": "EU", "number": aeo}}],
        "itinerary": [
            {"checkpoint": HERE_ID},
            {"checkpoint": THERE_ID, "from": now(-1), "until": now(1)},
        ],
    }


def operator(number, status):
    return {
        "country": "RO", "scheme": "EU", "number": number, "type": "AEOF", "status": status,
        "consent_mra": True,
    }


def shipped(name, **members):
    """A line of the lists in etc/registry: an arrangement that is in force."""
    for line in (ROOT / f"etc/registry/{name}.jsonl").read_text().splitlines():
        record = json.loads(line) if line.startswith("{") else {}
        if members.items() <= record.items():
            return record
    raise AssertionError(f"{name}.jsonl has no {members}")


def write_lists(folder):
    """One file for each kind of record; returns their paths."""
    lists = {
        "consignment": [
            consignment(FIRST, FIRST_SEAL, GOOD_AEO),
            consignment(SECOND, SECOND_SEAL, BAD_AEO),
        ],
        "aeo": [operator(GOOD_AEO, "active"), operator(BAD_AEO, "suspended")],
        "mra": [shipped("arrangements", id="eu-md")],
        "group": [shipped("groups", group="EU", country="RO")],
    }
    for kind, records in lists.items():
        head = {"list": {"kind": kind, "version": "demo", "as_of": now()}}
        lines = [json.dumps(line) + "\n" for line in [head, *records]]
        (folder / f"{kind}.jsonl").write_text("".join(lines))
    return [folder / f"{kind}.jsonl" for kind in lists]


# ---- in plain words ------------------------------------------------------------------------


def identified(event):
    standing = event["consignment"]["recognition"]
    words = f"It carries {event['consignment']['ucr']}; its carrier "
    if standing == "recognised":
        arrangement = event["consignment"]["parties"][0]["arrangement"]
        lane = ": priority lane" if "priority_lane" in event["facilitation"] else ""
        return f"{words}is a recognised AEO (arrangement {arrangement}){lane}."
    return f"{words}is an AEO whose status is {standing}: nothing is made easier."


def departed(event):
    seals = ", ".join(
        f"{seal['number']} {seal['state']}, opened {seal['open']} times"
        for seal in event["announced"]["seals"]
    )
    return f"It has left for {event['leg']['to']}, announced there with {seals}."


def arrived(event):
    leg = event["leg"]
    words = f"It comes from {leg['from']}, {leg['duration_ms'] / 1000:.1f} s ago; its seal is "
    return words + ("as it left." if leg["continuity"] == "kept" else "not as it left.")


def broken(event):
    found = event["leg"]["seals"]["findings"][0]
    return (
        f"Seal {found['number']} WAS OPENED ON THE WAY: {found['now']['open']} times by now,"
        f" {found['before']['open']} when it left."
    )


WORDS = {
    "gateway.started": "The gateway has started.",
    "barrier.closed": "The boom is down.",
    "barrier.opening": "The boom goes up.",
    "barrier.open": "The boom is up.",
    "barrier.closing": "The boom comes down.",
    "presence.detected": "A truck stands before the boom.",
    "presence.left": "The truck is gone.",
    "passage.identified": identified,
    "passage.unidentified": "Nobody has declared its seal.",
    "seal.absent": "No seal in the reader's field.",
    "seal.intact": "Seal {id} is closed and whole, battery {battery} %.",
    "seal.tampered": "Seal {id} HAS BEEN TAMPERED WITH.",
    "seal-check.intact": "It is the seal that was declared.",
    "leg.departed": departed,
    "leg.arrived": arrived,
    "leg.broken": broken,
    "uplink.down": "The link to the centre is down.",
}
QUIET = {"registry.list", "passage.opened", "passage.closed", "clock.synced", "clock.unsynced"}
TOLD_OF_THE_FIRST = {"gateway.started", "presence.detected", "leg.departed"}

COLOURS = {"critical": "1;31", "major": "31", "minor": "33", "warning": "33"}
COLOURS |= {"dim": "2", "bold": "1"}


class Paper:
    """Where the story is printed; in colour on a terminal only."""

    def __init__(self):
        self.colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self.lock = threading.Lock()

    def paint(self, text, colour):
        if not (self.colour and colour and text):
            return text
        return f"\033[{COLOURS[colour]}m{text}\033[0m"

    def line(self, text=""):
        with self.lock:
            print(text, flush=True)

    def heading(self, text):
        self.line()
        self.line(self.paint(f"  {text}", "bold"))
        self.line()

    def event(self, event, note=""):
        happened = datetime.fromisoformat(event["occurred"]["utc"].replace("Z", "+00:00"))
        clock = happened.astimezone().strftime("%H:%M:%S.%f")[:-3]
        severity = "" if event["severity"] == "info" else event["severity"]
        colour = severity if severity in COLOURS else None
        words = WORDS.get(event["type"], event["type"])
        if callable(words):
            words = words(event)
        else:
            words = words.format(**event.get("observed", {}))
        self.line(
            f"  {self.paint(clock, 'dim')}  {event['checkpoint']:10}"
            f"  {self.paint(f'{severity:8}', colour)}  {self.paint(words, colour)}"
            f"{self.paint(note, 'dim')}"
        )


class Listener(Subscriber):
    """A subscriber that reads aloud: each event once, and alerts that come first."""

    def __init__(self, broker, paper, checkpoint, only=None):
        super().__init__(broker, topic=f"corridor/v1/{checkpoint}/gw1/#", name=checkpoint)
        self.paper, self.only = paper, only
        self.told = set()
        self.back_s = None  # when the link came back, monotonic

    def late(self, event):
        """Recorded while nobody could hear it."""
        return self.back_s is not None and event["recorded"]["mono_ns"] / 1e9 < self.back_s

    def _parse(self, branch, message):
        super()._parse(branch, message)
        event = self.parsed[branch][-1]
        if event["type"] in QUIET or (self.only and event["type"] not in self.only):
            return
        if (branch, event.key) in self.told or ("event", event.key) in self.told:
            return
        self.told.add((branch, event.key))
        age_s = age_of(event)
        if branch == "event":
            self.paper.event(event, f"  heard {age_s:.1f} s late" if self.late(event) else "")
        elif self.late(event):
            self.paper.event(event, f"  {age_s:.1f} s ago, told ahead of what still waits")


def age_of(event):
    """Seconds from its recording to its arrival."""
    return event.message.at_s - event["recorded"]["mono_ns"] / 1e9


# ---- the story -----------------------------------------------------------------------------


class Site:
    """A checkpoint: its lane, its gateway, and who listens to it."""

    def __init__(self, name, country, folder, broker, lists, paper, only=None):
        self.lane = Lane().start()
        self.listener = Listener(broker, paper, name, only).start()
        conf = (HERE / "demo.conf").read_text()
        for word, value in {
            "CHECKPOINT": name,
            "COUNTRY": country,
            "LISTS": ", ".join(f'"{path}"' for path in lists),
            "BROKER": broker.port,
            "DEVICES": self.lane.server.port,
        }.items():
            conf = conf.replace(f"@{word}@", str(value))
        # Its clock counts as set, whatever this machine says: else nobody could be recognised.
        self.gateway = Daemon(folder / name, conf, binary=FAKE_CLOCK_BINARY)

    def close(self):
        self.gateway.close()
        self.listener.stop()
        self.lane.stop()

    def do(self, action, *kinds, pace_s=PACE_S):
        """Something happens in the lane; these events must be heard."""
        mark = self.listener.mark
        action()
        for kind in kinds:
            self.listener.wait_event(kind, since=mark, within_s=PATIENCE_S)
        time.sleep(pace_s)

    def start(self):
        self.do(self.gateway.start, "barrier.closed", "seal.absent", pace_s=0)
        self.listener.wait(
            lambda: len(self.listener.events("registry.list")) >= 4, "the lists are taken"
        )


class Demo:
    def __init__(self, folder):
        self.paper = Paper()
        lists = write_lists(folder)
        self.broker = Broker(folder / "broker").start()
        shared = (folder, self.broker, lists, self.paper)
        self.here = Site(HERE_ID, "RO", *shared, only=TOLD_OF_THE_FIRST)
        self.there = Site(THERE_ID, "MD", *shared)

    def close(self):
        self.here.close()
        self.there.close()
        self.broker.kill()

    def logged(self):
        return self.here.gateway.logged() + self.there.gateway.logged()

    def run(self):
        self.introduce()
        self.recognised()
        self.opened_on_the_way()
        self.cut_in_the_dark()
        self.back_again()
        self.summary()

    def introduce(self):
        say = self.paper.line
        self.paper.heading("corridord: the gateways of two border checkpoints, heard from the centre")
        say("  A broker, two checkpoints with the devices of one entry lane each (boom, induction")
        say("  loop, seal reader) and their gateways now run on this machine. Both hold the same")
        say("  lists of consignments, of authorised operators (AEO) and of arrangements.")
        say()
        self.here.start()
        self.there.start()

    def leave(self, seal, opened):
        """Through the first checkpoint, at a quick pace."""
        site, lane = self.here, self.here.lane
        site.do(lane.truck_arrives, "presence.detected", pace_s=0)
        site.do(lambda: lane.seal_read(seal, opened=opened), "seal-check.intact", pace_s=0)
        site.do(lambda: lane.barrier("open"), "barrier.open", pace_s=0)
        site.do(lane.truck_leaves, "leg.departed")
        site.do(lane.seal_gone, "seal.absent", pace_s=0)
        site.do(lambda: lane.barrier("closed"), "barrier.closed")

    def recognised(self):
        self.paper.heading("A truck with seal and papers in order; its carrier is a recognised AEO")
        self.leave(FIRST_SEAL, opened=2)
        site, lane = self.there, self.there.lane
        site.do(lane.truck_arrives, "presence.detected")
        site.do(lambda: lane.seal_read(FIRST_SEAL, opened=2), "leg.arrived")
        site.do(lambda: lane.barrier("opening"), "barrier.opening")
        site.do(lambda: lane.barrier("open"), "barrier.open", pace_s=0)
        site.do(lane.truck_leaves, "presence.left")
        site.do(lane.seal_gone, "seal.absent", pace_s=0)
        site.do(lambda: lane.barrier("closed"), "barrier.closed")

    def opened_on_the_way(self):
        self.paper.heading("Another one: its carrier's AEO status is suspended, its seal is opened on the way")
        self.leave(SECOND_SEAL, opened=2)
        site, lane = self.there, self.there.lane
        site.do(lane.truck_arrives, "presence.detected")
        site.do(lambda: lane.seal_read(SECOND_SEAL, opened=3), "leg.arrived", "leg.broken")
        site.do(lane.truck_leaves, "presence.left", pace_s=0)
        site.do(lane.seal_gone, "seal.absent")

    def cut_in_the_dark(self):
        lane = self.there.lane
        self.paper.heading("The link is cut: the broker is stopped")
        self.broker.stop()
        self.paper.line("  A third truck comes, and somebody cuts its seal. Nobody can hear it:")
        self.paper.line("  the gateway writes it down.")
        for action in (
            lane.truck_arrives,
            lambda: lane.seal_read(THIRD_SEAL, battery=62),
            lambda: lane.seal_read(THIRD_SEAL, "tampered", battery=62, tampered=1),
            lane.truck_leaves,
        ):
            self.there.do(action)

    def back_again(self):
        self.paper.heading("The link is back")
        listener = self.there.listener
        mark = self.back_mark = listener.mark
        self.broker.start(anonymous=False)
        self.here.listener.restart()
        listener.restart()
        listener.back_s = time.monotonic()
        self.broker.admit(True)
        listener.wait_event("presence.left", since=mark, within_s=PATIENCE_S)
        time.sleep(PACE_S)
        self.paper.heading("And all goes on")
        self.there.do(self.there.lane.seal_gone, "seal.absent")

    def check_recognition(self):
        listener = self.there.listener
        first, second = listener.events("passage.identified")
        assert first["consignment"]["recognition"] == "recognised", first.data
        assert "priority_lane" in first["facilitation"], first.data
        assert second["consignment"]["recognition"] == "suspended", second.data
        assert second["facilitation"] == [], second.data
        kept, not_kept = [e["leg"]["continuity"] for e in listener.events("leg.arrived")]
        assert (kept, not_kept) == ("kept", "broken"), (kept, not_kept)
        assert listener.alerts("leg.broken"), "the broken leg was no alert"

    def summary(self):
        self.check_recognition()
        listener = self.there.listener
        events, others = listener.verified(), self.here.listener.verified()
        late = [e for e in events if e.message.order >= self.back_mark and listener.late(e)]
        kinds = [e["type"] for e in late]
        expected = ["presence.detected", "seal.intact", "seal.tampered", "presence.left"]
        assert [k for k in kinds if k in expected] == expected, f"late: {kinds}"
        alarm = listener.alerts("seal.tampered")[0]
        ahead = alarm.message.order < late[0].message.order
        say = self.paper.line
        self.paper.heading("Summary")
        say(f"  {len(events)} events received of {THERE_ID}, {len(others)} of {HERE_ID}: none missing.")
        say("  Each carries the hash of the one before, and all fit: none was altered.")
        say(
            f"  {len(late)} came late, up to {max(map(age_of, late)):.1f} s, in their places"
            + ("; the alarm came first." if ahead else ".")
        )
        say()
        assert ahead, "the alarm did not come ahead of the backlog"


def say_what_is_left():
    brought = BUILD / "packages"
    print(f"  Nothing of this runs any more. It leaves {BUILD} (make clean)")
    if brought.exists():
        names = " ".join(dict.fromkeys(brought.read_text().split()))
        print("  and these Debian packages, which were not here before:")
        print(textwrap.fill(names, 88, initial_indent="    ", subsequent_indent="    "))
        print("  (apt-get autoremove --purge, with their names, takes them away again).")
    else:
        print("  and nothing else.")
    print()


def too_long(*_):
    raise TimeoutError(f"the demo did not end within {LONGEST_S} s")


def play():
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(LONGEST_S)
    folder = Path(tempfile.mkdtemp(prefix="corridord-demo-"))
    demo = None
    try:
        demo = Demo(folder)
        demo.run()
        return 0
    except KeyboardInterrupt:
        return 130
    except (AssertionError, OSError) as error:
        print(f"\n  It did not work: {error}", file=sys.stderr)
        if demo:
            print(demo.logged(), file=sys.stderr)
        return 1
    finally:
        signal.alarm(0)
        if demo:
            demo.close()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    code = play()
    if code == 0:
        say_what_is_left()
    return code


if __name__ == "__main__":
    sys.exit(main())
