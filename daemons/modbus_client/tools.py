"""What the command line does without D-Bus: the table of models, and looking at one device."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

from daemonkit.errors import DaemonError
from modbus_client.connection import Line
from modbus_client.hooks import HOOKS
from modbus_client.protocol.derive import derive
from modbus_client.protocol.errors import NoAnswer, Unusable
from modbus_client.protocol.identify import LOOK_ONLY
from modbus_client.protocol.poll import keys_of
from modbus_client.protocol.prepare import limits_for, prepare
from modbus_client.protocol.steps import read_registers
from modbus_client.search import ask_line, find_device

if TYPE_CHECKING:
    from modbus_client.loader.catalogue import Catalogue
    from modbus_client.protocol.identify import Match
    from modbus_client.protocol.prepare import Prepared
    from modbus_client.protocol.spec import DeviceSpec, Framing


def list_models(catalogue: Catalogue) -> list[str]:
    """Return the table of families and models."""
    rows = [("Vendor", "Type", "Model", "Definition")]
    for definition in catalogue.definitions.values():
        names = {m.name: None for probe in definition.probes for _, _, m in probe.models}
        names |= {m.name: None for probe in definition.probes for _, m in probe.product}
        rows += [(definition.vendor_name, definition.device_type, name, definition.name) for name in names]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, [*widths, 0], strict=True)).rstrip() for row in rows
    ]


async def probe(spec: DeviceSpec, framing: Framing, catalogue: Catalogue, out: TextIO = sys.stdout) -> bool:
    """Identify one device and print everything it says, decoded; nothing touches D-Bus."""
    line = Line(spec.endpoint(framing))
    try:
        await line.open()
        found = await find_device(line, spec, catalogue)
        if found is None:
            out.write(f"{spec}: no device of a known family answers\n")
            return False
        spec = spec.with_unit(found[0])
        await _look_at(line, spec, found[1], out)
        for part in range(spec.part + 1, found[1].facts.get("parts", 1) + 1):  # further devices of a SunSpec chain
            other = await find_device(line, spec.with_part(part), catalogue)
            if other is not None:
                await _look_at(line, spec.with_part(part), other[1], out)
    except (NoAnswer, Unusable, DaemonError) as error:
        out.write(f"{spec}: {error}\n")
        return False
    finally:
        line.close()
    return True


async def _look_at(line: Line, spec: DeviceSpec, match: Match, out: TextIO) -> None:
    """Read everything of a device once, and print it. Raises NoAnswer and Unusable."""
    started = time.monotonic()
    hook = HOOKS.get(match.definition.hook or "")
    prepared = await ask_line(line, spec.unit, prepare(match, spec, hook, {LOOK_ONLY: True}))
    limits = limits_for(match.definition, spec.method)
    values = await ask_line(line, spec.unit, read_registers(prepared.registers(prepared.default_role), limits))
    _print(prepared, values, spec, time.monotonic() - started, out)


def _print(prepared: Prepared, values: list[Any], spec: DeviceSpec, elapsed_s: float, out: TextIO) -> None:
    definition = prepared.definition
    out.write(f"{spec}: {definition.vendor_name} {prepared.match.model.name} ({definition.name}), {elapsed_s:.2f} s\n")
    out.write(f"  service com.victronenergy.{prepared.default_role}.{prepared.ident}\n")
    out.writelines(f"  {value.register.path:32} {value.register.text(value.value)}\n" for value in prepared.info)
    known: dict[str, Any] = {}
    for value in values:
        for key in keys_of(value.register):
            known[key] = value.value
        if value.register.path is not None:
            absent = "" if value.words else "  (the device has no such register)"
            out.write(f"  {value.register.path:32} {value.register.text(value.value)}{absent}\n")
    facts = {**prepared.facts, "role": prepared.default_role}
    for path, value in derive(definition.derived, known, facts).items():
        out.write(f"  {path:32} {value}\n")


def run_probes(specs: list[DeviceSpec], framing: Framing, catalogue: Catalogue) -> int:
    """Probe specs one after the other; return the exit code."""

    async def all_of_them() -> bool:
        return all([await probe(spec, framing, catalogue) for spec in specs])

    return 0 if asyncio.run(all_of_them()) else 1
