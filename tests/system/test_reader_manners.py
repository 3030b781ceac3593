"""How senders behave, by name, over each transport: what is refused names nobody, is told, and a good
message right after it is taken."""

import base64
import json
import ssl
import time

import pytest
from rig import conf
from rig.broker import Broker
from rig.waiting import free_port, until
from sim.poster import JPEG, Poster
from sim.publisher import Publisher
from sim.sender import Sender

LIMITS = "silence = {silence}  rate = 500"
POINTS = """
    when = {{"/type=lpr"}}  id = "/id"  time = "/t"  time_form = "unix"
    point "plate" {{ path = "/plate"  none_text = {{"unknown"}}  confidence = "/score"  at_least = 0.8  max_age = 10s  hold = 500ms }}
"""
OPEN = 'point "open" { path = "/open"  type = "bool" }'


class Device:
    """A camera whose plate is a lane's; what was read of it is seen at the centre."""

    def __init__(self, daemon, subscriber, send):
        self.daemon, self.subscriber, self.send = daemon, subscriber, send
        self.count = 0

    def plate(self):
        self.count += 1
        return f"GE{self.count:03}OK"

    def read(self, since):
        return [e["identifier"]["number"] for e in self.subscriber.events("identifier.read", since=since)]

    def is_read(self, message=None, plate=None):
        """What it sends again and again until it is read; of the last plate alone."""
        plate = plate or self.plate()
        mark = self.subscriber.mark
        message = message or (lambda: lpr(plate))
        until(lambda: [self.send(message()), plate in self.read(mark)][1], f"{plate} was read", every_s=0.1)
        return plate

    def is_told(self, words):
        until(lambda: words in self.daemon.logged(), lambda: f"{words!r} in {self.daemon.logged()[-3000:]}")

    def names_nobody(self, message, words=None):
        mark = self.subscriber.mark
        self.send(message)
        good = self.is_read()
        assert self.read(mark) == [good]
        if words:
            self.is_told(words)


def lpr(plate, score=0.9, ago_s=0.0, **more):
    return {"type": "lpr", "plate": plate, "score": score, "t": time.time() - ago_s} | more


def line(message):
    text = message if isinstance(message, (str, bytes)) else json.dumps(message)
    return (text.encode() if isinstance(text, str) else text) + b"\n"


@pytest.fixture
def site(tmp_path, closing):
    return closing(Broker(tmp_path / "site")).start()


@pytest.fixture(params=["mqtt-in", "http-in", "line"])
def device(request, closing, broker, subscriber, new_daemon, site, silence):
    port, limits = free_port(), LIMITS.format(silence=silence)
    bus, own = "", limits
    if request.param == "mqtt-in":
        bus = f'host = "127.0.0.1:{site.port}"  max_message = 64KiB'
        own += '  topics = {"lane/camera"}'
        publisher = closing(Publisher(site.port))
        send = lambda message: publisher.send("lane/camera", message)
    elif request.param == "http-in":
        bus = f'listen = {{"127.0.0.1:{port}"}}  max_body = 64KiB'
        own += '  endpoint = "/camera"  from = {"127.0.0.1"}'
        poster = Poster(port, "/camera")
        send = lambda message: poster.post(message.encode() if isinstance(message, str) else message)
    else:
        sender = closing(Sender())
        bus = f'host = "127.0.0.1:{sender.port}"  end = "LF"  longest = 4KiB  reopen_min = "50ms"  {limits}'
        own = 'format = "json"'
        send = lambda message: sender.send(line(message))
    text = (
        conf.head(broker.port) + f'bus "b" {{ driver = "{request.param}"  {bus} }}\n'
        + f'device "camera" {{ bus = "b"  {own} {POINTS.format()} }}\n'
        + 'lane "entry-1" { direction = "entry"  plate = "camera.plate" }\n'
    )  # fmt: skip
    daemon = new_daemon(text).start()
    device = Device(daemon, subscriber, send)
    device.kind = request.param
    if device.kind == "line":
        sender.wait_connected()
    device.is_read()
    return device


@pytest.fixture
def silence():
    return "0s"


def test_malformed(device):
    device.names_nobody('{"type":"lpr","plate":"XX000XX"', "the message is cut")
    device.names_nobody("<html>", "the message is no JSON")
    device.names_nobody(b"\xef\xbb\xbf" + json.dumps(lpr("XX000XX")).encode())
    device.names_nobody(b'{"type":"lpr","plate":"\xff\xfe","score":0.9}')
    device.names_nobody("")


def test_huge(device):
    words = "is longer than longest" if device.kind == "line" else "is larger than max_"
    device.names_nobody(json.dumps(lpr("XX000XX", picture="A" * 100_000)), words)


def test_a_picture_beside_it(device):
    plate = device.plate()
    picture = JPEG[:1000] if device.kind == "line" else JPEG  # a line has 4 KiB at most
    device.is_read(lambda: lpr(plate, picture=base64.b64encode(picture).decode()), plate)


def test_deep(device):
    device.names_nobody('{"type":"lpr","x":' + "[" * 10_000 + "]" * 10_000 + "}")


def test_many_values(device):
    device.names_nobody(json.dumps(lpr("XX000XX", x=list(range(5000)))))


def test_wrong_type(device):
    device.names_nobody(lpr(["XX000XX"]))
    device.names_nobody(lpr({"text": "XX000XX"}))
    device.names_nobody(lpr(None))
    device.names_nobody(lpr("XX000XX", score="high"))
    device.names_nobody(lpr("X" * 64))
    device.names_nobody(lpr("XX\u0007"))


def test_missing_member(device):
    device.names_nobody({"type": "lpr", "t": time.time()})
    device.names_nobody({"type": "lpr", "plate": "XX000XX", "t": time.time()})
    device.names_nobody({"type": "lpr", "plate": "XX000XX", "score": 0.9})
    device.names_nobody({"plate": "XX000XX", "score": 0.9, "t": time.time()})


def test_several_numbers(device):
    """Elements of an array are records of their own."""
    mark = device.subscriber.mark
    first, second = "AB123CD", "ZZ987QQ"  # which are no misreadings of each other
    until(
        lambda: [device.send([lpr(first), lpr("XX000XX", 0.3), lpr(second)]), {first, second} <= set(device.read(mark))][1],
        "both were read", every_s=0.1,
    )  # fmt: skip
    assert "XX000XX" not in device.read(mark)


def test_duplicates(device):
    mark = device.subscriber.mark
    plate, message = device.plate(), lpr("GE001DU", id="a7")
    device.send(message)
    until(lambda: device.read(mark), "it was read")
    for _ in range(20):
        device.send(message)
    device.is_read(plate=plate)
    assert device.read(mark) == ["GE001DU", plate]


def test_out_of_order(device):
    mark = device.subscriber.mark
    device.send(lpr("GE001OO", id="2"))
    until(lambda: "GE001OO" in device.read(mark), "it was read")
    device.names_nobody(lpr("XX000XX", ago_s=30, id="1"))


def test_clock_wrong(device):
    device.names_nobody(lpr("XX000XX", ago_s=25_200), "s ago: it was kept back, or a clock is wrong")
    device.names_nobody(lpr("XX000XX", ago_s=-25_200), "s to come: it was kept back, or a clock is wrong")
    device.names_nobody(lpr("XX000XX", t="2026-11-28"))


def test_replay_of_a_thousand_after_an_outage(device):
    mark = device.subscriber.mark
    for i in range(1000):
        device.send(lpr(f"XX{i:03}XX", ago_s=3600 - i, id=str(i)))
    good = device.is_read()
    assert device.read(mark) == [good]


@pytest.mark.parametrize("silence", ["2s"])
def test_silence(device):
    mark = device.subscriber.mark
    down = device.subscriber.wait_event("device.down", since=mark, device="camera", alarm="raised")
    assert down["reason"] == "no_answer" and "nothing was heard" in down["detail"]
    device.is_read()
    device.subscriber.wait_event("device.down", since=mark, device="camera", alarm="cleared")


def test_a_refusal_is_told_with_a_shortened_sample(device):
    device.send('{"type":"lpr","plate":' + "x" * 200)
    device.is_told("camera: the message ")
    line = next(l for l in device.daemon.logged().splitlines() if "camera: the message " in l)
    assert '{"type":"lpr","plate":xxx' in line and line.endswith("...") and len(line) < 250


def test_nothing_but_nonsense_is_garbled(device):
    mark, until_s = device.subscriber.mark, time.monotonic() + 60
    while time.monotonic() < until_s and not device.subscriber.events("device.down", since=mark, alarm="raised"):
        device.send("nonsense")
        time.sleep(0.2)
    assert device.subscriber.wait_event("device.down", since=mark)["reason"] == "garbled"
    device.is_read()


# ---- of one transport ------------------------------------------------------------------


def test_retained_numbers_name_nobody_retained_states_are_states(broker, site, closing, subscriber, new_daemon):
    publisher = closing(Publisher(site.port))
    publisher.send("lane/camera", lpr("XX000XX", open=False), retain=True)  # the state is of that number
    publisher.send("lane/door", {"type": "lpr", "open": True}, retain=True)
    daemon = new_daemon(
        conf.head(broker.port) + f'bus "b" {{ driver = "mqtt-in"  host = "127.0.0.1:{site.port}" }}\n'
        + f'device "camera" {{ bus = "b"  topics = {{"lane/+"}} {POINTS.format(silence="0s")} {OPEN} }}\n'
        + 'lane "entry-1" { direction = "entry"  plate = "camera.plate" }\ncontact "door" { input = "camera.open" }\n'
    ).start()  # fmt: skip
    subscriber.wait_event("contact.normal")
    assert not subscriber.events("contact.active")
    device = Device(daemon, subscriber, lambda message: publisher.send("lane/camera", message))
    good = device.is_read()
    assert device.read(0) == [good]
    device.is_told("it was kept for whoever comes")


def test_availability_is_judged_before_any_value(broker, site, closing, subscriber, new_daemon):
    publisher = closing(Publisher(site.port))
    daemon = new_daemon(
        conf.head(broker.port) + f'bus "b" {{ driver = "mqtt-in"  host = "127.0.0.1:{site.port}" }}\n'
        + f'device "camera" {{ bus = "b"  topics = {{"lane/#"}}  alive = "lane/status=online" {POINTS.format(silence="0s")} }}\n'
        + 'lane "entry-1" { direction = "entry"  plate = "camera.plate" }\n'
    ).start()  # fmt: skip
    down = subscriber.wait_event("device.down", device="camera", alarm="raised")
    assert down["reason"] in ("no_answer", "link_down")
    publisher.send("lane/camera", lpr("XX000XX"))
    publisher.send("lane/status", "online", retain=True)
    device = Device(daemon, subscriber, lambda message: publisher.send("lane/camera", message))
    good = device.is_read()
    assert device.read(0) == [good]
    mark = subscriber.mark
    publisher.send("lane/status", "offline", retain=True)
    down = subscriber.wait_event("device.down", since=mark, device="camera", alarm="raised")
    assert down["reason"] == "no_answer" and "offline" in down["detail"]


def test_the_next_broker_is_tried_and_tls_and_password_are_held(
    broker, tmp_path, authority, closing, subscriber, new_daemon
):
    secure = closing(Broker(tmp_path / "secure", extra=f"certfile {authority}/localhost.crt\nkeyfile {authority}/localhost.key")).start(anonymous=False)
    password = tmp_path / "password"
    password.write_text("gateway-secret\n")
    daemon = new_daemon(
        conf.head(broker.port)
        + f'bus "b" {{ driver = "mqtt-in"  host = {{"127.0.0.1:{free_port()}", "localhost:{secure.port}"}}  ca = "{authority}/ca.crt"'
        f'  username = "gateway"  password_file = "{password}" }}\n'
        + f'device "camera" {{ bus = "b"  topics = {{"lane/camera"}} {POINTS.format(silence="0s")} }}\n'
        + 'lane "entry-1" { direction = "entry"  plate = "camera.plate" }\n'
    ).start()  # fmt: skip
    daemon.wait_log("connected to broker")
    assert "(MQTT 5, TLS)" in daemon.logged()


@pytest.fixture
def door(broker, subscriber, new_daemon, tmp_path):
    """Starts a gateway with an endpoint; returns its port."""

    def start(own, bus=""):
        port = free_port()
        (tmp_path / "secret").write_text("secret-1\n")
        daemon = new_daemon(
            conf.head(broker.port) + f'bus "b" {{ driver = "http-in"  listen = {{"127.0.0.1:{port}"}} {bus} }}\n'
            + f'device "camera" {{ bus = "b"  endpoint = "/camera"  {own} {POINTS.format(silence="0s")} }}\n'
            + 'lane "entry-1" { direction = "entry"  plate = "camera.plate" }\n'
        ).start()  # fmt: skip
        return daemon, port

    return start


def reads(daemon, subscriber, send):
    return Device(daemon, subscriber, send).is_read()


@pytest.mark.parametrize("auth", ["basic", "digest"])
def test_who_does_not_know_the_password_is_not_let_in(door, subscriber, tmp_path, auth):
    daemon, port = door(f'auth = "{auth}"  username = "camera"  password_file = "{tmp_path}/secret"')
    reads(daemon, subscriber, Poster(port, "/camera", "camera", "secret-1", digest=auth == "digest").post)
    assert Poster(port, "/camera").post(lpr("XX000XX")) == 401
    assert Poster(port, "/camera", "camera", "secret-2", digest=auth == "digest").post(lpr("XX000XX")) in (401, 0)
    assert Poster(port, "/elsewhere").post(lpr("XX000XX")) == 404
    assert "XX000XX" not in str(subscriber.events("identifier.read"))


def test_a_token_is_known(door, subscriber, tmp_path):
    daemon, port = door(f'auth = "bearer"  password_file = "{tmp_path}/secret"')
    poster = Poster(port, "/camera")
    reads(daemon, subscriber, lambda m: poster.post(m, Authorization="Bearer secret-1"))
    assert poster.post(lpr("XX000XX"), Authorization="Bearer secret-12") == 401
    assert poster.post(lpr("XX000XX"), Authorization="Bearer ") == 401


def test_other_addresses_methods_and_sizes_are_refused(door, subscriber):
    daemon, port = door('from = {"127.0.0.2"}')
    assert Poster(port, "/camera").post(lpr("XX000XX")) == 0


def test_statuses_are_those_that_senders_expect(door, subscriber):
    daemon, port = door('from = {"127.0.0.1"}', "max_body = 64KiB")
    poster = Poster(port, "/camera")
    until(lambda: poster.post(b"{") == 200, "what is refused for good is answered as if it was taken")
    assert poster.post(b"x" * 100_000) == 413
    assert poster.post(None, method="GET") == 405
    assert poster.post(b"") == 200


def test_parts_are_messages_and_pictures_are_passed_over(door, subscriber):
    daemon, port = door('from = {"127.0.0.1"}')
    poster = Poster(port, "/camera")
    picture = (b"Content-Type: image/jpeg", JPEG * 20)
    device = Device(daemon, subscriber, None)
    for boundary, given, end in (("b", None, b"\r\n"), ("<frontier>", None, b"\r\n"), ("--x", '"--x"', b"\r\n"), ("b", None, b"\n\r")):

        def send(message, boundary=boundary, given=given, end=end):
            part = (b'Content-Disposition: form-data; name="json"', json.dumps(message).encode())
            return poster.post_parts(picture, part, picture, boundary=boundary, given=given, end=end)

        device.send = send
        device.is_read()


def test_tls_is_spoken_with_a_certificate(door, subscriber, authority):
    daemon, port = door('from = {"127.0.0.1"}', f'cert = "{authority}/localhost.crt"  key = "{authority}/localhost.key"')
    context = ssl.create_default_context(cafile=f"{authority}/ca.crt")
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # from 3.13 on; our authority is a plain one
    reads(daemon, subscriber, Poster(port, "/camera", tls=context).post)
    assert Poster(port, "/camera").post(lpr("XX000XX")) == 0
