"""Modbus devices with manners: each is met in the field, and each has a name.

A device has holding registers 10 and 14 and input register 20, each holding its own
address. A manner says what it sends when it is asked, and what its line does; adding one
is one row of MANNERS. `mend()` makes each what it has to become: well, if nothing else is said.
"""

import os
import pty
import select
import socket
import struct
import threading
import time
import tty
from dataclasses import dataclass
from typing import Callable

from sim.modbus_device import HOLDING, INPUT, crc16

REGISTERS = {HOLDING: (10, 14), INPUT: (20,)}
KINDS = ("tcp", "rtu-tcp", "rtu")
NETWORK = ("tcp", "rtu-tcp")
SERIAL = ("rtu-tcp", "rtu")


class Ask:
    """One question, the nth of its line."""

    def __init__(self, device, line, frame):
        self.device, self.line, self.raw = device, line, frame
        line.asked += 1
        self.nth = line.asked
        pdu = frame if device.rtu else frame[6:]
        self.unit, self.function, self.address, self.count = struct.unpack(">BBHH", pdu[:6])
        self.asked = range(self.address, self.address + self.count)
        self.known = REGISTERS.get(self.function, ())

    def frame(self, pdu, unit=None, transaction=None, protocol=0):
        body = bytes([self.unit if unit is None else unit]) + pdu
        if self.device.rtu:
            return body + crc16(body)
        head = self.raw[:2] if transaction is None else struct.pack(">H", transaction)
        return head + struct.pack(">HH", protocol, len(body)) + body

    def good(self, count=None, function=None, **frame):
        values = [self.address + i for i in range(count or self.count)]
        pdu = struct.pack(f">BB{len(values)}H", function or self.function, 2 * len(values), *values)
        return self.frame(pdu, **frame)

    def exception(self, code):
        return self.frame(bytes([self.function | 0x80, code]))

    def then_hang_up(self, answer=b""):
        self.line.ending = True
        return answer

    def after(self, seconds):
        time.sleep(seconds)
        return self.good()

    def hesitantly(self):
        answer = self.good()
        self.line.send(answer[:3])
        time.sleep(0.15)
        return answer[3:]

    def dribble(self):
        for byte in self.good():
            self.line.send(bytes([byte]))
            time.sleep(0.005)


def spoilt(frame):
    return frame[:-3] + bytes([frame[-3] ^ 0x10]) + frame[-2:]


@dataclass
class Manner:
    answer: Callable = Ask.good  # of an Ask: bytes, or None: silence
    kinds: tuple = KINDS
    greeting: bytes = b""
    idle_s: float = None  # after so long without a question the connection is closed
    deaf_s: float = 0  # after connecting
    connections: int = 50  # at once
    mended: str = "well"  # what it becomes


MANNERS = {
    "well": Manner(),
    "silent": Manner(lambda ask: None),
    "boots-late": Manner(lambda ask: None, mended="only-its-map"),
    "boots-late-and-slow": Manner(lambda ask: None, mended="slow"),
    "only-its-map": Manner(lambda ask: ask.good() if set(ask.asked) <= set(ask.known) else None),
    "silent-to-long-reads": Manner(lambda ask: ask.good() if ask.count < 3 else None),
    "refuses-long-reads": Manner(lambda ask: ask.good() if ask.count < 3 else ask.exception(3)),
    "refuses-holes": Manner(
        lambda ask: ask.good() if set(ask.asked) <= set(ask.known) else ask.exception(2)
    ),
    "refuses-one-register": Manner(
        lambda ask: ask.exception(2) if 14 in ask.asked else ask.good()
    ),
    "has-no-such-table": Manner(
        lambda ask: ask.exception(1) if ask.function == INPUT else ask.good()
    ),
    "refuses-for-a-while": Manner(
        lambda ask: ask.good() if ask.device.age_s < 3 else ask.exception(2)
    ),
    "busy": Manner(lambda ask: ask.exception(6)),
    "acknowledges-first": Manner(
        lambda ask: ask.good() if ask.nth % 3 == 0 else ask.exception(5)
    ),
    "gives-one-register-at-a-time": Manner(
        lambda ask: ask.good() if ask.count == 1 else ask.exception(3)
    ),
    "refuses-all": Manner(lambda ask: ask.exception(2)),
    "has-no-way-to-its-unit": Manner(lambda ask: ask.exception(10)),
    "says-an-exception-nobody-knows": Manner(lambda ask: ask.exception(99)),
    "busy-in-one-table": Manner(
        lambda ask: ask.exception(6) if ask.function == INPUT else ask.good()
    ),
    "fails-in-one-table": Manner(
        lambda ask: ask.exception(4) if ask.function == INPUT else ask.good()
    ),
    "silent-in-one-table": Manner(lambda ask: None if ask.function == INPUT else ask.good()),
    "behind-a-gateway-that-gets-no-answer": Manner(lambda ask: ask.exception(11)),
    "loses-every-fifth": Manner(lambda ask: ask.good() if ask.nth % 5 else None),
    "slow": Manner(lambda ask: ask.after(0.1)),
    "too-slow": Manner(lambda ask: ask.after(1.2)),
    "dribbles": Manner(Ask.dribble),
    "hesitates-in-its-answer": Manner(Ask.hesitantly),
    "answers-twice": Manner(lambda ask: ask.good() + ask.good()),
    "answers-late-now-and-then": Manner(lambda ask: ask.after(0.8 if ask.nth % 4 == 0 else 0)),
    "closes-after-each-answer": Manner(lambda ask: ask.then_hang_up(ask.good()), kinds=NETWORK),
    "closes-after-three-answers": Manner(
        lambda ask: ask.then_hang_up(ask.good()) if ask.nth == 3 else ask.good(), kinds=NETWORK
    ),
    "closes-instead-of-an-answer-at-times": Manner(
        lambda ask: ask.then_hang_up() if ask.nth == 4 else ask.good(), kinds=NETWORK
    ),
    "eats-the-first-question": Manner(
        lambda ask: ask.good() if ask.nth > 1 else None, kinds=NETWORK
    ),
    "closes-when-idle": Manner(idle_s=0.2, kinds=NETWORK),
    "closes-at-each-question": Manner(Ask.then_hang_up, kinds=NETWORK),
    "deaf-after-connecting": Manner(deaf_s=1.5, kinds=NETWORK),
    "one-connection": Manner(connections=1, kinds=NETWORK),
    "greets": Manner(greeting=b"USR-REG-0001", kinds=NETWORK),
    "greets-in-binary": Manner(greeting=b"\x01\x02\x03\xfe", kinds=NETWORK),
    "text-in-between": Manner(lambda ask: ask.good() + b"*" * (ask.nth % 3 == 0)),
    "byte-before": Manner(lambda ask: b"\0" + ask.good()),
    "noise-before": Manner(lambda ask: b"\xff\x55\xaa" + ask.good()),
    "byte-behind": Manner(lambda ask: ask.good() + b"\xff"),
    "echoes": Manner(lambda ask: ask.raw + ask.good(), kinds=SERIAL),
    "only-echoes": Manner(lambda ask: ask.raw, kinds=SERIAL),
    "forgets-the-transaction": Manner(lambda ask: ask.good(transaction=0), kinds=("tcp",)),
    "speaks-another-protocol": Manner(lambda ask: ask.good(protocol=1), kinds=("tcp",)),
    "answers-as-another": Manner(lambda ask: ask.good(unit=9)),
    "answers-as-nobody": Manner(lambda ask: ask.good(unit=0)),
    "answers-another-function": Manner(lambda ask: ask.good(function=7 - ask.function)),
    "gives-less": Manner(lambda ask: ask.good(count=ask.count + 1)),
    "cuts-short": Manner(lambda ask: ask.good()[:-1]),
    "spoils-its-checksum": Manner(lambda ask: spoilt(ask.good()), kinds=SERIAL),
    "speaks-something-else": Manner(lambda ask: b"HTTP/1.1 400 Bad Request\r\n\r\n"),
}


class Line:
    def __init__(self, receive, send, hang_up):
        self.receive, self.send, self.hang_up = receive, send, hang_up
        self.began_s, self.asked, self.ending = time.monotonic(), 0, False


class Device:
    """One device and its line: a listener at `port`, or a pseudo-terminal at `path`."""

    def __init__(self, manner, kind):
        self.manner, self.kind, self.rtu = MANNERS[manner], kind, kind != "tcp"
        self.began_s, self.open, self.running = time.monotonic(), set(), True

    @property
    def age_s(self):
        return time.monotonic() - self.began_s

    def mend(self):
        self.manner = MANNERS[self.manner.mended]

    def start(self):
        if self.kind == "rtu":
            self.ours, self.theirs = pty.openpty()
            tty.setraw(self.theirs)
            tty.setraw(self.ours)
            self.path = os.ttyname(self.theirs)
            line = Line(self._read, lambda sent: os.write(self.ours, sent), lambda: None)
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()
        else:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.port = self.listener.getsockname()[1]
            threading.Thread(target=self._accept, daemon=True).start()
        return self

    def stop(self):
        self.running = False
        if self.kind != "rtu":
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            for line in list(self.open):
                line.hang_up()

    def _read(self, count):
        while self.running:
            if select.select([self.ours], [], [], 0.2)[0]:
                return os.read(self.ours, count)
        return b""

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            if len(self.open) >= self.manner.connections:
                connection.close()
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(self.manner.idle_s)
            line = Line(connection.recv, connection.sendall, connection.close)
            self.open.add(line)
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line):
        pending, size = b"", 8 if self.rtu else 12
        try:
            if self.manner.greeting:
                line.send(self.manner.greeting)
            while not line.ending and (received := line.receive(256)):
                pending += received
                while len(pending) >= size and not line.ending:
                    self._answer(line, Ask(self, line, pending[:size]))
                    pending = pending[size:]
        except OSError:
            pass
        finally:
            self.open.discard(line)
            line.hang_up()

    def _answer(self, line, ask):
        if time.monotonic() - line.began_s < self.manner.deaf_s:
            return
        answer = self.manner.answer(ask)
        if answer:
            line.send(answer)
