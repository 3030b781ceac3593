"""A broker whose answers are well made and then spoilt: lengths, types, flags, properties, reason
codes, ids, texts, order. The same seed gives the same answers, connection by connection.

It takes and records every message before it answers, so that whatever its answers do, what was
acknowledged is there. An acknowledgement of what has not come yet is written down by the broker.
"""

import asyncio
import random
import time

from . import mqtt_wire as wire
from .scripted_broker import Manner

BURST = 8  # packets that nobody asked for, between two questions whether the client still reads
SPOILT_CONNACKS, SPOILT_ANSWERS, SPOILT_BURST = 0.25, 0.05, 0.25
QUESTION = 0x7FFF  # the id of a message whose acknowledgement shows that all before was read
PATIENCE_S = 0.25  # with a client that waits for the rest of what never comes
KEPT = 3  # connections
TEXTS = (b"", b"#", b"a/+/b", b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"x" * 65535, b"$SYS/x", b"/")
NUMBERS = (0, 1, 127, 128, 255, 16383, 16384, 65535, 2**21 - 1, 2**28 - 1)


class Places:
    """Where in a packet's body its parts begin."""

    def __init__(self, version, kind, body):
        self.mid = self.reason = self.properties = self.text = None
        if kind == wire.CONNACK:
            self.reason, self.properties = 1, 2
        elif kind == wire.PUBLISH:
            self.text, after = 0, 2 + int.from_bytes(body[:2], "big")
            self.properties = after
        elif kind in (wire.PUBACK, wire.PUBREC, wire.PUBREL, wire.PUBCOMP):
            self.mid, self.reason, self.properties = 0, 2, 3
        elif kind in (wire.SUBACK, wire.UNSUBACK):
            self.mid, self.properties, self.reason = 0, 2, 3
        elif kind in (wire.DISCONNECT, wire.AUTH):
            self.reason, self.properties = 0, 1
        if version != 5:
            self.properties = None


class Spoiler:
    """Makes one mistake in a packet."""

    def __init__(self, chance, version, known_ids):
        self.chance, self.version, self.known_ids = chance, version, known_ids

    def __call__(self, packet):
        """(name of the mistake, bytes)"""
        head, body = split(packet)
        name = self.chance.choice(self.MISTAKES)
        return name, getattr(self, f"_{name}")(head, body)

    MISTAKES = (
        "flags", "kind", "length", "cut", "longer", "property", "property", "property",
        "property_length", "reason", "mid", "text", "bit", "twice", "byte",
    )  # fmt: skip

    def _whole(self, head, body):
        return bytes([head]) + wire.varint(len(body)) + body

    def _flags(self, head, body):
        return self._whole(head ^ self.chance.randrange(1, 16), body)

    def _kind(self, head, body):
        return self._whole(self.chance.randrange(16) << 4 | head & 15, body)

    def _length(self, head, body):
        lengths = [
            wire.varint(max(0, len(body) + self.chance.choice((-2, -1, 1, 2, 200)))),
            wire.varint(self.chance.choice(NUMBERS)),
            b"\xff\xff\xff\xff\x7f",
            b"\x80\x80\x80\x00",
        ]
        return bytes([head]) + self.chance.choice(lengths) + body

    def _cut(self, head, body):
        return self._whole(head, body[: self.chance.randrange(len(body) + 1)])

    def _longer(self, head, body):
        return self._whole(head, body + self.chance.randbytes(self.chance.choice((1, 2, 5, 300))))

    def _one_property(self):
        number = self.chance.choice([*wire.PROPERTIES, 0, 4, 0x2B, 0x7F, 0x80, 0xFF])
        value = {
            1: lambda: self.chance.choice((b"\0", b"\1", b"\2", b"\xff")),
            2: lambda: self.chance.choice((b"\0\0", b"\0\1", b"\xff\xff")),
            4: lambda: self.chance.choice((b"\0\0\0\0", b"\0\0\0\1", b"\xff\xff\xff\xff")),
            "v": lambda: wire.varint(self.chance.choice(NUMBERS)),
            "s": self._a_text,
            "d": self._a_text,
            "p": lambda: self._a_text() + self._a_text(),
            None: lambda: self.chance.randbytes(self.chance.randrange(4)),
        }[wire.PROPERTIES.get(number)]()
        return wire.varint(number) + value

    def _a_text(self):
        return wire.text(self.chance.choice((b"x", *TEXTS)))

    def _property(self, head, body):
        """One or more, of any id, in the place of those that are there."""
        at = Places(self.version, head >> 4, body).properties
        if at is None:
            return self._bit(head, body)
        block = b"".join(self._one_property() for _ in range(self.chance.choice((1, 1, 1, 2, 5))))
        if self.chance.random() < 0.2:
            block *= 2
        body = body.ljust(at, b"\0")
        rest = body[at + 1 :] if at < len(body) else b""
        return self._whole(head, body[:at] + wire.varint(len(block)) + block + rest)

    def _property_length(self, head, body):
        at = Places(self.version, head >> 4, body).properties
        if at is None or at >= len(body):
            return self._cut(head, body)
        length = wire.varint(self.chance.choice(NUMBERS))
        return self._whole(head, body[:at] + length + body[at + 1 :])

    def _reason(self, head, body):
        at = Places(self.version, head >> 4, body).reason
        if at is None:
            return self._bit(head, body)
        body = body.ljust(at + 1, b"\0")
        return self._whole(head, body[:at] + self.chance.randbytes(1) + body[at + 1 :])

    def _mid(self, head, body):
        """Of what is known, or far from it: an id to come is an acknowledgement of nothing."""
        at = Places(self.version, head >> 4, body).mid
        if at is None or len(body) < 2:
            return self._byte(head, body)
        mid = self.chance.choice([0, 65535, 40000, *self.known_ids[-3:]])
        return self._whole(head, body[:at] + wire.u16(mid) + body[at + 2 :])

    def _text(self, head, body):
        at = Places(self.version, head >> 4, body).text
        if at is None:
            return self._longer(head, body)
        rest = body[2 + int.from_bytes(body[:2], "big") :]
        return self._whole(head, wire.text(self.chance.choice(TEXTS)) + rest)

    def _bit(self, head, body):
        return self._changed(head, body, lambda byte: byte ^ 1 << self.chance.randrange(8))

    def _byte(self, head, body):
        return self._changed(head, body, lambda byte: self.chance.choice((0, 1, 0x7F, 0x80, 0xFF)))

    def _changed(self, head, body, change):
        if not body:
            return self._flags(head, body)
        at = self.chance.randrange(len(body))
        return self._whole(head, body[:at] + bytes([change(body[at])]) + body[at + 1 :])

    def _twice(self, head, body):
        return self._whole(head, body) * 2


def split(packet):
    """(head, body) of one whole packet."""
    ((head, body, _),) = wire.Stream().feed(packet)
    return head, body


def bears_false_witness(packet, spoilt):
    """Whether what the gateway had said of its newest event comes back to it changed: it does
    right to begin a new epoch then, and to number anew what was not acknowledged."""
    told = packet[packet.find(b"{") :] if b'"epoch"' in packet else b""
    return told not in spoilt and len(spoilt) >= len(packet)


class Fuzz(Manner):
    """`shown` counts the packets that were spoilt; `last` names the latest of them."""

    def __init__(self, seed):
        super().__init__()
        self.seed, self.sent = seed, 0
        self.last = []
        self.kept = {}  # {connection: all that it was sent}, of the last few
        self.counted = {}

    def _chance(self, session):
        self.counted[session.number] = self.counted.get(session.number, 0) + 1
        return random.Random(f"{self.seed}/{session.number}/{self.counted[session.number]}")

    async def write(self, session, data):
        self.sent += 1
        kind, chance = data[0] >> 4, self._chance(session)
        burst = getattr(session, "is_in_burst", False)
        share = SPOILT_BURST if burst else SPOILT_ANSWERS
        if chance.random() < (SPOILT_CONNACKS if kind == wire.CONNACK else share):
            data = self._spoil(session, chance, data)
        self._keep(session, data)
        await session.put(data)

    def _keep(self, session, data):
        self.kept[session.number] = self.kept.get(session.number, b"") + data
        self.kept.pop(session.number - KEPT, None)

    def transcript(self):
        """{connection: bytes} of the last connections, for manners.Replays."""
        return dict(self.kept)

    def _spoil(self, session, chance, data):
        spoiler = Spoiler(chance, session.version, session.acknowledged_ids)
        while True:
            name, spoilt = spoiler(data)
            if not self._acknowledges_what_is_to_come(session, spoilt) and not bears_false_witness(
                data, spoilt
            ):
                break
        self.show()
        self.last = [*self.last[-40:], (session.number, name, spoilt[:60].hex(" "))]
        return spoilt

    @staticmethod
    def _acknowledges_what_is_to_come(session, data):
        try:
            packets = wire.Stream().feed(data)
        except wire.Malformed:
            return False
        return any(
            head >> 4 == wire.PUBACK
            and int.from_bytes(body[:2], "big") in range(1, 30_000)
            and int.from_bytes(body[:2], "big") not in session.arrived_ids
            for head, body, _ in packets
        )

    async def subscribed(self, session):
        """Packets of all kinds, in no order, for as long as they are read."""
        session.is_in_burst = True
        chance, version = random.Random(f"{self.seed}/{session.number}"), session.version
        while not session.over and session.manner is self:
            for _ in range(BURST):
                topic = chance.choice([wire.a_topic(name) for name in session.client.filters])
                session.send(self._any_packet(chance, version, topic))
            await session.flushed()
            if not await self._still_reads(session, topic):
                session.reset()

    async def _still_reads(self, session, topic):
        asked = session.client.unacknowledged
        asked[QUESTION] = (topic, b"{}", False, ())
        question = wire.publish(session.version, topic, b"{}", 1, QUESTION)
        self._keep(session, question)
        await session.put(question)
        end_s = time.monotonic() + PATIENCE_S
        while QUESTION in asked and not session.over and time.monotonic() < end_s:
            await asyncio.sleep(0.002)
        return QUESTION not in asked

    @staticmethod
    def _any_packet(chance, version, topic):
        mid = chance.choice((40_000, 65_535))
        makers = [
            lambda: wire.publish(version, topic, b"{}"),
            lambda: wire.publish(version, topic, b'{"x":1}', 1, chance.randrange(1, 9), True),
            lambda: wire.publish(version, topic, b"{}", 2, chance.randrange(1, 9)),
            lambda: wire.acknowledgement(version, wire.PUBACK, mid),
            lambda: wire.acknowledgement(version, wire.PUBREC, mid),
            lambda: wire.acknowledgement(version, wire.PUBREL, mid),
            lambda: wire.suback(version, chance.randrange(1, 5), [1]),
            lambda: wire.suback(version, chance.randrange(1, 5), [0], kind=wire.UNSUBACK),
            lambda: wire.packet(wire.PINGRESP),
        ]
        if chance.random() < 0.03:
            return wire.disconnect(version, chance.choice((0, 0x8B, 0x8E, 0x97)))
        if version == 5 and chance.random() < 0.03:
            return wire.packet(wire.AUTH, b"\x18" + wire.properties([(0x15, "x")]))
        return chance.choice(makers)()
