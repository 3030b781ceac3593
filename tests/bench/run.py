"""The figures, one run, each beside a peer or the bare library measured in the same run.

    run.py [a] [b] [c] [d] [e] [f] [g]      default: all

Nothing fails on time. Figures of a machine that does other things besides are not worth
much: medians help, an idle machine helps more.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "system")]

from rig import conf  # noqa: E402
from rig.broker import Broker  # noqa: E402
from rig.daemon import BUILD, Daemon  # noqa: E402
from rig.waiting import free_port  # noqa: E402

PROGRAMS = BUILD / "tests" / "bench"

UNITS, REGISTERS, POLL_MS = 32, 8, 100
# 257 changes a second; no multiple of the poll, so that in the 20 s that are measured each
# change falls everywhere between two polls.
CHANGE_MS = 995
WARM_UP_S, MEASURE_S = 5, 20
LATENCIES = 200
START_ROUNDS = 9
BACKLOG = 200_000
MANY_EVENTS = 1_000_000
NS = 1_000_000_000


class Table:
    def __init__(self):
        self.rows = []

    def row(self, what, ours, other="", ratio="", aim=""):
        self.rows.append((what, ours, other, ratio, aim))

    def show(self):
        rows = [("", "corridord", "beside it", "ratio", "aim"), *self.rows]
        widths = [max(len(row[i]) for row in rows) for i in range(5)]
        for n, row in enumerate(rows):
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
            if n == 0:
                print("  ".join("-" * width for width in widths))


def say(text):
    print(text, flush=True)


# ---- programs beside ---------------------------------------------------------------------


class ModbusServer:
    """Its registers are a function of monotonic time: a value says when it became so."""

    def __init__(self, units=UNITS, registers=REGISTERS, change_ms=CHANGE_MS):
        self.units, self.registers, self.change_ns = units, registers, change_ms * 1_000_000
        self.process = subprocess.Popen(
            [PROGRAMS / "modbus_server", str(units), str(registers), str(change_ms)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port, self.start_ns = map(int, self.process.stdout.readline().split())

    def changed_ns(self, unit, register, value):
        step_ns = self.change_ns // (self.units * self.registers)
        phase_ns = ((unit - 1) * self.registers + register) * step_ns
        return self.start_ns + phase_ns + value * self.change_ns

    def stop(self):
        self.process.communicate(timeout=10)


class Listener:
    """The subscriber in C; its lines are read at the end."""

    def __init__(self, port, topic, folder):
        self.out = folder / "heard"
        with self.out.open("w") as out:
            self.process = subprocess.Popen(
                [PROGRAMS / "subscriber", str(port), topic], stdin=subprocess.PIPE, stdout=out
            )
        while not self.out.read_text().startswith("ready"):
            time.sleep(0.01)

    def heard(self):
        """[(arrived_ns, payload), ...]"""
        self.process.communicate(timeout=10)
        found = []
        for line in self.out.read_text().splitlines()[1:]:
            at_ns, _topic, payload = line.split(" ", 2)
            found.append((int(at_ns), payload))
        return found


class Process:
    """CPU and memory of a running process."""

    def __init__(self, pid):
        self.pid = pid

    def cpu_s(self):
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mib(self):
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise KeyError("VmRSS")


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def ms(ns):
    return f"{ns / 1e6:.2f} ms" if ns < 10_000_000 else f"{ns / 1e6:.1f} ms"


# ---- a: the usual work -------------------------------------------------------------------


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


def measure(pid):
    """(CPU share, RSS in MiB, window) while it runs on."""
    process = Process(pid)
    time.sleep(WARM_UP_S)
    begun_ns, cpu_s = time.monotonic_ns(), process.cpu_s()
    time.sleep(MEASURE_S)
    ended_ns = time.monotonic_ns()
    share = (process.cpu_s() - cpu_s) * NS / (ended_ns - begun_ns)
    return share, process.rss_mib(), (begun_ns, ended_ns)


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


def parse_event(event):
    if event["type"] != "meter.value":
        return None, None, None
    _, unit, register = event["sensor"].split("-")
    return int(unit), int(register), event["observed"]["value"]


def parse_peer(message):
    return message["unit"], message["register"], message["value"]


def run_ours(folder, server, broker):
    listener = Listener(broker.port, "corridor/v1/+/+/event/#", folder)
    daemon = Daemon(folder / "gateway", plant_conf(server, broker)).start()
    try:
        cpu, rss, window = measure(daemon.pid)
        return cpu, rss, latencies(server, listener.heard(), window, parse_event)
    finally:
        daemon.close()


def run_peer(folder, server, broker):
    listener = Listener(broker.port, "peer/#", folder)
    numbers = [server.port, UNITS, REGISTERS, POLL_MS, broker.port]
    peer = subprocess.Popen([sys.executable, HERE / "peer.py", *map(str, numbers), "peer"])
    try:
        cpu, rss, window = measure(peer.pid)
        return cpu, rss, latencies(server, listener.heard(), window, parse_peer)
    finally:
        peer.kill()
        peer.wait()


def usual_work(folder, table):
    say(f"a. {UNITS} units of {REGISTERS} registers, each polled every {POLL_MS} ms, "
        f"{UNITS * REGISTERS * 1000 // CHANGE_MS} changes/s; the peer is a Python script")
    server = ModbusServer()
    broker = Broker(folder / "broker").start()
    try:
        cpu, rss, ours = run_ours(folder, server, broker)
        peer_cpu, peer_rss, theirs = run_peer(folder, server, broker)
    finally:
        broker.stop()
        server.stop()
    p50, p99 = percentile(ours, 0.5), percentile(ours, 0.99)
    peer_p50, peer_p99 = percentile(theirs, 0.5), percentile(theirs, 0.99)
    half = POLL_MS * 500_000
    table.row("a  CPU, of one core", f"{cpu:.1%}", f"{peer_cpu:.1%}", f"{cpu / peer_cpu:.2f}", "under 3 %")
    table.row("a  RSS", f"{rss:.1f} MiB", f"{peer_rss:.1f} MiB", f"{rss / peer_rss:.2f}", "under 8 MiB")
    table.row(
        "a  change to subscriber, p50", ms(p50), ms(peer_p50), f"{p50 / peer_p50:.2f}",
        f"within 2 ms of {ms(half)}: {(p50 - half) / 1e6:+.2f} ms",
    )
    table.row("a  change to subscriber, p99", ms(p99), ms(peer_p99), f"{p99 / peer_p99:.2f}")
    table.row("a  changes heard", str(len(ours)), str(len(theirs)))


# ---- b, c: programs of their own -----------------------------------------------------------


def run_program(name, *arguments):
    """Runs a bench that prints for people; shows that, and gives it."""
    command = [PROGRAMS / name, *map(str, arguments)]
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    for line in printed.splitlines():
        if not line.startswith("{"):
            say("   " + line.strip())
    return printed


def drain(folder, table):
    say(f"b. {BACKLOG:,} journalled events to a local broker;\n"
        "   beside it libmosquitto alone, the same payloads, QoS 1 and window")
    printed = run_program("bench_drain", "-n", BACKLOG, "-j", folder)
    figures = json.loads(printed.splitlines()[-1])
    table.row(
        "b  backlog, events/s", f"{figures['events_per_s']:,.0f}",
        f"{figures['bare_events_per_s']:,.0f} (bare)", f"{figures['ratio']:.2f}", "at least 0.85",
    )


def durable(folder, table):
    say("c. durable events through the journal; beside it SQLite alone, the same rows and commits")
    printed = run_program("bench_journal", folder, "c")
    found = re.search(r"journal ([\d.]+), bare SQLite ([\d.]+), ratio ([\d.]+)", printed)
    ours, bare, ratio = map(float, found.groups())
    table.row(
        "c  durable events/s", f"{ours:,.0f}", f"{bare:,.0f} (bare)", f"{ratio:.2f}", "at least 0.6"
    )


# ---- d: one event at low load ------------------------------------------------------------


def ours_at_low_load(folder, broker):
    """From the bus's time stamp to the subscriber, four changes a second."""
    server = ModbusServer(1, 4, 1000)
    points = "".join(conf.register(f"r{r}", r, counted=True) for r in range(4))
    text = conf.head(broker.port) + conf.bus("plant", server.port)
    text += conf.device("d1", "plant", 1, points, address_base=0, poll="20ms")
    for r in range(4):
        text += f'meter "m-1-{r}" {{ value = "d1.r{r}"  report_min = "0ms" }}\n'
    listener = Listener(broker.port, "corridor/v1/+/+/event/meter/#", folder)
    daemon = Daemon(folder / "gateway-d", text).start()
    time.sleep(2 + LATENCIES / 4)
    daemon.close()
    server.stop()
    heard = [(at_ns, json.loads(payload)) for at_ns, payload in listener.heard()][8:]
    size = statistics.mean(len(json.dumps(event)) for _, event in heard)
    return [at_ns - event["occurred"]["mono_ns"] for at_ns, event in heard], int(size)


def bare_at_low_load(folder, broker, payload_bytes):
    listener = Listener(broker.port, "bare", folder)
    numbers = [LATENCIES, 250, payload_bytes]
    subprocess.run(
        [PROGRAMS / "bare_publisher", str(broker.port), "bare", folder / "bare.data", *map(str, numbers)],
        check=True,
    )
    return [at_ns - int(payload.split(" ", 1)[0]) for at_ns, payload in listener.heard()]


def low_load(folder, table):
    say("d. one event at low load: from its time stamp to the subscriber;\n"
        "   beside it libmosquitto alone, after one append and fdatasync of the same size")
    broker = Broker(folder / "broker").start()
    try:
        ours, size = ours_at_low_load(folder, broker)
        bare = bare_at_low_load(folder, broker, size)
    finally:
        broker.stop()
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        our, other = percentile(ours, share), percentile(bare, share)
        aim = f"within 1 ms: {(our - other) / 1e6:+.2f} ms"
        table.row(f"d  capture to subscriber, {name}", ms(our), ms(other), f"{our / other:.2f}", aim)


# ---- e: start ----------------------------------------------------------------------------


def start_ms(folder, text):
    """Median from exec to READY."""
    took = []
    for _ in range(START_ROUNDS):
        daemon = Daemon(folder, text).start(within_s=120)
        took.append((daemon.ready_s - daemon.started_s) * 1000)
        daemon.stop()
    return statistics.median(took)


def start_up(folder, table):
    say(f"e. start to ready with an empty journal, and with {MANY_EVENTS:,} events unsent")
    text = conf.head(free_port(), {"quota": "8GiB"}) + conf.bus("plant", free_port())
    text += conf.device("d1", "plant", 1, conf.register("r", 0), address_base=0)
    empty = start_ms(folder / "empty", text)
    (folder / "many").mkdir()
    journal = folder / "many" / "journal.db"
    subprocess.run([PROGRAMS / "fill_journal", journal, str(MANY_EVENTS)], check=True)
    say(f"   the journal takes {journal.stat().st_size / 2**20:.0f} MiB")
    many = start_ms(folder / "many", text)
    table.row(
        f"e  start to ready, {MANY_EVENTS:,} events", f"{many:.1f} ms", f"{empty:.1f} ms (empty)",
        f"{many / empty:.2f}", "under 1.3",
    )


# ---- f: with a registry --------------------------------------------------------------------


def bound(folder, table):
    say("f. events of passages, each with a question of the registry, at full speed:\n"
        "   100,000 consignments and 50,000 operators held; beside it none")
    printed = run_program("bench_registry", folder)
    found = re.search(
        r"events/s: ([\d.]+), with an empty registry ([\d.]+), ratio ([\d.]+).*RSS ([\d.]+)",
        printed,
        re.S,
    )
    full, empty, ratio, rss = map(float, found.groups())
    table.row(
        "f  bound events/s", f"{full:,.0f}", f"{empty:,.0f} (empty)", f"{ratio:.2f}", "at least 0.9"
    )
    table.row("f  RSS, MiB", f"{rss:.1f}")


# ---- g: a serial line ----------------------------------------------------------------------

LINE_UNITS, LINE_REGISTERS = 8, 8
LINE_S = 20


def line_use(folder, broker, baud):
    """How much of a line's time is used by eight units that are always due."""
    line = subprocess.Popen(
        [PROGRAMS / "rtu_line", str(baud), str(LINE_REGISTERS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    port = line.stdout.readline().strip()
    serial = {"driver": "modbus-rtu", "port": port, "baud": baud, "parity": "even"}
    text = conf.head(broker.port) + f'bus "line" {{ {conf.options(serial)} }}\n'
    points = "".join(conf.register(f"r{r}", r) for r in range(LINE_REGISTERS))
    for unit in range(1, LINE_UNITS + 1):
        text += conf.device(f"d{unit}", "line", unit, points, address_base=0, poll="10ms")
    daemon = Daemon(folder / f"gateway-{baud}", text).start()
    time.sleep(LINE_S)
    daemon.close()
    return line.communicate(timeout=10)[0].split()


def serial_line(folder, table):
    say(f"g. {LINE_UNITS} units on a serial line, always due: the time of the line that is used,\n"
        "   of what its speed allows; the units in C answer at once")
    broker = Broker(folder / "broker").start()
    try:
        for baud in (9600, 19200, 38400):
            exchanges, use, median = line_use(folder, broker, baud)
            table.row(f"g  line of {baud}, used", use, f"{median} (median)", "", "at least 0.97")
            say(f"   {baud} baud: {exchanges} exchanges")
    finally:
        broker.stop()


SECTIONS = {
    "a": usual_work,
    "b": drain,
    "c": durable,
    "d": low_load,
    "e": start_up,
    "f": bound,
    "g": serial_line,
}


def main(wanted):
    table = Table()
    for letter, section in sorted(SECTIONS.items()):
        if wanted and letter not in wanted:
            continue
        folder = Path(tempfile.mkdtemp(prefix=f"bench-{letter}-", dir=BUILD))
        try:
            section(folder, table)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    say("")
    table.show()


if __name__ == "__main__":
    main(sys.argv[1:])
