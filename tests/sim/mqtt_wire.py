"""MQTT 3.1.1 and 5 on the wire: packets made, taken apart, and cut out of a stream."""

import struct
from types import SimpleNamespace

(
    CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK, UNSUBSCRIBE,
    UNSUBACK, PINGREQ, PINGRESP, DISCONNECT, AUTH,
) = range(1, 16)  # fmt: skip

# MQTT 5, 2.2.2.2
PAYLOAD_FORMAT, EXPIRY, CONTENT_TYPE, RESPONSE_TOPIC, CORRELATION = 0x01, 0x02, 0x03, 0x08, 0x09
SUBSCRIPTION_ID, SESSION_EXPIRY, ASSIGNED_ID, SERVER_KEEP_ALIVE = 0x0B, 0x11, 0x12, 0x13
REASON, RECEIVE_MAXIMUM, ALIAS_MAXIMUM, ALIAS = 0x1F, 0x21, 0x22, 0x23
MAXIMUM_QOS, RETAIN_AVAILABLE, USER, MAXIMUM_PACKET = 0x24, 0x25, 0x26, 0x27
WILL_DELAY = 0x18

# What its value is, for each property: bytes of a number, "v" a variable one, "s" a text,
# "d" data, "p" a pair of texts.
PROPERTIES = {
    0x01: 1, 0x02: 4, 0x03: "s", 0x08: "s", 0x09: "d", 0x0B: "v", 0x11: 4, 0x12: "s", 0x13: 2,
    0x15: "s", 0x16: "d", 0x17: 1, 0x18: 4, 0x19: 1, 0x1A: "s", 0x1C: "s", 0x1F: "s", 0x21: 2,
    0x22: 2, 0x23: 2, 0x24: 1, 0x25: 1, 0x26: "p", 0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1,
}  # fmt: skip


class Malformed(Exception):
    """These bytes are no packet."""


# ---- making ------------------------------------------------------------------------------


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def u16(number):
    return struct.pack(">H", number)


def text(value):
    raw = value if isinstance(value, bytes) else value.encode()
    return u16(len(raw)) + raw


def packet(kind, body=b"", flags=0):
    return bytes([kind << 4 | flags]) + varint(len(body)) + body


def _value(kind, value):
    if kind == "p":
        return text(value[0]) + text(value[1])
    if kind == "v":
        return varint(value)
    return value.to_bytes(kind, "big") if isinstance(kind, int) else text(value)


def properties(pairs=()):
    """The block of them, with its length: of (id, value), or bytes as they are."""
    raw = pairs
    if not isinstance(pairs, bytes):
        raw = b"".join(bytes([number]) + _value(PROPERTIES[number], v) for number, v in pairs)
    return varint(len(raw)) + raw


def connack(version, reason=0, present=False, pairs=()):
    return packet(CONNACK, bytes([present, reason]) + (properties(pairs) if version == 5 else b""))


def acknowledgement(version, kind, mid, reason=0, pairs=()):
    """PUBACK, PUBREC, PUBREL, PUBCOMP"""
    tail = bytes([reason]) + properties(pairs) if version == 5 and (reason or pairs) else b""
    return packet(kind, u16(mid) + tail, 2 if kind == PUBREL else 0)


def suback(version, mid, reasons, pairs=(), kind=SUBACK):
    body = u16(mid) + (properties(pairs) if version == 5 else b"")
    return packet(kind, body + (bytes(reasons) if version == 5 or kind == SUBACK else b""))


def publish(version, topic, payload, qos=0, mid=0, retain=False, dup=False, pairs=()):
    head = text(topic) + (u16(mid) if qos else b"") + (properties(pairs) if version == 5 else b"")
    return packet(PUBLISH, head + payload, dup << 3 | qos << 1 | retain)


def disconnect(version, reason=0, pairs=()):
    tail = bytes([reason]) + properties(pairs) if version == 5 else b""
    return packet(DISCONNECT, tail)


# ---- taking apart ------------------------------------------------------------------------


class Bytes:
    """A packet's body, taken from its beginning."""

    def __init__(self, raw):
        self.raw, self.at = raw, 0

    def take(self, count):
        if self.at + count > len(self.raw):
            raise Malformed("it ends too early")
        self.at += count
        return self.raw[self.at - count : self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), "big")

    def varint(self):
        number = 0
        for shift in (0, 7, 14, 21):
            byte = self.number(1)
            number |= (byte & 127) << shift
            if byte < 128:
                return number
        raise Malformed("a length of more than four bytes")

    def data(self):
        return self.take(self.number(2))

    def text(self):
        try:
            return self.data().decode()
        except UnicodeDecodeError:
            raise Malformed("a text that is not UTF-8") from None

    def rest(self):
        return self.take(len(self.raw) - self.at)

    def left(self):
        return len(self.raw) - self.at

    def property(self):
        number = self.varint()
        kind = PROPERTIES.get(number)
        if kind is None:
            raise Malformed(f"property 0x{number:02x}")
        if kind == "p":
            return number, (self.text(), self.text())
        if isinstance(kind, int):
            return number, self.number(kind)
        return number, {"v": self.varint, "s": self.text, "d": self.data}[kind]()

    def properties(self, version):
        """{id: value}; of user properties the list."""
        found = {USER: []}
        if version != 5:
            return found
        block = Bytes(self.take(self.varint()))
        while block.left():
            number, value = block.property()
            if number == USER:
                found[USER].append(value)
            else:
                found[number] = value
        return found


class Stream:
    """Cuts packets out of what comes: [(head, body, bytes on the wire), ...] of each piece."""

    def __init__(self):
        self.pending = b""

    def feed(self, data):
        self.pending += data
        found = []
        while (whole := self._next()) is not None:
            found.append(whole)
        return found

    def _next(self):
        length = shift = 0
        for at, byte in enumerate(self.pending[1:5], 1):
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                end = at + 1 + length
                if len(self.pending) < end:
                    return None
                head, body = self.pending[0], self.pending[at + 1 : end]
                self.pending = self.pending[end:]
                return head, body, end
        if shift == 28:
            raise Malformed("a length of more than four bytes")
        return None


def read_connect(body):
    raw = Bytes(body)
    name, version, flags = raw.text(), raw.number(1), raw.number(1)
    if name != "MQTT" or version not in (4, 5):
        raise Malformed(f"protocol {name!r} {version}")
    found = SimpleNamespace(version=version, clean=bool(flags & 2), keepalive_s=raw.number(2))
    found.properties = raw.properties(version)
    found.client_id = raw.text()
    found.will = None
    if flags & 4:
        pairs = raw.properties(version)
        found.will = SimpleNamespace(
            topic=raw.text(), payload=raw.data(), qos=flags >> 3 & 3, retain=bool(flags & 32),
            properties=pairs,
        )  # fmt: skip
    found.username = raw.text() if flags & 128 else None
    found.password = raw.data() if flags & 64 else None
    return found


def read_publish(version, head, body):
    raw = Bytes(body)
    found = SimpleNamespace(qos=head >> 1 & 3, retain=bool(head & 1), dup=bool(head & 8), mid=0)
    found.topic = raw.text()
    if found.qos:
        found.mid = raw.number(2)
    found.properties = raw.properties(version)
    found.payload = raw.rest()
    return found


def read_subscribe(version, body):
    """SUBSCRIBE: (id, {filter: options})"""
    raw = Bytes(body)
    mid = raw.number(2)
    raw.properties(version)
    filters = {}
    while raw.left():
        name = raw.text()
        filters[name] = raw.number(1)
    return mid, filters


def read_unsubscribe(version, body):
    raw = Bytes(body)
    mid = raw.number(2)
    raw.properties(version)
    filters = []
    while raw.left():
        filters.append(raw.text())
    return mid, filters


def read_acknowledgement(body):
    """(id, reason)"""
    raw = Bytes(body)
    return raw.number(2), raw.number(1) if raw.left() else 0


def matches(pattern, topic):
    """Whether a topic is under a filter."""
    pattern, topic = pattern.split("/"), topic.split("/")
    if topic[0].startswith("$") and pattern[0] in ("#", "+"):
        return False
    for i, level in enumerate(pattern):
        if level == "#":
            return True
        if i >= len(topic) or level not in ("+", topic[i]):
            return False
    return len(pattern) == len(topic)


def a_topic(pattern, leaf="x"):
    """A topic under a filter."""
    return "/".join(leaf if level in ("#", "+") else level for level in pattern.split("/"))
