"""Writing to a device: what a D-Bus client asks for, as a conversation that ends in success or in a reason."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from modbus_client.protocol.errors import ValueRefused
from modbus_client.protocol.request import Failure, Read, Reply, Write, WriteCoil
from modbus_client.protocol.vreglink import SUCCESS, Window

if TYPE_CHECKING:
    from modbus_client.protocol.functions import Command, PowerLimit
    from modbus_client.protocol.register import Register
    from modbus_client.protocol.request import Request
    from modbus_client.protocol.steps import Steps


def write_register(register: Register, value: Any, scale: int | None, window: Window | None) -> Steps[None]:
    """Write one value, and read it back where the definition asks for it. Raises ValueRefused.

    Nothing is repeated after a silence: whoever asked is told within a second, and a write that did arrive must not
    arrive twice.
    """
    words = register.encode(value, scale)
    rule = register.write
    if rule is not None and rule.vreg is not None and window is not None:
        status, _ = yield from window.set(rule.vreg, _vreg_data(register, value))
        if status != SUCCESS:
            raise ValueRefused(f"the device refused vreg {rule.vreg:#06x} with status {status:#06x}")
        return
    yield from _do(Write(register.at, words, many=bool(rule and rule.many)))
    if rule is not None and rule.alone_among is not None:
        yield from _take_from_others(register, *rule.alone_among, value)
    if rule is not None and rule.read_back:
        reply = yield from _do(Read(register.table, register.at, register.count))
        if reply.words != words:
            raise ValueRefused("the device took the value and has another one")


def _take_from_others(register: Register, first: int, count: int, value: Any) -> Steps[None]:
    """Write 0 to the registers of a group that have the same value: what it names can be measured only once."""
    if register.encode(value) == (0,) * register.count or register.map is None:
        return
    reply = yield from _do(Read(register.table, first, count))
    for at, word in enumerate(reply.words, first):
        if at != register.at and register.map.get(word) == value:
            yield from _do(Write(at, (0,), many=True))


def _vreg_data(register: Register, value: Any) -> bytes:
    rule = register.write
    if register.type.kind == "text":
        return str(value).encode()
    size = rule.vreg_size if rule and rule.vreg_size else 2 * register.count
    return struct.pack("<q", int(value))[:size]


def run_command(command: Command, value: Any) -> Steps[None]:
    """Make the writes that a command stands for. Raises ValueRefused."""
    actions = command.actions.get(int(value)) if isinstance(value, int | float) else None
    if actions is None:
        known = ", ".join(map(str, sorted(command.actions)))
        raise ValueRefused(f"{command.path}: {value!r} is none of {known}")
    for action in actions:
        if action.coil is not None:
            yield from _do(WriteCoil(action.at, action.coil))
        else:
            yield from _do(Write(action.at, action.words, many=len(action.words) > 1))


def set_power_limit(limit: PowerLimit, percent: float, base: int = 0) -> Steps[None]:
    """Command an inverter's output in percent of its rated power. Raises ValueRefused.

    The guard is read each time: a flag that was right at start may have been changed since, and a register that
    is kept in flash would wear out within months of regulation.
    """
    register, guard = limit.register, limit.guard
    if guard is not None:
        reply = yield from _do(Read(guard.table, guard.at, guard.count))
        if guard.type.decode(reply.words) != limit.guard_value:
            text = f"register {guard.at} is {guard.type.decode(reply.words)}, not {limit.guard_value}"
            raise ValueRefused(f"the inverter would store each limit in its flash ({text})")
    scale = None
    if register.scale_at is not None:
        scale = (yield from _do(Read(register.table, register.scale_at + base, 1))).words[0]
    encoded = register.encode(percent, scale)
    words = tuple(word for part in limit.words for word in (encoded if part == "limit" else (int(part),)))
    yield from _do(Write(register.at + base, words, many=len(words) > 1))


def _do(request: Request) -> Steps[Reply]:
    outcome = yield request
    if isinstance(outcome, Failure):
        raise ValueRefused(str(outcome))
    return outcome
