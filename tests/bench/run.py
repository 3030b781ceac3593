"""The figures, one run, each beside a peer or the bare library measured in the same run.

    run.py [a] … [l]      default: all

ROUNDS=5 in the environment: section a gives medians of five.

Nothing fails on time. Figures of a machine that does other things besides are not worth
much: medians help, an idle machine helps more.
"""

import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# measure comes first: it finds the rig
import links
from corridor import witnesses
from measure import PROGRAMS, Listener, ModbusServer, Table, ms, percentile, run_program, say
from usual_work import usual_work

from rig import conf
from rig.broker import Broker
from rig.daemon import BUILD, Daemon
from rig.waiting import free_port

LATENCIES = 200
START_ROUNDS = 9
BACKLOG = 200_000
MANY_EVENTS = 1_000_000


# ---- b, c: programs of their own -----------------------------------------------------------


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
    "h": links.live_rows,
    "i": links.wire_rows,
    "j": links.drain_rows,
    "k": links.alert_rows,
    "l": witnesses,
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
