"""The manners of brokers: each a way to differ from the standard, or to take it literally.

Some were met in the field (NATS, RabbitMQ, hosted brokers, proxies in between), some are what a
broken or hostile one could send.
"""

import asyncio
import random

from . import mqtt_wire as wire
from .scripted_broker import TAKEN_OVER, Manner, branch_of

UNKNOWN = b"\x7f\0"  # a property of no known id
QUOTA_EXCEEDED, PACKET_TOO_LARGE, QOS_NOT_SUPPORTED, RETAIN_NOT_SUPPORTED = 0x97, 0x95, 0x9B, 0x9A
NOT_AUTHORIZED = 0x87


def heard_topic(session):
    """A topic that this client has subscribed to, or would."""
    return wire.a_topic(next(iter(session.client.filters), "corridor/v1/any/handover/#"))


class UnknownProperty(Manner):
    """An MQTT 5 property that nobody knows, in one type of packet."""

    def __init__(self, where):
        super().__init__()
        self.where = where

    async def connect(self, session):
        if self.where != "connack" or session.version != 5:
            session.connack()
            return
        self.show()
        session.send(wire.connack(5, pairs=UNKNOWN))
        session.online = True

    async def connected(self, session):
        odd = {
            "publish": wire.publish(5, heard_topic(session), b"{}", pairs=UNKNOWN),
            "suback": wire.suback(5, 1, [1], UNKNOWN),
            "unsuback": wire.suback(5, 1, [0], UNKNOWN, wire.UNSUBACK),
            "disconnect": wire.disconnect(5, 0, UNKNOWN),
        }.get(self.where)
        if odd and session.version == 5:
            self.show()
            session.send(odd)

    async def publish(self, session, message):
        if self.where == "puback" and session.version == 5 and message.qos == 1:
            self.show()
            session.send(wire.acknowledgement(5, wire.PUBACK, message.mid, 0, UNKNOWN))
        else:
            await super().publish(session, message)


class HugePublish(Manner):
    """A message of so many bytes, or only its beginning."""

    def __init__(self, announced=250_000_000, sent=None):
        super().__init__()
        self.announced, self.sent = announced, sent or announced

    async def connected(self, session):
        self.show()
        head = wire.text(heard_topic(session)) + (b"\0" if session.version == 5 else b"")
        start = bytes([wire.PUBLISH << 4]) + wire.varint(len(head) + self.announced) + head
        session.eye = None
        session.writer.write(start)
        piece = b"x" * 65536
        for _ in range(self.sent // len(piece)):
            session.writer.write(piece)
            await session.writer.drain()


class NoQos1(Manner):
    """Takes nothing that is to be acknowledged."""

    connack_pairs = ((wire.MAXIMUM_QOS, 0),)

    async def connect(self, session):
        self.show()
        await super().connect(session)

    def grant(self, session, name, qos):
        return 0

    def takes(self, session, message):
        if not message.qos:
            return True
        session.close_with(QOS_NOT_SUPPORTED)
        return False


class NoRetain(Manner):
    """Keeps no messages; strictly: a will that is to be kept is refused, as MQTT 5 demands."""

    connack_pairs = ((wire.RETAIN_AVAILABLE, 0),)

    def __init__(self, strict=False):
        super().__init__()
        self.strict = strict

    async def connect(self, session):
        if self.strict and session.version == 5 and session.hello.will.retain:
            self.show()
            session.connack(RETAIN_NOT_SUPPORTED)
            await session.flushed()
            session.end()
        else:
            await super().connect(session)

    def retains(self, message):
        self.show()
        return False

    def takes(self, session, message):
        if message.retain and session.version == 5:
            session.close_with(RETAIN_NOT_SUPPORTED)
            return False
        return True


class SmallPackets(Manner):
    """Ends the connection on what is larger than it said (MQTT 5), or never said."""

    def __init__(self, most):
        super().__init__()
        self.most = most
        self.connack_pairs = ((wire.MAXIMUM_PACKET, most),)

    async def connect(self, session):
        self.show()
        await super().connect(session)

    def takes(self, session, message):
        if message.wire_bytes <= self.most:
            return True
        session.broker.complain(session, f"{message.wire_bytes} bytes on {message.topic}")
        session.close_with(PACKET_TOO_LARGE)
        return False


class ReceiveMaximum(Manner):
    """Takes so many at a time, and is slow to acknowledge."""

    def __init__(self, most=1, delay_s=0.01):
        super().__init__()
        self.most, self.delay_s, self.in_flight = most, delay_s, {}
        self.connack_pairs = ((wire.RECEIVE_MAXIMUM, most),)

    async def publish(self, session, message):
        if not message.qos:
            return
        self.show()
        self.in_flight[session.number] = self.in_flight.get(session.number, 0) + 1
        if session.version == 5 and self.in_flight[session.number] > self.most:
            session.broker.complain(session, f"{self.in_flight[session.number]} in flight")
        session.beside(self._later, session, message)

    async def _later(self, session, message):
        await asyncio.sleep(self.delay_s)
        self.in_flight[session.number] -= 1
        session.acknowledge(message)


class ClosesOnMqtt5(Manner):
    """Without a word."""

    async def connect(self, session):
        if session.version == 5:
            self.show()
            session.end()
        else:
            await super().connect(session)


class HangsUp(Manner):
    """On a message that it does not like, without a word."""

    def __init__(self, dislikes):
        super().__init__()
        self.dislikes = dislikes

    def takes(self, session, message):
        if not self.dislikes(message):
            return True
        self.show()
        session.end()
        return False


def hangs_up_on(branch):
    return HangsUp(lambda message: branch_of(message.topic) == branch)


def hangs_up_over(size):
    """On events and alerts that are longer."""
    return HangsUp(
        lambda message: branch_of(message.topic) in ("event", "alert")
        and len(message.payload) > size
    )


def refuses_dots():
    return HangsUp(lambda message: "." in message.topic)


class TakenOver(Manner):
    """Another client of the same id comes again and again; with a reason, or without."""

    def __init__(self, told=True, after_s=0.2):
        super().__init__()
        self.told, self.after_s = told, after_s

    async def connected(self, session):
        await asyncio.sleep(self.after_s)
        self.show()
        session.close_with(TAKEN_OVER) if self.told else session.end()


class NeverAcknowledges(Manner):
    async def publish(self, session, message):
        self.show()


class Refuses(Manner):
    """Acknowledges events and alerts with a reason not to take them (MQTT 5)."""

    def __init__(self, reason):
        super().__init__()
        self.reason = reason

    def _refused(self, session, message):
        return session.version == 5 and branch_of(message.topic) in ("event", "alert")

    def takes(self, session, message):
        return not self._refused(session, message)

    async def publish(self, session, message):
        if message.taken:
            await super().publish(session, message)
        else:
            self.show()
            session.acknowledge(message, self.reason)


class AcknowledgesLate(Manner):
    """After a while, each in its turn."""

    def __init__(self, delay_s=0.6):
        super().__init__()
        self.delay_s = delay_s

    async def publish(self, session, message):
        self.show()
        session.beside(self._later, session, message)

    async def _later(self, session, message):
        await asyncio.sleep(self.delay_s)
        session.acknowledge(message)


class AcknowledgesOutOfOrder(Manner):
    """A few at a time, the last first."""

    def __init__(self, count=5, at_most_s=0.05):
        super().__init__()
        self.count, self.at_most_s = count, at_most_s
        self.held = {}

    async def publish(self, session, message):
        held = self.held.setdefault(session.number, [])
        held.append(message)
        if len(held) >= self.count:
            self._release(session)
        else:
            session.beside(self._later, session)

    async def _later(self, session):
        await asyncio.sleep(self.at_most_s)
        self._release(session)

    def _release(self, session):
        held = self.held[session.number]
        while held:
            self.show()
            session.acknowledge(held.pop())


class AcknowledgesTwice(Manner):
    async def publish(self, session, message):
        self.show()
        session.acknowledge(message)
        session.acknowledge(message)


class AcknowledgesForeign(Manner):
    """Also what was never sent: ids far from those in use, and 0."""

    async def publish(self, session, message):
        self.show()
        for mid in (0, 65535 - message.mid):
            session.send(wire.acknowledgement(session.version, wire.PUBACK, mid))
        session.acknowledge(message)


class Drips(Manner):
    """Each packet comes in pieces."""

    def __init__(self, piece=1, pause_s=0.002):
        super().__init__()
        self.piece, self.pause_s = piece, pause_s

    async def write(self, session, data):
        for at in range(0, len(data), self.piece):
            self.show()
            await session.put(data[at : at + self.piece])
            await asyncio.sleep(self.pause_s)


class Garbage(Manner):
    """Bytes of no meaning: in the place of CONNACK, or later."""

    def __init__(self, at_once=False, seed=1):
        super().__init__()
        self.at_once, self.chance = at_once, random.Random(seed)

    def _throw(self, session):
        self.show()
        session.send(self.chance.randbytes(self.chance.randrange(2, 400)))

    async def connect(self, session):
        if self.at_once:
            self._throw(session)
        else:
            await super().connect(session)

    async def connected(self, session):
        await asyncio.sleep(0.05)
        self._throw(session)


class HalfPacket(Manner):
    """The first bytes of an answer, and then the end, or nothing more for ever."""

    def __init__(self, closes=True):
        super().__init__()
        self.closes = closes

    async def publish(self, session, message):
        if not message.qos or session.over or getattr(session, "is_mute", False):
            return
        self.show()
        whole = wire.acknowledgement(session.version, wire.PUBACK, message.mid)
        session.eye = None
        session.writer.write(whole[:3])
        if self.closes:
            session.end()
        else:
            session.is_mute = True

    async def write(self, session, data):
        if not getattr(session, "is_mute", False):
            await super().write(session, data)


class ClosesAfter(Manner):
    """So many packets of each connection are served."""

    def __init__(self, packets=10, reset=False):
        super().__init__()
        self.packets, self.reset = packets, reset
        self.served = {}

    async def packet(self, session, kind):
        self.served[session.number] = self.served.get(session.number, 0) + 1
        if self.served[session.number] > self.packets:
            self.show()
            session.reset() if self.reset else session.end()


class NoRecallByWildcard(Manner):
    """A retained message reaches those only who subscribe to its very topic."""

    def recalls(self, session, name, topic):
        self.show()
        return name == topic


class SaysNothing(Manner):
    """Accepts connections and never answers."""

    async def connect(self, session):
        self.show()


class OutOfTurn(Manner):
    """Packets that a broker does not send, or not then."""

    PACKETS = {
        "connect": wire.packet(wire.CONNECT, wire.text("MQTT") + b"\4\2\0\5" + wire.text("x")),
        "connack": wire.packet(wire.CONNACK, b"\0\0\0"),
        "subscribe": wire.packet(wire.SUBSCRIBE, b"\0\1\0" + wire.text("#") + b"\1", 2),
        "auth": wire.packet(wire.AUTH, b"\x18\0"),
        "pubrec": wire.packet(wire.PUBREC, b"\0\1"),
        "pubrel": wire.packet(wire.PUBREL, b"\0\1", 2),
        "pingreq": wire.packet(wire.PINGREQ),
        "reserved": b"\0\0",
    }

    def __init__(self, which):
        super().__init__()
        self.data = self.PACKETS[which]

    async def subscribed(self, session):
        await self.connected(session)

    async def connected(self, session):
        await asyncio.sleep(0.05)
        self.show()
        session.send(self.data)


class Floods(Manner):
    """Small messages on a topic that is listened to, without end."""

    async def subscribed(self, session):
        topic, number = heard_topic(session), 0
        while not session.over and session.manner is self:
            for _ in range(200):
                number += 1
                session.send(wire.publish(session.version, f"{topic}{number}", b"{}"))
            self.show()
            await session.flushed()
            await asyncio.sleep(0)


class Replays(Manner):
    """Answers CONNECT with these bytes, whatever they are: what Fuzz.transcript() has kept."""

    def __init__(self, data):
        super().__init__()
        self.data = data

    async def connect(self, session):
        self.show()
        session.eye = None
        session.send(self.data)
