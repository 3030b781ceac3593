"""A device whose every reading is a new value, of which none may be missing in the journal; and
beside it a seal, to be broken."""

from sim.modbus_device import TcpServer, Unit

from . import conf
from .waiting import until
from .witness import Witness

LAST = 60_000
SEAL_WORDS = {"missing": 0, "intact": 1, "opened": 2, "tampered": 3}
MAP = [f"{number}={word}" for word, number in SEAL_WORDS.items()]
LATE_S = 1.0  # between two polls, on a machine that does nothing else


class Readings:
    def __init__(self, count=2, poll="40ms", **device):
        self.count, self.poll, self.device = count, poll, device
        self.values = [0] * count
        self.finished = False
        self.unit = Unit(holding={i: self._register(i) for i in range(count)})
        self.seal = Unit(holding={0: SEAL_WORDS["intact"]})
        self.server = TcpServer({1: self.unit, 2: self.seal})
        self.witness = None

    def _register(self, i):
        def read():
            if self.finished:
                return LAST
            self.values[i] += 1
            return self.values[i]

        return read

    def start(self):
        self.server.start()
        self.witness = Witness()
        return self

    def close(self):
        self.witness.stop()
        self.server.stop()

    def conf(self):
        return (
            conf.bus("plant", self.server.port)
            + self._device("counters", 1, self._registers())
            + self._device("reader", 2, conf.register("status", 0, map=MAP))
            + "".join(
                f'meter "counter-{i}" {{ value = "counters.n{i}"  report_min = "0ms" }}\n'
                for i in range(self.count)
            )
            + 'lane "entry-1" { direction = "entry"  seal "reader" { status = "reader.status" } }\n'
        )

    def _registers(self):
        return "".join(conf.register(f"n{i}", i, counted=True) for i in range(self.count))

    def _device(self, name, unit, points):
        return conf.device(name, "plant", unit, points, address_base=0, poll=self.poll, **self.device)

    def set_seal(self, word):
        self.seal.set(0, SEAL_WORDS[word])

    def wait_polls(self, count=25):
        """It goes on being read."""
        enough = self.unit.requests + count
        until(lambda: self.unit.requests >= enough, f"{count} polls")

    def finish(self):
        """From here on nothing is new, after one last value."""
        self.finished = True

    def is_last(self, event):
        return event["type"] == "meter.value" and event["observed"]["value"] == LAST

    def all_last(self, events):
        return len({e["sensor"] for e in events if self.is_last(e)}) == self.count

    def check_in_time(self):
        """No poll was late, but for what the machine itself was."""
        asked = list(self.unit.asked_at_s)
        gap, at = max((b - a, a) for a, b in zip(asked, asked[1:]))
        allowed_s = self.witness.allowed(LATE_S)
        assert gap < allowed_s, f"{gap:.2f} s without a poll, {at - asked[0]:.1f} s after the first"

    def check_complete(self, events):
        """No reading is missing among these."""
        seen = {}
        for event in events:
            if event["type"] == "meter.value" and not self.is_last(event):
                seen.setdefault(event["sensor"], []).append(event["observed"]["value"])
        assert len(seen) == self.count
        for sensor, values in seen.items():
            gaps = [(a, b) for a, b in zip(values, values[1:]) if b != a + 1]
            assert not gaps, f"{sensor}: readings are missing between {gaps[:5]}"
