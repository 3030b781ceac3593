"""Modbus devices played over TCP or a serial line, with faults on demand.

They answer the four functions that read. Frames are made here too, so that a device can also
stay silent, answer late, as another unit, or with rubbish. Servers of other people are in
modbus_pymodbus.py and in tests/unit/test_modbus_peers.c.
"""

import os
import pty
import select
import socket
import struct
import termios
import threading
import time
import tty

# The tables, by the function that reads them.
COILS, DISCRETES, HOLDING, INPUT = 1, 2, 3, 4

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
READ_MAX = {COILS: 2000, DISCRETES: 2000, HOLDING: 125, INPUT: 125}


class _Refusal(Exception):
    """The exception code that a device answers with."""


def _pack_bits(bits):
    packed = bytearray((len(bits) + 7) // 8)
    for i, bit in enumerate(bits):
        packed[i // 8] |= bool(bit) << i % 8
    return bytes(packed)


def _pack_registers(values):
    return struct.pack(f">{len(values)}H", *values)


class Unit:
    """One unit id: its tables, and what is wrong with it today.

    A table is {address on the wire: value}; a value may be a function, called at each read.
    """

    def __init__(self, holding=None, inputs=None, discretes=None, coils=None):
        tables = {HOLDING: holding, INPUT: inputs, DISCRETES: discretes, COILS: coils}
        self.tables = {function: dict(values or {}) for function, values in tables.items()}
        self.lock = threading.Lock()
        self.requests = 0
        self.asked_at_s = []  # monotonic, of each request
        self.mend()

    def mend(self):
        """Back to good health."""
        self.silent = False
        self.delay_s = 0.0
        self.exception = None  # a Modbus exception code for every request
        self.answer_as = None  # another unit id
        self.garbage = False  # a frame of the right length and wrong everything else
        self.cut_bytes = 0  # taken off the end of each answer

    def set(self, address, *values, table=HOLDING):
        with self.lock:
            self.tables[table].update(enumerate(values, start=address))

    def get(self, address, table=HOLDING):
        with self.lock:
            return self._values(table, address, 1)[0]

    def set_text(self, address, text, registers):
        raw = text.encode("ascii").ljust(2 * registers, b"\0")
        self.set(address, *struct.unpack(f">{registers}H", raw))

    def _values(self, table, first, count):
        try:
            found = [self.tables[table][first + i] for i in range(count)]
        except KeyError:
            raise _Refusal(ILLEGAL_ADDRESS) from None
        return [value() if callable(value) else value for value in found]

    def _read(self, pdu):
        """What follows the function code in the answer to a request to read."""
        if self.exception:
            raise _Refusal(self.exception)
        if pdu[0] not in self.tables:
            raise _Refusal(ILLEGAL_FUNCTION)
        if len(pdu) != 5:
            raise _Refusal(ILLEGAL_VALUE)
        function, first, count = struct.unpack(">BHH", pdu)
        if not 1 <= count <= READ_MAX[function]:
            raise _Refusal(ILLEGAL_VALUE)
        pack = _pack_bits if function in (COILS, DISCRETES) else _pack_registers
        data = pack(self._values(function, first, count))
        return bytes([len(data)]) + data

    def answer(self, pdu):
        """The PDU of the answer, or None: silent."""
        self.requests += 1
        self.asked_at_s.append(time.monotonic())
        if self.silent:
            return None
        if self.delay_s:
            time.sleep(self.delay_s)
        try:
            with self.lock:
                answer = pdu[:1] + self._read(pdu)
        except _Refusal as refusal:
            answer = bytes([pdu[0] | 0x80, refusal.args[0]])
        return b"\xa5" * len(answer) if self.garbage else answer


class _Server:
    def __init__(self, units):
        self.units = units
        self.thread = None

    def _respond(self, unit_id, pdu):
        """(unit id, PDU) to send back, or None."""
        unit = self.units.get(unit_id)
        answer = unit.answer(pdu) if unit else None
        if answer is None:
            return None
        return unit.answer_as or unit_id, answer, unit.cut_bytes

    def _start_thread(self, target):
        self.thread = threading.Thread(target=target, daemon=True)
        self.thread.start()
        return self


class TcpServer(_Server):
    """Each connection has a thread; units are {unit id: Unit}."""

    def __init__(self, units, port=0, rtu_frames=False):
        super().__init__(units)
        self.wanted_port = port
        self.rtu_frames = rtu_frames
        self.connections = set()
        self.listener = None

    def start(self):
        self.listener = socket.create_server(("127.0.0.1", self.wanted_port))
        self.port = self.wanted_port = self.listener.getsockname()[1]
        return self._start_thread(self._accept)

    def stop(self):
        """Pulled plug: no listener, and every connection gone."""
        listener, self.listener = self.listener, None
        if listener is None:
            return
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        self.drop()
        self.thread.join(timeout=5)

    def drop(self):
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self):
        listener = self.listener
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections.add(connection)
            serve = self._serve_rtu if self.rtu_frames else self._serve
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            while header := connection.recv(7, socket.MSG_WAITALL):
                transaction, _protocol, length, unit_id = struct.unpack(">HHHB", header)
                pdu = connection.recv(length - 1, socket.MSG_WAITALL)
                response = self._respond(unit_id, pdu)
                if response:
                    unit_id, answer, cut = response
                    frame = struct.pack(">HHHB", transaction, 0, len(answer) + 1, unit_id) + answer
                    connection.sendall(frame[: len(frame) - cut])
        except (OSError, struct.error):
            pass
        finally:
            self.connections.discard(connection)
            connection.close()

    def _serve_rtu(self, connection):
        try:
            _serve_rtu_frames(
                lambda count: connection.recv(count), connection.sendall, self._respond
            )
        except OSError:
            pass
        finally:
            self.connections.discard(connection)
            connection.close()


class SerialServer(_Server):
    """A serial line: all its units on one pseudo-terminal; `path` is the gateway's end. speed: of
    termios; who speaks at another is not heard."""

    def __init__(self, units, speed=None):
        super().__init__(units)
        self.speed = speed

    def _respond(self, unit_id, pdu):
        if self.speed and termios.tcgetattr(self.ours)[5] != self.speed:
            return None
        return super()._respond(unit_id, pdu)

    def start(self):
        self.ours, theirs = pty.openpty()
        tty.setraw(theirs)
        tty.setraw(self.ours)
        self.path = os.ttyname(theirs)
        self.theirs = theirs  # held, so that the line survives the gateway's leaving
        self.running = True
        return self._start_thread(self._serve)

    def stop(self):
        self.running = False
        self.thread.join(timeout=5)
        os.close(self.theirs)
        os.close(self.ours)

    def _read(self, count):
        while self.running:
            if select.select([self.ours], [], [], 0.1)[0]:
                return os.read(self.ours, count)
        return b""

    def _serve(self):
        _serve_rtu_frames(self._read, lambda frame: os.write(self.ours, frame), self._respond)


def crc16(frame):
    crc = 0xFFFF
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return struct.pack("<H", crc)


def _request_bytes(head):
    """The length of an RTU request by its first bytes, 0: not known yet."""
    if len(head) < 2:
        return 0
    if head[1] in (15, 16):
        return 9 + head[6] if len(head) > 6 else 0
    return 8


def _serve_rtu_frames(read, write, respond):
    pending = b""
    while data := read(256):
        pending += data
        need = _request_bytes(pending)
        if not need or len(pending) < need:
            continue
        frame, pending = pending[:need], b""
        if crc16(frame[:-2]) != frame[-2:]:
            continue
        response = respond(frame[0], frame[1:-2])
        if response:
            unit_id, answer, cut = response
            out = bytes([unit_id]) + answer
            out += crc16(out)
            write(out[: len(out) - cut])
