"""Section l, witnesses: what it costs a gateway that two others cosign its heads, and it theirs.

Three gateways of three states at one broker, twice: alone, and as one another's witnesses. They
witness each second here instead of each hour or less; memory is that of `corridord` alone.
"""

import statistics
import threading
import time
from pathlib import Path

from measure import Process, say
from rig.broker import Broker
from rig.corridor import PLACES, Gateway
from rig.daemon import Daemon
from rig.mqtt import new_client

WARM_UP_S, MEASURE_S = 20, 60
A_DAY = 6  # offers, without anything critical: one in four hours


class Counter:
    """What goes over the link between the witnesses."""

    def __init__(self, port):
        self.offers = self.bytes = 0
        self.client = new_client("counter")
        self.client.on_message = self.count
        self.client.connect("127.0.0.1", port)
        self.client.subscribe([("corridor/v1/+/+/cosign/#", 1), ("corridor/v1/+/+/witness/#", 1)])
        self.client.loop_start()

    def count(self, _client, _data, message):
        self.offers += "/cosign/" in message.topic
        self.bytes += len(message.topic) + len(message.payload)


def own_kib(pid, name):
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name + ":"))


def disturb(gateways, ends):
    """A seal is tampered with and whole again, all the time."""
    for n in range(1 << 30):
        for gateway in gateways:
            gateway.tamper((3, 1)[n % 2])
        if ends.wait(0.5):
            return


def run(folder, broker, witnessed):
    """Medians of the three: KiB resident, of these its own, share of a processor."""
    folder.mkdir()
    gateways = [Gateway(country, lambda device: device, folder) for country in PLACES]
    daemons = []
    for gateway in gateways:
        others = [one for one in gateways if one is not gateway] if witnessed else []
        daemons.append(Daemon(folder / gateway.country, gateway.site(broker, others)).start())
    ends = threading.Event()
    threading.Thread(target=disturb, args=(gateways, ends), daemon=True).start()
    time.sleep(WARM_UP_S)
    pids = [daemon.pid for daemon in daemons]
    before = [Process(pid).cpu_s() for pid in pids]
    time.sleep(MEASURE_S)
    cpu = statistics.median(Process(pid).cpu_s() - was for pid, was in zip(pids, before)) / MEASURE_S
    kib = [statistics.median(own_kib(pid, name) for pid in pids) for name in ("Rss", "Private_Dirty")]
    ends.set()
    for daemon, gateway in zip(daemons, gateways):
        daemon.close()
        gateway.device.stop()
    return *kib, cpu


def witnesses(folder, table):
    say("l. three gateways that witness one another each second, and the same without;\n"
        f"   an alarm each second, {MEASURE_S} s of each")
    broker = Broker(folder / "broker").start()
    try:
        alone = run(folder / "alone", broker, False)
        counter = Counter(broker.port)
        among = run(folder / "among", broker, True)
        counter.client.loop_stop()
    finally:
        broker.stop()
    an_hour = 2 * counter.bytes / counter.offers * A_DAY / 24
    say(f"   {counter.offers} offers, {counter.bytes / counter.offers:.0f} bytes each with its answer")
    for what, i in (("RSS", 0), ("its own", 1)):
        table.row(f"l  witness, {what}, KiB", f"{among[i]:.0f}", f"{alone[i]:.0f} (alone)",
                  f"{among[i] - alone[i]:+.0f}", "under +100")
    table.row("l  witness, CPU", f"{among[2]:.2%}", f"{alone[2]:.2%} (alone)",
              f"{among[2] - alone[2]:+.2%}", "under +1 %")
    table.row("l  witness, bytes an hour and neighbour", f"{an_hour:.0f}", "", "", "under 1000")
