"""One line of a definition, and the registers that it stands for in one device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from modbus_client.protocol.condition import ALWAYS, Condition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modbus_client.protocol.register import Register


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a definition: a register that may repeat and may depend on the device."""

    register: Register
    when: Condition = ALWAYS
    repeat: tuple[int, ...] | str | None = None  # numbers, or the fact that holds them
    step: int = 0  # registers from one repetition to the next
    model: tuple[int, ...] = ()  # SunSpec: addresses count from the header of the first of these that is there

    def expand(self, facts: Mapping[str, Any]) -> list[Register]:
        """Return the registers that this entry stands for in a device with these facts."""
        if not self.when.holds(facts):
            return []
        register = self.register
        if self.model:
            base = next((facts["chain"][m] for m in self.model if m in facts.get("chain", {})), None)
            if base is None:
                return []
            scale_at = None if register.scale_at is None else register.scale_at + base
            register = replace(register, at=register.at + base, scale_at=scale_at)
        if self.repeat is None:
            return [register]
        numbers = facts.get(self.repeat) if isinstance(self.repeat, str) else self.repeat
        return [self._numbered(register, number) for number in numbers or ()]

    def _numbered(self, register: Register, number: int) -> Register:
        first = self.repeat[0] if isinstance(self.repeat, tuple) else 1
        shift = self.step * (number - first)
        return replace(
            register,
            path=register.path and register.path.replace("{n}", str(number)),
            aliases=tuple(alias.replace("{n}", str(number)) for alias in register.aliases),
            at=register.at + shift,
        )


def expand(entries: Sequence[Entry], facts: Mapping[str, Any]) -> list[Register]:
    """Return the registers of entries in a device with these facts; the first entry of a path wins."""
    registers: list[Register] = []
    paths = set[str]()
    for entry in entries:
        for register in entry.expand(facts):
            if register.path is not None and register.path in paths:
                continue
            registers.append(register)
            if register.path is not None:
                paths.add(register.path)
    return registers
