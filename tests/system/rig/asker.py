"""A subscriber that asks a gateway for events once more."""

import json
import threading
import time
import uuid
from types import SimpleNamespace

from . import published
from .mqtt import new_client
from .waiting import PATIENCE_S, until

AGAIN_S = 1.0  # a gateway that is not connected hears nothing
BASE = "corridor/v1/ge-red-bridge/gw1"


class Asker:
    """Keeps what came on replay/<asker>/event: {(epoch, seq): payload}; a copy that differs is garbled."""

    def __init__(self, broker, name="centre"):
        self.broker, self.name = broker, name
        self.events, self.arrivals, self.garbled = {}, [], []
        self.done, self.answers, self.methods = [], {}, {}
        self.client = None

    def start(self):
        heard = threading.Event()
        self.client = new_client(f"asker-{self.name}")
        self.client.on_message = self._on_message
        self.client.on_subscribe = lambda *_: heard.set()
        topics = [(f"{BASE}/replay/{self.name}/#", 1), (f"{BASE}/response/+", 1)]
        self.client.on_connect = lambda client, *_: client.subscribe(topics)
        self.client.connect("127.0.0.1", self.broker.port)
        self.client.loop_start()
        assert heard.wait(PATIENCE_S)
        return self

    def stop(self):
        if self.client:
            self.client.disconnect()
            self.client.loop_stop()
            self.client = None

    def _on_message(self, _client, _data, message):
        level = message.topic[len(BASE) + 1 :].split("/")
        body = json.loads(message.payload)
        if level[0] == "response":
            published.validator("response").validate(body)
            self.answers[body.get("id")] = body
        elif level[:3] == ["replay", self.name, "done"]:
            published.validator("replay").validate(body)
            self.done.append(body)
        else:
            self._take_event(level, body, message)

    def _take_event(self, level, body, message):
        key = body["epoch"], body["seq"]
        user = dict(getattr(message.properties, "UserProperty", []))
        right = level == ["replay", self.name, "event", *body["type"].split(".")]
        if not right or message.retain or message.qos != 1 or user.get("late") != "true":
            self.garbled.append(message)
        if self.events.setdefault(key, message.payload) != message.payload:
            self.garbled.append(message)
        self.arrivals.append(SimpleNamespace(key=key))

    def send(self, method, payload):
        if not isinstance(payload, (str, bytes)):
            payload = json.dumps(payload)
        self.client.publish(f"{BASE}/request/{method}", payload, 1).wait_for_publish(PATIENCE_S)

    def ask(self, method="replay", **members):
        """One that is well formed, asked again until there is an answer that is not busy."""
        request = {"id": str(uuid.uuid4())} | ({"asker": self.name} if method == "replay" else {}) | members
        published.validator("request").validate(request)
        asked_s = []

        def answer():
            if not asked_s or time.monotonic() - asked_s[-1] > AGAIN_S:
                asked_s.append(time.monotonic())
                self.send(method, request)
            answer = self.answers.get(request["id"])
            return None if answer and answer.get("code") == "busy" else answer

        return until(answer, f"an answer to {request}")

    def ask_until_done(self, **members):
        answer = self.ask(**members)
        assert answer["ok"], answer
        return answer, self.wait_done(answer["id"])

    def wait_done(self, request_id):
        def ended():
            return [done for done in self.done if done["id"] == request_id]

        return until(ended, lambda: f"the end of {request_id}; {len(self.events)} events came")[0]
