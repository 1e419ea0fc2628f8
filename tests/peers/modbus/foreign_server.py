"""A Modbus server of a Python library, as a process of its own: NAME KIND WHERE UNIT, registers on standard input.

NAME: pyModbusTCP, modbus-tk or pymodbus; KIND: tcp, udp, rtu or ascii; WHERE: a port of 127.0.0.1 or a tty.
It says "ready" and serves until it is killed. Input lines are "h|i ADDRESS VALUE", ended by an empty line.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Any

BAUD = 9600
Registers = dict[tuple[str, int], int]


def read_registers() -> Registers:
    registers: Registers = {}
    for line in sys.stdin:
        if not line.strip():
            break
        table, at, word = line.split()
        registers[table, int(at)] = int(word)
    return registers


def ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def serve_pymodbustcp(registers: Registers, _kind: str, where: str, _unit: int) -> None:
    from pyModbusTCP.server import DataBank, ModbusServer  # type: ignore[import-untyped] # noqa: PLC0415 - the chosen one

    bank = DataBank(h_regs_size=65536, i_regs_size=65536)
    for (table, at), word in registers.items():
        (bank.set_holding_registers if table == "h" else bank.set_input_registers)(at, [word])
    ModbusServer("127.0.0.1", int(where), no_block=True, data_bank=bank).start()
    ready()
    threading.Event().wait()


def serve_modbus_tk(registers: Registers, kind: str, where: str, unit: int) -> None:
    import serial  # noqa: PLC0415 - the chosen one
    from modbus_tk import defines, modbus_rtu, modbus_tcp  # type: ignore[import-untyped] # noqa: PLC0415 - the chosen one

    server: Any
    if kind == "tcp":
        server = modbus_tcp.TcpServer(port=int(where), address="127.0.0.1")
    else:
        server = modbus_rtu.RtuServer(serial.Serial(where, BAUD, timeout=1))
    station = server.add_slave(unit)
    station.add_block("h", defines.HOLDING_REGISTERS, 0, 65536)
    station.add_block("i", defines.READ_INPUT_REGISTERS, 0, 65536)
    for (table, at), word in registers.items():
        station.set_values(table, at, word)
    server.start()
    ready()
    threading.Event().wait()


def serve_pymodbus(registers: Registers, kind: str, where: str, unit: int) -> None:
    from pymodbus.framer import FramerType  # noqa: PLC0415 - the chosen one
    from pymodbus.server import ModbusSerialServer, ModbusTcpServer, ModbusUdpServer  # noqa: PLC0415 - the same
    from pymodbus.simulator import DataType, SimData, SimDevice  # noqa: PLC0415 - the same

    def table(name: str) -> list[SimData]:
        words = [(at, word) for (owner, at), word in sorted(registers.items()) if owner == name]
        return [SimData(at, values=[word], datatype=DataType.REGISTERS) for at, word in words or [(0, 0)]]

    bits = [SimData(0, values=[False], datatype=DataType.BITS)]
    device = SimDevice(unit, simdata=(bits, bits, table("h"), table("i")))

    async def serve() -> None:
        server: Any
        if kind == "tcp":
            server = ModbusTcpServer(device, address=("127.0.0.1", int(where)))
        elif kind == "udp":
            server = ModbusUdpServer(device, address=("127.0.0.1", int(where)))
        else:
            framer = FramerType.RTU if kind == "rtu" else FramerType.ASCII
            server = ModbusSerialServer(device, framer=framer, port=where, baudrate=BAUD)
        asyncio.get_running_loop().call_later(0.5, ready)
        await server.serve_forever()

    asyncio.run(serve())


SERVERS = {"pyModbusTCP": serve_pymodbustcp, "modbus-tk": serve_modbus_tk, "pymodbus": serve_pymodbus}

if __name__ == "__main__":
    SERVERS[sys.argv[1]](read_registers(), sys.argv[2], sys.argv[3], int(sys.argv[4]))
