"""A device played by pymodbus's own servers, frames and all; by those of its version 3.0
(Debian 12) as by those of 3.8 (Debian 13).

    modbus_pymodbus.py tcp|rtu-tcp            listens on a free port, prints it
    modbus_pymodbus.py rtu DEVICE             serves a serial line, prints 0

Unit 3 holds what comes in on standard input first, one line each: table, first
address, values in hex; a line "." ends it. Serves until its input is closed.
"""

import asyncio
import os
import socket
import sys
from pathlib import Path

from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock
from pymodbus.server import StartAsyncSerialServer, StartAsyncTcpServer

sys.path.append(str(Path(__file__).resolve().parents[1] / "system"))

from rig.waiting import free_port  # noqa: E402

try:
    from pymodbus.framer import FramerType

    RTU, SOCKET = FramerType.RTU, FramerType.SOCKET
except ImportError:
    from pymodbus.framer.rtu_framer import ModbusRtuFramer as RTU
    from pymodbus.framer.socket_framer import ModbusSocketFramer as SOCKET

BLOCKS = {"coil": "co", "discrete": "di", "holding": "hr", "input": "ir"}
FIRST = 1  # pymodbus counts from 1 what is 0 on the wire


def read_tables():
    tables = {name: {} for name in BLOCKS}
    for line in iter(sys.stdin.readline, ".\n"):
        table, first, *values = line.split()
        tables[table].update({int(first) + FIRST + i: int(v, 16) for i, v in enumerate(values)})
    blocks = {BLOCKS[name]: ModbusSparseDataBlock(values) for name, values in tables.items()}
    return ModbusServerContext(slaves={3: ModbusSlaveContext(**blocks)}, single=False)


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def opened(device):
    """How often: whoever started this may have left it open already."""
    return [os.path.realpath(fd) for fd in Path("/proc/self/fd").iterdir()].count(device)


async def serve(kind, device, context):
    before = opened(device)
    if kind == "rtu":
        port, server = 0, StartAsyncSerialServer(context, framer=RTU, port=device, baudrate=115200)
    else:
        port, framer = free_port(), SOCKET if kind == "tcp" else RTU
        server = StartAsyncTcpServer(context, framer=framer, address=("127.0.0.1", port))
    task = asyncio.ensure_future(server)
    while not (opened(device) > before if kind == "rtu" else answers(port)):
        if task.done():
            task.result()  # says why
        await asyncio.sleep(0.02)
    print(port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    task.cancel()


asyncio.run(serve(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "", read_tables()))
