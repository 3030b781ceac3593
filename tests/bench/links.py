"""Sections h to k, the uplink on links that are far or slow, beside a bare client on the same link.

h  live events/s, with states: on no link, and 100 and 600 ms away
i  bytes on the wire for each event (TCP payload), plain and packed
j  a backlog over 64 kbit/s, plain and packed
k  the first alert over 40 kB/s, with 4,000 retained records to be heard
"""

import json
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from measure import PROGRAMS, REGISTERS, UNITS, Listener, ModbusServer, run_program, say

from rig import centre, conf
from rig.broker import Broker
from rig.daemon import Daemon
from rig.mqtt import new_client
from rig.readings import Readings
from rig.subscriber import Subscriber
from rig.waiting import until
from sim.link import DOWN, UP, Link

FAST_MS = 20  # 32 units of 8 registers change so often
OFFERED = UNITS * REGISTERS * 1000 / FAST_MS  # changes/s: nothing delivers more events
WARM_UP_S, MEASURE_S = 4, 10
WARM_UP_TRIPS = 10  # the window follows the link in round trips
NS = 1_000_000_000
BARE_MESSAGES = 3000
PAYLOAD_BYTES = 650
BACKLOG, BACKLOG_S = 5_000, 40
SLOW, FAR_S = 8_000, 0.1  # 64 kbit/s
WHOLE_BACKLOG = 300_000
COMPRESS = ("none", "zstd")


def window_free(port):
    """Messages/s of a bare client that waits for no acknowledgement but the last."""
    done = threading.Event()
    client = new_client("bare")
    client.max_inflight_messages_set(BARE_MESSAGES)
    client.on_connect = lambda *_: done.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    done.wait(10)
    begun_s = time.monotonic()
    for _ in range(BARE_MESSAGES):
        last = client.publish("bare", b"x" * PAYLOAD_BYTES, 1)
    last.wait_for_publish(60)
    took_s = time.monotonic() - begun_s
    client.disconnect()
    client.loop_stop()
    return BARE_MESSAGES / took_s


def fast_conf(server, port):
    points = "".join(conf.register(f"r{r}", r, counted=True) for r in range(REGISTERS))
    text = conf.head(port, ack_timeout="30s") + conf.bus("plant", server.port)
    for unit in range(1, UNITS + 1):
        text += conf.device(f"d{unit}", "plant", unit, points, address_base=0, poll=f"{FAST_MS}ms")
        for r in range(REGISTERS):
            text += f'meter "m-{unit}-{r}" {{ value = "d{unit}.r{r}"  report_min = "0ms" }}\n'
    return text


def live(folder, broker, delay):
    server = ModbusServer(change_ms=FAST_MS)
    link = Link(broker.port, delay=delay).start() if delay else None
    listener = Listener(broker.port, "corridor/v1/+/+/event/#", folder)
    daemon = Daemon(folder / "gateway", fast_conf(server, link.port if link else broker.port)).start()
    try:
        time.sleep(WARM_UP_S + WARM_UP_TRIPS * 2 * delay)
        begun_ns = time.monotonic_ns()
        time.sleep(MEASURE_S)
        ended_ns = time.monotonic_ns()
    finally:
        daemon.close()
        if link:
            link.close()
        server.stop()
    heard = sum(begun_ns <= at_ns <= ended_ns for at_ns, _ in listener.heard())
    return heard * NS / (ended_ns - begun_ns)


def with_broker(folder, work):
    broker = Broker(folder / "broker").start()
    try:
        return work(broker)
    finally:
        broker.stop()


def live_rows(folder, table):
    say(f"h. live events/s, with states, of {OFFERED:,.0f} changes/s; beside it what the bare library\n"
        "   (on no link, same window) or a bare client without a window (on links) takes of them")  # fmt: skip
    printed = run_program("bench_drain", "-n", 50_000)
    bare = json.loads(printed.splitlines()[-1])["bare_events_per_s"]

    def measure(broker):
        for delay in (0.0, 0.1, 0.6):
            rate = live(Path(tempfile.mkdtemp(dir=folder)), broker, delay)
            link = Link(broker.port, delay=delay).start()
            other = min(OFFERED, window_free(link.port) if delay else bare)
            link.close()
            table.row(
                f"h  live events/s, {delay * 1000:.0f} ms", f"{rate:,.0f}", f"{other:,.0f}",
                f"{rate / other:.2f}", "at least 0.9",
            )  # fmt: skip

    with_broker(folder, measure)


def wire_rows(folder, table):
    say("i. bytes on the wire for each event, at two events a second")
    for compress in COMPRESS:
        wire_row(Path(tempfile.mkdtemp(dir=folder)), table, compress)


def wire_row(folder, table, compress):
    def measure(broker):
        readings = Readings(count=1, poll="500ms").start()
        link = Link(broker.port).start()
        subscriber = Subscriber(broker).start()
        text = conf.head(link.port, compress=compress) + readings.conf()
        daemon = Daemon(folder / "gateway", text).start()
        try:
            subscriber.wait(lambda: len(subscriber.of("event")) > 6, "events")
            before = len(subscriber.messages), link.bytes(UP), link.bytes(DOWN)
            time.sleep(20)
            after = len(subscriber.messages), link.bytes(UP), link.bytes(DOWN)
            events = len(subscriber.of("event", before[0]))
            states = len(subscriber.of("state", before[0]))
        finally:
            daemon.close()
            subscriber.stop()
            link.close()
            readings.close()
        table.row(
            f"i  bytes up an event, with its state, {compress}",
            f"{(after[1] - before[1]) / events:.0f}",
            "", "", f"{states / events:.1f} states an event",
        )  # fmt: skip
        table.row(f"i  bytes down an event, {compress}", f"{(after[2] - before[2]) / events:.1f}")

    with_broker(folder, measure)


def drain_rows(folder, table):
    say(f"j. a backlog over {SLOW * 8 // 1000} kbit/s")
    for compress in COMPRESS:
        drain_row(Path(tempfile.mkdtemp(dir=folder)), table, compress)


def drain_row(folder, table, compress):
    def measure(broker):
        subscriber = Subscriber(broker).start()
        link = Link(broker.port, rate=SLOW, delay=FAR_S).start()
        (folder / "gateway").mkdir()
        journal = folder / "gateway" / "journal.db"
        subprocess.run([PROGRAMS / "fill_journal", journal, str(BACKLOG)], check=True)
        daemon = Daemon(folder / "gateway", conf.head(link.port, ack_timeout="30s", compress=compress))
        daemon.start()
        try:
            subscriber.wait(lambda: len(subscriber.of("event")) > 20, "events")
            before, begun_s, up = len(subscriber.of("event")), time.monotonic(), link.bytes(UP)
            time.sleep(BACKLOG_S)
            events, took_s = len(subscriber.of("event")) - before, time.monotonic() - begun_s
            size = (link.bytes(UP) - up) / max(events, 1)
        finally:
            daemon.close()
            subscriber.stop()
            link.close()
        hours = WHOLE_BACKLOG / max(events / took_s, 0.01) / 3600
        aims = ("at most 200", "under 3 h") if compress == "zstd" else ("", "")
        table.row(f"j  backlog at 64 kbit/s, events/s, {compress}", f"{events / took_s:.1f}")
        table.row(f"j  bytes up an event, {compress}", f"{size:.0f}", "", "", aims[0])
        table.row(f"j  {WHOLE_BACKLOG:,} events, {compress}", f"{hours:.1f} h", "", "", aims[1])

    with_broker(folder, measure)


def alert_rows(folder, table):
    say("k. the first alert over 40 kB/s while 4,000 retained records load")

    def measure(broker):
        centre.publish(broker, map(centre.record, range(4000)))
        subscriber = Subscriber(broker, topic="corridor/v1/ge-red-bridge/gw1/#").start()
        readings = Readings(count=1, poll="500ms").start()
        link = Link(broker.port, rate=40_000).start()
        link.refuse()
        text = conf.head(link.port, ack_timeout="30s") + "registry { }\n" + readings.conf()
        daemon = Daemon(folder / "gateway", text).start()
        try:
            readings.wait_polls(2)
            readings.set_seal("tampered")
            readings.wait_polls(4)
            link.heal()
            until(lambda: link.connections, "the connection")
            begun_s = time.monotonic()
            alert = subscriber.wait(lambda: subscriber.alerts("seal.tampered"), "it", 120)[0]
            polls = readings.unit.requests
            until(lambda: readings.unit.requests > polls + 60, "30 s more", 120)
            heard = len({e.key for e in subscriber.events()})
            daemon.kill()
            journalled = len(daemon.journal.payloads())
        finally:
            daemon.close()
            subscriber.stop()
            link.close()
            readings.close()
        table.row("k  first alert", f"{alert.message.at_s - begun_s:.2f} s", "", "", "under 2 s")
        table.row("k  events heard meanwhile", f"{heard} of {journalled}")

    with_broker(folder, measure)
