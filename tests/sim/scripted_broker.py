"""A small MQTT broker, 3.1.1 and 5, plain or TLS: right by itself, wrong by its manner.

It writes down all that it was sent, and what it made of each message. Its loop is a thread of
its own; what a test reads there only grows. The manner is for clients that are gateways; who
else connects, a subscriber, is served as is right.
"""

import asyncio
import contextlib
import socket
import struct
import time
from collections import deque
from types import SimpleNamespace

from . import mqtt_wire as wire
from .loop import Loop

GATEWAYS = "corridord-"
TAKEN_OVER = 0x8E


class Manner:
    """How a broker behaves; this one as the standard says. `shown`: how often it did not."""

    connack_pairs = ()  # more properties, MQTT 5
    aliases = 8  # granted to each client

    def __init__(self):
        self.shown = 0

    def show(self):
        self.shown += 1

    async def connect(self, session):
        """CONNECT has come. Session.end(): the connection is closed."""
        session.connack(pairs=self.connack_pairs)

    async def connected(self, session):
        """Runs beside the rest, from the CONNACK on."""

    async def subscribed(self, session):
        """Runs beside the rest, from the first SUBACK on."""

    async def packet(self, session, kind):
        """Any packet from a client, before it is served."""

    def takes(self, session, message):
        """Whether a message is taken, to be passed on."""
        return True

    async def publish(self, session, message):
        """It is taken, or not (message.taken): the answer."""
        if message.taken:
            session.acknowledge(message)

    def grant(self, session, name, qos):
        return min(qos, 1)

    def retains(self, message):
        return message.retain

    def recalls(self, session, name, topic):
        """Whether a new subscription gets the message that is retained there."""
        return wire.matches(name, topic)

    async def write(self, session, data):
        """The way out of every packet."""
        await session.put(data)


class Client:
    """What outlives a connection, if so agreed: subscriptions, and what is not acknowledged."""

    def __init__(self):
        self.filters = {}
        self.waiting = deque()  # (topic, payload, qos, retain)
        self.unacknowledged = {}
        self.last_mid = 0

    def next_mid(self):
        self.last_mid = self.last_mid % 65535 + 1
        return self.last_mid


class Session:
    """One connection."""

    def __init__(self, broker, number, reader, writer):
        self.broker, self.number = broker, number
        self.reader, self.writer = reader, writer
        self.begun_s = time.monotonic()
        self.version = 0
        self.hello = SimpleNamespace(client_id="", keepalive_s=0)
        self.client = Client()
        self.online = self.over = False
        self.said_goodbye = False
        self.out = asyncio.Queue()
        self.eye = wire.Stream()  # what a client can read of what it is sent
        self.aliases = {}
        self.arrived_ids = set()
        self.acknowledged_ids = []
        self.tasks = []

    def __repr__(self):
        return f"connection {self.number} of {self.hello.client_id!r}"

    @property
    def manner(self):
        gateway = self.hello.client_id.startswith(GATEWAYS)
        return self.broker.manner if gateway or not self.version else self.broker.right

    # ---- out

    def send(self, data):
        self.out.put_nowait(data)

    async def put(self, data):
        """Bytes, as they are, onto the wire."""
        if self.writer is None:
            raise ConnectionError
        self._watch(data)
        self.writer.write(data)
        await self.writer.drain()

    def _watch(self, data):
        """An acknowledgement of what has not come yet: a loss that it causes is the broker's."""
        if self.eye is None or len(data) > 1 << 20:
            self.eye = None
            return
        try:
            for head, body, _ in self.eye.feed(data):
                mid = int.from_bytes(body[:2], "big")
                if head >> 4 == wire.PUBACK and mid not in self.arrived_ids:
                    self.broker.acknowledged_unseen.append((self.number, mid))
        except wire.Malformed:
            self.eye = None

    async def _write(self):
        with contextlib.suppress(ConnectionError, TimeoutError):
            while True:
                await self.manner.write(self, await self.out.get())
                self.out.task_done()
        self.end()

    def connack(self, reason=0, pairs=()):
        present = reason == 0 and bool(self.client.filters)
        pairs = [(wire.ALIAS_MAXIMUM, self.manner.aliases), *pairs] if reason == 0 else pairs
        self.send(wire.connack(self.version, reason, present, pairs))
        self.online = reason == 0

    def acknowledge(self, message, reason=0, pairs=()):
        """PUBACK, or PUBREC."""
        if not message.qos:
            return
        kind = wire.PUBACK if message.qos == 1 else wire.PUBREC
        message.acknowledged = message.acknowledged or reason < 0x80
        message.acknowledged_at = len(self.broker.record)
        self.acknowledged_ids.append(message.mid)
        self.send(wire.acknowledgement(self.version, kind, message.mid, reason, pairs))

    def deliver(self, topic, payload, qos, retain, pairs=()):
        qos = min(qos, 1)
        self.client.waiting.append((topic, payload, qos, retain, pairs))
        if self.online:
            self._deliver_waiting()

    def _deliver_waiting(self):
        client = self.client
        most = self.hello.properties.get(wire.RECEIVE_MAXIMUM, 65535)
        while client.waiting and len(client.unacknowledged) < most:
            topic, payload, qos, retain, pairs = client.waiting.popleft()
            mid = client.next_mid() if qos else 0
            if qos:
                client.unacknowledged[mid] = (topic, payload, retain, pairs)
            self.send(wire.publish(self.version, topic, payload, qos, mid, retain, pairs=pairs))

    def _deliver_again(self):
        for mid, (topic, payload, retain, pairs) in self.client.unacknowledged.items():
            self.send(wire.publish(self.version, topic, payload, 1, mid, retain, True, pairs))
        self._deliver_waiting()

    async def flushed(self):
        """All that was sent is on the wire."""
        await self.out.join()

    def close_with(self, reason):
        """DISCONNECT where the protocol has it, then the end."""
        if self.version == 5 and self.writer:
            self.writer.write(wire.disconnect(5, reason))
        self.end()

    def end(self):
        """Closes, after what was written."""
        self.over = True
        if self.writer is None:
            return
        with contextlib.suppress(OSError, RuntimeError):
            self.writer.close()

    def reset(self):
        """Breaks off: what is not delivered yet is gone."""
        self.over = True
        if self.writer is None:
            return
        raw = self.writer.get_extra_info("socket")
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    # ---- in

    async def serve(self):
        self.beside(self._write)
        stream = wire.Stream()
        with contextlib.suppress(ConnectionError, TimeoutError, wire.Malformed):
            while not self.over and (data := await self._read()):
                for head, body, size in self._cut(stream, data):
                    if self.over:
                        break
                    await self._serve(head, body, size)
        self.online = False
        self.end()
        for task in self.tasks:
            task.cancel()
        self.reader = self.writer = self.eye = None  # there may be thousands of us
        self.tasks = []

    async def _read(self):
        alive_s = 1.5 * self.hello.keepalive_s or None
        async with asyncio.timeout(alive_s):
            return await self.reader.read(65536)

    def _cut(self, stream, data):
        try:
            return stream.feed(data)
        except wire.Malformed as why:
            self.broker.complain(self, str(why))
            raise

    def beside(self, call, *arguments):
        """Runs it beside the rest, until the connection ends."""
        self.tasks.append(asyncio.create_task(self._guarded(call, arguments)))

    @staticmethod
    async def _guarded(call, arguments):
        with contextlib.suppress(ConnectionError, TimeoutError, RuntimeError):
            await call(*arguments)

    async def _serve(self, head, body, size):
        kind = head >> 4
        if (kind == wire.CONNECT) == bool(self.version):
            self.broker.complain(self, f"packet type {kind} out of turn")
            raise wire.Malformed
        try:
            if kind != wire.CONNECT:
                await self.manner.packet(self, kind)
            await self._served(kind, head, body, size)
        except wire.Malformed as why:
            self.broker.complain(self, f"packet type {kind}: {why}")
            raise

    async def _served(self, kind, head, body, size):
        if self.over:
            return
        if kind == wire.CONNECT:
            await self._connect(wire.read_connect(body))
        elif kind == wire.PUBLISH:
            await self._publish(wire.read_publish(self.version, head, body), size)
        elif kind == wire.PUBACK:
            self.client.unacknowledged.pop(wire.read_acknowledgement(body)[0], None)
            self._deliver_waiting()
        elif kind == wire.PUBREL:
            mid = wire.read_acknowledgement(body)[0]
            self.send(wire.acknowledgement(self.version, wire.PUBCOMP, mid))
        elif kind == wire.SUBSCRIBE:
            self._subscribe(*wire.read_subscribe(self.version, body))
        elif kind == wire.UNSUBSCRIBE:
            mid, filters = wire.read_unsubscribe(self.version, body)
            known = [self.client.filters.pop(name, None) is not None for name in filters]
            reasons = [0 if was else 0x11 for was in known]
            self.send(wire.suback(self.version, mid, reasons, kind=wire.UNSUBACK))
        elif kind == wire.PINGREQ:
            self.send(wire.packet(wire.PINGRESP))
        elif kind == wire.PUBCOMP:
            pass  # the answer to a PUBREL that some manner has sent
        elif kind == wire.DISCONNECT:
            self.said_goodbye = not body or body[0] == 0
            self.end()
        else:
            raise wire.Malformed("not for a client to send")

    async def _connect(self, hello):
        self.hello, self.version = hello, hello.version
        self.broker.welcome(self)
        await self.manner.connect(self)
        if self.online:
            self.beside(self.manner.connected, self)
            self._deliver_again()

    async def _publish(self, message, size):
        manner = self.manner
        self._resolve_alias(message)
        message.version, message.session = self.version, self.number
        message.wire_bytes, message.at_s = size, time.monotonic()
        message.user = dict(message.properties[wire.USER])
        message.content_type = message.properties.get(wire.CONTENT_TYPE)
        message.acknowledged = False
        message.payload = self.broker.unpack(message.payload)
        if message.qos:
            self.arrived_ids.add(message.mid)
        message.taken = manner.takes(self, message)
        self.broker.note(message)
        if message.taken:
            self.broker.pass_on(message, manner.retains(message))
        await manner.publish(self, message)

    def _resolve_alias(self, message):
        alias = message.properties.get(wire.ALIAS)
        message.aliased = not message.topic
        if alias is None:
            return
        if not 1 <= alias <= self.manner.aliases or not (message.topic or alias in self.aliases):
            raise wire.Malformed(f"topic alias {alias}")
        if message.topic:
            self.aliases[alias] = message.topic
        message.topic = self.aliases[alias]

    def _subscribe(self, mid, filters):
        first = not self.client.filters
        granted = [self.manner.grant(self, name, asked & 3) for name, asked in filters.items()]
        self.send(wire.suback(self.version, mid, granted))
        for (name, asked), qos in zip(filters.items(), granted):
            if qos < 0x80:
                new = name not in self.client.filters
                self.client.filters[name] = qos
                self._recall(name, qos, asked >> 4 & 3 if self.version == 5 else 0, new)
        if first:
            self.beside(self.manner.subscribed, self)

    def _recall(self, name, qos, handling, new):
        if handling == 2 or (handling == 1 and not new):
            return
        for topic, kept in list(self.broker.retained.items()):
            if self.manner.recalls(self, name, topic):
                self.deliver(topic, kept.payload, min(qos, kept.qos), True)


class ScriptedBroker:
    """tls: an ssl.SSLContext for the gateways; `port` is theirs, `clear_port` the subscribers'."""

    def __init__(self, manner=None, tls=None, port=0):
        self.right = Manner()
        self.manner = manner or self.right
        self.tls, self.port, self.clear_port = tls, port, 0
        self.sessions = []  # all there ever were
        self.record = []  # every message that came, in order
        self.complaints = []  # what clients did against the standard
        self.acknowledged_unseen = []  # (connection, id): acknowledged before it came
        self.unpack = lambda payload: payload  # what is noted of it
        self.retained = {}
        self.clients = {}
        self.servers = []
        self.loop = None

    # ---- for tests

    def start(self):
        self.loop = Loop()
        self.port = self.loop.run(self._listen(self.port, self.tls))
        self.clear_port = self.loop.run(self._listen(0, None)) if self.tls else self.port
        return self

    def close(self):
        if self.loop:
            self.loop.run(self._shut())
            self.loop.close()
            self.loop = None

    def become(self, manner=None):
        """Another manner from now on, for the connections that are there too."""
        self.manner = manner or self.right

    def drop(self):
        """Ends all connections of gateways."""
        for session in self.gateways():
            self.loop.soon(session.end)

    def gateways(self):
        return [s for s in list(self.sessions) if s.hello.client_id.startswith(GATEWAYS)]

    def retain(self, topic, payload):
        self.retained[topic] = SimpleNamespace(payload=payload, qos=1)

    def send(self, topic, payload, qos=1):
        """A message to all who have subscribed to it."""
        self.loop.soon(self._distribute, topic, payload, qos)

    def taken(self, branch="event"):
        """What was taken, of one branch below the gateway, in the order it came."""
        return [m for m in list(self.record) if m.taken and branch_of(m.topic) == branch]

    def doubled(self, window=20):
        """Messages that came again although the client must have known them acknowledged:
        after the acknowledgement it sent more than its window on the same connection."""
        seen, wrong = {}, []
        for message in self.taken():
            before = seen.get(message.payload)
            if before and before.acknowledged and self._was_heard(before, window):
                wrong.append(message)
            seen[message.payload] = message
        return wrong

    def _was_heard(self, message, window):
        later = self.record[message.acknowledged_at :]
        return sum(m.qos > 0 and m.session == message.session for m in later) > window

    # ---- for connections

    def complain(self, session, what):
        self.complaints.append(f"{session}: {what}")

    def note(self, message):
        message.order = len(self.record)
        self.record.append(message)

    def welcome(self, session):
        """A second client of an id ends the first; a session that is known goes on."""
        hello = session.hello
        for other in self.sessions:
            if other is not session and other.online and other.hello.client_id == hello.client_id:
                other.online = False
                other.close_with(TAKEN_OVER)
        known = self.clients.get(hello.client_id)
        session.client = Client() if hello.clean or known is None else known
        expiry = hello.properties.get(wire.SESSION_EXPIRY)
        lasts = expiry if session.version == 5 else not hello.clean
        self.clients.pop(hello.client_id, None)
        if lasts and hello.client_id:
            self.clients[hello.client_id] = session.client

    def pass_on(self, message, retained):
        if retained and message.payload:
            self.retained[message.topic] = message
        elif retained:
            self.retained.pop(message.topic, None)
        kept = (wire.CONTENT_TYPE, wire.RESPONSE_TOPIC, wire.CORRELATION, wire.PAYLOAD_FORMAT)
        pairs = [(p, message.properties[p]) for p in kept if p in message.properties]
        pairs += [(wire.USER, pair) for pair in message.properties[wire.USER]]
        self._distribute(message.topic, message.payload, message.qos, pairs)

    def _distribute(self, topic, payload, qos, pairs=()):
        for session in self.sessions:
            granted = [q for f, q in session.client.filters.items() if wire.matches(f, topic)]
            if session.online and granted:
                pairs_of = pairs if session.version == 5 else ()
                session.deliver(topic, payload, min(qos, max(granted)), False, pairs_of)
        online = {id(s.client) for s in self.sessions if s.online}
        for client in self.clients.values():
            granted = [q for f, q in client.filters.items() if wire.matches(f, topic)]
            if granted and id(client) not in online and min(qos, max(granted)):
                client.waiting.append((topic, payload, 1, False, pairs))

    async def _listen(self, port, tls):
        server = await asyncio.start_server(
            self._serve, "127.0.0.1", port, ssl=tls, reuse_address=True
        )
        self.servers.append(server)
        return server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = Session(self, len(self.sessions) + 1, reader, writer)
        self.sessions.append(session)
        await session.serve()
        self._say_will(session)

    def _say_will(self, session):
        will = getattr(session.hello, "will", None)
        if will is None or session.said_goodbye:
            return
        if will.retain:
            self.retained[will.topic] = will
        self._distribute(will.topic, will.payload, will.qos)

    async def _shut(self):
        for server in self.servers:
            server.close()
        for session in self.sessions:
            if not session.over:
                session.reset()


def branch_of(topic):
    return (topic.split("/", 5) + [""] * 5)[4]
