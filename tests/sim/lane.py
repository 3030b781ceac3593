"""The devices of one entry lane, and what people and lorries do to them.

Three units behind one Modbus TCP gateway, with the registers of the shipped profiles:
came-gard-ptx (boom), proconel-ld120 (induction loop), generic-seal-reader. Addresses
here are those on the wire, counted from 0.
"""

import struct

from .modbus_device import DISCRETES, SerialServer, TcpServer, Unit

BOOM, LOOP, READER = 1, 2, 3

# came-gard-ptx, holding registers: its 40101 is 100 here.
BOOM_STATUS, BOOM_POSITION, BOOM_FLAGS, BOOM_ERROR, BOOM_COUNTER = 100, 101, 102, 103, 104
BOOM_WORDS = {"unknown": 0, "open": 16, "closed": 17, "stopped": 19, "opening": 32, "closing": 33}
BOOM_TEMPERATURE = 109

# proconel-ld120: discrete inputs, and a counter in holding registers, high word first.
LOOP_FAULT, LOOP_DETECT, LOOP_OPEN, LOOP_SHORT = 0, 1, 4, 5
LOOP_COUNTER = 9

# generic-seal-reader, holding registers.
MAP_VERSION, SEAL_COUNT, SEAL_ID, SEAL_STATUS, SEAL_BITS, SEAL_BATTERY = 0, 1, 2, 20, 21, 22
SEAL_OPENED, SEAL_TAMPERED = 23, 24
SEAL_ID_REGISTERS = 18
SEAL_WORDS = {"missing": 0, "intact": 1, "opened": 2, "tampered": 3, "unknown": 4}
SEAL_BIT = {"opened": 1, "tampered": 2}


class Lane:
    def __init__(self, serial=False):
        self.boom = Unit(holding=dict.fromkeys((*range(11), *range(100, 112)), 0))
        self.loop = Unit(
            discretes=dict.fromkeys(range(16), 0), holding=dict.fromkeys(range(16), 0)
        )
        self.reader = Unit(holding=dict.fromkeys(range(29), 0))
        self.reader.set(MAP_VERSION, 1)
        self.boom.set(BOOM_TEMPERATURE, 24)
        self.openings = self.vehicles = 0
        self.barrier("closed")
        units = {BOOM: self.boom, LOOP: self.loop, READER: self.reader}
        self.server = SerialServer(units) if serial else TcpServer(units)

    def start(self):
        self.server.start()
        return self

    def stop(self):
        self.server.stop()

    # ---- the boom

    def barrier(self, word):
        """closed, opening, open, closing, stopped or unknown"""
        position = {"closed": 0, "open": 100}.get(word, 50)
        self.boom.set(BOOM_STATUS, BOOM_WORDS[word], position)
        if word == "opening":
            self.openings += 1
            self.boom.set(BOOM_COUNTER, self.openings & 0xFFFF, self.openings >> 16)

    # ---- the loop in front of it

    def truck_arrives(self):
        self.vehicles += 1
        self.loop.set(LOOP_COUNTER, self.vehicles >> 16, self.vehicles & 0xFFFF)
        self.loop.set(LOOP_DETECT, 1, table=DISCRETES)

    def truck_leaves(self):
        self.loop.set(LOOP_DETECT, 0, table=DISCRETES)

    def loop_breaks(self):
        self.loop.set(LOOP_FAULT, 1, table=DISCRETES)
        self.loop.set(LOOP_OPEN, 1, table=DISCRETES)

    # ---- the seal on its container

    def seal_read(self, number, status="intact", battery=87, opened=0, tampered=0):
        """A seal comes into the field (or its state changes): all registers at once."""
        text = number.encode("ascii").ljust(2 * SEAL_ID_REGISTERS, b"\0")
        self.reader.set(
            SEAL_COUNT,
            1,
            *struct.unpack(f">{SEAL_ID_REGISTERS}H", text),
            SEAL_WORDS[status],
            SEAL_BIT.get(status, 0),
            battery,
            opened,
            tampered,
        )

    def seal_gone(self):
        self.reader.set(SEAL_COUNT, *[0] * (SEAL_TAMPERED - SEAL_COUNT + 1))
