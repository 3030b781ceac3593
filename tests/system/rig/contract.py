"""What a subscriber may rely on, checked from the outside on nothing but messages."""

import hashlib
import json

NO_PREVIOUS = "0" * 64


PACKED = "zstd"


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
    if protocol5 and message.content_type == PACKED:
        assert message.user in ({}, {"late": "1"}), message.user
    elif protocol5:
        assert message.user.get("epoch") == data["epoch"], message.user
        assert message.user.get("seq") == str(data["seq"]), message.user
        assert message.content_type == "application/json"


def unique(arrivals, protocol5=True):
    """The events in the order of their first arrival; repeats must be the same bytes."""
    first = {}
    for event in arrivals:
        check_message(event, protocol5)
        known = first.setdefault(event.key, event)
        assert known.message.payload == event.message.payload, f"{event} came again with other bytes"
    return list(first.values())


def given_up(events):
    """{(epoch, last number): (first number, hash)} of the ranges that tombstones name."""
    gaps = {}
    for event in events:
        if event["type"] == "journal.evicted":
            told = event["observed"]
            for gap in told["ranges"]:
                gaps[told["epoch"], gap["last"]] = (gap["first"], gap.get("hash"))
    return gaps


def predecessor(event, before, gaps):
    """The hash that event must be linked to, with before the last one received; fails when
    what lies between is missing without a tombstone."""
    epoch, seq = event.key
    known, hash_known = (before["seq"], before.hash) if before else (0, NO_PREVIOUS)
    assert seq > known, f"{event} after {before}: out of order"
    at, linked = seq - 1, None
    while at > known:
        assert (epoch, at) in gaps, f"{event} after {before}: #{at} is missing"
        first, last_hash = gaps[epoch, at]
        linked = linked or last_hash
        at = first - 1
    return linked if seq - 1 > known else hash_known


def check_chain(events, start=1):
    """Numbers without an unnamed gap, in order, each linked to the one before, epoch by epoch.

    start: the first number expected of each epoch (None: whatever comes first).
    """
    gaps = given_up(events)
    last = {}
    for event in events:
        before = last.get(event["epoch"])
        last[event["epoch"]] = event
        if before is None and start is None:
            continue
        expected = predecessor(event, before, gaps)
        assert expected is None or event["prev"] == expected, f"{event} is not linked to {before}"
    return events
