"""A broker that is stopped, killed, frozen, emptied, refusing or slow: every event arrives,
once by number, in order; and alarms do not queue behind a backlog."""

import time

import pytest
from rig import conf
from rig.waiting import until
from sim.modbus_device import TcpServer, Unit

STATUS = {"missing": 0, "intact": 1, "opened": 2, "tampered": 3}


class Site:
    """Counters that make events without end, and a seal to break."""

    def __init__(self, counters):
        self.counting = True
        self.count = [0] * counters
        self.load = Unit(holding={i: self._counter(i) for i in range(counters)})
        self.seal = Unit(holding={0: STATUS["intact"]})
        self.server = TcpServer({1: self.load, 2: self.seal}).start()

    def _counter(self, i):
        def read():
            self.count[i] = (self.count[i] + self.counting) & 0xFFFF
            return self.count[i]

        return read

    def stop(self):
        self.server.stop()

    def conf(self, poll="40ms"):
        status = conf.register(
            "status", 0, map=[f"{raw}={word}" for word, raw in STATUS.items()]
        )
        return (
            conf.counters(self.server.port, len(self.count), poll)
            + conf.device("reader", "counters-bus", 2, status, address_base=0, poll="40ms")
            + 'lane "entry-1" { direction = "entry"  seal "reader" { status = "reader.status" } }\n'
        )

    def set_seal(self, word):
        self.seal.set(0, STATUS[word])

    def wait_polls(self, count):
        """Waits until the gateway has read the counters so often again."""
        enough = self.load.requests + count
        until(lambda: self.load.requests >= enough, f"{count} polls")


@pytest.fixture
def site(closing):
    return closing(Site(counters=6))


@pytest.fixture
def gateway(site, broker, subscriber, new_daemon):
    """Running, and delivering."""
    daemon = new_daemon(conf.head(broker.port) + site.conf()).start()
    subscriber.wait_event("seal.intact")
    return daemon


def break_the_seal_unheard(site):
    """Events enough for a backlog, an alarm in their midst."""
    site.wait_polls(20)
    site.set_seal("tampered")
    site.wait_polls(20)


def check_all_arrives(site, subscriber):
    """Brings the site to rest, waits for the last event, checks the whole record."""
    subscriber.wait_event("seal.tampered")
    site.counting = False
    site.wait_polls(20)
    site.set_seal("intact")
    last = subscriber.wait(
        lambda: [e for e in subscriber.events("seal.intact") if e["seq"] > 100],
        "the seal intact again, after all others",
    )[0]
    events = subscriber.verified()
    assert events[-1].key == last.key
    tampered = [e for e in events if e["type"] == "seal.tampered"]
    assert len(tampered) == 1 and tampered[0]["severity"] == "critical"
    counted = {}
    for event in events:
        if event["type"] == "meter.value":
            counted.setdefault(event["sensor"], []).append(event["observed"]["value"])
    for values in counted.values():
        assert values == list(range(values[0], values[0] + len(values))), "a reading is missing"
    return events


@pytest.mark.parametrize("outage_s", [30])
def test_events_of_thirty_seconds_without_a_broker_arrive_late_and_in_order(
    gateway, site, broker, subscriber, outage_s
):
    begun = time.monotonic()
    broker.stop()
    break_the_seal_unheard(site)
    while time.monotonic() < begun + outage_s:
        site.wait_polls(10)
    broker.restart_for(subscriber)
    check_all_arrives(site, subscriber)
    subscriber.wait_status(state="online")


def test_a_killed_and_emptied_broker_costs_no_event(gateway, site, broker, subscriber):
    for _ in range(3):
        site.wait_polls(5)
        broker.kill()
        site.wait_polls(5)
        broker.restart_for(subscriber)
        subscriber.wait_event("meter.value", since=subscriber.mark)
    broker.kill()
    break_the_seal_unheard(site)
    broker.restart_for(subscriber)
    check_all_arrives(site, subscriber)


def test_an_emptied_broker_gets_the_retained_states_again(gateway, site, broker, subscriber):
    subscriber.wait_state("entry-1/reader", state="intact")
    broker.kill()
    broker.restart_for(subscriber)
    mark = subscriber.mark
    subscriber.wait(lambda: subscriber.of("state", mark), "the state again")
    assert subscriber.state("entry-1/reader")["state"] == "intact"
    subscriber.wait_status(state="online")


def test_a_black_holed_broker_costs_no_event(gateway, site, broker, subscriber):
    for _ in range(2):
        broker.freeze()
        site.wait_polls(100)
        broker.thaw()
        subscriber.wait_event("meter.value", since=subscriber.mark)
    broker.freeze()
    break_the_seal_unheard(site)
    broker.thaw()
    check_all_arrives(site, subscriber)
    subscriber.wait_status(state="online")


def test_a_broker_that_refuses_is_asked_again_and_then_gets_everything(
    site, new_broker, new_subscriber, new_daemon
):
    broker = new_broker(start=False).start(anonymous=False)
    subscriber = new_subscriber(broker)
    daemon = new_daemon(conf.head(broker.port) + site.conf()).start()
    daemon.wait_log("not authori")
    break_the_seal_unheard(site)
    assert not subscriber.of("event")
    broker.admit(True)
    check_all_arrives(site, subscriber)


def test_a_broker_that_turns_the_gateway_out_for_a_while_gets_everything(
    gateway, site, broker, subscriber
):
    broker.admit(False)
    break_the_seal_unheard(site)
    broker.admit(True)
    check_all_arrives(site, subscriber)


def test_a_broker_whose_access_list_forbids_events_gets_them_once_it_allows_them(
    site, tmp_path, new_broker, new_subscriber, new_daemon
):
    rules = tmp_path / "acl"
    rules.write_text("topic write corridor/v1/+/+/status\nuser subscriber\ntopic #\n")
    rules.chmod(0o700)
    broker = new_broker(extra=f"acl_file {rules}")
    subscriber = new_subscriber(broker)
    daemon = new_daemon(conf.head(broker.port) + site.conf()).start()
    subscriber.wait(lambda: subscriber.of("status"), "the status, which is allowed")
    daemon.wait_log("refused")
    break_the_seal_unheard(site)
    assert not subscriber.of("event")
    rules.write_text("topic readwrite #\nuser subscriber\ntopic #\n")
    broker.reload()
    check_all_arrives(site, subscriber)


def test_a_broker_that_takes_one_message_at_a_time_gets_everything(
    site, new_broker, new_subscriber, new_daemon
):
    broker = new_broker(receive_maximum=1)
    subscriber = new_subscriber(broker)
    daemon = new_daemon(conf.head(broker.port, window=20) + site.conf()).start()
    subscriber.wait_event("seal.intact")
    break_the_seal_unheard(site)
    check_all_arrives(site, subscriber)
    assert broker.log.read_text(errors="replace").count("as corridord-") == 1, "it was thrown out"
    assert daemon.running()


def test_alerts_of_critical_events_overtake_a_backlog(site, broker, subscriber, new_daemon):
    slow = conf.head(broker.port, replay_rate="8KiB")
    new_daemon(slow + site.conf()).start()
    subscriber.wait_event("seal.intact")
    broker.kill()
    site.wait_polls(50)
    site.set_seal("tampered")
    site.wait_polls(50)
    broker.restart_for(subscriber)
    alert = subscriber.wait(lambda: subscriber.alerts("seal.tampered"), "the alert")[0]
    seen = [e for e in subscriber.events() if e.message.order < alert.message.order]
    waiting = alert["seq"] - max(e["seq"] for e in seen)
    assert waiting > 50, f"only {waiting} events were still to come when the alert arrived"
    assert not [e for e in seen if e.key == alert.key]
    site.counting = False
    copy = subscriber.wait_event("seal.tampered")
    assert copy.message.payload == alert.message.payload
    subscriber.verified()


def test_an_alert_comes_without_delay_while_a_backlog_is_being_sent(
    site, broker, subscriber, new_daemon
):
    new_daemon(conf.head(broker.port, replay_rate="8KiB") + site.conf()).start()
    subscriber.wait_event("seal.intact")
    broker.kill()
    site.wait_polls(150)
    broker.restart_for(subscriber)
    subscriber.wait_event("meter.value", since=subscriber.mark)
    site.set_seal("opened")
    alert = subscriber.wait(lambda: subscriber.alerts("seal.opened"), "the alert")[0]
    newest = max(e["seq"] for e in subscriber.events())
    assert alert["seq"] > newest + 50, "there was no backlog to overtake"
