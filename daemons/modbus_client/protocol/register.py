"""One register of a definition: where it lies, what it means, what may be written to it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modbus_client.protocol.errors import RuleError, ValueRefused
from modbus_client.protocol.version import VeVersion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modbus_client.protocol.request import Table
    from modbus_client.protocol.words import WordType

_FORMAT = re.compile(r"[^%]*%(\.[0-9])?[dfgs](%%|[^%])*")
MAX_SCALE_EXPONENT = 10
"""SunSpec allows 10**-10..10**10 in a scale factor register; anything beyond is not implemented (0x8000) or damage."""


@dataclass(frozen=True, slots=True)
class WriteRule:
    """What a D-Bus client may write to a register."""

    minimum: float | None = None
    maximum: float | None = None
    values: tuple[int, ...] | None = None
    many: bool = False  # function 16 even for one word
    read_back: bool = False
    vreg: int | None = None  # written through VregLink instead
    vreg_size: int | None = None  # bytes, when the vreg is a number
    wears: bool = False  # the device keeps it in memory with a limited number of writes
    opt_in: str | None = None  # the configuration key that a user must set to make it writeable
    alone_among: tuple[int, int] | None = (
        None  # of these registers (first, count) no other may keep the value: it gets 0
    )

    def check(self, value: Any) -> None:
        """Raise ValueRefused, with the limit, unless `value` may be written."""
        if self.values is not None and value not in self.values:
            raise ValueRefused(f"{value!r} is none of {', '.join(map(str, self.values))}")
        if self.minimum is not None and value < self.minimum:
            raise ValueRefused(f"{value} is below {self.minimum:g}")
        if self.maximum is not None and value > self.maximum:
            raise ValueRefused(f"{value} is above {self.maximum:g}")


@dataclass(frozen=True, slots=True)
class Register:
    """A value in the device. Its D-Bus value is raw x mul / div + add, unless `choices` or `map` say otherwise."""

    path: str | None
    at: int
    type: WordType
    table: Table = "holding"
    aliases: tuple[str, ...] = ()
    mul: float | None = None
    div: float | None = None
    add: float = 0.0
    scale_at: int | None = None  # a signed register with the power of ten, read together with the value
    scale_bias: int = 0  # added to that power of ten: -3 publishes Wh as kWh
    invalid: tuple[tuple[int, int], ...] = ()  # inclusive ranges of raw values that mean "no value"
    map: Mapping[int, Any] | None = None  # unmapped raw values are no value
    names: Mapping[Any, str] = field(default_factory=dict)  # text of published values
    fmt: str = "%s"
    age_s: float = 4.0
    optional: bool = False  # an exception on it is normal
    write: WriteRule | None = None
    reprepare: bool = False  # a change means that the device was set up anew
    write_only: bool = False  # never read
    variable: str | None = None  # under this name in `when` and `repeat`

    @property
    def count(self) -> int:
        """Registers that it occupies."""
        return self.type.count

    @property
    def is_scaled(self) -> bool:
        """Published as a float, whatever the raw value."""
        return self.type.kind == "float" or self.div is not None or self.mul is not None or self.scale_at is not None

    def decode(self, words: Sequence[int], scale_word: int | None = None) -> Any:
        """Return the published value of `words`, None when the device has none."""
        raw = self.type.decode(words)
        if raw is None or (self.type.kind == "text" and not raw):
            return None
        if any(low <= raw <= high for low, high in self.invalid):
            return None
        if self.map is not None:
            return self.map.get(raw)
        if isinstance(raw, VeVersion):
            return raw.number
        if self.scale_at is not None:
            return self._scale(raw, scale_word)
        return self._scale(raw, 0) if self.is_scaled else raw

    def _scale(self, raw: float, scale_word: int | None) -> float | None:
        power = (scale_word or 0) - (0x10000 if (scale_word or 0) & 0x8000 else 0)
        if scale_word is None or abs(power) > MAX_SCALE_EXPONENT:
            return None
        value = raw * (self.mul or 1.0) / (self.div or 1.0)
        if self.scale_at is not None:
            power += self.scale_bias
            value = value * 10.0**power if power >= 0 else value / 10.0**-power
        return value + self.add

    def encode(self, value: Any, scale_word: int | None = None) -> tuple[int, ...]:
        """Return the words that make the device publish `value`. Raises ValueRefused."""
        if self.write is None:
            raise ValueRefused(f"{self.path} cannot be written")
        if value is None:
            raise ValueRefused(f"{self.path}: a device cannot be told 'no value'")
        if self.type.kind == "text":
            return self.type.encode(value)
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise ValueRefused(f"{self.path}: {value!r} is not a number") from None
        self.write.check(number)
        if self.map is not None:
            raws = [raw for raw, published in self.map.items() if published == number]
            if not raws:
                raise ValueRefused(f"{self.path}: the device has nothing for {value!r}")
            return self.type.encode(raws[0])
        return self.type.encode(self._unscale(number, scale_word))

    def _unscale(self, number: float, scale_word: int | None) -> float:
        value = (number - self.add) * (self.div or 1.0) / (self.mul or 1.0)
        if self.scale_at is None:
            return value
        if scale_word is None:
            raise ValueRefused(f"{self.path}: the device's scale factor is not known yet")
        power = scale_word - (0x10000 if scale_word & 0x8000 else 0)
        if abs(power) > MAX_SCALE_EXPONENT:
            raise ValueRefused(f"{self.path or self.variable}: the device's scale factor is damaged ({power})")
        power += self.scale_bias
        return value / 10.0**power if power >= 0 else value * 10.0**-power

    def text(self, value: Any) -> str:
        """Return what GetText shows for a published value."""
        if value is None:
            return "---"
        if value in self.names:
            return self.names[value]
        if self.type.name == "ve_version":
            return str(VeVersion(value >> 16 & 0xFF, value >> 8 & 0xFF, value & 0xFF))
        return str(self.fmt % value)


def check_format(text: str) -> str:
    """Return `text` when it is one printf conversion with text around it, else raise RuleError."""
    if not _FORMAT.fullmatch(text):
        raise RuleError(f"{text!r} is not a format with exactly one of %d %f %.1f %g %s (a percent sign is %%)")
    return text
