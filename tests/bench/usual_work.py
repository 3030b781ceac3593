"""Section a, the usual work: many units polled, single changes, each an event at the broker.

Beside the daemon the scripts that one writes in an afternoon, durable and not, and the least that
the same work costs in C. CPU and memory are those of all processes of a program.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time

from measure import (
    CHANGE_MS,
    HERE,
    PROGRAMS,
    REGISTERS,
    UNITS,
    Listener,
    ModbusServer,
    Process,
    ms,
    percentile,
    say,
)

from rig import conf
from rig.broker import Broker
from rig.daemon import Daemon

POLL_MS = 100
COMMIT_MS = 40
PAYLOAD_BYTES = 640  # of an event of ours
WARM_UP_S, MEASURE_S, SYNCS_S = 5, 20, 5
ROUNDS = int(os.environ.get("ROUNDS", "1"))  # medians of so many
RATES = (1, 10, 100)
NS = 1_000_000_000


def plant_conf(server, broker):
    points = "".join(conf.register(f"r{r}", r, counted=True) for r in range(REGISTERS))
    text = conf.head(broker.port) + conf.bus("plant", server.port)
    for unit in range(1, UNITS + 1):
        text += conf.device(
            f"d{unit}", "plant", unit, points, address_base=0, poll=f"{POLL_MS}ms"
        )
        for r in range(REGISTERS):
            text += (
                f'meter "m-{unit}-{r}" {{ value = "d{unit}.r{r}"'
                '  report_min = "0ms"  report_every = "0s" }\n'
            )
    return text


# ---- who does the work ---------------------------------------------------------------------


class Ours:
    name, durable, topic = "corridord", f"sync each {COMMIT_MS} ms", "corridor/v1/+/+/event/#"

    def __init__(self, folder, server, broker):
        self.daemon = Daemon(folder / "gateway", plant_conf(server, broker)).start()
        self.pid = self.daemon.pid

    def stop(self):
        self.daemon.close()

    @staticmethod
    def parse(event):
        if event["type"] != "meter.value":
            return None, None, None
        _, unit, register = event["sensor"].split("-")
        return int(unit), int(register), event["observed"]["value"]


class Beside:
    def __init__(self, command, folder):
        self.process = subprocess.Popen([*map(str, command)], cwd=folder)
        self.pid = self.process.pid

    def stop(self):
        self.process.kill()
        self.process.wait()

    @staticmethod
    def parse(message):
        return message["unit"], message["register"], message["value"]


class Script(Beside):
    name, durable, topic = "Python script", "no", "peer/#"
    database = ()

    def __init__(self, folder, server, broker):
        numbers = [server.port, UNITS, REGISTERS, POLL_MS, broker.port]
        super().__init__([sys.executable, HERE / "peer.py", *numbers, "peer", *self.database], folder)


class DurableScript(Script):
    name, durable = "Python script, SQLite", "sync each poll"
    database = ("queue.db",)


class Floor(Beside):
    name, durable, topic = "bare C", f"sync each {COMMIT_MS} ms", "floor/#"

    def __init__(self, folder, server, broker):
        numbers = [server.port, UNITS, REGISTERS, POLL_MS, broker.port, COMMIT_MS, PAYLOAD_BYTES]
        super().__init__([PROGRAMS / "floor", *numbers, "floor"], folder)


# ---- one round -----------------------------------------------------------------------------


class Figures:
    def __init__(self):
        self.cpu = self.pss_mib = self.written = self.p50_ns = self.p99_ns = 0.0
        self.heard = 0
        self.syncs = None


def measure(program, figures, syncs):
    """The window while it runs on."""
    process = Process(program.pid)
    time.sleep(WARM_UP_S)
    begun_ns, cpu_s, written = time.monotonic_ns(), process.cpu_s(), process.written_bytes()
    time.sleep(MEASURE_S)
    ended_ns = time.monotonic_ns()
    figures.cpu = (process.cpu_s() - cpu_s) * NS / (ended_ns - begun_ns)
    figures.written = process.written_bytes() - written
    figures.pss_mib = process.pss_mib()
    if syncs:
        figures.syncs = process.syncs(SYNCS_S)
    return begun_ns, ended_ns


def latencies(server, heard, window, parse):
    """From the change in the device to the subscriber, of what changed in the window."""
    found = []
    for at_ns, payload in heard:
        unit, register, value = parse(json.loads(payload))
        if unit is None:
            continue
        changed_ns = server.changed_ns(unit, register, value)
        if window[0] <= changed_ns and at_ns <= window[1]:
            found.append(at_ns - changed_ns)
    return found


def run(kind, folder, syncs=False, **server_options):
    """Figures of one program, with a server and a broker of its own."""
    figures = Figures()
    folder = folder / "round"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    server = ModbusServer(**server_options)
    broker = Broker(folder / "broker").start()
    try:
        listener = Listener(broker.port, kind.topic, folder)
        program = kind(folder, server, broker)
        try:
            window = measure(program, figures, syncs)
        finally:
            program.stop()
        found = latencies(server, listener.heard(), window, kind.parse)
    finally:
        broker.stop()
        server.stop()
    figures.heard = len(found)
    figures.p50_ns, figures.p99_ns = percentile(found, 0.5), percentile(found, 0.99)
    return figures


def median_of(rounds):
    figures = Figures()
    for name in ("cpu", "pss_mib", "written", "p50_ns", "p99_ns", "heard"):
        setattr(figures, name, statistics.median(getattr(round, name) for round in rounds))
    return figures


# ---- the table -----------------------------------------------------------------------------


def compare(folder, table, bursts):
    """Rounds of all programs in turn, so that what disturbs the machine disturbs each."""
    kinds = (Ours, Floor, DurableScript, Script)
    rounds = {kind: [] for kind in kinds}
    for _ in range(ROUNDS):
        for kind in kinds:
            rounds[kind].append(run(kind, folder, bursts=bursts))
    found = {kind: median_of(rounds[kind]) for kind in kinds}
    how = "bursts" if bursts else "spread"
    for kind, figures in found.items():
        say(
            f"   {how}: {kind.name:22} CPU {figures.cpu:5.1%}  {figures.pss_mib:5.1f} MiB"
            f"  p50 {ms(figures.p50_ns):>8}  p99 {ms(figures.p99_ns):>8}"
            f"  {figures.heard:.0f} heard  durable: {kind.durable}"
        )
    ours = found[Ours]
    aims = {Floor: "" if bursts else "at most 1.15", DurableScript: "under 1", Script: ""}
    for kind, aim in aims.items():
        other = found[kind]
        table.row(
            f"a  CPU, {how}", f"{ours.cpu:.1%}", f"{other.cpu:.1%} ({kind.name})",
            f"{ours.cpu / other.cpu:.2f}", aim,
        )
    late_ns = ours.p50_ns - found[Floor].p50_ns
    table.row(
        f"a  change to subscriber, p50, {how}", ms(ours.p50_ns), ms(found[Floor].p50_ns),
        f"{ours.p50_ns / found[Floor].p50_ns:.2f}", f"within 25 ms: {late_ns / 1e6:+.2f} ms",
    )
    table.row(f"a  memory of all processes, {how}", f"{ours.pss_mib:.1f} MiB")


def by_rate(folder, table):
    for rate in RATES:
        figures = run(Ours, folder, syncs=True, change_ms=UNITS * REGISTERS * 1000 // rate)
        events = rate * MEASURE_S
        syncs = "no strace" if figures.syncs is None else f"{figures.syncs / rate:.2f} syncs/event"
        aims = {1: "at most 6 kB", 100: "at most 2 payloads"}
        table.row(
            f"a  {rate} events/s: written per event", f"{figures.written / events / 1000:.1f} kB",
            syncs, f"CPU {figures.cpu:.1%}", aims.get(rate, ""),
        )


def usual_work(folder, table):
    say(f"a. {UNITS} units of {REGISTERS} registers, each polled every {POLL_MS} ms, "
        f"{UNITS * REGISTERS * 1000 // CHANGE_MS} changes/s, median of {ROUNDS}")
    compare(folder, table, bursts=False)
    compare(folder, table, bursts=True)
    by_rate(folder, table)
