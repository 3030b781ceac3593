"""What a subscriber may rely on, checked from the outside on nothing but messages."""

import hashlib
import json

NO_PREVIOUS = "0" * 64


class Event:
    def __init__(self, message):
        self.message = message
        self.data = json.loads(message.payload)
        self.key = (self.data["epoch"], self.data["seq"])

    def __getitem__(self, name):
        return self.data[name]

    def get(self, name, default=None):
        return self.data.get(name, default)

    @property
    def hash(self):
        return hashlib.sha256(self.message.payload).hexdigest()

    def __repr__(self):
        place = "/".join(self.data[k] for k in ("lane", "sensor") if k in self.data)
        return f"#{self.data['seq']} {self.data['type']} {place}".rstrip()


def check_message(event, protocol5=True):
    """One message by itself: topic, user properties, retain flag."""
    data, message = event.data, event.message
    branch = message.topic.split("/")
    at = branch.index("event") if "event" in branch else branch.index("alert")
    assert "/".join(branch[at + 1 :]) == data["type"].replace(".", "/"), message.topic
    assert branch[at - 2 : at] == [data["checkpoint"], data["gateway"]], message.topic
    assert not message.retain, f"{event} is retained"
    if protocol5:
        assert message.user.get("epoch") == data["epoch"], message.user
        assert message.user.get("seq") == str(data["seq"]), message.user
        assert message.content_type == "application/json"


def unique(messages, protocol5=True):
    """The events in the order of their first arrival; repeats must be the same bytes."""
    first = {}
    for message in messages:
        event = Event(message)
        check_message(event, protocol5)
        known = first.setdefault(event.key, event)
        assert known.message.payload == message.payload, f"{event} came again with other bytes"
    return list(first.values())


def check_chain(events, start=1, evicted=()):
    """Numbers without a gap, in order, each linked to the one before, epoch by epoch.

    start: the first number expected of each epoch (None: whatever comes first).
    evicted: numbers that a tombstone has named, so that they may be missing.
    """
    last = {}
    for event in events:
        epoch, seq = event.key
        before = last.get(epoch)
        last[epoch] = event
        if before is None:
            if start is not None:
                assert seq == start, f"epoch {epoch} begins with {event}, expected #{start}"
            if seq == 1:
                assert event["prev"] == NO_PREVIOUS, f"{event} is the first but has a predecessor"
            continue
        missing = set(range(before["seq"] + 1, seq)) - set(evicted)
        assert seq > before["seq"], f"{event} after {before}: out of order"
        assert not missing, f"{event} after {before}: {len(missing)} missing"
        if seq == before["seq"] + 1:
            assert event["prev"] == before.hash, f"{event} is not linked to {before}"
    return events
