"""A lane whose plate camera posts, whose tag reader publishes at a broker of the site and whose scale is on
a serial line, beside the barrier and the seal reader on Modbus."""

import os
import signal
import threading
import time
from contextlib import contextmanager
from itertools import pairwise

import pytest
from rig import conf
from rig.broker import Broker
from rig.consignment import CONSIGNMENT, UCR, write_list
from rig.crossing import arrives, cross, drives_through
from rig.daemon import SANITIZED
from rig.processes import children, name, status_kib
from rig.waiting import free_port, until
from sim.poster import JPEG, Poster
from sim.publisher import Publisher
from sim.scale import Scale

READERS = "corridord-readers"
PLATE = "AB123CD"
TAG = "3416451FD400000000003039"  # GIAI 952114112345
BRISK = 'reopen_min = "50ms"  reopen_max = "500ms"'
BODY = """
bus "web" {{ driver = "http-in"  listen = {{"127.0.0.1:{web}"}}  timeout = 2s  {brisk} }}
device "camera-1" {{
    bus = "web"  endpoint = "/camera-1"  from = {{"127.0.0.1"}}  auth = "digest"  username = "camera-1"  password_file = "{password}"
    rate = 200
    when = {{"/type=lpr"}}  id = "/id"  time = "/t"  time_form = "unix"
    point "plate" {{
        path = "/plate"  confidence = "/score"  at_least = 0.8  none_text = {{"unknown"}}  accept = "^[A-Z]{{2}}[0-9]{{3}}"
        settle = "200ms"  hold = "3s"  again_after = "60s"
    }}
}}
bus "site" {{ driver = "mqtt-in"  host = "127.0.0.1:{site}"  retry_max = 1s  {brisk} }}
device "tags-1" {{
    bus = "site"  topics = {{"r700/entry"}}  alive = "r700/available=online"  rate = 100
    when = {{"/eventType=tagInventory"}}  only = {{"/tagInventoryEvent/antennaPort=1"}}
    point "tag" {{ path = "/tagInventoryEvent/epcHex"  decode = "epc"  hold = "3s"  again_after = "10s" }}
}}
bus "scale-bus" {{
    driver = "line"  port = "{scale}"  begin = "STX"  end = "ETX"  longest = 64B  silence = "2s"  {brisk}
}}
device "scale-1" {{ bus = "scale-bus"  point "weight" {{ pattern = "^([ -][ 0-9.]{{7}})G$"  type = "real" }} }}
meter "weight" {{ value = "scale-1.weight"  report_on_change = 1  report_min = "0ms" }}
"""


@pytest.fixture
def site(tmp_path, closing):
    """The broker of the readers."""
    return closing(Broker(tmp_path / "site")).start()


@pytest.fixture
def scale(closing):
    return closing(Scale())


@pytest.fixture
def web():
    return free_port()


@pytest.fixture
def tags(site, closing):
    return closing(Publisher(site.port))


@pytest.fixture
def camera(web):
    return Poster(web, "/camera-1", "camera-1", "secret-1")


@pytest.fixture
def gateway(broker, lane, site, scale, web, tmp_path, subscriber, new_daemon):
    record = CONSIGNMENT | {"vehicles": [PLATE]}
    files = [write_list(tmp_path / "consignments.jsonl", "consignment", record)]
    password = tmp_path / "camera-1.password"
    password.write_text("secret-1\n")
    text = conf.lane(lane.server.port).replace(
        'direction = "entry"', 'direction = "entry"  plate = "camera-1.plate"  document = "tags-1.tag"  weight = "scale-1.weight"  weight_max = 12000'
    )
    readers = BODY.format(web=web, site=site.port, scale=scale.path, password=password, brisk=BRISK)
    daemon = new_daemon(
        conf.head(broker.port) + f"registry {{ files = {conf.value(files)} }}\n" + text + readers
    ).start()
    subscriber.wait_event("registry.list")
    subscriber.wait_event("seal.absent")
    return daemon


def readers_pids(daemon):
    return sorted(pid for pid in children(daemon.pid) if name(pid) == READERS)


def seen(text=PLATE, score=0.93, **more):
    return {"type": "lpr", "plate": text, "score": score} | more


def says_that_it_is_there(tags, subscriber):
    """Its availability is told after the connection's: only then is it up to stay."""
    tags.send("r700/available", "online", retain=True)

    def told():
        return [(e["alarm"], e.get("reason")) for e in subscriber.events("device.down", device="tags-1")]

    until(lambda: ("raised", "no_answer") in told() and told()[-1][0] == "cleared", "the tag reader is there")


def inventory(tag=TAG, port=1):
    return {"eventType": "tagInventory", "tagInventoryEvent": {"epcHex": tag, "antennaPort": port}}


def posts_until(camera, body, question):
    until(lambda: camera.post(body) == 200 and question(), "the camera's post was heard")


def weighs(scale, subscriber, kg=12345):
    mark = subscriber.mark

    def weighed():
        scale.weigh(kg)
        return subscriber.events("meter.value", since=mark, sensor="weight")

    until(weighed, "the scale was heard", every_s=0.1)
    return weighed()[0]


def test_a_crossing_is_bound_by_what_each_reader_sends(gateway, lane, camera, tags, scale, subscriber):
    tags.send("r700/available", "online", retain=True)
    mark = arrives(lane, subscriber)
    assert camera.post(seen("unknown")) == 200
    assert camera.post(seen("CAM03", 0.99)) == 200
    posts_until(camera, seen(), lambda: subscriber.events("identifier.read", since=mark))
    tags.send("r700/entry", inventory("E28011606000020A1B2C3D4E", port=2))
    tags.send("r700/entry", [inventory()])
    until(lambda: len(subscriber.events("identifier.read", since=mark)) == 2, "plate and tag were read")
    numbers = {e["identifier"]["number"] for e in subscriber.events("identifier.read", since=mark)}
    assert numbers == {PLATE, "952114112345"}
    bound = subscriber.wait_event("passage.identified", since=mark)
    assert bound["consignment"]["ucr"] == UCR
    assert weighs(scale, subscriber)["observed"]["value"] == 12345
    drives_through(lane, subscriber, mark)
    closed = subscriber.wait_event("passage.closed", since=mark)
    assert closed["weight"] == {"input": "scale-1.weight", "gross_kg": 12345, "max_kg": 12000, "overloaded": True}
    if not SANITIZED:
        assert gateway.status_kib("VmRSS") < 10 * 1024
        assert all(status_kib(pid, "VmRSS") < 24 * 1024 for pid in readers_pids(gateway))
    subscriber.verified()


# ---- each source killed and flooded in turn --------------------------------------------


def restarted(gateway, before):
    return lambda: len(readers_pids(gateway)) == 2 and not set(readers_pids(gateway)) & set(before)


def test_a_process_that_dies_takes_its_device_with_it_and_comes_back(gateway, lane, camera, tags, subscriber):
    posts_until(camera, seen("ZZ999"), lambda: True)
    says_that_it_is_there(tags, subscriber)
    until(lambda: len(readers_pids(gateway)) == 2, "two processes of readers")
    before, mark = readers_pids(gateway), subscriber.mark
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    for device in ("camera-1", "tags-1"):
        down = subscriber.wait_event("device.down", since=mark, device=device, alarm="raised")
        assert "SIGKILL" in down["detail"]
    lane.seal_read("GE-0047115", "tampered", tampered=1)
    subscriber.wait_event("seal.tampered", since=mark)
    until(restarted(gateway, before), "both are started again")
    posts_until(camera, seen("AA111AA"), lambda: "corridord-readers has ended" in gateway.logged())
    subscriber.verified()


def test_a_process_that_hangs_is_replaced(gateway, subscriber):
    until(lambda: len(readers_pids(gateway)) == 2, "two processes of readers")
    before, mark = readers_pids(gateway), subscriber.mark
    for pid in before:
        os.kill(pid, signal.SIGSTOP)
    down = subscriber.wait_event("device.down", since=mark, device="camera-1", alarm="raised")
    assert "no sign of life" in down["detail"]
    until(restarted(gateway, before), "both are started again")


def test_readers_end_with_the_gateway(gateway):
    until(lambda: len(readers_pids(gateway)) == 2, "two processes of readers")
    pids = readers_pids(gateway)
    gateway.kill()
    until(lambda: not any(name(pid) == READERS for pid in pids), "they follow it")


def test_none_is_started_where_no_bus_needs_it(broker, lane, new_daemon, subscriber):
    daemon = new_daemon(conf.head(broker.port) + conf.lane(lane.server.port)).start()
    subscriber.wait_event("seal.absent")
    assert readers_pids(daemon) == []


def polled_in_time(lane, subscriber, while_s=3.0):
    """The seal's changes are seen while something else goes on."""
    until_s = time.monotonic() + while_s
    for word in ["tampered", "intact"] * 50:
        mark = subscriber.mark
        lane.seal_read("GE-0047115", word, **({word: 1} if word != "intact" else {}))
        subscriber.wait_event(f"seal.{word}", since=mark)
        if word == "intact" and time.monotonic() > until_s:
            return


@pytest.fixture
def beside():
    """Runs a call over and over beside the test, in threads."""
    stop, threads = threading.Event(), []

    def run(call):
        def again():
            while not stop.is_set():
                call()

        threads.append(threading.Thread(target=again, daemon=True))
        threads[-1].start()

    yield run
    stop.set()
    for thread in threads:
        thread.join()


def test_floods_harm_nobody_else(gateway, lane, camera, web, tags, scale, site, subscriber, beside):
    big = b'{"type":"lpr","picture":"' + b"A" * 3_000_000 + b'","plate":"CC333CC","score":0.9}'
    bare = Poster(web, "/camera-1")
    elsewhere = Poster(web, "/nowhere")
    noise = Publisher(site.port, "noise")
    tags.send("r700/available", "online", retain=True)
    until(lambda: len(readers_pids(gateway)) == 2, "two processes of readers")
    pids = readers_pids(gateway)
    beside(lambda: camera.post(big))
    beside(lambda: camera.post(seen("DD444DD", 0.3)))
    beside(lambda: (bare.post(b"x" * 1000), elsewhere.post(b"x" * 1000)))
    count = 0

    def pour():
        nonlocal count
        count += 1
        body = b"{" * 3000 if count % 3 == 0 else b'{"eventType":"tagInventory","tagInventoryEvent":{"epcHex":"%024X","antennaPort":1}}' % count
        noise.pour("r700/entry", body)
        if count % 100 == 0:
            time.sleep(0.1)

    beside(pour)
    beside(lambda: scale.weigh(count % 5000, "M") or time.sleep(0.01))
    polled_in_time(lane, subscriber)
    assert readers_pids(gateway) == pids
    until(lambda: "messages are dropped" in gateway.logged(), "the flood is told")
    if not SANITIZED:
        assert gateway.status_kib("VmRSS") < 10 * 1024
        assert all(status_kib(pid, "VmHWM") < 32 * 1024 for pid in pids)
    noise.close()
    subscriber.verified()


def test_reconnecting_without_end_harms_nobody_else(gateway, lane, site, web, subscriber, beside):
    def knock():
        import socket

        for _ in range(20):
            try:
                with socket.create_connection(("127.0.0.1", web), timeout=5) as connection:
                    connection.sendall(b"POST /camera-1 HTTP/1.1\r\nContent-Length: 999")
            except OSError:
                pass

    beside(knock)

    def bounce():
        site.kill()
        site.start()

    beside(bounce)
    polled_in_time(lane, subscriber)
    subscriber.wait_event("device.down", device="tags-1", alarm="raised")


# ---- the seal reader is polled on time, counted at its end of the line -----------------

POLL_S = 0.05
LONGEST_S = 3.0  # a busy machine, and the devices of this test are one process with the flood


@contextmanager
def polled_on_time(lane):
    asked_at_s = lane.reader.asked_at_s
    until(lambda: asked_at_s, "the seal reader is polled")
    before, began_s = len(asked_at_s), time.monotonic()
    yield
    asked = [began_s, *asked_at_s[before:], time.monotonic()]
    longest_s = max(after - one for one, after in pairwise(asked))
    assert longest_s < LONGEST_S, f"nobody asked it for {longest_s:.2f} s"
    assert len(asked) > (asked[-1] - began_s) / POLL_S / 4, "it was asked too seldom"


def kill_again(gateway, which):
    """As soon as it is there again, so that it is down or starting all the time."""
    for pid in readers_pids(gateway)[which:][:1]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    time.sleep(0.2)


KILLS = {
    "a process of readers": lambda gateway, site, scale: kill_again(gateway, 0),
    "the other process": lambda gateway, site, scale: kill_again(gateway, -1),
    "the broker of the site": lambda gateway, site, scale: (site.kill(), time.sleep(0.3), site.start()),
    "the scale": lambda gateway, site, scale: scale.close() or time.sleep(0.2),
}


@pytest.mark.parametrize("source", KILLS)
def test_a_vehicle_crosses_beside_a_source_that_is_killed(gateway, lane, site, scale, subscriber, beside, source):
    until(lambda: len(readers_pids(gateway)) == 2, "two processes of readers")
    beside(lambda: KILLS[source](gateway, site, scale))
    subscriber.wait_event("device.down", alarm="raised")
    with polled_on_time(lane):
        for _ in range(2):
            mark = cross(lane, subscriber)
            assert subscriber.wait_event("passage.closed", since=mark)["end"] == "passed"
    subscriber.verified()


def floods(web, site, scale):
    """By name: what is sent over and over, and what of another source is read beside it."""
    bare, noise = Poster(web, "/camera-1"), Publisher(site.port, "noise")
    big = b'{"type":"lpr","picture":"' + b"A" * 1_000_000 + b'"}'
    tag = b'{"eventType":"tagInventory","tagInventoryEvent":{"epcHex":"E28011606000020A1B2C3D4E","antennaPort":2}}'
    return {
        "camera": lambda: bare.post(big),
        "tags": lambda: [noise.pour("r700/entry", tag) for _ in range(100)] and time.sleep(0.1),
        "scale": lambda: scale.weigh(100, "M") or time.sleep(0.01),
    }


@pytest.mark.parametrize("source", ["camera", "tags", "scale"])
def test_a_vehicle_crosses_beside_a_source_that_floods(
    gateway, lane, camera, tags, web, site, scale, subscriber, beside, source
):
    says_that_it_is_there(tags, subscriber)
    beside(floods(web, site, scale)[source])
    with polled_on_time(lane):
        mark = arrives(lane, subscriber)
        if source == "camera":
            tags.send("r700/entry", [inventory()])
            assert subscriber.wait_event("identifier.read", since=mark)["input"] == "tags-1.tag"
        else:
            posts_until(camera, seen(), lambda: subscriber.events("passage.identified", since=mark))
        drives_through(lane, subscriber, mark)
        assert subscriber.wait_event("passage.closed", since=mark)["end"] == "passed"
    subscriber.verified()
