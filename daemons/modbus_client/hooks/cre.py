"""CRE Compact: what its identification registers say, and the unit of its power registers.

Registers 4..6 as five decimal digits each: the first digit is the platform, then week and year of production; the third
register begins with the product family and ends with the production number. Power comes in steps that depend on the
nominal power (register 2105, kW): a 60 kW set counts in 10 W.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from modbus_client.protocol.errors import Unusable
from modbus_client.protocol.register import Register
from modbus_client.protocol.steps import read
from modbus_client.protocol.words import parse_type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modbus_client.protocol.condition import Facts
    from modbus_client.protocol.steps import Steps

IDENTIFICATION_AT = 4
NOMINAL_POWER_AT = 2105
_WEEKS = range(1, 54)
_PLATFORMS = {"0": "COMPACT", "1": "ENHANCED"}
_FAMILIES = ("PRIME", "MAINS", "SYNCH", "ILS", "PMS", "AMF", "MAST", "MAS1B", "BTB", "PV", "BAT")
_TOTAL_AT = 369
_PHASES_AT = 363
FAST_AGE_S = 1.0


class CreHook:
    """Decodes the identification and builds the power registers."""

    def identify(self, words: Sequence[int]) -> str | None:
        """Return platform-family, None when the digits make no sense."""
        parts = _digits(words)
        if parts is None:
            return None
        first, _, third = parts
        family = int(third[:2])
        if first[0] not in _PLATFORMS or int(first[1:3]) not in _WEEKS or family >= len(_FAMILIES):
            return None
        return f"{_PLATFORMS[first[0]]}-{_FAMILIES[family]}"

    def prepare(self, facts: Facts, options: Mapping[str, Any]) -> Steps[list[Register]]:
        """Return the power registers in the controller's unit; the serial number goes to the facts."""
        del options
        words = yield from read("holding", IDENTIFICATION_AT, 3)
        if words and (parts := _digits(words)):
            facts["serial"] = f"{parts[0][1:3]}{parts[0][3:5]}_{parts[2][2:5]}"
        nominal = yield from read("holding", NOMINAL_POWER_AT, 1)
        if not nominal or not nominal[0]:
            raise Unusable("the nominal power (register 2105) is 0: the unit of the power registers is unknown; set it")
        watts = 10.0 ** math.floor(math.log10(nominal[0]))
        places = [("/Ac/Power", _TOTAL_AT), *((f"/Ac/L{n}/Power", _PHASES_AT + n - 1) for n in (1, 2, 3))]
        s16 = parse_type("s16")
        return [Register(path, at, s16, mul=watts, fmt="%.0f W", age_s=FAST_AGE_S) for path, at in places]


def _digits(words: Sequence[int]) -> tuple[str, str, str] | None:
    texts = [f"{word:05d}" for word in words]
    return (texts[0], texts[1], texts[2]) if len(texts) == len(("4", "5", "6")) else None
