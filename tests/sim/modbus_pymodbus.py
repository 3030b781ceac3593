"""A device played by pymodbus's own servers, frames and all.

    modbus_pymodbus.py tcp|rtu-tcp            listens on a free port, prints it
    modbus_pymodbus.py rtu DEVICE             serves a serial line, prints 0

Unit 3 holds what comes in on standard input first, one line each: table, first
address, values in hex; a line "." ends it. Serves until its input is closed.
"""

import asyncio
import sys

from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from pymodbus.framer.socket_framer import ModbusSocketFramer
from pymodbus.server.async_io import ModbusSerialServer, ModbusTcpServer

BLOCKS = {"coil": "co", "discrete": "di", "holding": "hr", "input": "ir"}


def read_tables():
    tables = {name: {} for name in BLOCKS}
    for line in iter(sys.stdin.readline, ".\n"):
        table, first, *values = line.split()
        tables[table].update({int(first) + i: int(v, 16) for i, v in enumerate(values)})
    blocks = {BLOCKS[name]: ModbusSparseDataBlock(values) for name, values in tables.items()}
    slave = ModbusSlaveContext(zero_mode=True, **blocks)
    return ModbusServerContext(slaves={3: slave}, single=False)


async def serve(kind, device, context):
    if kind == "rtu":
        server = ModbusSerialServer(context, ModbusRtuFramer, port=device, baudrate=115200)
        await server.start()
        task = asyncio.ensure_future(server.serve_forever())
        port = 0
    else:
        framer = ModbusSocketFramer if kind == "tcp" else ModbusRtuFramer
        server = ModbusTcpServer(context, framer, address=("127.0.0.1", 0))
        task = asyncio.ensure_future(server.serve_forever())
        await server.serving
        port = server.server.sockets[0].getsockname()[1]
    print(port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    task.cancel()


asyncio.run(serve(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "", read_tables()))
