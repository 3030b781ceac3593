"""A subscriber of the corridor, which writes down every message in order of arrival."""

import json
import threading
import time
from types import SimpleNamespace

from . import contract
from .broker import SUBSCRIBER
from .mqtt import MQTT_5, new_client
from .waiting import PATIENCE_S, until


class Subscriber:
    """Subscribes with QoS 0 unless told otherwise: then mosquitto has handed over each
    message before it acknowledges it to the gateway, and a killed broker takes nothing
    with it that the gateway believes delivered."""

    def __init__(
        self, broker, topic="corridor/v1/#", qos=0, protocol=MQTT_5, name="subscriber"
    ):
        self.broker, self.name = broker, name
        self.protocol = protocol
        self.topic, self.qos = topic, qos
        self.messages = []
        self.parsed = {"event": [], "alert": []}  # Event by Event, as they came
        self.lock = threading.Lock()
        self.garbled = []  # what is no event although it came as one
        self.subscribed = threading.Event()
        self.read_out = threading.Event()  # its connection has ended, and all that came is read
        self.client = None

    def start(self):
        self.subscribed.clear()
        self.read_out.clear()
        client = new_client(self.name, self.protocol)
        client.username_pw_set(*SUBSCRIBER)
        client.on_connect = self._on_connect
        client.on_subscribe = lambda *_: self.subscribed.set()
        client.on_disconnect = lambda *_: self.read_out.set()
        client.on_message = self._on_message
        client.connect("127.0.0.1", self.broker.port, keepalive=600)
        client.loop_start()
        self.client = client
        assert self.subscribed.wait(PATIENCE_S), "the subscriber is not let in"
        return self

    def stop(self):
        if self.client:
            self.client.disconnect()
            self.client.loop_stop()
            self.client = None

    def restart(self):
        """After the broker was restarted: what was recorded stays, and so does what the old one
        had sent and this machine has not come to read yet."""
        if self.client:
            assert self.read_out.wait(PATIENCE_S), "the old connection has not ended"
        self.stop()
        return self.start()

    def _on_connect(self, client, _data, _flags, code, _properties=None):
        assert code == 0, f"the subscriber is refused: {code}"
        client.subscribe(self.topic, self.qos)

    def _on_message(self, _client, _data, received):
        properties = getattr(received, "properties", None)
        message = SimpleNamespace(
            topic=received.topic,
            payload=received.payload,
            qos=received.qos,
            retain=received.retain,
            user=dict(getattr(properties, "UserProperty", [])),
            content_type=getattr(properties, "ContentType", None),
            at_s=time.monotonic(),
        )
        with self.lock:
            message.order = len(self.messages)
            self.messages.append(message)
            branch = self._branch(message.topic)
            if branch in self.parsed:
                self._parse(branch, message)

    def _parse(self, branch, message):
        try:
            self.parsed[branch].append(contract.Event(message))
        except (ValueError, KeyError) as error:
            self.garbled.append((error, message.payload))

    def of(self, branch, since=0):
        """Messages of one branch below the gateway: "event", "alert", "state", "status"."""
        with self.lock:
            taken = self.messages[since:]
        return [m for m in taken if self._branch(m.topic) == branch]

    @staticmethod
    def _branch(topic):
        return (topic.split("/", 5) + [""] * 5)[4]

    @property
    def mark(self):
        """Where the record stands now: `since=` later."""
        with self.lock:
            return len(self.messages)

    def _parsed(self, branch, kind, since, members):
        with self.lock:
            taken = list(self.parsed[branch])
        return [e for e in taken if e.message.order >= since and matches(e.data, kind, members)]

    def events(self, kind=None, since=0, **members):
        """Events (with repeats), of one type, with these members."""
        return self._parsed("event", kind, since, members)

    def alerts(self, kind=None, since=0, **members):
        return self._parsed("alert", kind, since, members)

    def state(self, key):
        """The last state published for "lane/sensor", or None."""
        found = [m for m in self.of("state") if m.topic.endswith(f"/state/{key}")]
        return json.loads(found[-1].payload) if found else None

    def status(self):
        found = self.of("status")
        return json.loads(found[-1].payload) if found else None

    def wait(self, question, what, within_s=PATIENCE_S, every_s=0.02):
        """Waits for the messages to make this true; returns the answer."""
        return until(question, lambda: f"{what}; the last were {self.tail()}", within_s, every_s)

    def wait_event(self, kind, since=0, within_s=PATIENCE_S, **members):
        """The first event of this type (and with these members)."""
        return self.wait(
            lambda: self.events(kind, since, **members), f"{kind} {members or ''}", within_s
        )[0]

    def wait_new_event(self, kind, since, within_s=PATIENCE_S):
        """The first event of this type that is no repeat of one before the mark."""
        before = {e.key for e in self.events(kind) if e.message.order < since}

        def new():
            return [e for e in self.events(kind, since) if e.key not in before]

        return self.wait(new, f"a new {kind}", within_s)[0]

    def wait_state(self, key, within_s=PATIENCE_S, **members):
        def right():
            state = self.state(key)
            return state if state and matches(state, None, members) else None

        return self.wait(right, f"state {key} {members}", within_s)

    def wait_status(self, within_s=PATIENCE_S, **members):
        def right():
            status = self.status()
            return status if status and matches(status, None, members) else None

        return self.wait(right, f"status {members}", within_s)

    def tail(self):
        return [f"{m.topic.split('/', 4)[-1]}" for m in self.messages[-12:]]

    def verified(self, start=1):
        """All events once, in order: the contract checked on everything received."""
        assert not self.garbled
        protocol5 = self.protocol == MQTT_5
        contract.unique(self.alerts(), protocol5)
        return contract.check_chain(contract.unique(self.events(), protocol5), start)


def matches(data, kind, members):
    return (kind is None or data.get("type") == kind) and all(
        data.get(name) == value for name, value in members.items()
    )
