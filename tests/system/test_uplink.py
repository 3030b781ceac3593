"""How the gateway reaches its brokers, and what they learn about it."""

import json
import os
import socket
import subprocess

import pytest
from rig import conf
from rig.authority import openssl
from rig.broker import GATEWAY, Broker
from rig.mqtt import MQTT_3_1_1, new_client
from rig.waiting import free_port


def test_the_status_names_the_head_of_the_chain_that_is_still_to_come(
    load, broker, subscriber, new_daemon
):
    daemon = new_daemon(conf.head(broker.port) + conf.counters(load.port)).start()
    subscriber.wait_event("meter.value")
    status = subscriber.wait_status(state="online")
    assert {"boot", "epoch", "seq", "hash", "session"} <= set(status)
    daemon.stop()
    head = subscriber.wait_status(state="offline")
    assert head["seq"] >= subscriber.verified()[-1]["seq"]
    daemon.start()
    last = subscriber.wait_event("gateway.stopped")
    assert (head["epoch"], head["seq"], head["hash"]) == (*last.key, last.hash)
    subscriber.verified()


def test_a_killed_gateway_is_reported_offline_by_its_will(load, broker, subscriber, new_daemon):
    daemon = new_daemon(conf.head(broker.port) + conf.counters(load.port)).start()
    online = subscriber.wait_status(state="online")
    daemon.kill()
    offline = subscriber.wait_status(state="offline")
    assert offline["session"] == online["session"], "a late will can be told from a later birth"
    daemon.start()
    again = subscriber.wait_status(state="online")
    assert again["session"] != online["session"]


def test_events_are_sent_with_qos_1(load, broker, new_subscriber, new_daemon):
    subscriber = new_subscriber(broker, qos=1)
    new_daemon(conf.head(broker.port) + conf.counters(load.port)).start()
    event = subscriber.wait_event("meter.value")
    assert event.message.qos == 1


def test_a_late_subscriber_gets_states_and_status_but_no_old_events(
    load, broker, subscriber, closing, new_daemon
):
    new_daemon(conf.head(broker.port) + conf.counters(load.port)).start()
    subscriber.wait_event("meter.value")
    subscriber.wait(lambda: len({m.topic for m in subscriber.of("state")}) >= 8, "all states")
    retained = []
    client = new_client("late")
    client.on_connect = lambda *_: client.subscribe("corridor/v1/#", 0)
    client.on_message = lambda _c, _d, m: m.retain and retained.append(m.topic)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    try:
        subscriber.wait(lambda: len(retained) >= 10, "retained messages")
    finally:
        client.disconnect()
        client.loop_stop()
    branches = {topic.split("/")[4] for topic in retained}
    assert branches == {"status", "head", "state"}


def test_metrics_tell_the_gateways_health(load, broker, subscriber, new_daemon):
    new_daemon(conf.head(broker.port, metrics_every="1s") + conf.counters(load.port)).start()
    subscriber.wait(lambda: len(subscriber.of("metrics")) >= 2, "metrics, twice")
    metrics = json.loads(subscriber.of("metrics")[-1].payload)
    assert metrics["rss_bytes"] > 0
    assert metrics["journal"]["condition"] == "ok" and metrics["journal"]["events"] > 0
    assert metrics["buses"][0]["name"] == "counters-bus" and metrics["buses"][0]["polls"] > 0
    assert metrics["uplink"]["connects"] == 1 and metrics["uplink"]["refused"] == 0


def test_mqtt_3_1_1_brings_the_same_events_without_properties(
    load, broker, new_subscriber, new_daemon
):
    subscriber = new_subscriber(broker, protocol=MQTT_3_1_1)
    text = conf.head(broker.port, protocol="3.1.1") + conf.counters(load.port)
    new_daemon(text).start()
    subscriber.wait(lambda: len(subscriber.events("meter.value")) > 20, "events")
    broker.kill()
    broker.restart_for(subscriber)
    subscriber.wait_event("meter.value", since=subscriber.mark)
    subscriber.verified()
    assert "(p2, c1" in broker.log.read_text(errors="replace"), "it spoke another protocol"


def test_the_next_broker_is_tried_when_the_first_is_dead(
    load, tmp_path, closing, broker, subscriber, new_daemon
):
    hosts = [f"127.0.0.1:{free_port()}", f"127.0.0.1:{broker.port}"]
    new_daemon(conf.head(0, host=hosts) + conf.counters(load.port)).start()
    subscriber.wait_event("meter.value")
    subscriber.verified()


def test_a_password_from_a_file_opens_the_door(
    load, tmp_path, new_broker, new_subscriber, new_daemon
):
    broker = new_broker(start=False).start(anonymous=False)
    subscriber = new_subscriber(broker)
    secret = tmp_path / "secret"
    secret.write_text(GATEWAY[1] + "\n")
    text = conf.head(broker.port, username=GATEWAY[0], password_file=str(secret))
    daemon = new_daemon(text + conf.counters(load.port)).start()
    subscriber.wait_event("meter.value")
    assert GATEWAY[1] not in daemon.logged()


def test_a_password_from_a_credential_opens_the_door(
    load, tmp_path, new_broker, new_subscriber, new_daemon
):
    broker = new_broker(start=False).start(anonymous=False)
    subscriber = new_subscriber(broker)
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "mqtt").write_text(GATEWAY[1])
    text = conf.head(broker.port, username=GATEWAY[0], password_credential="mqtt")
    daemon = new_daemon(
        text + conf.counters(load.port),
        env={"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")},
    )
    daemon.start()
    subscriber.wait_event("meter.value")


# ---- TLS -------------------------------------------------------------------------------


@pytest.fixture
def tls_broker(authority, tmp_path, closing):
    """Listens in the clear for the subscriber, and for gateways with a certificate."""
    port = free_port()
    extra = (
        f"listener {port} 127.0.0.1\n"
        f"cafile {authority}/ca.crt\ncertfile {authority}/localhost.crt\n"
        f"keyfile {authority}/localhost.key\nrequire_certificate true\n"
    )
    broker = closing(Broker(tmp_path / "broker", extra=extra))
    broker.tls_port = port
    return broker.start()


def loopback():
    """By name, where this machine's name service knows it."""
    try:
        found = socket.getaddrinfo("localhost", None, type=socket.SOCK_STREAM)
    except OSError:
        found = []
    by_name = "127.0.0.1" in [address[0] for *_, address in found]
    return "localhost" if by_name else "127.0.0.1"


def tls_conf(host, port, load, **files):
    return conf.head(0, host=f"{host}:{port}").replace(
        "uplink     {", f"uplink     {{ tls {{ {conf.options(files)} }} "
    ) + conf.counters(load.port)


def test_a_client_certificate_opens_the_door(
    load, authority, tls_broker, new_subscriber, new_daemon
):
    subscriber = new_subscriber(tls_broker)
    files = {"ca": f"{authority}/ca.crt", "cert": f"{authority}/gw1.crt", "key": f"{authority}/gw1.key"}
    new_daemon(tls_conf(loopback(), tls_broker.tls_port, load, **files)).start()
    subscriber.wait_event("meter.value")
    subscriber.verified()


def test_without_a_certificate_the_gateway_stays_outside_and_goes_on_capturing(
    load, authority, tls_broker, new_subscriber, new_daemon
):
    subscriber = new_subscriber(tls_broker)
    files = {"ca": f"{authority}/ca.crt"}
    daemon = new_daemon(tls_conf(loopback(), tls_broker.tls_port, load, **files)).start()
    daemon.wait_log("uplink")
    polls = load.units[1].requests
    subscriber.wait(lambda: load.units[1].requests > polls + 20, "it goes on reading")
    assert not subscriber.of("event")
    daemon.stop()


def test_a_broker_of_another_name_is_not_trusted(
    load, authority, tmp_path, closing, new_daemon, new_subscriber
):
    port = free_port()
    extra = (
        f"listener {port} 127.0.0.1\ncafile {authority}/ca.crt\n"
        f"certfile {authority}/gw1.crt\nkeyfile {authority}/gw1.key\n"
    )
    broker = closing(Broker(tmp_path / "broker", extra=extra)).start()
    subscriber = new_subscriber(broker)
    daemon = new_daemon(tls_conf(loopback(), port, load, ca=f"{authority}/ca.crt")).start()
    daemon.wait_log("uplink")
    polls = load.units[1].requests
    subscriber.wait(lambda: load.units[1].requests > polls + 50, "it goes on reading")
    assert not subscriber.of("event")
    assert os.path.exists(daemon.journal.path)


@pytest.mark.parametrize("wrong, words", [
    ({"key": "localhost.key"}, ["tls key does not belong to tls cert", "take the key"]),
    ({"key": "locked.key"}, ["tls key", "it is encrypted", "openssl pkey"]),
    ({"cert": "gw1.der"}, ["tls cert", "it is DER", "openssl x509 -inform der"]),
    ({"ca": "gw1.der"}, ["tls ca", "it is DER"]),
    ({"ca": "gw1.key"}, ["tls ca holds no certificate"]),
    ({"crl": "ca.crt"}, ["tls crl holds no revocation list"]),
    ({"key": "not-there.key"}, []),
])  # fmt: skip
def test_the_check_names_what_is_wrong_with_the_files(authority, load, new_daemon, wrong, words):
    openssl(authority, "x509", "-in", "gw1.crt", "-outform", "der", "-out", "gw1.der")
    lock = ["-aes128", "-passout", "pass:secret"]
    openssl(authority, "ec", "-in", "gw1.key", *lock, "-out", "locked.key")
    files = {"ca": "ca.crt", "cert": "gw1.crt", "key": "gw1.key"} | wrong
    files = {option: f"{authority}/{name}" for option, name in files.items()}
    daemon = new_daemon(tls_conf("127.0.0.1", 1, load, **files))
    run = subprocess.run([*daemon.arguments(), "-n"], capture_output=True, text=True)
    assert run.returncode == (78 if words else 0), run.stderr
    assert all(word in run.stderr for word in words), run.stderr
