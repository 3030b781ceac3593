"""One truck crosses a checkpoint; then a seal is cut while nobody can hear it.

Starts a broker, the devices of one lane and the gateway on this machine, listens as a
subscriber would, and prints what it hears in plain words. Ends by itself within half a
minute; its exit code is 0 only if everything that was expected arrived.
"""

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "system")]

from rig.broker import Broker  # noqa: E402
from rig.daemon import Daemon  # noqa: E402
from rig.subscriber import Subscriber  # noqa: E402
from sim.lane import Lane  # noqa: E402

LONGEST_S = 30
PACE_S = 0.7  # so that people can follow
FIRST_SEAL, SECOND_SEAL = "GE-0047115", "AZ-0311902"

WORDS = {
    "gateway.started": "The gateway has started.",
    "clock.unsynced": "Its clock is not synchronised: every time is marked so.",
    "clock.synced": "Its clock is synchronised.",
    "barrier.closed": "The boom is down.",
    "barrier.opening": "The boom goes up.",
    "barrier.open": "The boom is up.",
    "barrier.closing": "The boom comes down.",
    "presence.detected": "A truck stands before the boom.",
    "presence.left": "The truck has driven on.",
    "seal.absent": "No seal in the reader's field.",
    "seal.intact": "Seal {id} is closed and whole, battery {battery} %.",
    "seal.tampered": "Seal {id} HAS BEEN TAMPERED WITH.",
    "uplink.down": "The link to the centre is down.",
}

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
        words = WORDS.get(event["type"], event["type"]).format(**event.get("observed", {}))
        self.line(
            f"  {self.paint(clock, 'dim')}  {event.get('lane', 'gateway'):8}"
            f"  {self.paint(f'{severity:8}', colour)}  {self.paint(words, colour)}"
            f"{self.paint(note, 'dim')}"
        )


class Listener(Subscriber):
    """A subscriber that reads aloud: each event once, and alerts that come first."""

    def __init__(self, broker, paper):
        super().__init__(broker)
        self.paper = paper
        self.told = set()
        self.back_s = None  # when the link came back, monotonic

    def late(self, event):
        """Recorded while nobody could hear it."""
        return self.back_s is not None and event["recorded"]["mono_ns"] / 1e9 < self.back_s

    def _parse(self, branch, message):
        super()._parse(branch, message)
        event = self.parsed[branch][-1]
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


class Demo:
    def __init__(self, folder):
        self.paper = Paper()
        self.lane = Lane().start()
        self.broker = Broker(folder / "broker").start()
        self.listener = Listener(self.broker, self.paper).start()
        conf = (HERE / "demo.conf").read_text()
        conf = conf.replace("@BROKER@", str(self.broker.port))
        conf = conf.replace("@DEVICES@", str(self.lane.server.port))
        self.gateway = Daemon(folder / "gateway", conf)

    def close(self):
        self.gateway.close()
        self.listener.stop()
        self.broker.kill()
        self.lane.stop()

    def do(self, action, *kinds):
        """Something happens in the lane; these events must be heard."""
        mark = self.listener.mark
        action()
        for kind in kinds:
            self.listener.wait_event(kind, since=mark, within_s=5)
        time.sleep(PACE_S)

    def run(self):
        self.introduce()
        self.crossing()
        self.cut_in_the_dark()
        self.back_again()
        self.summary()

    def introduce(self):
        self.paper.heading("corridord: a border checkpoint's gateway, heard from the centre")
        self.paper.line("  A broker, the devices of one entry lane (boom, induction loop, seal reader) and")
        self.paper.line("  the gateway now run on this machine. This is what a subscriber hears.")
        self.paper.line()
        self.do(self.gateway.start, "gateway.started", "barrier.closed", "seal.absent")

    def crossing(self):
        lane = self.lane
        self.paper.heading("A truck crosses")
        self.do(lane.truck_arrives, "presence.detected")
        self.do(lambda: lane.seal_read(FIRST_SEAL), "seal.intact")
        self.do(lambda: lane.barrier("opening"), "barrier.opening")
        self.do(lambda: lane.barrier("open"), "barrier.open")
        self.do(lane.truck_leaves, "presence.left")
        self.do(lane.seal_gone, "seal.absent")
        self.do(lambda: lane.barrier("closing"), "barrier.closing")
        self.do(lambda: lane.barrier("closed"), "barrier.closed")

    def cut_in_the_dark(self):
        lane = self.lane
        self.paper.heading("The link is cut: the broker is stopped")
        self.broker.stop()
        self.paper.line("  A second truck comes, and somebody cuts its seal. Nobody can hear it:")
        self.paper.line("  the gateway writes it down.")
        for action in (
            lane.truck_arrives,
            lambda: lane.seal_read(SECOND_SEAL, battery=62),
            lambda: lane.seal_read(SECOND_SEAL, "tampered", battery=62, tampered=1),
            lane.truck_leaves,
        ):
            self.do(action)

    def back_again(self):
        self.paper.heading("The link is back")
        mark = self.back_mark = self.listener.mark
        self.broker.start(anonymous=False)
        self.listener.restart()
        self.listener.back_s = time.monotonic()
        self.broker.admit(True)
        self.listener.wait_event("presence.left", since=mark, within_s=8)
        time.sleep(PACE_S)
        self.paper.heading("And all goes on")
        self.do(self.lane.seal_gone, "seal.absent")

    def summary(self):
        events = self.listener.verified()
        late = [e for e in events if e.message.order >= self.back_mark and self.listener.late(e)]
        kinds = [e["type"] for e in late]
        expected = ["presence.detected", "seal.intact", "seal.tampered", "presence.left"]
        assert [k for k in kinds if k in expected] == expected, f"late: {kinds}"
        alarm = self.listener.alerts("seal.tampered")[0]
        ahead = alarm.message.order < late[0].message.order
        say = self.paper.line
        self.paper.heading("Summary")
        say(f"  {len(events)} events received, numbers 1 to {events[-1]['seq']}: none missing.")
        say("  Each carries the hash of the one before, and all fit: none was altered.")
        say(
            f"  {len(late)} came late, up to {max(map(age_of, late)):.1f} s, in their places"
            + ("; the alarm came first." if ahead else ".")
        )
        say()
        assert ahead, "the alarm did not come ahead of the backlog"


def too_long(*_):
    raise TimeoutError(f"the demo did not end within {LONGEST_S} s")


def main():
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(LONGEST_S - 2)
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
            print(demo.gateway.logged(), file=sys.stderr)
        return 1
    finally:
        signal.alarm(0)
        if demo:
            demo.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
