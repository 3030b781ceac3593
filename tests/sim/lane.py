"""The devices of one entry lane, and what people and lorries do to them.

Three units behind one Modbus TCP gateway, with the registers of the shipped profiles:
came-gard-ptx (boom), ld120 (induction loop), generic-seal-reader.
"""

import struct
import threading

from .modbus_device import DISCRETES, HOLDING, INPUT, SerialServer, TcpServer, Unit

BOOM, LOOP, READER = 1, 2, 3

# came-gard-ptx: holding registers, counted from 0
BOOM_STATUS, BOOM_POSITION, BOOM_FLAGS, BOOM_ERROR, BOOM_COUNTER = 100, 101, 102, 103, 104
BOOM_WORDS = {"closed": 17, "opening": 32, "open": 16, "closing": 33, "unknown": 0, "stopped": 19}

# ld120: discrete inputs
LOOP_FAULT, LOOP_DETECT, LOOP_OPEN, LOOP_SHORT = 0, 1, 4, 5
LOOP_COUNTER = 9  # holding, most significant word first


def _boom():
    registers = {address: 0 for address in (*range(0, 11), *range(100, 112))}
    registers |= {0: 1, BOOM_STATUS: BOOM_WORDS["closed"], BOOM_POSITION: 0, 109: 24}
    return Unit(holding=registers, discretes={a: 0 for a in range(102, 112)})


def _loop():
    return Unit(
        discretes={address: 0 for address in range(0, 16)},
        holding={address: 0 for address in range(0, 16)},
        inputs={0: 0x0122, 1: 0},
    )
